//! `retrylint` finds retry loops that burn a dead API key: it runs each loop abstractly against a key that is refused
//! every time, and looks at what happens.
//!
//! Data flows one way: `workspace` finds and reads files, `syntax` lowers them to `ir`, `engine` runs the sites,
//! `rules` diagnose what the runs showed, `report` prints findings. [`check_workspace`] and [`check_source`] are the
//! doors for everything that uses the analysis.

mod analysis;
pub mod baseline;
mod check;
pub mod cli;
pub mod config;
pub mod engine;
pub mod finding;
pub mod fix;
pub mod identity;
pub mod ir;
mod lsp;
pub mod models;
pub mod report;
pub mod rules;
pub mod session;
pub mod since;
mod suggest;
pub mod suppress;
pub mod syntax;
pub mod workspace;

pub use check::{Options, check_source, check_workspace};
