//! gRPC status codes.

use super::body::Body;
use super::evidence::{AUTH_CODES, AUTH_PHRASES, BILLING_CODES, BILLING_PHRASES};
use crate::{Class, Failure};

/// A failed gRPC call: its status code (0 to 16) and message.
///
/// The codes are those of the gRPC documentation, "Status codes and their use in gRPC". Note that
/// `PERMISSION_DENIED` is never about who is calling, only about what they may do.
///
/// ```
/// # use failfast::{classify, Class};
/// assert_eq!(classify::grpc(16, "token expired").class(), Class::Auth);
/// assert_eq!(classify::grpc(7, "no access to this table").class(), Class::Entitlement);
/// ```
pub fn grpc(code: i32, message: &str) -> Failure {
    let said = Body::read(message);
    let billing = said.has_code(&BILLING_CODES) || said.says(&BILLING_PHRASES);
    let class = match code {
        // CANCELLED is the caller's own doing.
        1 => Class::Fatal,
        // UNKNOWN, DEADLINE_EXCEEDED, ABORTED, INTERNAL, UNAVAILABLE.
        2 | 4 | 10 | 13 | 14 => Class::Transient,
        // RESOURCE_EXHAUSTED, PERMISSION_DENIED
        7 | 8 if billing => Class::Billing,
        7 => Class::Entitlement,
        8 => Class::RateLimited,
        // UNAUTHENTICATED
        16 => Class::Auth,
        // INVALID_ARGUMENT: Google's answer to a malformed key.
        3 if said.has_code(&AUTH_CODES) || said.says(&AUTH_PHRASES) => Class::Auth,
        _ => Class::Fatal,
    };
    Failure::new(class).with_message(message).with_context("grpc code", code.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_class() {
        for (code, class) in [
            (1, Class::Fatal),
            (2, Class::Transient),
            (3, Class::Fatal),
            (4, Class::Transient),
            (5, Class::Fatal),
            (6, Class::Fatal),
            (7, Class::Entitlement),
            (8, Class::RateLimited),
            (9, Class::Fatal),
            (10, Class::Transient),
            (11, Class::Fatal),
            (12, Class::Fatal),
            (13, Class::Transient),
            (14, Class::Transient),
            (15, Class::Fatal),
            (16, Class::Auth),
            (-1, Class::Fatal),
            (99, Class::Fatal),
        ] {
            assert_eq!(grpc(code, "").class(), class, "{}", code);
        }
        assert_eq!(grpc(8, "You exceeded your current quota").class(), Class::Billing);
        assert_eq!(grpc(3, "API key not valid. Please pass one.").class(), Class::Auth);
    }
}
