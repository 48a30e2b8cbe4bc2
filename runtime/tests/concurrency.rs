//! Many operations at once: rotation races and single-flight refreshes, on plain threads.

#![allow(clippy::incompatible_msrv, reason = "tests run on the current compiler only")]

mod support;

use failfast::{
    retry, retry_async, retry_with, AuthGuard, Class, Clock, Credential, Failure, KeyRing, KeyState, Reason, Refresher,
    Strategy,
};
use std::collections::HashMap;
use std::future::Future;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};
use support::failure;

const TASKS: usize = 64;

/// Runs `operation` on 64 threads that all start at the same moment.
fn at_once<T: Send>(operation: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(TASKS);
    thread::scope(|threads| {
        let task = |n| {
            let (start, operation) = (&start, &operation);
            threads.spawn(move || {
                start.wait();
                operation(n)
            })
        };
        let tasks: Vec<_> = (0..TASKS).map(task).collect();
        tasks.into_iter().map(|task| task.join().unwrap()).collect()
    })
}

#[test]
fn sixty_four_tasks_racing_through_a_pool_send_each_dead_key_at_most_once_each() {
    for strategy in [Strategy::FillFirst, Strategy::RoundRobin, Strategy::Random(5), Strategy::LeastUsed] {
        let keys = (0..8).map(|n| (format!("KEY_{n}"), format!("secret-number-{n}")));
        // Time stands still: a key that one task marks stays marked for all.
        let stopped = Instant::now();
        let ring = KeyRing::new("acme", keys).strategy(strategy).clock(Clock::from_fn(move || stopped));
        let outcomes = at_once(|_| {
            let mut sent: HashMap<String, u32> = HashMap::new();
            let guard = match AuthGuard::with_pool(&ring) {
                Ok(guard) => guard,
                Err(end) => return (sent, Err(end)),
            };
            let outcome = retry_with(
                guard,
                |_| panic!("slept on an auth failure"),
                |attempt| {
                    *sent.entry(attempt.credential().id().to_owned()).or_default() += 1;
                    thread::yield_now();
                    match attempt.credential().id() {
                        "KEY_7" => Ok(()),
                        _ => Err(failure(Class::Auth)),
                    }
                },
            );
            (sent, outcome)
        });
        for (sent, outcome) in outcomes {
            assert!(sent.values().all(|&count| count == 1), "{strategy:?} {sent:?}");
            assert!(outcome.is_ok(), "{strategy:?} {outcome:?}");
        }
        let states = ring.states();
        assert_eq!(states[7].1, KeyState::Ready);
    }
}

#[test]
fn sixty_four_tasks_in_a_dead_pool_all_come_to_the_typed_end() {
    let ring = KeyRing::new("acme", (0..8).map(|n| (format!("KEY_{n}"), format!("secret-number-{n}"))));
    let requests = AtomicU32::new(0);
    let ends = at_once(|_| {
        let guard = AuthGuard::with_pool(&ring)?;
        retry_with(
            guard,
            |_| panic!("slept on an auth failure"),
            |_| -> Result<(), Failure> {
                requests.fetch_add(1, Ordering::SeqCst);
                Err(failure(Class::Auth))
            },
        )
    });
    for end in ends {
        let end = end.unwrap_err();
        assert_eq!(end.reason(), Reason::Exhausted);
        let mut tried: Vec<&str> = end.exhausted().unwrap().tried().iter().map(Credential::id).collect();
        assert_eq!(tried.len() as u32, end.requests(), "a dead key was sent twice");
        tried.sort_unstable();
        tried.dedup();
        assert_eq!(tried.len(), end.exhausted().unwrap().tried().len());
    }
    assert!(requests.into_inner() as usize <= TASKS * 8);
}

#[test]
fn sixty_four_tasks_with_one_stale_token_refresh_it_once() {
    let (refreshes, requests) = (Arc::new(AtomicU32::new(0)), AtomicU32::new(0));
    let counter = refreshes.clone();
    let refresher = Refresher::blocking(move |_: &Credential| {
        counter.fetch_add(1, Ordering::SeqCst);
        // Let the others catch up with the one who runs this.
        (0..100).for_each(|_| thread::yield_now());
        Ok::<_, Failure>("fresh-secret".to_owned())
    });
    let stale = Credential::new("acme", "LOGIN", "stale-secret");
    let operation = |_| {
        retry(AuthGuard::new(&stale).refresher(&refresher), |attempt| {
            requests.fetch_add(1, Ordering::SeqCst);
            match attempt.secret() {
                "fresh-secret" => Ok(()),
                _ => Err(failure(Class::Auth)),
            }
        })
    };
    for outcome in at_once(operation) {
        outcome.unwrap();
    }
    assert_eq!(refreshes.load(Ordering::SeqCst), 1);
    assert!(requests.load(Ordering::SeqCst) as usize <= 2 * TASKS);

    // Whoever starts now starts with the fresh secret.
    requests.store(0, Ordering::SeqCst);
    operation(0).unwrap();
    assert_eq!((requests.load(Ordering::SeqCst), refreshes.load(Ordering::SeqCst)), (1, 1));
}

