//! The state machine of one operation: the heart of the crate. Its picture is on the crate page.

use crate::backoff;
use crate::event::trace;
use crate::ledger::Ledger;
use crate::refresh::block_on;
use crate::{
    Attempt, Backoff, Class, Classify, Credential, CredentialPool, CredentialsExhausted, Event, Failure, Next,
    Permanent, Reason, RefreshTicket, Refresher, Tried,
};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// Asked after each failure, and by [`retry`](crate::retry) during waits; `true` means stop.
pub type CancelCheck<'a> = &'a (dyn Fn() -> bool + Sync);

/// Decides what happens after each failure of *one* logical operation.
///
/// Make one per operation, hand it to [`retry`](crate::retry) or [`retry_async`](crate::retry_async),
/// and that is all. In a hand-written loop, make it before the loop, build each request from
/// [`attempt`](AuthGuard::attempt), and do as [`on_failure`](AuthGuard::on_failure) says. A loop that waits in its
/// own way asks [`on_refusal`](AuthGuard::on_refusal) only.
///
/// It cannot be cloned, emptied or reset, so no loop can hand a dead key a second chance:
///
/// ```compile_fail,E0599
/// # use failfast::{AuthGuard, Credential};
/// let guard = AuthGuard::new(Credential::new("example", "key", "secret"));
/// let again = guard.clone();
/// ```
///
/// and it is gone once the operation succeeds:
///
/// ```compile_fail,E0382
/// # use failfast::{AuthGuard, Class, Credential, Failure};
/// let mut guard = AuthGuard::new(Credential::new("example", "key", "secret"));
/// guard.succeeded();
/// let next = guard.on_failure(&Failure::new(Class::Auth));
/// ```
#[must_use = "a guard does nothing until a failure is reported to it"]
pub struct AuthGuard<'a> {
    pub(crate) setup: Setup<'a>,
    pub(crate) ledger: Ledger<'a>,
}

/// What the operation may draw on. It is shared with other operations, hence borrowed, and does not change
/// while the operation runs.
pub(crate) struct Setup<'a> {
    pub(crate) pool: Option<&'a dyn CredentialPool>,
    pub(crate) refresher: Option<&'a Refresher>,
    pub(crate) backoff: &'a Backoff,
    pub(crate) cancel_check: Option<CancelCheck<'a>>,
    pub(crate) notify: Option<&'a (dyn Fn(&Event<'_>) + Sync)>,
}

impl Default for Setup<'_> {
    #[inline]
    fn default() -> Self {
        Setup { pool: None, refresher: None, backoff: &backoff::DEFAULT, cancel_check: None, notify: None }
    }
}

impl<'a> AuthGuard<'a> {
    /// A guard for an operation with one credential: `&Credential` or `Credential`.
    #[inline]
    pub fn new(credential: impl Into<Cow<'a, Credential>>) -> Self {
        AuthGuard { setup: Setup::default(), ledger: Ledger::new(credential.into()) }
    }

    /// A guard for an operation whose client keeps the credential to itself: [`Credential::ambient`].
    ///
    /// ```
    /// # use failfast::AuthGuard;
    /// let guard = AuthGuard::ambient("api.example.com", "api_key");
    /// assert_eq!(guard.credential().to_string(), "api_key");
    /// ```
    pub fn ambient(provider: impl Into<String>, id: impl Into<String>) -> Self {
        AuthGuard::new(Credential::ambient(provider, id))
    }

    /// A guard for an operation with a key of `pool`, the first of which it takes now.
    ///
    /// # Errors
    ///
    /// [`Reason::Exhausted`] if every key is resting or dead: then no request should be sent at all.
    pub fn with_pool(pool: &'a dyn CredentialPool) -> Result<Self, Permanent> {
        match pool.select(&Tried::new(&[])) {
            Some(credential) => {
                let mut guard = AuthGuard::new(credential);
                guard.setup.pool = Some(pool);
                Ok(guard)
            }
            None => {
                let exhausted = CredentialsExhausted::new(pool, Vec::new(), None);
                Err(Permanent::without_credential(exhausted))
            }
        }
    }

    /// Allows one refresh per credential. If `refresher` has replaced the credential already, the
    /// operation starts with the new one.
    pub fn refresher(mut self, refresher: &'a Refresher) -> Self {
        self.setup.refresher = Some(refresher);
        if let Some(fresh) = refresher.replacement_of(&self.ledger.credential) {
            self.ledger.credential = Cow::Owned(fresh);
        }
        self
    }

