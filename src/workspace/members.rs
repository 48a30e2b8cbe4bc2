//! The packages of a workspace, for those who name packages and not folders, as cargo's users do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Input;
use super::group::members;
use super::manifest::Manifests;
use super::names::{PathNames, slashes};

/// A workspace as cargo sees it from some place.
#[derive(Debug)]
pub struct Members {
    /// The workspace's folder, or that of the only package.
    pub root: PathBuf,
    /// The folders of the packages, by name.
    pub packages: BTreeMap<String, PathBuf>,
    /// The package that is meant where none is named; all where there is none.
    pub current: Option<String>,
}

impl Members {
    /// Looks from a folder, or from a manifest.
    ///
    /// # Errors
    /// Why there is no workspace to be seen.
    pub fn from(manifest: Option<&Path>) -> Result<Members, String> {
        let names = PathNames::here();
        let start = match manifest {
            Some(path) if path.file_name().is_some_and(|name| name == "Cargo.toml") && path.is_file() => {
                path.parent().unwrap_or(Path::new("")).to_owned()
            }
            Some(path) => return Err(format!("--manifest-path {}: no such Cargo.toml", slashes(path))),
            None => PathBuf::new(),
        };
        let start = names.absolute(&start);
        let start = start.canonicalize().unwrap_or(start);
        let mut manifests = Manifests::new(&names);
        let Some(nearest) = manifests.nearest(&start) else {
            return Err(format!(
                "no Cargo.toml in {} or above: `retrylint check PATH` checks files without one",
                slashes(&start)
            ));
        };
        let root = manifests.workspace(&nearest).unwrap_or_else(|| nearest.clone());
        let mut packages = BTreeMap::new();
        let mut open = members(&root.dir, &mut manifests);
        open.push(nearest.dir.clone());
        while let Some(dir) = open.pop() {
            let Some(manifest) = manifests.at(&dir).filter(|manifest| manifest.is_package()) else { continue };
            if packages.contains_key(&manifest.name()) {
                continue;
            }
            packages.insert(manifest.name(), dir);
            // As in cargo, what members depend on by path are members too, inside of the workspace's folder.
            let near = manifest.path_dependencies(Some(&root)).into_iter().map(|dependency| dependency.dir);
            open.extend(near.filter(|dir| dir.starts_with(&root.dir)));
        }
        Ok(Members { root: root.dir.clone(), packages, current: nearest.is_package().then(|| nearest.name()) })
    }
}

impl Input {
    /// Leaves only the files of these packages to be reported on; the others are context.
    pub fn select(&mut self, folders: &[PathBuf]) {
        for file in self.units.iter_mut().flat_map(|unit| &mut unit.files) {
            let folder = file.package.as_ref().and_then(|package| package.manifest.parent());
            file.reported &= folder.is_some_and(|folder| folders.iter().any(|selected| selected == folder));
        }
    }
}
