//! Measures the table in `docs/before-after.md`, which the README and the crate page show: the loop that the
//! linter reports beside the same operation with failfast, both against a real server, in virtual time.
//!
//! `REGENERATE=1 cargo test --test before_after` writes the file and the README's copy of it.

use failfast::{AuthGuard, Backoff, Credential, Failure, KeyRing, Permanent, Refresher, retry_async};
use failfast_integration::{Loopback, Naps, Reply, Request};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

const GOOD: &str = "sk-good-0123456789abcdef";
const DEAD: [&str; 3] = ["sk-dead-a-0123456789", "sk-dead-b-0123456789", "sk-dead-c-0123456789"];

/// What the application has to work with.
#[derive(Clone, Copy)]
enum Keys {
    One(&'static str),
    /// A stale token, and a refresher that yields a good one.
    Refreshable,
    Pool([&'static str; 3]),
}

struct Scenario {
    name: &'static str,
    keys: Keys,
    answer: fn(&Request) -> Reply,
}

fn by_key(request: &Request) -> Reply {
    Reply::new(if request.key == GOOD { 200 } else { 401 })
}

fn first(count: usize, request: &Request, failure: Reply) -> Reply {
    if request.before < count { failure } else { Reply::new(200) }
}

fn scenarios() -> Vec<Scenario> {
    let one = Keys::One(GOOD);
    let scenario = |name, keys, answer| Scenario { name, keys, answer };
    vec![
        scenario("one key, dead (401)", Keys::One(DEAD[0]), by_key),
        scenario("one key, a single 401 by mistake", one, |request| first(1, request, Reply::new(401))),
        scenario("one stale token, refresher at hand", Keys::Refreshable, by_key),
        scenario("pool of 3, two dead", Keys::Pool([DEAD[0], DEAD[1], GOOD]), by_key),
        scenario("pool of 3, all dead", Keys::Pool(DEAD), by_key),
        scenario("403: the key may not use the model", one, |_| {
            Reply::new(403).body(r#"{"error":{"type":"permission_error"}}"#)
        }),
        scenario("403: spending limit reached", one, |_| Reply::new(403).body(r#"{"message":"spending limit"}"#)),
        scenario("403: page of a firewall", one, |_| {
            Reply::new(403).body("<!DOCTYPE html><title>Attention Required! | Cloudflare</title>")
        }),
        scenario("403: rate limit, `Retry-After: 30`, then 200", one, |request| {
            first(1, request, Reply::new(403).header("retry-after", "30"))
        }),
        scenario("429, `Retry-After: 7`, then 200", one, |request| {
            first(1, request, Reply::new(429).header("retry-after", "7"))
        }),
        scenario("503 twice, then 200", one, |request| first(2, request, Reply::new(503))),
        scenario("503 for ever", one, |_| Reply::new(503)),
    ]
}

struct Measured {
    requests: usize,
    slept: Duration,
    end: String,
}

const ATTEMPTS: u32 = 6;
const BASE: Duration = Duration::from_secs(5);
const CAP: Duration = Duration::from_secs(120);

async fn send(client: reqwest::Client, url: String, secret: &str) -> Result<(), Failure> {
    failfast::reqwest::check(client.get(url).bearer_auth(secret).send().await).await.map(|_| ())
}

/// The loop that the linter reports: it never asks whether it is the key. To be fair it waits as long as a
/// server asks, and does not sleep after its last attempt.
async fn before(scenario: &Scenario) -> Measured {
    let (server, naps) = (Loopback::start(scenario.answer).await, Naps::default());
    let key = match scenario.keys {
        Keys::One(key) => key,
        Keys::Refreshable => "stale-token-0123456789",
        Keys::Pool(keys) => keys[0],
    };
    let timer = naps.timer();
    let mut delay = BASE;
    let mut end = "success".to_owned();
    for attempt in 1..=ATTEMPTS {
        match send(reqwest::Client::new(), server.url("/"), key).await {
            Ok(()) => break,
            Err(failure) if attempt == ATTEMPTS => end = format!("`{failure}`"),
            Err(failure) => timer(failure.retry_after().unwrap_or(delay)).await,
        }
        delay = (delay * 2).min(CAP);
    }
    Measured { requests: server.requests().len(), slept: naps.total(), end }
}

async fn after(scenario: &Scenario) -> Measured {
    let (server, naps) = (Loopback::start(scenario.answer).await, Naps::default());
    let backoff = Backoff::new(BASE, CAP).max_attempts(ATTEMPTS).jitter(0.0);
    let refresher = Refresher::new(|_stale| async { Ok::<_, Failure>(GOOD.to_owned()) });
    let (key, ring);
    let guard = match scenario.keys {
        Keys::One(secret) => {
            key = Credential::new("acme", "KEY", secret);
            AuthGuard::new(&key)
        }
        Keys::Refreshable => {
            key = Credential::new("acme", "LOGIN", "stale-token-0123456789");
            AuthGuard::new(&key).refresher(&refresher)
        }
        Keys::Pool(secrets) => {
            ring = KeyRing::new("acme", ["A", "B", "C"].into_iter().zip(secrets));
            AuthGuard::with_pool(&ring).expect("no key rests yet")
        }
    };
    let outcome = retry_async(guard.backoff(&backoff), naps.timer(), |attempt| {
        let url = server.url("/");
        async move { send(reqwest::Client::new(), url, attempt.secret()).await }
    })
    .await;
    Measured { requests: server.requests().len(), slept: naps.total(), end: told(outcome) }
}

fn told(outcome: Result<(), Permanent>) -> String {
    match outcome {
        Ok(()) => "success".to_owned(),
        Err(end) => format!("`{:?}`, {}", end.reason(), end.class()),
    }
}

async fn table() -> String {
    let mut table = String::from(
        "| what happens | before: requests | slept | end | after: requests | slept | end |\n\
         |---|--:|--:|---|--:|--:|---|\n",
    );
    for scenario in scenarios() {
        let (before, after) = (before(&scenario).await, after(&scenario).await);
        writeln!(
            table,
            "| {} | {} | {} s | {} | {} | {} s | {} |",
            scenario.name,
            before.requests,
            before.slept.as_secs(),
            before.end,
            after.requests,
            after.slept.as_secs(),
            after.end
        )
        .unwrap();
    }
    table
}

const BEGIN: &str = "<!-- before-after: measured by integration/tests/before_after.rs -->\n";
const END: &str = "<!-- /before-after -->\n";

/// `page` with what stands between the two marks replaced.
fn with_table(page: &str, table: &str) -> String {
    let (head, rest) = page.split_once(BEGIN).expect("the page has the first mark");
    let (_, tail) = rest.split_once(END).expect("the page has the second mark");
    format!("{head}{BEGIN}\n{table}\n{END}{tail}")
}

#[tokio::test]
async fn the_table_in_the_docs_is_the_one_that_is_measured_here() {
    let table = table().await;
    let crate_folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    for page in ["docs/before-after.md", "README.md"] {
        let path = crate_folder.join(page);
        let text = std::fs::read_to_string(&path).unwrap();
        let measured = with_table(&text, &table);
        if std::env::var_os("REGENERATE").is_some() {
            std::fs::write(&path, measured).unwrap();
        } else {
            assert_eq!(text, measured, "{page} is out of date; run with REGENERATE=1");
        }
    }
}

#[tokio::test]
async fn a_dead_key_cost_155_seconds_and_now_costs_none() {
    let dead = &scenarios()[0];
    let (before, after) = (before(dead).await, after(dead).await);
    assert_eq!((before.requests, before.slept.as_secs()), (6, 5 + 10 + 20 + 40 + 80));
    assert_eq!((after.requests, after.slept.as_secs()), (2, 0));
}
