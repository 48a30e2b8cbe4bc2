//! The language server as editors run it: over its pipes, with texts that are edited, closed and wrong.

mod support;

use std::fs;

use lsp_server::{ErrorCode, Message};
use serde_json::{Value, json};

use support::editor::{Editor, Setup, offset, uri};
use support::tree::{BAD, CLEAN, Tree};

/// A loop whose fate is decided in another file.
const LOOP: &str = r#"use crate::classify::is_retryable;

pub async fn call(client: &reqwest::Client, api_key: &str) -> Result<String, u16> {
    let mut delay = std::time::Duration::from_secs(5);
    for _ in 0..6 {
        let sent = client.get("https://api.example.com/v1/models").bearer_auth(api_key).send().await;
        let Ok(response) = sent else { return Err(0) };
        let status = response.status().as_u16();
        if status == 200 {
            return Ok(response.text().await.unwrap_or_default());
        }
        if !is_retryable(status) {
            return Err(status);
        }
        tokio::time::sleep(delay).await;
        delay *= 2;
    }
    Err(401)
}
"#;

const WRONG: &str = "pub fn is_retryable(status: u16) -> bool {\n    matches!(status, 401 | 429 | 503)\n}\n";
const RIGHT: &str = "pub fn is_retryable(status: u16) -> bool {\n    matches!(status, 429 | 503)\n}\n";

/// A package in which a classifier is wrong.
fn package() -> Tree {
    let manifest = "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nreqwest = \"0.12\"\ntokio = \"1\"\n";
    Tree::new(&[
        ("Cargo.toml", manifest),
        ("src/lib.rs", "pub mod classify;\npub mod client;\n"),
        ("src/classify.rs", WRONG),
        ("src/client.rs", LOOP),
    ])
}

fn rules(diagnostics: &[Value]) -> Vec<&str> {
    diagnostics.iter().map(|diagnostic| diagnostic["code"].as_str().expect("a rule")).collect()
}

fn text_at<'t>(text: &'t str, range: &Value) -> &'t str {
    &text[offset(text, &range["start"])..offset(text, &range["end"])]
}

// Diagnostics.

#[test]
fn the_whole_workspace_is_told_before_anything_is_open() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let file = uri(&tree.path("src/client.rs"));
    let found = editor.told(&file, None);
    assert_eq!(rules(&found), ["auth-backoff"]);
    let finding = &found[0];
    assert_eq!((&finding["severity"], &finding["source"]), (&json!(1), &json!("retrylint")));
    let message = finding["message"].as_str().expect("a message");
    // The words of the command line, and what to do.
    let said = tree.run(&["check", "--format", "json"]).json();
    assert!(message.starts_with(said["findings"][0]["message"].as_str().expect("a message")), "{message}");
    assert!(message.contains("\nhelp: "), "{message}");
    assert!(text_at(LOOP, &finding["range"]).starts_with("client.get("), "{finding}");
    let steps = finding["relatedInformation"].as_array().expect("the way round");
    let files: Vec<&str> = steps.iter().filter_map(|step| step["location"]["uri"].as_str()).collect();
    assert!(files.contains(&uri(&tree.path("src/classify.rs")).as_str()), "{files:?}");
    assert!(steps.iter().any(|step| step["message"].as_str().is_some_and(|what| what.contains("80 s the last"))));
    let page = finding["codeDescription"]["href"].as_str().expect("a link").strip_prefix("file://").expect("a file");
    assert!(fs::read_to_string(page).expect("a page").starts_with("# auth-backoff"));
    let page = page.to_owned();
    assert_eq!(editor.quit(), Some(0));
    assert!(!fs::exists(page).expect("a path"), "pages go with the server");
}

#[test]
fn a_change_in_one_file_changes_the_finding_in_another() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let client = uri(&tree.path("src/client.rs"));
    assert_eq!(editor.diagnostics(&client).len(), 1);
    let classify = editor.open_file(&tree, "src/classify.rs");
    editor.replace(&classify, RIGHT);
    assert_eq!(editor.diagnostics(&classify), [] as [Value; 0]);
    assert_eq!(editor.diagnostics(&client), [] as [Value; 0]);
    // What is not saved is gone when the text is closed.
    editor.close(&classify);
    assert_eq!(editor.diagnostics(&client).len(), 1);
}

#[test]
fn typing_a_loop_brings_the_finding_and_deleting_it_takes_it_away() {
    let tree = Tree::package();
    let mut editor = Editor::start(&tree, Setup::default());
    let file = editor.open_file(&tree, "src/clean.rs");
    assert_eq!(editor.diagnostics(&file), [] as [Value; 0]);
    // Character by character, with many a text in between that does not parse.
    let mut version = 1;
    let end = json!({"line": 3, "character": 0});
    let mut at = end.clone();
    for c in BAD.chars() {
        version = editor.change(&file, &json!([{"range": {"start": at, "end": at}, "text": c.to_string()}]));
        if c == '\n' {
            at = json!({"line": at["line"].as_u64().expect("a line") + 1, "character": 0});
        } else {
            at["character"] = json!(at["character"].as_u64().expect("a column") + 1);
        }
    }
    assert_eq!(rules(&editor.told(&file, Some(version))), ["catch-all-retry"]);
    let version = editor.change(&file, &json!([{"range": {"start": end, "end": at}, "text": ""}]));
    assert_eq!(editor.told(&file, Some(version)), [] as [Value; 0]);
}

