//! From the paths a user names to the files to analyse, each with its package, crate and module.
//!
//! This is the only part that reads the disk. [`load`] walks and reads manifests, but no source text: a file is read
//! by the worker that analyses it ([`FileEntry::read`]), so memory does not grow with the tree.

mod gitignore;
mod group;
mod layout;
mod manifest;
mod members;
mod names;
mod read;
mod settings;
pub mod source;
mod walk;

pub(crate) use manifest::toml_error;
pub use members::Members;
pub(crate) use read::unreadable;
pub use settings::{in_text as settings_in, named as settings};

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::finding::Problem;
use crate::ir::Name;
use source::Source;

/// Everything that was found below the paths, grouped.
#[derive(Debug, Default)]
pub struct Input {
    /// Ordered by root.
    pub units: Vec<Unit>,
    /// What could not be walked, and manifests that do not parse.
    pub problems: Vec<Problem>,
}

/// A cargo workspace with what it depends on by path, a package outside any workspace, or loose files. Analysed as a
/// whole, then dropped.
#[derive(Debug)]
pub struct Unit {
    /// The workspace's, package's or loose files' folder.
    pub root: PathBuf,
    /// Ordered by `display`.
    pub files: Vec<FileEntry>,
    /// Texts that configure the tool for it: those for the whole first.
    pub settings: Vec<Settings>,
}

/// A text in which users may configure the tool.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file.
    pub source: Arc<Source>,
    /// The folder that it speaks for.
    pub dir: PathBuf,
    /// The keys of the table in the file; empty where the whole file is meant.
    pub table: &'static [&'static str],
    /// It speaks for one package.
    pub for_package: bool,
}

/// A source file that is not read yet.
#[derive(Debug, PartialEq)]
pub struct FileEntry {
    /// The path as the user would write it from where they are, with `/` between parts.
    pub display: String,
    /// The path to open it by.
    pub path: PathBuf,
    /// The package it belongs to; `None` for loose files.
    pub package: Option<Arc<Package>>,
    /// The module path inside its crate, from the file's place: `src/a/b.rs` and `src/a/b/mod.rs` are `[a, b]`.
    /// Every crate root is `[]`, so `lib.rs`, `main.rs` and the files in `src/bin` may share a module path.
    pub module: Vec<Name>,
    /// The crate: the library's name for everything below `src`, `lib@tests`, `lib@benches`, `lib@examples`,
    /// `lib@bin` for files there, and `lib@tests/x` for a target that has its own folder.
    pub krate: Name,
    /// It belongs to a test or bench target of its package. (`#[cfg(test)]` is the parser's to see.)
    pub is_test: bool,
    /// The user asked about it; otherwise it is context for other files.
    pub reported: bool,
    /// The user named this very file, so not being able to read it fails the run.
    pub named: bool,
    /// Its text when that came from standard input.
    pub text: Option<String>,
}

/// What a package's manifest says that matters to name resolution.
#[derive(Debug, Default, PartialEq)]
pub struct Package {
    /// As in `[package]`; the folder's name where the manifest does not parse.
    pub name: String,
    /// The name its library goes by in code, and the crate key of its files.
    pub krate: String,
    /// Its `Cargo.toml`.
    pub manifest: PathBuf,
    /// The root of its library, else of its program.
    pub root: PathBuf,
    /// Its version, inherited or its own.
    pub version: Option<String>,
    /// Its edition, inherited or its own; `2015` where nothing is said, as for cargo.
    pub edition: String,
    /// Dependencies of all kinds and targets: the name in code (with `_`) to the package's name.
    pub dependencies: BTreeMap<String, String>,
    /// What of their versions it asks for, by the name in code, where it says so.
    pub requirements: BTreeMap<String, String>,
}

/// Source text from standard input.
#[derive(Debug)]
pub struct Stdin {
    /// What the text stands for; a file of this name is not read, and its package gives the context.
    pub filename: Option<PathBuf>,
    /// The text.
    pub bytes: Vec<u8>,
}

/// Finds the source files below `paths`; no paths at all mean the current folder. Standard input, where given, is one
/// more file.
pub fn load(paths: &[PathBuf], stdin: Option<Stdin>) -> Input {
    let names = names::PathNames::here();
    let mut found = walk::Walk::new(&names);
    let here = [PathBuf::from(".")];
    for path in if paths.is_empty() && stdin.is_none() { &here } else { paths } {
        found.named(path);
    }
    if let Some(stdin) = stdin {
        found.stdin(stdin);
    }
    let walk::Found { files, folders, mut problems } = found.finish();
    let (units, more) = group::group(files, &folders, &names);
    problems.extend(more);
    problems.sort_by(|a, b| a.path.cmp(&b.path));
    Input { units, problems }
}

#[cfg(test)]
mod tests;
