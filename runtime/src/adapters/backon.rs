//! Feature `backon`: predicates for code that already retries with backon.
//!
//! backon waits before every retry and knows no credentials, so all it can do about a refused one is to
//! stop at once: no rotation, no refresh, no second try. That is what these predicates make it do.

use crate::Classify;
use std::time::Duration;

/// For `.when`: retry only what waiting can cure.
///
/// ```
/// # use backon_crate as backon;
/// use backon::{BlockingRetryable, ExponentialBuilder};
/// use failfast::Failure;
///
/// let mut requests = 0;
/// let mut send = || { requests += 1; Err::<(), _>(Failure::from_http(401, &[], "")) };
/// let refused = send.retry(ExponentialBuilder::default()).when(failfast::backon::worth_waiting).call();
/// assert!(refused.is_err());
/// assert_eq!(requests, 1);
/// ```
pub fn worth_waiting<E: Classify>(error: &E) -> bool {
    error.classify().class().is_worth_waiting()
}

/// For `.adjust`: wait as long as the service asked, if it did.
pub fn retry_after<E: Classify>(error: &E, delay: Option<Duration>) -> Option<Duration> {
    let delay = delay?;
    Some(error.classify().retry_after().unwrap_or(delay))
}
