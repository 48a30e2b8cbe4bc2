//! `check --with COMMAND`: the compiler's messages and ours in one stream, read by cargo's published reader of both.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use cargo_metadata::diagnostic::DiagnosticSpan;
use cargo_metadata::{CompilerMessage, Message};
use support::tree::{BAD, Ran, Tree, program, without_our_variables};

/// A package that compiles without the network, in a folder whose name needs care in a URI: what it depends on is
/// replaced by stubs. Its one file has a BOM, carriage returns, text outside ASCII before what is found, and
/// something for the compiler to warn about.
fn package(name: &str) -> Tree {
    let tree = Tree::new(&[]);
    let stubs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/stubs");
    let stub = |name: &str| format!("{name} = {{ path = '{}' }}\n", stubs.join(name).display());
    let manifest = format!(
        "[package]\nname = '{name}'\nversion = '0.1.0'\nedition = '2024'\n\n\
         [dependencies]\nreqwest = '1'\ntokio = '1'\n\n[patch.crates-io]\n{}{}",
        stub("reqwest"),
        stub("tokio")
    );
    tree.write(&format!("{FOLDER}/Cargo.toml"), manifest);
    tree.write(&format!("{FOLDER}/src/lib.rs"), "pub mod bad;\n");
    let text = BAD
        .replace("    let mut delay", "    /* ключ \u{1f511} */ let unused = 401;\n    let mut delay")
        .replace("        let sent = client", "        /* ü */ let sent = client");
    tree.write(&format!("{FOLDER}/src/bad.rs"), format!("\u{feff}{}", text.replace('\n', "\r\n")));
    tree
}

const FOLDER: &str = "a b, (c)+%é~'[1]";

/// A command that runs this cargo with a target folder in the tree.
fn cargo_check(tree: &Tree) -> String {
    let quoted = |path: &Path| shell_words::quote(path.to_str().expect("UTF-8")).into_owned();
    format!(
        "{} check --offline --message-format=json --target-dir {}",
        quoted(Path::new(env!("CARGO"))),
        quoted(&tree.path("target"))
    )
}

fn with(tree: &Tree, command: &str) -> Ran {
    tree.run_below(FOLDER, &["check", "--with", command], &[])
}

/// All lines of a run, and of them those of the compiler and ours.
fn read(out: &str) -> (Vec<Message>, Vec<CompilerMessage>, Vec<CompilerMessage>) {
    let all: Vec<Message> =
        out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect();
    let said = all.iter().filter_map(|one| match one {
        Message::CompilerMessage(message) => Some(message.clone()),
        _ => None,
    });
    let code = |one: &CompilerMessage| one.message.code.as_ref().map(|code| code.code.clone()).unwrap_or_default();
    let (ours, compilers) = said.partition(|one| code(one).starts_with("retrylint::"));
    (all, compilers, ours)
}

/// The text that a span names, by its bytes in the file and by the characters of the line that it quotes.
fn marked(folder: &Path, span: &DiagnosticSpan) -> (String, String) {
    let text = fs::read(folder.join(&span.file_name)).expect("the file is there");
    let bytes = &text[span.byte_start as usize..span.byte_end as usize];
    let (from, to) = (span.column_start - 1, span.column_end - 1);
    let quoted = span.text[0].text.chars().skip(from).take(to - from).collect();
    (String::from_utf8(bytes.to_vec()).expect("whole characters"), quoted)
}

#[test]
fn the_compilers_lines_and_ours_speak_of_the_same_package_and_places() {
    // The second is called as its folder is, which makes another kind of id.
    for name in ["sample", "plain"] {
        let tree = package(name);
        let folder = tree.path(if name == "plain" { "plain" } else { FOLDER });
        if name == "plain" {
            fs::rename(tree.path(FOLDER), &folder).expect("a folder can be renamed");
        }
        let below = folder.file_name().and_then(|name| name.to_str()).expect("UTF-8").to_owned();
        let ran = tree.run_below(&below, &["check", "--with", &cargo_check(&tree)], &[]);
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        let (all, compilers, ours) = read(&ran.out);
        assert!(all.iter().any(|one| matches!(one, Message::CompilerArtifact(_))), "cargo's other lines are kept");
        let ([theirs], [ours]) = (&compilers[..], &ours[..]) else { panic!("one of each: {compilers:#?} {ours:#?}") };
        assert_eq!(theirs.package_id, ours.package_id);
        assert_eq!(theirs.target, ours.target);
        let (their_span, our_span) = (&theirs.message.spans[0], &ours.message.spans[0]);
        assert_eq!(their_span.file_name, our_span.file_name);
        assert_eq!((their_span.line_start, our_span.line_start), (4, 7));
        assert_eq!(marked(&folder, their_span), ("unused".to_owned(), "unused".to_owned()));
        let (by_bytes, by_characters) = marked(&folder, our_span);
        assert!(by_bytes.starts_with("client.get(") && by_bytes.ends_with(".send()"), "{by_bytes}");
        assert_eq!(by_bytes, by_characters);
        assert!(!our_span.text[0].text.contains('\r') && !their_span.text[0].text.contains('\r'));
    }
}

