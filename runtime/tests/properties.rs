//! Promises that must hold for any sequence of answers, any pool and any setting.

#![allow(clippy::incompatible_msrv, reason = "tests run on the current compiler only")]

mod support;

use failfast::{
    classify, retry_with, AuthGuard, Backoff, Class, Credential, Event, Failure, HttpAnswer, KeyRing, Permanent,
    Refresher, Strategy as KeyOrder,
};
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};
use support::VirtualTime;

/// One answer of the server, and how much of the key it repeats.
#[derive(Debug, Clone)]
struct Answer {
    class: Class,
    status: Option<u16>,
    model: Option<String>,
    endpoint: Option<String>,
    echoes_key: bool,
    retry_after: Option<Duration>,
}

fn class() -> impl Strategy<Value = Class> {
    prop_oneof![
        4 => Just(Class::Auth),
        2 => Just(Class::Transient),
        2 => Just(Class::RateLimited),
        1 => Just(Class::Revoked),
        1 => Just(Class::Billing),
        1 => Just(Class::ClockSkew),
        1 => Just(Class::Entitlement),
        1 => Just(Class::Blocked),
        1 => Just(Class::AuthPermanent),
        1 => Just(Class::ContextOverflow),
        1 => Just(Class::Fatal),
    ]
}

fn answer() -> impl Strategy<Value = Option<Answer>> {
    let fields = (
        class(),
        proptest::option::of(100u16..600),
        proptest::option::of("[a-z]{1,8}-[0-9]"),
        proptest::option::of("https://[a-z]{1,8}/v1/[a-z]{0,8}"),
        any::<bool>(),
        proptest::option::of((0u64..2000).prop_map(Duration::from_secs)),
    );
    let failure = fields.prop_map(|(class, status, model, endpoint, echoes_key, retry_after)| {
        Some(Answer { class, status, model, endpoint, echoes_key, retry_after })
    });
    // One success in ten.
    prop_oneof![9 => failure, 1 => Just(None)]
}

#[derive(Debug, Clone)]
struct World {
    /// Empty: a single credential and no pool.
    pool: Vec<String>,
    order: KeyOrder,
    /// What each refresh yields; `None` if there is no refresher.
    refreshes: Option<Vec<Result<String, Class>>>,
    attempts: u32,
    limit: Option<Duration>,
    /// Repeated for ever.
    script: Vec<Option<Answer>>,
}

const SECRET: &str = "[A-Za-z0-9_]{12,40}";

fn world() -> impl Strategy<Value = World> {
    let order = prop_oneof![
        Just(KeyOrder::FillFirst),
        Just(KeyOrder::RoundRobin),
        any::<u64>().prop_map(KeyOrder::Random),
        Just(KeyOrder::LeastUsed),
    ];
    let refresh = prop_oneof![SECRET.prop_map(Ok), class().prop_map(Err)];
    let refreshes = proptest::option::of(proptest::collection::vec(refresh, 1..4));
    (
        proptest::collection::vec(SECRET, 0..6),
        order,
        refreshes,
        0u32..6,
        proptest::option::of((0u64..300).prop_map(Duration::from_secs)),
        proptest::collection::vec(answer(), 1..12),
    )
        .prop_map(|(pool, order, refreshes, attempts, limit, script)| World {
            pool,
            order,
            refreshes,
            attempts,
            limit,
            script,
        })
}

/// Everything a run prints, to be searched for keys.
#[derive(Default)]
struct Printed(Mutex<String>);

impl Printed {
    fn add(&self, shown: impl std::fmt::Debug) {
        *self.0.lock().unwrap() += &format!("{shown:?}\n{shown:#?}\n");
    }

