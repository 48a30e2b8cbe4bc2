//! Edits on the original text: never re-printed tokens, so that comments, formatting, line endings and a byte order
//! mark stay as they are.

use crate::finding::Edit;
use crate::ir::Span;

/// The text with the edits made. They are taken in order of place; one that overlaps an earlier one is left out.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len() + 256);
    let mut at = 0;
    for edit in in_order(edits) {
        let (start, end) = (edit.place.span.start as usize, edit.place.span.end as usize);
        let Some(kept) = text.get(at..start) else { continue };
        if text.get(start..end).is_none() {
            continue;
        }
        out.push_str(kept);
        out.push_str(&edit.text);
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    out
}

/// Where a range stands once the edits are made. Text put in at its start comes before it, at its end after it.
pub fn moved(span: Span, edits: &[Edit]) -> Span {
    let (mut start, mut end) = (i64::from(span.start), i64::from(span.end));
    for edit in edits {
        let change = edit.text.len() as i64 - i64::from(edit.place.span.end - edit.place.span.start);
        if edit.place.span.end <= span.start {
            start += change;
            end += change;
        } else if edit.place.span.start < span.end {
            end += change;
        }
    }
    let fit = |n: i64| u32::try_from(n).unwrap_or(0);
    Span { start: fit(start), end: fit(end) }
}

/// Whether some edit of one list touches an edit of the other. An edit that both have is made once.
pub fn overlap(a: &[Edit], b: &[Edit]) -> bool {
    let touches = |x: &Edit, y: &Edit| {
        let (p, q) = (x.place.span, y.place.span);
        x.place.source.file == y.place.source.file && p.start <= q.end && q.start <= p.end && !is_same(x, y)
    };
    a.iter().any(|x| b.iter().any(|y| touches(x, y)))
}

/// Adds the edits that are not there yet.
pub fn join(all: &mut Vec<Edit>, more: &[Edit]) {
    for edit in more {
        if !all.iter().any(|known| is_same(known, edit)) {
            all.push(edit.clone());
        }
    }
}

fn is_same(x: &Edit, y: &Edit) -> bool {
    x.place.span == y.place.span && x.place.source.file == y.place.source.file && x.text == y.text
}

fn in_order(edits: &[Edit]) -> Vec<&Edit> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.place.span);
    sorted
}

/// How the text around a place is laid out.
#[derive(Clone, Copy)]
pub struct Layout<'t> {
    text: &'t str,
}

impl<'t> Layout<'t> {
    /// The layout of a file.
    pub fn of(text: &'t str) -> Layout<'t> {
        Layout { text }
    }

    /// Its line end: the first one decides.
    pub fn newline(self) -> &'static str {
        match self.text.find('\n') {
            Some(at) if self.text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// What its line starts with, up to the first character that is no blank.
    pub fn indent(self, at: u32) -> &'t str {
        let before = self.text.get(..at as usize).unwrap_or("");
        let line = &self.text[before.rfind('\n').map_or(0, |n| n + 1)..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    /// Only blanks stand before it on its line.
    pub fn starts_line(self, at: u32) -> bool {
        let before = self.text.get(..at as usize).unwrap_or("");
        before[before.rfind('\n').map_or(0, |n| n + 1)..].chars().all(|c| matches!(c, ' ' | '\t' | '\u{feff}'))
    }

    /// One step of indentation, as the line at this place is indented, or the file is.
    pub fn step(self, at: u32) -> &'static str {
        let tabs = |line: &str| line.starts_with('\t');
        if tabs(self.indent(at)) || (self.indent(at).is_empty() && self.text.lines().any(tabs)) {
            return "\t";
        }
        // Two blanks in front of something else than a comment's second line or a `*`.
        let two =
            |line: &str| line.strip_prefix("  ").is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic()));
        if self.text.lines().any(two) { "  " } else { "    " }
    }
}

/// Lines of code, deeper ones indented by steps, as a text that starts at the current place and ends at its line's end.
pub fn lines(layout: Layout<'_>, at: u32, lines: &[(usize, String)]) -> String {
    let (newline, indent, step) = (layout.newline(), layout.indent(at), layout.step(at));
    let mut out = String::new();
    for (n, (depth, line)) in lines.iter().enumerate() {
        if n > 0 {
            out.push_str(newline);
            out.push_str(indent);
        }
        out.push_str(&step.repeat(*depth));
        out.push_str(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::workspace::source::{Place, Source};

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        let source = Arc::new(Source::new("a.rs".to_owned(), PathBuf::from("a.rs"), "0123456789".to_owned()));
        Edit { place: Place { source, span: Span { start, end } }, text: text.to_owned() }
    }

    #[test]
    fn edits_are_made_in_order_and_an_overlapping_one_is_left_out() {
        let edits = [edit(6, 8, "b"), edit(2, 2, "a"), edit(7, 9, "c")];
        assert_eq!(apply("0123456789", &edits), "01a2345b89");
    }

    #[test]
    fn ranges_move_with_the_text() {
        let edits = [edit(2, 2, "abc"), edit(5, 7, "")];
        assert_eq!(moved(Span { start: 2, end: 4 }, &edits), Span { start: 5, end: 7 });
        assert_eq!(moved(Span { start: 4, end: 9 }, &edits), Span { start: 7, end: 10 });
        assert_eq!(moved(Span { start: 0, end: 1 }, &edits), Span { start: 0, end: 1 });
    }

    #[test]
    fn the_layout_is_that_of_the_line() {
        let layout = Layout::of("fn a() {\r\n\tx();\r\n}");
        assert_eq!((layout.newline(), layout.indent(12), layout.step(12)), ("\r\n", "\t", "\t"));
        assert!(layout.starts_line(11) && !layout.starts_line(12));
    }
}
