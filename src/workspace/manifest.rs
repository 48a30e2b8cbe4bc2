//! Reads `Cargo.toml` files: which package a folder belongs to, which workspace a package belongs to, and what it
//! depends on. Lenient: a key of an unexpected type counts as absent, since cargo is there to complain about it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::{Table, Value};

use super::Package;
use super::names::{PathNames, normal};
use super::read::unreadable;
use crate::finding::Problem;

/// A manifest that was read.
#[derive(Debug)]
pub(super) struct Manifest {
    /// Its folder.
    pub(super) dir: PathBuf,
    /// Its tables; empty where it does not parse.
    pub(super) table: Table,
    broken: bool,
}

impl Manifest {
    /// The manifest in a folder, from its text.
    pub(super) fn parse(dir: &Path, text: &str) -> Result<Manifest, String> {
        let table = text.parse::<Table>().map_err(|e| toml_error(text, &e))?;
        Ok(Manifest { dir: dir.to_owned(), table, broken: false })
    }

    /// Whether it describes a package, and not only a workspace. One that does not parse is taken for a package.
    pub(super) fn is_package(&self) -> bool {
        self.broken || self.table.contains_key("package")
    }

    /// The package's name as in the manifest; the folder's name where there is none.
    pub(super) fn name(&self) -> String {
        let folder =
            || self.dir.file_name().map_or_else(|| "package".to_owned(), |name| name.to_string_lossy().into_owned());
        self.text(&["package", "name"]).map_or_else(folder, str::to_owned)
    }

    /// The name its library goes by in code.
    pub(super) fn krate(&self) -> String {
        self.text(&["lib", "name"]).map_or_else(|| self.name(), str::to_owned).replace('-', "_")
    }

    /// The root of its library, else of its program.
    fn root(&self) -> PathBuf {
        let usual = || {
            let library = self.dir.join("src/lib.rs");
            if library.is_file() { library } else { self.dir.join("src/main.rs") }
        };
        self.text(&["lib", "path"]).map_or_else(usual, |path| normal(&self.dir.join(path)))
    }

    /// The text at a path of keys.
    pub(super) fn text(&self, keys: &[&str]) -> Option<&str> {
        get(&self.table, keys)?.as_str()
    }

    /// Members of the workspace table, as written.
    pub(super) fn members(&self) -> Vec<&str> {
        strings(get(&self.table, &["workspace", "members"]))
    }

    fn has_workspace(&self) -> bool {
        self.table.get("workspace").is_some_and(Value::is_table)
    }

    /// Whether this workspace leaves out the package in `dir`: by cargo's rule a listed member wins over an exclusion.
    fn excludes(&self, dir: &Path) -> bool {
        let names = |list: Vec<&str>| list.iter().any(|path| dir.starts_with(normal(&self.dir.join(path))));
        names(strings(get(&self.table, &["workspace", "exclude"]))) && !names(self.members())
    }

    /// Every dependency table: of all kinds, for all targets.
    fn dependency_tables(&self) -> impl Iterator<Item = &Table> {
        const KINDS: [&str; 5] =
            ["dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies", "build_dependencies"];
        let targets = self
            .table
            .get("target")
            .and_then(Value::as_table)
            .into_iter()
            .flat_map(Table::values)
            .filter_map(Value::as_table);
        std::iter::once(&self.table)
            .chain(targets)
            .flat_map(|table| KINDS.iter().filter_map(|kind| table.get(*kind)?.as_table()))
    }