#[test]
fn positions_are_in_the_units_that_were_agreed_on() {
    let text = BAD.replace("let sent = client", "let sent = /* é🔑 */ client");
    for (encoding, expected) in [("utf-8", 19 + 13), ("utf-16", 19 + 10), ("utf-32", 19 + 9)] {
        let tree = Tree::package();
        let mut editor = Editor::start(&tree, Setup::encoding(encoding));
        assert_eq!(editor.greeting["capabilities"]["positionEncoding"], encoding);
        let file = editor.open_file(&tree, "src/bad.rs");
        editor.replace(&file, &text);
        let found = editor.diagnostics(&file);
        assert_eq!(found[0]["range"]["start"], json!({"line": 5, "character": expected}), "{encoding}");
        // The same units on the way in: `é🔑` is taken out.
        let start = json!({"line": 5, "character": 19 + 3});
        let end = json!({"line": 5, "character": expected - 4});
        editor.change(&file, &json!([{"range": {"start": start, "end": end}, "text": ""}]));
        let found = editor.diagnostics(&file);
        assert_eq!(found[0]["range"]["start"], json!({"line": 5, "character": 19 + 7}), "{encoding}");
    }
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_move_nothing() {
    let tree = Tree::package();
    let text = BAD.replace('\n', "\r\n");
    tree.write("src/bad.rs", format!("\u{feff}{text}"));
    let mut editor = Editor::start(&tree, Setup::default());
    let file = uri(&tree.path("src/bad.rs"));
    let found = editor.diagnostics(&file).remove(0);
    let range = &found["range"];
    assert!(text_at(&text, range).starts_with("client.get("));
    // Editors keep the mark to themselves.
    editor.open(&file, &text);
    assert_eq!(editor.diagnostics(&file)[0]["range"], *range);
    let action = editor.actions(&file, &found).remove(0);
    editor.apply(&action["edit"]);
    let text = editor.text(&file).to_owned();
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
    assert_eq!(editor.diagnostics(&file), [] as [Value; 0]);
}

#[test]
fn a_loop_in_the_first_line_after_a_byte_order_mark() {
    let tree = Tree::package();
    let line = BAD.replace('\n', " ");
    tree.write("src/bad.rs", format!("\u{feff}{line}"));
    let mut editor = Editor::start(&tree, Setup::default());
    let range = editor.diagnostics(&uri(&tree.path("src/bad.rs")))[0]["range"].clone();
    assert!(text_at(&line, &range).starts_with("client.get("), "{range}");
}

#[test]
fn an_unused_suppression_fades() {
    let tree = Tree::package();
    tree.write("src/clean.rs", format!("// retrylint: allow(auth-hammer) once needed\n{CLEAN}"));
    let mut editor = Editor::start(&tree, Setup::default());
    let found = editor.diagnostics(&uri(&tree.path("src/clean.rs")));
    assert_eq!((rules(&found), &found[0]["tags"]), (vec!["unused-suppression"], &json!([1])));
    // One that suppresses something, and does not say why, is needed.
    let file = editor.open_file(&tree, "src/bad.rs");
    editor.replace(&file, &BAD.replace("pub async", "// retrylint: allow(catch-all-retry)\npub async"));
    let found = editor.diagnostics(&file);
    assert_eq!((rules(&found), &found[0]["tags"]), (vec!["unused-suppression"], &Value::Null));
}

#[test]
fn text_that_does_not_parse_is_a_hint() {
    let tree = Tree::package();
    let mut editor = Editor::start(&tree, Setup::default());
    let file = editor.open_file(&tree, "src/clean.rs");
    assert_eq!(editor.diagnostics(&file), [] as [Value; 0]);
    editor.replace(&file, "fn broken( {\n");
    let found = editor.diagnostics(&file);
    assert_eq!((found.len(), &found[0]["severity"]), (1, &json!(4)));
    editor.replace(&file, CLEAN);
    assert_eq!(editor.diagnostics(&file), [] as [Value; 0]);
}

// Diagnostics for those who ask.

#[test]
fn a_client_that_asks_is_sent_nothing_and_told_when_to_ask_again() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::pulling());
    let offer = &editor.greeting["capabilities"]["diagnosticProvider"];
    assert_eq!((&offer["interFileDependencies"], &offer["workspaceDiagnostics"]), (&json!(true), &json!(true)));
    let client = uri(&tree.path("src/client.rs"));
    let ask = |editor: &mut Editor, known: &Value| {
        let params = json!({"textDocument": {"uri": client}, "previousResultId": known});
        editor.ask("textDocument/diagnostic", params).expect("a report")
    };
    let full = ask(&mut editor, &Value::Null);
    assert_eq!((&full["kind"], full["items"].as_array().map(Vec::len)), (&json!("full"), Some(1)));
    let same = ask(&mut editor, &full["resultId"]);
    assert_eq!((&same["kind"], &same["resultId"]), (&json!("unchanged"), &full["resultId"]));
    editor.next("workspace/diagnostic/refresh");
    let classify = editor.open_file(&tree, "src/classify.rs");
    editor.replace(&classify, RIGHT);
    editor.next("workspace/diagnostic/refresh");
    let none = ask(&mut editor, &full["resultId"]);
    assert_eq!((&none["kind"], &none["items"]), (&json!("full"), &json!([])));
    assert!(!editor.methods().contains(&"textDocument/publishDiagnostics"));
}

