//! HTTP answers: the status first, the body and headers where the status alone does not tell.

use super::body::{code_of, Body};
use super::evidence::*;
use super::retry_after::{http_date, retry_after, seconds};
use crate::{Class, Failure};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An HTTP answer that was not a success, as far as it matters to [`Class`].
///
/// ```
/// use failfast::{Class, HttpAnswer};
///
/// let answer = HttpAnswer { status: 403, headers: &[("retry-after", "30")], body: "" };
/// assert_eq!(answer.classify().class(), Class::RateLimited);
/// ```
#[derive(Clone, Copy)]
pub struct HttpAnswer<'a> {
    /// The status code, 100 to 999.
    pub status: u16,
    /// Header names, in any case, and their values.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body, or its first few kilobytes. Empty if it is not at hand.
    pub body: &'a str,
}

impl HttpAnswer<'_> {
    /// What the answer means. A success classifies as [`Class::Fatal`]: it is no failure, and asking
    /// again would not change it.
    pub fn classify(&self) -> Failure {
        self.classify_with(|_| None)
    }

    /// The same, but `hook` is asked first: for a provider whose 403 (or any other status) has a meaning
    /// of its own.
    ///
    /// ```
    /// # use failfast::{Class, HttpAnswer};
    /// let answer = HttpAnswer { status: 403, headers: &[], body: "seat limit reached" };
    /// let failure = answer.classify_with(|answer| {
    ///     (answer.status == 403 && answer.body.contains("seat limit")).then(|| Class::Billing)
    /// });
    /// assert_eq!(failure.class(), Class::Billing);
    /// ```
    pub fn classify_with(&self, hook: impl FnOnce(&HttpAnswer<'_>) -> Option<Class>) -> Failure {
        let body = Body::read(self.body);
        let class = hook(self).unwrap_or_else(|| self.class(&body));
        let mut failure = Failure::new(class).with_status(self.status).with_message(body.message());
        if let Some(delay) = self.retry_after() {
            failure = failure.with_retry_after(delay);
        }
        if let Some(id) = REQUEST_IDS.iter().find_map(|name| self.header(name)) {
            failure = failure.with_context("request id", id);
        }
        failure
    }

    /// The value of a header, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| *value)
    }

    fn class(&self, body: &Body) -> Class {
        match self.status {
            401 => unauthorized(body),
            402 => match self.has_rate_evidence() || body.has_code(&RATE_CODES) {
                true => Class::RateLimited,
                false => Class::Billing,
            },
            403 => self.forbidden(body),
            408 | 425 => Class::Transient,
            413 => Class::ContextOverflow,
            429 if body.has_code(&BILLING_CODES) || body.says(&BILLING_PHRASES) => Class::Billing,
            429 if body.says(&OVERLOAD_PHRASES) => Class::Transient,
            429 => Class::RateLimited,
            400..=499 => bad_request(body),
            // Overloaded by definition; whatever the body says is a symptom.
            503 | 529 => Class::Transient,
            501 | 505 => Class::Fatal,
            500..=599 => server_error(body),
            _ => Class::Fatal,
        }
    }

    /// 403 is an answer with seven meanings. Only when no other fits is it the key.
    fn forbidden(&self, body: &Body) -> Class {
        if is_clock_skew(body) {
            Class::ClockSkew
        } else if body.has_code(&REVOKED_CODES) {
            Class::Revoked
        } else if self.has_rate_evidence() || body.has_code(&RATE_CODES) || body.says(&RATE_PHRASES) {
            Class::RateLimited
        } else if body.has_code(&TROUBLE_CODES) {
            Class::Transient
        } else if body.has_code(&BILLING_CODES) || body.says(&BILLING_PHRASES) {
            Class::Billing
        } else if self.is_firewall(body) {
            Class::Blocked
        } else if body.has_code(&AUTH_CODES) || body.says(&AUTH_PHRASES) {
            Class::Auth
        } else if body.has_code(&ENTITLEMENT_CODES)
            || body.says(&ENTITLEMENT_PHRASES)
            || self.www_authenticate("insufficient_scope")
            || self.error_type_is(&ENTITLEMENT_CODES)
        {
            Class::Entitlement
        } else {
            Class::Auth
        }
    }

    /// `Retry-After`, or a limit that is used up. GitHub sends both with 403.
    fn has_rate_evidence(&self) -> bool {
        self.header("retry-after").is_some()
            || REMAINING.iter().any(|name| self.header(name).map(str::trim) == Some("0"))
    }

    fn is_firewall(&self, body: &Body) -> bool {
        self.header("cf-mitigated").is_some()
            || self.header("x-amzn-waf-action").is_some()
            || (body.is_html() && body.says(&FIREWALL_PHRASES))
    }

    fn www_authenticate(&self, error: &str) -> bool {
        let challenge = self.header("www-authenticate").unwrap_or("");
        challenge.to_ascii_lowercase().contains(&format!("error=\"{}\"", error))
    }

    fn error_type_is(&self, codes: &[&str]) -> bool {
        let kind = self.header("x-amzn-errortype").map(code_of);
        kind.map_or(false, |kind| codes.contains(&kind.as_str()))
    }

    fn retry_after(&self) -> Option<Duration> {
        if let Some(millis) = self.header("retry-after-ms").and_then(seconds) {
            return Some(millis / 1000);
        }
        if let Some(value) = self.header("retry-after") {
            return retry_after(value, self.now());
        }
        let used_up = REMAINING.iter().any(|name| self.header(name).map(str::trim) == Some("0"));
        let reset = RESET.iter().find_map(|name| self.header(name)).and_then(seconds);
        reset.filter(|_| used_up).map(|reset| self.until(reset))
    }

    /// A reset is either a number of seconds or a Unix time; the two are a billion apart.
    fn until(&self, reset: Duration) -> Duration {
        const EARLIEST_UNIX_TIME: Duration = Duration::from_secs(1_000_000_000);
        if reset < EARLIEST_UNIX_TIME {
            return reset;
        }
        let now = self.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        reset.saturating_sub(now)
    }

    /// The server's own idea of now, so that a wrong clock on this side does not distort a delay.
    fn now(&self) -> SystemTime {
        let date = self.header("date").and_then(http_date);
        date.unwrap_or_else(SystemTime::now)
    }
}

