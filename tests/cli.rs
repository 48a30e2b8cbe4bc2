//! The program as users run it: bad input of every kind, exit codes, streams, and that nothing depends on threads.

mod support;

use std::fs;
use std::process::{Command, Stdio};

use support::tree::{BAD, CLEAN, Tree, program};

// What a good run looks like.

#[test]
fn a_finding_exits_1_and_a_clean_tree_0() {
    let tree = Tree::package();
    tree.run(&["check"]).is(1, &[]).says("src/bad.rs:6:").says("1 finding, ").lacks("\x1b");
    tree.run(&["check", "src/clean.rs"]).is(0, &[]).says("checked 1 file (").says("0 findings");
    tree.run(&["sites"]).is(0, &[]).says("src/bad.rs:5");
}

#[test]
fn json_has_the_documented_shape() {
    let ran = Tree::package().run(&["check", "--format", "json"]);
    let json = ran.is(1, &[]).json();
    assert_eq!(json["version"], 1);
    let finding = &json["findings"][0];
    assert_eq!(
        (&finding["path"], &finding["start_line"], &finding["end_line"]),
        (&"src/bad.rs".into(), &5.into(), &15.into())
    );
    assert_eq!(finding["sites"][0]["kind"], "loop");
    assert_eq!(finding["witness"][0]["role"], "attempt");
    assert!(finding["attempts"].is_number() || finding["attempts_until"].is_string());
    assert_eq!(json["summary"]["findings"], 1);
    // The order of keys is part of the promise.
    let keys = [
        "\"code\"",
        "\"rule\"",
        "\"level\"",
        "\"certainty\"",
        "\"message\"",
        "\"path\"",
        "\"start_line\"",
        "\"end_line\"",
        "\"attempts\"",
    ];
    let places: Vec<_> = keys.iter().map(|key| ran.out.find(key)).collect();
    assert!(places.is_sorted() && places[0].is_some(), "{places:?}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let tree = Tree::package();
    for i in 0..30 {
        tree.write(&format!("src/part{i}.rs"), BAD);
        tree.write(&format!("other{i}/src/lib.rs"), BAD);
        tree.write(&format!("other{i}/Cargo.toml"), format!("[package]\nname = 'other{i}'\n"));
        tree.write(&format!("src/broken{i}.rs"), "fn a() {}\nfn broken( {\nfn b() {}\n");
    }
    for args in [
        ["check", "--format=human"],
        ["check", "--format=json"],
        ["sites", "--format=human"],
        ["sites", "--format=json"],
    ] {
        let one = tree.run(&[&args[..], &["-j", "1"]].concat());
        let many = tree.run(&[&args[..], &["--jobs", "8"]].concat());
        assert_eq!(one, many);
    }
}

#[test]
fn paths_are_shown_from_the_working_directory_else_as_given() {
    let tree = Tree::package();
    let absolute = tree.path("src").to_str().expect("UTF-8").to_owned();
    assert_eq!(tree.run(&["check", "--format=json", &absolute]).found(), ["src/bad.rs"]);
    assert_eq!(tree.run(&["check", "--format=json", "./src/../src/bad.rs"]).found(), ["src/bad.rs"]);
    let elsewhere = Tree::new(&[]);
    let given = format!("{absolute}/bad.rs");
    assert_eq!(elsewhere.run(&["check", "--format=json", &given]).found(), [given.as_str()]);
    assert_eq!(elsewhere.run(&["check", "--format=json", &absolute]).found(), [given.as_str()]);
}

#[test]
fn a_file_that_is_named_alone_is_reported_alone() {
    let tree = Tree::package();
    tree.write("src/worse.rs", BAD);
    assert_eq!(tree.run(&["check", "--format=json", "src/bad.rs"]).found(), ["src/bad.rs"]);
    let sites = tree.run(&["sites", "--format=json", "src/bad.rs"]).json();
    assert!(sites["sites"].as_array().is_some_and(|sites| sites.iter().all(|site| site["path"] == "src/bad.rs")));
}

#[test]
fn a_file_that_is_named_twice_is_reported_once() {
    let tree = Tree::package();
    assert_eq!(tree.run(&["check", "--format=json", "src/bad.rs", ".", "src"]).found(), ["src/bad.rs"]);
}

#[test]
fn test_code_is_reported_only_when_asked_for() {
    let tree = Tree::package();
    tree.write("src/bad.rs", CLEAN);
    tree.write("tests/api.rs", BAD);
    tree.write("benches/api.rs", BAD);
    tree.run(&["check"]).is(0, &[]);
    let all = tree.run(&["check", "--format=json", "--include-tests"]);
    assert_eq!(all.found(), ["benches/api.rs", "tests/api.rs"]);
}

// Bad input: one clear message each, and the rest of the run goes on.

#[test]
fn a_missing_path() {
    let tree = Tree::package();
    tree.run(&["check", "nowhere", "src"]).is(2, &["error: nowhere: no such file or folder in "]).says("src/bad.rs:6:");
    tree.run(&["check", "/no/where"]).is(2, &["error: /no/where: no such file or folder"]);
}

#[test]
fn an_empty_file() {
    let tree = Tree::new(&[("empty.rs", "")]);
    tree.run(&["check"]).is(0, &[]).says("checked 1 file");
    tree.run(&["check", "empty.rs"]).is(0, &[]).says("checked 1 file");
}

#[test]
fn a_folder_without_rust() {
    let tree = Tree::new(&[("notes.txt", "no code")]);
    tree.run(&["check"]).is(0, &["warning: .: no Rust files below it"]);
}

#[test]
fn a_binary_file() {
    let tree = Tree::package();
    tree.write("src/image.rs", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe");
    tree.run(&["check"]).is(1, &["warning: src/image.rs: a binary file"]).says("src/bad.rs:6:").says("1 skipped");
    tree.run(&["check", "src/image.rs"]).is(2, &["error: src/image.rs: a binary file"]);
}

#[test]
fn a_file_that_is_not_utf8() {
    let tree = Tree::package();
    tree.write("src/latin.rs", b"// caf\xe9\n");
    tree.write("src/wide.rs", b"\xff\xfef\0n\0");
    let messages = [
        "warning: src/latin.rs: not UTF-8 text (line 1): skipped; save it as UTF-8",
        "warning: src/wide.rs: UTF-16 text",
    ];
    tree.run(&["check"]).is(1, &messages).says("src/bad.rs:6:").says("2 skipped");
}

#[test]
fn odd_but_valid_text() {
    let tree = Tree::package();
    tree.write("src/bad.rs", format!("\u{feff}{}", BAD.replace('\n', "\r\n")));
    tree.write("src/script.rs", format!("#!/usr/bin/env run\n{CLEAN}"));
    let ran = tree.run(&["check", "--format=json"]);
    ran.is(1, &[]);
    assert_eq!(ran.json()["findings"][0]["start_line"], 5);
    tree.run(&["check"]).is(1, &[]).says("src/bad.rs:6:").lacks("\r").lacks("\u{feff}");
}

#[test]
fn deep_nesting() {
    let tree = Tree::package();
    tree.write("src/deep.rs", format!("fn f() {{ {}{} }}\n", "(".repeat(100_000), ")".repeat(100_000)));
    tree.run(&["check"]).is(1, &["warning: src/deep.rs: "]).says("src/bad.rs:6:").says("1 skipped");
}

#[test]
fn unbalanced_braces() {
    let tree = Tree::package();
    tree.write("src/open.rs", "fn f() {\n    if true {\n");
    tree.write("src/shut.rs", "fn f() {}\n}}}\n");
    tree.write("src/mixed.rs", "fn f() { ( }\n");
    let messages = ["warning: src/mixed.rs: ", "warning: src/open.rs: ", "warning: src/shut.rs: "];
    tree.run(&["check"]).is(1, &messages).says("src/bad.rs:6:").says("3 skipped");
}

#[test]
fn one_item_that_does_not_parse_hides_no_other() {
    let tree = Tree::package();
    tree.write("src/bad.rs", format!("fn broken() {{ let = ; }}\n{BAD}"));
    let ran = tree.run(&["check", "--format=json"]);
    ran.is(1, &["warning: src/bad.rs: "]);
    assert_eq!(ran.found(), ["src/bad.rs"]);
}

#[test]
fn a_broken_manifest() {
    let tree = Tree::package();
    tree.write("Cargo.toml", "[package]\nname = oops\n");
    let message = "warning: Cargo.toml: not valid TOML at line 2, column 8: ";
    tree.run(&["check"]).is(1, &[message]).says("src/bad.rs:6:");
    tree.run(&["check", "src/clean.rs"]).is(0, &[message]);
}

#[test]
fn odd_manifests_are_cargos_business() {
    for manifest in [
        "",
        "[package]\n",
        "package = 3\n",
        "[workspace]\nmembers = 7\n",
        "[package]\nname = 'x'\n[lib]\npath = '/'\n[dependencies]\na = []\n",
    ] {
        let tree = Tree::package();
        tree.write("Cargo.toml", manifest);
        tree.run(&["check"]).is(1, &[]).says("src/bad.rs:6:");
    }
}

#[test]
fn bad_models() {
    let tree = Tree::package();
    tree.write("broken.toml", "name = \n");
    let missing = tree.run(&["check", "--models", "nowhere.toml"]);
    assert!(missing.is(2, &["error: "]).err.contains("nowhere.toml"), "{missing:#?}");
    let broken = tree.run(&["check", "--models", "broken.toml"]);
    assert!(broken.is(2, &["error: "]).err.contains("broken.toml"), "{broken:#?}");
}

#[test]
fn wrong_usage() {
    let tree = Tree::package();
    for args in [&["check", "--nonsense"][..], &["check", "-j", "0"], &["check", "--format", "xml"], &["frobnicate"]] {
        let ran = tree.run(args);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(ran.err.starts_with("error: "), "{ran:#?}");
    }
    tree.run(&["check", "--stdin-filename", "a.rs"]).is(2, &["error: --stdin-filename"]);
}

// What is looked at.

#[test]
fn gitignore_is_honoured() {
    let tree = Tree::package();
    tree.write(".gitignore", "/gen/\n*.tmp.rs\n");
    tree.write("gen/a.rs", BAD);
    tree.write("src/a.tmp.rs", BAD);
    tree.write("src/nested/.gitignore", "*.rs\n!kept.rs\n");
    tree.write("src/nested/dropped.rs", BAD);
    tree.write("src/nested/kept.rs", BAD);
    tree.write("src/after.rs", BAD);
    let found = tree.run(&["check", "--format=json"]).found();
    assert_eq!(found, ["src/after.rs", "src/bad.rs", "src/nested/kept.rs"]);
    // What the user names is looked at all the same.
    assert_eq!(tree.run(&["check", "--format=json", "gen/a.rs"]).found(), ["gen/a.rs"]);
}

#[test]
fn gitignore_above_counts_inside_a_repository_only() {
    let tree = Tree::package();
    tree.write(".gitignore", "bad.rs\n");
    assert_eq!(tree.run(&["check", "--format=json", "src"]).found(), ["src/bad.rs"]);
    tree.write(".git/HEAD", "ref: refs/heads/main\n");
    assert_eq!(tree.run(&["check", "--format=json", "src"]).found(), Vec::<String>::new());
}

#[test]
fn hidden_and_build_folders_are_skipped() {
    let tree = Tree::package();
    for path in [".hidden/a.rs", "src/.a.rs", "target/debug/a.rs", "cache/a.rs"] {
        tree.write(path, BAD);
    }
    tree.write("cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55");
    // A module may be called so.
    tree.write("src/target/mod.rs", BAD);
    assert_eq!(tree.run(&["check", "--format=json"]).found(), ["src/bad.rs", "src/target/mod.rs"]);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_harmless() {
    use std::os::unix::fs::symlink;
    let tree = Tree::package();
    symlink("..", tree.path("src/up")).expect("links can be made");
    symlink("self.rs", tree.path("src/self.rs")).expect("links can be made");
    symlink("bad.rs", tree.path("src/same.rs")).expect("links can be made");
    symlink("gone", tree.path("src/dangling.rs")).expect("links can be made");
    let made = Command::new("mkfifo").arg(tree.path("src/pipe.rs")).status().expect("mkfifo runs");
    assert!(made.success());
    let messages = ["warning: src/dangling.rs: a link to something that does not exist", "warning: src/self.rs: "];
    let ran = tree.run(&["check", "--format=json"]);
    ran.is(1, &messages);
    assert_eq!(ran.found(), ["src/bad.rs"]);
    // Named, each is a mistake that the user wants to hear of.
    tree.run(&["check", "src/pipe.rs"]).is(2, &["error: src/pipe.rs: neither a file nor a folder: "]);
    tree.run(&["check", "src/dangling.rs"]).is(2, &["error: src/dangling.rs: a link to something that does not exist"]);
    assert_eq!(tree.run(&["check", "src/self.rs"]).code, Some(2));
    assert_eq!(tree.run(&["check", "--format=json", "src/up"]).found(), ["src/bad.rs"]);
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let tree = Tree::package();
    tree.write("closed/a.rs", BAD);
    tree.write("src/closed.rs", BAD);
    if fs::metadata(tree.path("closed")).expect("it exists").uid() == 0 {
        // Root may read everything.
        return;
    }
    let close = |path: &str, mode| {
        fs::set_permissions(tree.path(path), fs::Permissions::from_mode(mode)).expect("modes can be set")
    };
    close("closed", 0o000);
    close("src/closed.rs", 0o000);
    let ran = tree.run(&["check"]);
    let alone = tree.run(&["check", "closed/a.rs"]);
    close("closed", 0o755);
    ran.is(2, &["error: closed: permission denied", "error: src/closed.rs: permission denied"]).says("src/bad.rs:6:");
    alone.is(2, &["error: closed/a.rs: permission denied"]);
}

// Streams.

#[test]
fn standard_input() {
    let tree = Tree::package();
    let ran = tree.run_with(&["check", "-", "--format=json"], BAD.as_bytes(), &[]);
    assert_eq!(ran.is(1, &[]).found(), ["<stdin>"]);
    // Its name places it in the package; the text counts, not the file.
    let args = ["check", "-", "--stdin-filename", "src/clean.rs", "--format=json"];
    assert_eq!(tree.run_with(&args, BAD.as_bytes(), &[]).is(1, &[]).found(), ["src/clean.rs"]);
    let args = ["check", "-", "--stdin-filename", "src/bad.rs"];
    tree.run_with(&args, CLEAN.as_bytes(), &[]).is(0, &[]).says("checked 1 file");
    tree.run_with(&["check", "-"], b"\xff\xfe", &[]).is(2, &["error: <stdin>: UTF-16 text"]);
    tree.run_with(&["check", "-"], b"", &[]).is(0, &[]);
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let tree = Tree::package();
    for i in 0..200 {
        tree.write(&format!("src/part{i}.rs"), BAD);
    }
    for args in [&["check"][..], &["check", "--format=json"], &["sites"], &["explain"]] {
        let mut child = program(&tree.path(""), args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let ended = child.wait_with_output().expect("the program ends");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{args:?}");
        assert_eq!(ended.status.code(), Some(i32::from(args[0] == "check")), "{args:?}");
    }
}

#[test]
fn colours_follow_the_flag_then_the_environment() {
    let tree = Tree::package();
    let run = |args: &[&str], vars: &[(&str, &str)]| {
        tree.run_with(&[&["check"], args].concat(), b"", vars).out.contains('\x1b')
    };
    assert!(!run(&[], &[]));
    assert!(run(&["--color", "always"], &[]));
    assert!(run(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(run(&[], &[("FORCE_COLOR", "1")]));
    assert!(!run(&[], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")]));
    assert!(!run(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn without_graphics_findings_are_sentences() {
    let tree = Tree::package();
    let ran = tree.run_with(&["check"], b"", &[("NO_GRAPHICS", "1")]);
    ran.is(1, &[]).says("  1. src/bad.rs:6:").says(": back to the next attempt, with the same credential\n").lacks("╭");
    // The last delay of an endless loop is where the run was cut off.
    ran.says(": sleeps 1 s the first time, longer each time after: ").lacks("the last");
}

// The rest of the command line.

#[test]
fn help_and_version() {
    let tree = Tree::new(&[]);
    let bare = tree.run(&[]);
    assert_eq!(bare.code, Some(2));
    assert!(bare.err.contains("Usage: retrylint"), "{bare:#?}");
    tree.run(&["--help"]).is(0, &[]).says("Exit codes: 0 clean").says("explain");
    tree.run(&["--version"]).is(0, &[]).says("retrylint ");
}

#[test]
fn explain_shows_pages_and_knows_near_misses() {
    let tree = Tree::new(&[]);
    tree.run(&["explain"]).is(0, &[]).says("RL001  auth-backoff");
    tree.run(&["explain", "auth-backoff"]).is(0, &[]).says("RL001 auth-backoff, deny by default\n\n#").lacks("---\n");
    tree.run(&["explain", "rl001"]).is(0, &[]).says("RL001 auth-backoff");
    tree.run(&["explain", "auth-backof"])
        .is(2, &["error: no rule is called `auth-backof`: did you mean `auth-backoff`?"]);
    tree.run(&["explain", "xyzzy"]).is(2, &["error: no rule is called `xyzzy`: `retrylint explain` lists the rules"]);
}