#[test]
fn a_client_that_cannot_be_told_to_ask_again_is_sent_diagnostics() {
    let tree = package();
    let mut setup = Setup::pulling();
    setup.capabilities["workspace"]["diagnostics"] = Value::Null;
    let mut editor = Editor::start(&tree, setup);
    assert_eq!(editor.greeting["capabilities"]["diagnosticProvider"], Value::Null);
    let client = uri(&tree.path("src/client.rs"));
    assert_eq!(editor.diagnostics(&client).len(), 1);
    // If it asks all the same, it gets an answer.
    let report = editor.ask("textDocument/diagnostic", json!({"textDocument": {"uri": client}})).expect("a report");
    assert_eq!(report["items"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_workspace_is_asked_for_as_a_whole() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::pulling());
    let client = uri(&tree.path("src/client.rs"));
    let ask = |editor: &mut Editor, known: Value| {
        let report = editor.ask("workspace/diagnostic", json!({"previousResultIds": known})).expect("a report");
        let items = report["items"].as_array().expect("a list").clone();
        items.into_iter().find(|item| item["uri"] == client.as_str())
    };
    let full = ask(&mut editor, json!([])).expect("the file with the loop");
    assert_eq!((&full["kind"], &full["version"]), (&json!("full"), &Value::Null));
    assert_eq!(full["items"].as_array().map(Vec::len), Some(1));
    let known = json!([{"uri": client, "value": full["resultId"]}]);
    assert_eq!(ask(&mut editor, known.clone()).expect("the same file")["kind"], "unchanged");
    // A file that has none any more is said to have none.
    editor.open(&client, "");
    let none = ask(&mut editor, known).expect("the same file");
    assert_eq!((&none["kind"], &none["items"], &none["version"]), (&json!("full"), &json!([]), &json!(1)));
}

// What can be done.

#[test]
fn the_repair_of_a_finding_makes_it_go() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let file = editor.open_file(&tree, "src/client.rs");
    let found = editor.diagnostics(&file);
    let actions = editor.actions(&file, &found[0]);
    let fixes: Vec<&Value> = actions.iter().filter(|action| action["kind"] == "quickfix").collect();
    let best = fixes[0];
    assert_eq!(best["diagnostics"][0], found[0], "an action names what it is about");
    let title = best["title"].as_str().expect("a title");
    assert!(title.starts_with(char::is_uppercase) && !title.contains("not shown"), "{title}");
    assert_eq!(best["isPreferred"], true);
    editor.apply(&best["edit"]);
    assert_eq!(editor.diagnostics(&file), [] as [Value; 0]);
    // Saved, it is what the command line finds clean.
    tree.write("src/client.rs", editor.text(&file));
    tree.run(&["check"]).is(0, &[]);
}

#[test]
fn an_unsafe_repair_is_not_preferred_and_says_why() {
    let tree = Tree::package();
    let mut editor = Editor::start(&tree, Setup::default());
    let file = uri(&tree.path("src/bad.rs"));
    let said = tree.run(&["check", "--format", "json"]).json();
    editor.open_file(&tree, "src/bad.rs");
    let found = editor.diagnostics(&file);
    let actions = editor.actions(&file, &found[0]);
    for fix in said["findings"][0]["fixes"].as_array().expect("fixes") {
        let safe = fix["applicability"] == "safe";
        let message = fix["message"].as_str().expect("a message");
        let action = actions
            .iter()
            .find(|action| action["title"].as_str().is_some_and(|title| title.to_lowercase().starts_with(message)))
            .expect("an action for each repair");
        assert!(safe || action["isPreferred"] == false);
        assert_eq!(safe, !action["title"].as_str().is_some_and(|title| title.contains("not shown")));
    }
}

#[test]
fn allowing_puts_a_comment_where_it_holds() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let file = editor.open_file(&tree, "src/client.rs");
    let found = editor.diagnostics(&file);
    let actions = editor.actions(&file, &found[0]);
    let allow = actions.iter().find(|action| action["title"].as_str().is_some_and(|t| t.starts_with("Allow")));
    let allow = allow.expect("a way to allow it");
    assert_eq!(allow["isPreferred"], false);
    editor.apply(&allow["edit"]);
    assert!(editor.text(&file).contains("    // retrylint: allow(auth-backoff) TODO: "), "{}", editor.text(&file));
    // It holds, and is used.
    assert_eq!(editor.diagnostics(&file), [] as [Value; 0]);
}

#[test]
fn the_reason_is_a_placeholder_where_the_editor_has_such() {
    let tree = package();
    let mut setup = Setup::default();
    setup.capabilities["workspace"]["workspaceEdit"]["snippetEditSupport"] = json!(true);
    let mut editor = Editor::start(&tree, setup);
    let file = editor.open_file(&tree, "src/client.rs");
    let found = editor.diagnostics(&file);
    let actions = editor.actions(&file, &found[0]);
    let edits: Vec<&Value> =
        actions.iter().map(|action| &action["edit"]["documentChanges"][0]["edits"][0]["snippet"]).collect();
    let snippet = edits.iter().find(|snippet| snippet.is_object()).expect("a snippet");
    assert_eq!(snippet["kind"], "snippet");
    assert!(snippet["value"].as_str().is_some_and(|value| value.contains("allow(auth-backoff) ${1:")), "{snippet}");
}

