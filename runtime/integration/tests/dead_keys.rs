//! Dead, flaky and exhausted keys against a real server: how many requests arrive, and how it ends.

use failfast::{
    AuthGuard, Class, Credential, Failure, KeyRing, KeyState, Permanent, Reason, Refresher, Strategy, retry_async,
};
use failfast_integration::{Loopback, Naps, Reply};
use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const DEAD: &str = "sk-dead-0123456789abcdef";
const GOOD: &str = "sk-good-0123456789abcdef";

fn refusal() -> Reply {
    Reply::new(401).header("x-request-id", "req-7").body(r#"{"error":{"message":"Incorrect API key provided"}}"#)
}

/// Asks `server` the way an application would.
async fn ask(guard: AuthGuard<'_>, naps: &Naps, server: &Loopback) -> Result<String, Permanent> {
    let pooled = reqwest::Client::new();
    let url = server.url("/v1/chat?key=never-shown");
    retry_async(guard, naps.timer(), |attempt| {
        let client = if attempt.fresh_connection() { reqwest::Client::new() } else { pooled.clone() };
        let request = client.get(&url).bearer_auth(attempt.secret());
        async move {
            let response = failfast::reqwest::check(request.send().await).await;
            let response = response.map_err(|failure| failure.with_model("m-large"))?;
            Ok::<_, Failure>(response.text().await.unwrap_or_default())
        }
    })
    .await
}

#[tokio::test]
async fn a_single_dead_key_costs_two_requests_and_no_second_and_the_error_has_it_all() {
    let server = Loopback::start(|_| refusal()).await;
    let (naps, key) = (Naps::default(), Credential::new("acme", "ACME_KEY", DEAD));
    let end = ask(AuthGuard::new(&key), &naps, &server).await.unwrap_err();

    assert_eq!(server.keys(), [DEAD, DEAD]);
    assert_eq!(naps.total(), Duration::ZERO);
    assert_eq!((end.reason(), end.class()), (Reason::Rejected, Class::AuthPermanent));
    assert_eq!((end.status(), end.requests(), end.waited()), (Some(401), 2, Duration::ZERO));
    assert_eq!((end.provider(), end.model()), (Some("acme"), Some("m-large")));
    assert_eq!(end.endpoint(), Some(server.url("/v1/chat").as_str()));
    assert_eq!(end.message(), "Incorrect API key provided");
    assert_eq!(end.failure().context().collect::<Vec<_>>(), [("request id", "req-7")]);
    let source = end.source().and_then(|source| source.downcast_ref::<reqwest::Error>());
    assert_eq!(source.and_then(reqwest::Error::status), Some(reqwest::StatusCode::UNAUTHORIZED));
    assert_eq!(
        end.to_string(),
        format!(
            "acme refused credential ACME_KEY (sk-d…): HTTP 401: Incorrect API key provided [model m-large, \
             endpoint {}, request id req-7, 2 requests]; check that the key is valid and not revoked, and that \
             its account may use m-large",
            server.url("/v1/chat")
        )
    );
}

#[tokio::test]
async fn the_second_request_comes_on_another_connection() {
    let server = Loopback::start(|_| refusal()).await;
    let key = Credential::new("acme", "ACME_KEY", DEAD);
    let _ = ask(AuthGuard::new(&key), &Naps::default(), &server).await;
    let requests = server.requests();
    assert_ne!(requests[0].peer, requests[1].peer);
}

#[tokio::test]
async fn a_401_that_was_a_hiccup_is_over_at_the_second_request() {
    let server = Loopback::start(|request| match request.before {
        0 => refusal(),
        _ => Reply::new(200).body("hello"),
    })
    .await;
    let (naps, key) = (Naps::default(), Credential::new("acme", "ACME_KEY", GOOD));
    assert_eq!(ask(AuthGuard::new(&key), &naps, &server).await.unwrap(), "hello");
    assert_eq!(server.keys(), [GOOD, GOOD]);
    assert_eq!(naps.total(), Duration::ZERO);
}

fn by_key(request: &failfast_integration::Request) -> Reply {
    if request.key == GOOD { Reply::new(200).body("hello") } else { refusal() }
}

#[tokio::test]
async fn a_pool_of_three_with_two_dead_needs_three_requests_and_no_wait() {
    let server = Loopback::start(by_key).await;
    let ring = KeyRing::new("acme", [("A", "sk-dead-a-0123456789"), ("B", "sk-dead-b-0123456789"), ("C", GOOD)]);
    let naps = Naps::default();
    let answer = ask(AuthGuard::with_pool(&ring).unwrap(), &naps, &server).await;
    assert_eq!(answer.unwrap(), "hello");
    assert_eq!(server.keys(), ["sk-dead-a-0123456789", "sk-dead-b-0123456789", GOOD]);
    assert_eq!(naps.total(), Duration::ZERO);

    // The next operation has learnt from it.
    ask(AuthGuard::with_pool(&ring).unwrap(), &naps, &server).await.unwrap();
    assert_eq!(server.keys()[3..], [GOOD]);
}

#[tokio::test]
async fn a_pool_that_is_all_dead_is_asked_for_each_key_once() {
    let server = Loopback::start(|_| refusal()).await;
    let ring = KeyRing::new("acme", [("A", "sk-dead-a-0123456789"), ("B", "sk-dead-b-0123456789"), ("C", DEAD)]);
    let naps = Naps::default();
    let end = ask(AuthGuard::with_pool(&ring).unwrap(), &naps, &server).await.unwrap_err();
    assert_eq!(server.keys(), ["sk-dead-a-0123456789", "sk-dead-b-0123456789", DEAD]);
    assert_eq!((end.reason(), naps.total()), (Reason::Exhausted, Duration::ZERO));
    let exhausted = end.exhausted().unwrap();
    assert_eq!(exhausted.tried().iter().map(Credential::id).collect::<Vec<_>>(), ["A", "B", "C"]);
    assert_eq!(exhausted.last().unwrap().status(), Some(401));

    // While they rest, an operation costs no request at all.
    assert_eq!(AuthGuard::with_pool(&ring).unwrap_err().reason(), Reason::Exhausted);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_tasks_race_through_a_pool_and_none_sends_a_dead_key_twice() {
    let server = Arc::new(Loopback::start(by_key).await);
    let keys = (0..4).map(|n| (format!("K{n}"), format!("sk-dead-{n}-0123456789"))).chain([("K4".into(), GOOD.into())]);
    let ring = Arc::new(KeyRing::new("acme", keys).strategy(Strategy::RoundRobin));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (server, ring) = (server.clone(), ring.clone());
            tokio::spawn(async move {
                let mut sent: HashMap<String, u32> = HashMap::new();
                let client = reqwest::Client::new();
                let outcome = retry_async(AuthGuard::with_pool(&*ring)?, Naps::default().timer(), |attempt| {
                    *sent.entry(attempt.credential().id().to_owned()).or_default() += 1;
                    let request = client.get(server.url("/")).bearer_auth(attempt.secret());
                    async move { failfast::reqwest::check(request.send().await).await }
                })
                .await;
                assert!(sent.values().all(|&count| count == 1), "{sent:?}");
                outcome.map(|_| ())
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(ring.states().last().unwrap().1, KeyState::Ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_tasks_with_a_stale_token_cause_one_refresh() {
    let api = Arc::new(Loopback::start(by_key).await);
    // The token endpoint is a server, too, and slow enough for all to meet there.
    let token_endpoint = Arc::new(Loopback::start(|_| Reply::new(200).body(GOOD)).await);
    let url = token_endpoint.url("/token");
    let refresher = Arc::new(Refresher::new(move |_stale: Credential| {
        let url = url.clone();
        async move {
            let response = failfast::reqwest::check(reqwest::Client::new().post(url).send().await).await?;
            Ok::<_, Failure>(response.text().await.unwrap_or_default())
        }
    }));
    let key = Credential::new("acme", "LOGIN", "stale-token-0123456789");
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (api, refresher, key) = (api.clone(), refresher.clone(), key.clone());
            tokio::spawn(async move { ask(AuthGuard::new(&key).refresher(&refresher), &Naps::default(), &api).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), "hello");
    }
    assert_eq!(token_endpoint.requests().len(), 1);
    let stale = api.keys().iter().filter(|sent| *sent == "stale-token-0123456789").count();
    assert!(stale <= 64 && api.keys().len() == stale + 64);
}

#[tokio::test]
async fn a_refresh_that_does_not_help_is_not_followed_by_a_third_request() {
    let server = Loopback::start(|_| refusal()).await;
    let refreshes = Arc::new(AtomicU32::new(0));
    let counter = refreshes.clone();
    let refresher = Refresher::new(move |_| {
        let n = counter.fetch_add(1, Ordering::SeqCst);
        async move { Ok::<_, Failure>(format!("another-dead-token-{n}")) }
    });
    let (naps, key) = (Naps::default(), Credential::new("acme", "LOGIN", DEAD));
    let end = ask(AuthGuard::new(&key).refresher(&refresher), &naps, &server).await.unwrap_err();
    assert_eq!(server.keys(), [DEAD, "another-dead-token-0"]);
    assert_eq!((refreshes.load(Ordering::SeqCst), end.reason()), (1, Reason::Rejected));
}

#[tokio::test]
async fn a_refresh_outlives_the_task_that_began_it() {
    let refreshes = Arc::new(AtomicU32::new(0));
    let (counter, gate) = (refreshes.clone(), Arc::new(tokio::sync::Semaphore::new(0)));
    let wait = gate.clone();
    let refresher = Arc::new(Refresher::new(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        let wait = wait.clone();
        async move {
            let _permit = wait.acquire().await;
            Ok::<_, Failure>("fresh".to_owned())
        }
    }));
    let stale = Credential::new("acme", "LOGIN", "stale-token-0123456789");
    let spawn = || {
        let (refresher, stale) = (refresher.clone(), stale.clone());
        tokio::spawn(async move { refresher.refresh(&stale).await })
    };
    let first = spawn();
    tokio::task::yield_now().await;
    let second = spawn();
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    assert_eq!(second.await.unwrap().unwrap().expose_secret(), "fresh");
    assert_eq!(refreshes.load(Ordering::SeqCst), 1);
}

/// Fails to compile if an operation could not be spawned on a multi-threaded runtime.
#[allow(dead_code, reason = "it is compiled, not run")]
fn operations_can_be_spawned(ring: &'static KeyRing, refresher: &'static Refresher) {
    let guard = AuthGuard::with_pool(ring).unwrap().refresher(refresher);
    tokio::spawn(retry_async(guard, tokio::time::sleep, |_attempt| async { Ok::<_, Failure>(()) }));
}
