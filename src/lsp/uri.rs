//! URIs of files and paths. The protocol types keep URIs as text, so that a document is always called what its editor
//! calls it; only `file:` is ever taken apart, which needs no parser of URLs.

use std::path::{Path, PathBuf};

use gen_lsp_types::Uri;
use percent_encoding::percent_decode_str;

use crate::report::file_uri;

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
    Uri(file_uri(path))
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
    fn other_schemes_have_no_path() {
        assert_eq!(path(&Uri::from("untitled:Untitled-1")), None);
        assert_eq!(path(&Uri::from("file:///%ff")), None);
    }
}
