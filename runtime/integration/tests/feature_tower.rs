//! Feature `tower`: the policy in a real `tower::retry` stack, calling a real server.

use failfast::tower::{AuthPolicy, Authenticated};
use failfast::{AuthGuard, Backoff, Class, Credential, CredentialPool, Failure, KeyRing, KeyState, Permanent, Reason};
use failfast_integration::{Loopback, Naps, Reply, Request};
use std::sync::Arc;
use std::time::Duration;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};

const GOOD: &str = "sk-good-0123456789abcdef";

type Outcome = Result<http::StatusCode, BoxError>;

fn judge(result: &Outcome) -> Option<Failure> {
    match result {
        Ok(status) if status.is_success() => None,
        Ok(status) => Some(Failure::from_http(status.as_u16(), &[], "").with_model("m-large")),
        Err(error) => Some(Failure::new(Class::Transient).with_message(error.to_string())),
    }
}

fn sender() -> impl Service<Authenticated<String>, Response = http::StatusCode, Error = BoxError, Future: Send> + Clone
{
    let pooled = reqwest::Client::new();
    tower::service_fn(move |sent: Authenticated<String>| {
        let client = if sent.fresh_connection { reqwest::Client::new() } else { pooled.clone() };
        let request = client.get(sent.request).bearer_auth(sent.credential.expose_secret());
        async move { Ok(request.send().await?.status()) }
    })
}

async fn server(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Loopback {
    Loopback::start(answer).await
}

#[tokio::test]
async fn a_dead_key_costs_two_requests_and_ends_in_permanent() {
    let (server, naps) = (server(|_| Reply::new(401)).await, Naps::default());
    let service = ServiceBuilder::new().retry(AuthPolicy::new(judge, naps.timer())).service(sender());
    let key = Credential::new("acme", "ACME_KEY", "sk-dead-0123456789abcdef");
    for _ in 0..2 {
        let before = server.requests().len();
        let request = Authenticated::new(key.clone(), server.url("/"));
        let error = service.clone().oneshot(request).await.unwrap_err();
        let end = error.downcast_ref::<Permanent>().unwrap();
        assert_eq!((end.reason(), end.requests(), end.model()), (Reason::Rejected, 2, Some("m-large")));
        let requests = server.requests();
        assert_eq!(requests.len(), before + 2, "each request of the service is an operation of its own");
        assert_ne!(requests[before].peer, requests[before + 1].peer);
    }
    assert_eq!(naps.total(), Duration::ZERO);
}

#[tokio::test]
async fn a_pool_is_rotated_and_the_key_that_was_sent_is_marked() {
    let by_key = |request: &Request| Reply::new(if request.key == GOOD { 200 } else { 401 });
    let (server, naps) = (server(by_key).await, Naps::default());
    let ring = Arc::new(KeyRing::new("acme", [("A", "sk-dead-0123456789abcdef"), ("B", GOOD)]));
    let policy = AuthPolicy::new(judge, naps.timer()).pool(ring.clone() as Arc<dyn CredentialPool>);
    let service = ServiceBuilder::new().retry(policy).service(sender());
    let first = AuthGuard::with_pool(&*ring).unwrap().credential().clone();
    let status = service.oneshot(Authenticated::new(first, server.url("/"))).await.unwrap();
    assert_eq!((status.as_u16(), server.keys().len(), naps.total()), (200, 2, Duration::ZERO));
    let states: Vec<_> = ring.states().into_iter().map(|(_, state)| state).collect();
    assert!(matches!(states[..], [KeyState::Resting(_), KeyState::Ready]), "{states:?}");
}

#[tokio::test]
async fn an_exhausted_pool_says_so() {
    let (server, naps) = (server(|_| Reply::new(401)).await, Naps::default());
    let ring = Arc::new(KeyRing::new("acme", [("A", "sk-dead-a-0123456789"), ("B", "sk-dead-b-0123456789")]));
    let policy = AuthPolicy::new(judge, naps.timer()).pool(ring.clone() as Arc<dyn CredentialPool>);
    let service = ServiceBuilder::new().retry(policy).service(sender());
    let first = AuthGuard::with_pool(&*ring).unwrap().credential().clone();
    let error = service.oneshot(Authenticated::new(first, server.url("/"))).await.unwrap_err();
    let end = error.downcast_ref::<Permanent>().unwrap();
    assert_eq!((end.exhausted().unwrap().tried().len(), server.requests().len()), (2, 2));
}

#[tokio::test]
async fn server_errors_are_waited_out_as_configured() {
    let flaky = |request: &Request| Reply::new(if request.before < 2 { 503 } else { 200 });
    let (server, naps) = (server(flaky).await, Naps::default());
    let backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(120)).jitter(0.0);
    let policy = AuthPolicy::new(judge, naps.timer()).backoff(backoff);
    let mut service = ServiceBuilder::new().retry(policy).service(sender());
    let key = Credential::new("acme", "ACME_KEY", GOOD);
    let request = Authenticated::new(key, server.url("/"));
    let status = service.ready().await.unwrap().call(request).await.unwrap();
    assert_eq!((status.as_u16(), naps.seconds()), (200, vec![5, 10]));
}

#[tokio::test]
async fn a_pool_of_another_provider_never_gives_its_keys_to_this_one() {
    let (server, naps) = (server(|_| Reply::new(401)).await, Naps::default());
    let ring = Arc::new(KeyRing::new("other", [("A", "sk-other-0123456789abcdef")]));
    let policy = AuthPolicy::new(judge, naps.timer()).pool(ring.clone() as Arc<dyn CredentialPool>);
    let service = ServiceBuilder::new().retry(policy).service(sender());
    let key = Credential::new("acme", "ACME_KEY", "sk-dead-0123456789abcdef");
    let error = service.oneshot(Authenticated::new(key, server.url("/"))).await.unwrap_err();
    assert_eq!(error.downcast_ref::<Permanent>().unwrap().reason(), Reason::Rejected);
    assert_eq!(server.keys(), ["sk-dead-0123456789abcdef"; 2]);
    assert_eq!(ring.states()[0].1, KeyState::Ready);
}