#[test]
fn all_that_is_safe_is_repaired_at_once_when_it_is_asked_for() {
    let tree = package();
    let body = LOOP.split_once("\n\n").expect("a head").1;
    let other = body.replace("call", "other").replace("is_retryable(status)", "matches!(status, 401 | 429 | 503)");
    let two = format!("{LOOP}\n{other}");
    tree.write("src/client.rs", &two);
    let mut editor = Editor::start(&tree, Setup::default());
    let file = editor.open_file(&tree, "src/client.rs");
    assert_eq!(editor.diagnostics(&file).len(), 2);
    let nowhere = json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}});
    let ask = |editor: &mut Editor, only: Value| {
        let context = json!({"diagnostics": [], "only": only});
        let params = json!({"textDocument": {"uri": file}, "range": nowhere, "context": context});
        editor.ask("textDocument/codeAction", params).expect("actions").as_array().expect("a list").clone()
    };
    assert_eq!(ask(&mut editor, json!(["quickfix"])), [] as [Value; 0]);
    assert_eq!(ask(&mut editor, json!(["source.organizeImports"])), [] as [Value; 0]);
    let action = ask(&mut editor, json!(["source.fixAll"])).remove(0);
    assert_eq!((&action["kind"], &action["edit"]), (&json!("source.fixAll.retrylint"), &Value::Null));
    let action = editor.ask("codeAction/resolve", action).expect("the edit");
    editor.apply(&action["edit"]);
    assert_eq!(editor.diagnostics(&file), [] as [Value; 0]);
}

#[test]
fn nothing_is_proved_for_an_editor_that_only_looks() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let file = editor.open_file(&tree, "src/client.rs");
    let found = editor.diagnostics(&file).remove(0);
    let ask = |editor: &mut Editor, kind: u32| {
        let context = json!({"diagnostics": [found], "only": ["quickfix"], "triggerKind": kind});
        let params = json!({"textDocument": {"uri": file}, "range": found["range"], "context": context});
        editor.ask("textDocument/codeAction", params).expect("actions")[0].clone()
    };
    let lazy = ask(&mut editor, 2);
    assert_eq!((&lazy["edit"], &lazy["isPreferred"]), (&Value::Null, &json!(false)));
    let resolved = editor.ask("codeAction/resolve", lazy).expect("the edit");
    // Now it is known.
    for kind in [1, 2] {
        let action = ask(&mut editor, kind);
        assert_eq!((&action["edit"], &action["isPreferred"]), (&resolved["edit"], &json!(true)));
    }
    editor.apply(&resolved["edit"]);
    assert_eq!(editor.diagnostics(&file), [] as [Value; 0]);
}

#[test]
fn a_repair_with_the_crate_brings_the_crate() {
    let tree = package();
    let mut setup = Setup::default();
    setup.capabilities["workspace"]["workspaceEdit"]["resourceOperations"] = json!(["create", "rename"]);
    let mut editor = Editor::start(&tree, setup);
    let file = editor.open_file(&tree, "src/client.rs");
    let found = editor.diagnostics(&file);
    let actions = editor.actions(&file, &found[0]);
    let is_ours = |action: &&Value| action["title"].as_str().is_some_and(|title| title.contains("`failfast`"));
    let action = actions.iter().find(is_ours).expect("a repair with the crate").clone();
    assert_eq!((&action["isPreferred"], &action["edit"]), (&json!(false), &Value::Null));
    let action = editor.ask("codeAction/resolve", action).expect("the edit");
    // A manifest with changes of its own is left alone.
    let manifest = editor.open_file(&tree, "Cargo.toml");
    let text = editor.text(&manifest).to_owned();
    editor.replace(&manifest, &format!("{text}\n# more\n"));
    let again = actions.iter().find(is_ours).expect("the same").clone();
    let refused = editor.ask("codeAction/resolve", again).expect_err("a manifest that is not saved");
    assert!(refused.message.contains("save it first"), "{refused:?}");
    editor.close(&manifest);
    editor.apply(&action["edit"]);
    assert!(fs::read_to_string(tree.path("Cargo.toml")).expect("a manifest").contains("failfast"));
    assert!(editor.text(&file).contains("failfast::"), "{}", editor.text(&file));
    assert_eq!(editor.diagnostics(&file), [] as [Value; 0]);
    tree.write("src/client.rs", editor.text(&file));
    tree.run(&["check"]).is(0, &[]);
}

#[test]
fn an_action_for_an_older_text_is_refused() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let file = editor.open_file(&tree, "src/client.rs");
    let found = editor.diagnostics(&file);
    let actions = editor.actions(&file, &found[0]);
    let all = actions.iter().find(|action| action["kind"] == "source.fixAll.retrylint").expect("a lazy action").clone();
    editor.replace(&file, &format!("\n{LOOP}"));
    let error = editor.ask("codeAction/resolve", all).expect_err("another version");
    assert_eq!(error.code, ErrorCode::ContentModified as i32);
}