    fn add_text(&self, shown: impl std::fmt::Display) {
        *self.0.lock().unwrap() += &format!("{shown}\n");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_operation_keeps_every_promise(world in world()) {
        let printed = Printed::default();
        let secrets = Arc::new(Mutex::new(world.pool.clone()));
        let time = VirtualTime::new();
        let keys = world.pool.iter().enumerate().map(|(n, secret)| (format!("KEY_{n}"), secret.clone()));
        let ring = KeyRing::new("acme", keys).strategy(world.order).clock(time.clock());
        let single = Credential::new("acme", "KEY", "the-single-secret");
        secrets.lock().unwrap().push("the-single-secret".to_owned());
        let refresher = world.refreshes.clone().map(|refreshes| {
            let (left, secrets) = (Mutex::new(refreshes.into_iter()), secrets.clone());
            Refresher::blocking(move |stale: &Credential| match left.lock().unwrap().next() {
                Some(Ok(secret)) => {
                    secrets.lock().unwrap().push(secret.clone());
                    Ok(secret)
                }
                Some(Err(class)) => {
                    Err(Failure::new(class).with_message(format!("no luck with {}", stale.expose_secret())))
                }
                None => Err(Failure::new(Class::Transient)),
            })
        });
        let notify = |event: &Event<'_>| {
            printed.add(event);
            printed.add_text(event);
        };

        let mut backoff = Backoff::default().max_attempts(world.attempts).seed(1).clock(time.clock());
        if let Some(limit) = world.limit {
            backoff = backoff.max_elapsed(limit);
        }
        let mut guard = match world.pool.is_empty() {
            true => AuthGuard::new(&single),
            false => AuthGuard::with_pool(&ring).unwrap(),
        };
        guard = guard.backoff(&backoff).notify(&notify);
        if let Some(refresher) = &refresher {
            guard = guard.refresher(refresher);
            printed.add(refresher);
        }
        printed.add(&guard);
        printed.add(&single);
        printed.add(&ring);

        let refusals: RefCell<HashMap<String, u32>> = RefCell::default();
        let last: RefCell<Option<Failure>> = RefCell::default();
        let slept = Cell::new(Duration::ZERO);
        let mut requests = 0;
        let mut script = world.script.iter().cycle();
        // Two requests per key and one per wait is the most that the rules can add up to.
        let most = 2 * world.pool.len().max(1) as u32 + world.attempts.max(1) + world.pool.len() as u32;

        let outcome = retry_with(
            guard,
            |delay| {
                let last = last.borrow();
                let class = last.as_ref().unwrap().class();
                assert!(class.is_worth_waiting(), "slept on {class:?}");
                slept.set(slept.get() + delay);
                time.advance(delay);
            },
            |attempt| {
                printed.add(&attempt);
                requests += 1;
                assert!(requests <= most, "no end in sight");
                let Some(answer) = script.next().unwrap() else { return Ok(()) };
                if answer.class.is_auth() {
                    let mut refusals = refusals.borrow_mut();
                    let count = refusals.entry(attempt.credential().id().to_owned()).or_default();
                    *count += 1;
                    assert!(*count <= 2, "{} was refused {count} times", attempt.credential());
                }
                let echo = if answer.echoes_key { attempt.secret() } else { "" };
                let mut failure = Failure::new(answer.class)
                    .with_message(echo)
                    .with_context("echo", echo)
                    .with_source(std::io::Error::other("underneath"));
                failure = match answer.status { Some(status) => failure.with_status(status), None => failure };
                failure = match &answer.model { Some(model) => failure.with_model(model), None => failure };
                failure = match answer.retry_after { Some(delay) => failure.with_retry_after(delay), None => failure };
                if let Some(endpoint) = &answer.endpoint {
                    failure = failure.with_endpoint(format!("{endpoint}?key={}", attempt.secret()));
                }
                *last.borrow_mut() = Some(failure.clone());
                Err(failure)
            },
        );

        if let Err(end) = &outcome {
            check_end(end, last.borrow().as_ref().unwrap(), requests, slept.get());
            printed.add(end);
            printed.add_text(end);
            printed.add_text(end.hint());
            printed.add(end.failure());
            printed.add(end.exhausted());
            let source = end.source().expect("every failure here has a source");
            assert_eq!(source.to_string(), "underneath");
        }
        printed.add(&ring);
        let printed = printed.0.into_inner().unwrap();
        for secret in secrets.lock().unwrap().iter() {
            prop_assert!(!printed.contains(secret.as_str()), "{secret} in {printed}");
        }
    }