#[test]
fn the_exit_code_is_the_worse_of_both() {
    let tree = package("sample");
    let run = |command: &str| with(&tree, command).code;
    assert_eq!(run("true"), Some(1));
    assert_eq!(run("sh -c 'exit 101'"), Some(101));
    assert_eq!(run("sh -c 'exit 1'"), Some(1));
    tree.write(&format!("{FOLDER}/src/bad.rs"), "pub fn fine() {}\n");
    assert_eq!(run("true"), Some(0));
    assert_eq!(run("sh -c 'exit 3'"), Some(3));
    assert_eq!(run(&cargo_check(&tree)), Some(0));
    tree.write(&format!("{FOLDER}/src/bad.rs"), "pub fn wrong() -> u8 { \"\" }\n");
    let ran = with(&tree, &cargo_check(&tree));
    assert_eq!(ran.code, Some(101), "{ran:#?}");
    let (_, compilers, ours) = read(&ran.out);
    assert_eq!((compilers[0].message.code.as_ref().expect("a code").code.as_str(), ours.len()), ("E0308", 0));
}

/// Whatever the command says passes as it is; a last line without an end gets one, since ours may follow.
#[test]
fn lines_pass_as_they_are() {
    let tree = package("sample");
    let ran = with(&tree, r#"printf 'plain\r\n{"reason":"x",  "n":1}\nключ'"#);
    let all = ran.out.split_inclusive('\n');
    let (ours, theirs): (Vec<&str>, Vec<&str>) = all.partition(|line| line.contains("retrylint::"));
    assert_eq!(theirs, ["plain\r\n", "{\"reason\":\"x\",  \"n\":1}\n", "ключ\n"]);
    assert_eq!(ours.len(), 1);
}

#[test]
fn a_command_that_cannot_run_is_told_of_once() {
    let tree = package("sample");
    let run = |command: &str| with(&tree, command);
    run("no-such-program check").is(2, &["error: --with: there is no program `no-such-program`: give a command"]);
    for (command, why) in [("", "the command is missing"), ("cargo 'check", "a quote in the command is not closed")] {
        let ran = run(command);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
        assert!(ran.err.contains(why), "{ran:#?}");
    }
    assert_eq!(tree.run_below(FOLDER, &["check", "--with", "true", "--format", "json"], &[]).code, Some(2));
}

#[cfg(unix)]
#[test]
fn a_command_that_is_ended_leaves_our_findings() {
    let tree = package("sample");
    let ran = with(&tree, "sh -c 'echo {}; kill -9 $$'");
    ran.is(2, &["error: --with: `sh` was ended before it was done (signal: 9"]).says("retrylint::catch-all-retry");
}

/// An editor that stops listening must not leave a compiler running.
#[cfg(unix)]
#[test]
fn nobody_listens() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::Stdio;

    let tree = package("sample");
    let endless = "sh -c 'trap \"\" PIPE; echo $$; while echo still 2>/dev/null; do :; done; exec sleep 100'";
    let mut child = program(&tree.path(FOLDER), &["check", "--with", endless])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut first).expect("a line");
    let mut err = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
    child.wait().expect("it ends");
    assert_eq!(err, "");
    let alive = Command::new("kill").args(["-0", first.trim()]).stderr(Stdio::null()).status().expect("kill runs");
    assert!(!alive.success(), "process {first} still runs");
}

#[test]
fn it_works_where_cargo_clippy_stands() {
    let tree = package("sample");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-retrylint"));
    command.args([
        "retrylint",
        "--workspace",
        "--message-format=json",
        "--keep-going",
        "--lib",
        "--bins",
        "--examples",
    ]);
    command.args(["--with", &cargo_check(&tree)]).current_dir(tree.path(FOLDER));
    let ran = tree.finish(without_our_variables(command), b"", &[]);
    let (_, compilers, ours) = read(&ran.out);
    assert_eq!((ran.code, compilers.len(), ours.len()), (Some(1), 1, 1), "{ran:#?}");
}