#[test]
fn a_plain_client_gets_plain_edits() {
    let tree = package();
    let setup = Setup { capabilities: json!({}), ..Setup::default() };
    let mut editor = Editor::start(&tree, setup);
    let file = editor.open_file(&tree, "src/client.rs");
    let found = editor.diagnostics(&file);
    for missing in ["relatedInformation", "codeDescription", "tags"] {
        assert_eq!(found[0][missing], Value::Null);
    }
    let actions = editor.actions(&file, &found[0]);
    assert!(actions.iter().all(|action| action["edit"]["changes"][&file].is_array()), "{actions:?}");
    assert!(actions.iter().any(|action| action["kind"] == "source.fixAll.retrylint"), "{actions:?}");
    let methods = editor.methods();
    let plain = ["textDocument/publishDiagnostics", "window/logMessage"];
    assert!(methods.iter().all(|method| plain.contains(method)), "{methods:?}");
}

// What is shown.

fn hover(editor: &mut Editor, file: &str, at: &Value) -> Value {
    editor.ask("textDocument/hover", json!({"textDocument": {"uri": file}, "position": at})).expect("an answer")
}

#[test]
fn a_finding_shows_what_it_costs_and_when() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let file = editor.open_file(&tree, "src/client.rs");
    let found = editor.diagnostics(&file);
    let shown = hover(&mut editor, &file, &found[0]["range"]["start"]);
    assert_eq!(shown["range"], found[0]["range"]);
    let text = shown["contents"]["value"].as_str().expect("a text");
    assert!(text.starts_with("**auth-backoff** (RL001): retries a dead key 6 times"), "{text}");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for line in [
        "dead key: 6 attempts, 315 s asleep",
        "0 s  attempt 1: refused",
        "35 s  attempt 4",
        "155 s  attempt 6",
        "315 s  fails",
    ] {
        assert!(lines.contains(&line), "no {line:?} in {text}");
    }
    assert_eq!(hover(&mut editor, &file, &json!({"line": 0, "character": 0})), Value::Null);
}

#[test]
fn the_name_of_a_rule_in_a_suppression_shows_its_page() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let file = editor.open_file(&tree, "src/client.rs");
    editor.replace(&file, &format!("// é🔑 x\n/* retrylint: allow( RL002, auth-backoff) why */\n{LOOP}"));
    let shown = hover(&mut editor, &file, &json!({"line": 1, "character": 31}));
    let range = json!({"start": {"line": 1, "character": 28}, "end": {"line": 1, "character": 40}});
    assert_eq!(shown["range"], range);
    assert!(shown["contents"]["value"].as_str().is_some_and(|text| text.starts_with("# auth-backoff")), "{shown}");
    let shown = hover(&mut editor, &file, &json!({"line": 1, "character": 21}));
    assert!(shown["contents"]["value"].as_str().is_some_and(|text| text.starts_with("# auth-hammer")), "{shown}");
    assert_eq!(hover(&mut editor, &file, &json!({"line": 0, "character": 4})), Value::Null);
}

fn hints(editor: &mut Editor, file: &str) -> Vec<Value> {
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}});
    let params = json!({"textDocument": {"uri": file}, "range": range});
    editor.ask("textDocument/inlayHint", params).expect("hints").as_array().expect("a list").clone()
}

#[test]
fn hints_tell_the_verdict_where_the_user_wants_them() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let file = editor.open_file(&tree, "src/client.rs");
    assert_eq!(hints(&mut editor, &file), [] as [Value; 0], "off by default");
    editor.tell("workspace/didChangeConfiguration", json!({"settings": {"retrylint": {"inlayHints": true}}}));
    editor.next("workspace/inlayHint/refresh");
    let shown = hints(&mut editor, &file);
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0]["label"], "dead key: 6 attempts, 315 s");
    assert_eq!(shown[0]["position"], json!({"line": 4, "character": 19}));
    let classify = editor.open_file(&tree, "src/classify.rs");
    editor.replace(&classify, RIGHT);
    assert_eq!(hints(&mut editor, &file)[0]["label"], "dead key: stops after 1 attempt");
}

#[test]
fn settings_come_with_the_greeting_or_are_asked_for() {
    let tree = package();
    for setup in [
        Setup { options: json!({"inlayHints": true}), ..Setup::default() },
        Setup { settings: json!({"inlayHints": true}), ..Setup::default() },
    ] {
        let asks = setup.settings.is_object();
        let mut editor = Editor::start(&tree, setup);
        let file = editor.open_file(&tree, "src/client.rs");
        if asks {
            editor.next("workspace/inlayHint/refresh");
        }
        assert_eq!(hints(&mut editor, &file).len(), 1);
    }
}

#[test]
fn settings_that_are_wrong_are_told() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    editor.tell("workspace/didChangeConfiguration", json!({"settings": {"retrylint": {"pedantic": "yes"}}}));
    let shown = editor.next("window/showMessage");
    assert!(shown["message"].as_str().is_some_and(|text| text.contains("not understood")), "{shown}");
}

// Files and folders.

