//! Groups files into units: a workspace, with packages that depend on each other by path joined to it.
//!
//! Where the user named only a part of a workspace, the sources of the rest are added as context, so that a classifier
//! in another file or package is found; what stands in them is not reported.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::layout::{Layout, Spot, module};
use super::manifest::{Manifest, Manifests};
use super::names::PathNames;
use super::settings;
use super::walk::{FoundFile, rust_files};
use super::{FileEntry, Package, Unit};
use crate::finding::Problem;
use crate::ir::Name;

/// Above this many files of context only the packages of the named files are read.
const MOST_CONTEXT: usize = 5_000;

/// The units of the files that were found. `folders` are those that the user named, so that all below is known.
pub(super) fn group(files: Vec<FoundFile>, folders: &[PathBuf], names: &PathNames) -> (Vec<Unit>, Vec<Problem>) {
    let mut manifests = Manifests::new(names);
    let mut loose: BTreeMap<PathBuf, Draft> = BTreeMap::new();
    let mut packages: BTreeMap<PathBuf, Vec<FoundFile>> = BTreeMap::new();
    for file in files {
        let dir = file.path.parent().unwrap_or(&file.path);
        match manifests.nearest(dir) {
            Some(manifest) if manifest.is_package() => packages.entry(manifest.dir.clone()).or_default().push(file),
            Some(root) => loose.entry(root.dir.clone()).or_default().loose.push(file),
            None => loose.entry(file.base.clone()).or_default().loose.push(file),
        }
    }
    let mut drafts = join(packages, &mut manifests);
    for (root, draft) in loose {
        drafts.entry(root).or_default().loose.extend(draft.loose);
    }
    let mut units = Vec::new();
    for (root, mut draft) in drafts {
        draft.add_context(&root, folders, &mut manifests, names);
        units.push(draft.finish(root, &mut manifests));
    }
    (units, manifests.problems)
}

/// Puts packages together that belong to one workspace or depend on each other by path.
fn join(packages: BTreeMap<PathBuf, Vec<FoundFile>>, manifests: &mut Manifests<'_>) -> BTreeMap<PathBuf, Draft> {
    let known: Vec<PathBuf> = packages.keys().cloned().collect();
    let root_of: BTreeMap<PathBuf, PathBuf> =
        known.iter().map(|dir| (dir.clone(), unit_root(dir, manifests))).collect();
    let mut joined = Joined::default();
    for dir in &known {
        for dependency in path_dependencies(dir, manifests) {
            if let (Some(one), Some(other)) = (root_of.get(dir), root_of.get(&dependency)) {
                joined.join(one, other);
            }
        }
    }
    let mut drafts: BTreeMap<PathBuf, Draft> = BTreeMap::new();
    for (dir, files) in packages {
        let root = joined.root(&root_of[&dir]);
        let krate = manifests.at(&dir).map(|manifest| manifest.krate()).unwrap_or_default();
        let draft = drafts.entry(root).or_default();
        // Two packages of one name cannot be told apart by the names in code: the second stands alone.
        if draft.crates.insert(krate) {
            draft.packages.insert(dir, files);
        } else {
            drafts.insert(dir.clone(), Draft { packages: BTreeMap::from([(dir, files)]), ..Draft::default() });
        }
    }
    drafts
}

/// The workspace's folder, or the package's own.
fn unit_root(package: &Path, manifests: &mut Manifests<'_>) -> PathBuf {
    let manifest = manifests.at(package);
    manifest
        .and_then(|manifest| manifests.workspace(&manifest))
        .map_or_else(|| package.to_owned(), |root| root.dir.clone())
}

fn path_dependencies(package: &Path, manifests: &mut Manifests<'_>) -> Vec<PathBuf> {
    let Some(manifest) = manifests.at(package) else {
        return Vec::new();
    };
    let workspace = manifests.workspace(&manifest);
    manifest.path_dependencies(workspace.as_deref()).into_iter().map(|dependency| dependency.dir).collect()
}

/// Which folders were joined; the one that sorts first stands for all.
#[derive(Default)]
struct Joined {
    up: BTreeMap<PathBuf, PathBuf>,
}

