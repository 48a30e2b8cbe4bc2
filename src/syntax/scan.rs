//! A byte scan that runs before `syn`: it keeps nesting within what a stack can hold, and finds where items start.
//!
//! `syn` and `proc_macro2` recurse, and a stack overflow cannot be caught: it ends the process. So the text is first
//! read as flat tokens (strings, comments, lifetimes told apart) and every way to nest is charged for: brackets,
//! prefix operators and keywords (`&&&x`, `|| || x`, `A<A<A<`), and links of chains (`.f().f()`, `a + a`), whose trees
//! are as deep as they are long. What would cost too much is left out of the parse and told.

use std::ops::Range;

/// Brackets may nest this deep; real code stays below thirty.
const MAX_BRACKETS: usize = 200;

/// The stack, in bytes, that a file's nesting may cost. The costs below are upper bounds: measured on syn 3 in debug
/// builds, rounded up; release builds need a fifth. [`super::STACK_SIZE`] leaves room for lowering on top.
const MAX_COST: u32 = 40 << 20;
const BRACKET: u32 = 48 << 10;
/// `if`, `!`, `=` and the like in expressions.
const PREFIX: u32 = 16 << 10;
/// `&`, `*` and `<`, `fn`, `->` in types.
const POINTER: u32 = 36 << 10;
const TYPE: u32 = 56 << 10;
const PATH: u32 = 4 << 10;
const LINK: u32 = 512;

/// What [`depth`] found.
pub(super) struct Depth {
    /// An upper bound on the stack that parsing takes, with `too_deep` left out.
    pub(super) cost: u32,
    /// What has to be left out, in order.
    pub(super) too_deep: Vec<Range<usize>>,
}

