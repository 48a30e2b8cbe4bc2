//! URIs of files and paths. The protocol types keep URIs as text, so that a document is always called what its editor
//! calls it; only `file:` is ever taken apart, which needs no parser of URLs.

use std::path::{Path, PathBuf};

use gen_lsp_types::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What RFC 3986 lets stand in a path as it is.
const KEPT: &AsciiSet = &{
    let set =
        NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b':').remove(b'@');
    let set = set.remove(b'!').remove(b'$').remove(b'&').remove(b'\'').remove(b'(').remove(b')').remove(b'*');
    set.remove(b'+').remove(b',').remove(b';').remove(b'=')
};

/// A folder of the workspace.
#[derive(Debug, PartialEq)]
pub(super) struct Folder {
    /// Its path, without links in it.
    pub(super) path: PathBuf,
    /// What the client calls it, without a `/` at the end.
    uri: String,
}

impl Folder {
    /// `None` for a folder that is not on disk.
    pub(super) fn new(uri: Uri) -> Option<Folder> {
        let path = real(&path(&uri)?);
        let uri = uri.0.strip_suffix('/').unwrap_or(&uri.0).to_owned();
        Some(Folder { path, uri })
    }

    /// What the client calls a file in it.
    pub(super) fn uri_of(&self, path: &Path) -> Option<Uri> {
        let below = path.strip_prefix(&self.path).ok()?;
        Some(Uri(format!("{}/{}", self.uri, encode(below))))
    }
}

/// The path of a `file:` URI; `None` for other schemes, and for what is no text.
pub(super) fn path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.0.strip_prefix("file://")?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let path = percent_decode_str(rest).decode_utf8().ok()?;
    if !path.starts_with('/') {
        // `file://server/share`: a folder of another machine, as Windows knows them.
        return cfg!(windows).then(|| PathBuf::from(format!("//{path}")));
    }
    let drive = path.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic) && path.as_bytes().get(2) == Some(&b':');
    Some(PathBuf::from(if cfg!(windows) && drive { &path[1..] } else { &path }))
}

/// The `file:` URI of an absolute path.
pub(super) fn of(path: &Path) -> Uri {
    let path = encode(path);
    Uri(format!("file://{}{path}", if path.starts_with('/') { "" } else { "/" }))
}

fn encode(path: &Path) -> String {
    let text = path.to_string_lossy();
    if !cfg!(windows) {
        return utf8_percent_encode(&text, KEPT).to_string();
    }
    // `canonicalize` answers `\\?\C:\..`, which no editor calls a file.
    utf8_percent_encode(&text.strip_prefix(r"\\?\").unwrap_or(&text).replace('\\', "/"), KEPT).to_string()
}

/// The path without links in it, as the analysis knows files. One that does not exist yet stands in its folder.
pub(super) fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent().map(Path::canonicalize), path.file_name()) {
        (Some(Ok(parent)), Some(name)) => parent.join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_the_way_there_and_back() {
        for text in ["/home/a b/ä%20.rs", "/src/[x]/#1?.rs"] {
            assert_eq!(path(&of(Path::new(text))), Some(PathBuf::from(text)));
        }
        assert_eq!(path(&Uri::from("file:///a%20b.rs")), Some(PathBuf::from("/a b.rs")));
    }

    #[test]
    fn files_are_called_as_their_folder_is() {
        for (folder, file, expected) in [
            ("file:///no+such%2Bfolder/", "/no+such+folder/a+b c.rs", "file:///no+such%2Bfolder/a+b%20c.rs"),
            ("file:///", "/a.rs", "file:///a.rs"),
        ] {
            let folder = Folder::new(Uri::from(folder)).expect("a folder");
            assert_eq!(folder.uri_of(Path::new(file)), Some(Uri::from(expected)));
        }
        let folder = Folder::new(Uri::from("file:///a")).expect("a folder");
        assert_eq!(folder.uri_of(Path::new("/ab/c.rs")), None);
    }

    #[test]
    fn other_schemes_have_no_path() {
        assert_eq!(path(&Uri::from("untitled:Untitled-1")), None);
        assert_eq!(path(&Uri::from("file:///%ff")), None);
    }
}
