//! Reading one source file, and saying plainly why one cannot be read.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::FileEntry;
use super::source::Source;
use crate::finding::Problem;

/// Places are 32-bit byte offsets.
const LARGEST: u64 = u32::MAX as u64;

impl FileEntry {
    /// Reads the text. The problem, where there is one, says what to do.
    pub fn read(&self) -> Result<Arc<Source>, Problem> {
        let text = match &self.text {
            Some(text) => text.clone(),
            None => read(&self.path).map_err(|problem| self.problem(problem))?,
        };
        let mut source = Source::new(self.display.clone(), self.path.clone(), text);
        source.package.clone_from(&self.package);
        Ok(Arc::new(source))
    }

    fn problem(&self, (message, io): (String, bool)) -> Problem {
        // A file that the user named must be read. Among the many below a folder, one that is no Rust text is skipped,
        // but one that the system does not give us fails the run.
        Problem { path: self.display.clone(), message, fatal: self.reported && (self.named || io) }
    }
}

/// The text of a file; else why not, and whether the system is to blame.
fn read(path: &Path) -> Result<String, (String, bool)> {
    // Links, pipes and devices were sorted out by the walk, but opening a pipe that took a file's place would hang.
    let meta = std::fs::metadata(path).map_err(|e| (unreadable(&e), e.kind() != io::ErrorKind::NotFound))?;
    if !meta.is_file() {
        return Err(("no longer a file: skipped".to_owned(), false));
    }
    if meta.len() >= LARGEST {
        return Err(("4 GiB or more: skipped; leave it out with a .gitignore line".to_owned(), false));
    }
    let bytes = std::fs::read(path).map_err(|e| (unreadable(&e), e.kind() != io::ErrorKind::NotFound))?;
    text(bytes).map_err(|why| (why, false))
}

/// Bytes as text; else why they are none.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.len() as u64 >= LARGEST {
        return Err("4 GiB or more: skipped".to_owned());
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("UTF-16 text: skipped; save it as UTF-8, as rustc demands".to_owned());
    }
    // Rust source may hold a NUL in a comment, but the front of a file that has one is a program or a picture.
    if bytes.iter().take(1024).any(|b| *b == 0) {
        return Err("a binary file, not Rust source: skipped".to_owned());
    }
    String::from_utf8(bytes).map_err(|e| {
        let good = e.utf8_error().valid_up_to();
        let line = e.as_bytes()[..good].iter().filter(|b| **b == b'\n').count() + 1;
        format!("not UTF-8 text (line {line}): skipped; save it as UTF-8, as rustc demands")
    })
}

/// Why the system did not give us a file or folder, without its error numbers.
pub(crate) fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "vanished while it was being read: skipped".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "permission denied: skipped; make it readable, or leave it out with a .gitignore line".to_owned()
        }
        _ => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            format!("cannot be read: {text}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn says_why_bytes_are_no_text() {
        assert_eq!(text(b"fn a() {}".to_vec()).as_deref(), Ok("fn a() {}"));
        assert_eq!(text(Vec::new()).as_deref(), Ok(""));
        assert!(text(b"fn a() {}\n// \xe9\n".to_vec()).is_err_and(|e| e.contains("line 2")));
        assert!(text(b"\x7fELF\0\0".to_vec()).is_err_and(|e| e.contains("binary")));
        assert!(text(b"\xff\xfef\0".to_vec()).is_err_and(|e| e.contains("UTF-16")));
    }
}
