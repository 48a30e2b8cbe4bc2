//! The error an operation ends with: what failed, what was tried, and what a person can do about it.

use crate::wording::{Count, Seconds};
use crate::{Class, Classify, Credential, CredentialsExhausted, Failure};
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// The end of an operation: trying again now would be of no use.
///
/// It keeps everything the last [`Failure`] knew, with secrets masked, and its `Display` is one line
/// that says who refused what, how much was tried, and what to check:
///
/// ```
/// # use failfast::{AuthGuard, Credential, Failure, Permanent};
/// let key = Credential::new("openai", "OPENAI_API_KEY", "sk-proj-0123456789abcdef");
/// let end = failfast::retry(AuthGuard::new(&key), |_attempt| -> Result<(), Failure> {
///     Err(Failure::from_http(401, &[], r#"{"error":{"message":"Incorrect API key"}}"#)
///         .with_model("gpt-5")
///         .with_endpoint("https://api.openai.com/v1/chat"))
/// });
/// assert_eq!(
///     end.unwrap_err().to_string(),
///     "openai refused credential OPENAI_API_KEY (sk-p…): HTTP 401: Incorrect API key \
///      [model gpt-5, endpoint https://api.openai.com/v1/chat, 2 requests]; check that the key is \
///      valid and not revoked, and that its account may use gpt-5"
/// );
/// ```
#[derive(Clone)]
pub struct Permanent(Box<Parts>);

#[derive(Clone)]
struct Parts {
    failure: Failure,
    reason: Reason,
    credential: Option<Credential>,
    exhausted: Option<CredentialsExhausted>,
    requests: u32,
    waited: Duration,
}

/// Why an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The credential is dead, and there was nothing left to try with it.
    Rejected,
    /// No key of the pool is left: see [`Permanent::exhausted`].
    Exhausted,
    /// The failure is of a kind that the same request would meet again: see [`Permanent::class`].
    NotRetryable,
    /// The attempts of the [`Backoff`](crate::Backoff) are spent.
    OutOfAttempts,
    /// The next wait would end after [`Backoff::max_elapsed`](crate::Backoff::max_elapsed).
    OutOfTime,
    /// The service asked for a longer wait than
    /// [`Backoff::retry_after_ceiling`](crate::Backoff::retry_after_ceiling) allows.
    RetryAfterTooLong,
    /// The [`CancelCheck`](crate::CancelCheck) said so.
    Cancelled,
}

impl Permanent {
    pub(crate) fn new(
        failure: Failure,
        reason: Reason,
        credential: Option<Credential>,
        requests: u32,
        waited: Duration,
    ) -> Self {
        // The upgrade: an engine above must not start over with a credential this one found dead.
        // A cancelled operation has found out nothing.
        let class = match failure.class() {
            Class::Auth | Class::Revoked if reason != Reason::Cancelled => Class::AuthPermanent,
            class => class,
        };
        let failure = failure.with_class(class);
        let failure = match (failure.provider(), &credential) {
            (None, Some(credential)) => failure.with_provider(credential.provider()),
            _ => failure,
        };
        Permanent(Box::new(Parts { failure, reason, credential, exhausted: None, requests, waited }))
    }

    pub(crate) fn with_exhausted(mut self, exhausted: CredentialsExhausted) -> Self {
        self.0.reason = Reason::Exhausted;
        self.0.exhausted = Some(exhausted);
        self
    }

    /// The end of an operation that got no key to begin with.
    pub(crate) fn without_credential(exhausted: CredentialsExhausted) -> Self {
        let failure =
            Failure::new(Class::AuthPermanent).with_provider(exhausted.provider()).with_message(exhausted.to_string());
        Permanent::new(failure, Reason::Exhausted, None, 0, Duration::from_secs(0)).with_exhausted(exhausted)
    }

    /// Why the operation ended.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// The last failure, with every secret that was sent masked. An [`Auth`](Class::Auth) or
    /// [`Revoked`](Class::Revoked) class has become [`AuthPermanent`](Class::AuthPermanent).
    pub fn failure(&self) -> &Failure {
        &self.0.failure
    }

    /// What kind of failure it was.
    pub fn class(&self) -> Class {
        self.failure().class()
    }

    /// The HTTP status of the last answer.
    pub fn status(&self) -> Option<u16> {
        self.failure().status()
    }

    /// The service that refused.
    pub fn provider(&self) -> Option<&str> {
        self.failure().provider()
    }

    /// The model, or whatever else was asked for.
    pub fn model(&self) -> Option<&str> {
        self.failure().model()
    }

    /// Where the request went.
    pub fn endpoint(&self) -> Option<&str> {
        self.failure().endpoint()
    }

    /// The credential sent last; `None` only if the pool had none to begin with.
    pub fn credential(&self) -> Option<&Credential> {
        self.0.credential.as_ref()
    }

    /// Which keys were tried, if a pool ran out of them.
    pub fn exhausted(&self) -> Option<&CredentialsExhausted> {
        self.0.exhausted.as_ref()
    }

