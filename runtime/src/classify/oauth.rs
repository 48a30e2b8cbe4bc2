//! The error codes of OAuth token endpoints.

use crate::Class;

/// What the `error` of a failed token request means (RFC 6749 section 5.2, RFC 8628 section 3.5, and
/// what large providers add).
///
/// Use it for answers of the *token endpoint*: there `invalid_token` and `invalid_client` are final.
/// For an API's own answers use [`HttpAnswer`](crate::HttpAnswer), to which an `invalid_token` may be
/// an expired access token.
///
/// ```
/// # use failfast::{classify, Class};
/// assert_eq!(classify::oauth("invalid_grant"), Class::Revoked);
/// assert_eq!(classify::oauth("temporarily_unavailable"), Class::Transient);
/// ```
pub fn oauth(error: &str) -> Class {
    match error.trim().to_ascii_lowercase().as_str() {
        "invalid_grant"
        | "invalid_token"
        | "invalid_client"
        | "unauthorized_client"
        | "token_revoked"
        | "token_invalidated"
        | "refresh_token_reused"
        | "refresh_token_invalidated"
        | "refresh_token_expired"
        | "expired_token" => Class::Revoked,
        "access_denied" | "invalid_scope" | "insufficient_scope" => Class::Entitlement,
        "temporarily_unavailable" | "server_error" | "authorization_pending" => Class::Transient,
        "slow_down" => Class::RateLimited,
        _ => Class::Fatal,
    }
}