    /// Dependencies: the key, what is written about it, and what the workspace says about it where it is inherited.
    fn dependencies<'a>(
        &'a self,
        workspace: Option<&'a Manifest>,
    ) -> impl Iterator<Item = (&'a str, &'a Value, Option<&'a Value>)> {
        self.dependency_tables().flat_map(Table::iter).map(move |(key, spec)| {
            let inherits = spec.get("workspace").and_then(Value::as_bool) == Some(true);
            let inherited =
                workspace.filter(|_| inherits).and_then(|root| get(&root.table, &["workspace", "dependencies", key]));
            (key.as_str(), spec, inherited)
        })
    }

    /// The folders of what it depends on by path, with the key it uses for each and whether it renames it.
    pub(super) fn path_dependencies(&self, workspace: Option<&Manifest>) -> Vec<PathDependency> {
        let mut found = Vec::new();
        for (key, spec, inherited) in self.dependencies(workspace) {
            let own = spec.get("path").and_then(Value::as_str).map(|path| self.dir.join(path));
            let from_root = || Some(workspace?.dir.join(inherited?.get("path")?.as_str()?));
            if let Some(dir) = own.or_else(from_root) {
                let renamed = spec.get("package").or_else(|| inherited?.get("package")).is_some();
                found.push(PathDependency { dir: normal(&dir), key: key.replace('-', "_"), renamed });
            }
        }
        found
    }

    /// The package for name resolution. `workspace` answers for inherited keys.
    pub(super) fn package(&self, workspace: Option<&Manifest>) -> Package {
        let inheritable = |key: &str| {
            let own = get(&self.table, &["package", key])?;
            let inherited = || get(&workspace?.table, &["workspace", "package", key]);
            own.as_str().or_else(|| inherited()?.as_str()).map(str::to_owned)
        };
        let dependencies = self.dependencies(workspace).map(|(key, spec, inherited)| {
            let package = spec.get("package").or_else(|| inherited?.get("package")).and_then(Value::as_str);
            (key.replace('-', "_"), package.unwrap_or(key).to_owned())
        });
        let requirements = self.dependencies(workspace).filter_map(|(key, spec, inherited)| {
            let of = |spec: &Value| spec.as_str().or_else(|| spec.get("version")?.as_str()).map(str::to_owned);
            Some((key.replace('-', "_"), of(spec).or_else(|| of(inherited?))?))
        });
        Package {
            name: self.name(),
            krate: self.krate(),
            manifest: self.dir.join("Cargo.toml"),
            root: self.root(),
            version: inheritable("version"),
            edition: inheritable("edition").unwrap_or_else(|| "2015".to_owned()),
            dependencies: dependencies.collect(),
            requirements: requirements.collect(),
        }
    }
}

/// A dependency that stands in a folder.
pub(super) struct PathDependency {
    pub(super) dir: PathBuf,
    /// With `_` for `-`.
    pub(super) key: String,
    /// The key is the name in code even if the library calls itself otherwise.
    pub(super) renamed: bool,
}

/// All manifests of a run; each is read once.
pub(super) struct Manifests<'a> {
    pub(super) names: &'a PathNames,
    read: BTreeMap<PathBuf, Option<Arc<Manifest>>>,
    nearest: BTreeMap<PathBuf, Option<Arc<Manifest>>>,
    cargo_home: Option<PathBuf>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Manifests<'a> {
    pub(super) fn new(names: &'a PathNames) -> Manifests<'a> {
        let home =
            std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".cargo")));
        let cargo_home = home.and_then(|home| home.canonicalize().ok());
        Manifests { names, read: BTreeMap::new(), nearest: BTreeMap::new(), cargo_home, problems: Vec::new() }
    }

    /// The manifest in this folder.
    pub(super) fn at(&mut self, dir: &Path) -> Option<Arc<Manifest>> {
        if let Some(known) = self.read.get(dir) {
            return known.clone();
        }
        let manifest = self.open(dir).map(Arc::new);
        self.read.insert(dir.to_owned(), manifest.clone());
        manifest
    }

    fn open(&mut self, dir: &Path) -> Option<Manifest> {
        let path = dir.join("Cargo.toml");
        if !path.is_file() {
            return None;
        }
        let text = std::fs::read(&path).map_err(|e| unreadable(&e));
        let text = text.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned()));
        let manifest = text.and_then(|text| Manifest::parse(dir, &text)).unwrap_or_else(|why| {
            let message = format!("{why}; its code is checked as if it had no dependencies: repair the file");
            self.problems.push(Problem { path: self.names.show(&path), message, fatal: false });
            Manifest { dir: dir.to_owned(), table: Table::new(), broken: true }
        });
        Some(manifest)
    }

    /// The manifest that governs this folder: in it or the nearest above.
    pub(super) fn nearest(&mut self, dir: &Path) -> Option<Arc<Manifest>> {
        if let Some(known) = self.nearest.get(dir) {
            return known.clone();
        }
        let found = match self.at(dir) {
            Some(manifest) => Some(manifest),
            None => dir.parent().and_then(|parent| self.nearest(parent)),
        };
        self.nearest.insert(dir.to_owned(), found.clone());
        found
    }

    /// The root of the workspace that this manifest belongs to: itself, the one it points to, or the nearest above that
    /// does not exclude it. As in cargo, the search does not leave cargo's home, where downloaded packages are.
    pub(super) fn workspace(&mut self, manifest: &Manifest) -> Option<Arc<Manifest>> {
        if manifest.has_workspace() {
            return self.at(&manifest.dir);
        }
        if let Some(pointer) = manifest.text(&["package", "workspace"]) {
            return self.at(&normal(&manifest.dir.join(pointer))).filter(|root| root.has_workspace());
        }
        for dir in manifest.dir.ancestors().skip(1) {
            if self.cargo_home.as_deref() == Some(dir) {
                return None;
            }
            let root = self.at(dir).filter(|root| root.has_workspace());
            if root.as_ref().is_some_and(|root| !root.excludes(&manifest.dir)) {
                return root;
            }
        }
        None
    }
}

