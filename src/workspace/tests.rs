//! Which files a run gets, in which crate, and what is context only.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

fn tree(files: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().expect("a temporary folder");
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }
    dir
}

/// A line per file, by unit: `crate::module path`, with `?` in front where it is context only.
fn files(dir: &TempDir, paths: &[&str]) -> Vec<Vec<String>> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| dir.path().join(path)).collect();
    let input = load(&paths, None);
    assert!(input.problems.is_empty(), "{:?}", input.problems);
    let base = dir.path().canonicalize().expect("it exists");
    let line = |file: &FileEntry| {
        let module: Vec<&str> = file.module.iter().map(|part| part.as_str()).collect();
        let place = [&[file.krate.as_str()], module.as_slice()].concat().join("::");
        let path = file.path.strip_prefix(&base).unwrap_or(&file.path).display();
        format!("{}{place} {path}", if file.reported { "" } else { "?" })
    };
    input.units.iter().map(|unit| unit.files.iter().map(line).collect()).collect()
}

const WORKSPACE: &[(&str, &str)] = &[
    ("Cargo.toml", "[workspace]\nmembers = ['crates/*']\nexclude = ['apart']"),
    ("crates/api/Cargo.toml", "[package]\nname = 'the-api'\n[dependencies]\nnet = { path = '../../apart/net' }"),
    ("crates/api/src/lib.rs", ""),
    ("crates/api/src/client/mod.rs", ""),
    ("crates/api/tests/live.rs", ""),
    ("crates/base/Cargo.toml", "[package]\nname = 'base'\n[lib]\nname = 'ground'"),
    ("crates/base/src/errors.rs", ""),
    ("crates/base/target/out.rs", ""),
    ("apart/net/Cargo.toml", "[package]\nname = 'net'"),
    ("apart/net/src/lib.rs", ""),
    ("apart/lone/Cargo.toml", "[package]\nname = 'lone'"),
    ("apart/lone/src/main.rs", ""),
    ("tools/loose.rs", ""),
];

#[test]
fn a_whole_tree_falls_into_units() {
    let dir = tree(WORKSPACE);
    let expected: [&[&str]; 2] = [
        &[
            "net apart/net/src/lib.rs",
            "the_api::client crates/api/src/client/mod.rs",
            "the_api crates/api/src/lib.rs",
            "the_api@tests crates/api/tests/live.rs",
            "ground::errors crates/base/src/errors.rs",
        ],
        &["lone apart/lone/src/main.rs"],
    ];
    let mut found = files(&dir, &[""]);
    // The crate of loose code has its folder's name, which is random here.
    for unit in &mut found {
        unit.retain(|line| !line.ends_with("tools/loose.rs"));
    }
    assert_eq!(found, expected);
}

#[test]
fn the_rest_of_the_workspace_is_context() {
    let dir = tree(WORKSPACE);
    let expected = [[
        "?net apart/net/src/lib.rs",
        "the_api::client crates/api/src/client/mod.rs",
        "?the_api crates/api/src/lib.rs",
        "?ground::errors crates/base/src/errors.rs",
    ]];
    assert_eq!(files(&dir, &["crates/api/src/client/mod.rs"]), expected);
    assert_eq!(files(&dir, &["crates/api/src/client"]), expected);
    assert_eq!(files(&dir, &["apart/lone/src"]), [["lone apart/lone/src/main.rs"]]);
}

#[test]
fn names_of_neighbours_are_those_in_code() {
    let dir = tree(&[
        (
            "a/Cargo.toml",
            "[package]\nname = 'a'\n[dependencies]\nbase = { path = '../b' }\nbee = { package = 'base', path = '../b' }",
        ),
        ("a/src/lib.rs", ""),
        ("b/Cargo.toml", "[package]\nname = 'base'\n[lib]\nname = 'ground'"),
        ("b/src/lib.rs", ""),
    ]);
    let input = load(&[dir.path().to_owned()], None);
    let package = input.units[0].files[0].package.as_ref().expect("a package");
    let names: Vec<String> = package.dependencies.iter().map(|(code, name)| format!("{code}={name}")).collect();
    assert_eq!(names, ["bee=base", "ground=base"]);
}

#[test]
fn packages_of_one_name_are_kept_apart() {
    let dir = tree(&[
        ("Cargo.toml", "[workspace]\nmembers = ['*']"),
        ("one/Cargo.toml", "[package]\nname = 'same'"),
        ("one/src/lib.rs", ""),
        ("two/Cargo.toml", "[package]\nname = 'same'"),
        ("two/src/lib.rs", ""),
    ]);
    assert_eq!(files(&dir, &[""]), [["same one/src/lib.rs"], ["same two/src/lib.rs"]]);
}

#[test]
fn standard_input_stands_for_its_file() {
    let dir = tree(WORKSPACE);
    let filename = dir.path().join("crates/base/src/errors.rs");
    let input = load(&[], Some(Stdin { filename: Some(filename), bytes: b"fn new() {}".to_vec() }));
    let reported: Vec<&FileEntry> =
        input.units.iter().flat_map(|unit| &unit.files).filter(|file| file.reported).collect();
    assert_eq!(reported.len(), 1);
    assert_eq!((reported[0].krate.as_str(), reported[0].module.len()), ("ground", 1));
    assert_eq!(reported[0].read().expect("it is text").text, "fn new() {}");
}
