//! The last resort: an error of which only the text is left.

use super::body::Body;
use super::evidence::*;
use crate::Class;

/// What an error text means, if one of a few unmistakable phrases occurs in it.
///
/// Ask it only when there is no status. The phrases are narrow, and bare numbers are not looked for: a
/// `401` may as well be part of an id or a port. Rate limits, overload, billing and size are recognised
/// before authentication, whose vocabulary they share.
///
/// ```
/// # use failfast::{classify, Class};
/// assert_eq!(classify::text("Incorrect API key provided"), Some(Class::Auth));
/// assert_eq!(classify::text("connected to port 4010 after authentication"), None);
/// ```
pub fn text(message: &str) -> Option<Class> {
    let said = Body::read(message);
    let known: [(&[&str], &[&str], Class); 6] = [
        (&RATE_CODES, &RATE_PHRASES, Class::RateLimited),
        (&TROUBLE_CODES, &OVERLOAD_PHRASES, Class::Transient),
        (&BILLING_CODES, &BILLING_PHRASES, Class::Billing),
        (&OVERFLOW_CODES, &OVERFLOW_PHRASES, Class::ContextOverflow),
        (&REVOKED_CODES, &[], Class::Revoked),
        (&AUTH_CODES, &AUTH_PHRASES, Class::Auth),
    ];
    known.iter().find(|(codes, phrases, _)| said.has_code(codes) || said.says(phrases)).map(|(_, _, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_phrases_are_recognised_in_order() {
        for (message, class) in [
            ("invalid x-api-key", Some(Class::Auth)),
            ("rate limit exceeded: bad credentials", Some(Class::RateLimited)),
            ("model overloaded, token expired", Some(Class::Transient)),
            ("exceeded your current quota", Some(Class::Billing)),
            (r#"{"error":"invalid_grant"}"#, Some(Class::Revoked)),
            ("prompt is too long: 300000 tokens", Some(Class::ContextOverflow)),
            ("request 4017 failed", None),
            ("authentication succeeded, then the disk was full", None),
            ("forbidden fruit", None),
            ("", None),
        ] {
            assert_eq!(text(message), class, "{}", message);
        }
    }
}