impl fmt::Debug for HttpAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not headers and body: servers repeat keys there.
        f.debug_struct("HttpAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

const REMAINING: [&str; 2] = ["x-ratelimit-remaining", "ratelimit-remaining"];
const RESET: [&str; 2] = ["x-ratelimit-reset", "ratelimit-reset"];
const REQUEST_IDS: [&str; 4] = ["x-request-id", "request-id", "x-amzn-requestid", "cf-ray"];

/// The status has decided that it is about the credential; the body can only say how dead it is.
fn unauthorized(body: &Body) -> Class {
    if is_clock_skew(body) {
        Class::ClockSkew
    } else if body.has_code(&REVOKED_CODES) {
        Class::Revoked
    } else {
        Class::Auth
    }
}

fn is_clock_skew(body: &Body) -> bool {
    body.has_code(&SKEW_CODES) || body.says(&SKEW_PHRASES)
}

/// 400, 404 and their kin: Google answers 400 for an invalid key, AWS for throttling, OAuth token
/// endpoints for everything.
fn bad_request(body: &Body) -> Class {
    if is_clock_skew(body) {
        Class::ClockSkew
    } else if body.has_code(&REVOKED_CODES) {
        Class::Revoked
    } else if body.has_code(&OVERFLOW_CODES) || body.says(&OVERFLOW_PHRASES) {
        Class::ContextOverflow
    } else if body.has_code(&BILLING_CODES) || body.says(&BILLING_PHRASES) {
        Class::Billing
    } else if body.has_code(&RATE_CODES) {
        Class::RateLimited
    } else if body.has_code(&AUTH_CODES) || body.says(&AUTH_PHRASES) {
        Class::Auth
    } else {
        Class::Fatal
    }
}

/// A gateway may wrap any error in a 500 or 502. Codes only: stack traces contain every phrase.
fn server_error(body: &Body) -> Class {
    if body.has_code(&AUTH_CODES) {
        Class::Auth
    } else if body.has_code(&OVERFLOW_CODES) {
        Class::ContextOverflow
    } else if body.has_code(&MALFORMED_CODES) {
        Class::Fatal
    } else {
        Class::Transient
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers<'h> = &'h [(&'h str, &'h str)];

    fn class_of(status: u16, headers: Headers<'_>, body: &str) -> Class {
        Failure::from_http(status, headers, body).class()
    }

    #[test]
    fn bare_statuses_mean_what_the_rfcs_say() {
        for (status, class) in [
            (200, Class::Fatal),
            (304, Class::Fatal),
            (400, Class::Fatal),
            (401, Class::Auth),
            (402, Class::Billing),
            (403, Class::Auth),
            (404, Class::Fatal),
            (408, Class::Transient),
            (413, Class::ContextOverflow),
            (422, Class::Fatal),
            (425, Class::Transient),
            (429, Class::RateLimited),
            (500, Class::Transient),
            (501, Class::Fatal),
            (502, Class::Transient),
            (503, Class::Transient),
            (504, Class::Transient),
            (505, Class::Fatal),
            (529, Class::Transient),
            (0, Class::Fatal),
            (999, Class::Fatal),
        ] {
            assert_eq!(class_of(status, &[], ""), class, "{}", status);
        }
    }

    #[test]
    fn a_403_is_told_apart_by_its_evidence() {
        let html = "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>";
        let cases: [(Headers, &str, Class); 17] = [
            (&[("Retry-After", "60")], "", Class::RateLimited),
            (&[("X-RateLimit-Remaining", "0")], "", Class::RateLimited),
            (&[("x-ratelimit-remaining", "12")], "", Class::Auth),
            (&[], r#"{"message":"You have exceeded a secondary rate limit."}"#, Class::RateLimited),
            (&[], r#"{"error":{"code":"insufficient_quota"}}"#, Class::Billing),
            (&[], r#"{"error":{"message":"Key limit exceeded (total limit)."}}"#, Class::Billing),
            (&[], html, Class::Blocked),
            (&[("cf-mitigated", "challenge")], "", Class::Blocked),
            (&[], "<html><h1>403 Forbidden</h1></html>", Class::Auth),
            (&[], "<Error><Code>RequestTimeTooSkewed</Code></Error>", Class::ClockSkew),
            (&[], r#"{"message":"Signature expired: 20240101 is now earlier"}"#, Class::ClockSkew),
            (&[], r#"{"error":{"code":"upstream_unavailable"}}"#, Class::Transient),
            (&[], r#"{"error":{"type":"permission_error"}}"#, Class::Entitlement),
            (&[("WWW-Authenticate", "Bearer error=\"insufficient_scope\"")], "", Class::Entitlement),
            (&[("x-amzn-ErrorType", "AccessDeniedException:http://x/")], "", Class::Entitlement),
            (&[], r#"{"message":"Your API key was reported as leaked.","status":"PERMISSION_DENIED"}"#, Class::Auth),
            (&[], r#"{"__type":"ExpiredTokenException"}"#, Class::Auth),
        ];
        for (headers, body, class) in cases {
            assert_eq!(class_of(403, headers, body), class, "{:?} {}", headers, body);
        }
    }

    #[test]
    fn a_401_is_never_argued_away_by_its_text() {
        // OpenRouter's dead-key body, and a body that names a rate limit.
        for body in [r#"{"error":{"message":"User not found."}}"#, "rate limit overloaded billing"] {
            assert_eq!(class_of(401, &[], body), Class::Auth);
        }
        let body = r#"{"error":{"code":"token_revoked"}}"#;
        assert_eq!(class_of(401, &[], body), Class::Revoked);
        // RFC 6750: expired *or* revoked; a refresh tells.
        let challenge = ("www-authenticate", "Bearer error=\"invalid_token\"");
        assert_eq!(class_of(401, &[challenge], ""), Class::Auth);
    }

    #[test]
    fn other_statuses_may_carry_another_error() {
        for (status, body, class) in [
            (500, r#"{"error":{"type":"auth_error"}}"#, Class::Auth),
            (500, "panicked: invalid_api_key is not set", Class::Transient),
            (503, r#"{"error":{"type":"auth_error"}}"#, Class::Transient),
            (529, r#"{"error":{"type":"authentication_error"}}"#, Class::Transient),
            (502, r#"{"error":{"type":"invalid_request_error"}}"#, Class::Fatal),
            (400, r#"{"error":{"status":"INVALID_ARGUMENT","message":"API key not valid."}}"#, Class::Auth),
            (400, r#"{"error":"invalid_grant"}"#, Class::Revoked),
            (400, r#"{"error":"invalid_grant","error_description":"Check your iat and exp values"}"#, Class::ClockSkew),
            (400, r#"{"error":{"code":"context_length_exceeded"}}"#, Class::ContextOverflow),
            (400, r#"{"message":"Your credit balance is too low"}"#, Class::Billing),
            (400, r#"{"__type":"ThrottlingException"}"#, Class::RateLimited),
            (429, r#"{"error":{"code":"insufficient_quota"}}"#, Class::Billing),
            (429, r#"{"error":{"message":"The model is overloaded"}}"#, Class::Transient),
        ] {
            assert_eq!(class_of(status, &[], body), class, "{} {}", status, body);
        }
        let limited = class_of(402, &[("retry-after", "5")], "");
        assert_eq!(limited, Class::RateLimited);
    }

    #[test]
    fn the_asked_delay_is_read_from_whichever_header_has_it() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let cases: [(Headers, Option<u64>); 8] = [
            (&[("Retry-After", "7")], Some(7_000)),
            (&[("retry-after-ms", "250"), ("retry-after", "9")], Some(250)),
            (&[date, ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")], Some(10_000)),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "30")], Some(30_000)),
            // The same moment as `date`, plus 23 s.
            (&[date, ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "784111800")], Some(784_111_800_000)),
            (&[("x-ratelimit-remaining", "5"), ("x-ratelimit-reset", "30")], None),
            (&[("retry-after", "soon")], None),
            (&[], None),
        ];
        for (headers, millis) in cases {
            let failure = Failure::from_http(429, headers, "");
            assert_eq!(failure.retry_after(), millis.map(Duration::from_millis), "{:?}", headers);
        }
        let date = ("date", "Sat, 01 Jan 2028 00:00:00 GMT");
        let reset = ("x-ratelimit-reset", "1830297623");
        let failure = Failure::from_http(403, &[date, ("x-ratelimit-remaining", "0"), reset], "");
        assert_eq!(failure.retry_after(), Some(Duration::from_secs(23)));
    }
}
