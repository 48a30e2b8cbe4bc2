//! Feature `reqwest`, with real requests to a real server.

use failfast::{Class, Classify};
use failfast_integration::{Loopback, Reply};
use std::error::Error;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const KEY: &str = "AIza-0123456789-in-the-query";

async fn get(server: &Loopback) -> Result<reqwest::Response, reqwest::Error> {
    reqwest::Client::new().get(server.url(&format!("/v1/models?key={KEY}"))).send().await
}

#[tokio::test]
async fn a_success_passes_through_with_its_body() {
    let server = Loopback::start(|_| Reply::new(200).body("hello")).await;
    let response = failfast::reqwest::check(get(&server).await).await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hello");
}

#[tokio::test]
async fn a_refusal_is_read_whole_and_without_the_key_in_its_url() {
    let body = r#"{"error":{"status":"PERMISSION_DENIED","message":"No access"}}"#;
    let server = Loopback::start(move |_| Reply::new(403).body(body)).await;
    let failure = failfast::reqwest::check(get(&server).await).await.unwrap_err();
    assert_eq!((failure.class(), failure.status(), failure.message()), (Class::Entitlement, Some(403), "No access"));
    assert_eq!(failure.endpoint(), Some(server.url("/v1/models").as_str()));
    let mut printed = format!("{failure:?} {failure}");
    let mut source = failure.source();
    while let Some(error) = source {
        printed += &format!("{error:?} {error}");
        source = error.source();
    }
    assert!(!printed.contains(KEY), "{printed}");
}

#[tokio::test]
async fn an_endless_body_is_read_only_so_far() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _request = stream.read(&mut [0; 4096]).await.unwrap();
        let head = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 1000000000\r\n\r\n{\"message\":\"";
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&[b'x'; 20_000]).await.unwrap();
        std::future::pending::<()>().await; // and never the rest
    });
    let answer = failfast::reqwest::check(reqwest::get(url).await);
    let failure = tokio::time::timeout(Duration::from_secs(10), answer).await.expect("it waits for the rest");
    let failure = failure.unwrap_err();
    assert_eq!(failure.class(), Class::Auth);
    assert!(failure.message().starts_with("xxx"), "{failure}");
    server.abort();
}

#[tokio::test]
async fn a_response_by_itself_classifies_by_its_head() {
    let server = Loopback::start(|_| Reply::new(403).header("retry-after", "9")).await;
    let response = get(&server).await.unwrap();
    assert_eq!(response.classify().class(), Class::RateLimited);
}

#[tokio::test]
async fn errors_of_reqwest_classify_by_their_kind() {
    let server = Loopback::start(|_| Reply::new(401)).await;
    let refused = get(&server).await.unwrap().error_for_status().unwrap_err();
    let failure = refused.into_failure();
    assert_eq!((failure.class(), failure.status()), (Class::Auth, Some(401)));
    assert!(!failure.source().unwrap().to_string().contains(KEY));

    let url = server.url("/");
    drop(server);
    tokio::task::yield_now().await;
    let unreachable = reqwest::Client::new().get(url).send().await.unwrap_err().into_failure();
    assert_eq!((unreachable.class(), unreachable.status()), (Class::Transient, None));
    assert!(unreachable.message().contains("refused"), "{unreachable}");

    let invalid = reqwest::Client::new().get("no url at all").send().await.unwrap_err().into_failure();
    assert_eq!(invalid.class(), Class::Fatal);
}

#[tokio::test]
async fn a_time_out_is_transient() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let request = reqwest::Client::new().get(url).timeout(Duration::from_millis(20));
    let failure = request.send().await.unwrap_err().into_failure();
    assert_eq!(failure.class(), Class::Transient);
}
