//! The cooldowns, strategies and identities of `KeyRing`, on a clock that only moves when told to.

#![allow(clippy::incompatible_msrv, reason = "tests run on the current compiler only")]

mod support;

use failfast::{AuthGuard, Class, Credential, CredentialPool, Failure, KeyRing, KeyState, Next, Strategy};
use std::time::Duration;
use support::{failure, VirtualTime};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn ring(count: usize) -> KeyRing {
    KeyRing::new("acme", (0..count).map(|n| (format!("KEY_{n}"), format!("secret-number-{n}"))))
}

fn key(n: usize) -> Credential {
    Credential::new("acme", format!("KEY_{n}"), format!("secret-number-{n}"))
}

fn state(ring: &KeyRing, n: usize) -> KeyState {
    ring.states()[n].1
}

/// The ids that `count` operations in a row start with.
fn first_keys(ring: &KeyRing, count: usize) -> Vec<String> {
    (0..count).map(|_| AuthGuard::with_pool(ring).unwrap().credential().id().to_owned()).collect()
}

#[test]
fn a_refused_key_rests_as_long_as_its_failure_says() {
    let forbidden = Failure::new(Class::Auth).with_status(403);
    let reset = failure(Class::RateLimited).with_retry_after(7 * MINUTE);
    let reset_after_401 = failure(Class::Auth).with_retry_after(2 * HOUR);
    for (failure, rest) in [
        (failure(Class::Auth), 5 * MINUTE),
        (Failure::new(Class::Auth), 5 * MINUTE),
        (forbidden, HOUR),
        (failure(Class::RateLimited), HOUR),
        (failure(Class::Billing), HOUR),
        (reset, 7 * MINUTE),
        (failure(Class::Auth).with_retry_after(Duration::ZERO), 5 * MINUTE),
        (reset_after_401, 2 * HOUR),
    ] {
        let time = VirtualTime::new();
        let ring = ring(2).clock(time.clock());
        ring.refused(&key(0), &failure);
        assert_eq!(state(&ring, 0), KeyState::Resting(rest), "{failure:?}");
        assert_eq!(ring.ready_in(), Some(rest));
        assert_eq!(first_keys(&ring, 1), ["KEY_1"]);
        time.advance(rest - Duration::from_nanos(1));
        assert_eq!(first_keys(&ring, 1), ["KEY_1"]);
        time.advance(Duration::from_nanos(1));
        assert_eq!((state(&ring, 0), ring.ready_in()), (KeyState::Ready, None));
        assert_eq!(first_keys(&ring, 1), ["KEY_0"]);
    }
}

#[test]
fn a_sole_key_rests_a_minute_at_most_unless_it_has_to_be_paid() {
    for (failure, rest) in [
        (failure(Class::Auth), MINUTE),
        (failure(Class::RateLimited), MINUTE),
        (failure(Class::Billing), HOUR),
        (failure(Class::RateLimited).with_retry_after(10 * MINUTE), 10 * MINUTE),
    ] {
        let time = VirtualTime::new();
        let ring = ring(1).clock(time.clock());
        ring.refused(&key(0), &failure);
        assert_eq!(state(&ring, 0), KeyState::Resting(rest), "{failure:?}");
    }
}

#[test]
fn a_key_is_sole_when_all_others_are_dead_or_its_own_twins() {
    let time = VirtualTime::new();
    let ring = KeyRing::new("acme", [("A", "same-secret"), ("B", "same-secret"), ("C", "revoked-one")]);
    let ring = ring.clock(time.clock());
    ring.refused(&Credential::new("acme", "C", "revoked-one"), &failure(Class::Revoked));
    ring.refused(&Credential::new("acme", "A", "same-secret"), &failure(Class::Auth));
    assert_eq!(state(&ring, 0), KeyState::Resting(MINUTE));
    assert_eq!(state(&ring, 1), KeyState::Resting(MINUTE), "the same secret rests wherever it stands");
    assert_eq!(state(&ring, 2), KeyState::Dead);
}

#[test]
fn a_resting_key_still_counts_as_another_key() {
    let ring = ring(2).clock(VirtualTime::new().clock());
    ring.refused(&key(0), &failure(Class::Auth));
    ring.refused(&key(1), &failure(Class::Auth));
    assert_eq!(state(&ring, 1), KeyState::Resting(5 * MINUTE));
}

#[test]
fn the_dead_stay_dead_until_they_get_a_new_secret() {
    let time = VirtualTime::new();
    let ring = ring(2).clock(time.clock());
    ring.refused(&key(0), &failure(Class::Revoked));
    time.advance(10_000 * HOUR);
    ring.accepted(&key(0));
    ring.refused(&key(0), &failure(Class::Auth));
    assert_eq!(state(&ring, 0), KeyState::Dead);
    assert!(ring.replace("KEY_0", "secret-number-9"));
    assert!(!ring.replace("KEY_7", "secret"));
    assert_eq!(first_keys(&ring, 1), ["KEY_0"]);
}

