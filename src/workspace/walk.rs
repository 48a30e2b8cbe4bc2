//! Walks the paths that the user named and lists the Rust files below them.
//!
//! Skipped without a word: what `.gitignore` says, hidden folders and files, build folders (`target` beside a manifest,
//! and whatever has a `CACHEDIR.TAG`), linked folders (so that loops are harmless), pipes, sockets and devices.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::Stdin;
use super::gitignore::Ignores;
use super::names::PathNames;
use super::read::{text, unreadable};
use crate::finding::Problem;

/// A Rust file, before its package is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FoundFile {
    pub(super) path: PathBuf,
    pub(super) display: String,
    /// The folder that loose files are taken to be the crate of.
    pub(super) base: PathBuf,
    pub(super) named: bool,
    pub(super) text: Option<String>,
}

/// What a walk found.
pub(super) struct Found {
    pub(super) files: Vec<FoundFile>,
    /// The folders that the user named: all below them is in `files`.
    pub(super) folders: Vec<PathBuf>,
    pub(super) problems: Vec<Problem>,
}

/// A walk over all paths of a run. Each file is listed once, however often it is reached.
pub(super) struct Walk<'a> {
    names: &'a PathNames,
    files: BTreeMap<PathBuf, FoundFile>,
    folders: Vec<PathBuf>,
    problems: Vec<Problem>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(names: &'a PathNames) -> Walk<'a> {
        Walk { names, files: BTreeMap::new(), folders: Vec::new(), problems: Vec::new() }
    }

    /// Adds a path that the user named: a file of whatever name, or a folder.
    pub(super) fn named(&mut self, given: &Path) {
        let path = super::names::slashes(given);
        let fail = |message| Problem { path: path.clone(), message, fatal: true };
        let (real, meta) = match given.canonicalize().and_then(|real| Ok((real.metadata()?, real))) {
            Ok((meta, real)) => (real, meta),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                self.problems.push(fail(self.missing(given)));
                return;
            }
            Err(e) => {
                self.problems.push(fail(unreadable(&e)));
                return;
            }
        };
        if meta.is_dir() {
            let before = self.problems.len();
            self.folder(&real, given);
            if self.problems.len() == before && !self.files.keys().any(|file| file.starts_with(&real)) {
                let message = "no Rust files below it (hidden, ignored and build folders are left out)".to_owned();
                self.problems.push(Problem { path, message, fatal: false });
            }
            self.folders.push(real);
        } else if meta.is_file() {
            let display = self.names.show_below(&real, &real, given);
            let base = real.parent().unwrap_or(&real).to_owned();
            self.files.insert(real.clone(), FoundFile { path: real, display, base, named: true, text: None });
        } else {
            self.problems.push(fail(
                "neither a file nor a folder: to analyse what a pipe holds, use `-` and standard input".to_owned(),
            ));
        }
    }

    /// What to say of a path that is not there.
    fn missing(&self, given: &Path) -> String {
        if given.is_symlink() {
            return "a link to something that does not exist".to_owned();
        }
        if given.is_absolute() {
            return "no such file or folder".to_owned();
        }
        format!("no such file or folder in {}", self.names.current())
    }

    /// Adds standard input.
    pub(super) fn stdin(&mut self, stdin: Stdin) {
        let display = stdin
            .filename
            .as_ref()
            .map_or_else(|| "<stdin>".to_owned(), |name| self.names.show(&self.names.absolute(name)));
        match text(stdin.bytes) {
            Err(message) => self.problems.push(Problem { path: display, message, fatal: true }),
            Ok(text) => {
                let name = stdin.filename.unwrap_or_else(|| PathBuf::from("<stdin>"));
                let path = self.names.absolute(&name);
                let path = path.canonicalize().unwrap_or(path);
                let base = path.parent().unwrap_or(&path).to_owned();
                self.files.insert(path.clone(), FoundFile { path, display, base, named: true, text: Some(text) });
            }
        }
    }

    /// Adds the Rust files below a folder.
    fn folder(&mut self, real: &Path, given: &Path) {
        let (names, problems) = (self.names, &mut self.problems);
        let mut linked = BTreeSet::new();
        rust_files(real, |step| match step {
            Ok((path, is_link)) => {
                let display = names.show_below(&path, real, given);
                if is_link {
                    linked.insert((path, display));
                    return true;
                }
                let file = FoundFile { path: path.clone(), display, base: real.to_owned(), named: false, text: None };
                self.files.entry(path).or_insert(file);
                true
            }
            Err((path, message)) => {
                problems.push(Problem { path: names.show_below(&path, real, given), message, fatal: true });
                true
            }
        });
        // A link to a file counts under its own name, unless the file itself was found.
        for (path, display) in linked {
            match path.canonicalize() {
                Ok(target) if target.is_file() => {
                    let file =
                        FoundFile { path: target.clone(), display, base: real.to_owned(), named: false, text: None };
                    self.files.entry(target).or_insert(file);
                }
                Ok(_) => {}
                Err(_) => {
                    let message = "a link to something that does not exist: skipped".to_owned();
                    self.problems.push(Problem { path: display, message, fatal: false });
                }
            }
        }
    }

    pub(super) fn finish(self) -> Found {
        Found { files: self.files.into_values().collect(), folders: self.folders, problems: self.problems }
    }
}

/// Calls `each` with every Rust file below a folder and whether it is a link, or with what could not be read; stops
/// when it answers `false`.
pub(super) fn rust_files(root: &Path, mut each: impl FnMut(Result<(PathBuf, bool), (PathBuf, String)>) -> bool) {
    let mut ignores = Ignores::above(root);
    let entries = WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(|entry| {
        ignores.leave_to(entry.depth());
        let is_dir = entry.file_type().is_dir();
        if entry.depth() > 0
            && (is_hidden(entry) || ignores.ignored(entry.path(), is_dir) || is_dir && is_build_folder(entry.path()))
        {
            return false;
        }
        if is_dir {
            ignores.enter(entry.depth(), entry.path());
        }
        true
    });
    for entry in entries {
        let go_on = match entry {
            Err(e) => {
                let path = e.path().unwrap_or(root).to_owned();
                let why = e.io_error().map_or_else(|| e.to_string(), unreadable);
                each(Err((path, why)))
            }
            Ok(entry) => {
                let kind = entry.file_type();
                if entry.path().extension().is_none_or(|e| e != "rs") || !(kind.is_file() || kind.is_symlink()) {
                    continue;
                }
                each(Ok((entry.into_path(), kind.is_symlink())))
            }
        };
        if !go_on {
            return;
        }
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// Cargo's `target`, and any folder that says of itself that it is a cache.
fn is_build_folder(dir: &Path) -> bool {
    if dir.join("CACHEDIR.TAG").is_file() {
        return true;
    }
    let beside_manifest = || dir.parent().is_some_and(|parent| parent.join("Cargo.toml").is_file());
    dir.file_name().is_some_and(|name| name == "target")
        && (beside_manifest() || dir.join(".rustc_info.json").is_file())
}
