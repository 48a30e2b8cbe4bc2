//! Which files git would ignore, for a walk that goes down a tree folder by folder.
//!
//! `ignore` only matches the lines here; finding the `.gitignore` files is ours. As in git, the deepest file that has
//! something to say about a path decides.

use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The `.gitignore` files that apply at the current point of a walk, outermost first, each with its depth in the walk.
pub(super) struct Ignores {
    files: Vec<(usize, Gitignore)>,
}

impl Ignores {
    /// For a walk that starts at `root`: the files above it, up to the repository's root. Outside a repository the
    /// folders above have no say.
    pub(super) fn above(root: &Path) -> Ignores {
        let mut files = Vec::new();
        if let Some(repository) = root.ancestors().find(|dir| dir.join(".git").exists()) {
            files.extend(read(repository, &repository.join(".git/info/exclude")));
            let mut folders: Vec<&Path> =
                root.ancestors().skip(1).take_while(|dir| dir.starts_with(repository)).collect();
            folders.reverse();
            files.extend(folders.into_iter().filter_map(|dir| read(dir, &dir.join(".gitignore"))));
        }
        Ignores { files: files.into_iter().map(|file| (0, file)).collect() }
    }

    /// The walk comes to an entry at this depth (the start has 0): what lay in deeper folders no longer applies.
    pub(super) fn leave_to(&mut self, depth: usize) {
        // A file read at depth d stands *in* the folder at depth d, so it was stored as d + 1.
        self.files.retain(|(at, _)| *at <= depth);
    }

    /// The walk goes into the folder at this depth.
    pub(super) fn enter(&mut self, depth: usize, dir: &Path) {
        if let Some(file) = read(dir, &dir.join(".gitignore")) {
            self.files.push((depth + 1, file));
        }
    }

    /// Whether git would ignore this path.
    pub(super) fn ignored(&self, path: &Path, is_dir: bool) -> bool {
        for (_, file) in self.files.iter().rev() {
            match file.matched(path, is_dir) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        false
    }
}

/// Reads one file of ignore lines. Lines that are no patterns are left out, as git does.
fn read(root: &Path, file: &Path) -> Option<Gitignore> {
    if !file.is_file() {
        return None;
    }
    let mut builder = GitignoreBuilder::new(root);
    let _ = builder.add(file);
    builder.build().ok().filter(|lines| !lines.is_empty())
}
