//! What the tests share: a real HTTP server on 127.0.0.1 that counts, and naps that take no time.

mod loopback;
mod naps;

pub use loopback::{Loopback, Reply, Request};
pub use naps::Naps;

/// The README's code is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
