//! Keeps nesting within what a stack can hold.
//!
//! `syn` and `proc_macro2` recurse, and a stack overflow cannot be caught: it ends the process. So before they see a text
//! every way to nest is charged for: brackets, prefix operators and keywords (`&&&x`, `|| || x`, `A<A<A<`), and the links
//! of chains (`.f().f()`, `a + a`), whose trees are as deep as they are long. What would cost too much is left out of the
//! parse and told.

use std::ops::Range;

use super::scan::{Scanner, Token};

/// Brackets may nest this deep; real code stays below thirty.
const MAX_BRACKETS: usize = 200;

/// The stack, in bytes, that a file's nesting may cost. The costs below are upper bounds: measured on syn 3 in debug
/// builds, rounded up; release builds need a fifth. [`super::STACK_SIZE`] leaves room for lowering on top.
const MAX_COST: u32 = 40 << 20;
const BRACKET: u32 = 48 << 10;
/// `if`, `!`, `=` and the like in expressions.
const PREFIX: u32 = 16 << 10;
/// `&` and `*`, which may stand in types.
const POINTER: u32 = 36 << 10;
/// `<`, `fn`, `->` and other types around types.
const TYPE: u32 = 56 << 10;
const PATH: u32 = 4 << 10;
/// A link of a chain costs a call of lowering, up to [`super::MAX_DEPTH`]; from there on only what its tree costs.
const LINK: u32 = 6 << 10;
const FAR_LINK: u32 = 512;
const FAR: u32 = LINK * super::MAX_DEPTH;

/// What [`measure`] found.
pub(super) struct Depth {
    /// An upper bound on the stack that parsing takes, with `too_deep` left out.
    pub(super) cost: u32,
    /// What has to be left out, in order.
    pub(super) too_deep: Vec<Range<usize>>,
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

    /// Starts anew after something that nothing nests across.
    fn restart(&mut self, since: usize) {
        *self = Level::new(self.base, since);
    }

    fn total(&self) -> u32 {
        self.base + self.cost
    }

    /// What one more link costs here.
    fn link(&self) -> u32 {
        if self.total() < FAR { LINK } else { FAR_LINK }
    }
}

/// What is being left out: where it starts, and how many brackets were open there.
struct Skipping {
    start: usize,
    open: usize,
}

/// The walk over a text's tokens.
struct Meter {
    found: Depth,
    level: Level,
    outer: Vec<Level>,
    /// Every open bracket, whether it is a brace.
    open: Vec<bool>,
    skipping: Option<Skipping>,
    /// The token before was an operand: an operator is binary then, and only links.
    operand: bool,
    /// The token before was a name or keyword: a `<` may open generics then.
    word: bool,
    /// The token before was this.
    after_fn: bool,
    after_else: bool,
    /// A `}` came last: an item or statement has ended, unless what follows continues it.
    after_brace: bool,
}

/// Charges a text for its nesting. An unbalanced text is the lexer's business: any result will do.
pub(super) fn measure(text: &str) -> Depth {
    let mut scanner = Scanner::new(text, 0);
    let mut meter = Meter {
        found: Depth { cost: 0, too_deep: Vec::new() },
        level: Level::new(0, 0),
        outer: Vec::new(),
        open: Vec::new(),
        skipping: None,
        operand: false,
        word: false,
        after_fn: false,
        after_else: false,
        after_brace: false,
    };
    while let Some((start, token)) = scanner.next() {
        meter.token(start, token, &mut scanner);
    }
    meter.end_skipping(0, text.len());
    meter.found
}

