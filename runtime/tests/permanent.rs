//! What the end of an operation says, for each reason it may have.

#![allow(clippy::incompatible_msrv, reason = "tests run on the current compiler only")]

mod support;

use failfast::{retry_with, AuthGuard, Class, Classify, Credential, Failure, KeyRing, Permanent, Reason};
use std::error::Error;
use std::time::Duration;
use support::failure;

fn end_of(failure: Failure) -> Permanent {
    let key = Credential::new("acme", "ACME_KEY", "sk-0123456789abcdef");
    let refuse = |_| -> Result<(), Failure> { Err(failure.clone()) };
    retry_with(AuthGuard::new(&key), |_| {}, refuse).unwrap_err()
}

fn end_in_pool(failure: Failure) -> Permanent {
    let ring = KeyRing::new("acme", [("A", "sk-a-0123456789abcdef"), ("B", "sk-b-0123456789abcdef")]);
    let refuse = |_| -> Result<(), Failure> { Err(failure.clone()) };
    retry_with(AuthGuard::with_pool(&ring).unwrap(), |_| {}, refuse).unwrap_err()
}

#[test]
fn each_class_has_its_own_message_and_hint() {
    let told = [
        (Class::Auth, "acme refused credential ACME_KEY (sk-0…): HTTP 401: the credential appears to be invalid or revoked [2 requests]; check that the key is valid and not revoked"),
        (Class::Revoked, "acme refused credential ACME_KEY (sk-0…): HTTP 400: the credential appears to be invalid or revoked [1 request]; check that the key is valid and not revoked"),
        (Class::Billing, "acme: billing problem: HTTP 402: the account has no money or quota left [credential ACME_KEY (sk-0…), 1 request]; check plan, credit and spending limit at acme"),
        (Class::Entitlement, "acme: not permitted: HTTP 403: the credential may not do this [credential ACME_KEY (sk-0…), 1 request]; the key works; check its scopes and the account's access"),
        (Class::Blocked, "acme: blocked by a firewall: HTTP 403: a firewall in front of the service refused the request [credential ACME_KEY (sk-0…), 1 request]; nobody looked at the key; check network, region and user agent"),
        (Class::ClockSkew, "acme: clock skew: HTTP 403: the request was outside its time window [credential ACME_KEY (sk-0…), 2 requests]; set this machine's clock"),
        (Class::ContextOverflow, "acme: request too large: the request is too large [credential ACME_KEY (sk-0…), 1 request]; send less"),
        (Class::Fatal, "acme: request failed: the request failed, and would fail again [credential ACME_KEY (sk-0…), 1 request]; change the request before sending it again"),
        (Class::AuthPermanent, "acme refused credential ACME_KEY (sk-0…): the credential appears to be invalid or revoked [1 request]; check that the key is valid and not revoked"),
    ];
    for (class, text) in told {
        assert_eq!(end_of(failure(class)).to_string(), text);
    }
}

#[test]
fn a_wait_is_told_with_its_length() {
    let limited = failure(Class::RateLimited).with_retry_after(Duration::from_secs(7));
    assert_eq!(
        end_of(limited).to_string(),
        "acme: rate limited: HTTP 429: too many requests [credential ACME_KEY (sk-0…), 5 requests, waited 28 s]; \
         the service did not recover in time; try again later"
    );
    let unavailable = failure(Class::Transient).with_retry_after(Duration::from_secs(7000));
    assert_eq!(
        end_of(unavailable).to_string(),
        "acme: transient failure: HTTP 503: the service or the network failed [credential ACME_KEY (sk-0…), \
         1 request]; the service asks to be left alone for 7000 s"
    );
}

#[test]
fn an_exhausted_pool_names_the_keys_and_when_to_come_back() {
    let end = end_in_pool(failure(Class::Auth).with_model("m-large"));
    let told = end.to_string();
    assert!(
        told.starts_with(
            "acme refused credential B (sk-b…): HTTP 401: the credential appears to be invalid or revoked \
             [model m-large, 2 requests]; no acme credential is left (tried A (sk-a…), B (sk-b…)); the next is ready in "
        ),
        "{told}"
    );
    assert!(told.ends_with("; add a working key, or try again then"), "{told}");
    let exhausted = end.exhausted().unwrap();
    assert_eq!((exhausted.provider(), exhausted.last().unwrap().status()), ("acme", Some(401)));
    assert_eq!(exhausted.source().unwrap().to_string(), "HTTP 401");
    assert!(format!("{exhausted:?}").contains("tried"), "{exhausted:?}");
    assert!(end_in_pool(failure(Class::Revoked)).to_string().ends_with("B (sk-b…)); add a working key"));
}

#[test]
fn an_engine_around_the_engine_does_not_start_over() {
    let inner_failures = [Class::Auth, Class::Billing, Class::Transient, Class::RateLimited, Class::Fatal];
    for class in inner_failures {
        let key = Credential::new("acme", "OUTER_KEY", "sk-outer-0123456789");
        let inner = end_of(failure(class).with_message("inner").with_model("m-large"));
        let mut requests = 0;
        let outer = retry_with(
            AuthGuard::new(&key),
            |_| panic!("slept"),
            |_| -> Result<(), Permanent> {
                requests += 1;
                Err(inner.clone())
            },
        )
        .unwrap_err();
        assert_eq!((requests, outer.reason(), outer.model()), (1, Reason::NotRetryable, Some("m-large")), "{class:?}");
        assert!(!inner.classify().class().is_worth_waiting());
    }
}
