//! An exhaustive check of the guard: every script of up to eight answers, for every pool of up to four
//! keys and for none, with every kind of refresher.
//!
//! The guard keeps state; the specification here keeps none. It looks at the whole history each time and
//! says what the rules allow, so the two can only agree if the guard's state is right.

#![allow(clippy::incompatible_msrv, reason = "tests run on the current compiler only")]

mod support;

use failfast::{AuthGuard, Backoff, Class, Credential, Failure, KeyRing, Next, Refresher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Mutex;
use std::time::Duration;
use support::failure;

const LONGEST_SCRIPT: usize = 8;
const MAX_ATTEMPTS: usize = 3;
const TOO_LONG: Duration = Duration::from_secs(601);

/// What a server may answer. Classes that share an arm with `Entitlement` are in `guard.rs`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Success,
    Auth,
    Revoked,
    Billing,
    RateLimited,
    RateLimitedForLong,
    Transient,
    ClockSkew,
    Entitlement,
}

const ANSWERS: [Answer; 9] = [
    Answer::Success,
    Answer::Auth,
    Answer::Revoked,
    Answer::Billing,
    Answer::RateLimited,
    Answer::RateLimitedForLong,
    Answer::Transient,
    Answer::ClockSkew,
    Answer::Entitlement,
];