/// A flat token.
#[derive(Clone, Copy, PartialEq)]
enum Token<'a> {
    Open(u8),
    Close,
    Word(&'a str),
    Lifetime,
    Literal,
    /// Any other byte, with the byte after it.
    Punct(u8, u8),
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Where a string or comment starts that never ends.
    unterminated: Option<usize>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, at: usize) -> Scanner<'a> {
        Scanner { text, bytes: text.as_bytes(), at, unterminated: None }
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// The next token and where it starts.
    fn next(&mut self) -> Option<(usize, Token<'a>)> {
        loop {
            let start = self.at;
            let token = match *self.bytes.get(start)? {
                byte if byte.is_ascii_whitespace() => {
                    self.at += 1;
                    continue;
                }
                b'/' if self.byte(1) == b'/' => {
                    self.at = self.find(b'\n', start).unwrap_or(self.bytes.len());
                    continue;
                }
                b'/' if self.byte(1) == b'*' => {
                    self.block_comment();
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

/// One open bracket, or the file itself.
struct Level {
    /// The cost of everything around it.
    base: u32,
    /// The cost of what stands in it since the last place where nesting starts anew.
    cost: u32,
    /// That place.
    since: usize,
    /// `<` that may be open: inside of them a `,` does not end what nests.
    angles: u32,
    /// Between the bars of a closure's parameters, where a `,` does not either.
    bars: bool,
    /// After `fn name` or a first `impl`: the braces to come hold a body, and nothing of the signature is open there.
    item: bool,
}

impl Level {
    fn new(base: u32, since: usize) -> Level {
        Level { base, cost: 0, since, angles: 0, bars: false, item: false }
    }
}

/// Charges a text for its nesting. An unbalanced text is the lexer's business: any result will do.
pub(super) fn depth(text: &str) -> Depth {
    let mut scanner = Scanner::new(text, 0);
    let mut found = Depth { cost: 0, too_deep: Vec::new() };
    let mut outer: Vec<Level> = Vec::new();
    let mut level = Level::new(0, 0);
    // The token before: an operator after an operand is binary, and only links. A `<` after a name may open generics.
    let mut operand = false;
    let mut name = false;
    // A `}` came last: an item or statement has ended, unless what follows continues it.
    let mut after_brace = false;
    let mut after_else = false;
    let mut after_fn = false;
    // Where what is left out starts, and how many levels were open there.
    let mut skipping: Option<(usize, usize)> = None;
    let mut braces: Vec<bool> = Vec::new();

    while let Some((start, token)) = scanner.next() {
        let continues = matches!(token, Token::Word("else" | "as" | "in") | Token::Lifetime);
        let starts = matches!(token, Token::Word(_) | Token::Literal | Token::Punct(b'#', _)) && !continues;
        if std::mem::take(&mut after_brace) && starts {
            end_skipping(&mut skipping, &mut found, braces.len(), start);
            level = Level::new(level.base, start);
            operand = false;
        }
        let was_else = std::mem::take(&mut after_else);
        let was_name = std::mem::replace(&mut name, matches!(token, Token::Word(_)));
        match token {
            Token::Open(byte) => {
                braces.push(byte == b'{');
                after_fn = false;
                if skipping.is_some() {
                    operand = false;
                    continue;
                }
                if byte == b'{' && std::mem::take(&mut level.item) {
                    level.cost = 0;
                }
                level.cost = level.cost.saturating_add(LINK);
                let base = level.base + level.cost + BRACKET;
                if outer.len() == MAX_BRACKETS || base > MAX_COST {
                    skipping = Some((level.since, braces.len() - 1));
                } else {
                    found.cost = found.cost.max(base);
                    outer.push(std::mem::replace(&mut level, Level::new(base, start + 1)));
                }
                operand = false;
                continue;
            }
            Token::Close => {
                end_skipping(&mut skipping, &mut found, braces.len(), start);
                after_brace = braces.pop() == Some(true);
                if skipping.is_none()
                    && let Some(around) = outer.pop()
                {
                    level = around;
                }
                operand = true;
                continue;
            }
            Token::Punct(b';', _) => {
                end_skipping(&mut skipping, &mut found, braces.len(), start);
                level = Level::new(level.base, start + 1);
                operand = false;
                continue;
            }
            _ if skipping.is_some() => continue,
            Token::Literal => operand = true,
            Token::Lifetime => operand = false,
            Token::Word(word) => {
                let was_fn = std::mem::replace(&mut after_fn, word == "fn");
                level.item |= was_fn || word == "impl" && level.cost == 0;
                let cost;
                (operand, cost) = match word {
                    "if" if was_else => (false, LINK),
                    "if" | "match" | "while" | "for" | "loop" | "return" | "break" | "yield" | "become" | "move"
                    | "async" | "unsafe" | "try" | "let" | "box" | "static" | "const" => (false, PREFIX),
                    "dyn" | "impl" | "fn" => (false, TYPE),
                    "mut" | "ref" | "in" | "where" | "raw" => (false, 0),
                    "as" | "else" => (false, LINK),
                    _ => (true, 0),
                };
                after_else = word == "else";
                level.cost = level.cost.saturating_add(cost);
            }
            Token::Punct(byte, next) => {
                after_fn = false;
                let mut pair = |cost| {
                    scanner.at += 1;
                    cost
                };
                let cost = match (byte, next) {
                    (b',', _) => {
                        if level.angles == 0 && !level.bars {
                            level = Level::new(level.base, start + 1);
                        }
                        0
                    }
                    // The arms of a `match` stand side by side.
                    (b'=', b'>') => {
                        let cost = pair(0);
                        level = Level::new(level.base, start + 2);
                        cost
                    }
                    (b'=', b'=') | (b'<' | b'>' | b'!', b'=') => pair(LINK),
                    (b'-', b'>') => pair(TYPE),
                    (b':', b':') => pair(PATH),
                    (b'|', b'|') if !level.bars => pair(if operand { LINK } else { PREFIX }),
                    (b'&', b'&') => pair(if operand { LINK } else { 2 * POINTER }),
                    (b'|', _) if level.bars => {
                        level.bars = false;
                        0
                    }
                    (b'|', _) if !operand => {
                        level.bars = true;
                        PREFIX
                    }
                    (b'<', b'<') if operand && !was_name => pair(LINK),
                    (b'<', _) if operand && !was_name => LINK,
                    (b'<', _) => {
                        level.angles += 1;
                        TYPE
                    }
                    (b'>', _) => {
                        if level.angles > 0 {
                            level.angles -= 1;
                            level.cost = level.cost.saturating_sub(TYPE);
                        }
                        0
                    }
                    (b'=' | b'@', _) => PREFIX,
                    (b'&' | b'*', _) if !operand => POINTER,
                    (b'-' | b'!', _) if !operand => PREFIX,
                    _ => LINK,
                };
                operand = byte == b'?';
                level.cost = level.cost.saturating_add(cost);
            }
        }
        let total = level.base.saturating_add(level.cost);
        if total > MAX_COST {
            skipping = Some((level.since, braces.len()));
        } else {
            found.cost = found.cost.max(total);
        }
    }
    end_skipping(&mut skipping, &mut found, 0, text.len());
    found
}

/// Ends what is left out at `end`, if it started no deeper than here.
fn end_skipping(skipping: &mut Option<(usize, usize)>, found: &mut Depth, open: usize, end: usize) {
    if let Some((start, level)) = *skipping
        && open <= level
    {
        found.too_deep.push(start..end);
        *skipping = None;
    }
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
