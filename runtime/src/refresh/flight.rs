//! A future that many tasks await and whichever of them is awake drives: single-flight without a
//! runtime, and without a leader whose death would end it.

use crate::lock;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// One running computation and all who wait for it.
pub(super) struct Flight<T> {
    stage: Mutex<Stage<T>>,
    passengers: Arc<Passengers>,
}

enum Stage<T> {
    /// Nobody is polling it.
    Parked(Pin<Box<dyn Future<Output = T> + Send>>),
    /// Someone is polling it, outside the lock.
    Polled,
    Landed(T),
    /// It panicked.
    Crashed,
}

/// The wakers of all who wait. It is also the waker the computation sees: it wakes everyone, since
/// whoever polled last may be gone.
#[derive(Default)]
struct Passengers {
    wakers: Mutex<Vec<Waker>>,
    /// Woken since the last poll began. Those woken *during* a poll found it `Polled` and went back to
    /// sleep, so the one who polls must wake them again.
    woken: AtomicBool,
}

impl Passengers {
    fn register(&self, waker: &Waker) {
        let mut wakers = lock(&self.wakers);
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }

    fn wake_all(&self) {
        // Out of the lock first: a waker is foreign code.
        let wakers = mem::take(&mut *lock(&self.wakers));
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Wake for Passengers {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.wake_all();
    }
}

impl<T: Clone> Flight<T> {
    pub(super) fn new(future: Pin<Box<dyn Future<Output = T> + Send>>) -> Self {
        Flight { stage: Mutex::new(Stage::Parked(future)), passengers: Arc::default() }
    }

    pub(super) fn has_landed(&self) -> bool {
        matches!(*lock(&self.stage), Stage::Landed(_) | Stage::Crashed)
    }

    /// Waits for the result; `None` if the computation panicked. Dropping it means leaving the others
    /// to it.
    pub(super) fn landing(self: Arc<Self>) -> Landing<T> {
        Landing(self)
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        // Before looking: whatever happens after the look will then wake us.
        self.passengers.register(cx.waker());
        let mut future = {
            let mut stage = lock(&self.stage);
            match mem::replace(&mut *stage, Stage::Polled) {
                Stage::Parked(future) => future,
                Stage::Polled => return Poll::Pending,
                Stage::Landed(result) => {
                    *stage = Stage::Landed(result.clone());
                    return Poll::Ready(Some(result));
                }
                Stage::Crashed => {
                    *stage = Stage::Crashed;
                    return Poll::Ready(None);
                }
            }
        };
        let on_panic = OnPanic(self);
        self.passengers.woken.store(false, Ordering::SeqCst);
        let waker = Waker::from(self.passengers.clone());
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        mem::forget(on_panic);
        match polled {
            Poll::Ready(result) => {
                *lock(&self.stage) = Stage::Landed(result.clone());
                self.passengers.wake_all();
                Poll::Ready(Some(result))
            }
            Poll::Pending => {
                *lock(&self.stage) = Stage::Parked(future);
                if self.passengers.woken.load(Ordering::SeqCst) {
                    self.passengers.wake_all();
                }
                Poll::Pending
            }
        }
    }
}

/// Dropped only if the poll panics: nobody must wait for ever for a future that is gone.
struct OnPanic<'f, T>(&'f Flight<T>);

impl<T> Drop for OnPanic<'_, T> {
    fn drop(&mut self) {
        *lock(&self.0.stage) = Stage::Crashed;
        self.0.passengers.wake_all();
    }
}

pub(super) struct Landing<T>(Arc<Flight<T>>);

impl<T: Clone> Future for Landing<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll(cx)
    }
}
