//! Replaces files of the user's: whole or not at all, with the permissions that they have.

use std::fs;
use std::io;
use std::path::Path;

use crate::workspace::unreadable;

/// Gives a file another text.
///
/// # Errors
/// Why it could not be written; the file is then as before.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), String> {
    let write = || -> io::Result<()> {
        // A link stays a link: what it points to is replaced.
        let path = path.canonicalize()?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let permissions = fs::metadata(&path)?.permissions();
        if permissions.readonly() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let written = fs::write(&beside, text)
            .and_then(|()| fs::set_permissions(&beside, permissions))
            .and_then(|()| fs::rename(&beside, &path));
        written.inspect_err(|_| {
            // What is left over is of no use; the error that matters is the first.
            let _ = fs::remove_file(&beside);
        })
    };
    write().map_err(|e| match e.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "it is not there any more".to_owned(),
        _ => unreadable(&e),
    })
}
