//! The rules of the state machine, one test each. `model.rs` shows that they hold together.

#![allow(clippy::incompatible_msrv, reason = "tests run on the current compiler only")]

mod support;

use failfast::{
    AuthGuard, Backoff, Class, Credential, CredentialPool, Failure, KeyRing, KeyState, Next, Reason, Refresher,
};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Mutex;
use std::time::Duration;
use support::{failure, VirtualTime};

const SECRET: &str = "sk-0123456789abcdef";

fn key() -> Credential {
    Credential::new("acme", "KEY", SECRET)
}

fn ring(count: usize) -> KeyRing {
    KeyRing::new("acme", (0..count).map(|n| (format!("KEY_{}", n), format!("secret-number-{}", n))))
}

#[track_caller]
fn abort(next: Next) -> failfast::Permanent {
    match next {
        Next::Abort(permanent) => permanent,
        other => panic!("expected Abort, got {:?}", other),
    }
}

#[test]
fn a_single_key_gets_one_retry_on_a_fresh_connection() {
    let key = key();
    let mut guard = AuthGuard::new(&key);
    assert!(!guard.attempt().fresh_connection());
    assert!(matches!(guard.on_failure(&failure(Class::Auth)), Next::RetryFresh));
    assert!(guard.attempt().fresh_connection());
    assert_eq!(guard.attempt().number(), 2);
    let end = abort(guard.on_failure(&failure(Class::Auth)));
    assert_eq!(end.reason(), Reason::Rejected);
    assert_eq!(end.class(), Class::AuthPermanent);
    assert_eq!(end.requests(), 2);
}

#[test]
fn a_server_error_in_between_does_not_give_the_retry_back() {
    let key = key();
    let mut guard = AuthGuard::new(&key);
    assert!(matches!(guard.on_failure(&failure(Class::Auth)), Next::RetryFresh));
    assert!(matches!(guard.on_failure(&failure(Class::Transient)), Next::Backoff(_)));
    assert!(!guard.attempt().fresh_connection());
    abort(guard.on_failure(&failure(Class::Auth)));
}

#[test]
fn abort_is_final_whatever_comes_next() {
    let key = key();
    let mut guard = AuthGuard::new(&key);
    abort(guard.on_failure(&failure(Class::Fatal)));
    for class in [Class::Transient, Class::RateLimited, Class::Auth, Class::ClockSkew] {
        abort(guard.on_failure(&failure(class)));
    }
}

#[test]
fn classes_that_are_not_the_keys_fault_abort_at_once_and_leave_the_pool_alone() {
    for class in [Class::AuthPermanent, Class::Entitlement, Class::Blocked, Class::ContextOverflow, Class::Fatal] {
        let ring = ring(2);
        let mut guard = AuthGuard::with_pool(&ring).unwrap();
        let end = abort(guard.on_failure(&failure(class)));
        assert_eq!((end.reason(), end.class(), end.requests()), (Reason::NotRetryable, class, 1));
        assert!(ring.states().iter().all(|(_, state)| *state == KeyState::Ready), "{:?}", class);
    }
}

#[test]
fn billing_gets_neither_retry_nor_refresh() {
    let refresher = Refresher::blocking(|_: &Credential| -> Result<String, Failure> { unreachable!() });
    let key = key();
    let mut guard = AuthGuard::new(&key).refresher(&refresher);
    let end = abort(guard.on_failure(&failure(Class::Billing)));
    assert_eq!((end.reason(), end.class()), (Reason::NotRetryable, Class::Billing));
}

#[test]
fn a_revoked_key_gets_neither_retry_nor_refresh_and_is_dead_in_the_pool() {
    let refresher = Refresher::blocking(|_: &Credential| -> Result<String, Failure> { unreachable!() });
    let ring = ring(2);
    let mut guard = AuthGuard::with_pool(&ring).unwrap().refresher(&refresher);
    match guard.on_failure(&failure(Class::Revoked)) {
        Next::Rotate(next) => assert_eq!(next.id(), "KEY_1"),
        other => panic!("{:?}", other),
    }
    let end = abort(guard.on_failure(&failure(Class::Revoked)));
    assert_eq!((end.reason(), end.class()), (Reason::Exhausted, Class::AuthPermanent));
    assert!(ring.states().iter().all(|(_, state)| *state == KeyState::Dead));
    assert_eq!(end.exhausted().unwrap().ready_in(), None);
}

