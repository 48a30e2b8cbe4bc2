//! What a guard does, told as it happens: one plain line each, and `tracing` events with that feature.

use crate::wording::Seconds;
use crate::{Credential, Failure, Permanent};
use std::fmt;
use std::time::Duration;

/// Something an [`AuthGuard`](crate::AuthGuard) decided. Its `Display` is one line, fit for a user.
///
/// With the `tracing` feature each is also an event of target `failfast`: a `WARN` for
/// [`RetryingFresh`](Event::RetryingFresh), `Rotated` and `GaveUp`, an `INFO` for the others.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'e> {
    /// `from` was refused; the next request carries `to`.
    Rotated {
        /// The key that was sent.
        from: &'e Credential,
        /// The key that comes next.
        to: &'e Credential,
        /// What the service said to `from`.
        failure: &'e Failure,
    },
    /// The credential was refused; its refresher runs now.
    Refreshing {
        /// The stale credential.
        stale: &'e Credential,
    },
    /// The one retry with an unchanged credential, on a fresh connection.
    RetryingFresh {
        /// The credential that was refused.
        credential: &'e Credential,
        /// What the service said.
        failure: &'e Failure,
    },
    /// The next request is sent after a delay.
    Waiting {
        /// The delay.
        delay: Duration,
        /// What is waited out.
        failure: &'e Failure,
    },
    /// The operation has ended.
    GaveUp(&'e Permanent),
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Rotated { from, to, failure } => {
                write!(f, "{} does not accept {} ({}); going on with {}", from.provider(), from, failure, to)
            }
            Event::Refreshing { stale } => {
                write!(f, "{} refused {}; refreshing it", stale.provider(), stale)
            }
            Event::RetryingFresh { credential, failure } => write!(
                f,
                "{} refused {} ({}); retrying once on a fresh connection",
                credential.provider(),
                credential,
                failure
            ),
            Event::Waiting { delay, failure } => {
                write!(f, "{}; trying again in {}", failure, Seconds(*delay))
            }
            Event::GaveUp(permanent) => write!(f, "giving up: {}", permanent),
        }
    }
}

#[cfg(feature = "tracing")]
pub(crate) fn trace(event: &Event<'_>) {
    match event {
        Event::Rotated { from, to, failure } => tracing::warn!(
            target: "failfast",
            provider = from.provider(),
            from = %from,
            to = %to,
            status = failure.status(),
            "{}", event
        ),
        Event::Refreshing { stale } => tracing::info!(
            target: "failfast",
            provider = stale.provider(),
            credential = %stale,
            "{}", event
        ),
        Event::RetryingFresh { credential, failure } => tracing::warn!(
            target: "failfast",
            provider = credential.provider(),
            credential = %credential,
            status = failure.status(),
            "{}", event
        ),
        Event::Waiting { delay, failure } => tracing::info!(
            target: "failfast",
            delay_ms = delay.as_millis() as u64,
            status = failure.status(),
            "{}", event
        ),
        Event::GaveUp(permanent) => tracing::warn!(
            target: "failfast",
            provider = permanent.provider(),
            status = permanent.status(),
            reason = ?permanent.reason(),
            requests = permanent.requests(),
            "{}", event
        ),
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn trace(_event: &Event<'_>) {}