impl Joined {
    fn root(&self, dir: &Path) -> PathBuf {
        let mut at = dir;
        while let Some(up) = self.up.get(at) {
            at = up;
        }
        at.to_owned()
    }

    fn join(&mut self, one: &Path, other: &Path) {
        let (one, other) = (self.root(one), self.root(other));
        if one != other {
            let (first, second) = if one < other { (one, other) } else { (other, one) };
            self.up.insert(second, first);
        }
    }
}

/// A unit in the making.
#[derive(Default)]
struct Draft {
    packages: BTreeMap<PathBuf, Vec<FoundFile>>,
    crates: BTreeSet<String>,
    loose: Vec<FoundFile>,
    context: BTreeMap<PathBuf, Vec<FoundFile>>,
}

impl Draft {
    /// Adds the sources of packages that the user named only in part, or not at all.
    fn add_context(&mut self, root: &Path, folders: &[PathBuf], manifests: &mut Manifests<'_>, names: &PathNames) {
        let covered = |dir: &Path| folders.iter().any(|folder| dir.starts_with(folder));
        let own: Vec<PathBuf> = self.packages.keys().cloned().collect();
        let mut near = Vec::new();
        for dir in own.iter().filter(|dir| !covered(dir)) {
            self.sources(dir, manifests, names, &mut near);
        }
        let mut far = Vec::new();
        let mut seen: BTreeSet<PathBuf> = own.iter().cloned().collect();
        let mut open: Vec<PathBuf> =
            if own.is_empty() || covered(root) { Vec::new() } else { members(root, manifests) };
        open.extend(own.iter().flat_map(|dir| path_dependencies(dir, manifests)));
        while let Some(dir) = open.pop() {
            let Some(manifest) = manifests.at(&dir) else {
                continue;
            };
            if !manifest.is_package()
                || !seen.insert(dir.clone())
                || covered(&dir)
                || !self.crates.insert(manifest.krate())
            {
                continue;
            }
            open.extend(path_dependencies(&dir, manifests));
            self.sources(&dir, manifests, names, &mut far);
            if near.len() + far.len() > MOST_CONTEXT {
                far.clear();
                break;
            }
        }
        near.truncate(MOST_CONTEXT);
        for (dir, file) in near.into_iter().chain(far) {
            self.context.entry(dir).or_default().push(file);
        }
    }

    /// Lists the sources of a package that are not in this unit yet.
    fn sources(
        &self,
        package: &Path,
        manifests: &mut Manifests<'_>,
        names: &PathNames,
        out: &mut Vec<(PathBuf, FoundFile)>,
    ) {
        let Some(manifest) = manifests.at(package) else {
            return;
        };
        let known: BTreeSet<&Path> =
            self.packages.get(package).into_iter().flatten().map(|file| file.path.as_path()).collect();
        let lib = manifest.text(&["lib", "path"]).and_then(|path| Path::new(path).parent()).unwrap_or(Path::new("src"));
        let mut count = 0;
        rust_files(&package.join(lib), |step| {
            if let Ok((path, false)) = step {
                count += 1;
                let is_ours =
                    path.parent().and_then(|dir| manifests.nearest(dir)).is_some_and(|near| near.dir == package);
                if is_ours && !known.contains(path.as_path()) {
                    let display = names.show(&path);
                    out.push((
                        package.to_owned(),
                        FoundFile { path, display, base: package.to_owned(), named: false, text: None },
                    ));
                }
            }
            count <= MOST_CONTEXT
        });
    }

