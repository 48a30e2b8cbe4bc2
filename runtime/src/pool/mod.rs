//! Where an operation gets its next key from, and the typed end when there is none.
//!
//! The split of memory is what makes rotation safe: the *pool* remembers across operations which keys
//! rest or are dead; the *operation* remembers what it has tried ([`Tried`]), and only ever adds to it.
//! So a pool may bring a key back whenever it likes, and still no operation sees it twice.

mod ring;

pub use ring::{KeyRing, KeyState, Strategy};

use crate::wording::Seconds;
use crate::{Credential, Failure};
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// A supply of interchangeable keys for one provider.
///
/// [`KeyRing`] is the ready one; implement the trait to keep keys in a database or a vault client.
/// No method may block or wait: they are called from async code.
pub trait CredentialPool: Send + Sync {
    /// The provider all the keys are for.
    fn provider(&self) -> &str;

    /// A key that is fit for use and not in `tried`, or `None`.
    ///
    /// A guard asks until it gets `None` or a key that works, so an implementation that ignores `tried`
    /// would never end; the guard therefore takes a tried key for `None`. If the pool makes up a new key each
    /// time, the operation ends after 1000 of them.
    fn select(&self, tried: &Tried<'_>) -> Option<Credential>;

    /// The service refused `sent`, and the operation has given up on it: let it rest, or bury it.
    ///
    /// `sent` is the very key that was sent. If the pool holds another secret under that id by now,
    /// someone has renewed it, and the refusal is out of date.
    fn refused(&self, sent: &Credential, failure: &Failure);

    /// The service accepted `sent`: forget what was held against it.
    fn accepted(&self, sent: &Credential) {
        let _ = sent;
    }

    /// `fresh` replaces the key of the same id.
    fn renewed(&self, fresh: &Credential) {
        let _ = fresh;
    }

    /// Whether the pool has no other key than `credential`, resting ones included and dead ones aside. A
    /// sole key gets the one retry on a fresh connection that a credential without a pool gets.
    fn is_sole(&self, credential: &Credential) -> bool {
        let _ = credential;
        false
    }

    /// How long until the first resting key is fit again, if one is resting.
    fn ready_in(&self) -> Option<Duration> {
        None
    }
}

/// The keys one operation has used up; it only grows.
#[derive(Debug, Clone, Copy)]
pub struct Tried<'a>(&'a [Credential]);

impl<'a> Tried<'a> {
    pub(crate) fn new(credentials: &'a [Credential]) -> Self {
        Tried(credentials)
    }

    /// Whether `credential` is used up: the same entry, or another entry with the same secret.
    pub fn contains(&self, credential: &Credential) -> bool {
        self.0.iter().any(|tried| tried.is_same_entry(credential) || tried.is_same_secret(credential))
    }
}

/// The end of a pool: no key of it is left for this operation.
#[derive(Clone)]
pub struct CredentialsExhausted {
    provider: String,
    tried: Vec<Credential>,
    last: Option<Failure>,
    ready_in: Option<Duration>,
}

impl CredentialsExhausted {
    pub(crate) fn new(pool: &dyn CredentialPool, tried: Vec<Credential>, last: Option<Failure>) -> Self {
        CredentialsExhausted { provider: pool.provider().to_owned(), tried, last, ready_in: pool.ready_in() }
    }

    /// The provider whose keys ran out.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The keys this operation tried, in order. Empty if all were resting or dead from the start.
    pub fn tried(&self) -> &[Credential] {
        &self.tried
    }

    /// What the service said to the last of them.
    pub fn last(&self) -> Option<&Failure> {
        self.last.as_ref()
    }

    /// How long until the pool has a key again, if one is only resting.
    pub fn ready_in(&self) -> Option<Duration> {
        self.ready_in
    }
}

impl fmt::Display for CredentialsExhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no {} credential is left", self.provider)?;
        if self.tried.is_empty() {
            f.write_str(": all are resting or dead")?;
        } else {
            let names: Vec<String> = self.tried.iter().map(Credential::to_string).collect();
            write!(f, " (tried {})", names.join(", "))?;
        }
        if let Some(ready_in) = self.ready_in {
            write!(f, "; the next is ready in {}", Seconds(ready_in))?;
        }
        Ok(())
    }
}

impl fmt::Debug for CredentialsExhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsExhausted")
            .field("provider", &self.provider)
            .field("tried", &self.tried)
            .field("last", &self.last)
            .field("ready_in", &self.ready_in)
            .finish()
    }
}

impl Error for CredentialsExhausted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.last.as_ref().map(|failure| failure as _)
    }
}
