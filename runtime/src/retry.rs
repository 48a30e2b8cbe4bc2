//! The whole machine in one call, for sync and for async code.

use crate::{Attempt, AuthGuard, Classify, Failure, Next, Permanent};
use std::error::Error;
use std::future::Future;
use std::thread;
use std::time::Duration;

/// A cancelled wait ends within this time.
const LONGEST_NAP: Duration = Duration::from_millis(100);

/// Runs `op` until it succeeds or `guard` says that it cannot; waits with [`std::thread::sleep`].
///
/// `op` must answer a refused request with `Err`: a response of status 401 inside `Ok` is a success to
/// this function. It gets a new [`Attempt`] each time and must build its request from it.
///
/// ```
/// use failfast::{retry, AuthGuard, Credential, Failure};
/// # fn send(secret: &str) -> std::io::Result<(u16, String)> { Ok((200, format!("with {}", secret.len()))) }
///
/// let key = Credential::new("example", "EXAMPLE_KEY", "sk-0123456789abcdef");
/// let body = retry(AuthGuard::new(&key), |attempt| {
///     let (status, body) = send(attempt.secret()).map_err(failfast::Classify::into_failure)?;
///     match status {
///         200 => Ok(body),
///         _ => Err(Failure::from_http(status, &[], &body).with_model("small")),
///     }
/// })?;
/// assert_eq!(body, "with 19");
/// # Ok::<(), failfast::Permanent>(())
/// ```
///
/// # Errors
///
/// [`Permanent`], with the last failure and its source.
#[inline]
pub fn retry<'a, T, E>(guard: AuthGuard<'a>, op: impl FnMut(Attempt<'a>) -> Result<T, E>) -> Result<T, Permanent>
where
    E: Classify + Error + Send + Sync + 'static,
{
    retry_with(guard, thread::sleep, op)
}

/// [`retry`] with another way to wait: a test's, which only adds up what it is told.
///
/// With a [`CancelCheck`](crate::CancelCheck) waits are cut in slices of at most 100 ms.
///
/// # Errors
///
/// As [`retry`].
#[inline]
pub fn retry_with<'a, T, E>(
    mut guard: AuthGuard<'a>,
    mut sleep: impl FnMut(Duration),
    mut op: impl FnMut(Attempt<'a>) -> Result<T, E>,
) -> Result<T, Permanent>
where
    E: Classify + Error + Send + Sync + 'static,
{
    loop {
        match op(guard.attempt()) {
            Ok(value) => {
                guard.accept();
                return Ok(value);
            }
            Err(error) => prepare(&mut guard, &mut sleep, error.into_failure())?,
        }
    }
}

/// All between a failure and the next request. Out of line: the way to success stays short.
#[cold]
#[inline(never)]
fn prepare(guard: &mut AuthGuard<'_>, sleep: &mut dyn FnMut(Duration), failure: Failure) -> Result<(), Permanent> {
    match guard.on_failure(&failure) {
        Next::Abort(permanent) => return Err(permanent),
        _ if guard.is_cancelled() => return Err(guard.cancel(&failure)),
        Next::Rotate(_) | Next::RetryFresh => {}
        Next::Refresh(ticket) => guard.refresh_blocking(ticket)?,
        Next::Backoff(delay) => pause(guard, sleep, delay),
    }
    // The wait or the refresh may have taken long.
    if guard.is_cancelled() {
        return Err(guard.cancel(&failure));
    }
    Ok(())
}

fn pause(guard: &AuthGuard<'_>, sleep: &mut dyn FnMut(Duration), delay: Duration) {
    if guard.setup.cancel_check.is_none() {
        return sleep(delay);
    }
    let mut left = delay;
    while left > Duration::from_secs(0) && !guard.is_cancelled() {
        let nap = left.min(LONGEST_NAP);
        sleep(nap);
        left -= nap;
    }
}

/// [`retry`] for async code. `sleep` is the runtime's timer, `tokio::time::sleep` for one; nothing here
/// depends on a runtime. Drop the future to cancel.
///
/// ```
/// use failfast::{retry_async, AuthGuard, Credential, Failure};
/// # use std::{future::{ready, Future}, task::{Context, Poll, Wake, Waker}, sync::Arc, time::Duration};
/// # async fn send(secret: &str) -> (u16, String) { (200, format!("with {}", secret.len())) }
/// # async fn timer(_: Duration) {}
/// # struct Idle; impl Wake for Idle { fn wake(self: Arc<Self>) {} }
/// # fn run<F: Future>(future: F) -> F::Output {
/// #     let waker = Waker::from(Arc::new(Idle));
/// #     match Box::pin(future).as_mut().poll(&mut Context::from_waker(&waker)) {
/// #         Poll::Ready(output) => output, Poll::Pending => panic!("nothing here waits") }
/// # }
///
/// # run(async {
/// let key = Credential::new("example", "EXAMPLE_KEY", "sk-0123456789abcdef");
/// let body = retry_async(AuthGuard::new(&key), timer, |attempt| async move {
///     let (status, body) = send(attempt.secret()).await;
///     match status {
///         200 => Ok(body),
///         _ => Err(Failure::from_http(status, &[], &body)),
///     }
/// })
/// .await?;
/// assert_eq!(body, "with 19");
/// # Ok::<(), failfast::Permanent>(())
/// # }).unwrap();
/// ```
///
/// # Errors
///
/// As [`retry`].
pub async fn retry_async<'a, T, E, Op, Answer, Sleep, Nap>(
    mut guard: AuthGuard<'a>,
    mut sleep: Sleep,
    mut op: Op,
) -> Result<T, Permanent>
where
    Op: FnMut(Attempt<'a>) -> Answer,
    Answer: Future<Output = Result<T, E>>,
    E: Classify + Error + Send + Sync + 'static,
    Sleep: FnMut(Duration) -> Nap,
    Nap: Future,
{
    loop {
        let failure = match op(guard.attempt()).await {
            Ok(value) => {
                guard.accept();
                return Ok(value);
            }
            Err(error) => error.into_failure(),
        };
        match guard.on_failure(&failure) {
            Next::Abort(permanent) => return Err(permanent),
            _ if guard.is_cancelled() => return Err(guard.cancel(&failure)),
            Next::Rotate(_) | Next::RetryFresh => {}
            Next::Refresh(ticket) => guard.refresh(ticket).await?,
            Next::Backoff(delay) => drop(sleep(delay).await),
        }
        if guard.is_cancelled() {
            return Err(guard.cancel(&failure));
        }
    }
}
