//! Edits of one `Cargo.toml`: comments and formatting stay, an entry that is there is extended, not doubled.

use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::{KRATE, Texts, cannot, relative};

/// Where the crate is to come from.
pub(super) enum Origin {
    /// A version.
    Version(&'static str),
    /// A folder.
    Folder(PathBuf),
}

/// The folder of the crate, where a package depends on it already; an empty path where it does so in another way than
/// by a path. The manifests were read.
pub(super) fn folder_of(manifest: &Path, root: Option<&Path>, texts: &Texts) -> Option<PathBuf> {
    let entry = texts.known(manifest)?.get("dependencies")?.get(KRATE)?;
    let inherits = entry.get("workspace").and_then(Item::as_bool) == Some(true);
    let inherited = root.filter(|_| inherits).and_then(|root| {
        let spec = texts.known(root)?.get("workspace")?.get("dependencies")?.get(KRATE)?;
        Some((root, spec))
    });
    let (base, spec) = inherited.unwrap_or((manifest, entry));
    let path = spec.get("path").and_then(Item::as_str).map(|path| base.with_file_name(path));
    Some(path.and_then(|path| path.canonicalize().ok()).unwrap_or_default())
}

/// Makes the crate a dependency of a package, with these features at least. `from` is `None` where it is one already.
pub(super) fn depend(
    texts: &mut Texts,
    manifest: &Path,
    root: Option<&Path>,
    from: Option<Origin>,
    features: &[&'static str],
) -> Result<(), String> {
    let inherits = root.filter(|_| from.is_some()).is_some_and(|root| inherits(texts, manifest, root));
    if let (Some(root), Some(from), true) = (root, &from, inherits) {
        let spec = spec(from, root, &[]);
        let doc = texts.read(root)?;
        let table = doc.get_mut("workspace").and_then(|workspace| workspace.get_mut("dependencies"));
        let table = table.and_then(Item::as_table_like_mut).ok_or_else(|| odd(root, "workspace.dependencies"))?;
        if table.get(KRATE).is_none() {
            add(table, spec);
        }
    }
    let doc = texts.read(manifest)?;
    let table = doc.entry("dependencies").or_insert_with(|| Item::Table(Table::new()));
    let table = table.as_table_like_mut().ok_or_else(|| odd(manifest, "dependencies"))?;
    match (table.get_mut(KRATE), from) {
        (Some(entry), _) => extend(entry, features),
        (None, Some(_)) if inherits => {
            let dotted = features.is_empty() && table.iter().any(|(_, item)| is_dotted(item));
            add(table, inherited(dotted, features));
        }
        (None, Some(from)) => add(table, spec(&from, manifest, features)),
        (None, None) => {}
    }
    Ok(())
}

/// Makes a folder a member of a workspace, where its lists do not say so already.
pub(super) fn join(texts: &mut Texts, root: &Path, folder: &Path) -> Result<(), String> {
    let base = root.parent().unwrap_or(root);
    let doc = texts.read(root)?;
    let path = relative(base, folder);
    // Without a list, packages below that others depend on by a path are members.
    if doc.get("workspace").and_then(|workspace| workspace.get("members")).is_none() {
        return Ok(());
    }
    let members = doc.get_mut("workspace").and_then(|workspace| workspace.get_mut("members"));
    let members = members.and_then(Item::as_array_mut).ok_or_else(|| odd(root, "workspace.members"))?;
    let fits =
        |pattern: &str| pattern == path || pattern.strip_suffix("/*").is_some_and(|start| in_folder(&path, start));
    if members.iter().filter_map(Value::as_str).any(fits) {
        return Ok(());
    }
    push(members, path.as_str());
    Ok(())
}

/// Whether a workspace leaves a folder out: by cargo's rule a listed member wins over an exclusion.
pub(super) fn excludes(doc: &DocumentMut, root: &Path, folder: &Path) -> bool {
    let base = root.parent().unwrap_or(root);
    let names = |key: &str| {
        let list = doc.get("workspace").and_then(|workspace| workspace.get(key)).and_then(Item::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).any(|path| folder.starts_with(base.join(path)))
    };
    names("exclude") && !names("members")
}

fn in_folder(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).is_some_and(|rest| !rest.contains('/'))
}

/// Whether the package takes what it depends on from its workspace.
fn inherits(texts: &Texts, manifest: &Path, root: &Path) -> bool {
    let shared = texts.known(root).and_then(|doc| doc.get("workspace")?.get("dependencies"));
    let own = texts.known(manifest).and_then(|doc| doc.get("dependencies")?.as_table_like());
    let takes = |item: &Item| item.get("workspace").and_then(Item::as_bool) == Some(true);
    let takes_any = own.is_some_and(|table| table.is_empty() || table.iter().any(|(_, item)| takes(item)));
    shared.is_some() && (own.is_none() || takes_any)
}

/// `failfast = { path = "../failfast", features = ["reqwest"] }`
fn spec(from: &Origin, manifest: &Path, features: &[&'static str]) -> Item {
    let mut table = InlineTable::new();
    match from {
        Origin::Version(version) if features.is_empty() => return toml_edit::value(*version),
        Origin::Version(version) => drop(table.insert("version", (*version).into())),
        Origin::Folder(folder) => {
            let base = manifest.parent().unwrap_or(manifest);
            table.insert("path", relative(base, folder).into());
        }
    }
    if !features.is_empty() {
        table.insert("features", Value::Array(features.iter().copied().collect()));
    }
    Item::Value(Value::InlineTable(table))
}

/// `failfast.workspace = true`
fn inherited(dotted: bool, features: &[&'static str]) -> Item {
    let mut table = InlineTable::new();
    table.insert("workspace", true.into());
    table.set_dotted(dotted);
    if !features.is_empty() {
        table.insert("features", Value::Array(features.iter().copied().collect()));
    }
    Item::Value(Value::InlineTable(table))
}

fn is_dotted(item: &Item) -> bool {
    item.as_inline_table().is_some_and(InlineTable::is_dotted) || item.as_table().is_some_and(Table::is_dotted)
}

/// Puts an entry where its name belongs if the table is in order, else at its end.
fn add(table: &mut dyn TableLike, spec: Item) {
    let names: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).collect();
    table.insert(KRATE, spec);
    if names.is_sorted() {
        table.sort_values();
    }
}

/// Adds the features that an entry lacks.
fn extend(entry: &mut Item, features: &[&'static str]) {
    if features.is_empty() {
        return;
    }
    if let Some(version) = entry.as_str().map(str::to_owned) {
        let mut table = InlineTable::new();
        table.insert("version", version.into());
        *entry = Item::Value(Value::InlineTable(table));
    }
    let Some(table) = entry.as_table_like_mut() else { return };
    let list = table.entry("features").or_insert_with(|| Item::Value(Value::Array(Array::new())));
    let Some(list) = list.as_array_mut() else { return };
    for feature in features {
        if !list.iter().any(|known| known.as_str() == Some(feature)) {
            push(list, feature);
        }
    }
}

/// Adds to a list in the way in which it is written: on a line of its own where the others are.
fn push(list: &mut Array, text: &str) {
    let mut value = Value::from(text);
    if let Some(last) = list.iter().last() {
        let before = last.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
        // A comment in front of the last one is not about this one.
        let line = before.rsplit_once('\n').map(|(_, indent)| format!("\n{indent}"));
        value.decor_mut().set_prefix(line.unwrap_or_else(|| " ".to_owned()));
    }
    list.push_formatted(value);
}

fn odd(path: &Path, key: &str) -> String {
    cannot(path, &format!("`{key}` has an unexpected form"))
}
