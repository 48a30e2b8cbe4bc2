//! An editor for tests: it starts `retrylint lsp`, speaks the protocol over its pipes, keeps texts as editors do and
//! applies edits to them.
//!
//! Nothing waits for a time to pass: each step waits for the message that it is about. A message that never comes fails
//! the test after a while.

use std::collections::BTreeMap;
use std::io::{BufReader, BufWriter};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response, ResponseError};
use serde_json::{Value, json};

use super::tree::{Tree, program};

const PATIENCE: Duration = Duration::from_secs(120);

/// How an editor presents itself.
pub struct Setup {
    pub capabilities: Value,
    pub options: Value,
    /// What it answers when the server asks for the user's settings.
    pub settings: Value,
    /// Folders of the workspace, below the tree.
    pub folders: Vec<&'static str>,
}

impl Default for Setup {
    /// An editor that can do all that the server knows to use, and is sent diagnostics.
    fn default() -> Setup {
        let capabilities = json!({
            "window": {"workDoneProgress": true},
            "workspace": {
                "configuration": true,
                "didChangeConfiguration": {"dynamicRegistration": true},
                "didChangeWatchedFiles": {"dynamicRegistration": true},
                "inlayHint": {"refreshSupport": true},
                "workspaceEdit": {"documentChanges": true},
            },
            "textDocument": {
                "publishDiagnostics": {
                    "relatedInformation": true,
                    "codeDescriptionSupport": true,
                    "tagSupport": {"valueSet": [1]},
                },
                "codeAction": {"dataSupport": true, "resolveSupport": {"properties": ["edit"]}},
                "hover": {"contentFormat": ["markdown"]},
            },
        });
        Setup { capabilities, options: Value::Null, settings: Value::Null, folders: vec![""] }
    }
}

impl Setup {
    /// The same editor, which asks for diagnostics.
    pub fn pulling() -> Setup {
        let mut setup = Setup::default();
        setup.capabilities["workspace"]["diagnostics"] = json!({"refreshSupport": true});
        setup.capabilities["textDocument"]["diagnostic"] = json!({"relatedInformation": true});
        setup
    }

    pub fn encoding(name: &str) -> Setup {
        let mut setup = Setup::default();
        setup.capabilities["general"] = json!({"positionEncodings": [name]});
        setup
    }
}

/// A running editor.
pub struct Editor {
    child: Child,
    to: Option<BufWriter<ChildStdin>>,
    from: Receiver<Message>,
    next: i32,
    settings: Value,
    /// What the server said about itself.
    pub greeting: Value,
    /// The texts that are open, by their URI.
    texts: BTreeMap<String, (i32, String)>,
    /// What came in and was not looked at yet.
    unread: Vec<Message>,
}

impl Editor {
    pub fn start(tree: &Tree, setup: Setup) -> Editor {
        let mut editor = Editor::silent(tree);
        let folders: Vec<Value> =
            setup.folders.iter().map(|folder| json!({"uri": uri(&tree.path(folder)), "name": folder})).collect();
        editor.settings = setup.settings;
        editor.greeting = editor
            .ask(
                "initialize",
                json!({
                    "processId": null,
                    "rootUri": null,
                    "workspaceFolders": folders,
                    "initializationOptions": setup.options,
                    "capabilities": setup.capabilities,
                }),
            )
            .expect("a greeting");
        editor.tell("initialized", json!({}));
        editor
    }

