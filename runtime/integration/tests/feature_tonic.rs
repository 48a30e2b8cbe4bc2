//! Feature `tonic`, with real gRPC calls over HTTP/2.

use bytes::{Buf, BufMut};
use failfast::{AuthGuard, Class, Classify, Credential, Permanent, Reason, retry_async};
use failfast_integration::{Loopback, Naps, Reply};
use std::error::Error;
use std::time::Duration;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};

/// Messages of no content: what they say does not matter here.
#[derive(Clone, Copy, Default)]
struct Empty;

impl Codec for Empty {
    type Encode = ();
    type Decode = ();
    type Encoder = Empty;
    type Decoder = Empty;

    fn encoder(&mut self) -> Empty {
        Empty
    }

    fn decoder(&mut self) -> Empty {
        Empty
    }
}

impl Encoder for Empty {
    type Item = ();
    type Error = Status;

    fn encode(&mut self, (): (), buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&[]);
        Ok(())
    }
}

impl Decoder for Empty {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        buffer.advance(buffer.remaining());
        Ok(Some(()))
    }
}

/// A gRPC answer that consists of its status only.
fn status(code: u8, message: &str) -> Reply {
    Reply::new(200)
        .header("content-type", "application/grpc")
        .header("grpc-status", code.to_string())
        .header("grpc-message", message)
}

async fn call(url: &str, secret: &str) -> Result<(), Status> {
    let channel = Endpoint::from_shared(url.to_owned()).unwrap().connect_lazy();
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let mut request = Request::new(());
    request.metadata_mut().insert("authorization", format!("Bearer {secret}").parse().unwrap());
    let path = http::uri::PathAndQuery::from_static("/acme.Chat/Say");
    client.unary(request, path, Empty).await.map(|_| ())
}

async fn ask(reply: impl Fn() -> Reply + Send + Sync + 'static) -> (Result<(), Permanent>, usize, Naps) {
    let server = Loopback::start(move |_| reply()).await;
    let (naps, url) = (Naps::default(), server.url(""));
    let key = Credential::new("acme", "ACME_KEY", "sk-dead-0123456789abcdef");
    let outcome = retry_async(AuthGuard::new(&key), naps.timer(), |attempt| {
        let url = &url;
        async move { call(url, attempt.secret()).await }
    })
    .await;
    (outcome, server.requests().len(), naps)
}

#[tokio::test]
async fn unauthenticated_is_a_dead_key() {
    let (outcome, requests, naps) = ask(|| status(16, "token expired")).await;
    let end = outcome.unwrap_err();
    assert_eq!((requests, naps.total(), end.reason()), (2, Duration::ZERO, Reason::Rejected));
    assert_eq!(end.message(), "token expired");
    let source = end.source().and_then(|source| source.downcast_ref::<Status>());
    assert_eq!(source.map(Status::code), Some(Code::Unauthenticated));
}

#[tokio::test]
async fn permission_denied_is_not_the_keys_fault() {
    let (outcome, requests, _) = ask(|| status(7, "no access to this table")).await;
    assert_eq!((requests, outcome.unwrap_err().class()), (1, Class::Entitlement));
}

#[tokio::test]
async fn unavailable_is_waited_out_for_as_long_as_the_server_pushes_back() {
    let (outcome, requests, naps) = ask(|| status(14, "").header("grpc-retry-pushback-ms", "3000")).await;
    assert_eq!((requests, naps.seconds()), (5, vec![3; 4]));
    assert_eq!(outcome.unwrap_err().reason(), Reason::OutOfAttempts);
}

#[test]
fn every_code_of_the_real_crate_has_a_class() {
    for (code, class) in [
        (Code::Unauthenticated, Class::Auth),
        (Code::PermissionDenied, Class::Entitlement),
        (Code::ResourceExhausted, Class::RateLimited),
        (Code::Unavailable, Class::Transient),
        (Code::DeadlineExceeded, Class::Transient),
        (Code::NotFound, Class::Fatal),
        (Code::Cancelled, Class::Fatal),
    ] {
        assert_eq!(Status::new(code, "").classify().class(), class);
    }
}
