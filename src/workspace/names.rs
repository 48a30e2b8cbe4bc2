//! How paths are shown: relative to the current folder when they are below it, as cargo does, else as the user gave
//! them, always with `/`.

use std::path::{Component, Path, PathBuf};

/// The folder that paths are shown from.
pub(super) struct PathNames {
    here: PathBuf,
}

impl PathNames {
    /// From the current folder. Where that cannot be told, paths are shown as given.
    pub(super) fn here() -> PathNames {
        let here = std::env::current_dir().unwrap_or_default();
        PathNames { here: here.canonicalize().unwrap_or(here) }
    }

    /// The current folder, as it is shown in messages.
    pub(super) fn current(&self) -> String {
        slashes(&self.here)
    }

    /// A path made absolute, without asking the disk.
    pub(super) fn absolute(&self, path: &Path) -> PathBuf {
        normal(&self.here.join(path))
    }

    /// How `real` is shown when it is not below a path that the user gave.
    pub(super) fn show(&self, real: &Path) -> String {
        match real.strip_prefix(&self.here) {
            Ok(below) if !below.as_os_str().is_empty() => slashes(below),
            Ok(_) => ".".to_owned(),
            Err(_) => slashes(real),
        }
    }

    /// How `real`, which stands below the folder or is the file `root`, is shown when the user called that `given`.
    pub(super) fn show_below(&self, real: &Path, root: &Path, given: &Path) -> String {
        if real.starts_with(&self.here) {
            return self.show(real);
        }
        match real.strip_prefix(root) {
            Ok(below) if below.as_os_str().is_empty() => slashes(given),
            Ok(below) => slashes(&given.join(below)),
            Err(_) => slashes(real),
        }
    }
}

/// A path without `.` and `..`, by its letters alone: for paths whose folders are known to be no links.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// A path with `/` between its parts, and no `./` in front.
pub(super) fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    if !cfg!(windows) {
        return text.strip_prefix("./").unwrap_or(&text).to_owned();
    }
    // `canonicalize` answers `\\?\C:\..`, which nobody writes.
    let text = text.strip_prefix(r"\\?\").unwrap_or(&text).replace('\\', "/");
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(here: &str) -> PathNames {
        PathNames { here: PathBuf::from(here) }
    }

    #[test]
    fn below_the_current_folder_paths_are_relative() {
        assert_eq!(names("/w").show(Path::new("/w/src/a.rs")), "src/a.rs");
        assert_eq!(
            names("/w").show_below(Path::new("/w/src/a.rs"), Path::new("/w/src"), Path::new("/w/src")),
            "src/a.rs"
        );
        assert_eq!(names("/w").show(Path::new("/w")), ".");
    }

    #[test]
    fn elsewhere_paths_are_as_given() {
        let (real, root) = (Path::new("/other/x/a.rs"), Path::new("/other/x"));
        assert_eq!(names("/w").show_below(real, root, Path::new("../other/x")), "../other/x/a.rs");
        assert_eq!(names("/w").show_below(real, root, Path::new("/link")), "/link/a.rs");
        assert_eq!(names("/w").show_below(real, real, Path::new("/link.rs")), "/link.rs");
        assert_eq!(names("/w").show(real), "/other/x/a.rs");
    }

    #[test]
    fn dots_are_resolved() {
        assert_eq!(normal(Path::new("/a/b/../c/./d")), PathBuf::from("/a/c/d"));
        assert_eq!(slashes(Path::new("./src")), "src");
    }
}
