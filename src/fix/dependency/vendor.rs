//! A copy of the crate in the user's workspace: its folder, its manifest with the features that are used, its sources.

use std::path::{Path, PathBuf};

use failfast::sources;
use toml_edit::{Array, DocumentMut, Item, Table, Value};

use super::{KRATE, cannot, show};
use crate::fix::apply::Changed;

/// A copy: what of it is there, and which features it is to have.
pub(super) struct Copy {
    folder: PathBuf,
    /// Its manifest, where it is there already.
    manifest: Option<String>,
    features: Vec<&'static str>,
}

impl Copy {
    /// The copy in a folder, or one to be made there.
    pub(super) fn at(folder: &Path) -> Result<Copy, String> {
        if let Some(known) = known(folder) {
            let guard = std::fs::read_to_string(folder.join("src/guard.rs")).unwrap_or_default();
            if !guard.contains("fn on_refusal") {
                let what = "is an older copy of `failfast`; remove the folder to get the current one";
                return Err(format!("{} {what}", show(folder)));
            }
            return Ok(known);
        }
        if folder.exists() {
            let what = "is there already and is no copy of `failfast`; name one with `--runtime path=DIR`";
            return Err(format!("{} {what}", show(folder)));
        }
        Ok(Copy { folder: folder.to_owned(), manifest: None, features: Vec::new() })
    }

    /// The same with these features at least.
    pub(super) fn with(mut self, features: &[&'static str]) -> Copy {
        self.features.extend(features.iter().filter(|f| !self.features.contains(f)).collect::<Vec<_>>());
        self
    }

    /// What is to be written.
    pub(super) fn texts(self) -> Result<Vec<Changed>, String> {
        let path = self.folder.join("Cargo.toml");
        let given: DocumentMut = sources::MANIFEST.parse().map_err(|_| cannot(&path, "the crate's own manifest"))?;
        let mut doc = match &self.manifest {
            Some(text) => text.parse::<DocumentMut>().map_err(|e| cannot(&path, e.message()))?,
            None => blank(&given),
        };
        for feature in self.features {
            enable(&mut doc, &given, feature);
        }
        let mut out = Vec::new();
        if self.manifest.is_none() {
            out.extend(sources::FILES.iter().map(|(name, text)| new(self.folder.join(name), (*text).to_owned())));
            out.push(new(path, doc.to_string()));
        } else if self.manifest.as_deref() != Some(&doc.to_string()) {
            out.push(Changed { display: show(&path), path, before: self.manifest, after: doc.to_string() });
        }
        Ok(out)
    }
}

/// The copy in a folder, where there is one.
pub(super) fn known(folder: &Path) -> Option<Copy> {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let is_it = name(&manifest).as_deref() == Some(KRATE);
    is_it.then(|| Copy { folder: folder.to_owned(), manifest: Some(manifest), features: Vec::new() })
}

/// The name of the package that a manifest describes.
pub(super) fn name(manifest: &str) -> Option<String> {
    let doc = manifest.parse::<DocumentMut>().ok()?;
    Some(doc.get("package")?.get("name")?.as_str()?.to_owned())
}

/// The version of the crate, as far as a dependency names it.
pub(super) fn version() -> &'static str {
    let version = sources::VERSION;
    version.rfind('.').map_or(version, |at| &version[..at])
}

/// Where the copy goes: beside the other members of a workspace, or below a package that stands alone.
pub(super) fn folder(manifest: &Path, doc: &DocumentMut) -> Result<PathBuf, String> {
    let base = manifest.parent().unwrap_or(manifest);
    let members = doc.get("workspace").and_then(|workspace| workspace.get("members")).and_then(Item::as_array);
    let members: Vec<&str> = members.into_iter().flatten().filter_map(Value::as_str).collect();
    let globs = members.iter().filter_map(|member| member.strip_suffix("/*")).filter(|start| !start.contains('*'));
    let parents = members.iter().filter_map(|member| Some(member.rsplit_once('/')?.0));
    let parents = parents.filter(|parent| !parent.contains(['*', '.']));
    let beside = globs.chain(parents).next();
    let folder = beside.map_or_else(|| base.join(KRATE), |parent| base.join(parent).join(KRATE));
    if super::manifest::excludes(doc, manifest, &folder) {
        let what = "is excluded from the workspace; name a folder of it with `--runtime path=DIR`";
        return Err(format!("{} {what}", show(&folder)));
    }
    Ok(folder)
}

fn new(path: PathBuf, text: String) -> Changed {
    Changed { display: show(&path), path, before: None, after: text }
}

/// The manifest of a copy without features.
fn blank(given: &DocumentMut) -> DocumentMut {
    let mut doc = DocumentMut::new();
    let mut package = Table::new();
    package.insert("name", toml_edit::value(KRATE));
    package.insert("version", toml_edit::value(sources::VERSION));
    // Not the oldest compiler it builds with: cargo would choose older dependencies for the whole workspace.
    for key in ["edition", "description"] {
        if let Some(text) = given.get("package").and_then(|package| package.get(key)).and_then(Item::as_str) {
            package.insert(key, toml_edit::value(text));
        }
    }
    package.insert("license", toml_edit::value("MIT OR Apache-2.0"));
    package.insert("publish", toml_edit::value(false));
    package.decor_mut().set_prefix(
        "# A copy of failfast, written by `retrylint fix --style runtime`. Of its features those are declared that are\n\
         # used here, so that no crate is fetched for the others.\n",
    );
    doc.insert("package", Item::Table(package));
    doc.insert("dependencies", Item::Table(Table::new()));
    let mut lints = Table::new();
    lints.set_implicit(true);
    let mut rust = Table::new();
    let features = given.get("dependencies").and_then(Item::as_table_like).into_iter().flat_map(|table| table.iter());
    let own = given.get("features").and_then(Item::as_table_like).into_iter().flat_map(|table| table.iter());
    let mut names: Vec<String> = features.chain(own).map(|(name, _)| format!("\"{name}\"")).collect();
    names.retain(|name| name != "\"default\"");
    names.sort();
    let cfg = [format!("cfg(feature, values({}))", names.join(", ")), "cfg(docsrs)".to_owned()];
    let mut check = toml_edit::InlineTable::new();
    check.insert("level", "warn".into());
    check.insert("check-cfg", Value::Array(cfg.iter().map(String::as_str).collect::<Array>()));
    rust.insert("unexpected_cfgs", Item::Value(Value::InlineTable(check)));
    lints.insert("rust", Item::Table(rust));
    doc.insert("lints", Item::Table(lints));
    doc
}

/// Declares a feature as the crate's own manifest does.
fn enable(doc: &mut DocumentMut, given: &DocumentMut, feature: &str) {
    let Some(spec) = given.get("dependencies").and_then(|table| table.get(feature)) else { return };
    let table = doc.entry("dependencies").or_insert_with(|| Item::Table(Table::new()));
    if let Some(table) = table.as_table_mut().filter(|table| !table.contains_key(feature)) {
        let mut spec = spec.clone();
        spec.make_value();
        table.insert(feature, spec);
    }
}
