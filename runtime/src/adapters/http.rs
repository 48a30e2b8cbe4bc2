//! Feature `http`: answers made of the types of the `http` crate, as hyper, ureq and others use them.

use super::failure_of;
use crate::{Classify, Failure};
use ::http::{HeaderMap, Response, StatusCode};

/// Classifies a failed answer. Of the body, pass what there is: the first 16 KiB are read.
///
/// ```
/// use failfast::Class;
/// use http::{HeaderMap, StatusCode};
///
/// let body = br#"{"error":{"type":"permission_error"}}"#;
/// let failure = failfast::http::failure(StatusCode::FORBIDDEN, &HeaderMap::new(), body);
/// assert_eq!(failure.class(), Class::Entitlement);
/// ```
pub fn failure(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
    let headers = headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
    failure_of(status.as_u16(), headers, body)
}

/// By status and headers only, since the body's type is open; see [`failure`]. Ask it about failed
/// answers: a success classifies as [`Class::Fatal`](crate::Class::Fatal).
impl<B> Classify for Response<B> {
    fn classify(&self) -> Failure {
        failure(self.status(), self.headers(), b"")
    }
}
