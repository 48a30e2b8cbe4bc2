//! Does the work, message by message, on a thread of its own: edits as they come, a check when there is nothing else to
//! do or somebody asks, and the answers.

use std::path::PathBuf;

use crossbeam_channel::{Receiver, TryRecvError};
use gen_lsp_types::{
    CodeActionRequest, CodeActionResolveRequest, CodeActionResponse, ConfigurationItem, ConfigurationParams,
    ConfigurationRequest, DidChangeConfigurationNotification, DidChangeTextDocumentNotification,
    DidChangeWatchedFilesNotification, DidChangeWorkspaceFoldersNotification, DidCloseTextDocumentNotification,
    DidOpenTextDocumentNotification, DidSaveTextDocumentNotification, DocumentDiagnosticRequest, HoverRequest,
    InitializedNotification, InlayHintRequest, LspNotificationMethod, LspRequestMethod, MessageType, Notification,
    Request, WorkspaceDiagnosticRequest, WorkspaceFolder,
};
use lsp_server::{ErrorCode, Message, Response};
use serde_json::Value;

use super::documents::Document;
use super::guard::guard;
use super::settings::{SECTION, Settings};
use super::state::{State, show};
use super::{actions, hints, hover, pull, register};

/// Why a request is not answered.
pub(super) type Refused = (ErrorCode, String);

/// Works until no message can come any more.
pub(super) fn work(mut state: State, messages: &Receiver<Message>) {
    loop {
        let message = match messages.try_recv() {
            Ok(message) => message,
            Err(TryRecvError::Empty) => {
                update(&mut state);
                match messages.recv() {
                    Ok(message) => message,
                    Err(_) => return,
                }
            }
            Err(TryRecvError::Disconnected) => return,
        };
        match message {
            Message::Request(request) => answer(&mut state, request),
            Message::Notification(notification) => obey(&mut state, notification),
            Message::Response(response) => hear(&mut state, response),
        }
    }
}

/// Brings the findings up to date.
fn update(state: &mut State) {
    if let Err(message) = guard(|| state.update()) {
        failed(state, "the check", &message);
    }
}

/// Tells of a defect; what it left is not relied on.
fn failed(state: &mut State, what: &str, message: &str) {
    state.outbox.log(MessageType::Error, format!("retrylint has a defect: {what} failed: {message}"));
    state.recover();
}

fn answer(state: &mut State, request: lsp_server::Request) {
    let lsp_server::Request { id, method, params } = request;
    if !state.outbox.is_open(&id) {
        // Cancelled before its turn came.
        return;
    }
    update(state);
    let answered = guard(|| match LspRequestMethod::from(method.as_str()) {
        LspRequestMethod::TextDocumentHover => run::<HoverRequest>(params, |params| {
            let at = params.text_document_position_params;
            Ok(hover::at(state, &at.text_document.uri, at.position))
        }),
        LspRequestMethod::TextDocumentCodeAction => run::<CodeActionRequest>(params, |params| {
            let actions = actions::offer(state, &params);
            Ok(Some(actions.into_iter().map(CodeActionResponse::CodeAction).collect()))
        }),
        LspRequestMethod::CodeActionResolve => {
            run::<CodeActionResolveRequest>(params, |action| actions::resolve(state, action))
        }
        LspRequestMethod::TextDocumentInlayHint => run::<InlayHintRequest>(params, |params| {
            Ok(Some(hints::within(state, &params.text_document.uri, params.range)))
        }),
        LspRequestMethod::TextDocumentDiagnostic => {
            run::<DocumentDiagnosticRequest>(params, |params| Ok(pull::document(state, &params)))
        }
        LspRequestMethod::WorkspaceDiagnostic => {
            run::<WorkspaceDiagnosticRequest>(params, |params| Ok(pull::workspace(state, &params)))
        }
        #[cfg(test)]
        LspRequestMethod::Custom(super::tests::PANIC) => panic!("as the test wants it"),
        #[cfg(test)]
        LspRequestMethod::Custom(super::tests::WAIT) => {
            super::tests::wait();
            Ok(Value::Null)
        }
        _ => Err((ErrorCode::MethodNotFound, format!("retrylint does not know the request {method}"))),
    });
    match answered {
        Ok(Ok(result)) => state.outbox.answer(Response::new_ok(id, result)),
        Ok(Err((code, message))) => state.outbox.refuse(id, code, &message),
        Err(message) => {
            state.outbox.refuse(id, ErrorCode::InternalError, &format!("retrylint has a defect: {message}"));
            failed(state, &method, &message);
        }
    }
}

