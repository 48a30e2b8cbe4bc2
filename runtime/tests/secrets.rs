//! The places where a key could slip out although nobody meant to print it.

#![allow(clippy::incompatible_msrv, reason = "tests run on the current compiler only")]

use failfast::{retry_with, AuthGuard, Class, Credential, Failure, HttpAnswer, Next, Permanent, Refresher};
use std::error::Error;
use std::fmt;

/// How the operation ends when `failure` answers every request with a key of this secret.
fn end(secret: &str, failure: &Failure) -> Permanent {
    let key = Credential::new("acme", "KEY", secret);
    retry_with(AuthGuard::new(&key), |_| {}, |_| Err::<(), _>(failure.clone())).unwrap_err()
}

/// All that a report of the error prints, as `anyhow` and `eprintln!` do it.
fn printed(end: &Permanent) -> String {
    let mut printed = format!("{end} {end:?} {end:#?} {}", end.hint());
    let mut source = end.source();
    while let Some(error) = source {
        printed += &format!(" {error} {error:?}");
        source = error.source();
    }
    printed
}

#[test]
fn a_message_that_is_cut_off_within_the_key_shows_none_of_it() {
    let secret = "sk-live-abcdefghijklmnop";
    for before in 470..=500 {
        let message = format!("{} {secret} was refused", "x".repeat(before));
        let printed = printed(&end(secret, &Failure::new(Class::Auth).with_message(message)));
        assert!(!printed.contains("sk-li"), "{before}: {printed}");
    }
}

#[test]
fn a_key_is_recognised_in_a_url_and_without_its_line_breaks() {
    let secret = "ab+cd/ef=gh ij";
    let failure = Failure::new(Class::Auth).with_endpoint("https://h/bot/ab%2Bcd%2Fef%3Dgh%20ij/me");
    let told = printed(&end(secret, &failure));
    assert!(!told.contains("cd%2Fef"), "{told}");

    let secret = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ\n-----END KEY-----";
    let told = printed(&end(secret, &Failure::new(Class::Auth).with_message(format!("cannot parse {secret}"))));
    assert!(!told.contains("MIIE"), "{told}");
}

#[test]
fn a_key_that_begins_with_another_key_is_masked_whole() {
    let old = Credential::new("acme", "LOGIN", "token-0123456789");
    let new = "token-0123456789-renewed";
    let refresher = Refresher::blocking(move |_: &Credential| Ok::<_, Failure>(new.to_owned()));
    let mut guard = AuthGuard::new(&old).refresher(&refresher);
    let echo = Failure::new(Class::Auth).with_message(format!("{new} is unknown"));
    match guard.on_failure(&echo) {
        Next::Refresh(ticket) => guard.refresh_blocking(ticket).unwrap(),
        other => panic!("expected Refresh, got {other:?}"),
    }
    match guard.on_failure(&echo) {
        Next::Abort(end) => assert!(!printed(&end).contains("renewed"), "{end}"),
        other => panic!("expected Abort, got {other:?}"),
    }
}

#[derive(Debug)]
struct Outer(Inner);

#[derive(Debug)]
struct Inner(String);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request failed")
    }
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GET {}", self.0)
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

impl Error for Inner {}

#[test]
fn a_source_that_would_print_the_key_is_masked_and_any_other_is_kept() {
    let secret = "sk-live-abcdefghijklmnop";
    let with_key = Outer(Inner(format!("https://h/v1?key={secret}")));
    let end_with_key = end(secret, &Failure::new(Class::Auth).with_source(with_key));
    let told = printed(&end_with_key);
    assert!(!told.contains(secret), "{told}");
    assert!(told.contains("the request failed: GET https://h/v1?key=sk-l…"), "{told}");

    let without = Outer(Inner("https://h/v1".to_owned()));
    let end_without = end(secret, &Failure::new(Class::Auth).with_source(without));
    assert!(end_without.source().is_some_and(|source| source.is::<Outer>()));
}

#[test]
fn debug_of_an_answer_shows_neither_headers_nor_body() {
    let answer = HttpAnswer { status: 401, headers: &[("set-cookie", "token=abc")], body: "wrong key: sk-live-abcdef" };
    assert_eq!(format!("{answer:?}"), "HttpAnswer { status: 401, .. }");
}
