//! What one operation has used up. Everything here moves one way: nothing is ever given back, which is
//! why a guard cannot be reset and always comes to an end.

use crate::backoff::Delays;
use crate::{Backoff, Credential, Failure, Reason, Tried};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::mem;
use std::time::{Duration, Instant};

/// A pool may mint a key whenever it is asked. No operation has to see more of them fail than this.
pub(crate) const MOST_ROTATIONS: usize = 1_000;

pub(crate) struct Ledger<'a> {
    /// Goes with the next request.
    pub(crate) credential: Cow<'a, Credential>,
    /// Set only if the backoff has a limit of time: nobody else needs the clock.
    pub(crate) started: Option<Instant>,
    /// `None` until something fails: an operation that succeeds at once pays for none of it.
    spent: Option<Box<Spent>>,
}

/// What failures have used up.
#[derive(Default)]
pub(crate) struct Spent {
    pub(crate) requests: u32,
    /// Whether the next request is to be sent on a new connection.
    pub(crate) fresh_connection: bool,
    pub(crate) waited: Duration,
    pub(crate) ended: Option<Reason>,
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
        Ledger { credential, started: None, spent: None }
    }

    /// What has been used up so far, if anything has failed.
    #[inline]
    pub(crate) fn spent(&self) -> Option<&Spent> {
        self.spent.as_deref()
    }

    pub(crate) fn spend(&mut self) -> &mut Spent {
        self.spent.get_or_insert_with(Box::default)
    }

    #[inline]
    pub(crate) fn requests(&self) -> u32 {
        self.spent().map_or(0, |spent| spent.requests)
    }

    pub(crate) fn waited(&self) -> Duration {
        self.spent().map_or(Duration::from_secs(0), |spent| spent.waited)
    }

    pub(crate) fn ended(&self) -> Option<Reason> {
        self.spent()?.ended
    }

    /// Counts a failed request, and gives back the failure without the secrets it may repeat.
    pub(crate) fn file(&mut self, failure: &Failure) -> Failure {
        let credential = self.credential.clone().into_owned();
        let spent = self.spend();
        spent.requests = spent.requests.saturating_add(1);
        spent.fresh_connection = false;
        if !spent.sent.iter().any(|sent| sent.is_same_secret(&credential)) {
            spent.sent.push(credential);
        }
        self.mask(failure)
    }

    pub(crate) fn mask(&self, failure: &Failure) -> Failure {
        let mut sent: Vec<&Credential> = self.spent().map_or(&[][..], |spent| &spent.sent).iter().collect();
        // The longest first: a secret may begin with another one.
        sent.sort_by_key(|sent| Reverse(sent.expose_secret().len()));
        sent.into_iter().fold(failure.clone(), Failure::without_secret_of)
    }

    /// The one-shots of the current credential.
    pub(crate) fn key(&mut self) -> &mut KeyRecord {
        let current = self.credential.clone().into_owned();
        let keys = &mut self.spend().keys;
        let index = keys.iter().position(|key| key.entry.is_same_entry(&current)).unwrap_or_else(|| {
            keys.push(KeyRecord {
                entry: current,
                grace: OneShot::default(),
                refresh: OneShot::default(),
                patience: OneShot::default(),
            });
            keys.len() - 1
        });
        &mut keys[index]
    }

    /// Whether the operation has ever failed with this entry or this secret, or is about to send it.
    pub(crate) fn knows(&self, credential: &Credential) -> bool {
        let spent = match self.spent() {
            Some(spent) => spent,
            None => return self.credential.is_same_entry(credential),
        };
        self.credential.is_same_entry(credential)
            || spent.keys.iter().any(|key| key.entry.is_same_entry(credential))
            || Tried::new(&spent.sent).contains(credential)
    }

    /// The next delay of `backoff`, if its attempts are not spent.
    pub(crate) fn next_delay(&mut self, backoff: &Backoff) -> Option<Duration> {
        self.spend().delays.get_or_insert_with(|| backoff.delays()).next()
    }

    /// Asks `select` for a key that has not been sent yet, and makes it the current one.
    ///
    /// What was sent counts, not what was given up: the secret that a refresh has replaced may still stand
    /// under another id, and is as dead there.
    pub(crate) fn rotate(&mut self, select: impl FnOnce(&Tried<'_>) -> Option<Credential>) -> Option<Credential> {
        let spent = self.spend();
        if spent.tried.len() >= MOST_ROTATIONS {
            return None;
        }
        let sent = Tried::new(&spent.sent);
        let next = select(&sent).filter(|next| !sent.contains(next))?;
        self.give_up_key();
        self.credential = Cow::Owned(next.clone());
        Some(next)
    }

    pub(crate) fn give_up_key(&mut self) {
        let current = self.credential.clone().into_owned();
        self.spend().tried.push(current);
    }

    pub(crate) fn has_rotated(&self) -> bool {
        !self.tried_here().is_empty()
    }

    /// The keys given up on since the last fail-over.
    pub(crate) fn tried_here(&self) -> &[Credential] {
        self.spent().map_or(&[], |spent| &spent.tried[spent.tried_before..])
    }

    /// Goes on with another credential, with all that was used up before staying so.
    pub(crate) fn fail_over(&mut self, to: Cow<'a, Credential>) {
        self.credential = to;
        let spent = self.spend();
        spent.tried_before = spent.tried.len();
        spent.ended = None;
    }

    /// The same ledger, borrowing nothing.
    #[cfg(feature = "tower")]
    pub(crate) fn into_owned(self) -> Ledger<'static> {
        Ledger { credential: Cow::Owned(self.credential.into_owned()), started: self.started, spent: self.spent }
    }
}