fn run<R: Request>(
    params: Value,
    work: impl FnOnce(R::Params) -> Result<R::Result, Refused>,
) -> Result<Value, Refused> {
    let params = serde_json::from_value(params).map_err(|why| (ErrorCode::InvalidParams, why.to_string()))?;
    let result = work(params)?;
    serde_json::to_value(result).map_err(|why| (ErrorCode::InternalError, why.to_string()))
}

fn obey(state: &mut State, notification: lsp_server::Notification) {
    let lsp_server::Notification { method, params } = notification;
    let done = guard(|| match LspNotificationMethod::from(method.as_str()) {
        LspNotificationMethod::Initialized => take::<InitializedNotification>(params, |_| register::all(state)),
        LspNotificationMethod::TextDocumentDidOpen => take::<DidOpenTextDocumentNotification>(params, |params| {
            let item = params.text_document;
            state.open(Document::new(item.uri, item.language_id.as_str(), item.version, item.text));
        }),
        LspNotificationMethod::TextDocumentDidChange => take::<DidChangeTextDocumentNotification>(params, |params| {
            let encoding = state.client.encoding;
            let id = params.text_document;
            if let Some(document) = state.documents.get_mut(&id.text_document_identifier.uri) {
                document.change(id.version, params.content_changes, encoding);
                let path = document.path.clone();
                state.edited(&path);
            }
        }),
        LspNotificationMethod::TextDocumentDidClose => {
            take::<DidCloseTextDocumentNotification>(params, |params| state.close(&params.text_document.uri))
        }
        LspNotificationMethod::TextDocumentDidSave => {
            take::<DidSaveTextDocumentNotification>(params, |params| state.saved(&params.text_document.uri))
        }
        LspNotificationMethod::WorkspaceDidChangeWatchedFiles => {
            take::<DidChangeWatchedFilesNotification>(params, |params| {
                let paths: Vec<PathBuf> = params.changes.iter().filter_map(|change| state.path(&change.uri)).collect();
                state.touched(&paths);
            })
        }
        LspNotificationMethod::WorkspaceDidChangeWorkspaceFolders => {
            take::<DidChangeWorkspaceFoldersNotification>(params, |params| {
                let uris = |folders: Vec<WorkspaceFolder>| folders.into_iter().map(|folder| folder.uri).collect();
                state.change_folders(uris(params.event.added), uris(params.event.removed));
            })
        }
        LspNotificationMethod::WorkspaceDidChangeConfiguration => {
            take::<DidChangeConfigurationNotification>(params, |params| {
                set(state, &params.settings);
                // Some clients only say that something changed.
                if state.client.configuration {
                    ask_for_settings(state);
                }
            })
        }
        _ => Ok(()),
    });
    match done {
        Ok(Ok(())) => {}
        Ok(Err(why)) => state.outbox.log(MessageType::Error, format!("retrylint cannot read {method}: {why}")),
        Err(message) => failed(state, &method, &message),
    }
}

fn take<N: Notification>(params: Value, work: impl FnOnce(N::Params)) -> Result<(), serde_json::Error> {
    // `initialized` has no parameters that anybody needs, and some clients send none.
    let params = if params.is_null() { Value::Object(serde_json::Map::new()) } else { params };
    serde_json::from_value(params).map(work)
}

/// The client answers a request of ours.
fn hear(state: &mut State, response: Response) {
    match (state.outbox.answered(&response), response.response_result) {
        (Some(method), Err(error)) => {
            state.outbox.log(MessageType::Log, format!("the client refuses {method}: {}", error.message));
        }
        (Some(method), Ok(Value::Array(items))) if method == ConfigurationRequest::METHOD.as_str() => {
            items.iter().for_each(|item| set(state, item));
        }
        _ => {}
    }
}

/// Asks for our part of the user's settings.
pub(super) fn ask_for_settings(state: &State) {
    let item = ConfigurationItem { section: Some(SECTION.to_owned()), ..ConfigurationItem::default() };
    state.outbox.ask::<ConfigurationRequest>(ConfigurationParams { items: vec![item] });
}

fn set(state: &mut State, sent: &Value) {
    match Settings::read(sent) {
        Ok(Some(settings)) => state.set(settings),
        Ok(None) => {}
        Err(message) => show(&state.outbox, message),
    }
}
