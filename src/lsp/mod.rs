//! The language server: findings while the loop is being written, with their proof and their repairs.
//!
//! Two threads. The one that [`serve`]s reads messages and never works, so that a client can cancel a request or leave
//! at any time; the other ([`worker`]) takes them in the order in which they came, and owns all [`state`]. Edits that
//! wait together are checked together. Answers and notifications go out through the [`outbox`].
//!
//! A client that can be told to ask again asks for diagnostics ([`pull`]); to others they are sent. What the analysis
//! knows about places is told in the client's terms by [`view`] and [`position`].

mod actions;
mod capabilities;
mod diagnostics;
mod documents;
mod guard;
mod hints;
mod hover;
mod outbox;
mod pages;
mod position;
mod progress;
mod pull;
mod register;
mod roots;
mod runtime;
mod server;
mod settings;
mod state;
mod uri;
mod view;
mod worker;

pub(crate) use server::{Ending, run};

#[cfg(test)]
mod tests;