fn get<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(*key))
}

fn strings(list: Option<&Value>) -> Vec<&str> {
    list.and_then(Value::as_array).map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

/// `line 3, column 5: what`, on one line.
pub(crate) fn toml_error(text: &str, error: &toml::de::Error) -> String {
    let what = error.message().lines().collect::<Vec<_>>().join("; ");
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => {
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            format!("not valid TOML at line {line}, column {column}: {what}")
        }
        None => format!("not valid TOML: {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(dir: &str, text: &str) -> Manifest {
        Manifest::parse(Path::new(dir), text).expect("valid TOML")
    }

    #[test]
    fn a_package_inherits_from_its_workspace() {
        let root = manifest(
            "/w",
            "[workspace]\n[workspace.package]\nversion = '1.2.3'\nedition = '2024'\n[workspace.dependencies]\nhttp-kit = { package = 'kit', path = 'kit' }",
        );
        let member = manifest(
            "/w/a",
            "[package]\nname = 'a-b'\nversion.workspace = true\nedition.workspace = true\n[dependencies]\nhttp-kit.workspace = true\nreqwest = '0.12'\n[target.'cfg(unix)'.dev-dependencies]\nold = { package = 'new', path = '../new' }",
        );
        let package = member.package(Some(&root));
        assert_eq!(
            (package.krate.as_str(), package.version.as_deref(), package.edition.as_str()),
            ("a_b", Some("1.2.3"), "2024")
        );
        let dependencies: Vec<_> = package.dependencies.iter().map(|(key, name)| format!("{key}={name}")).collect();
        assert_eq!(dependencies, ["http_kit=kit", "old=new", "reqwest=reqwest"]);
        let paths: Vec<_> = member.path_dependencies(Some(&root)).into_iter().map(|d| (d.dir, d.key)).collect();
        assert_eq!(
            paths,
            [(PathBuf::from("/w/kit"), "http_kit".to_owned()), (PathBuf::from("/w/new"), "old".to_owned())]
        );
    }

    #[test]
    fn a_listed_member_wins_over_an_exclusion() {
        let root = manifest("/w", "[workspace]\nmembers = ['x/in']\nexclude = ['x']");
        assert!(root.excludes(Path::new("/w/x/out")));
        assert!(!root.excludes(Path::new("/w/x/in")));
        assert!(!root.excludes(Path::new("/w/y")));
    }

    #[test]
    fn an_error_names_its_place() {
        let text = "[package]\nname = oops\n";
        let error = text.parse::<Table>().expect_err("not TOML");
        assert!(
            toml_error(text, &error).starts_with("not valid TOML at line 2, column 8: "),
            "{}",
            toml_error(text, &error)
        );
    }
}
