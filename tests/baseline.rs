//! Old findings: a baseline that only shrinks, and reports of what changed since a revision.

mod support;

use std::fs;
use std::process::Command;

use support::tree::{BAD, CLEAN, Tree};

const FILE: &str = "known.json";

/// The bad loop in a function of this name, without imports.
fn function(name: &str) -> String {
    BAD.replace("use std::time::Duration;\n", "")
        .replace("Duration::", "std::time::Duration::")
        .replace("fn call", &format!("fn {name}"))
}

fn adopted() -> Tree {
    let tree = Tree::package();
    tree.write("src/worse.rs", format!("{}{}", function("one"), function("two")));
    let ran = tree.run(&["check", "--baseline", FILE, "--write-baseline"]);
    ran.is(0, &["wrote 3 findings to known.json"]).says("0 findings").says(", 3 in the baseline\n");
    tree
}

#[test]
fn what_is_known_is_not_reported() {
    let tree = adopted();
    tree.run(&["check"]).is(1, &[]).says("3 findings");
    let json = tree.run(&["check", "--baseline", FILE, "--format", "json"]).is(0, &[]).json();
    assert_eq!((&json["summary"]["findings"], &json["summary"]["baselined"]), (&0.into(), &3.into()));
    tree.write("src/new.rs", BAD);
    assert_eq!(tree.run(&["check", "--baseline", FILE, "--format", "json"]).found(), ["src/new.rs"]);
    // A second one in a function that has one.
    tree.write("src/new.rs", CLEAN);
    let doubled = BAD.replace(
        "    let mut delay",
        &format!("    {{{}\n    let mut delay", BAD[BAD.find("    let mut").expect("a body")..].trim_end()),
    );
    tree.write("src/bad.rs", doubled);
    assert_eq!(tree.run(&["check", "--baseline", FILE, "--format", "json"]).found(), ["src/bad.rs"]);
}

#[test]
fn moved_lines_and_other_folders_change_nothing() {
    let tree = adopted();
    tree.write(
        "src/bad.rs",
        format!(
            "//! New text.\n\n{}",
            BAD.replace("        let sent = client", "        let sent = client\n            ")
        ),
    );
    tree.write("src/worse.rs", format!("{}\n\n\n{}", function("two"), function("one")));
    tree.run(&["check", "--baseline", FILE]).is(0, &[]).says(", 3 in the baseline");
    tree.run_below("src", &["check", "--baseline", "../known.json"], &[]).is(0, &[]).says(", 3 in the baseline");
}

#[test]
fn what_was_repaired_is_stale() {
    let tree = adopted();
    tree.write("src/worse.rs", function("two"));
    let message = "warning: known.json: `catch-all-retry` in `worse::one` of src/worse.rs is not found any more: `--write-baseline` takes out what is gone";
    tree.run(&["check", "--baseline", FILE]).is(0, &[message]);
    // In CI it fails, and the defect cannot come back unseen once it is taken out.
    tree.run_with(&["check", "--baseline", FILE], b"", &[("CI", "true")])
        .is(1, &[&message.replace("warning", "error")]);
    tree.run(&["check", "--baseline", FILE, "--write-baseline"]).is(0, &["took 1 finding out of known.json"]);
    tree.run_with(&["check", "--baseline", FILE], b"", &[("CI", "true")]).is(0, &[]);
    tree.write("src/worse.rs", format!("{}{}", function("one"), function("two")));
    tree.run(&["check", "--baseline", FILE]).is(1, &[]).says("1 finding, ");
}

#[test]
fn where_nothing_is_found_the_baseline_is_empty() {
    let tree = Tree::new(&[("a.rs", "pub fn a() {}\n")]);
    let ran = tree.run(&["check", "--baseline", FILE, "--write-baseline"]);
    ran.is(0, &["wrote 0 findings to known.json"]);
    let text = fs::read_to_string(tree.path(FILE)).expect("it was written");
    assert_eq!(text, "{\n  \"version\": 1,\n  \"findings\": []\n}\n");
    tree.run(&["check", "--baseline", FILE]).is(0, &[]);
}

#[test]
fn a_baseline_never_grows() {
    let tree = adopted();
    tree.write("src/new.rs", BAD);
    let before = fs::read_to_string(tree.path(FILE)).expect("it is there");
    tree.run(&["check", "--baseline", FILE, "--write-baseline"]).is(1, &[]).says("src/new.rs:6:");
    assert_eq!(fs::read_to_string(tree.path(FILE)).expect("it is there"), before);
}

#[test]
fn nothing_is_stale_in_what_was_not_looked_at() {
    let tree = adopted();
    tree.write("src/worse.rs", CLEAN);
    tree.run(&["check", "--baseline", FILE, "src/bad.rs"]).is(0, &[]);
    let ran = tree.run(&["check", "--baseline", FILE, "src/worse.rs"]);
    assert_eq!(ran.err.lines().count(), 2, "{ran:#?}");
    // A file that is gone is looked at where all is.
    fs::remove_file(tree.path("src/worse.rs")).expect("it can be removed");
    tree.run(&["check", "--baseline", FILE, "src"]).is(0, &[]);
    assert_eq!(tree.run(&["check", "--baseline", FILE]).err.lines().count(), 2);
}

