//! Makes `failfast` a dependency of the packages whose code was repaired with it: the texts of their manifests, and the
//! crate's sources where they are to stand in the workspace. Nothing is written here.
//!
//! `manifest` edits one `Cargo.toml`, `vendor` says where the sources go and what they are.

mod manifest;
mod vendor;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use toml_edit::DocumentMut;

use crate::finding::Dependency;
use crate::fix::apply::Changed;
use vendor::Copy;

/// The crate.
const KRATE: &str = "failfast";

/// Where the crate comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Its sources are written into the workspace.
    #[default]
    Vendor,
    /// crates.io
    Registry,
    /// It stands in this folder.
    Path(PathBuf),
}

/// The texts that make it a dependency where it is needed: new files first, then manifests.
///
/// # Errors
/// What cannot be done, and what to do.
pub fn plan(needs: &[Dependency], source: &Source) -> Result<Vec<Changed>, String> {
    let mut texts = Texts::default();
    let mut packages: BTreeMap<PathBuf, Vec<&'static str>> = BTreeMap::new();
    for need in needs {
        let manifest = std::fs::canonicalize(&need.manifest).map_err(|e| cannot(&need.manifest, &e.to_string()))?;
        let features = packages.entry(manifest).or_default();
        features.extend(need.features.iter().filter(|f| !features.contains(f)).collect::<Vec<_>>());
    }
    if let Source::Path(folder) = source {
        let manifest = folder.join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).map_err(|e| cannot(&manifest, &e.to_string()))?;
        if vendor::name(&text).as_deref() != Some(KRATE) {
            return Err(format!("{} is not the manifest of `{KRATE}`: name the folder that holds it", show(&manifest)));
        }
    }
    let mut copies: BTreeMap<PathBuf, Copy> = BTreeMap::new();
    for (path, features) in &packages {
        let root = root_of(path, &mut texts)?;
        texts.read(path)?;
        if let Some(known) = manifest::folder_of(path, root.as_deref(), &texts) {
            // It is a dependency already: what is missing are features.
            if let Some(copy) = copies.remove(&known).or_else(|| vendor::known(&known)) {
                copies.insert(known, copy.with(features));
            }
            manifest::depend(&mut texts, path, root.as_deref(), None, features)?;
            continue;
        }
        let from = match source {
            Source::Registry => manifest::Origin::Version(vendor::version()),
            Source::Path(folder) => {
                manifest::Origin::Folder(std::fs::canonicalize(folder).map_err(|e| cannot(folder, &e.to_string()))?)
            }
            Source::Vendor => {
                let base = root.as_deref().unwrap_or(path);
                let folder = vendor::folder(base, &texts.read(base)?.clone())?;
                let copy = copies.remove(&folder).map_or_else(|| Copy::at(&folder), Ok)?;
                copies.insert(folder.clone(), copy.with(features));
                if let Some(root) = &root {
                    manifest::join(&mut texts, root, &folder)?;
                }
                manifest::Origin::Folder(folder)
            }
        };
        manifest::depend(&mut texts, path, root.as_deref(), Some(from), features)?;
    }
    let mut out = Vec::new();
    for copy in copies.into_values() {
        out.extend(copy.texts()?);
    }
    out.extend(texts.changed());
    Ok(out)
}

/// Manifests, as they are and as they become.
#[derive(Default)]
struct Texts {
    read: BTreeMap<PathBuf, (String, DocumentMut)>,
}

impl Texts {
    /// The manifest at a path.
    fn read(&mut self, path: &Path) -> Result<&mut DocumentMut, String> {
        if !self.read.contains_key(path) {
            let text = std::fs::read_to_string(path).map_err(|e| cannot(path, &e.to_string()))?;
            let doc = text.parse::<DocumentMut>().map_err(|e| cannot(path, e.message()))?;
            self.read.insert(path.to_owned(), (text, doc));
        }
        let (_, doc) = self.read.get_mut(path).ok_or_else(|| cannot(path, "it was not read"))?;
        Ok(doc)
    }

    /// A manifest that was read.
    fn known(&self, path: &Path) -> Option<&DocumentMut> {
        self.read.get(path).map(|(_, doc)| doc)
    }

    fn changed(self) -> Vec<Changed> {
        let changed = self.read.into_iter().map(|(path, (before, doc))| {
            let mut after = doc.to_string();
            // It reads `\r\n` and writes `\n`.
            if before.contains("\r\n") {
                after = after.replace("\r\n", "\n").replace('\n', "\r\n");
            }
            Changed { display: show(&path), path, before: Some(before), after }
        });
        changed.filter(|changed| changed.before.as_ref() != Some(&changed.after)).collect()
    }
}

/// The manifest of the workspace that a package belongs to.
fn root_of(manifest: &Path, texts: &mut Texts) -> Result<Option<PathBuf>, String> {
    let doc = texts.read(manifest)?;
    if doc.get("workspace").is_some() {
        return Ok(Some(manifest.to_owned()));
    }
    let pointer = doc.get("package").and_then(|package| package.get("workspace")).and_then(|at| at.as_str());
    if let Some(pointer) = pointer {
        let root = manifest.with_file_name(pointer).join("Cargo.toml");
        return std::fs::canonicalize(&root).map(Some).map_err(|e| cannot(&root, &e.to_string()));
    }
    let folder = manifest.parent().unwrap_or(manifest);
    for above in folder.ancestors().skip(1).map(|folder| folder.join("Cargo.toml")).filter(|path| path.is_file()) {
        let doc = texts.read(&above)?;
        if doc.get("workspace").is_some() && !manifest::excludes(doc, &above, folder) {
            return Ok(Some(above));
        }
    }
    Ok(None)
}

fn cannot(path: &Path, why: &str) -> String {
    let why = why.split(" (os error").next().unwrap_or_default();
    let why = why.lines().collect::<Vec<_>>().join("; ");
    format!("cannot make `{KRATE}` a dependency: {}: {why}; repair it, or use `--style inline`", show(path))
}

/// A path as the user would write it.
pub fn show(path: &Path) -> String {
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// The way from a folder to another, with `/` between parts. Both are whole.
fn relative(from: &Path, to: &Path) -> String {
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..".to_owned(), from.len() - shared);
    let down = to[shared..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let way: Vec<String> = up.chain(down).collect();
    if way.is_empty() { ".".to_owned() } else { way.join("/") }
}