    /// How failures that are not the credential's fault are waited out. Its limit of time counts from
    /// here.
    pub fn backoff(mut self, backoff: &'a Backoff) -> Self {
        self.setup.backoff = backoff;
        // Setting it again in the middle of an operation gives no time back.
        self.ledger.started = self.ledger.started.or_else(|| backoff.start());
        self
    }

    /// Lets [`retry`](crate::retry) be cancelled. Async code need not: it drops the future.
    pub fn cancel_check(mut self, check: CancelCheck<'a>) -> Self {
        self.setup.cancel_check = Some(check);
        self
    }

    /// Calls `notify` on each decision: to tell the user, in one line, why the answer takes longer.
    pub fn notify(mut self, notify: &'a (dyn Fn(&Event<'_>) + Sync)) -> Self {
        self.setup.notify = Some(notify);
        self
    }

    /// What to build the next request from.
    #[inline]
    pub fn attempt(&self) -> Attempt<'a> {
        let (requests, fresh_connection) = match self.ledger.spent() {
            Some(spent) => (spent.requests, spent.fresh_connection),
            None => (0, false),
        };
        Attempt { credential: self.ledger.credential.clone(), number: requests.saturating_add(1), fresh_connection }
    }

    /// The credential of the next request.
    pub fn credential(&self) -> &Credential {
        &self.ledger.credential
    }

    /// The operation succeeded: clears what the pool held against the key, and ends the guard.
    #[inline]
    pub fn succeeded(self) {
        self.accept();
    }

    /// `succeeded` for those about to drop the guard: to move it once more costs more than all the rest.
    #[inline]
    pub(crate) fn accept(&self) {
        if let Some(pool) = self.setup.pool {
            pool.accepted(&self.ledger.credential);
        }
    }

    /// Reports that the request built from [`attempt`](AuthGuard::attempt) failed, and says what next.
    ///
    /// Report each failed request once. After [`Next::Abort`] the answer is always `Abort`.
    pub fn on_failure(&mut self, failure: &Failure) -> Next {
        let failure = self.ledger.file(failure);
        let next = match self.ledger.ended() {
            Some(reason) => Next::Abort(self.end(&failure, reason)),
            None => self.decide(&failure),
        };
        self.tell_next(&next, &failure);
        next
    }

    /// Reports that a request failed, in a loop that has its own way to wait. `None`: nobody was refused, and the
    /// loop goes on as it would without a guard; nothing of the [`Backoff`] is spent. Else what to do about the
    /// refusal ([`Class::is_refusal`]), and that is never [`Next::Backoff`].
    ///
    /// Report each failed request once, whatever failed. After [`Next::Abort`] the answer is always `Abort`.
    ///
    /// ```
    /// # use failfast::{AuthGuard, Failure, Next};
    /// # use std::time::Duration;
    /// # fn send() -> Result<String, Failure> { Ok("hello".to_owned()) }
    /// fn ask() -> Result<String, Failure> {
    ///     let mut delay = Duration::from_secs(1);
    ///     let mut guard = AuthGuard::ambient("api.example.com", "api_key");
    ///     loop {
    ///         let error = match send() {
    ///             Ok(answer) => return Ok(answer),
    ///             Err(error) => error,
    ///         };
    ///         match guard.on_refusal(&error) {
    ///             Some(Next::Abort(permanent)) => {
    ///                 eprintln!("{}", permanent);
    ///                 return Err(error);
    ///             }
    ///             Some(_) => continue,
    ///             None => {}
    ///         }
    ///         std::thread::sleep(delay);
    ///         delay *= 2;
    ///     }
    /// }
    /// # ask().unwrap();
    /// ```
    pub fn on_refusal<E: Classify + ?Sized>(&mut self, error: &E) -> Option<Next> {
        let failure = error.classify();
        if self.ledger.ended().is_some() || failure.class().is_refusal() {
            return Some(self.on_failure(&failure));
        }
        self.ledger.file(&failure);
        None
    }

    /// The state machine. The arms stand in the order of the picture on the crate page.
    fn decide(&mut self, failure: &Failure) -> Next {
        match failure.class() {
            Class::Transient => self.wait(failure),
            Class::RateLimited => {
                let too_long = self.asks_too_much(failure);
                let first = self.ledger.key().patience.take();
                if too_long || !first {
                    if let Some(next) = self.rotate(failure) {
                        return next;
                    }
                }
                self.wait(failure)
            }
            Class::Auth => {
                if let Some(next) = self.rotate(failure) {
                    return next;
                }
                if self.setup.refresher.is_some() && self.ledger.key().refresh.take() {
                    return Next::Refresh(RefreshTicket { stale: self.credential().clone(), refusal: failure.clone() });
                }
                if self.may_be_a_hiccup() && self.ledger.key().grace.take() {
                    return self.retry_fresh();
                }
                Next::Abort(self.end(failure, Reason::Rejected))
            }
            Class::Revoked => match self.rotate(failure) {
                Some(next) => next,
                None => Next::Abort(self.end(failure, Reason::Rejected)),
            },
            Class::Billing => match self.rotate(failure) {
                Some(next) => next,
                None => Next::Abort(self.end(failure, Reason::NotRetryable)),
            },
            Class::ClockSkew => {
                // The caller has had the chance to correct its clock by the answer's `Date`.
                if self.ledger.key().grace.take() {
                    return self.retry_fresh();
                }
                Next::Abort(self.end(failure, Reason::NotRetryable))
            }
            Class::AuthPermanent | Class::Entitlement | Class::Blocked | Class::ContextOverflow | Class::Fatal => {
                Next::Abort(self.end(failure, Reason::NotRetryable))
            }
        }
    }

    /// Whether a refused key deserves a second look with nothing changed but the connection. Not after a
    /// refresh: the service has refused two secrets by now. Not in a pool of several keys: that one of
    /// them is refused, or one after the other, is no hiccup.
    fn may_be_a_hiccup(&mut self) -> bool {
        let refreshed = self.ledger.key().refresh.is_spent();
        let sole = self.setup.pool.map_or(true, |pool| pool.is_sole(self.credential()));
        sole && !refreshed && !self.ledger.has_rotated()
    }

    fn retry_fresh(&mut self) -> Next {
        self.ledger.spend().fresh_connection = true;
        Next::RetryFresh
    }

    /// The next key of the pool, if there is one. Only then is the one that was sent reported: a last
    /// key may still be refreshed or retried.
    fn rotate(&mut self, failure: &Failure) -> Option<Next> {
        let pool = self.setup.pool?;
        let sent = self.credential().clone();
        let next = self.ledger.rotate(|tried| pool.select(tried))?;
        pool.refused(&sent, failure);
        Some(Next::Rotate(next))
    }

    fn asks_too_much(&self, failure: &Failure) -> bool {
        let ceiling = self.setup.backoff.longest_retry_after();
        failure.retry_after().map_or(false, |asked| asked > ceiling)
    }

    fn wait(&mut self, failure: &Failure) -> Next {
        if self.asks_too_much(failure) {
            return Next::Abort(self.end(failure, Reason::RetryAfterTooLong));
        }
        let delay = match self.ledger.next_delay(self.setup.backoff) {
            Some(delay) => delay,
            None => return Next::Abort(self.end(failure, Reason::OutOfAttempts)),
        };
        // A `Retry-After` of 0 says nothing about how long; keep to the backoff.
        let asked = failure.retry_after().filter(|asked| *asked > Duration::from_secs(0));
        let delay = asked.unwrap_or(delay);
        // Told before the wait, not after it: a sleep that ends in giving up is wasted.
        if self.setup.backoff.ends_too_late(self.ledger.started, delay) {
            return Next::Abort(self.end(failure, Reason::OutOfTime));
        }
        let spent = self.ledger.spend();
        spent.waited = spent.waited.saturating_add(delay);
        Next::Backoff(delay)
    }

    /// Ends the operation, and tells the pool whose fault it was, if it was a key's.
    pub(crate) fn end(&mut self, failure: &Failure, reason: Reason) -> Permanent {
        let first_time = self.ledger.spend().ended.replace(reason).is_none();
        let permanent = Permanent::new(
            failure.clone(),
            reason,
            Some(self.credential().clone()),
            self.ledger.requests(),
            self.ledger.waited(),
        );
        let pool = match self.setup.pool {
            Some(pool) if reason != Reason::Cancelled => pool,
            _ => return permanent,
        };
        let no_key_left = matches!(failure.class(), Class::Auth | Class::Revoked | Class::Billing);
        if first_time && (no_key_left || failure.class() == Class::RateLimited) {
            pool.refused(self.credential(), failure);
            self.ledger.give_up_key();
        }
        if no_key_left {
            let tried = self.ledger.tried_here().to_vec();
            let last = Some(permanent.failure().clone());
            return permanent.with_exhausted(CredentialsExhausted::new(pool, tried, last));
        }
        permanent
    }

    /// Runs the refresher for a ticket of [`Next::Refresh`]. On success the next
    /// [`attempt`](AuthGuard::attempt) carries the new secret.
    ///
    /// The permission was spent when the ticket was issued: dropping this future gives no second one.
    ///
    /// # Errors
    ///
    /// The end of the operation, if the refresh failed or yielded the same secret again.
    pub async fn refresh(&mut self, ticket: RefreshTicket) -> Result<(), Permanent> {
        let outcome = match self.setup.refresher {
            Some(refresher) => refresher.refresh(&ticket.stale).await,
            None => Err(Failure::new(Class::Fatal).with_message("this guard has no refresher")),
        };
        self.refreshed(ticket, outcome)
    }

    /// [`refresh`](AuthGuard::refresh) for code without an executor.
    ///
    /// # Errors
    ///
    /// As [`refresh`](AuthGuard::refresh).
    pub fn refresh_blocking(&mut self, ticket: RefreshTicket) -> Result<(), Permanent> {
        block_on(self.refresh(ticket))
    }

    fn refreshed(&mut self, ticket: RefreshTicket, outcome: Result<Credential, Failure>) -> Result<(), Permanent> {
        let failure = match outcome {
            Ok(fresh) if !fresh.is_same_secret(&ticket.stale) => {
                if let Some(pool) = self.setup.pool {
                    pool.renewed(&fresh);
                }
                self.ledger.credential = Cow::Owned(fresh);
                return Ok(());
            }
            Ok(_) => ticket.refusal.with_context("refresh", "yielded the same secret"),
            Err(failure) => {
                let failure = self.ledger.mask(&failure);
                // A dead refresh token makes the whole credential dead.
                let class = match failure.class() {
                    Class::Revoked => Class::Revoked,
                    _ => ticket.refusal.class(),
                };
                let told = ticket.refusal.with_class(class);
                told.with_context("refresh", failure.to_string())
            }
        };
        let permanent = self.end(&failure, Reason::Rejected);
        self.tell(&Event::GaveUp(&permanent));
        Err(permanent)
    }

    /// Goes on with another provider or account after [`Next::Abort`], with the same guard, so that one
    /// operation never comes back to a credential it has given up on.
    ///
    /// The new credential gets its own refresh and its own fresh-connection retry. A pool is left
    /// behind, and what was spent of the [`Backoff`] stays spent. Answers `false`, and changes nothing,
    /// if the operation knows the credential already.
    #[must_use = "`false` means that the operation has ended"]
    pub fn fail_over(&mut self, to: impl Into<Cow<'a, Credential>>) -> bool {
        let to = to.into();
        if self.ledger.knows(&to) {
            return false;
        }
        self.setup.pool = None;
        self.ledger.fail_over(to);
        true
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.setup.cancel_check.map_or(false, |check| check())
    }

    pub(crate) fn cancel(&mut self, failure: &Failure) -> Permanent {
        let failure = self.ledger.mask(failure);
        let permanent = self.end(&failure, Reason::Cancelled);
        self.tell(&Event::GaveUp(&permanent));
        permanent
    }

    fn tell_next(&self, next: &Next, failure: &Failure) {
        match next {
            Next::Rotate(to) => {
                if let Some(from) = self.ledger.tried_here().last() {
                    self.tell(&Event::Rotated { from, to, failure });
                }
            }
            Next::Refresh(ticket) => self.tell(&Event::Refreshing { stale: &ticket.stale }),
            Next::RetryFresh => self.tell(&Event::RetryingFresh { credential: self.credential(), failure }),
            Next::Backoff(delay) => self.tell(&Event::Waiting { delay: *delay, failure }),
            Next::Abort(permanent) => self.tell(&Event::GaveUp(permanent)),
        }
    }

    fn tell(&self, event: &Event<'_>) {
        trace(event);
        if let Some(notify) = self.setup.notify {
            notify(event);
        }
    }
}

impl fmt::Debug for AuthGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthGuard")
            .field("credential", self.credential())
            .field("requests", &self.ledger.requests())
            .field("waited", &self.ledger.waited())
            .field("ended", &self.ledger.ended())
            .finish_non_exhaustive()
    }
}