fn watched(editor: &mut Editor, tree: &Tree, path: &str, kind: u32) {
    let change = json!({"uri": uri(&tree.path(path)), "type": kind});
    editor.tell("workspace/didChangeWatchedFiles", json!({"changes": [change]}));
}

#[test]
fn files_that_change_on_disk_are_read_again() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let registered = editor.next("client/registerCapability").to_string();
    assert!(registered.contains("**/*.rs") && registered.contains("workspace/didChangeConfiguration"), "{registered}");
    let client = uri(&tree.path("src/client.rs"));
    assert_eq!(editor.diagnostics(&client).len(), 1);
    tree.write("src/classify.rs", RIGHT);
    watched(&mut editor, &tree, "src/classify.rs", 2);
    assert_eq!(editor.diagnostics(&client), [] as [Value; 0]);
    // A file that comes, and goes.
    tree.write("src/more.rs", BAD);
    watched(&mut editor, &tree, "src/more.rs", 1);
    let more = uri(&tree.path("src/more.rs"));
    assert_eq!(editor.diagnostics(&more).len(), 1);
    fs::remove_file(tree.path("src/more.rs")).expect("a file that can be removed");
    watched(&mut editor, &tree, "src/more.rs", 3);
    assert_eq!(editor.diagnostics(&more), [] as [Value; 0]);
}

#[test]
fn an_open_text_wins_over_the_disk() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let file = editor.open_file(&tree, "src/client.rs");
    assert_eq!(editor.diagnostics(&file).len(), 1);
    tree.write("src/client.rs", "");
    watched(&mut editor, &tree, "src/client.rs", 2);
    editor.replace(&file, &format!("{LOOP}\n"));
    assert_eq!(editor.diagnostics(&file).len(), 1);
    editor.close(&file);
    assert_eq!(editor.diagnostics(&file), [] as [Value; 0]);
}

#[test]
fn a_configuration_is_read_again_when_it_changes() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let client = uri(&tree.path("src/client.rs"));
    assert_eq!(editor.diagnostics(&client).len(), 1);
    tree.write("retrylint.toml", "[rules]\nauth-backoff = \"allow\"\n");
    watched(&mut editor, &tree, "retrylint.toml", 1);
    assert_eq!(editor.diagnostics(&client), [] as [Value; 0]);
    // Where no file is watched, saving it does.
    let config = editor.open_file(&tree, "retrylint.toml");
    let text = "[rules]\nauth-backoff = \"warn\"\n";
    editor.replace(&config, text);
    tree.write("retrylint.toml", text);
    editor.tell("textDocument/didSave", json!({"textDocument": {"uri": config}}));
    assert_eq!(editor.diagnostics(&client)[0]["severity"], 2);
}

#[test]
fn what_is_wrong_with_a_configuration_is_shown_in_it() {
    let tree = package();
    tree.write("retrylint.toml", "[rules]\nauth-backof = \"allow\"\n");
    let mut editor = Editor::start(&tree, Setup::default());
    let shown = editor.next("window/showMessage");
    assert!(shown["message"].as_str().is_some_and(|text| text.contains("retrylint.toml:2: ")), "{shown}");
    // Once is enough, whatever else is saved.
    watched(&mut editor, &tree, "src/client.rs", 2);
    editor.settle();
    watched(&mut editor, &tree, "Cargo.toml", 2);
    editor.settle();
    assert!(!editor.methods().contains(&"window/showMessage"));
    let config = editor.open_file(&tree, "retrylint.toml");
    let found = editor.diagnostics(&config);
    assert!(found[0]["message"].as_str().is_some_and(|text| text.contains("auth-backoff")), "{found:?}");
    assert_eq!(found[0]["range"]["start"]["line"], 1);
    let text = "[rules]\nauth-backoff = \"note\"\n";
    editor.replace(&config, text);
    assert_eq!(editor.diagnostics(&config), [] as [Value; 0]);
    tree.write("retrylint.toml", text);
    editor.tell("textDocument/didSave", json!({"textDocument": {"uri": config}}));
    assert_eq!(editor.diagnostics(&uri(&tree.path("src/client.rs")))[0]["severity"], 3);
}

#[test]
fn folders_come_and_go() {
    let tree = Tree::new(&[("one/a.rs", BAD), ("two/b.rs", BAD)]);
    let mut editor = Editor::start(&tree, Setup { folders: vec!["one"], ..Setup::default() });
    let (one, two) = (uri(&tree.path("one/a.rs")), uri(&tree.path("two/b.rs")));
    assert_eq!(editor.diagnostics(&one).len(), 1);
    let folder = |name: &str| json!({"uri": uri(&tree.path(name)), "name": name});
    let event = json!({"added": [folder("two")], "removed": [folder("one")]});
    editor.tell("workspace/didChangeWorkspaceFolders", json!({"event": event}));
    assert_eq!(editor.diagnostics(&one), [] as [Value; 0]);
    assert_eq!(editor.diagnostics(&two).len(), 1);
}

#[test]
fn a_folder_inside_of_another_is_not_told_twice() {
    let tree = Tree::new(&[("Cargo.toml", "[package]\nname = \"x\"\n"), ("src/lib.rs", BAD)]);
    let mut editor = Editor::start(&tree, Setup { folders: vec!["src", ""], ..Setup::default() });
    let file = editor.open_file(&tree, "src/lib.rs");
    assert_eq!(editor.diagnostics(&file).len(), 1);
}