impl Meter {
    fn token(&mut self, start: usize, token: Token<'_>, scanner: &mut Scanner<'_>) {
        let after_word = std::mem::replace(&mut self.word, matches!(token, Token::Word(_)));
        let after_fn = std::mem::replace(&mut self.after_fn, token == Token::Word("fn"));
        let after_else = std::mem::replace(&mut self.after_else, token == Token::Word("else"));
        if std::mem::take(&mut self.after_brace) && starts_anew(token) {
            self.end_skipping(self.open.len(), start);
            self.level.restart(start);
            self.operand = false;
        }
        match token {
            Token::Open(byte) => return self.open(start, byte == b'{'),
            Token::Close => return self.close(start),
            Token::Punct(b';', _) => {
                self.end_skipping(self.open.len(), start);
                self.level.restart(start + 1);
                self.operand = false;
            }
            _ if self.skipping.is_some() => return,
            Token::Literal => self.operand = true,
            Token::Lifetime => self.operand = false,
            Token::Word(word) => {
                self.level.item |= after_fn || word == "impl" && self.level.cost == 0;
                let (operand, cost) = match word {
                    "if" if after_else => (false, self.level.link()),
                    "if" | "match" | "while" | "for" | "loop" | "return" | "break" | "yield" | "become" | "move"
                    | "async" | "unsafe" | "try" | "let" | "box" | "static" | "const" => (false, PREFIX),
                    "dyn" | "impl" | "fn" => (false, TYPE),
                    "mut" | "ref" | "in" | "where" | "raw" => (false, 0),
                    "as" | "else" => (false, self.level.link()),
                    _ => (true, 0),
                };
                self.operand = operand;
                self.level.cost += cost;
            }
            Token::Punct(byte, next) => {
                let (cost, pair) = self.punct(start, byte, next, after_word);
                if pair {
                    scanner.skip();
                }
                self.operand = byte == b'?';
                self.level.cost += cost;
            }
        }
        if self.level.total() > MAX_COST {
            self.skipping = Some(Skipping { start: self.level.since, open: self.open.len() });
        } else {
            self.found.cost = self.found.cost.max(self.level.total());
        }
    }

    fn open(&mut self, start: usize, brace: bool) {
        self.open.push(brace);
        self.operand = false;
        if self.skipping.is_some() {
            return;
        }
        if brace && std::mem::take(&mut self.level.item) {
            self.level.cost = 0;
        }
        // Calls and indices are links as well as brackets.
        self.level.cost += self.level.link();
        let base = self.level.total() + BRACKET;
        if self.outer.len() == MAX_BRACKETS || base > MAX_COST {
            self.skipping = Some(Skipping { start: self.level.since, open: self.open.len() - 1 });
        } else {
            self.found.cost = self.found.cost.max(base);
            self.outer.push(std::mem::replace(&mut self.level, Level::new(base, start + 1)));
        }
    }

    fn close(&mut self, start: usize) {
        self.end_skipping(self.open.len(), start);
        self.after_brace = self.open.pop() == Some(true);
        self.operand = true;
        if self.skipping.is_none()
            && let Some(around) = self.outer.pop()
        {
            self.level = around;
        }
    }

    /// What an operator costs, and whether it takes both bytes.
    fn punct(&mut self, start: usize, byte: u8, next: u8, after_word: bool) -> (u32, bool) {
        let (level, operand) = (&mut self.level, self.operand);
        let link = level.link();
        match (byte, next) {
            (b',', _) => {
                if level.angles == 0 && !level.bars {
                    level.restart(start + 1);
                }
                (0, false)
            }
            // The arms of a `match` stand side by side.
            (b'=', b'>') => {
                level.restart(start + 2);
                (0, true)
            }
            (b'=' | b'<' | b'>' | b'!', b'=') => (link, true),
            (b'-', b'>') => (TYPE, true),
            (b':', b':') => (PATH, true),
            (b'|', b'|') if !level.bars => (if operand { link } else { PREFIX }, true),
            (b'&', b'&') => (if operand { link } else { 2 * POINTER }, true),
            (b'|', _) if level.bars => {
                level.bars = false;
                (0, false)
            }
            (b'|', _) if !operand => {
                level.bars = true;
                (PREFIX, false)
            }
            (b'<', b'<') if operand && !after_word => (link, true),
            (b'<', _) if operand && !after_word => (link, false),
            (b'<', _) => {
                level.angles += 1;
                (TYPE, false)
            }
            (b'>', _) => {
                if level.angles > 0 {
                    level.angles -= 1;
                    level.cost = level.cost.saturating_sub(TYPE);
                }
                (0, false)
            }
            (b'=' | b'@', _) => (PREFIX, false),
            (b'&' | b'*', _) if !operand => (POINTER, false),
            (b'-' | b'!', _) if !operand => (PREFIX, false),
            _ => (link, false),
        }
    }

    /// Ends what is left out at `end`, if it started with no fewer brackets open than there are here.
    fn end_skipping(&mut self, open: usize, end: usize) {
        if let Some(skipping) = self.skipping.take_if(|skipping| open <= skipping.open) {
            self.found.too_deep.push(skipping.start..end);
        }
    }
}

/// Whether a token after a `}` starts something new: nothing nests from before a block to a word after it, unless the
/// word continues the expression.
fn starts_anew(token: Token<'_>) -> bool {
    match token {
        Token::Word(word) => !matches!(word, "else" | "as" | "in"),
        Token::Literal | Token::Punct(b'#', _) => true,
        _ => false,
    }
}
