//! What cannot be brought about from outside: that a defect ends nothing, and that a request is cancelled while the
//! worker is busy. There is no defect that we know of, so this build has some of its own: requests that panic and that
//! wait, and a word in an open text that makes the check panic. The rest is tested on the program.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use gen_lsp_types::{
    CancelNotification, Diagnostic, DidChangeTextDocumentNotification, DidOpenTextDocumentNotification,
    ExitNotification, HoverRequest, InitializeRequest, InitializedNotification, LogMessageNotification, Notification,
    PublishDiagnosticsNotification, PublishDiagnosticsParams, Request, ShutdownRequest,
};
use lsp_server::{Connection, ErrorCode, Message, RequestId, Response};
use serde_json::{Value, json};

use super::server::{Ending, serve};

/// The name of a request that panics, and the word.
pub(super) const PANIC: &str = "retrylint/panic";

/// The name of a request that takes until [`GATE`] is opened.
pub(super) const WAIT: &str = "retrylint/wait";

/// Who holds it keeps the worker waiting.
static GATE: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);

/// Waits for the gate.
pub(super) fn wait() {
    drop(GATE.lock().unwrap_or_else(PoisonError::into_inner));
}

const BAD: &str = include_str!("../../tests/data/burns.rs");
const URI: &str = "untitled:Untitled-1";

/// A client in the same process.
struct Client {
    connection: Connection,
    server: std::thread::JoinHandle<Result<Ending, String>>,
    next: i32,
}

impl Client {
    fn start() -> Client {
        let (ours, theirs) = Connection::memory();
        let server = std::thread::spawn(move || serve(theirs));
        let mut client = Client { connection: ours, server, next: 0 };
        client.ask(InitializeRequest::METHOD.as_str(), json!({"capabilities": {}}));
        client.tell::<InitializedNotification>(json!({}));
        client
    }

    fn tell<N: Notification>(&self, params: Value) {
        let notification = lsp_server::Notification::new(N::METHOD.as_str().to_owned(), params);
        self.connection.sender.send(notification.into()).expect("the server reads");
    }

    /// Asks, and does not wait.
    fn begin(&mut self, method: &str, params: Value) -> RequestId {
        self.next += 1;
        let id = RequestId::from(self.next);
        let request = lsp_server::Request::new(id.clone(), method.to_owned(), params);
        self.connection.sender.send(request.into()).expect("the server reads");
        id
    }

    fn ask(&mut self, method: &str, params: Value) -> Response {
        let id = self.begin(method, params);
        self.end_of(&id)
    }

    /// The answer to a request.
    fn end_of(&self, id: &RequestId) -> Response {
        loop {
            match self.hear() {
                Message::Response(response) if response.id == *id => return response,
                _ => {}
            }
        }
    }

    fn hear(&self) -> Message {
        self.connection.receiver.recv_timeout(Duration::from_secs(120)).expect("the server says something")
    }

    /// The next notification of a kind.
    fn next<N: Notification>(&self) -> N::Params {
        loop {
            match self.hear() {
                Message::Notification(told) if told.method == N::METHOD.as_str() => {
                    return serde_json::from_value(told.params).expect("parameters as the protocol has them");
                }
                _ => {}
            }
        }
    }

    fn edit(&self, version: i32, text: &str) {
        self.tell::<DidChangeTextDocumentNotification>(
            json!({"textDocument": {"uri": URI, "version": version}, "contentChanges": [{"text": text}]}),
        );
    }

    /// The diagnostics that are sent for a version of the text.
    fn diagnostics(&self, version: i32) -> Vec<Diagnostic> {
        loop {
            let PublishDiagnosticsParams { version: of, diagnostics, .. } =
                self.next::<PublishDiagnosticsNotification>();
            if of == Some(version) {
                return diagnostics;
            }
        }
    }

    fn end(mut self) {
        self.ask(ShutdownRequest::METHOD.as_str(), Value::Null);
        self.tell::<ExitNotification>(Value::Null);
        assert_eq!(self.server.join().expect("the server ends"), Ok(Ending::Orderly));
    }
}

#[test]
fn a_request_is_cancelled_while_the_worker_is_busy() {
    let mut client = Client::start();
    open(&client, BAD);
    let gate = GATE.lock().unwrap_or_else(PoisonError::into_inner);
    let busy = client.begin(WAIT, Value::Null);
    let at = json!({"textDocument": {"uri": URI}, "position": {"line": 4, "character": 20}});
    let queued = client.begin(HoverRequest::METHOD.as_str(), at.clone());
    for id in [&queued, &busy] {
        client.tell::<CancelNotification>(json!({"id": id}));
        let error = client.end_of(id).response_result.expect_err("an error");
        assert_eq!(error.code, ErrorCode::RequestCanceled as i32);
    }
    drop(gate);
    // Neither is answered again: the next answer is the next request's.
    let next = client.begin(HoverRequest::METHOD.as_str(), at);
    let answer = loop {
        if let Message::Response(response) = client.hear() {
            break response;
        }
    };
    assert_eq!(answer.id, next);
    client.end();
}

fn open(client: &Client, text: &str) {
    let document = json!({"uri": URI, "languageId": "rust", "version": 1, "text": text});
    client.tell::<DidOpenTextDocumentNotification>(json!({"textDocument": document}));
}

#[test]
fn a_panic_in_a_request_is_an_error_and_the_next_one_is_answered() {
    let mut client = Client::start();
    open(&client, BAD);
    assert_eq!(client.diagnostics(1).len(), 1);
    let error = client.ask(PANIC, Value::Null).response_result.expect_err("an error");
    assert_eq!(error.code, ErrorCode::InternalError as i32);
    assert!(error.message.contains("defect"), "{error:?}");
    assert!(client.next::<LogMessageNotification>().message.contains("as the test wants it"));
    let at = json!({"textDocument": {"uri": URI}, "position": {"line": 4, "character": 20}});
    assert!(client.ask(HoverRequest::METHOD.as_str(), at).response_result.is_ok_and(|hover| hover.is_object()));
    client.end();
}

#[test]
fn a_panic_in_the_check_is_told_and_the_next_edit_is_checked() {
    let client = Client::start();
    open(&client, BAD);
    assert_eq!(client.diagnostics(1).len(), 1);
    client.edit(2, &format!("// {PANIC}\n{BAD}"));
    assert!(client.next::<LogMessageNotification>().message.contains("as the test wants it"));
    assert_eq!(client.diagnostics(2), [], "what cannot be checked has no findings");
    client.edit(3, BAD);
    assert_eq!(client.diagnostics(3).len(), 1);
    client.end();
}
