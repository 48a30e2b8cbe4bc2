//! The front end: from text to the IR, and the door through which the engine asks for it.
//!
//! `parse` drives. `depth` bounds nesting before `syn` sees a text (over the flat tokens of `scan`), `recover` saves what
//! it can of a file that does not parse, and the other files lower `syn` trees: `lower` holds what they share. Nothing
//! outside of this module names `syn`, `proc_macro2` or `quote`.

mod comments;
mod depth;
mod expr;
mod items;
mod lower;
mod macro_rules;
mod macros;
mod parse;
mod pat;
pub mod program;
mod recover;
mod scan;
mod types;

pub use comments::{Comment, comments};
pub use lower::MAX_DEPTH;
pub use parse::{Parsed, STACK_SIZE, parse};
