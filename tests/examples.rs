//! The examples of the rule pages compile, and still do once repaired: all of them as modules of one crate, against the
//! real crates that they call.
//!
//! It builds some two hundred crates the first time, so `.ci/run` asks for it: `cargo test --test examples -- --ignored`.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use retrylint::{Options, check_source};
use support::markdown::Page;
use support::{files, read, repository, stem};
use tempfile::TempDir;

/// Rounds of repairs: one may bring another finding to light.
const ROUNDS: usize = 4;

/// The bad and good examples of every page by a name that a module can have, without marks.
fn examples() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for path in files("rules", "md") {
        let blocks = Page::parse(&read(&format!("rules/{}.md", stem(&path)))).blocks;
        let blocks = blocks.into_iter().filter(|block| matches!(block.info.as_str(), "rust,bad" | "rust,good"));
        out.extend(blocks.enumerate().map(|(n, block)| {
            let lines = block.text.lines().map(|line| line.split("//~").next().unwrap_or_default().trim_end());
            let text: String = lines.map(|line| format!("{line}\n")).collect();
            (format!("{}_{n}", stem(&path).replace('-', "_")), text)
        }));
    }
    out
}

/// The text with every repair that is offered, and how many those are.
fn repaired(text: &str) -> (String, usize) {
    let (mut text, mut count) = (text.to_owned(), 0);
    for _ in 0..ROUNDS {
        let outcome = check_source("example.rs", &text, &Options { fixes: true, ..Options::default() });
        let Some(fix) = outcome.findings.iter().find_map(|finding| finding.fixes.first()) else { break };
        text = retrylint::fix::edit::apply(&text, &fix.edits);
        count += 1;
    }
    (text, count)
}

/// What `cargo check` says about these modules; nothing where it has no errors.
fn check(modules: &[(String, String)]) -> String {
    let folder = TempDir::new().expect("a temporary folder");
    fs::create_dir(folder.path().join("src")).expect("folders can be made");
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(repository("fixtures/examples").join(file), folder.path().join(file)).expect("files can be copied");
    }
    let mut root = "#![allow(warnings)]\n".to_owned();
    for (name, text) in modules {
        root.push_str(&format!("pub mod {name};\n"));
        fs::write(folder.path().join(format!("src/{name}.rs")), text).expect("files can be written");
    }
    fs::write(folder.path().join("src/lib.rs"), root).expect("files can be written");
    let out = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--locked"])
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples"))
        .current_dir(folder.path())
        .output()
        .expect("cargo starts");
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    if out.status.success() { String::new() } else { said }
}

#[test]
#[ignore = "builds all the crates that the examples call; `.ci/run` asks for it"]
fn the_examples_compile_as_they_are_and_repaired() {
    let as_they_are = examples();
    assert_eq!(check(&as_they_are), "", "examples do not compile");
    let mut repairs = 0;
    let mut changed = Vec::new();
    for (name, text) in &as_they_are {
        let (text, count) = repaired(text);
        repairs += count;
        changed.push((name.clone(), text));
    }
    assert!(repairs >= 50, "only {repairs} repairs are offered");
    assert_eq!(check(&changed), "", "repaired examples do not compile");
}
