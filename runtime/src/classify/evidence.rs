//! The words by which services say what is wrong: all of them in one place, lower case.
//!
//! Codes are compared whole; phrases are searched for, so each is long enough to mean one thing
//! ("authentication" alone, for one, also stands in release notes). Each list names its sources.

/// The account has to be paid or topped up.
/// OpenAI error codes; Google `BILLING_DISABLED`; OpenRouter and Anthropic messages.
pub(super) const BILLING_CODES: [&str; 9] = [
    "insufficient_quota",
    "billing_not_active",
    "billing_hard_limit_reached",
    "billing_error",
    "billing_disabled",
    "payment_required",
    "insufficient_credits",
    "balance_depleted",
    "no_usable_credits",
];
pub(super) const BILLING_PHRASES: [&str; 8] = [
    "credit balance is too low",
    "insufficient credits",
    "insufficient balance",
    "exceeded your current quota",
    "spending limit",
    "key limit exceeded",
    "billing is not enabled",
    "billing is disabled",
];

/// Too fast. OpenAI, Anthropic, Google, AWS (`Throttling*`), GitHub's primary and secondary limits.
pub(super) const RATE_CODES: [&str; 9] = [
    "rate_limit_error",
    "rate_limit_exceeded",
    "rate_limited",
    "resource_exhausted",
    "too_many_requests",
    "throttling",
    "throttlingexception",
    "throttled",
    "requestlimitexceeded",
];
pub(super) const RATE_PHRASES: [&str; 4] =
    ["rate limit", "too many requests", "request rate is too large", "abuse detection mechanism"];

/// The service, not the caller, is in trouble. `upstream_unavailable` and `server_error` reach callers
/// as 403 through relays: NousResearch/hermes-agent#117869.
pub(super) const TROUBLE_CODES: [&str; 5] =
    ["upstream_unavailable", "server_error", "overloaded_error", "service_unavailable", "temporarily_unavailable"];
pub(super) const OVERLOAD_PHRASES: [&str; 2] = ["overloaded", "at capacity"];

/// The credential is dead for good, said by any endpoint. `invalid_token` is not here: RFC 6750 uses
/// it for expired access tokens too, which a refresh cures.
pub(super) const REVOKED_CODES: [&str; 6] = [
    "invalid_grant",
    "token_revoked",
    "token_invalidated",
    "refresh_token_reused",
    "refresh_token_invalidated",
    "refresh_token_expired",
];

/// The credential was refused. OpenAI, Anthropic, Google, AWS, RFC 6750.
pub(super) const AUTH_CODES: [&str; 18] = [
    "invalid_api_key",
    "authentication_error",
    "auth_error",
    "invalid_authentication",
    "unauthenticated",
    "unauthorized",
    "invalid_token",
    "token_expired",
    "access_token_expired",
    "api_key_invalid",
    "api_key_expired",
    "expiredtoken",
    "expiredtokenexception",
    "invalidclienttokenid",
    "invalidaccesskeyid",
    "unrecognizedclientexception",
    "missingauthenticationtoken",
    "account_deactivated",
];
pub(super) const AUTH_PHRASES: [&str; 13] = [
    "invalid api key",
    "incorrect api key",
    "api key not valid",
    "api key expired",
    "invalid x-api-key",
    "invalid authentication credentials",
    "bad credentials",
    "invalid access token",
    "token has expired",
    "token is expired",
    "token expired",
    "token has been revoked",
    "reported as leaked",
];

/// The key is fine and may not do this. Anthropic, Google, AWS, Azure, GitHub, RFC 6750.
pub(super) const ENTITLEMENT_CODES: [&str; 12] = [
    "permission_error",
    "permission_denied",
    "insufficient_scope",
    "insufficient_permissions",
    "accessdenied",
    "accessdeniedexception",
    "unauthorizedoperation",
    "authorizationfailed",
    "service_disabled",
    "api_key_service_blocked",
    "model_not_found",
    "unsupported_country_region_territory",
];
pub(super) const ENTITLEMENT_PHRASES: [&str; 10] = [
    "does not have access",
    "do not have access",
    "have permission",
    "insufficient permission",
    "missing scope",
    "not authorized to perform",
    "not accessible by",
    "not available in your",
    "do not have an active",
    "must be verified",
];

/// A clock is wrong. AWS: the certain skew codes of its SDKs, and the phrases that come with the
/// ambiguous ones; Google's answer to a service account's token from the future.
pub(super) const SKEW_CODES: [&str; 4] =
    ["requesttimetooskewed", "requestexpired", "requestinthefuture", "request_time_too_skewed"];
pub(super) const SKEW_PHRASES: [&str; 5] = [
    "signature expired",
    "signature not yet current",
    "request timestamp",
    "check your system clock",
    "check your iat and exp",
];

/// The request is larger than the model or the server takes. OpenAI, Anthropic, Google.
pub(super) const OVERFLOW_CODES: [&str; 3] =
    ["context_length_exceeded", "request_too_large", "string_above_max_length"];
pub(super) const OVERFLOW_PHRASES: [&str; 5] = [
    "maximum context length",
    "context length exceeded",
    "prompt is too long",
    "input token count",
    "request too large",
];

/// The request itself is malformed, whatever the status says. OpenAI, Anthropic, Google.
pub(super) const MALFORMED_CODES: [&str; 3] = ["invalid_request_error", "validation_error", "invalid_argument"];

/// Who answers instead of the service, in an HTML page: Cloudflare, Akamai, Imperva, Sucuri, AWS.
pub(super) const FIREWALL_PHRASES: [&str; 9] = [
    "cloudflare",
    "attention required",
    "akamai",
    "reference #",
    "incapsula",
    "imperva",
    "sucuri",
    "request blocked",
    "captcha",
];