#[test]
fn clock_skew_is_retried_once_and_blames_no_key() {
    let ring = ring(2);
    let mut guard = AuthGuard::with_pool(&ring).unwrap();
    assert!(matches!(guard.on_failure(&failure(Class::ClockSkew)), Next::RetryFresh));
    let end = abort(guard.on_failure(&failure(Class::ClockSkew)));
    assert_eq!((end.reason(), end.class()), (Reason::NotRetryable, Class::ClockSkew));
    assert!(end.hint().contains("clock"));
    assert!(ring.states().iter().all(|(_, state)| *state == KeyState::Ready));
}

#[test]
fn a_pool_is_asked_before_the_refresher_and_each_key_is_sent_once() {
    let refreshes = std::sync::Arc::new(AtomicU32::new(0));
    let counter = refreshes.clone();
    let refresher = Refresher::blocking(move |stale: &Credential| {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok::<_, Failure>(format!("{}-renewed", stale.expose_secret()))
    });
    let ring = ring(2);
    let mut guard = AuthGuard::with_pool(&ring).unwrap().refresher(&refresher);
    assert_eq!(guard.credential().id(), "KEY_0");
    assert!(matches!(guard.on_failure(&failure(Class::Auth)), Next::Rotate(_)));
    assert_eq!((guard.credential().id(), refreshes.load(Ordering::SeqCst)), ("KEY_1", 0));
    match guard.on_failure(&failure(Class::Auth)) {
        Next::Refresh(ticket) => guard.refresh_blocking(ticket).unwrap(),
        other => panic!("{:?}", other),
    }
    assert_eq!(guard.attempt().secret(), "secret-number-1-renewed");
    let end = abort(guard.on_failure(&failure(Class::Auth)));
    assert_eq!((end.reason(), end.requests()), (Reason::Exhausted, 3));
    let tried: Vec<&str> = end.exhausted().unwrap().tried().iter().map(Credential::id).collect();
    assert_eq!(tried, ["KEY_0", "KEY_1"]);
    assert_eq!(refreshes.load(Ordering::SeqCst), 1);
}

#[test]
fn a_refreshed_key_that_works_is_fit_in_the_pool_under_its_new_secret() {
    let refresher = Refresher::blocking(|_: &Credential| Ok::<_, Failure>("a-new-secret".to_owned()));
    let ring = ring(1);
    let mut guard = AuthGuard::with_pool(&ring).unwrap().refresher(&refresher);
    match guard.on_failure(&failure(Class::Auth)) {
        Next::Refresh(ticket) => guard.refresh_blocking(ticket).unwrap(),
        other => panic!("{:?}", other),
    }
    guard.succeeded();
    let next = AuthGuard::with_pool(&ring).unwrap();
    assert_eq!(next.attempt().secret(), "a-new-secret");
}

#[test]
fn a_failed_refresh_ends_it_and_says_why_with_the_first_refusal_kept() {
    let refresher = Refresher::blocking(|_: &Credential| -> Result<String, Failure> {
        Err(Failure::from_http(503, &[], "token endpoint down"))
    });
    let key = key();
    let mut guard = AuthGuard::new(&key).refresher(&refresher);
    let refusal = failure(Class::Auth).with_model("m-1").with_message("token expired");
    let ticket = match guard.on_failure(&refusal) {
        Next::Refresh(ticket) => ticket,
        other => panic!("{:?}", other),
    };
    assert_eq!(ticket.stale().id(), "KEY");
    let end = guard.refresh_blocking(ticket).unwrap_err();
    assert_eq!((end.reason(), end.status(), end.requests()), (Reason::Rejected, Some(401), 1));
    let told = end.to_string();
    for part in ["token expired", "m-1", "refresh HTTP 503: token endpoint down"] {
        assert!(told.contains(part), "{}", told);
    }
    // No grace for a credential that a refresher could not change.
    abort(guard.on_failure(&failure(Class::Auth)));
}

