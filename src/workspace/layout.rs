//! Where a file stands in its package: in which crate, under which module path, and whether cargo takes it for a test.
//!
//! A file may belong to several crates (`tests/common/mod.rs`) or to none that cargo builds; it gets one place all the
//! same, the one its path suggests. `#[path]` and inline modules are for the reader of the text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Value;

use super::manifest::Manifest;

/// The crates of a package, by their folders.
pub(super) struct Layout {
    dir: PathBuf,
    lib: String,
    /// Relative to the package: the folder, and the crate whose modules stand in it.
    folders: BTreeMap<PathBuf, Crate>,
    /// Files that the manifest names as crate roots.
    roots: BTreeMap<PathBuf, Crate>,
}

#[derive(Clone, Debug)]
struct Crate {
    key: String,
    is_test: bool,
    /// Each file in the folder itself is a crate root (`tests`, `src/bin`), not a module.
    flat: bool,
}

/// Where a file stands.
#[derive(Debug, PartialEq)]
pub(super) struct Spot {
    pub(super) krate: String,
    pub(super) module: Vec<String>,
    pub(super) is_test: bool,
}

/// Cargo's own folders for targets, the manifest's tables about them, and whether they count as tests: what cargo builds
/// with `--all-targets` only.
const KINDS: [(&str, &str, bool); 4] =
    [("tests", "test", true), ("benches", "bench", true), ("examples", "example", true), ("src/bin", "bin", false)];

impl Layout {
    pub(super) fn of(manifest: &Manifest) -> Layout {
        let lib = manifest.krate();
        let for_tests = serves_tests(&lib);
        let in_lib = Crate { key: lib.clone(), is_test: for_tests, flat: false };
        let mut folders = BTreeMap::from([(PathBuf::from("src"), in_lib.clone())]);
        let mut roots = BTreeMap::new();
        if let Some(path) = manifest.text(&["lib", "path"]).map(Path::new) {
            folders.insert(path.parent().unwrap_or(Path::new("")).to_owned(), in_lib.clone());
            roots.insert(path.to_owned(), in_lib);
        }
        let script = manifest.text(&["package", "build"]).unwrap_or("build.rs");
        roots.insert(PathBuf::from(script), Crate { key: format!("{lib}@build"), is_test: false, flat: false });
        for (folder, kind, is_test) in KINDS {
            let short = folder.rsplit('/').next().unwrap_or(folder);
            let is_test = is_test || for_tests;
            let flat = Crate { key: format!("{lib}@{short}"), is_test, flat: true };
            folders.insert(PathBuf::from(folder), flat.clone());
            for target in manifest.table.get(kind).and_then(Value::as_array).into_iter().flatten() {
                let Some(path) = target.get("path").and_then(Value::as_str).map(PathBuf::from) else {
                    continue;
                };
                let parent = path.parent().unwrap_or(Path::new("")).to_owned();
                let name = target.get("name").and_then(Value::as_str).unwrap_or(kind);
                let own = Crate { key: format!("{lib}@{short}/{name}"), is_test, flat: false };
                // A target's folder holds its modules, unless it is another crate's: the package's, or a module's.
                let is_free = parent != Path::new("") && !manifest.dir.join(&parent).join("mod.rs").is_file();
                let root = match folders.get(&parent) {
                    Some(known) if known.is_test == is_test => known.clone(),
                    None if is_free => folders.entry(parent).or_insert(own).clone(),
                    _ => own,
                };
                roots.insert(path, root);
            }
        }
        Layout { dir: manifest.dir.clone(), lib, folders, roots }
    }

    /// The place of a file, by its path relative to the package.
    pub(super) fn spot(&self, file: &Path) -> Spot {
        if let Some(root) = self.roots.get(file) {
            return Spot { krate: root.key.clone(), module: Vec::new(), is_test: root.is_test };
        }
        let owner = file.ancestors().skip(1).find_map(|dir| Some((dir, self.folders.get(dir)?)));
        let Some((folder, owner)) = owner else {
            // No crate's folder: code that is included by a path of its own.
            return Spot { krate: self.lib.clone(), module: module(file), is_test: false };
        };
        let inside = file.strip_prefix(folder).unwrap_or(file);
        let mut parts = inside.components();
        let (first, is_deep) = (parts.next(), parts.next().is_some());
        match first {
            Some(first) if owner.flat && is_deep && self.dir.join(folder).join(first).join("main.rs").is_file() => {
                Spot {
                    krate: format!("{}/{}", owner.key, first.as_os_str().to_string_lossy()),
                    module: module(inside.strip_prefix(first).unwrap_or(inside)),
                    is_test: owner.is_test,
                }
            }
            _ if owner.flat && !is_deep => {
                Spot { krate: owner.key.clone(), module: Vec::new(), is_test: owner.is_test }
            }
            _ => Spot { krate: owner.key.clone(), module: module(inside), is_test: owner.is_test },
        }
    }
}