#[test]
fn a_file_outside_of_the_workspace_is_checked_by_itself() {
    let tree = Tree::new(&[("work/a.rs", CLEAN), ("elsewhere/b.rs", BAD), ("elsewhere/c.rs", BAD)]);
    let mut editor = Editor::start(&tree, Setup { folders: vec!["work"], ..Setup::default() });
    let file = editor.open_file(&tree, "elsewhere/b.rs");
    assert_eq!(editor.diagnostics(&file).len(), 1);
    editor.replace(&file, CLEAN);
    assert_eq!(editor.diagnostics(&file), [] as [Value; 0]);
    editor.replace(&file, BAD);
    editor.close(&file);
    assert_eq!(editor.diagnostics(&file), [] as [Value; 0]);
    let told = |message: &Message| matches!(message, Message::Notification(told) if told.params["uri"] == uri(&tree.path("elsewhere/c.rs")).as_str());
    assert!(!editor.unread().iter().any(told), "what is not open there is not ours to report");
}

#[test]
fn text_that_is_in_no_file_is_checked_and_other_views_are_not() {
    let tree = Tree::new(&[]);
    let mut editor = Editor::start(&tree, Setup { folders: Vec::new(), ..Setup::default() });
    editor.open("git:/a.rs?HEAD", BAD);
    editor.open("untitled:Untitled-1", BAD);
    let found = editor.diagnostics("untitled:Untitled-1");
    assert_eq!(found.len(), 1);
    let shown = hover(&mut editor, "untitled:Untitled-1", &found[0]["range"]["start"]);
    assert!(shown["contents"]["value"].is_string());
    for message in editor.unread() {
        assert!(!matches!(message, Message::Notification(told) if told.params["uri"] == "git:/a.rs?HEAD"));
    }
    // One of a file that is not saved yet.
    let file = uri(&tree.path("")) + "/new.rs";
    editor.open(&file, BAD);
    assert_eq!(editor.diagnostics(&file).len(), 1);
}

#[test]
fn a_new_file_of_the_workspace_is_checked_before_it_is_saved() {
    let tree = package();
    fs::remove_file(tree.path("src/client.rs")).expect("a file that can be removed");
    let mut editor = Editor::start(&tree, Setup::default());
    let file = uri(&tree.path("src")) + "/client.rs";
    editor.open(&file, LOOP);
    // By itself nobody knows what the classifier says; once it is saved, it is a part of the package.
    assert_eq!(editor.diagnostics(&file), [] as [Value; 0]);
    tree.write("src/client.rs", LOOP);
    editor.tell("textDocument/didSave", json!({"textDocument": {"uri": file}}));
    assert_eq!(rules(&editor.diagnostics(&file)), ["auth-backoff"]);
    let other = uri(&tree.path("src")) + "/other.rs";
    editor.open(&other, BAD);
    assert_eq!(editor.diagnostics(&other).len(), 1);
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_a_link_is_called_as_the_editor_calls_it() {
    let tree = Tree::new(&[("real/a.rs", BAD)]);
    std::os::unix::fs::symlink(tree.path("real"), tree.path("link")).expect("a link");
    let mut editor = Editor::silent(&tree);
    let link = format!("file://{}", tree.path("link").to_str().expect("a path"));
    let params = json!({"capabilities": {}, "workspaceFolders": [{"uri": link, "name": "link"}]});
    editor.ask("initialize", params).expect("a greeting");
    editor.tell("initialized", json!({}));
    assert_eq!(editor.diagnostics(&format!("{link}/a.rs")).len(), 1);
}

// The protocol itself.

#[test]
fn progress_is_told_from_begin_to_end() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let token = editor.next("window/workDoneProgress/create")["token"].clone();
    let mut last = 0;
    for n in 0.. {
        let step = editor.next("$/progress");
        assert_eq!(step["token"], token);
        let value = &step["value"];
        match value["kind"].as_str().expect("a kind") {
            "begin" => assert!(n == 0 && value["title"].as_str().is_some_and(|title| title.contains("retrylint"))),
            "report" => {
                let percentage = value["percentage"].as_u64().expect("a percentage");
                assert!(percentage > last || n == 1, "{value}");
                last = percentage;
            }
            _ => break,
        }
    }
    assert_eq!(last, 100);
}

#[test]
fn a_burst_of_edits_ends_with_the_last() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let file = editor.open_file(&tree, "src/client.rs");
    let classify = editor.open_file(&tree, "src/classify.rs");
    for n in 0..200 {
        editor.replace(&classify, if n % 2 == 0 { RIGHT } else { WRONG });
        editor.replace(&file, &format!("{LOOP}{}", "\n".repeat(n)));
    }
    assert_eq!(editor.diagnostics(&file).len(), 1);
}

#[test]
fn after_any_edits_it_says_what_a_fresh_server_says() {
    soak(300, 7);
}

#[test]
#[ignore = "takes a minute"]
fn after_thousands_of_edits_it_says_what_a_fresh_server_says() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    soak(number("RETRYLINT_SOAK").unwrap_or(5_000), number("RETRYLINT_SEED").unwrap_or(7));
}

