//! Feature `reqwest`: what a request sent with reqwest came to.

use super::{failure_of, LONGEST_BODY};
use crate::{Class, Classify, Failure};
use ::reqwest::{Error, Response};
use std::error::Error as _;

/// Turns "an answer arrived" into "it worked": a status of 400 or more becomes a [`Failure`] that has
/// read the evidence in the body.
///
/// ```no_run
/// # mod tokio { pub mod time { pub async fn sleep(_: std::time::Duration) {} } }
/// # async fn call(client: &reqwest::Client, key: &failfast::Credential) -> Result<(), failfast::Permanent> {
/// use failfast::{retry_async, AuthGuard};
///
/// let response = retry_async(AuthGuard::new(key), tokio::time::sleep, |attempt| async move {
///     let request = client.get("https://api.example.com/v1/models");
///     failfast::reqwest::check(request.bearer_auth(attempt.secret()).send().await).await
/// })
/// .await?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// A failure with status, endpoint, message and source; the URL's query is left out.
pub async fn check(sent: Result<Response, Error>) -> Result<Response, Failure> {
    let mut response = sent.map_err(Classify::into_failure)?;
    let refusal = match response.error_for_status_ref() {
        Ok(_) => return Ok(response),
        Err(refusal) => refusal,
    };
    let mut body = Vec::new();
    while body.len() < LONGEST_BODY {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            // A body that breaks off still says what it says.
            Ok(None) | Err(_) => break,
        }
    }
    Err(with_body(&response, &body).with_source(refusal.without_url()))
}

fn with_body(response: &Response, body: &[u8]) -> Failure {
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
    failure_of(response.status().as_u16(), headers, body).with_endpoint(response.url())
}

/// By status and headers only; [`check`] reads the body too. Ask it about failed answers: a success
/// classifies as [`Class::Fatal`].
impl Classify for Response {
    fn classify(&self) -> Failure {
        with_body(self, b"")
    }
}

impl Classify for Error {
    fn classify(&self) -> Failure {
        let failure = match self.status() {
            // From `error_for_status`: the body is gone, and with it most evidence about a 403.
            Some(status) => Failure::from_http(status.as_u16(), &[], ""),
            None => Failure::new(class_of(self)).with_message(told(self)),
        };
        match self.url() {
            Some(url) => failure.with_endpoint(url),
            None => failure,
        }
    }

    fn into_failure(self) -> Failure {
        let failure = self.classify();
        // reqwest prints the URL, and some services take the key there.
        failure.with_source(self.without_url())
    }
}

fn class_of(error: &Error) -> Class {
    if error.is_builder() || error.is_redirect() || error.is_decode() || has_bad_certificate(error) {
        Class::Fatal
    } else {
        Class::Transient
    }
}

/// The innermost error: reqwest's own text holds the URL.
fn told(error: &Error) -> String {
    let mut innermost = match error.source() {
        Some(source) => source,
        None => return String::new(),
    };
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// TLS libraries have no common error type. The certificate will be no better next time.
fn has_bad_certificate(error: &Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        if text.contains("invalid peer certificate") || text.contains("certificate verify failed") {
            return true;
        }
        source = error.source();
    }
    false
}
