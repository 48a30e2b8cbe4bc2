//! The one question every later decision hangs on: what kind of failure is this?

use std::fmt;

/// What kind of failure an attempt met, and so what may be done about it.
///
/// | class | what [`AuthGuard`](crate::AuthGuard) does |
/// |---|---|
/// | [`Transient`](Class::Transient) | waits, then tries again, within the [`Backoff`](crate::Backoff) budget |
/// | [`RateLimited`](Class::RateLimited) | the same; the second time it rotates, if the pool has another key |
/// | [`Auth`](Class::Auth) | rotates; else refreshes once; else retries once on a fresh connection; else aborts |
/// | [`Revoked`](Class::Revoked) | marks the key dead for good; rotates, else aborts |
/// | [`Billing`](Class::Billing) | rests the key; rotates, else aborts |
/// | [`ClockSkew`](Class::ClockSkew) | retries once on a fresh connection, else aborts; the key is not blamed |
/// | all others | aborts at once; the key is not blamed |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// A hiccup of the network or the service: time-outs, resets, most 5xx answers.
    Transient,
    /// The key works but is used too fast: 429, or a 403 with rate limit evidence.
    RateLimited,
    /// The credential was refused, and may be stale: 401, or a 403 with no other explanation.
    Auth,
    /// The credential is dead for good: a terminal OAuth reason such as `invalid_grant`.
    Revoked,
    /// An engine below has already found the credential to be dead.
    AuthPermanent,
    /// The account has no money or quota left. Another key may belong to another account.
    Billing,
    /// The key is fine, but may not do this: scope, model, region, plan.
    Entitlement,
    /// A firewall or CDN in front of the service answered; nobody looked at the key.
    Blocked,
    /// The signature or token was outside its time window: a clock is wrong.
    ClockSkew,
    /// The request is too large for the model or the server: send less.
    ContextOverflow,
    /// Anything else that the same request would meet again.
    Fatal,
}

impl Class {
    /// Whether the credential itself was refused.
    pub fn is_auth(self) -> bool {
        matches!(self, Class::Auth | Class::Revoked | Class::AuthPermanent)
    }

    /// Whether it is about who asked rather than about what was asked or when: the key, its account, its rights,
    /// its clock or its network. Waiting cures none of these.
    pub fn is_refusal(self) -> bool {
        match self {
            Class::Auth
            | Class::Revoked
            | Class::AuthPermanent
            | Class::Billing
            | Class::Entitlement
            | Class::Blocked
            | Class::ClockSkew => true,
            Class::Transient | Class::RateLimited | Class::ContextOverflow | Class::Fatal => false,
        }
    }

    /// Whether the same request with the same key may succeed later.
    ///
    /// This is the whole answer a retry library needs: see the `backon` feature.
    pub fn is_worth_waiting(self) -> bool {
        matches!(self, Class::Transient | Class::RateLimited)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Class::Transient => "transient failure",
            Class::RateLimited => "rate limited",
            Class::Auth => "credential refused",
            Class::Revoked => "credential revoked",
            Class::AuthPermanent => "credential dead",
            Class::Billing => "billing problem",
            Class::Entitlement => "not permitted",
            Class::Blocked => "blocked by a firewall",
            Class::ClockSkew => "clock skew",
            Class::ContextOverflow => "request too large",
            Class::Fatal => "request failed",
        })
    }
}