#[test]
fn a_refresh_that_yields_the_same_secret_is_a_failed_one() {
    let refresher = Refresher::blocking(|stale: &Credential| Ok::<_, Failure>(stale.expose_secret().to_owned()));
    let key = key();
    let mut guard = AuthGuard::new(&key).refresher(&refresher);
    let ticket = match guard.on_failure(&failure(Class::Auth)) {
        Next::Refresh(ticket) => ticket,
        other => panic!("{:?}", other),
    };
    let end = guard.refresh_blocking(ticket).unwrap_err();
    assert!(end.to_string().contains("yielded the same secret"), "{}", end);
}

#[test]
fn a_dropped_ticket_is_spent() {
    let refresher = Refresher::blocking(|_: &Credential| -> Result<String, Failure> { unreachable!() });
    let key = key();
    let mut guard = AuthGuard::new(&key).refresher(&refresher);
    assert!(matches!(guard.on_failure(&failure(Class::Auth)), Next::Refresh(_)));
    abort(guard.on_failure(&failure(Class::Auth)));
}

#[test]
fn a_dead_refresh_token_makes_the_key_dead_in_the_pool() {
    let refresher = Refresher::blocking(|_: &Credential| -> Result<String, Failure> {
        Err(Failure::from_http(400, &[], r#"{"error":"invalid_grant"}"#))
    });
    let ring = ring(1);
    let mut guard = AuthGuard::with_pool(&ring).unwrap().refresher(&refresher);
    let ticket = match guard.on_failure(&failure(Class::Auth)) {
        Next::Refresh(ticket) => ticket,
        other => panic!("{:?}", other),
    };
    let end = guard.refresh_blocking(ticket).unwrap_err();
    assert_eq!(end.reason(), Reason::Exhausted);
    assert_eq!(ring.states()[0].1, KeyState::Dead);
}

#[test]
fn a_rate_limit_is_waited_out_first_and_rotated_away_from_the_second_time() {
    let ring = ring(2);
    let mut guard = AuthGuard::with_pool(&ring).unwrap();
    let limited = failure(Class::RateLimited).with_retry_after(Duration::from_secs(7));
    match guard.on_failure(&limited) {
        Next::Backoff(delay) => assert_eq!(delay, Duration::from_secs(7)),
        other => panic!("{:?}", other),
    }
    assert!(matches!(guard.on_failure(&limited), Next::Rotate(_)));
    match ring.states()[0].1 {
        KeyState::Resting(left) => assert!(left <= Duration::from_secs(7)),
        other => panic!("{:?}", other),
    }
    // The other key has its own first time; after that there is nobody to rotate to.
    for _ in 0..3 {
        assert!(matches!(guard.on_failure(&limited), Next::Backoff(_)));
    }
    let end = abort(guard.on_failure(&limited));
    assert_eq!((end.reason(), end.class()), (Reason::OutOfAttempts, Class::RateLimited));
    assert_eq!(end.waited(), Duration::from_secs(4 * 7));
}

#[test]
fn a_wait_beyond_the_ceiling_rotates_at_once_or_ends_at_once() {
    let limited = failure(Class::RateLimited).with_retry_after(Duration::from_secs(601));
    let ring = ring(2);
    let mut guard = AuthGuard::with_pool(&ring).unwrap();
    assert!(matches!(guard.on_failure(&limited), Next::Rotate(_)));
    let end = abort(guard.on_failure(&limited));
    assert_eq!((end.reason(), end.waited()), (Reason::RetryAfterTooLong, Duration::from_secs(0)));
    assert!(end.hint().contains("601 s"), "{}", end.hint());

    let unavailable = failure(Class::Transient).with_retry_after(Duration::from_secs(601));
    let key = key();
    let end = abort(AuthGuard::new(&key).on_failure(&unavailable));
    assert_eq!(end.reason(), Reason::RetryAfterTooLong);
}

#[test]
fn a_wait_of_exactly_the_ceiling_is_sat_through_and_the_ceiling_can_be_moved() {
    let key = key();
    let limited = |seconds| failure(Class::RateLimited).with_retry_after(Duration::from_secs(seconds));
    assert!(matches!(AuthGuard::new(&key).on_failure(&limited(600)), Next::Backoff(_)));
    let backoff = Backoff::default().retry_after_ceiling(Duration::from_secs(5));
    assert!(matches!(AuthGuard::new(&key).backoff(&backoff).on_failure(&limited(5)), Next::Backoff(_)));
    let end = abort(AuthGuard::new(&key).backoff(&backoff).on_failure(&limited(6)));
    assert_eq!(end.reason(), Reason::RetryAfterTooLong);
}

#[test]
fn success_clears_the_rest_of_the_key_that_was_sent() {
    let ring = ring(2);
    let slow = AuthGuard::with_pool(&ring).unwrap();
    let also_slow = AuthGuard::with_pool(&ring).unwrap();
    let mut refused = AuthGuard::with_pool(&ring).unwrap();
    assert!(matches!(refused.on_failure(&failure(Class::Auth)), Next::Rotate(_)));
    assert_ne!(ring.states()[0].1, KeyState::Ready);
    slow.succeeded();
    assert_eq!(ring.states()[0].1, KeyState::Ready);

    ring.refused(also_slow.credential(), &failure(Class::Auth));
    failfast::retry(also_slow, |_| Ok::<_, Failure>(())).unwrap();
    assert_eq!(ring.states()[0].1, KeyState::Ready);
}

#[test]
fn a_wait_that_would_end_too_late_is_not_begun() {
    let time = VirtualTime::new();
    let key = key();
    let backoff = Backoff::new(Duration::from_secs(10), Duration::from_secs(10))
        .jitter(0.0)
        .max_attempts(99)
        // Two waits end in time, the second of them at the last moment.
        .max_elapsed(Duration::from_secs(20))
        .clock(time.clock());
    let mut guard = AuthGuard::new(&key).backoff(&backoff);
    for _ in 0..2 {
        assert!(matches!(guard.on_failure(&failure(Class::Transient)), Next::Backoff(_)));
        time.advance(Duration::from_secs(10));
    }
    let end = abort(guard.on_failure(&failure(Class::Transient)));
    assert_eq!((end.reason(), end.waited()), (Reason::OutOfTime, Duration::from_secs(20)));
}

#[test]
fn a_retry_after_of_zero_keeps_to_the_backoff() {
    let key = key();
    let backoff = Backoff::new(Duration::from_secs(3), Duration::from_secs(3)).jitter(0.0);
    let mut guard = AuthGuard::new(&key).backoff(&backoff);
    let limited = failure(Class::RateLimited).with_retry_after(Duration::from_secs(0));
    match guard.on_failure(&limited) {
        Next::Backoff(delay) => assert_eq!(delay, Duration::from_secs(3)),
        other => panic!("{:?}", other),
    }
}

#[test]
fn a_pool_with_nothing_ready_costs_no_request() {
    let ring = ring(1);
    let mut guard = AuthGuard::with_pool(&ring).unwrap();
    assert!(matches!(guard.on_failure(&failure(Class::Auth)), Next::RetryFresh));
    abort(guard.on_failure(&failure(Class::Auth)));

    let end = AuthGuard::with_pool(&ring).unwrap_err();
    assert_eq!((end.reason(), end.requests()), (Reason::Exhausted, 0));
    let exhausted = end.exhausted().unwrap();
    assert!(exhausted.tried().is_empty() && exhausted.last().is_none());
    assert!(exhausted.ready_in().unwrap() <= Duration::from_secs(60));
    assert!(end.to_string().contains("no acme credential is left: all are resting or dead"), "{}", end);

    let nothing = KeyRing::new("acme", Vec::<(String, String)>::new());
    assert_eq!(AuthGuard::with_pool(&nothing).unwrap_err().exhausted().unwrap().ready_in(), None);
}

#[test]
fn the_last_key_that_is_not_resting_is_sent_once_like_any_other() {
    let ring = ring(2);
    let mut first = AuthGuard::with_pool(&ring).unwrap();
    assert!(matches!(first.on_failure(&failure(Class::Auth)), Next::Rotate(_)));
    let mut second = AuthGuard::with_pool(&ring).unwrap();
    assert_eq!(second.credential().id(), "KEY_1");
    let end = abort(second.on_failure(&failure(Class::Auth)));
    assert_eq!((end.reason(), end.requests()), (Reason::Exhausted, 1));
}

#[test]
fn a_fail_over_gets_its_own_chances_but_no_way_back() {
    let (a, b) = (key(), Credential::new("other", "KEY", "sk-another-0123456"));
    let mut guard = AuthGuard::new(&a);
    assert!(matches!(guard.on_failure(&failure(Class::Auth)), Next::RetryFresh));
    abort(guard.on_failure(&failure(Class::Auth)));

    assert!(!guard.fail_over(&a), "the operation has given up on it");
    assert!(!guard.fail_over(Credential::new("acme", "ALIAS", SECRET)), "the same secret by another name");
    abort(guard.on_failure(&failure(Class::Auth)));

    assert!(!guard.fail_over(a.renewed("sk-a-new-one-012345")), "the same entry with another secret");
    assert!(guard.fail_over(&b));
    assert!(!guard.fail_over(&b), "it is the current one");
    assert_eq!(guard.credential().provider(), "other");
    assert!(matches!(guard.on_failure(&failure(Class::Auth)), Next::RetryFresh));
    let end = abort(guard.on_failure(&failure(Class::Auth)));
    assert_eq!((end.provider(), end.requests()), (Some("other"), 5));
    assert!(!guard.fail_over(&a) && !guard.fail_over(&b));
}

#[test]
fn an_operation_that_has_not_failed_yet_knows_its_own_credential_only() {
    let (a, b) = (key(), Credential::new("other", "KEY", "sk-another-0123456"));
    let mut guard = AuthGuard::new(&a);
    assert!(!guard.fail_over(&a));
    assert!(guard.fail_over(&b));
    assert!(format!("{guard:?}").contains("other"), "{guard:?}");
}

#[test]
fn after_a_fail_over_the_old_providers_pool_is_neither_asked_nor_marked() {
    let ring = ring(1);
    let other = Credential::new("other", "KEY", "sk-another-0123456");
    let mut guard = AuthGuard::with_pool(&ring).unwrap();
    abort(guard.on_failure(&failure(Class::Fatal)));
    assert!(guard.fail_over(&other));
    assert!(matches!(guard.on_failure(&failure(Class::Auth)), Next::RetryFresh));
    let end = abort(guard.on_failure(&failure(Class::Auth)));
    assert_eq!(end.reason(), Reason::Rejected);
    assert_eq!(ring.states()[0].1, KeyState::Ready);
}

#[test]
fn a_pool_that_offers_a_tried_key_again_cannot_keep_the_operation_going() {
    struct Stubborn;
    impl CredentialPool for Stubborn {
        fn provider(&self) -> &str {
            "acme"
        }
        fn select(&self, _tried: &failfast::Tried<'_>) -> Option<Credential> {
            Some(Credential::new("acme", "KEY", SECRET))
        }
        fn refused(&self, _sent: &Credential, _failure: &Failure) {}
    }
    let mut guard = AuthGuard::with_pool(&Stubborn).unwrap();
    let end = abort(guard.on_failure(&failure(Class::Auth)));
    assert_eq!((end.requests(), end.exhausted().unwrap().ready_in()), (1, None));
}

#[test]
fn each_decision_is_told_in_one_line_without_the_secret() {
    let lines = Mutex::new(Vec::new());
    let notify = |event: &failfast::Event<'_>| lines.lock().unwrap().push(event.to_string());
    let key = key();
    let mut guard = AuthGuard::new(&key).notify(&notify);
    let refusal = failure(Class::Auth).with_message(format!("bad key {}", SECRET));
    let _ = guard.on_failure(&refusal);
    let _ = guard.on_failure(&refusal);
    let lines = lines.into_inner().unwrap();
    assert_eq!(lines[0], "acme refused KEY (sk-0…) (HTTP 401: bad key sk-0…); retrying once on a fresh connection");
    assert!(lines[1].starts_with("giving up: acme refused credential KEY (sk-0…)"), "{}", lines[1]);
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| !line.contains('\n') && !line.contains(SECRET)));
}