    /// A running server that nobody greeted.
    pub fn silent(tree: &Tree) -> Editor {
        let mut command = program(&tree.path(""), &["lsp"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the program starts");
        let to = BufWriter::new(child.stdin.take().expect("standard input"));
        let mut out = BufReader::new(child.stdout.take().expect("standard output"));
        let (sender, from) = channel();
        std::thread::spawn(move || {
            while let Some(message) = Message::read(&mut out).expect("messages of the protocol") {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Editor {
            child,
            to: Some(to),
            from,
            next: 0,
            settings: Value::Null,
            greeting: Value::Null,
            texts: BTreeMap::new(),
            unread: Vec::new(),
        }
    }

    fn send(&mut self, message: Message) {
        message.write(self.to.as_mut().expect("an open pipe")).expect("the server reads");
    }

    pub fn tell(&mut self, method: &str, params: Value) {
        self.send(Notification::new(method.to_owned(), params).into());
    }

    /// Asks, and does not wait.
    pub fn begin(&mut self, method: &str, params: Value) -> RequestId {
        self.next += 1;
        let id = RequestId::from(self.next);
        self.send(Request::new(id.clone(), method.to_owned(), params).into());
        id
    }

    /// The answer to a request.
    pub fn end(&mut self, id: &RequestId) -> Result<Value, ResponseError> {
        let found = self.wait(|message| matches!(message, Message::Response(response) if response.id == *id));
        match found {
            Message::Response(response) => response.response_result,
            _ => unreachable!("only an answer was waited for"),
        }
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Result<Value, ResponseError> {
        let id = self.begin(method, params);
        self.end(&id)
    }

    /// The next message of a kind, also one that came earlier. Others are kept.
    pub fn wait(&mut self, is: impl Fn(&Message) -> bool) -> Message {
        if let Some(at) = self.unread.iter().position(&is) {
            return self.unread.remove(at);
        }
        loop {
            let message = self.from.recv_timeout(PATIENCE).expect("the message that was waited for");
            if let Message::Request(request) = &message {
                self.obey(&request.clone());
            }
            if is(&message) {
                return message;
            }
            self.unread.push(message);
        }
    }

    /// The parameters of the next notification or request of the server's.
    pub fn next(&mut self, method: &str) -> Value {
        let is = |message: &Message| match message {
            Message::Notification(told) => told.method == method,
            Message::Request(asked) => asked.method == method,
            Message::Response(_) => false,
        };
        match self.wait(is) {
            Message::Notification(told) => told.params,
            Message::Request(asked) => asked.params,
            Message::Response(_) => unreachable!("no answer was waited for"),
        }
    }

    /// The methods of what came in and was not looked at, answers left out.
    pub fn methods(&self) -> Vec<&str> {
        self.unread
            .iter()
            .filter_map(|message| match message {
                Message::Notification(told) => Some(told.method.as_str()),
                Message::Request(asked) => Some(asked.method.as_str()),
                Message::Response(_) => None,
            })
            .collect()
    }

    /// What came in and was not looked at.
    pub fn unread(&self) -> &[Message] {
        &self.unread
    }

    /// The id of the last request.
    pub fn last(&self) -> i32 {
        self.next
    }

    fn obey(&mut self, request: &Request) {
        let result = if request.method == "workspace/configuration" { json!([self.settings]) } else { Value::Null };
        self.send(Response::new_ok(request.id.clone(), result).into());
    }

    pub fn open(&mut self, uri: &str, text: &str) {
        self.texts.insert(uri.to_owned(), (1, text.to_owned()));
        let language = if uri.ends_with(".toml") { "toml" } else { "rust" };
        self.tell(
            "textDocument/didOpen",
            json!({"textDocument": {"uri": uri, "languageId": language, "version": 1, "text": text}}),
        );
    }

    /// Opens a file with the text that it has on disk.
    pub fn open_file(&mut self, tree: &Tree, path: &str) -> String {
        let uri = uri(&tree.path(path));
        let text = std::fs::read_to_string(tree.path(path)).expect("a readable file");
        self.open(&uri, &text);
        uri
    }

    pub fn close(&mut self, uri: &str) {
        self.texts.remove(uri);
        self.tell("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    }

    pub fn text(&self, uri: &str) -> &str {
        &self.texts[uri].1
    }

    /// Replaces the whole text; answers its version.
    pub fn replace(&mut self, uri: &str, text: &str) -> i32 {
        let (version, held) = self.texts.get_mut(uri).expect("an open text");
        *version += 1;
        text.clone_into(held);
        let version = *version;
        self.tell(
            "textDocument/didChange",
            json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]}),
        );
        version
    }

    /// Tells a change of a range, in the server's positions, without keeping the text; answers the version.
    pub fn change(&mut self, uri: &str, changes: &Value) -> i32 {
        let (version, _) = self.texts.get_mut(uri).expect("an open text");
        *version += 1;
        let version = *version;
        self.tell(
            "textDocument/didChange",
            json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": changes}),
        );
        version
    }

    /// Replaces a range of the text, given in bytes, as an editor tells it.
    pub fn splice(&mut self, uri: &str, bytes: Range<usize>, put: &str) {
        let text = &mut self.texts.get_mut(uri).expect("an open text").1;
        let range = json!({"start": position(text, bytes.start), "end": position(text, bytes.end)});
        text.replace_range(bytes, put);
        self.change(uri, &json!([{"range": range, "text": put}]));
    }

    /// The diagnostics that are sent for a file, of this version of its text, with nothing asked in between.
    pub fn told(&mut self, uri: &str, version: Option<i32>) -> Vec<Value> {
        match self.wait(|message| is_about(message, uri).is_some_and(|told| told["version"] == json!(version))) {
            Message::Notification(told) => told.params["diagnostics"].as_array().expect("a list").clone(),
            _ => unreachable!("only diagnostics were waited for"),
        }
    }

    /// What the editor shows for a file once the server has nothing more to say: the diagnostics that came last. Those of
    /// an open text must be of its last version.
    pub fn diagnostics(&mut self, uri: &str) -> Vec<Value> {
        self.settle();
        let all: Vec<Value> = self.unread.iter().filter_map(|message| is_about(message, uri)).cloned().collect();
        let versions: Vec<i64> = all.iter().filter_map(|told| told["version"].as_i64()).collect();
        assert!(versions.is_sorted(), "older diagnostics come after newer ones: {versions:?}");
        let last = all.last().unwrap_or_else(|| panic!("no diagnostics for {uri}: {:#?}", self.unread)).clone();
        if let Some((version, _)) = self.texts.get(uri) {
            assert_eq!(last["version"], json!(version), "diagnostics of the text as it is");
        }
        // What is older was overwritten by it.
        let mut left = all.len();
        self.unread.retain(|message| {
            left -= usize::from(is_about(message, uri).is_some());
            left == 0 || is_about(message, uri).is_none()
        });
        last["diagnostics"].as_array().expect("a list").clone()
    }

    /// Waits until the server has done all that it was told: it works in order, so an answer comes after that.
    pub fn settle(&mut self) {
        let answer = self.ask("no/such", Value::Null);
        assert_eq!(answer.expect_err("an error").code, ErrorCode::MethodNotFound as i32);
    }

    /// What can be done at a diagnostic.
    pub fn actions(&mut self, uri: &str, diagnostic: &Value) -> Vec<Value> {
        let params = json!({
            "textDocument": {"uri": uri},
            "range": diagnostic["range"],
            "context": {"diagnostics": [diagnostic]},
        });
        let actions = self.ask("textDocument/codeAction", params).expect("actions");
        actions.as_array().expect("a list").clone()
    }

    /// Makes an edit as an editor does: to open texts, if it is for their version, and to files on disk.
    pub fn apply(&mut self, edit: &Value) {
        for change in edit["documentChanges"].as_array().expect("versioned edits") {
            if change["kind"] == "create" {
                let path = path(change["uri"].as_str().expect("a URI"));
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
                std::fs::File::create_new(path).expect("a new file");
                continue;
            }
            let uri = change["textDocument"]["uri"].as_str().expect("a URI").to_owned();
            let open = self.texts.get(&uri);
            let version = open.map(|(version, _)| version);
            assert_eq!(change["textDocument"]["version"], json!(version), "the version that the edit is for");
            let on_disk = || std::fs::read_to_string(path(&uri)).expect("a readable file");
            let mut text = open.map_or_else(on_disk, |(_, text)| text.clone());
            let mut edits = change["edits"].as_array().expect("edits").clone();
            edits.sort_by_key(|edit| std::cmp::Reverse(offset(&text, &edit["range"]["start"])));
            for edit in edits {
                let (start, end) = (offset(&text, &edit["range"]["start"]), offset(&text, &edit["range"]["end"]));
                text.replace_range(start..end, edit["newText"].as_str().expect("a text"));
            }
            if self.texts.contains_key(&uri) {
                self.replace(&uri, &text);
            } else {
                std::fs::write(path(&uri), text).expect("files can be written");
            }
        }
    }

    /// Shuts the server down and answers its exit code.
    pub fn quit(mut self) -> Option<i32> {
        self.ask("shutdown", Value::Null).expect("a farewell");
        self.tell("exit", Value::Null);
        self.code()
    }

    /// Closes the pipe.
    pub fn leave(mut self) -> Option<i32> {
        self.to = None;
        self.code()
    }

    /// The exit code of a server that is about to end.
    pub fn code(mut self) -> Option<i32> {
        self.child.wait().expect("the server can be waited for").code()
    }

    /// Writes bytes that need not be a message.
    pub fn scribble(&mut self, bytes: &[u8]) {
        use std::io::Write;
        let to = self.to.as_mut().expect("an open pipe");
        to.write_all(bytes).and_then(|()| to.flush()).expect("the server reads");
    }
}

/// The diagnostics that a message is, if it is of this file.
fn is_about<'m>(message: &'m Message, uri: &str) -> Option<&'m Value> {
    match message {
        Message::Notification(told) if told.method == "textDocument/publishDiagnostics" => {
            Some(&told.params).filter(|params| params["uri"] == uri)
        }
        _ => None,
    }
}

/// The path of a file; these need no decoding.
fn path(uri: &str) -> PathBuf {
    PathBuf::from(uri.strip_prefix("file://").expect("a file"))
}

/// The URI of a file.
pub fn uri(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    format!("file://{}", path.to_str().expect("paths here are UTF-8").trim_end_matches('/'))
}

/// The position of a byte in UTF-16.
fn position(text: &str, offset: usize) -> Value {
    let before = &text[..offset];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    json!({"line": before.matches('\n').count(), "character": before[start..].encode_utf16().count()})
}

/// The byte at a position in UTF-16.
pub fn offset(text: &str, position: &Value) -> usize {
    let (line, column) =
        (position["line"].as_u64().expect("a line"), position["character"].as_u64().expect("a column"));
    let start = text.split_inclusive('\n').take(line as usize).map(str::len).sum::<usize>();
    let mut units = 0;
    for (at, c) in text[start..].char_indices() {
        if units >= column {
            return start + at;
        }
        units += c.len_utf16() as u64;
    }
    text.len()
}
