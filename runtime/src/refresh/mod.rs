//! Renewing a stale secret once, however many operations notice at the same moment that it is stale.

mod block_on;
mod flight;

pub(crate) use block_on::block_on;

use crate::{lock, Class, Classify, Credential, Failure};
use flight::Flight;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};

type Renewal = Pin<Box<dyn Future<Output = Result<Credential, Failure>> + Send>>;
type Renew = dyn Fn(Credential) -> Renewal + Send + Sync;

/// Turns a stale credential into a fresh one, and does so once for all who ask at the same time.
///
/// Share one `Refresher` between all operations of a process, as one would a connection pool:
///
/// - Calls for the same credential while a refresh runs join it and get its result.
/// - A call with the secret that the last refresh replaced gets the new one at once.
/// - A refresh token that turned out to be dead ([`Class::Revoked`]) is not sent again.
/// - The running refresh belongs to all who wait for it: if the task that began it is dropped, another
///   one carries on. A single-use refresh token is therefore sent once. If all are dropped, so is it.
///
/// No lock is held while the given function runs. It must not ask the same refresher for the same credential:
/// that is an error, as it would wait for itself.
///
/// ```
/// use failfast::{AuthGuard, Class, Credential, Failure, Refresher};
///
/// let refresher = Refresher::blocking(|stale: &Credential| {
///     assert_eq!(stale.id(), "login");
///     Ok::<_, Failure>("token-2".to_owned()) // ask the token endpoint here
/// });
/// let token = Credential::new("example", "login", "token-1");
///
/// let answer = failfast::retry(AuthGuard::new(&token).refresher(&refresher), |attempt| {
///     match attempt.secret() {
///         "token-2" => Ok("hello"),
///         _ => Err(Failure::from_http(401, &[], "token expired")),
///     }
/// })?;
/// assert_eq!(answer, "hello");
/// # Ok::<(), failfast::Permanent>(())
/// ```
pub struct Refresher {
    renew: Arc<Renew>,
    /// Shared with the running refreshes, which write their result here before anyone sees it.
    slots: Arc<Mutex<Vec<Slot>>>,
}

/// One entry that has been refreshed. There are few, so they are searched one by one: to look one up on
/// the way to success must not allocate a key for a map.
struct Slot {
    entry: Credential,
    last: Option<Finished>,
    /// Kept alive by those who wait for it.
    running: Weak<Flight<Result<Credential, Failure>>>,
}

struct Finished {
    stale: Credential,
    outcome: Result<Credential, Failure>,
}

impl Refresher {
    /// A refresher around an async function that takes the stale credential and yields a new secret.
    ///
    /// Use [`Classify`] to tell a dead refresh token ([`Class::Revoked`], see
    /// [`classify::oauth`](crate::classify::oauth)) from a token endpoint that is merely down.
    pub fn new<F, Fut, E>(renew: F) -> Self
    where
        F: Fn(Credential) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, E>> + Send + 'static,
        E: Classify + Error + Send + Sync + 'static,
    {
        Refresher {
            renew: Arc::new(move |stale| {
                let answer = renew(stale.clone());
                Box::pin(async move {
                    match answer.await {
                        Ok(secret) => Ok(stale.renewed(secret)),
                        Err(error) => Err(error.into_failure()),
                    }
                })
            }),
            slots: Arc::default(),
        }
    }

    /// A refresher around a blocking function, for use with [`retry`](crate::retry).
    ///
    /// In async code it blocks the thread that polls; prefer [`new`](Refresher::new) there.
    pub fn blocking<F, E>(renew: F) -> Self
    where
        F: Fn(&Credential) -> Result<String, E> + Send + Sync + 'static,
        E: Classify + Error + Send + Sync + 'static,
    {
        Refresher::new(move |stale| std::future::ready(renew(&stale)))
    }

    /// A fresh credential in place of `stale`. Dropping the future leaves the refresh to the others who
    /// wait for it.
    ///
    /// # Errors
    ///
    /// What the given function answered, or [`Class::Fatal`] if it panicked or asked this refresher for the same
    /// credential.
    pub async fn refresh(&self, stale: &Credential) -> Result<Credential, Failure> {
        let flight = match self.join(stale) {
            Join::Finished(outcome) => return outcome,
            Join::Running(flight) => flight,
        };
        flight
            .landing()
            .await
            .unwrap_or_else(|| Err(Failure::new(Class::Fatal).with_message("the refresher panicked or asked itself")))
    }

    /// [`refresh`](Refresher::refresh) for code without an executor: parks the thread until it is done.
    ///
    /// # Errors
    ///
    /// As [`refresh`](Refresher::refresh).
    pub fn refresh_blocking(&self, stale: &Credential) -> Result<Credential, Failure> {
        block_on(self.refresh(stale))
    }

    /// The credential that has replaced `credential` already, if one has.
    pub(crate) fn replacement_of(&self, credential: &Credential) -> Option<Credential> {
        find(&mut lock(&self.slots), credential)?.known(credential)?.ok()
    }

    fn join(&self, stale: &Credential) -> Join {
        let mut slots = lock(&self.slots);
        let index = slots.iter().position(|slot| slot.entry.is_same_entry(stale)).unwrap_or_else(|| {
            slots.push(Slot { entry: stale.clone(), last: None, running: Weak::new() });
            slots.len() - 1
        });
        let slot = &mut slots[index];
        if let Some(outcome) = slot.known(stale) {
            return Join::Finished(outcome);
        }
        if let Some(flight) = slot.running.upgrade() {
            if !flight.has_landed() {
                return Join::Running(flight);
            }
        }
        let flight = Arc::new(Flight::new(self.depart(stale.clone())));
        slot.running = Arc::downgrade(&flight);
        Join::Running(flight)
    }

    /// The refresh itself. It calls the user's function when first polled, which is after `join` has
    /// released the lock, and files the result before the flight lands: whoever comes later finds it.
    fn depart(&self, stale: Credential) -> Renewal {
        let renew = self.renew.clone();
        let slots = self.slots.clone();
        Box::pin(async move {
            let outcome = renew(stale.clone()).await;
            if let Some(slot) = find(&mut lock(&slots), &stale) {
                slot.last = Some(Finished { stale, outcome: outcome.clone() });
            }
            outcome
        })
    }
}

enum Join {
    Finished(Result<Credential, Failure>),
    Running(Arc<Flight<Result<Credential, Failure>>>),
}

impl Slot {
    /// The outcome of the last refresh, if it was of this very secret and asking again is pointless:
    /// because it has been replaced, or because it can never be.
    fn known(&self, stale: &Credential) -> Option<Result<Credential, Failure>> {
        let last = self.last.as_ref()?;
        if !last.stale.is_same_secret(stale) {
            return None;
        }
        match &last.outcome {
            Ok(fresh) if fresh.is_same_secret(stale) => None,
            Err(failure) if failure.class() != Class::Revoked => None,
            outcome => Some(outcome.clone()),
        }
    }
}

fn find<'s>(slots: &'s mut [Slot], credential: &Credential) -> Option<&'s mut Slot> {
    slots.iter_mut().find(|slot| slot.entry.is_same_entry(credential))
}

impl fmt::Debug for Refresher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresher").finish_non_exhaustive()
    }
}
