//! The texts that the editor holds: what it says of them wins over the disk until it closes them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gen_lsp_types::{TextDocumentContentChangeEvent, Uri};

use super::position::{Encoding, Lines};
use super::uri;

/// An open text.
#[derive(Debug)]
pub(super) struct Document {
    /// What the editor calls it.
    pub(super) uri: Uri,
    /// Where it is, or will be, saved; for a text that is in no file its name alone.
    pub(super) path: PathBuf,
    /// It is Rust that is to be checked, not a manifest, a configuration or another view of a file.
    pub(super) is_rust: bool,
    /// The editor's count of its changes.
    pub(super) version: i32,
    pub(super) text: String,
}

impl Document {
    pub(super) fn new(uri: Uri, language: &str, version: i32, text: String) -> Document {
        let file = uri::path(&uri);
        // Other schemes are views of files that are open or on disk anyway: an old revision, a diff.
        let is_ours = file.is_some() || uri.0.starts_with("untitled:");
        let path = file.map_or_else(|| PathBuf::from(&uri.0), |path| uri::real(&path));
        let is_rust = is_ours && (language == "rust" || path.extension().is_some_and(|extension| extension == "rs"));
        Document { uri, path, is_rust, version, text }
    }

    /// Makes the changes, one after the other: each is told in terms of the text that the ones before it made.
    pub(super) fn change(&mut self, version: i32, changes: Vec<TextDocumentContentChangeEvent>, encoding: Encoding) {
        for change in changes {
            match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let bytes = Lines::of(&self.text, encoding).bytes(part.range);
                    self.text.replace_range(bytes, &part.text);
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                    self.text = whole.text;
                }
            }
        }
        self.version = version;
    }
}

/// All open texts.
#[derive(Debug, Default)]
pub(super) struct Documents(HashMap<String, Document>);

impl Documents {
    pub(super) fn open(&mut self, document: Document) {
        self.0.insert(document.uri.0.clone(), document);
    }

    pub(super) fn close(&mut self, uri: &Uri) -> Option<Document> {
        self.0.remove(&uri.0)
    }

    pub(super) fn get(&self, uri: &Uri) -> Option<&Document> {
        self.0.get(&uri.0)
    }

    pub(super) fn get_mut(&mut self, uri: &Uri) -> Option<&mut Document> {
        self.0.get_mut(&uri.0)
    }

    /// The open text of a file.
    pub(super) fn at(&self, path: &Path) -> Option<&Document> {
        self.0.values().find(|document| document.path == path)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Document> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use gen_lsp_types::{
        Position, Range, TextDocumentContentChangePartial, TextDocumentContentChangeWholeDocument as Whole,
    };

    use super::*;

    fn part(start: (u32, u32), end: (u32, u32), text: &str) -> TextDocumentContentChangeEvent {
        let at = |(line, character)| Position { line, character };
        let range = Range { start: at(start), end: at(end) };
        TextDocumentContentChangePartial { range, text: text.to_owned(), ..Default::default() }.into()
    }

    fn changed(text: &str, changes: Vec<TextDocumentContentChangeEvent>) -> String {
        let mut document = Document::new(Uri::from("untitled:a"), "rust", 1, text.to_owned());
        document.change(2, changes, Encoding::Utf16);
        assert_eq!(document.version, 2);
        document.text
    }

    #[test]
    fn changes_are_made_in_turn() {
        let two = vec![part((1, 0), (1, 2), "é🔑"), part((1, 3), (1, 3), "!")];
        assert_eq!(changed("a\r\nbc\r\n", two), "a\r\né🔑!\r\n");
        let whole = Whole { text: "x".to_owned() }.into();
        assert_eq!(changed("abc", vec![whole, part((0, 1), (0, 1), "y")]), "xy");
    }

    #[test]
    fn a_range_past_the_end_is_the_end() {
        assert_eq!(changed("ab\n", vec![part((0, 1), (7, 0), "")]), "a");
        assert_eq!(changed("ab", vec![part((3, 0), (9, 9), "c")]), "abc");
    }
}
