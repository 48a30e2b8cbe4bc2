//! An operation that succeeds at once allocates nothing: not in `retry`, not in `retry_async`, not with a
//! pool, not with a refresher that has nothing to do.
//!
//! One test in a file of its own, since the counter counts for the whole process.

use failfast::{AuthGuard, Backoff, Credential, Failure, KeyRing, Refresher, retry, retry_async};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u32> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations_of<T>(work: impl FnOnce() -> T) -> u32 {
    let before = ALLOCATIONS.get();
    let result = work();
    let allocations = ALLOCATIONS.get() - before;
    drop(result);
    allocations
}

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("nothing waits on the success path"),
    }
}

async fn timer(_: Duration) {}

#[test]
fn success_allocates_nothing() {
    let key = Credential::new("acme", "ACME_KEY", "sk-0123456789abcdef");
    let ring = KeyRing::new("acme", [("A", "sk-0123456789abcdef"), ("B", "sk-fedcba9876543210")]);
    let backoff = Backoff::default().max_elapsed(Duration::from_secs(60));
    let guard = || AuthGuard::new(&key).backoff(&backoff);

    assert_eq!(allocations_of(|| retry(guard(), |attempt| Ok::<_, Failure>(attempt.secret().len()))), 0);
    let operation = || retry_async(guard(), timer, |attempt| async move { Ok::<_, Failure>(attempt.secret().len()) });
    assert_eq!(allocations_of(|| now(operation())), 0);
    let pooled = || retry(AuthGuard::with_pool(&ring)?, |attempt| Ok::<_, Failure>(attempt.secret().len()));
    assert_eq!(allocations_of(pooled), 0);

    // The counter does count: a failure is allowed to allocate, and does.
    let mut failed = false;
    let recovered = || {
        retry(guard(), |_| match std::mem::replace(&mut failed, true) {
            false => Err(Failure::from_http(401, &[], "")),
            true => Ok(()),
        })
    };
    assert_ne!(allocations_of(recovered), 0);

    let refresher = Refresher::blocking(|_: &Credential| Ok::<_, Failure>("sk-new-0123456789".to_owned()));
    let refreshable = || retry(guard().refresher(&refresher), |_| Ok::<_, Failure>(()));
    assert_eq!(allocations_of(refreshable), 0);
}
