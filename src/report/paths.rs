//! How reports that leave this machine name files: from the root of the repository, as URIs where the form asks for them.

use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::workspace::source::Source;

/// What need not be encoded in a path: RFC 3986's `unreserved`, and `/`.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The folder that paths are told from.
#[derive(Clone, Debug)]
pub struct Root(PathBuf);

impl Root {
    /// A folder; the path is absolute and has no links in it.
    pub fn new(folder: PathBuf) -> Root {
        Root(folder)
    }

    /// The path from the root; for a file elsewhere, and for text that is in no file, as the user would write it.
    pub(super) fn path(&self, source: &Source) -> String {
        self.inside(&source.file).unwrap_or_else(|| source.path.clone())
    }

    fn inside(&self, file: &Path) -> Option<String> {
        let parts: Vec<_> = file.strip_prefix(&self.0).ok()?.components().collect();
        Some(parts.iter().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
    }

    /// A URI for the file: relative where it is below the root, and whether it is.
    pub(super) fn uri(&self, source: &Source) -> (String, bool) {
        match self.inside(&source.file) {
            Some(path) => (encode(&path), true),
            None if source.file.is_absolute() => (file_uri(&source.file), false),
            None => (encode(&source.path), true),
        }
    }
}

/// `file:///folder/file`
pub(super) fn file_uri(path: &Path) -> String {
    let path = path.to_string_lossy().replace('\\', "/");
    format!("file://{}{}", if path.starts_with('/') { "" } else { "/" }, encode(&path))
}

fn encode(path: &str) -> String {
    utf8_percent_encode(path, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, file: &str) -> Source {
        Source::new(path.to_owned(), PathBuf::from(file), String::new())
    }

    #[test]
    fn paths_are_told_from_the_root() {
        let root = Root::new(PathBuf::from("/code/repo"));
        let inside = source("a b.rs", "/code/repo/src/a b.rs");
        assert_eq!(root.path(&inside), "src/a b.rs");
        assert_eq!(root.uri(&inside), ("src/a%20b.rs".to_owned(), true));
        let outside = source("../ä.rs", "/code/ä.rs");
        assert_eq!(root.path(&outside), "../ä.rs");
        assert_eq!(root.uri(&outside), ("file:///code/%C3%A4.rs".to_owned(), false));
    }
}