    fn finish(mut self, root: PathBuf, manifests: &mut Manifests<'_>) -> Unit {
        let dirs: BTreeSet<PathBuf> = self.packages.keys().chain(self.context.keys()).cloned().collect();
        let libraries: BTreeMap<PathBuf, String> =
            dirs.iter().filter_map(|dir| Some((dir.clone(), manifests.at(dir)?.krate()))).collect();
        let mut files = Vec::new();
        for dir in &dirs {
            let Some(manifest) = manifests.at(dir) else {
                continue;
            };
            let package = Arc::new(package(&manifest, &libraries, manifests));
            let layout = Layout::of(&manifest);
            let reported = self.packages.remove(dir).unwrap_or_default().into_iter().map(|file| (file, true));
            let context = self.context.remove(dir).unwrap_or_default().into_iter().map(|file| (file, false));
            for (file, reported) in reported.chain(context) {
                let spot = layout.spot(file.path.strip_prefix(dir).unwrap_or(&file.path));
                files.push(entry(file, spot, Some(Arc::clone(&package)), reported));
            }
        }
        for file in self.loose {
            let inside = file.path.strip_prefix(&file.base).unwrap_or(&file.path);
            let inside = inside.strip_prefix("src").unwrap_or(inside);
            let name = file.base.file_name().map_or_else(String::new, |name| name.to_string_lossy().replace('-', "_"));
            // A file that was named by itself is a crate of its own.
            let module = if file.named { Vec::new() } else { module(inside) };
            let spot = Spot { krate: name, module, is_test: false };
            files.push(entry(file, spot, None, true));
        }
        files.sort_by(|a, b| a.display.cmp(&b.display));
        let settings = settings::of(&root, &dirs, manifests);
        Unit { root, files, settings }
    }
}

fn entry(file: FoundFile, spot: Spot, package: Option<Arc<Package>>, reported: bool) -> FileEntry {
    FileEntry {
        display: file.display,
        path: file.path,
        package,
        module: spot.module.iter().map(|part| Name::new(part)).collect(),
        krate: Name::new(&spot.krate),
        is_test: spot.is_test,
        reported,
        named: file.named,
        text: file.text,
    }
}

/// The package, with the names that code uses for its neighbours: a library may call itself otherwise than its package.
fn package(manifest: &Manifest, libraries: &BTreeMap<PathBuf, String>, manifests: &mut Manifests<'_>) -> Package {
    let workspace = manifests.workspace(manifest);
    let mut package = manifest.package(workspace.as_deref());
    for dependency in manifest.path_dependencies(workspace.as_deref()) {
        if let Some(library) = libraries.get(&dependency.dir).filter(|_| !dependency.renamed)
            && let Some(name) = package.dependencies.remove(&dependency.key)
        {
            package.dependencies.insert(library.clone(), name);
        }
    }
    package
}

/// The packages that a workspace lists, its own included.
pub(super) fn members(root: &Path, manifests: &mut Manifests<'_>) -> Vec<PathBuf> {
    let Some(manifest) = manifests.at(root) else {
        return Vec::new();
    };
    let mut found = vec![root.to_owned()];
    for pattern in manifest.members() {
        let mut dirs = vec![root.to_owned()];
        for part in pattern.split('/').filter(|part| !part.is_empty() && *part != ".") {
            dirs = dirs.iter().flat_map(|dir| step(dir, part)).collect();
        }
        found.extend(dirs);
    }
    // Taken from the end.
    found.sort();
    found.dedup();
    found.reverse();
    found
}

/// The folders in `dir` that one part of a member pattern matches.
fn step(dir: &Path, part: &str) -> Vec<PathBuf> {
    if part == ".." {
        return dir.parent().map(Path::to_owned).into_iter().collect();
    }
    if !part.contains(['*', '?']) {
        return vec![dir.join(part)];
    }
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter(|entry| matches(part, &entry.file_name().to_string_lossy())).map(|entry| entry.path()).collect()
}

/// Whether a name matches a pattern of `*` and `?`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.chars().next() {
        None => name.is_empty(),
        Some('*') => (0..=name.len()).any(|at| name.get(at..).is_some_and(|rest| matches(&pattern[1..], rest))),
        Some(first) => {
            let mut rest = name.chars();
            rest.next().is_some_and(|c| first == '?' || first == c)
                && matches(&pattern[first.len_utf8()..], rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn member_patterns() {
        assert!(matches("*", "kit") && matches("kit-*", "kit-a") && matches("k?t", "kit") && matches("*-x-*", "a-x-b"));
        assert!(!matches("kit-*", "kat-a") && !matches("k?t", "kt") && !matches("kit", "kits"));
    }
}
