//! Stop retrying with a dead API key.
//!
//! A dead key answers 401 every time. A retry loop that takes that for a hiccup sleeps for minutes and then
//! fails anyway. This crate is the retry loop that asks *what* failed: it rotates to another key if there is
//! one, else refreshes the token once, else tries once more on a fresh connection, else stops at once with an
//! error that says who refused what and what to check. Everything else is waited out as usual.
//!
//! No dependency, no runtime, no `unsafe`; sync and async; Rust 1.56.
//!
//! # Use
//!
//! Make a [`Credential`] per key and an [`AuthGuard`] per operation, and build each request from the
//! [`Attempt`] you are given:
//!
//! ```
//! use failfast::{retry, AuthGuard, Credential, Failure};
//! # fn send(secret: &str) -> (u16, String) { (200, format!("with {}", secret.len())) }
//!
//! let key = Credential::new("openai", "OPENAI_API_KEY", "sk-proj-0123456789abcdef");
//! let answer = retry(AuthGuard::new(&key), |attempt| {
//!     let (status, body) = send(attempt.secret());
//!     if status == 200 { Ok(body) } else { Err(Failure::from_http(status, &[], &body)) }
//! })?;
//! # assert_eq!(answer, "with 24");
//! # Ok::<(), failfast::Permanent>(())
//! ```
//!
//! The same in async code; the timer is the runtime's own:
//!
//! ```
//! use failfast::{retry_async, AuthGuard, Credential, Failure};
//! # mod tokio { pub mod time { pub async fn sleep(_: std::time::Duration) {} } }
//! # async fn send(secret: &str) -> (u16, String) { (200, format!("with {}", secret.len())) }
//! # struct Idle; impl std::task::Wake for Idle { fn wake(self: std::sync::Arc<Self>) {} }
//! # fn run<F: std::future::Future>(future: F) -> F::Output {
//! #     let waker = std::task::Waker::from(std::sync::Arc::new(Idle));
//! #     match Box::pin(future).as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
//! #         std::task::Poll::Ready(output) => output, _ => panic!("nothing here waits") }
//! # }
//!
//! # run(async {
//! let key = Credential::new("openai", "OPENAI_API_KEY", "sk-proj-0123456789abcdef");
//! let answer = retry_async(AuthGuard::new(&key), tokio::time::sleep, |attempt| async move {
//!     let (status, body) = send(attempt.secret()).await;
//!     if status == 200 { Ok(body) } else { Err(Failure::from_http(status, &[], &body)) }
//! })
//! .await?;
//! # assert_eq!(answer, "with 24");
//! # Ok::<(), failfast::Permanent>(())
//! # }).unwrap();
//! ```
//!
//! Several keys: share a [`KeyRing`] between all operations, and it learns from each:
//!
//! ```
//! use failfast::{retry, AuthGuard, Failure, KeyRing};
//! # fn send(secret: &str) -> (u16, String) { (if secret == "sk-good-0123456789" { 200 } else { 401 }, String::new()) }
//!
//! let ring = KeyRing::new("openai", [("KEY_A", "sk-dead-0123456789"), ("KEY_B", "sk-good-0123456789")]);
//! retry(AuthGuard::with_pool(&ring)?, |attempt| {
//!     let (status, body) = send(attempt.secret());
//!     if status == 200 { Ok(body) } else { Err(Failure::from_http(status, &[], &body)) }
//! })?;
//! # Ok::<(), failfast::Permanent>(())
//! ```
//!
//! A token that expires: share a [`Refresher`], and 64 tasks with the same stale token refresh it once:
//!
//! ```
//! use failfast::{retry, AuthGuard, Credential, Failure, Refresher};
//! # fn send(secret: &str) -> (u16, String) { (if secret == "token-2" { 200 } else { 401 }, String::new()) }
//! # fn ask_token_endpoint(stale: &Credential) -> Result<String, Failure> { Ok("token-2".to_owned()) }
//!
//! let refresher = Refresher::blocking(ask_token_endpoint); // or `Refresher::new` for an async function
//! let token = Credential::new("example", "login", "token-1");
//! retry(AuthGuard::new(&token).refresher(&refresher), |attempt| {
//!     let (status, body) = send(attempt.secret());
//!     if status == 200 { Ok(body) } else { Err(Failure::from_http(status, &[], &body)) }
//! })?;
//! # Ok::<(), failfast::Permanent>(())
//! ```
//!
//! In a loop of your own, ask the guard in the error arm. It is made *before* the loop:
//!
//! ```
//! use failfast::{AuthGuard, Credential, Failure, Next, Permanent};
//! # fn send(secret: &str) -> Result<String, Failure> { Ok("hello".to_owned()) }
//!
//! fn ask(key: &Credential) -> Result<String, Permanent> {
//!     let mut guard = AuthGuard::new(key);
//!     loop {
//!         match send(guard.attempt().secret()) {
//!             Ok(answer) => {
//!                 guard.succeeded();
//!                 return Ok(answer);
//!             }
//!             Err(failure) => match guard.on_failure(&failure) {
//!                 Next::Rotate(_) | Next::RetryFresh => {}
//!                 Next::Refresh(ticket) => guard.refresh_blocking(ticket)?,
//!                 Next::Backoff(delay) => std::thread::sleep(delay),
//!                 Next::Abort(permanent) => return Err(permanent),
//!             },
//!         }
//!     }
//! }
//! # ask(&Credential::new("openai", "OPENAI_API_KEY", "sk-proj-0123456789abcdef")).unwrap();
//! ```
//!
//! A loop that waits in its own way asks the guard about refusals only: [`AuthGuard::on_refusal`].
//!
//! # The state machine
//!
//! The class of the failure ([`Class`]) decides. Steps are taken in order; the first that applies is the
//! answer. Each flag exists once per (provider, credential id) and operation, and is set before the step is
//! taken.
//!
//! ```text
//!               ┌───────────────────────────────────────────────────────────────────────────────┐
//!               ▼                                                                               │
//!  request ── attempt ──► Ok: done; the pool forgets what it held against the key               │
//!               │                                                                               │
//!               └───────► Err: class?                                                           │
//!                                                                                               │
//!   Auth           1. the pool has another fit key ──► mark the key that was sent, Rotate ──────┤ at once
//!                  2. a refresher, flag not set ─────► set flag, Refresh ──► a new secret ──────┤ at once
//!                                                                      └───► none: Abort        │
//!                  3. a sole key, not refreshed,                                                │
//!                     flag not set ──────────────────► set flag, RetryFresh ────────────────────┤ at once
//!                  4. else ──────────────────────────► Abort: AuthPermanent, or no key is left  │
//!                                                                                               │
//!   Revoked        1. the pool has another fit key ──► mark the key that was sent, Rotate ──────┤ at once
//!   Billing        2. else ──────────────────────────► Abort                                    │
//!                                                                                               │
//!   ClockSkew      1. flag of Auth 3. not set ───────► set flag, RetryFresh ────────────────────┤ at once
//!                  2. else ──────────────────────────► Abort                                    │
//!                                                                                               │
//!   RateLimited    1. not this key's first, or the                                              │
//!                     wait asked for is too long,                                               │
//!                     and the pool has another ──────► mark the key that was sent, Rotate ──────┤ at once
//!                  2. as Transient                                                              │
//!                                                                                               │
//!   Transient      1. attempts and time are left ────► Backoff ─────────────────────────────────┘ after it
//!                  2. else ──────────────────────────► Abort
//!
//!   AuthPermanent, Entitlement, Blocked, ContextOverflow, Fatal ──► Abort
//! ```
//!
//! From this follows, and `tests/model.rs` checks it for every script of up to eight answers and every pool
//! of up to four keys:
//!
//! - A credential is refused at most twice per operation: a sole key, or one with its old and its new secret.
//!   Every other key of a pool is refused at most once.
//! - No wait ever follows a refusal.
//! - A refresh is tried once per credential, and no second request follows one that failed.
//! - Every operation ends, and after [`Next::Abort`] the guard says nothing else.
//!
//! # What a 403 means
//!
//! It may be a rate limit, an empty account, a missing permission, a firewall, a wrong clock, trouble behind
//! a relay, or the key. [`HttpAnswer`] looks at headers and body, and calls it the key's fault only if
//! nothing else fits; [`HttpAnswer::classify_with`] takes a hook for what only you know. Read the body before
//! you classify.
//!
//! # Keys stay secret
//!
//! No `Debug` or `Display` of this crate shows a key: at most its first four characters. What a server or a
//! URL repeats of a key is masked in everything a guard returns, down to the `source` of an error: one that
//! would print the key becomes its masked text. [`Credential::expose_secret`] (or [`Attempt::secret`]) is the
//! only way to it. Before a guard has seen it, a [`Failure`] says what the server said.
//!
//! # Before and after
#![doc = include_str!("../docs/before-after.md")]
//!
//! # Features
//!
//! None is on by default. Each adds one thin adapter, and needs the Rust version that the crate it adapts
//! needs.
//!
//! | feature | adds |
//! |---|---|
//! | `http` | [`Classify`] for `http::Response`; `failfast::http::failure` with the body's evidence |
//! | `reqwest` | [`Classify`] for `reqwest::Error` and `Response`; `failfast::reqwest::check` |
//! | `tonic` | [`Classify`] for `tonic::Status` |
//! | `tower` | `failfast::tower::AuthPolicy`, a `tower::retry::Policy` |
//! | `backon` | `failfast::backon::worth_waiting` for backon's `.when` |
//! | `tracing` | an event for each decision: see [`Event`] |
//! | `sources` | the files of this crate, for tools that copy it into a workspace |
//!
//! # Limits
//!
//! - An operation whose first answer is `Ok` is a success, even if there is a status 401 inside.
//! - An operation is repeated as a whole: if it is not safe to send twice, do not retry it at all.
//! - The end of an operation ends *it*; a poller that starts operations for ever has to stop by itself.
//!   With a [`KeyRing`] its further operations cost no request while the keys rest.
//! - A pool's memory is this process's: nothing is written down.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod adapters;
mod attempt;
mod backoff;
mod class;
mod clock;
mod credential;
mod event;
mod failure;
mod guard;
mod ledger;
mod lock;
mod next;
mod permanent;
mod pool;
mod refresh;
mod retry;
mod wording;

pub mod classify;
#[cfg(feature = "sources")]
#[cfg_attr(docsrs, doc(cfg(feature = "sources")))]
pub mod sources;

pub use crate::attempt::Attempt;
pub use crate::backoff::{Backoff, Delays};
pub use crate::class::Class;
#[doc(inline)]
pub use crate::classify::HttpAnswer;
pub use crate::clock::Clock;
pub use crate::credential::Credential;
pub use crate::event::Event;
pub use crate::failure::{Classify, Failure};
pub use crate::guard::{AuthGuard, CancelCheck};
pub use crate::next::{Next, RefreshTicket};
pub use crate::permanent::{Permanent, Reason};
pub use crate::pool::{CredentialPool, CredentialsExhausted, KeyRing, KeyState, Strategy, Tried};
pub use crate::refresh::Refresher;
pub use crate::retry::{retry, retry_async, retry_with};

#[cfg(feature = "backon")]
#[cfg_attr(docsrs, doc(cfg(feature = "backon")))]
pub use crate::adapters::backon;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use crate::adapters::http;
#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
pub use crate::adapters::reqwest;
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use crate::adapters::tower;

pub(crate) use crate::lock::lock;