/// Whether a package is there for the tests of others, by its name: `api-test`, `test-utils`, `integration_tests`.
fn serves_tests(krate: &str) -> bool {
    let words: Vec<&str> = krate.split('_').collect();
    let is_test = |word: &&str| matches!(*word, "test" | "tests" | "testing" | "testkit" | "e2e");
    let helps = |word: &str| matches!(word, "utils" | "util" | "support" | "helpers" | "harness" | "suite" | "common");
    words.last().is_some_and(is_test)
        || words.windows(2).any(|pair| is_test(&pair[0]) && helps(pair[1]))
        || words.iter().any(|word| matches!(*word, "testutil" | "testutils"))
}

/// The module path of a file by its path inside the crate's folder.
pub(super) fn module(inside: &Path) -> Vec<String> {
    let mut path: Vec<String> =
        inside.with_extension("").components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
    let is_root = path.len() == 1 && matches!(path[0].as_str(), "lib" | "main");
    if is_root || path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::manifest::Manifest;

    #[track_caller]
    fn check(manifest: &str, file: &str, krate: &str, module: &[&str], is_test: bool) {
        let manifest = Manifest::parse(Path::new("/nowhere/kit"), manifest).expect("valid TOML");
        let spot = Layout::of(&manifest).spot(Path::new(file));
        let module = module.iter().map(|m| (*m).to_owned()).collect();
        assert_eq!(spot, Spot { krate: krate.to_owned(), module, is_test }, "{file}");
    }

    #[test]
    fn files_stand_where_cargo_puts_them() {
        let plain = "[package]\nname = 'my-kit'";
        check(plain, "src/lib.rs", "my_kit", &[], false);
        check(plain, "src/main.rs", "my_kit", &[], false);
        check(plain, "src/a.rs", "my_kit", &["a"], false);
        check(plain, "src/a/mod.rs", "my_kit", &["a"], false);
        check(plain, "src/a/b.rs", "my_kit", &["a", "b"], false);
        check(plain, "src/a/main.rs", "my_kit", &["a", "main"], false);
        check(plain, "src/bin/x.rs", "my_kit@bin", &[], false);
        check(plain, "tests/x.rs", "my_kit@tests", &[], true);
        check(plain, "tests/common/mod.rs", "my_kit@tests", &["common"], true);
        check(plain, "benches/x.rs", "my_kit@benches", &[], true);
        check(plain, "examples/x.rs", "my_kit@examples", &[], true);
        check(plain, "build.rs", "my_kit@build", &[], false);
        check(plain, "gen/proto.rs", "my_kit", &["gen", "proto"], false);
    }

    #[test]
    fn a_package_for_the_tests_of_others_counts_as_test() {
        for name in ["api-test", "test-utils", "kit_testing", "integration-tests"] {
            let manifest = format!("[package]\nname = '{name}'");
            check(&manifest, "src/lib.rs", &name.replace('-', "_"), &[], true);
            check(&manifest, "src/bin/x.rs", &format!("{}@bin", name.replace('-', "_")), &[], true);
        }
        for name in ["latest", "testify", "contest-api"] {
            check(&format!("[package]\nname = '{name}'"), "src/lib.rs", &name.replace('-', "_"), &[], false);
        }
    }

    #[test]
    fn the_manifest_may_put_them_elsewhere() {
        let moved = "[package]\nname = 'kit'\n[lib]\nname = 'core_kit'\npath = 'lib.rs'\n[[bin]]\nname = 'tool'\npath = 'cmd/tool.rs'\n[[test]]\nname = 'it'\npath = 'it.rs'";
        check(moved, "lib.rs", "core_kit", &[], false);
        check(moved, "net/http.rs", "core_kit", &["net", "http"], false);
        check(moved, "cmd/tool.rs", "core_kit@bin/tool", &[], false);
        check(moved, "cmd/flags.rs", "core_kit@bin/tool", &["flags"], false);
        check(moved, "it.rs", "core_kit@tests/it", &[], true);
    }
}
