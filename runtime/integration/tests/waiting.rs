//! Failures that are not the key's fault: waited out as configured, or ended at once.

use failfast::{AuthGuard, Backoff, Class, Credential, Permanent, Reason, retry_async};
use failfast_integration::{Loopback, Naps, Reply, Request};
use std::time::Duration;

const FIREWALL: &str = "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>";

/// One operation with a single key and a backoff without jitter.
async fn ask(
    naps: &Naps,
    answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> (Result<(), Permanent>, usize) {
    let server = Loopback::start(answer).await;
    let key = Credential::new("acme", "ACME_KEY", "sk-good-0123456789abcdef");
    let backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(120)).jitter(0.0).max_attempts(6);
    let client = reqwest::Client::new();
    let outcome = retry_async(AuthGuard::new(&key).backoff(&backoff), naps.timer(), |attempt| {
        let request = client.get(server.url("/")).bearer_auth(attempt.secret());
        async move { failfast::reqwest::check(request.send().await).await }
    })
    .await;
    (outcome.map(|_| ()), server.requests().len())
}

fn first(count: usize, failure: Reply) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    move |request| if request.before < count { failure.clone() } else { Reply::new(200) }
}

#[tokio::test]
async fn a_429_is_waited_out_for_as_long_as_the_server_asks() {
    let naps = Naps::default();
    let (outcome, requests) = ask(&naps, first(1, Reply::new(429).header("retry-after", "7"))).await;
    outcome.unwrap();
    assert_eq!((requests, naps.seconds()), (2, vec![7]));
}

#[tokio::test]
async fn an_http_date_is_as_good_as_seconds() {
    let limited = Reply::new(429)
        .header("date", "Sun, 06 Nov 1994 08:49:37 GMT")
        .header("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT");
    let naps = Naps::default();
    let (outcome, requests) = ask(&naps, first(1, limited)).await;
    outcome.unwrap();
    assert_eq!((requests, naps.seconds()), (2, vec![30]));
}

#[tokio::test]
async fn two_503_then_200_wait_as_configured() {
    let naps = Naps::default();
    let (outcome, requests) = ask(&naps, first(2, Reply::new(503))).await;
    outcome.unwrap();
    assert_eq!((requests, naps.seconds()), (3, vec![5, 10]));
}

#[tokio::test]
async fn a_503_for_ever_is_bounded() {
    let naps = Naps::default();
    let (outcome, requests) = ask(&naps, |_| Reply::new(503)).await;
    let end = outcome.unwrap_err();
    assert_eq!((requests, naps.seconds()), (6, vec![5, 10, 20, 40, 80]));
    assert_eq!((end.reason(), end.class(), end.waited()), (Reason::OutOfAttempts, Class::Transient, naps.total()));
}

#[tokio::test]
async fn a_server_that_asks_for_too_much_is_not_waited_for() {
    let naps = Naps::default();
    let (outcome, requests) = ask(&naps, |_| Reply::new(429).header("retry-after", "86400")).await;
    let end = outcome.unwrap_err();
    assert_eq!((requests, naps.total()), (1, Duration::ZERO));
    assert_eq!(end.reason(), Reason::RetryAfterTooLong);
    assert!(end.to_string().ends_with("the service asks to be left alone for 86400 s"), "{end}");
}

#[tokio::test]
async fn a_403_rate_limit_is_waited_out_like_a_429() {
    let naps = Naps::default();
    let limited = Reply::new(403).header("x-ratelimit-remaining", "0").header("x-ratelimit-reset", "30");
    let (outcome, requests) = ask(&naps, first(1, limited)).await;
    outcome.unwrap();
    assert_eq!((requests, naps.seconds()), (2, vec![30]));
}

#[tokio::test]
async fn a_403_that_is_not_about_the_key_ends_at_the_first_request() {
    let entitlement = Reply::new(403).body(r#"{"error":{"type":"permission_error","message":"No access to m-large"}}"#);
    let billing = Reply::new(403).body(r#"{"error":{"message":"Key limit exceeded (total limit)"}}"#);
    let firewall = Reply::new(403).header("content-type", "text/html").body(FIREWALL);
    for (reply, class) in [(entitlement, Class::Entitlement), (billing, Class::Billing), (firewall, Class::Blocked)] {
        let naps = Naps::default();
        let (outcome, requests) = ask(&naps, move |_| reply.clone()).await;
        let end = outcome.unwrap_err();
        assert_eq!((requests, naps.total()), (1, Duration::ZERO));
        assert_eq!((end.reason(), end.class(), end.status()), (Reason::NotRetryable, class, Some(403)));
    }
}

#[tokio::test]
async fn a_403_without_any_explanation_is_about_the_key() {
    let naps = Naps::default();
    let (outcome, requests) = ask(&naps, |_| Reply::new(403)).await;
    assert_eq!((requests, naps.total()), (2, Duration::ZERO));
    assert_eq!(outcome.unwrap_err().class(), Class::AuthPermanent);
}

#[tokio::test]
async fn a_server_error_that_carries_an_auth_error_is_about_the_key() {
    let naps = Naps::default();
    let (outcome, requests) = ask(&naps, |_| Reply::new(500).body(r#"{"error":{"type":"auth_error"}}"#)).await;
    assert_eq!((requests, naps.total()), (2, Duration::ZERO));
    assert_eq!(outcome.unwrap_err().class(), Class::AuthPermanent);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_waited_for() {
    let url = Loopback::start(|_| Reply::new(200)).await.url("/"); // stopped at once
    tokio::task::yield_now().await;
    let (naps, key) = (Naps::default(), Credential::ambient("acme", "none"));
    let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(1)).jitter(0.0).max_attempts(3);
    let client = reqwest::Client::new();
    let end = retry_async(AuthGuard::new(&key).backoff(&backoff), naps.timer(), |_| {
        let request = client.get(&url);
        async move { failfast::reqwest::check(request.send().await).await }
    })
    .await
    .unwrap_err();
    assert_eq!((end.reason(), end.class(), naps.seconds()), (Reason::OutOfAttempts, Class::Transient, vec![1, 1]));
}

#[tokio::test]
async fn dropping_the_future_cancels_the_operation() {
    let server = Loopback::start(|_| Reply::new(503)).await;
    let key = Credential::ambient("acme", "none");
    let client = reqwest::Client::new();
    let (asleep, mut waits) = tokio::sync::mpsc::unbounded_channel();
    let operation = retry_async(
        AuthGuard::new(&key),
        |_| {
            asleep.send(()).unwrap();
            std::future::pending::<()>()
        },
        |_| {
            let request = client.get(server.url("/"));
            async move { failfast::reqwest::check(request.send().await).await.map(|_| ()) }
        },
    );
    tokio::select! {
        outcome = operation => panic!("{outcome:?}"),
        _ = waits.recv() => {}
    }
    assert_eq!(server.requests().len(), 1);
}
