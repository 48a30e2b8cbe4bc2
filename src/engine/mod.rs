//! The engine: runs retry sites abstractly against a dead key.
//!
//! `summary` and `db` say what every function does without running it, `site` finds the sites and runs them with
//! `interp` under each `scenario`, `evidence` says whether the operation carries a credential. Rules read [`Facts`].

mod builtin;
mod call;
pub mod combinator;
pub mod db;
mod duration;
pub mod evidence;
mod http;
mod interp;
mod lookup;
pub mod pattern;
pub mod scenario;
mod schedule;
pub mod site;
mod summary;
mod text;
pub mod trace;
pub mod types;
pub mod value;

pub use call::DEADLINE;
pub use site::Facts;
