//! Feature `tower`: the state machine as a `tower::retry::Policy`.
//!
//! There is no refresh here: a tower policy cannot stop once its future has begun, so it could not keep
//! a failed refresh from being followed by another request with the stale token. Refresh in
//! [`retry_async`](crate::retry_async), around the service.

use crate::guard::Setup;
use crate::ledger::Ledger;
use crate::{AuthGuard, Backoff, Credential, CredentialPool, Failure, Next, Permanent};
use ::tower::retry::Policy;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A request and the key it is to be sent with. The inner service puts the key on the wire, so that the
/// policy rotates, and reports, the one that was really sent.
#[derive(Clone)]
pub struct Authenticated<R> {
    /// The key to send.
    pub credential: Credential,
    /// Whether to use a new connection.
    pub fresh_connection: bool,
    /// The request itself.
    pub request: R,
}

impl<R> Authenticated<R> {
    /// `request`, to be sent with `credential` on any connection.
    pub fn new(credential: Credential, request: R) -> Self {
        Authenticated { credential, fresh_connection: false, request }
    }
}

impl<R> fmt::Debug for Authenticated<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the request: it may hold anything.
        f.debug_struct("Authenticated")
            .field("credential", &self.credential)
            .field("fresh_connection", &self.fresh_connection)
            .finish_non_exhaustive()
    }
}

/// A retry policy that treats each request as one operation of an [`AuthGuard`].
///
/// `judge` says whether a result is a failure, and of what kind; `sleep` is the runtime's timer. The
/// service's error must be able to hold a [`Permanent`], as tower's `BoxError` is.
///
/// tower clones the policy for each request, and a clone starts afresh: the policy in a layer holds no
/// state, the one beside a request in flight cannot be reached.
///
/// ```
/// # use failfast::{Class, Failure};
/// # use failfast::tower::{AuthPolicy, Authenticated};
/// # use tower::{BoxError, ServiceBuilder};
/// # mod tokio { pub mod time { pub async fn sleep(_: std::time::Duration) {} } }
/// // The service here answers with a bare status.
/// let judge = |result: &Result<u16, BoxError>| match result {
///     Ok(200..=299) => None,
///     Ok(status) => Some(Failure::from_http(*status, &[], "")),
///     Err(error) => Some(Failure::new(Class::Transient).with_message(error.to_string())),
/// };
/// let service = ServiceBuilder::new()
///     .retry(AuthPolicy::new(judge, tokio::time::sleep))
///     .service_fn(|sent: Authenticated<&'static str>| async move {
///         let _header = sent.credential.expose_secret(); // the service puts the key on the wire
///         Ok::<_, BoxError>(200)
///     });
/// ```
pub struct AuthPolicy<J, S> {
    settings: Arc<Settings<J, S>>,
    ledger: Option<Ledger<'static>>,
    started: Option<Instant>,
}

struct Settings<J, S> {
    judge: J,
    sleep: S,
    pool: Option<Arc<dyn CredentialPool>>,
    backoff: Backoff,
}

impl<J, S> AuthPolicy<J, S> {
    /// A policy without a pool and with the default [`Backoff`].
    pub fn new(judge: J, sleep: S) -> Self {
        AuthPolicy {
            settings: Arc::new(Settings { judge, sleep, pool: None, backoff: Backoff::default() }),
            ledger: None,
            started: None,
        }
    }

    /// Rotates among the keys of `pool`. Take the first key of a request from the same pool: a request with
    /// another provider's key is left to that key.
    pub fn pool(self, pool: Arc<dyn CredentialPool>) -> Self {
        self.with(|settings| settings.pool = Some(pool))
    }

    /// How failures that are not the credential's fault are waited out.
    pub fn backoff(self, backoff: Backoff) -> Self {
        self.with(|settings| settings.backoff = backoff)
    }

    fn with(mut self, change: impl FnOnce(&mut Settings<J, S>)) -> Self {
        // A policy is set up before it is shared; one that is shared already stays as it is.
        if let Some(settings) = Arc::get_mut(&mut self.settings) {
            change(settings);
        }
        self
    }
}

/// Starts afresh: a clone is for another request.
impl<J, S> Clone for AuthPolicy<J, S> {
    fn clone(&self) -> Self {
        AuthPolicy { settings: self.settings.clone(), ledger: None, started: self.settings.backoff.start() }
    }
}

impl<J, S> fmt::Debug for AuthPolicy<J, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthPolicy").finish_non_exhaustive()
    }
}

impl<J, S, R, Res, E, Nap> Policy<Authenticated<R>, Res, E> for AuthPolicy<J, S>
where
    R: Clone,
    E: From<Permanent>,
    J: Fn(&Result<Res, E>) -> Option<Failure>,
    S: Fn(Duration) -> Nap,
    Nap: Future<Output = ()> + Send + 'static,
{
    type Future = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn retry(&mut self, request: &mut Authenticated<R>, result: &mut Result<Res, E>) -> Option<Self::Future> {
        let settings = &*self.settings;
        // To another provider's service none of the pool's keys must ever be sent.
        let pool = settings.pool.as_deref().filter(|pool| pool.provider() == request.credential.provider());
        let failure = match (settings.judge)(result) {
            Some(failure) => failure,
            None => {
                if let Some(pool) = pool {
                    pool.accepted(&request.credential);
                }
                return None;
            }
        };
        let ledger = self.ledger.take().unwrap_or_else(|| {
            let mut ledger = Ledger::new(Cow::Owned(request.credential.clone()));
            ledger.started = self.started;
            ledger
        });
        let mut guard = AuthGuard { setup: Setup { pool, backoff: &settings.backoff, ..Setup::default() }, ledger };
        let next = guard.on_failure(&failure);
        request.credential = guard.credential().clone();
        request.fresh_connection = guard.attempt().fresh_connection();
        self.ledger = Some(guard.ledger.into_owned());
        match next {
            Next::Rotate(_) | Next::RetryFresh => Some(Box::pin(std::future::ready(()))),
            Next::Backoff(delay) => Some(Box::pin((settings.sleep)(delay))),
            Next::Abort(permanent) => {
                *result = Err(E::from(permanent));
                None
            }
            // Without a refresher the guard issues no ticket.
            Next::Refresh(_) => None,
        }
    }

    fn clone_request(&mut self, request: &Authenticated<R>) -> Option<Authenticated<R>> {
        Some(request.clone())
    }
}