    /// How many requests were sent.
    pub fn requests(&self) -> u32 {
        self.0.requests
    }

    /// How long the operation was told to wait, in all.
    pub fn waited(&self) -> Duration {
        self.0.waited
    }

    /// What the service said; if it said nothing, what that amounts to. Never empty.
    pub fn message(&self) -> &str {
        match self.failure().message() {
            "" => self.synthesized(),
            message => message,
        }
    }

    fn synthesized(&self) -> &'static str {
        match self.class() {
            Class::AuthPermanent | Class::Auth | Class::Revoked => "the credential appears to be invalid or revoked",
            Class::Billing => "the account has no money or quota left",
            Class::Entitlement => "the credential may not do this",
            Class::Blocked => "a firewall in front of the service refused the request",
            Class::ClockSkew => "the request was outside its time window",
            Class::ContextOverflow => "the request is too large",
            Class::RateLimited => "too many requests",
            Class::Transient => "the service or the network failed",
            Class::Fatal => "the request failed, and would fail again",
        }
    }

    /// What a person can do about it, as one clause without a final period.
    pub fn hint(&self) -> String {
        match (self.reason(), self.class()) {
            (Reason::Cancelled, _) => "the operation was cancelled".to_owned(),
            (Reason::RetryAfterTooLong, _) => match self.failure().retry_after() {
                Some(asked) => format!("the service asks to be left alone for {}", Seconds(asked)),
                None => "try again later".to_owned(),
            },
            (Reason::OutOfAttempts, _) | (Reason::OutOfTime, _) => {
                "the service did not recover in time; try again later".to_owned()
            }
            (_, Class::Billing) => match self.provider() {
                Some(provider) => format!("check plan, credit and spending limit at {}", provider),
                None => "check plan, credit and spending limit".to_owned(),
            },
            (Reason::Exhausted, _) => match self.0.exhausted.as_ref().and_then(|e| e.ready_in()) {
                Some(_) => "add a working key, or try again then".to_owned(),
                None => "add a working key".to_owned(),
            },
            (_, Class::AuthPermanent) | (_, Class::Auth) | (_, Class::Revoked) => {
                let mut hint = "check that the key is valid and not revoked".to_owned();
                if let Some(model) = self.model() {
                    hint.push_str(&format!(", and that its account may use {}", model));
                }
                hint
            }
            (_, Class::Entitlement) => match self.model() {
                Some(model) => format!("the key works; check its scopes and access to {}", model),
                None => "the key works; check its scopes and the account's access".to_owned(),
            },
            (_, Class::Blocked) => "nobody looked at the key; check network, region and user agent".to_owned(),
            (_, Class::ClockSkew) => "set this machine's clock".to_owned(),
            (_, Class::ContextOverflow) => "send less".to_owned(),
            (_, Class::Fatal) => "change the request before sending it again".to_owned(),
            (_, Class::Transient) | (_, Class::RateLimited) => "try again later".to_owned(),
        }
    }
}

impl fmt::Display for Permanent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credential = match &self.0.credential {
            Some(credential) => credential,
            None => return write!(f, "{}; {}", self.message(), self.hint()),
        };
        let provider = self.provider().unwrap_or("the service");
        let blamed = self.class().is_auth();
        if blamed {
            write!(f, "{} refused credential {}", provider, credential)?;
        } else {
            write!(f, "{}: {}", provider, self.class())?;
        }
        if let Some(status) = self.status() {
            write!(f, ": HTTP {}", status)?;
        }
        write!(f, ": {} [", self.message())?;
        if let Some(model) = self.model() {
            write!(f, "model {}, ", model)?;
        }
        if let Some(endpoint) = self.endpoint() {
            write!(f, "endpoint {}, ", endpoint)?;
        }
        for (name, value) in self.failure().context() {
            write!(f, "{} {}, ", name, value)?;
        }
        if !blamed {
            write!(f, "credential {}, ", credential)?;
        }
        write!(f, "{}", Count(self.requests(), "request"))?;
        if self.waited() > Duration::from_secs(0) {
            write!(f, ", waited {}", Seconds(self.waited()))?;
        }
        f.write_str("]")?;
        if let Some(exhausted) = &self.0.exhausted {
            write!(f, "; {}", exhausted)?;
        }
        write!(f, "; {}", self.hint())
    }
}

impl fmt::Debug for Permanent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permanent")
            .field("reason", &self.0.reason)
            .field("failure", &self.0.failure)
            .field("credential", &self.0.credential)
            .field("exhausted", &self.0.exhausted)
            .field("requests", &self.0.requests)
            .field("waited", &self.0.waited)
            .finish()
    }
}

impl Error for Permanent {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.failure.source()
    }
}

/// For an engine around an engine: whatever ended the inner one ends the outer one too, so that
/// attempts do not multiply.
impl Classify for Permanent {
    fn classify(&self) -> Failure {
        let class = match self.class() {
            Class::AuthPermanent => Class::AuthPermanent,
            _ => Class::Fatal,
        };
        self.failure().clone().with_class(class)
    }
}
