//! What goes to the client, from whichever thread: answers, notifications, and requests of our own.
//!
//! A request is answered once: by whoever works on it, or with an error when the client cancels it, whichever comes
//! first. Nobody waits for a client that is slow to read: what is sent queues up, and the thread that reads goes on.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Sender;
use gen_lsp_types::{LogMessageNotification, LogMessageParams, MessageType, Notification, Request};
use lsp_server::{ErrorCode, Message, RequestId, Response};

/// A way to the client that can be shared.
#[derive(Clone)]
pub(super) struct Outbox(Arc<Mutex<Inner>>);

struct Inner {
    /// Gone when the server has come to its end.
    sender: Option<Sender<Message>>,
    /// Requests of the client's that are not answered yet.
    open: HashSet<RequestId>,
    /// The methods of our requests that are not answered yet.
    asked: HashMap<RequestId, &'static str>,
    next: i32,
}

impl Outbox {
    /// A way to the client, whose messages leave through `to` as fast as it reads them.
    pub(super) fn new(to: Sender<Message>) -> Outbox {
        let (sender, queue) = crossbeam_channel::unbounded();
        std::thread::spawn(move || queue.into_iter().try_for_each(|message| to.send(message)));
        Outbox(Arc::new(Mutex::new(Inner {
            sender: Some(sender),
            open: HashSet::new(),
            asked: HashMap::new(),
            next: 0,
        })))
    }

    /// A thread that panicked while it sent leaves nothing half done here.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the client waits for an answer.
    pub(super) fn expect(&self, id: &RequestId) {
        self.lock().open.insert(id.clone());
    }

    /// Whether the client still waits for an answer.
    pub(super) fn is_open(&self, id: &RequestId) -> bool {
        self.lock().open.contains(id)
    }

    /// Answers, unless that has been done.
    pub(super) fn answer(&self, response: Response) {
        let mut inner = self.lock();
        if inner.open.remove(&response.id) {
            inner.send(response.into());
        }
    }

    /// Answers with an error, unless it has been answered.
    pub(super) fn refuse(&self, id: RequestId, code: ErrorCode, message: &str) {
        self.answer(Response::new_err(id, code as i32, message.to_owned()));
    }

    pub(super) fn notify<N: Notification>(&self, params: N::Params) {
        self.lock().send(lsp_server::Notification::new(N::METHOD.as_str().to_owned(), params).into());
    }

    /// Asks the client.
    pub(super) fn ask<R: Request>(&self, params: R::Params) {
        let mut inner = self.lock();
        let id = RequestId::from(inner.next);
        inner.next += 1;
        inner.asked.insert(id.clone(), R::METHOD.as_str());
        inner.send(lsp_server::Request::new(id, R::METHOD.as_str().to_owned(), params).into());
    }

    /// The method of the request of ours that this answers.
    pub(super) fn answered(&self, response: &Response) -> Option<&'static str> {
        self.lock().asked.remove(&response.id)
    }

    /// A line in the client's log.
    pub(super) fn log(&self, kind: MessageType, message: impl Into<String>) {
        self.notify::<LogMessageNotification>(LogMessageParams { kind, message: message.into() });
    }

    /// Nothing is sent from now on; what was sent is on its way.
    pub(super) fn close(&self) {
        self.lock().sender = None;
    }
}

impl Inner {
    fn send(&mut self, message: Message) {
        // A client that is gone wants no message; that it is gone ends the server elsewhere.
        if let Some(sender) = &self.sender {
            let _ = sender.send(message);
        }
    }
}
