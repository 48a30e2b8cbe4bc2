//! Places in a text as editors count them: lines from 0, and columns in the unit that client and server agreed on.
//!
//! A carriage return alone ends a line too, as the protocol has it; the line numbers of reports know only `\n`.

use gen_lsp_types::{Position, PositionEncodingKind, Range};

use crate::ir::Span;

/// What columns count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Bytes.
    Utf8,
    /// Code units of UTF-16: what every client knows.
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    /// The client's favourite of those that we know; UTF-16 where it does not say.
    pub(super) fn negotiate(offered: &[PositionEncodingKind]) -> Encoding {
        let known = offered.iter().find_map(|kind| match kind {
            PositionEncodingKind::UTF8 => Some(Encoding::Utf8),
            PositionEncodingKind::UTF16 => Some(Encoding::Utf16),
            PositionEncodingKind::UTF32 => Some(Encoding::Utf32),
            PositionEncodingKind::Custom(_) => None,
        });
        known.unwrap_or(Encoding::Utf16)
    }

    /// Its name in the protocol.
    pub(super) fn kind(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
            Encoding::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    fn width(self, c: char) -> usize {
        match self {
            Encoding::Utf8 => c.len_utf8(),
            Encoding::Utf16 => c.len_utf16(),
            Encoding::Utf32 => 1,
        }
    }
}

/// The lines of a text.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    encoding: Encoding,
}

impl<'t> Lines<'t> {
    /// Every character of the text counts: it is an editor's.
    pub(super) fn of(text: &'t str, encoding: Encoding) -> Lines<'t> {
        let bytes = text.as_bytes();
        let ends_line = |at: &usize| bytes[*at] == b'\n' || bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
        let starts = std::iter::once(0).chain((0..bytes.len()).filter(ends_line).map(|at| at + 1)).collect();
        Lines { text, starts, encoding }
    }

    /// The text was read from the disk: editors do not show the byte order mark that it may start with.
    pub(super) fn of_file(text: &'t str, encoding: Encoding) -> Lines<'t> {
        let mut lines = Lines::of(text, encoding);
        lines.starts[0] = text.len() - text.trim_start_matches('\u{feff}').len();
        lines
    }

    /// The position of a byte; the nearest before it where it is inside of a character.
    pub(super) fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len()).max(self.starts[0]);
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let start = self.starts[line];
        let before = self.text[start..].char_indices().take_while(|(at, c)| start + at + c.len_utf8() <= offset);
        let column: usize = before.map(|(_, c)| self.encoding.width(c)).sum();
        Position { line: line as u32, character: column as u32 }
    }

    /// The byte at a position: the line's end for a column past it, the text's end for a line past the last.
    pub(super) fn offset(&self, position: Position) -> usize {
        let line = position.line as usize;
        let Some(start) = self.starts.get(line).copied() else { return self.text.len() };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let content = self.text[start..end].trim_end_matches(['\n', '\r']);
        let mut left = position.character as usize;
        for (at, c) in content.char_indices() {
            let width = self.encoding.width(c);
            if left < width {
                return start + at;
            }
            left -= width;
        }
        start + content.len()
    }

    pub(super) fn range(&self, span: Span) -> Range {
        Range { start: self.position(span.start as usize), end: self.position(span.end as usize) }
    }

    /// The bytes of a range, in order even where the client's are not.
    pub(super) fn bytes(&self, range: Range) -> std::ops::Range<usize> {
        let (one, other) = (self.offset(range.start), self.offset(range.end));
        one.min(other)..one.max(other)
    }

    /// Where the line that holds a byte ends, its end left out.
    pub(super) fn line_end(&self, offset: usize) -> Position {
        let line = self.position(offset).line;
        self.position(self.offset(Position { line, character: u32::MAX }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, encoding: Encoding, offset: usize, line: u32, character: u32) {
        let lines = Lines::of(text, encoding);
        let position = Position { line, character };
        assert_eq!(lines.position(offset), position);
        assert_eq!(lines.offset(position), offset);
    }

    #[test]
    fn columns_count_what_was_agreed_on() {
        let text = "a\nlet s = \"é🔑\"; x";
        let x = text.len() - 1;
        check(text, Encoding::Utf8, x, 1, 18);
        check(text, Encoding::Utf16, x, 1, 15);
        check(text, Encoding::Utf32, x, 1, 14);
    }

    #[test]
    fn all_three_line_ends_end_a_line() {
        for (offset, line) in [(0, 0), (3, 1), (5, 2), (7, 3)] {
            check("a\r\nb\rc\nd", Encoding::Utf16, offset, line, 0);
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_taken_to_the_nearest() {
        let lines = Lines::of("ab\r\n🔑c", Encoding::Utf16);
        let at = |line, character| lines.offset(Position { line, character });
        assert_eq!((at(0, 9), at(9, 0)), (2, 9));
        // Between the two halves of a character.
        assert_eq!((at(1, 1), at(1, 2)), (4, 8));
        assert_eq!(lines.position(6), Position { line: 1, character: 0 });
    }

    #[test]
    fn a_byte_order_mark_on_disk_takes_no_column() {
        let text = "\u{feff}loop";
        assert_eq!(Lines::of_file(text, Encoding::Utf16).position(3), Position { line: 0, character: 0 });
        assert_eq!(Lines::of(text, Encoding::Utf16).position(3), Position { line: 0, character: 1 });
    }
}
