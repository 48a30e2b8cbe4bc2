//! Refuses to change files that no version control could bring back, by cargo's rules and in cargo's words.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the user allows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allow {
    /// Changes that are not committed.
    pub dirty: bool,
    /// Changes that are staged.
    pub staged: bool,
    /// No version control.
    pub no_vcs: bool,
}

/// Folders that a version control system keeps at the top of what it watches.
const MARKS: [&str; 4] = [".git", ".hg", ".pijul", ".fossil"];

/// Whether files at these paths may be changed.
///
/// # Errors
/// Why not, and what to do.
pub fn check(paths: &[PathBuf], allow: Allow) -> Result<(), String> {
    if allow.no_vcs {
        return Ok(());
    }
    let mut roots: Vec<PathBuf> = Vec::new();
    for path in paths {
        let Some(root) = root_of(path) else {
            return Err(
                "no VCS found for this package and `retrylint fix` can potentially perform destructive changes; \
                        if you'd like to suppress this error pass `--allow-no-vcs`"
                    .to_owned(),
            );
        };
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    if allow.dirty && allow.staged {
        return Ok(());
    }
    let mut listed = String::new();
    for root in roots.iter().filter(|root| root.join(".git").exists()) {
        listed.push_str(&changes(root, allow)?);
    }
    if listed.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the working directory of this package has uncommitted changes, and `retrylint fix` can potentially perform \
         destructive changes; if you'd like to suppress this error pass `--allow-dirty`, or commit the changes to \
         these files:\n\n{listed}"
    ))
}

/// The nearest folder above a path that version control watches.
fn root_of(path: &Path) -> Option<PathBuf> {
    let path = std::fs::canonicalize(path).ok()?;
    path.ancestors().find(|folder| MARKS.iter().any(|mark| folder.join(mark).exists())).map(Path::to_owned)
}

/// The changed files of a git checkout that are not allowed, one per line.
fn changes(root: &Path, allow: Allow) -> Result<String, String> {
    let cannot = |why: String| format!("cannot ask git for uncommitted changes: {why}; pass `--allow-dirty` to go on");
    let out = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["status", "--porcelain=v1", "-z"])
        .output()
        .map_err(|e| cannot(e.to_string()))?;
    if !out.status.success() {
        return Err(cannot(String::from_utf8_lossy(&out.stderr).trim().to_owned()));
    }
    Ok(listed(&String::from_utf8_lossy(&out.stdout), allow))
}

/// `git status --porcelain=v1 -z` as cargo lists it. A file that is both staged and changed after counts as dirty.
fn listed(status: &str, allow: Allow) -> String {
    let (mut dirty, mut staged) = (String::new(), String::new());
    let mut entries = status.split('\0');
    while let Some(entry) = entries.next() {
        let Some((state, path)) = entry.split_at_checked(3) else { continue };
        if state.starts_with(['R', 'C']) {
            // The old name follows.
            entries.next();
        }
        if state.as_bytes()[1] == b' ' {
            if !allow.staged {
                staged.push_str(&format!("  * {path} (staged)\n"));
            }
        } else if !allow.dirty {
            dirty.push_str(&format!("  * {path} (dirty)\n"));
        }
    }
    dirty + &staged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_is_listed_as_cargo_lists_it() {
        let status = " M a.rs\0A  b.rs\0R  d.rs\0c.rs\0MM e.rs\0?? f.rs\0";
        let all = "  * a.rs (dirty)\n  * e.rs (dirty)\n  * f.rs (dirty)\n  * b.rs (staged)\n  * d.rs (staged)\n";
        assert_eq!(listed(status, Allow::default()), all);
        assert_eq!(listed("A  b.rs\0", Allow { staged: true, ..Allow::default() }), "");
        assert_eq!(listed(" M a.rs\0", Allow { dirty: true, ..Allow::default() }), "");
        assert_eq!(listed("", Allow::default()), "");
    }
}