/// Random edits, many of which leave text that does not parse, end where a server that starts with the last texts begins.
fn soak(edits: u64, seed: u64) {
    let files = ["src/classify.rs", "src/client.rs", "src/bad.rs"];
    let pieces = [
        "401 | ",
        "// é🔑\n",
        "}",
        "fn f() {}\n",
        "\"",
        "\r\n",
        BAD,
        "status == 429",
        "return Err(status);\n",
        "use a::b;\n",
        "/*",
        "*/",
        "loop {",
        "pub ",
        "// retrylint: allow(auth-backoff) why\n",
        "",
        "",
        "",
    ];
    let tree = package();
    tree.write("src/bad.rs", BAD);
    let mut editor = Editor::start(&tree, Setup::default());
    let uris = files.map(|file| editor.open_file(&tree, file));
    // A generator of Knuth's: the same numbers each time.
    let mut state = seed;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for round in 0..edits {
        let uri = &uris[random(uris.len())];
        // Edits that wait together are checked together: some are given the time.
        if random(3) == 0 {
            editor.diagnostics(uri);
        }
        let text = editor.text(uri).to_owned();
        if round % 30 == 29 {
            // Back to something that parses.
            editor.replace(uri, [LOOP, WRONG, BAD][random(3)]);
            continue;
        }
        let at = |n: usize| (0..=n).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let start = at(random(text.len() + 1));
        let end = at((start + random(12)).min(text.len())).max(start);
        editor.splice(uri, start..end, pieces[random(pieces.len())]);
    }
    let fresh = package();
    for (file, uri) in files.iter().zip(&uris) {
        fresh.write(file, editor.text(uri));
    }
    let mut other = Editor::start(&fresh, Setup::default());
    for (file, uri) in files.iter().zip(&uris) {
        let elsewhere = other.open_file(&fresh, file);
        let say = |found: Vec<Value>| -> Vec<String> {
            let shown = |one: &Value| format!("{} {} {}", one["range"], one["code"], one["message"]);
            found.iter().map(shown).collect()
        };
        assert_eq!(say(editor.diagnostics(uri)), say(other.diagnostics(&elsewhere)), "{file}: {}", editor.text(uri));
    }
}

#[test]
fn a_request_is_answered_once_even_if_it_is_cancelled() {
    let tree = package();
    let mut editor = Editor::start(&tree, Setup::default());
    let file = editor.open_file(&tree, "src/client.rs");
    let at = json!({"textDocument": {"uri": file}, "position": {"line": 5, "character": 20}});
    for _ in 0..20 {
        let id = editor.begin("textDocument/hover", at.clone());
        editor.tell("$/cancelRequest", json!({"id": editor.last()}));
        match editor.end(&id) {
            Ok(shown) => assert!(shown.is_object()),
            Err(error) => assert_eq!(error.code, ErrorCode::RequestCanceled as i32),
        }
    }
    editor.tell("$/cancelRequest", json!({"id": 999}));
    assert!(hover(&mut editor, &file, &at["position"]).is_object());
    assert!(editor.unread().iter().all(|message| !matches!(message, Message::Response(_))));
}

#[test]
fn bad_requests_get_the_error_that_fits() {
    let tree = package();
    let mut editor = Editor::silent(&tree);
    let code = |answer: Result<Value, lsp_server::ResponseError>| answer.expect_err("an error").code;
    assert_eq!(code(editor.ask("textDocument/hover", json!({}))), ErrorCode::ServerNotInitialized as i32);
    assert_eq!(code(editor.ask("initialize", json!({"capabilities": 1}))), ErrorCode::InvalidParams as i32);
    editor.ask("initialize", json!({"capabilities": {}})).expect("a greeting");
    assert_eq!(code(editor.ask("no/such", json!({}))), ErrorCode::MethodNotFound as i32);
    assert_eq!(code(editor.ask("textDocument/hover", json!({"position": 1}))), ErrorCode::InvalidParams as i32);
    editor.tell("textDocument/didOpen", json!({"textDocument": 1}));
    editor.tell("no/such", json!({}));
    let logged = editor.next("window/logMessage");
    assert!(logged["message"].as_str().is_some_and(|text| text.contains("textDocument/didOpen")), "{logged}");
    assert_eq!(editor.ask("shutdown", Value::Null).expect("a farewell"), Value::Null);
    assert_eq!(code(editor.ask("textDocument/hover", json!({}))), ErrorCode::InvalidRequest as i32);
    editor.tell("exit", Value::Null);
    assert_eq!(editor.code(), Some(0));
}

#[test]
fn the_exit_code_says_whether_the_client_said_goodbye() {
    let tree = package();
    assert_eq!(Editor::start(&tree, Setup::default()).quit(), Some(0));
    assert_eq!(Editor::start(&tree, Setup::default()).leave(), Some(1));
    let mut editor = Editor::start(&tree, Setup::default());
    editor.tell("exit", Value::Null);
    assert_eq!(editor.code(), Some(1));
    let mut editor = Editor::silent(&tree);
    editor.tell("exit", Value::Null);
    assert_eq!(editor.code(), Some(1));
    let mut editor = Editor::silent(&tree);
    editor.scribble(b"Content-Length: 2\r\n\r\n{]");
    assert_eq!(editor.code(), Some(2));
}