    #[test]
    fn no_delay_passes_the_cap_nor_falls_below_its_share(
        base in 0u64..100_000, cap in 0u64..100_000, jitter in 0.0..=1.0f64, attempts in 0u32..80, seed: u64,
    ) {
        let (base, cap) = (Duration::from_millis(base), Duration::from_millis(cap));
        let backoff = Backoff::new(base, cap).jitter(jitter).max_attempts(attempts).seed(seed);
        let mut full = base.min(cap);
        for delay in backoff.delays() {
            prop_assert!(delay <= full, "{delay:?} of {full:?}");
            prop_assert!(delay + Duration::from_nanos(1) >= full.mul_f64(1.0 - jitter), "{delay:?} of {full:?}");
            full = (full * 2).min(cap);
        }
        prop_assert_eq!(backoff.delays().count() as u32, attempts.max(1) - 1);
    }

    #[test]
    fn no_answer_makes_the_classifiers_panic(
        status: u16, name in ".{0,20}", value in ".{0,40}", body in ".{0,200}", code: i32,
    ) {
        for name in [name.as_str(), "retry-after", "retry-after-ms", "date", "x-ratelimit-reset", "x-amzn-errortype"] {
            let headers = [(name, value.as_str()), ("x-ratelimit-remaining", "0")];
            let failure = HttpAnswer { status, headers: &headers, body: &body }.classify();
            prop_assert_eq!(failure.status(), Some(status));
        }
        let _ = classify::text(&body);
        let _ = classify::oauth(&body);
        let _ = classify::grpc(code, &body);
        let _ = classify::retry_after(&value, UNIX_EPOCH);
    }

    #[test]
    fn a_json_message_survives_the_reading(message in "[ -~é…\\n]{1,100}") {
        let quoted = message.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let failure = Failure::from_http(401, &[], &format!("{{\"error\":{{\"message\":\"{quoted}\"}}}}"));
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
        prop_assert_eq!(failure.message(), words(&message));
    }

    #[test]
    fn an_http_date_names_the_second_it_was_made_from(seconds in 0u64..253_402_300_800) {
        let date = imf_fixdate(seconds);
        prop_assert_eq!(classify::http_date(&date), Some(UNIX_EPOCH + Duration::from_secs(seconds)), "{}", date);
    }
}

/// What the last failure knew, the end still knows.
fn check_end(end: &Permanent, last: &Failure, requests: u32, slept: Duration) {
    assert_eq!((end.requests(), end.waited()), (requests, slept));
    assert_eq!(end.status(), last.status());
    assert_eq!(end.provider(), Some("acme"));
    assert_eq!(end.model(), last.model());
    assert_eq!(end.endpoint(), last.endpoint());
    assert_eq!(end.failure().retry_after(), last.retry_after());
    assert!(!end.message().is_empty() && !end.hint().is_empty());
    let told = end.to_string();
    let facts = [end.provider(), end.model(), end.endpoint(), Some(end.message())];
    for fact in facts.into_iter().flatten() {
        assert!(told.contains(fact), "{fact} is not in {told}");
    }
    if let Some(status) = end.status() {
        assert!(told.contains(&format!("HTTP {status}")), "{told}");
    }
}

/// The date as a server writes it, by counting days: slow, and nothing like the parser.
fn imf_fixdate(seconds: u64) -> String {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut days, in_day) = (seconds / 86_400, seconds % 86_400);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(days % 7) as usize];
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let months = [
        ("Jan", 31),
        ("Feb", february),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    let mut month = 0;
    while days >= months[month].1 {
        days -= months[month].1;
        month += 1;
    }
    let (hour, minute, second) = (in_day / 3600, in_day / 60 % 60, in_day % 60);
    format!("{weekday}, {:02} {} {year} {hour:02}:{minute:02}:{second:02} GMT", days + 1, months[month].0)
}
