//! A future that many tasks await and whichever of them is awake drives: single-flight without a
//! runtime, and without a leader whose death would end it.

use crate::lock;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};

/// One running computation and all who wait for it.
pub(super) struct Flight<T> {
    stage: Mutex<Stage<T>>,
    passengers: Arc<Passengers>,
}

enum Stage<T> {
    /// Nobody is polling it.
    Parked(Pin<Box<dyn Future<Output = T> + Send>>),
    /// This thread is polling it, outside the lock.
    Polled(ThreadId),
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

    /// Waits for the result; `None` if the computation panicked, or is the one that asks. Dropping it
    /// means leaving the others to it.
    pub(super) fn landing(self: Arc<Self>) -> Landing<T> {
        Landing(self)
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        // Before looking: whatever happens after the look will then wake us.
        self.passengers.register(cx.waker());
        let mut future = {
            let mut stage = lock(&self.stage);
            match mem::replace(&mut *stage, Stage::Polled(thread::current().id())) {
                Stage::Parked(future) => future,
                // The computation asks for its own result, and would wait for it for ever.
                Stage::Polled(by) if by == thread::current().id() => return Poll::Ready(None),
                Stage::Polled(by) => {
                    *stage = Stage::Polled(by);
                    return Poll::Pending;
                }
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

#[cfg(test)]
#[allow(clippy::incompatible_msrv)] // tests run on the current compiler only
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    /// Counts how often a task was woken.
    #[derive(Default)]
    struct Task(AtomicU32);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn task() -> (Arc<Task>, Waker) {
        let task = Arc::new(Task::default());
        (task.clone(), Waker::from(task))
    }

    fn poll<T: Clone>(landing: &mut Landing<T>, waker: &Waker) -> Poll<Option<T>> {
        Pin::new(landing).poll(&mut Context::from_waker(waker))
    }

    /// A future that is pending until the gate is opened.
    #[derive(Clone, Default)]
    struct Gate(Arc<Mutex<(bool, Option<Waker>)>>);

    impl Gate {
        fn open(&self) {
            let mut gate = lock(&self.0);
            gate.0 = true;
            if let Some(waker) = gate.1.take() {
                drop(gate);
                waker.wake();
            }
        }
    }

    impl Future for Gate {
        type Output = &'static str;

        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'static str> {
            let mut gate = lock(&self.0);
            if gate.0 {
                return Poll::Ready("landed");
            }
            gate.1 = Some(cx.waker().clone());
            Poll::Pending
        }
    }

    #[test]
    fn when_the_one_who_polled_first_is_dropped_another_carries_on() {
        let gate = Gate::default();
        let flight = Arc::new(Flight::new(Box::pin(gate.clone())));
        let (mut first, mut second) = (flight.clone().landing(), flight.landing());
        let ((_, waker_1), (task_2, waker_2)) = (task(), task());
        assert!(poll(&mut first, &waker_1).is_pending());
        assert!(poll(&mut second, &waker_2).is_pending());
        drop(first);
        gate.open();
        assert_eq!(task_2.0.load(Ordering::SeqCst), 1);
        assert_eq!(poll(&mut second, &waker_2), Poll::Ready(Some("landed")));
    }

    #[test]
    fn a_wake_during_a_poll_reaches_those_who_found_it_being_polled() {
        // Its poll lets another task look in, wakes, and lets that task look in once more.
        struct Busy(Arc<Mutex<Option<Landing<()>>>>, Waker);
        impl Future for Busy {
            type Output = ();
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
                let look_in = || {
                    let mut other = lock(&self.0);
                    assert!(poll(other.as_mut().unwrap(), &self.1).is_pending());
                };
                let on_another_thread = || thread::scope(|scope| scope.spawn(look_in).join().unwrap());
                on_another_thread();
                cx.waker().wake_by_ref();
                on_another_thread();
                Poll::Pending
            }
        }
        let ((_, waker), (other_task, other_waker)) = (task(), task());
        let other = Arc::new(Mutex::new(None));
        let flight = Arc::new(Flight::new(Box::pin(Busy(other.clone(), other_waker))));
        *lock(&other) = Some(flight.clone().landing());
        assert!(poll(&mut flight.landing(), &waker).is_pending());
        assert_eq!(other_task.0.load(Ordering::SeqCst), 2);
        *lock(&other) = None; // breaks the cycle
    }

    #[test]
    fn when_all_who_wait_are_dropped_so_is_the_computation() {
        let alive = Arc::new(());
        let held = alive.clone();
        let flight = Arc::new(Flight::new(Box::pin(async move {
            let _held = held;
            std::future::pending::<()>().await;
        })));
        let (mut first, second) = (flight.clone().landing(), flight.landing());
        assert!(poll(&mut first, &task().1).is_pending());
        drop(first);
        assert_eq!(Arc::strong_count(&alive), 2);
        drop(second);
        assert_eq!(Arc::strong_count(&alive), 1);
    }

    #[test]
    fn who_comes_after_the_landing_gets_the_same_result() {
        let gate = Gate::default();
        gate.open();
        let flight = Arc::new(Flight::new(Box::pin(gate)));
        let waker = task().1;
        assert_eq!(poll(&mut flight.clone().landing(), &waker), Poll::Ready(Some("landed")));
        assert!(flight.has_landed());
        assert_eq!(poll(&mut flight.landing(), &waker), Poll::Ready(Some("landed")));
    }
}
