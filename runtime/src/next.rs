//! The guard's answer to a failure.

use crate::{Credential, Failure, Permanent};
use std::fmt;
use std::time::Duration;

/// What to do about a failure. Every variant but [`Abort`](Next::Abort) ends in another request with
/// [`AuthGuard::attempt`](crate::AuthGuard::attempt).
#[derive(Debug)]
#[must_use = "the next request depends on it, or there is none"]
pub enum Next {
    /// Send the request with this key, now. It is the guard's credential already.
    Rotate(Credential),
    /// Hand the ticket to [`AuthGuard::refresh`](crate::AuthGuard::refresh) or
    /// [`refresh_blocking`](crate::AuthGuard::refresh_blocking), and if that succeeds send the request
    /// with the new secret, now.
    Refresh(RefreshTicket),
    /// Send the request with the same key on a new connection, now.
    RetryFresh,
    /// Send the request with the same key after this delay.
    Backoff(Duration),
    /// Stop. Asked again, the guard says so again.
    Abort(Permanent),
}

/// The permission to refresh once. A guard issues it at most once per credential, and it is gone when
/// used or dropped.
pub struct RefreshTicket {
    pub(crate) stale: Credential,
    /// The refusal that led here: what the operation ends with if the refresh fails.
    pub(crate) refusal: Failure,
}

impl RefreshTicket {
    /// The credential that was refused.
    pub fn stale(&self) -> &Credential {
        &self.stale
    }
}

impl fmt::Debug for RefreshTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTicket").field("stale", &self.stale).field("refusal", &self.refusal).finish()
    }
}