#[test]
fn one_success_clears_a_rest() {
    let ring = ring(2).clock(VirtualTime::new().clock());
    ring.refused(&key(0), &failure(Class::Auth));
    ring.accepted(&key(0));
    assert_eq!(state(&ring, 0), KeyState::Ready);
}

#[test]
fn the_key_that_was_sent_is_marked_not_the_one_in_use_now() {
    let ring = ring(3).clock(VirtualTime::new().clock()).strategy(Strategy::RoundRobin);
    let mut slow = AuthGuard::with_pool(&ring).unwrap();
    let _others = first_keys(&ring, 2);
    assert!(matches!(slow.on_failure(&failure(Class::Auth)), Next::Rotate(_)));
    assert_eq!(state(&ring, 0), KeyState::Resting(5 * MINUTE));
    assert_eq!((state(&ring, 1), state(&ring, 2)), (KeyState::Ready, KeyState::Ready));
}

#[test]
fn a_refusal_of_a_secret_that_has_been_renewed_since_is_out_of_date() {
    let ring = ring(2);
    ring.renewed(&key(0).renewed("secret-number-0-new"));
    ring.refused(&key(0), &failure(Class::Revoked));
    assert_eq!(state(&ring, 0), KeyState::Ready);
}

#[test]
fn another_providers_key_changes_nothing() {
    let ring = ring(1);
    let foreign = Credential::new("other", "KEY_0", "secret-number-0");
    ring.refused(&foreign, &failure(Class::Revoked));
    ring.renewed(&foreign.renewed("foreign-secret"));
    assert_eq!(state(&ring, 0), KeyState::Ready);
    assert_eq!(AuthGuard::with_pool(&ring).unwrap().attempt().secret(), "secret-number-0");
}

#[test]
fn a_twin_of_a_dead_key_is_not_sent_either() {
    let ring = KeyRing::new("acme", [("A", "same-secret"), ("B", "same-secret")]);
    let mut guard = AuthGuard::with_pool(&ring).unwrap();
    assert!(matches!(guard.on_failure(&failure(Class::Auth)), Next::RetryFresh), "no other key: a single one");
    match guard.on_failure(&failure(Class::Auth)) {
        Next::Abort(end) => assert_eq!(end.exhausted().unwrap().tried().len(), 1),
        other => panic!("{other:?}"),
    }
}

#[test]
fn fill_first_uses_one_key_up_before_the_next() {
    assert_eq!(first_keys(&ring(3), 4), ["KEY_0"; 4]);
}

#[test]
fn round_robin_takes_turns_and_skips_the_unfit() {
    let ring = ring(3).strategy(Strategy::RoundRobin);
    assert_eq!(first_keys(&ring, 4), ["KEY_0", "KEY_1", "KEY_2", "KEY_0"]);
    ring.refused(&key(1), &failure(Class::Auth));
    assert_eq!(first_keys(&ring, 3), ["KEY_2", "KEY_0", "KEY_2"]);
}

#[test]
fn least_used_evens_out() {
    let ring = ring(3).strategy(Strategy::LeastUsed);
    let mut counts = [0; 3];
    for id in first_keys(&ring, 30) {
        counts[id[4..].parse::<usize>().unwrap()] += 1;
    }
    assert_eq!(counts, [10, 10, 10]);
}

#[test]
fn random_repeats_with_its_seed_reaches_every_key_and_only_fit_ones() {
    let ids = |seed| first_keys(&ring(3).strategy(Strategy::Random(seed)), 60);
    assert_eq!(ids(1), ids(1));
    assert_ne!(ids(1), ids(2));
    for n in 0..3 {
        assert!(ids(1).contains(&format!("KEY_{n}")));
    }
    let ring = ring(3).strategy(Strategy::Random(1));
    ring.refused(&key(1), &failure(Class::Auth));
    assert!(!first_keys(&ring, 60).contains(&"KEY_1".to_owned()));
}

#[test]
fn of_two_keys_with_one_id_the_first_counts() {
    let ring = KeyRing::new("acme", [("A", "first-secret"), ("A", "second-secret")]);
    assert_eq!(ring.states().len(), 1);
    assert_eq!(AuthGuard::with_pool(&ring).unwrap().attempt().secret(), "first-secret");
}

#[test]
fn an_absurd_reset_does_not_bury_a_key() {
    let time = VirtualTime::new();
    let ring = ring(2).clock(time.clock());
    ring.refused(&key(0), &failure(Class::RateLimited).with_retry_after(Duration::MAX));
    assert_eq!(state(&ring, 0), KeyState::Resting(31 * 24 * HOUR));
    time.advance(31 * 24 * HOUR);
    assert_eq!(state(&ring, 0), KeyState::Ready);
}
