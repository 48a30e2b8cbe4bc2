//! Feature `backon`: the predicates in real backon retries.

use backon::{ExponentialBuilder, Retryable};
use failfast_integration::{Loopback, Naps, Reply};
use std::time::Duration;

async fn ask(reply: Reply) -> (usize, Vec<u64>) {
    let server = Loopback::start(move |_| reply.clone()).await;
    let naps = Naps::default();
    let client = reqwest::Client::new();
    let send = || async { failfast::reqwest::check(client.get(server.url("/")).send().await).await };
    let outcome = send
        .retry(ExponentialBuilder::default().with_max_times(3))
        .sleep(naps.timer())
        .when(failfast::backon::worth_waiting)
        .adjust(failfast::backon::retry_after)
        .await;
    assert!(outcome.is_err());
    (server.requests().len(), naps.seconds())
}

#[tokio::test]
async fn a_dead_key_is_not_retried() {
    assert_eq!(ask(Reply::new(401)).await, (1, vec![]));
    assert_eq!(ask(Reply::new(403)).await, (1, vec![]));
}

#[tokio::test]
async fn what_waiting_can_cure_is_retried_for_as_long_as_asked() {
    assert_eq!(ask(Reply::new(503)).await, (4, vec![1, 2, 4]));
    assert_eq!(ask(Reply::new(429).header("retry-after", "7")).await, (4, vec![7, 7, 7]));
    assert_eq!(failfast::backon::retry_after(&failfast::Failure::new(failfast::Class::Fatal), None), None::<Duration>);
}
