//! `cargo retrylint`, completions and manual pages.

mod support;

use std::process::Command;

use support::tree::{BAD, Ran, Tree, without_our_variables};

/// A workspace: the root package `top`, the members `a` and `b`, and `c`, which `a` depends on by path.
fn workspace() -> Tree {
    let package =
        |name: &str, more: &str| format!("[package]\nname = '{name}'\nversion = '0.1.0'\nedition = '2024'\n{more}");
    let tree = Tree::new(&[
        ("Cargo.toml", &package("top", "[workspace]\nmembers = ['crates/*']\n")),
        ("crates/a/Cargo.toml", &package("a", "[dependencies]\nc = { path = '../../c' }\n")),
        ("crates/b/Cargo.toml", &package("b", "")),
        ("c/Cargo.toml", &package("c", "")),
        ("apart/Cargo.toml", &package("apart", "[workspace]\n")),
    ]);
    for folder in ["", "crates/a/", "crates/b/", "c/", "apart/"] {
        tree.write(&format!("{folder}src/lib.rs"), BAD);
    }
    tree.write("crates/a/tests/api.rs", BAD);
    tree
}

fn cargo_retrylint(tree: &Tree, folder: &str, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-retrylint"));
    command.arg("retrylint").args(args).current_dir(tree.path(folder));
    tree.finish(without_our_variables(command), b"", &[])
}

/// The paths of the findings.
fn found(tree: &Tree, folder: &str, args: &[&str]) -> Vec<String> {
    cargo_retrylint(tree, folder, &[args, &["--format", "json"]].concat()).found()
}

#[test]
fn packages_are_chosen_as_cargo_chooses_them() {
    let tree = workspace();
    assert_eq!(found(&tree, "", &[]), ["src/lib.rs"]);
    assert_eq!(found(&tree, "crates/b", &[]), ["src/lib.rs"]);
    assert_eq!(found(&tree, "crates/b/src", &[]), ["lib.rs"]);
    assert_eq!(
        found(&tree, "", &["--workspace"]),
        ["c/src/lib.rs", "crates/a/src/lib.rs", "crates/b/src/lib.rs", "src/lib.rs"]
    );
    assert_eq!(
        found(&tree, "", &["--all", "--exclude", "top", "--exclude=c"]),
        ["crates/a/src/lib.rs", "crates/b/src/lib.rs"]
    );
    assert_eq!(found(&tree, "", &["-p", "a", "--package=c@0.1.0"]), ["c/src/lib.rs", "crates/a/src/lib.rs"]);
    let id = format!("path+file://{}/crates/b#0.1.0", tree.path("").display());
    assert_eq!(found(&tree, "", &["-p", &id]), ["crates/b/src/lib.rs"]);
    let manifest = tree.path("apart/Cargo.toml");
    let manifest = manifest.to_str().expect("UTF-8");
    assert_eq!(found(&tree, "", &["--manifest-path", manifest]), ["apart/src/lib.rs"]);
    assert_eq!(found(&tree, "", &["-p", "a", "--all-targets"]), ["crates/a/src/lib.rs", "crates/a/tests/api.rs"]);
}

#[test]
fn an_editors_flags_are_taken() {
    let tree = workspace();
    let manifest = tree.path("Cargo.toml");
    let args = [
        "--workspace",
        "--message-format=json-diagnostic-rendered-ansi",
        "--manifest-path",
        manifest.to_str().expect("UTF-8"),
        "--keep-going",
        "--all-targets",
        "--all-features",
        "--features=a,b",
        "--no-default-features",
        "--target",
        "x86_64-unknown-linux-gnu",
        "--target-dir",
        "target/ra",
        "--profile",
        "dev",
        "--locked",
        "--offline",
    ];
    let ran = cargo_retrylint(&tree, "", &args);
    let read: Vec<cargo_metadata::Message> = cargo_metadata::Message::parse_stream(ran.is(1, &[]).out.as_bytes())
        .collect::<Result<_, _>>()
        .expect("cargo's messages");
    assert_eq!(read.len(), 5);
    assert!(read.iter().all(|one| matches!(one, cargo_metadata::Message::CompilerMessage(_))));
}

#[test]
fn what_is_not_there_is_said() {
    let tree = workspace();
    let run = |args: &[&str]| cargo_retrylint(&tree, "", args);
    run(&["-p", "tap"]).is(2, &["error: no package of this workspace is called `tap`: did you mean `top`?"]);
    run(&["--workspace", "--exclude", "zzz"]).is(2, &["error: no package of this workspace is called `zzz`"]);
    run(&["--manifest-path", "no/Cargo.toml"]).is(2, &["error: --manifest-path no/Cargo.toml: no such Cargo.toml"]);
    run(&["--message-format", "xml"]).is(2, &["error: --message-format xml: use `human` or `json`"]);
    assert_eq!(run(&["-p", "a", "src/lib.rs"]).code, Some(2));
    let loose = Tree::new(&[("x.rs", BAD)]);
    cargo_retrylint(&loose, "", &[]).is(2, &["error: no Cargo.toml in "]);
}

#[test]
fn it_is_found_by_cargo() {
    let tree = workspace();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_cargo-retrylint"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = program.parent().map(std::path::Path::to_owned).into_iter().chain(std::env::split_paths(&path));
    let mut command = Command::new(env!("CARGO"));
    command.args(["retrylint", "--format=json"]).current_dir(tree.path("crates/b"));
    command.env("PATH", std::env::join_paths(folders).expect("a path"));
    assert_eq!(tree.finish(without_our_variables(command), b"", &[]).found(), ["src/lib.rs"]);
}

#[test]
fn completions_and_manual_pages() {
    let tree = Tree::new(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = tree.run(&["completions", shell]);
        ran.is(0, &[]).says("retrylint").says("write-baseline");
    }
    assert_eq!(tree.run(&["completions", "ksh"]).code, Some(2));
    tree.run(&["man"]).is(0, &[]).says(".TH retrylint 1").says("explain");
    tree.run(&["man", "check"]).is(0, &[]).says(".TH retrylint-check 1").says("\\-\\-since");
    tree.run(&["man", "chek"]).is(2, &["error: no command is called `chek`: did you mean `check`?"]);
}
