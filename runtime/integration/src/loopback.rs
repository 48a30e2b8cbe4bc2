//! The server: answers as a closure says, and remembers every request.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Response, StatusCode, header};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// One request that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The bearer token it carried; empty if none.
    pub key: String,
    /// How many requests came before it, with whatever key.
    pub before: usize,
    /// How many came before it with the same key.
    pub before_with_key: usize,
    /// The port at the other end: another port is another connection.
    pub peer: u16,
}

/// What the server answers.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    pub fn new(status: u16) -> Self {
        Reply { status, headers: Vec::new(), body: String::new() }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }
}

/// A server on a free port of 127.0.0.1; it stops when dropped.
pub struct Loopback {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Loopback {
    /// Starts a server that answers each request by `answer`. HTTP/1 and HTTP/2, as the client likes.
    pub async fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (log, answer) = (requests.clone(), Arc::new(answer));
        let handler = move |ConnectInfo(peer): ConnectInfo<SocketAddr>, headers: HeaderMap| async move {
            let request = file(&mut log.lock().unwrap(), peer.port(), &headers);
            respond(answer(&request))
        };
        let service = Router::new().fallback(handler).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move {
            axum::serve(listener, service).await.expect("it serves until it is stopped");
        });
        Loopback { address, requests, server }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All requests so far, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The keys they carried.
    pub fn keys(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.key).collect()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn file(log: &mut Vec<Request>, peer: u16, headers: &HeaderMap) -> Request {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = authorization.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or("").to_owned();
    let before_with_key = log.iter().filter(|request| request.key == key).count();
    let request = Request { key, before: log.len(), before_with_key, peer };
    log.push(request.clone());
    request
}

fn respond(reply: Reply) -> Response<Body> {
    let mut response = Response::builder().status(StatusCode::from_u16(reply.status).expect("a status"));
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).expect("a response")
}