#[test]
fn a_refresh_token_that_is_dead_is_sent_once() {
    let refreshes = Arc::new(AtomicU32::new(0));
    let counter = refreshes.clone();
    let refresher = Refresher::blocking(move |_: &Credential| -> Result<String, Failure> {
        counter.fetch_add(1, Ordering::SeqCst);
        Err(Failure::from_http(400, &[], r#"{"error":"invalid_grant"}"#))
    });
    let stale = Credential::new("acme", "LOGIN", "stale-secret");
    let ends = at_once(|_| {
        retry(AuthGuard::new(&stale).refresher(&refresher), |_| -> Result<(), Failure> { Err(failure(Class::Auth)) })
    });
    for end in ends {
        let end = end.unwrap_err();
        assert_eq!((end.reason(), end.requests()), (Reason::Rejected, 1));
    }
    assert_eq!(refreshes.load(Ordering::SeqCst), 1);
}

#[test]
fn a_refresh_that_failed_for_now_is_tried_again_by_the_next_operation() {
    for outcome in [Err(Class::Transient), Ok("stale-secret")] {
        let refreshes = Arc::new(AtomicU32::new(0));
        let counter = refreshes.clone();
        let refresher = Refresher::blocking(move |_: &Credential| {
            counter.fetch_add(1, Ordering::SeqCst);
            outcome.map(str::to_owned).map_err(Failure::new)
        });
        let stale = Credential::new("acme", "LOGIN", "stale-secret");
        for operation in 1..=3 {
            let guard = AuthGuard::new(&stale).refresher(&refresher);
            retry(guard, |_| -> Result<(), Failure> { Err(failure(Class::Auth)) }).unwrap_err();
            assert_eq!(refreshes.load(Ordering::SeqCst), operation, "{outcome:?}");
        }
    }
}

#[test]
fn a_refresher_that_panics_hangs_nobody() {
    let refresher = Refresher::blocking(|_: &Credential| -> Result<String, Failure> {
        (0..100).for_each(|_| thread::yield_now());
        panic!("a bug in the application")
    });
    let stale = Credential::new("acme", "LOGIN", "stale-secret");
    let outcomes = at_once(|_| catch_unwind(AssertUnwindSafe(|| refresher.refresh_blocking(&stale))));
    let mut survivors = 0;
    for outcome in outcomes {
        match outcome {
            Ok(refreshed) => {
                assert_eq!(refreshed.unwrap_err().message(), "the refresher panicked or asked itself");
                survivors += 1;
            }
            Err(panic) => assert_eq!(panic.downcast_ref(), Some(&"a bug in the application")),
        }
    }
    assert!(survivors < TASKS);
}

#[test]
fn different_credentials_do_not_wait_for_each_other() {
    // Each refresh ends only when the other one runs too.
    let meeting = Arc::new(Barrier::new(2));
    let refresher = Refresher::blocking(move |stale: &Credential| {
        meeting.wait();
        Ok::<_, Failure>(format!("fresh {}", stale.id()))
    });
    let refresh = |id: &str| refresher.refresh_blocking(&Credential::new("acme", id, "stale")).unwrap();
    thread::scope(|threads| {
        let a = threads.spawn(|| refresh("A"));
        assert_eq!(refresh("B").expose_secret(), "fresh B");
        assert_eq!(a.join().unwrap().expose_secret(), "fresh A");
    });
}

#[test]
fn a_cancelled_wait_ends_within_one_slice() {
    let slept = Mutex::new(Duration::ZERO);
    let stop = || *slept.lock().unwrap() >= Duration::from_secs(1);
    let key = Credential::new("acme", "KEY", "secret-number-0");
    let end = retry_with(
        AuthGuard::new(&key).cancel_check(&stop),
        |nap| *slept.lock().unwrap() += nap,
        |_| -> Result<(), Failure> {
            Err(failure(Class::RateLimited).with_retry_after(Duration::from_secs(60)).with_model("m-1"))
        },
    )
    .unwrap_err();
    assert_eq!((end.reason(), end.requests(), end.model()), (Reason::Cancelled, 1, Some("m-1")));
    assert_eq!(slept.into_inner().unwrap(), Duration::from_secs(1));
}

#[test]
fn a_wait_that_is_not_cancelled_has_its_full_length_in_short_slices() {
    let mut naps = Vec::new();
    let mut failed = false;
    let key = Credential::new("acme", "KEY", "secret-number-0");
    retry_with(
        AuthGuard::new(&key).cancel_check(&|| false),
        |nap| naps.push(nap),
        |_| match std::mem::replace(&mut failed, true) {
            false => Err(failure(Class::RateLimited).with_retry_after(Duration::from_millis(1050))),
            true => Ok(()),
        },
    )
    .unwrap();
    assert_eq!(naps.iter().sum::<Duration>(), Duration::from_millis(1050));
    assert_eq!((naps.len(), naps.iter().max()), (11, Some(&Duration::from_millis(100))));
}

#[test]
fn an_async_operation_minds_the_check_too() {
    let mut requests = 0;
    let key = Credential::new("acme", "KEY", "secret-number-0");
    for (stop, expected) in [(true, Reason::Cancelled), (false, Reason::Rejected)] {
        let check = move || stop;
        let operation = retry_async(
            AuthGuard::new(&key).cancel_check(&check),
            |_| std::future::ready(()),
            |_| {
                requests += 1;
                std::future::ready(Err::<(), _>(failure(Class::Auth)))
            },
        );
        let mut cx = Context::from_waker(Waker::noop());
        let polled = pin!(operation).poll(&mut cx);
        match polled {
            Poll::Ready(end) => assert_eq!(end.unwrap_err().reason(), expected),
            Poll::Pending => panic!("nothing here waits"),
        }
    }
    assert_eq!(requests, 1 + 2);
}

#[test]
fn a_cancelled_operation_does_not_retry_refresh_or_blame() {
    let refresher = Refresher::blocking(|_: &Credential| -> Result<String, Failure> { unreachable!() });
    let ring = KeyRing::new("acme", [("KEY", "secret-number-0")]);
    let mut requests = 0;
    let end = retry_with(
        AuthGuard::with_pool(&ring).unwrap().refresher(&refresher).cancel_check(&|| true),
        |_| panic!("slept"),
        |_| -> Result<(), Failure> {
            requests += 1;
            Err(failure(Class::Auth))
        },
    )
    .unwrap_err();
    assert_eq!((requests, end.reason(), end.class()), (1, Reason::Cancelled, Class::Auth));
    assert_eq!(ring.states()[0].1, KeyState::Ready);
}

#[test]
fn an_async_operation_minds_the_check_after_a_wait() {
    let (key, stop) = (Credential::new("acme", "KEY", "secret-number-0"), AtomicBool::new(false));
    let check = || stop.load(Ordering::SeqCst);
    let mut requests = 0;
    let operation = retry_async(
        AuthGuard::new(&key).cancel_check(&check),
        |_| {
            stop.store(true, Ordering::SeqCst);
            std::future::ready(())
        },
        |_| {
            requests += 1;
            std::future::ready(Err::<(), _>(failure(Class::Transient)))
        },
    );
    let mut cx = Context::from_waker(Waker::noop());
    match pin!(operation).poll(&mut cx) {
        Poll::Ready(end) => assert_eq!(end.unwrap_err().reason(), Reason::Cancelled),
        Poll::Pending => panic!("nothing here waits"),
    }
    assert_eq!(requests, 1);
}

#[test]
fn a_refresher_that_asks_itself_gets_an_error_and_does_not_hang() {
    let this = Arc::new(OnceLock::<Refresher>::new());
    let inner = this.clone();
    let refresher = Refresher::blocking(move |stale: &Credential| -> Result<String, Failure> {
        inner.get().unwrap().refresh_blocking(stale).map(|fresh| fresh.expose_secret().to_owned())
    });
    this.set(refresher).unwrap();
    let (told, answer) = std::sync::mpsc::channel();
    let asked = this.clone();
    thread::spawn(move || {
        let stale = Credential::new("acme", "LOGIN", "stale-secret");
        told.send(asked.get().unwrap().refresh_blocking(&stale).unwrap_err().class())
    });
    assert_eq!(answer.recv_timeout(Duration::from_secs(20)), Ok(Class::Fatal));
}
