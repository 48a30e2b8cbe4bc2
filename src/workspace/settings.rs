//! Finds the texts in which users configure the tool; what they say is for `config` to read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::{Table, Value};

use super::Settings;
use super::manifest::Manifests;
use super::names::{PathNames, slashes};
use super::read::unreadable;
use super::source::Source;
use crate::finding::Problem;

/// The file's name.
const FILE: &str = "retrylint.toml";

const WORKSPACE: &[&str] = &["workspace", "metadata", "retrylint"];
const PACKAGE: &[&str] = &["package", "metadata", "retrylint"];

/// The texts for a unit: the file in its root or the nearest above, up to the repository's root, and tables in manifests.
pub(super) fn of(root: &Path, packages: &BTreeSet<PathBuf>, manifests: &mut Manifests<'_>) -> Vec<Settings> {
    let mut found = Vec::new();
    for dir in root.ancestors() {
        let path = dir.join(FILE);
        if path.is_file() {
            found.extend(open(&path, dir, &[], manifests));
            break;
        }
        if dir.join(".git").exists() {
            break;
        }
    }
    let roots = std::iter::once((root, WORKSPACE));
    for (dir, table) in roots.chain(packages.iter().map(|dir| (dir.as_path(), PACKAGE))) {
        let is_there = manifests.at(dir).is_some_and(|manifest| has_table(&manifest.table, table));
        if is_there {
            found.extend(open(&dir.join("Cargo.toml"), dir, table, manifests));
        }
    }
    found
}

/// Whether a manifest has this table.
fn has_table(manifest: &Table, table: &[&str]) -> bool {
    let mut keys = table.iter();
    let first = keys.next().and_then(|key| manifest.get(*key));
    keys.try_fold(first, |value, key| value.map(|value| value.get(*key))).flatten().is_some_and(Value::is_table)
}

fn open(path: &Path, dir: &Path, table: &'static [&'static str], manifests: &mut Manifests<'_>) -> Option<Settings> {
    let shown = manifests.names.show(path);
    match read(path, shown.clone(), dir, table) {
        Ok(settings) => Some(settings),
        Err(message) => {
            manifests.problems.push(Problem { path: shown, message, fatal: true });
            None
        }
    }
}

fn read(path: &Path, shown: String, dir: &Path, table: &'static [&'static str]) -> Result<Settings, String> {
    let bytes = std::fs::read(path).map_err(|e| unreadable(&e))?;
    let text = String::from_utf8(bytes).map_err(|_| "not UTF-8 text: save it as UTF-8".to_owned())?;
    let source = Arc::new(Source::new(shown, path.to_owned(), text));
    Ok(Settings { source, dir: dir.to_owned(), table, for_package: table == PACKAGE })
}

/// The configurations in a text that an editor holds for a file of this name.
pub fn in_text(path: &Path, text: &str) -> Vec<Settings> {
    let dir = path.parent().unwrap_or(Path::new("")).to_owned();
    let tables: &[&'static [&'static str]] = match path.file_name().and_then(|name| name.to_str()) {
        Some(FILE) => &[&[]],
        Some("Cargo.toml") => &[WORKSPACE, PACKAGE],
        _ => &[],
    };
    let manifest = text.parse::<Table>().unwrap_or_default();
    let is_there = |table: &&&[&str]| table.is_empty() || has_table(&manifest, table);
    let source = Arc::new(Source::new(PathNames::here().show(path), path.to_owned(), text.to_owned()));
    let settings = |table: &&'static [&'static str]| Settings {
        source: source.clone(),
        dir: dir.clone(),
        table,
        for_package: *table == PACKAGE,
    };
    tables.iter().filter(is_there).map(settings).collect()
}

/// The configuration in a file that the user named.
///
/// # Errors
/// Why it cannot be read.
pub fn named(path: &Path) -> Result<Settings, String> {
    let fail = |why: &str| format!("cannot read the configuration {}: {why}", slashes(path));
    let real = path.canonicalize().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => fail("no such file"),
        _ => fail(&unreadable(&e)),
    })?;
    let dir = real.parent().unwrap_or(Path::new("")).to_owned();
    read(&real, PathNames::here().show(&real), &dir, &[]).map_err(|why| fail(&why))
}
