//! The comments of a text, which `syn` drops: where each stands, and which code it stands above.

use super::scan::{Scanner, Token};
use crate::ir::Span;

/// A comment of either form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comment {
    /// All of it, without the line end.
    pub span: Span,
    /// Where the code after it starts, attributes and other comments left out.
    pub above: Option<u32>,
    /// Code stands in front of it on its line.
    pub trails: bool,
}

/// Every comment, in order. What looks like one in a string is none.
pub fn comments(text: &str) -> Vec<Comment> {
    let mut scanner = Scanner::new(text, 0);
    let mut found: Vec<Comment> = Vec::new();
    let mut done = 0;
    let mut attribute: Option<u32> = None;
    while let Some((start, token)) = scanner.next() {
        found.extend(scanner.comments.drain(..).map(|range| comment(text, range.start, range.end)));
        attribute = match (attribute, token) {
            (None, Token::Punct(b'#', b'[' | b'!')) => Some(0),
            (Some(depth), Token::Open(_)) => Some(depth + 1),
            (Some(0 | 1), Token::Close) => {
                attribute = None;
                continue;
            }
            (Some(depth), Token::Close) => Some(depth - 1),
            // `#!` of a script, or a `#` in a macro: no attribute follows.
            (Some(0), token) if token != Token::Punct(b'!', b'[') => None,
            (state, _) => state,
        };
        if attribute.is_none() {
            found[done..].iter_mut().for_each(|comment| comment.above = Some(start as u32));
            done = found.len();
        }
    }
    found.extend(scanner.comments.drain(..).map(|range| comment(text, range.start, range.end)));
    found
}

fn comment(text: &str, start: usize, end: usize) -> Comment {
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let trails = !text[line..start].trim_matches(['\u{feff}', ' ', '\t']).is_empty();
    Comment { span: Span { start: start as u32, end: end as u32 }, above: None, trails }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str, bool)]) {
        let found: Vec<_> = comments(text)
            .iter()
            .map(|one| {
                let after = one.above.map_or("", |at| text[at as usize..].lines().next().unwrap_or_default());
                (&text[one.span.start as usize..one.span.end as usize], after, one.trails)
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn strings_hold_no_comments() {
        check(
            "let a = \"// no\"; // yes\nlet b = r#\"/* \"no\" */\"#;",
            &[("// yes", "let b = r#\"/* \"no\" */\"#;", true)],
        );
        check("let c = '\"'; /* /* one */ */ let d = b'/';", &[("/* /* one */ */", "let d = b'/';", true)]);
    }

    #[test]
    fn attributes_and_other_comments_are_passed_over() {
        check(
            "// one\r\n/// two\n#[cfg(all(a, b))]\n#[x = \"]\"]\npub fn f() {}\n// last",
            &[("// one", "pub fn f() {}", false), ("/// two", "pub fn f() {}", false), ("// last", "", false)],
        );
        check("#![allow(x)]\n// one\n#x\n", &[("// one", "#x", false)]);
    }
}