#[test]
fn a_secret_that_a_refresh_has_replaced_is_not_sent_again_under_another_id() {
    let ring = KeyRing::new("acme", [("A", "shared-secret-0123"), ("B", "shared-secret-0123")]);
    let refresher = Refresher::blocking(|_: &Credential| Ok::<_, Failure>("renewed-secret-0123".to_owned()));
    let mut guard = AuthGuard::with_pool(&ring).unwrap().refresher(&refresher);
    match guard.on_failure(&failure(Class::Auth)) {
        Next::Refresh(ticket) => guard.refresh_blocking(ticket).unwrap(),
        other => panic!("expected Refresh, got {other:?}"),
    }
    assert_eq!(guard.attempt().secret(), "renewed-secret-0123");
    let end = abort(guard.on_failure(&failure(Class::Auth)));
    assert_eq!((end.reason(), end.requests()), (Reason::Exhausted, 2));
}

#[test]
fn a_pool_that_mints_keys_for_ever_comes_to_an_end() {
    struct Mint(AtomicU32);
    impl CredentialPool for Mint {
        fn provider(&self) -> &str {
            "acme"
        }
        fn select(&self, _: &failfast::Tried<'_>) -> Option<Credential> {
            let n = self.0.fetch_add(1, Ordering::Relaxed);
            Some(Credential::new("acme", format!("lease-{n}"), format!("minted-secret-{n}")))
        }
        fn refused(&self, _: &Credential, _: &Failure) {}
    }
    let mint = Mint(AtomicU32::new(0));
    let mut guard = AuthGuard::with_pool(&mint).unwrap();
    let rotations = (0..2_000).take_while(|_| matches!(guard.on_failure(&failure(Class::Auth)), Next::Rotate(_)));
    assert_eq!(rotations.count(), 1_000);
    assert_eq!(abort(guard.on_failure(&failure(Class::Auth))).reason(), Reason::Exhausted);
}

