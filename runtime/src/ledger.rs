//! What one operation has used up. Everything here moves one way: nothing is ever given back, which is
//! why a guard cannot be reset and always comes to an end.

use crate::backoff::Delays;
use crate::{Backoff, Credential, Failure, Reason, Tried};
use std::borrow::Cow;
use std::mem;
use std::time::{Duration, Instant};

pub(crate) struct Ledger<'a> {
    /// Goes with the next request.
    pub(crate) credential: Cow<'a, Credential>,
    pub(crate) fresh_connection: bool,
    /// Set only if the backoff has a limit of time: nobody else needs the clock.
    pub(crate) started: Option<Instant>,
    pub(crate) waited: Duration,
    pub(crate) ended: Option<Reason>,
    requests: u32,
    delays: Option<Delays>,
    keys: Vec<KeyRecord>,
    /// Keys the operation has given up on.
    tried: Vec<Credential>,
    /// How many of them belong to what was before a fail-over.
    tried_before: usize,
    /// Every secret that went over the wire and failed: what has to be masked.
    sent: Vec<Credential>,
}

/// The one-shots of one (provider, credential id).
pub(crate) struct KeyRecord {
    entry: Credential,
    /// The retry on a fresh connection.
    pub(crate) grace: OneShot,
    pub(crate) refresh: OneShot,
    /// The rate limit that is waited out before rotating.
    pub(crate) patience: OneShot,
}

/// A permission that exists once. Asking is taking: no caller can forget to set the flag.
#[derive(Default)]
pub(crate) struct OneShot {
    spent: bool,
}

impl OneShot {
    pub(crate) fn take(&mut self) -> bool {
        !mem::replace(&mut self.spent, true)
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.spent
    }
}

impl<'a> Ledger<'a> {
    #[inline]
    pub(crate) fn new(credential: Cow<'a, Credential>) -> Self {
        Ledger {
            credential,
            fresh_connection: false,
            started: None,
            waited: Duration::from_secs(0),
            ended: None,
            requests: 0,
            delays: None,
            keys: Vec::new(),
            tried: Vec::new(),
            tried_before: 0,
            sent: Vec::new(),
        }
    }

    pub(crate) fn requests(&self) -> u32 {
        self.requests
    }

    /// Counts a failed request, and gives back the failure without the secrets it may repeat.
    pub(crate) fn file(&mut self, failure: &Failure) -> Failure {
        self.requests = self.requests.saturating_add(1);
        self.fresh_connection = false;
        if !self.sent.iter().any(|sent| sent.is_same_secret(&self.credential)) {
            self.sent.push(self.credential.clone().into_owned());
        }
        self.mask(failure)
    }

    pub(crate) fn mask(&self, failure: &Failure) -> Failure {
        self.sent.iter().fold(failure.clone(), |failure, sent| failure.without_secret_of(sent))
    }

    /// The one-shots of the current credential.
    pub(crate) fn key(&mut self) -> &mut KeyRecord {
        let current = &self.credential;
        let index = match self.keys.iter().position(|key| key.entry.is_same_entry(current)) {
            Some(index) => index,
            None => {
                self.keys.push(KeyRecord {
                    entry: current.clone().into_owned(),
                    grace: OneShot::default(),
                    refresh: OneShot::default(),
                    patience: OneShot::default(),
                });
                self.keys.len() - 1
            }
        };
        &mut self.keys[index]
    }

    /// Whether the operation has ever failed with this entry or this secret.
    pub(crate) fn knows(&self, credential: &Credential) -> bool {
        self.keys.iter().any(|key| key.entry.is_same_entry(credential))
            || Tried::new(&self.sent).contains(credential)
            || self.credential.is_same_entry(credential)
    }

    /// The next delay of `backoff`, if its attempts are not spent.
    pub(crate) fn next_delay(&mut self, backoff: &Backoff) -> Option<Duration> {
        self.delays.get_or_insert_with(|| backoff.delays()).next()
    }

    /// Asks `select` for a key that is neither tried nor the current one, and makes it the current one.
    pub(crate) fn rotate(&mut self, select: impl FnOnce(&Tried<'_>) -> Option<Credential>) -> Option<Credential> {
        self.give_up_key();
        let tried = Tried::new(&self.tried);
        match select(&tried).filter(|next| !tried.contains(next)) {
            Some(next) => {
                self.credential = Cow::Owned(next.clone());
                Some(next)
            }
            None => {
                // It may yet get a refresh or a retry.
                self.tried.pop();
                None
            }
        }
    }

    pub(crate) fn give_up_key(&mut self) {
        self.tried.push(self.credential.clone().into_owned());
    }

    pub(crate) fn has_rotated(&self) -> bool {
        self.tried.len() > self.tried_before
    }

    /// The keys given up on since the last fail-over.
    pub(crate) fn tried_here(&self) -> &[Credential] {
        &self.tried[self.tried_before..]
    }

    /// Goes on with another credential, with all that was used up before staying so.
    pub(crate) fn fail_over(&mut self, to: Cow<'a, Credential>) {
        self.tried_before = self.tried.len();
        self.credential = to;
        self.ended = None;
    }

    /// The same ledger, borrowing nothing.
    #[cfg(feature = "tower")]
    pub(crate) fn into_owned(self) -> Ledger<'static> {
        Ledger { credential: Cow::Owned(self.credential.into_owned()), ..self }
    }
}
