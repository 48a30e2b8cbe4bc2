//! The engine: runs retry sites abstractly against a dead key.
//!
//! `summary` and `db` say what every function does without running it, `site` finds the sites and runs them with
//! `interp` under each `scenario`, `evidence` says whether the operation carries a credential. `policy` does the same for code
//! that decides for others, on the errors that `birth` saw arise. Rules read [`Facts`] and [`policy::Policy`].

mod abort;
mod amend;
mod birth;
mod builtin;
mod call;
pub mod combinator;
pub mod db;
mod duration;
pub mod evidence;
mod facts;
pub mod guards;
mod http;
mod interp;
mod lab;
mod lookup;
mod memo;
mod named;
pub mod nest;
pub mod pattern;
pub mod policy;
pub mod pool;
pub mod refresh;
pub mod scenario;
pub mod scenes;
mod schedule;
pub mod site;
pub mod stand_in;
pub mod store;
mod summary;
pub mod text;
pub mod trace;
pub mod types;
pub mod value;

pub use builtin::ATTEMPT;
pub use call::DEADLINE;
pub use lookup::Lookup;
pub use memo::Memo;
pub use site::Facts;