#[test]
fn setting_the_backoff_again_gives_no_time_back() {
    let (key, time) = (key(), VirtualTime::new());
    let backoff =
        Backoff::default().jitter(0.0).max_attempts(99).max_elapsed(Duration::from_secs(10)).clock(time.clock());
    let mut guard = AuthGuard::new(&key).backoff(&backoff);
    time.advance(Duration::from_secs(10));
    guard = guard.backoff(&backoff);
    assert_eq!(abort(guard.on_failure(&failure(Class::Transient))).reason(), Reason::OutOfTime);
}

#[test]
fn a_loop_of_ones_own_hears_of_refusals_only() {
    let mut guard = AuthGuard::ambient("acme", "KEY");
    let none = [Class::Transient, Class::RateLimited, Class::ContextOverflow, Class::Fatal];
    for class in none.iter().cycle().take(40) {
        assert!(guard.on_refusal(&failure(*class)).is_none(), "{class:?}");
    }
    assert!(matches!(guard.on_refusal(&failure(Class::Auth)), Some(Next::RetryFresh)));
    assert!(guard.attempt().fresh_connection());
    assert!(guard.on_refusal(&failure(Class::Transient)).is_none());
    let Some(Next::Abort(end)) = guard.on_refusal(&failure(Class::Auth)) else { panic!("a second chance") };
    assert_eq!((end.reason(), end.requests(), end.waited()), (Reason::Rejected, 43, Duration::ZERO));
    // It is over, whatever fails next.
    assert!(matches!(guard.on_refusal(&failure(Class::Transient)), Some(Next::Abort(_))));
}

#[test]
fn a_refusal_that_no_second_request_can_change_ends_a_loop_of_ones_own_at_once() {
    for class in [Class::Revoked, Class::AuthPermanent, Class::Billing, Class::Entitlement, Class::Blocked] {
        let mut guard = AuthGuard::ambient("acme", "KEY");
        assert!(matches!(guard.on_refusal(&failure(class)), Some(Next::Abort(_))), "{class:?}");
    }
}
