//! Feature `http`, with the real `http` crate.

use failfast::{Class, Classify};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use std::time::Duration;

#[test]
fn status_headers_and_body_are_all_read() {
    let mut headers = HeaderMap::new();
    headers.insert("Retry-After", HeaderValue::from_static("30"));
    let failure = failfast::http::failure(StatusCode::FORBIDDEN, &headers, b"");
    assert_eq!((failure.class(), failure.retry_after()), (Class::RateLimited, Some(Duration::from_secs(30))));

    let body = br#"{"error":{"code":"insufficient_quota","message":"No money"}}"#;
    let failure = failfast::http::failure(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new(), body);
    assert_eq!((failure.class(), failure.status(), failure.message()), (Class::Billing, Some(429), "No money"));
}

#[test]
fn what_is_no_text_does_no_harm() {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from_bytes(b"\xff\xfe").unwrap());
    let failure = failfast::http::failure(StatusCode::UNAUTHORIZED, &headers, b"\xff\xfe\x00");
    assert_eq!((failure.class(), failure.retry_after()), (Class::Auth, None));
    let long = vec![b'x'; 10_000_000];
    let failure = failfast::http::failure(StatusCode::BAD_GATEWAY, &HeaderMap::new(), &long);
    assert!(failure.message().len() < 1_000);
}

#[test]
fn a_response_of_any_body_type_classifies_by_its_head() {
    struct Opaque;
    let response = Response::builder().status(401).header("x-request-id", "r-1").body(Opaque).unwrap();
    let failure = response.classify();
    assert_eq!(failure.class(), Class::Auth);
    assert_eq!(failure.context().next(), Some(("request id", "r-1")));
}
