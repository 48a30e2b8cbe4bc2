//! Repairs of findings: text edits, each proved by running the repaired code before it is offered.
//!
//! `scene` watches the run that burns and says where the failure can be named, `ask` and `tell` how the code itself can
//! tell that it is a refusal, `exit` how the code leaves with an error; `inline` makes candidates of these, `policy` and
//! `named` those of policies, `library` those of calls of retry libraries, `guard` those of flags, pools and delays;
//! `runtime` makes candidates with the crate `failfast`, and `dependency` makes it a dependency. `verify` has them run
//! (`prove`). `apply` plans and `carry` carries out, with `write`, `compile` and `vcs`.

pub mod apply;
pub mod carry;
pub mod compile;
pub mod dependency;
pub mod edit;
pub mod vcs;
pub mod write;

mod ask;
mod exit;
mod guard;
mod inline;
mod library;
mod named;
mod policy;
mod prove;
mod runtime;
mod scene;
mod statements;
mod tell;
mod verify;

pub use verify::propose;
