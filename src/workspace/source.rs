//! A source file's text with its line index, and places in it.
//!
//! Everything after `workspace` names places by [`Place`]: a shared file and a byte range. Lines and columns are
//! computed when somebody looks.

use std::path::PathBuf;
use std::sync::Arc;

use super::Package;
use crate::ir::Span;

/// A file that was read.
#[derive(Debug)]
pub struct Source {
    /// The path as the user would write it from where they are, with `/` between parts.
    pub path: String,
    /// The path to open it by.
    pub file: PathBuf,
    /// Its text, BOM and carriage returns included.
    pub text: String,
    /// The package it belongs to; `None` for loose files.
    pub package: Option<Arc<Package>>,
    line_starts: Vec<u32>,
}

impl Source {
    /// Takes a file's text. Files of 4 GiB and more do not get here: `walk` refuses them.
    pub fn new(path: String, file: PathBuf, text: String) -> Source {
        let mut line_starts = vec![0];
        line_starts.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1));
        Source { path, file, text, package: None, line_starts }
    }

    /// The line (from 1) that holds this byte.
    pub fn line(&self, offset: u32) -> u32 {
        self.line_starts.partition_point(|start| *start <= offset) as u32
    }

    /// The column (from 1, in characters) of this byte in its line. A BOM takes no column.
    pub fn column(&self, offset: u32) -> u32 {
        let start = self.line_starts[self.line(offset) as usize - 1] as usize;
        let before = self.text.get(start..offset as usize).unwrap_or("");
        before.trim_start_matches('\u{feff}').chars().count() as u32 + 1
    }

    /// The byte at which a line (from 1) starts; the end of the text for a line past the last.
    pub fn line_start(&self, line: u32) -> u32 {
        self.line_starts.get(line as usize - 1).copied().unwrap_or(self.text.len() as u32)
    }

    /// A line (from 1) without its end, and without a BOM; empty past the last.
    pub fn line_text(&self, line: u32) -> &str {
        let text = self.text.get(self.line_start(line) as usize..self.line_start(line + 1) as usize).unwrap_or("");
        text.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r'])
    }

    /// How many lines there are; an empty file has one.
    pub fn lines(&self) -> u32 {
        self.line_starts.len() as u32
    }

    /// The text at a range; empty where the range does not fit.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }
}

/// A byte range in a file.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// The range.
    pub span: Span,
}

impl Place {
    /// The first line, from 1.
    pub fn start_line(&self) -> u32 {
        self.source.line(self.span.start)
    }
    /// The line of the last byte, from 1.
    pub fn end_line(&self) -> u32 {
        self.source.line(self.span.end.saturating_sub(1).max(self.span.start))
    }
    /// The first column, from 1, in characters.
    pub fn column(&self) -> u32 {
        self.source.column(self.span.start)
    }
    /// The column after the last character, from 1, on [`Place::end_line`].
    pub fn end_column(&self) -> u32 {
        let start = self.source.line_start(self.end_line());
        let last = self.source.slice(Span { start: start.min(self.span.end), end: self.span.end });
        last.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r']).chars().count() as u32 + 1
    }
    /// The text.
    pub fn text(&self) -> &str {
        self.source.slice(self.span)
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Place) -> bool {
        self.span == other.span && self.source.path == other.source.path
    }
}
