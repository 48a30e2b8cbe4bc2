//! Stop retrying with a dead API key.

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

pub use crate::attempt::Attempt;
pub use crate::backoff::{Backoff, Delays};
pub use crate::class::Class;
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
