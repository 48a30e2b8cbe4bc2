//! The thread that reads: it greets the client, takes cancellations and the end, and hands on everything else.

use std::path::Path;

use crossbeam_channel::Receiver;
use gen_lsp_types::{
    CancelNotification, ExitNotification, Id, InitializeParams, InitializeResult, LspNotificationMethod, MessageType,
    Notification, Request, RootPath, ServerInfo, ShutdownRequest, Uri, WorkspaceFolders,
};
use lsp_server::{Connection, ErrorCode, Message, RequestId, Response};
use serde_json::Value;

use super::capabilities::Client;
use super::outbox::Outbox;
use super::pages::Pages;
use super::settings::Settings;
use super::state::State;
use super::{uri, worker};

/// How the server came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The client shut it down, then let it exit.
    Orderly,
    /// The client left, or let it exit, without shutting it down.
    Abrupt,
}

/// Serves the client at standard input and output until it leaves.
///
/// # Errors
/// What came in that is no message.
pub(crate) fn run() -> Result<Ending, String> {
    let (connection, threads) = Connection::stdio();
    let ending = serve(connection);
    match threads.join() {
        Ok(()) => ending,
        // A client that left early does not read what was still to be sent.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ending,
        Err(error) => Err(format!("the client sent something that is no message of the protocol: {error}")),
    }
}

/// Serves a client.
///
/// # Errors
/// The system has no thread for the worker.
pub(super) fn serve(connection: Connection) -> Result<Ending, String> {
    let Connection { sender, receiver } = connection;
    let outbox = Outbox::new(sender);
    // Kept here, for the worker may be in the middle of a long check at the end, and nobody waits for what it finds.
    let (pages, _folder) = Pages::write();
    let ending = talk(&outbox, &receiver, pages);
    outbox.close();
    ending
}

/// Reads until the client leaves.
fn talk(outbox: &Outbox, receiver: &Receiver<Message>, pages: Pages) -> Result<Ending, String> {
    let Some(state) = greet(outbox, receiver, pages) else { return Ok(Ending::Abrupt) };
    let (jobs, queue) = crossbeam_channel::unbounded();
    std::thread::Builder::new()
        .name("worker".to_owned())
        .stack_size(crate::syntax::STACK_SIZE)
        .spawn(move || worker::work(state, &queue))
        .map_err(|why| format!("cannot start a thread: {why}"))?;
    let mut is_shut_down = false;
    let end = |is_shut_down| if is_shut_down { Ending::Orderly } else { Ending::Abrupt };
    for message in receiver {
        match &message {
            Message::Request(request) => {
                outbox.expect(&request.id);
                if is_shut_down {
                    outbox.refuse(request.id.clone(), ErrorCode::InvalidRequest, "the server is shut down");
                    continue;
                }
                if request.method == ShutdownRequest::METHOD.as_str() {
                    is_shut_down = true;
                    outbox.answer(Response::new_ok(request.id.clone(), Value::Null));
                    continue;
                }
            }
            Message::Notification(notification) => match LspNotificationMethod::from(notification.method.as_str()) {
                LspNotificationMethod::Exit => return Ok(end(is_shut_down)),
                LspNotificationMethod::CancelRequest => {
                    if let Some(id) = cancelled(&notification.params) {
                        outbox.refuse(id, ErrorCode::RequestCanceled, "cancelled by the client");
                    }
                    continue;
                }
                _ => {}
            },
            Message::Response(_) => {}
        }
        if jobs.send(message).is_err() {
            return Err("the worker is gone".to_owned());
        }
    }
    Ok(end(is_shut_down))
}

/// Waits for the client's greeting and answers it; `None` where it leaves instead.
fn greet(outbox: &Outbox, receiver: &Receiver<Message>, pages: Pages) -> Option<State> {
    for message in receiver {
        match message {
            Message::Request(request) if request.method == "initialize" => {
                outbox.expect(&request.id);
                let params = match serde_json::from_value(request.params) {
                    Ok(params) => params,
                    Err(why) => {
                        outbox.refuse(request.id, ErrorCode::InvalidParams, &why.to_string());
                        continue;
                    }
                };
                return Some(welcome(outbox, request.id, params, pages));
            }
            Message::Request(request) => {
                outbox.expect(&request.id);
                outbox.refuse(request.id, ErrorCode::ServerNotInitialized, "the first request must be initialize");
            }
            Message::Notification(notification) if notification.method == ExitNotification::METHOD.as_str() => {
                return None;
            }
            Message::Notification(_) | Message::Response(_) => {}
        }
    }
    None
}

fn welcome(outbox: &Outbox, id: RequestId, params: InitializeParams, pages: Pages) -> State {
    let folders = folders(&params);
    let client = Client::of(params.capabilities);
    let result = InitializeResult {
        capabilities: client.offer(),
        server_info: Some(ServerInfo {
            name: "retrylint".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
    };
    outbox.answer(Response::new_ok(id, result));
    let settings = Settings::read(&params.initialization_options.unwrap_or_default());
    let settings = settings.unwrap_or_else(|message| {
        outbox.log(MessageType::Error, message);
        None
    });
    State::new(client, outbox.clone(), settings.unwrap_or_default(), folders, pages)
}

/// The folders of the workspace, in whichever way the client says them.
#[expect(deprecated, reason = "older clients say nothing else")]
fn folders(params: &InitializeParams) -> Vec<Uri> {
    if let Some(WorkspaceFolders::WorkspaceFolderList(folders)) =
        &params.workspace_folders_initialize_params.workspace_folders
    {
        return folders.iter().map(|folder| folder.uri.clone()).collect();
    }
    match (&params.root_uri, &params.root_path) {
        (Some(root), _) => vec![root.clone()],
        (None, Some(RootPath::String(root))) => vec![uri::of(Path::new(root))],
        (None, _) => Vec::new(),
    }
}

/// The request that is not wanted any more.
fn cancelled(params: &Value) -> Option<RequestId> {
    let params = serde_json::from_value::<<CancelNotification as Notification>::Params>(params.clone()).ok()?;
    Some(match params.id {
        Id::Int(id) => RequestId::from(id),
        Id::String(id) => RequestId::from(id),
    })
}