fn failure_for(answer: Answer) -> Failure {
    match answer {
        Answer::Success => Failure::new(Class::Fatal), // never reported
        Answer::Auth => failure(Class::Auth),
        Answer::Revoked => failure(Class::Revoked),
        Answer::Billing => failure(Class::Billing),
        Answer::RateLimited => failure(Class::RateLimited),
        Answer::RateLimitedForLong => failure(Class::RateLimited).with_retry_after(TOO_LONG),
        Answer::Transient => failure(Class::Transient),
        Answer::ClockSkew => failure(Class::ClockSkew),
        Answer::Entitlement => failure(Class::Entitlement),
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Renewal {
    None,
    Works,
    /// Or yields the same secret, which is the same thing: see `guard.rs`.
    Fails,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Rotate,
    Refresh,
    RetryFresh,
    Backoff,
    Abort,
}

/// One request and what followed it.
#[derive(Debug, Clone, Copy)]
struct Round {
    /// Its number in the pool.
    key: usize,
    /// Whether it carried the secret that a refresh had yielded.
    renewed: bool,
    answer: Answer,
    step: Step,
}

#[derive(Debug, Clone, Copy)]
struct World {
    /// `None`: a single credential and no pool.
    pool: Option<usize>,
    renewal: Renewal,
}

/// What the rules say about `answer` to a request with `key`, given all that happened before.
fn specified(world: World, before: &[Round], key: usize, answer: Answer) -> Step {
    let with_key = || before.iter().filter(|round| round.key == key);
    let keys = world.pool.unwrap_or(1);
    let other_key_left = (0..keys).any(|other| other != key && before.iter().all(|round| round.key != other));
    let rotated = before.iter().any(|round| round.step == Step::Rotate);
    let refreshed = with_key().any(|round| round.step == Step::Refresh);
    let retried = with_key().any(|round| round.step == Step::RetryFresh);
    let waits = before.iter().filter(|round| round.step == Step::Backoff).count();
    let limited_before =
        with_key().any(|round| matches!(round.answer, Answer::RateLimited | Answer::RateLimitedForLong));
    let wait = if waits < MAX_ATTEMPTS - 1 { Step::Backoff } else { Step::Abort };

    match answer {
        Answer::Success => unreachable!("ends the operation"),
        Answer::Auth if other_key_left => Step::Rotate,
        Answer::Auth if world.renewal != Renewal::None && !refreshed => Step::Refresh,
        Answer::Auth if world.renewal == Renewal::None && !rotated && !retried => Step::RetryFresh,
        Answer::Auth => Step::Abort,
        Answer::Revoked | Answer::Billing if other_key_left => Step::Rotate,
        Answer::Revoked | Answer::Billing => Step::Abort,
        Answer::RateLimited if limited_before && other_key_left => Step::Rotate,
        Answer::RateLimited | Answer::Transient => wait,
        Answer::RateLimitedForLong if other_key_left => Step::Rotate,
        Answer::RateLimitedForLong => Step::Abort,
        Answer::ClockSkew if !retried => Step::RetryFresh,
        Answer::ClockSkew | Answer::Entitlement => Step::Abort,
    }
}

const KEYS: [(&str, &str); 4] =
    [("0", "secret-number-0"), ("1", "secret-number-1"), ("2", "secret-number-2"), ("3", "secret-number-3")];

fn refresher(renewal: Renewal) -> Option<Refresher> {
    match renewal {
        Renewal::None => None,
        Renewal::Works => {
            Some(Refresher::blocking(|stale: &Credential| Ok::<_, Failure>(format!("{}+", stale.expose_secret()))))
        }
        Renewal::Fails => Some(Refresher::blocking(|_: &Credential| Err::<String, _>(failure(Class::Transient)))),
    }
}

/// Plays `script` from the start, and checks the steps from `new_from` on: those before have been seen in
/// an earlier script. Returns how many answers were asked for.
fn play(world: World, failures: &[Failure], script: &[usize], new_from: usize) -> usize {
    let ring = world.pool.map(|count| KeyRing::new("acme", KEYS[..count].iter().copied()));
    let single = Credential::new("acme", KEYS[0].0, KEYS[0].1);
    let refresher = refresher(world.renewal);
    let backoff = Backoff::default().max_attempts(MAX_ATTEMPTS as u32).seed(0);
    let mut guard = match &ring {
        Some(ring) => AuthGuard::with_pool(ring).unwrap(),
        None => AuthGuard::new(&single),
    };
    guard = guard.backoff(&backoff);
    if let Some(refresher) = &refresher {
        guard = guard.refresher(refresher);
    }

    let mut history: Vec<Round> = Vec::with_capacity(script.len());
    for (asked, &index) in script.iter().enumerate() {
        let answer = ANSWERS[index];
        let attempt = guard.attempt();
        let key: usize = attempt.credential().id().parse().unwrap();
        let renewed = attempt.secret() != KEYS[key].1;
        assert_eq!(attempt.number() as usize, asked + 1);
        let previous = history.last().map(|round| round.step);
        assert_eq!(attempt.fresh_connection(), previous == Some(Step::RetryFresh));
        if answer == Answer::Success {
            guard.succeeded();
            check_whole(world, &history);
            return asked + 1;
        }
        let mut ended = false;
        let step = match guard.on_failure(&failures[index]) {
            Next::Rotate(next) => {
                assert!(history.iter().all(|round| KEYS[round.key].0 != next.id()), "{world:?} {history:?}");
                assert_eq!(guard.credential().id(), next.id());
                Step::Rotate
            }
            Next::Refresh(ticket) => {
                assert_eq!(ticket.stale().expose_secret(), attempt.secret());
                ended = guard.refresh_blocking(ticket).is_err();
                assert_eq!(ended, world.renewal != Renewal::Works);
                Step::Refresh
            }
            Next::RetryFresh => Step::RetryFresh,
            Next::Backoff(_) => Step::Backoff,
            Next::Abort(permanent) => {
                assert!(!permanent.message().is_empty());
                assert_eq!(permanent.requests() as usize, asked + 1);
                ended = true;
                Step::Abort
            }
        };
        if asked >= new_from {
            assert_eq!(step, specified(world, &history, key, answer), "{world:?} {history:?} {answer:?}");
        }
        history.push(Round { key, renewed, answer, step });
        if ended {
            check_whole(world, &history);
            return asked + 1;
        }
    }
    check_whole(world, &history);
    assert_ends(guard, world, &history);
    script.len()
}

/// Whatever a script left behind, a dead key ends the operation, without a wait.
fn assert_ends(mut guard: AuthGuard<'_>, world: World, history: &[Round]) {
    let remaining_chances = world.pool.unwrap_or(1) + 1;
    for _ in 0..=remaining_chances {
        match guard.on_failure(&failure(Class::Auth)) {
            Next::Rotate(_) | Next::RetryFresh => {}
            Next::Refresh(ticket) => match guard.refresh_blocking(ticket) {
                Ok(()) => {}
                Err(_) => return,
            },
            Next::Backoff(_) => panic!("slept on an auth failure: {world:?} {history:?}"),
            Next::Abort(_) => return,
        }
    }
    panic!("no end in sight: {world:?} {history:?}");
}

/// The promises that a user of the crate reads, stated over a whole operation.
fn check_whole(world: World, history: &[Round]) {
    let is_auth = |answer| matches!(answer, Answer::Auth | Answer::Revoked);
    // Per key: refused with its old secret, and with the one a refresh yielded.
    let mut refusals = [[0, 0]; KEYS.len()];
    for round in history.iter().filter(|round| is_auth(round.answer)) {
        refusals[round.key][usize::from(round.renewed)] += 1;
        assert!(round.step != Step::Backoff, "slept on an auth failure: {history:?}");
    }
    // With a refresher no secret is refused twice: there is no second try with an unchanged one.
    let most_per_secret = if world.renewal == Renewal::None { 2 } else { 1 };
    for [old, new] in refusals {
        assert!(old + new <= 2, "{world:?} {history:?}");
        assert!(old.max(new) <= most_per_secret, "{world:?} {history:?}");
    }
    let waits = history.iter().filter(|round| round.step == Step::Backoff).count();
    assert!(waits < MAX_ATTEMPTS, "{world:?} {history:?}");

    // A dead pool without a refresher: each key once. A single dead key: twice.
    let ended = history.last().is_some_and(|round| round.step == Step::Abort);
    if ended && world.renewal == Renewal::None && history.iter().all(|round| round.answer == Answer::Auth) {
        assert_eq!(history.len(), world.pool.unwrap_or(1).max(2), "{world:?} {history:?}");
    }
}

/// Every script that begins with `first`, in order, without those that only differ after the operation has
/// ended.
fn play_all(world: World, first: usize) -> u64 {
    let failures: Vec<Failure> = ANSWERS.iter().map(|&answer| failure_for(answer)).collect();
    let mut played = 0;
    let mut script = [0; LONGEST_SCRIPT];
    script[0] = first;
    let mut new_from = 0;
    loop {
        let asked = play(world, &failures, &script, new_from);
        played += 1;
        // Count up at the last answer that was looked at.
        new_from = asked;
        loop {
            new_from -= 1;
            if new_from == 0 {
                return played;
            }
            script[new_from] += 1;
            script[new_from + 1..].fill(0);
            if script[new_from] < ANSWERS.len() {
                break;
            }
        }
    }
}

#[test]
fn every_script_follows_the_specification() {
    let mut shares = Vec::new();
    for pool in [Some(4), Some(3), Some(2), Some(1), None] {
        for renewal in [Renewal::Works, Renewal::None, Renewal::Fails] {
            for first in 0..ANSWERS.len() {
                shares.push((World { pool, renewal }, first));
            }
        }
    }
    let (shares, played) = (Mutex::new(shares.into_iter()), AtomicU64::new(0));
    std::thread::scope(|threads| {
        for _ in 0..std::thread::available_parallelism().map_or(1, |count| count.get()) {
            threads.spawn(|| loop {
                let share = shares.lock().unwrap().next();
                let Some((world, first)) = share else { break };
                played.fetch_add(play_all(world, first), Ordering::Relaxed);
            });
        }
    });
    let played = played.into_inner();
    println!("{played} different operations");
    // Not a figure to keep: only a sign that the walk did not end early.
    assert!(played > 100_000, "{played}");
}
