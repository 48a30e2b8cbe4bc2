//! Flat tokens straight from the bytes, for what has to be known of a text before `syn` sees it: how deeply it nests
//! (`depth`), and where items start in one that does not lex.
//!
//! It tells strings, comments, characters and lifetimes apart and nothing else, and has an answer for any bytes.

use std::ops::Range;

/// A flat token.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Token<'a> {
    /// `(`, `[` or `{`
    Open(u8),
    /// Any closing bracket.
    Close,
    /// A name or keyword; a raw name is `r#` only.
    Word(&'a str),
    Lifetime,
    Literal,
    /// Any other byte, with the byte after it.
    Punct(u8, u8),
}

pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Where a string or comment starts that never ends.
    unterminated: Option<usize>,
    /// The comments that were passed over.
    pub(super) comments: Vec<Range<usize>>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Scanner<'a> {
        Scanner { text, bytes: text.as_bytes(), at, unterminated: None, comments: Vec::new() }
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Passes over the second byte of an operator.
    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    /// The next token and where it starts.
    pub(super) fn next(&mut self) -> Option<(usize, Token<'a>)> {
        loop {
            let start = self.at;
            let token = match *self.bytes.get(start)? {
                byte if byte.is_ascii_whitespace() => {
                    self.at += 1;
                    continue;
                }
                b'/' if self.byte(1) == b'/' => {
                    self.at = self.find(b'\n', start).unwrap_or(self.bytes.len());
                    let carriage_return = usize::from(self.bytes[self.at - 1] == b'\r');
                    self.comments.push(start..self.at - carriage_return);
                    continue;
                }
                b'/' if self.byte(1) == b'*' => {
                    self.block_comment();
                    self.comments.push(start..self.at);
                    continue;
                }
                open @ (b'(' | b'[' | b'{') => {
                    self.at += 1;
                    Token::Open(open)
                }
                b')' | b']' | b'}' => {
                    self.at += 1;
                    Token::Close
                }
                b'"' => self.string(start),
                b'\'' => self.quote(),
                byte if is_word(byte) => self.word(),
                byte => {
                    self.at += 1;
                    Token::Punct(byte, self.byte(0))
                }
            };
            return Some((start, token));
        }
    }

    fn find(&self, byte: u8, from: usize) -> Option<usize> {
        Some(from + self.bytes.get(from..)?.iter().position(|b| *b == byte)?)
    }

    fn block_comment(&mut self) {
        let start = self.at;
        let mut depth = 0;
        while self.at < self.bytes.len() {
            match (self.byte(0), self.byte(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
        self.unterminated = Some(start);
    }

    /// At the opening quote of a string with escapes.
    fn string(&mut self, start: usize) -> Token<'a> {
        self.at += 1;
        loop {
            match self.bytes.get(self.at) {
                Some(b'\\') => self.at += 2,
                Some(b'"') => {
                    self.at += 1;
                    return Token::Literal;
                }
                Some(_) => self.at += 1,
                None => {
                    self.at = self.bytes.len();
                    self.unterminated = Some(start);
                    return Token::Literal;
                }
            }
        }
    }

    /// At the `#`s or the quote of a raw string.
    fn raw_string(&mut self, start: usize, hashes: usize) -> Token<'a> {
        self.at += hashes + 1;
        while let Some(quote) = self.find(b'"', self.at) {
            self.at = quote + 1;
            if self.bytes[self.at..].iter().take(hashes).filter(|b| **b == b'#').count() == hashes {
                self.at += hashes;
                return Token::Literal;
            }
        }
        self.at = self.bytes.len();
        self.unterminated = Some(start);
        Token::Literal
    }

    /// At a `'`: a character or a lifetime.
    fn quote(&mut self) -> Token<'a> {
        if self.byte(1) == b'\\' {
            // The escaped character may itself be a quote.
            self.at += 3;
            while !matches!(self.byte(0), b'\'' | b'\n' | 0) {
                self.at += 1;
            }
            self.at = (self.at + 1).min(self.bytes.len());
            return Token::Literal;
        }
        let width = match self.byte(1) {
            0..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
        if self.byte(1 + width) == b'\'' {
            self.at += width + 2;
            return Token::Literal;
        }
        self.at += 1;
        while is_word(self.byte(0)) {
            self.at += 1;
        }
        Token::Lifetime
    }

    /// At a letter, digit, `_` or non-ASCII byte: a word, or the prefix of a string or character.
    fn word(&mut self) -> Token<'a> {
        let start = self.at;
        while is_word(self.byte(0)) {
            self.at += 1;
        }
        let Some(word) = self.text.get(start..self.at) else { return Token::Literal };
        match (word, self.byte(0)) {
            ("b" | "c", b'"') => self.string(start),
            ("b", b'\'') => self.quote(),
            ("r" | "br" | "cr", b'"' | b'#') => {
                let hashes = self.bytes[self.at..].iter().take_while(|b| **b == b'#').count();
                if self.byte(hashes) == b'"' {
                    return self.raw_string(start, hashes);
                }
                if word == "r" && hashes == 1 && is_word(self.byte(1)) {
                    self.at += 1;
                    while is_word(self.byte(0)) {
                        self.at += 1;
                    }
                    // `r#type` is a name, whatever keyword follows.
                    return Token::Word("r#");
                }
                Token::Word(word)
            }
            _ if word.as_bytes()[0].is_ascii_digit() => Token::Literal,
            _ => Token::Word(word),
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

const ITEM_WORDS: [&str; 17] = [
    "pub",
    "fn",
    "async",
    "impl",
    "struct",
    "enum",
    "mod",
    "use",
    "const",
    "static",
    "trait",
    "type",
    "unsafe",
    "extern",
    "macro_rules",
    "union",
    "default",
];

/// Cuts a text that does not lex into pieces that start where an item starts at the beginning of a line, and gives
/// the ranges of those for which `lexes` says no.
pub(super) fn pieces_that_fail(text: &str, lexes: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut failing = Vec::new();
    let mut from = 0;
    // Every round reads to the end, so a text made of nothing but open comments has to end somewhere.
    for _ in 0..20 {
        let mut scanner = Scanner::new(text, from);
        let mut cuts = vec![from];
        let mut after_attribute = false;
        while let Some((start, token)) = scanner.next() {
            let at_margin = start == 0 || text.as_bytes()[start - 1] == b'\n';
            let begins = match token {
                Token::Word(word) => ITEM_WORDS.contains(&word),
                Token::Punct(byte, _) => byte == b'#',
                _ => false,
            };
            if at_margin && begins && !after_attribute {
                cuts.push(start);
            }
            after_attribute = text.as_bytes()[start] == b']';
        }
        cuts.push(text.len());
        let pieces = cuts.windows(2).map(|pair| pair[0]..pair[1]).filter(|piece| !piece.is_empty());
        failing.extend(pieces.filter(|piece| !lexes(&text[piece.clone()])));
        let (Some(open), Some(last)) = (scanner.unterminated, failing.last_mut()) else { return failing };
        // The string or comment took all that follows: start again at the next line that looks like an item.
        let Some(next) = item_line(text, open) else { return failing };
        if last.end != text.len() {
            return failing;
        }
        last.end = next;
        from = next;
    }
    failing.push(from..text.len());
    failing
}

/// The first line after `from` that starts like an item.
fn item_line(text: &str, from: usize) -> Option<usize> {
    let rest = &text[from..];
    rest.match_indices('\n').map(|(at, _)| at + 1).find_map(|at| {
        let word = rest[at..].split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
        (ITEM_WORDS.contains(&word) || rest[at..].starts_with("#[")).then_some(from + at)
    })
}