#[test]
fn baselines_that_cannot_be_used() {
    let tree = Tree::package();
    let missing = "error: cannot read the baseline known.json: no such file: `--write-baseline` makes one";
    tree.run(&["check", "--baseline", FILE]).is(2, &[missing]);
    for (text, message) in [
        (
            "{",
            "it is no baseline (EOF while parsing an object at line 1 column 1): write it anew with --write-baseline",
        ),
        (r#"{"version": 2, "findings": []}"#, "it is of version 2, and this program reads version 1"),
        (r#"{"version": 1, "findings": [{}]}"#, "it is no baseline (missing field `"),
    ] {
        tree.write(FILE, text);
        tree.run(&["check", "--baseline", FILE])
            .is(2, &[&format!("error: cannot read the baseline known.json: {message}")]);
    }
    assert_eq!(tree.run(&["check", "--write-baseline"]).code, Some(2));
    let ran = tree.run(&["check", "--baseline", "no/where.json", "--write-baseline"]);
    assert!(ran.is(2, &["error: cannot write the baseline no/where.json: "]).err.lines().count() == 1);
}

#[test]
fn the_file_has_an_entry_a_line() {
    let text = fs::read_to_string(adopted().path(FILE)).expect("it is there");
    let expected = r#"{
  "version": 1,
  "findings": [
    {"package":"sample","path":"src/bad.rs","function":"bad::call","rule":"catch-all-retry","code":"client.get(\"https://api.example.com/v1/models\").bearer_auth(api_key).send()","count":1},
"#;
    assert!(text.starts_with(expected), "{text}");
    assert_eq!(text.lines().count(), 8);
}

/// A repository with the bad loop committed.
fn repository() -> Tree {
    let tree = Tree::package();
    git(&tree, &["init", "-q", "-b", "main"]);
    commit(&tree);
    tree
}

fn git(tree: &Tree, args: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
    let status = Command::new("git").args(identity).args(args).current_dir(tree.path("")).status().expect("git runs");
    assert!(status.success(), "{args:?}");
}

fn commit(tree: &Tree) {
    git(tree, &["add", "-A"]);
    git(tree, &["commit", "-q", "-m", "x"]);
}

#[test]
fn only_findings_in_changed_lines() {
    let tree = repository();
    let check = || tree.run(&["check", "--since", "HEAD", "--format", "json"]).found();
    tree.run(&["check", "--since", "HEAD"]).is(0, &[]).says("0 findings").says(", 1 outside of the change\n");
    // Somewhere else in the file.
    tree.write("src/bad.rs", format!("{BAD}\n{CLEAN}"));
    assert!(check().is_empty());
    // In the loop; then only a line less; then a new file.
    tree.write("src/bad.rs", BAD.replace("trying again", "again"));
    assert_eq!(check(), ["src/bad.rs"]);
    tree.write("src/bad.rs", BAD.replace("                eprintln!(\"trying again: {error}\");\n", ""));
    assert_eq!(check(), ["src/bad.rs"]);
    tree.write("src/bad.rs", BAD);
    tree.write("src/ä b.rs", BAD);
    assert_eq!(check(), ["src/ä b.rs"]);
    git(&tree, &["add", "-A"]);
    assert_eq!(check(), ["src/ä b.rs"]);
    let below = tree.run_below("src", &["check", "--since", "HEAD", "--format", "json"], &[]);
    assert_eq!(below.found(), ["ä b.rs"]);
}

#[test]
fn what_others_did_meanwhile_does_not_count() {
    let tree = repository();
    git(&tree, &["checkout", "-q", "-b", "work"]);
    tree.write("src/mine.rs", BAD);
    commit(&tree);
    git(&tree, &["checkout", "-q", "main"]);
    tree.write("src/bad.rs", BAD.replace("trying again", "again"));
    commit(&tree);
    git(&tree, &["checkout", "-q", "work"]);
    assert_eq!(tree.run(&["check", "--since", "main", "--format", "json"]).found(), ["src/mine.rs"]);
}

#[test]
fn revisions_that_git_does_not_know() {
    let tree = repository();
    let ran = tree.run(&["check", "--since", "nowhere"]);
    ran.is(2, &["error: cannot tell what changed since `nowhere`: "]);
    assert_eq!(ran.out, "");
    tree.run(&["check", "--since=--output=x"]).is(2, &["error: cannot tell what changed since `--output=x`: "]);
    assert!(!tree.path("x").exists());
    let loose = Tree::new(&[("a.rs", CLEAN)]);
    loose
        .run(&["check", "--since", "HEAD"])
        .is(2, &["error: cannot tell what changed since `HEAD`: not a git repository"]);
}
