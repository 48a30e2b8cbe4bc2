//! Saves what it can of a file that lexes but does not parse.
//!
//! It works on tokens: they are cut into items or statements, what parses is kept, what does not is cut finer inside
//! its braces, and what is left is dropped and told. The tokens that stay parse, and carry their places with them, so
//! nothing after this has to know. New syntax that means something old is rewritten first (`gen` blocks, `for await`).

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, ImplItem, Item, Token, TraitItem};

use super::lower::{at, to};
use crate::ir::Span;

/// What a run of tokens is made of.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Items,
    ImplItems,
    TraitItems,
    Stmts,
    Arms,
    Fields,
}

/// The tokens of a file without those that do not parse, whose ranges are added to `skipped`. A text of this length
/// gets time in proportion.
pub(super) fn file(tokens: TokenStream, length: usize, skipped: &mut Vec<Span>) -> TokenStream {
    let tokens = stable(tokens.clone()).unwrap_or(tokens);
    let mut mender = Mender { skipped: Vec::new(), budget: (64 << 10) + 16 * length };
    let mended = mender.mend(tokens, Kind::Items);
    skipped.append(&mut mender.skipped);
    mended
}

/// New syntax written as the old syntax next to it; `None` if there is none.
pub(super) fn stable(tokens: TokenStream) -> Option<TokenStream> {
    let mut changed = false;
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let token = match token {
            TokenTree::Group(group) => match stable(group.stream()) {
                Some(inner) => {
                    changed = true;
                    regroup(&group, inner)
                }
                None => group.into(),
            },
            TokenTree::Ident(word) => {
                let is =
                    |token: Option<&TokenTree>, text| matches!(token, Some(TokenTree::Ident(word)) if word == text);
                let (before, next) = (kept.last(), tokens.peek());
                let opens = is(next, "move")
                    || matches!(next, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace);
                let drop = word == "await" && is(before, "for")
                    || word == "gen" && (is(next, "fn") || is(before, "async") && opens)
                    || word == "super" && is(next, "let");
                let rename = !drop && word == "gen" && opens;
                changed |= drop || rename;
                if drop {
                    continue;
                }
                if rename { proc_macro2::Ident::new("async", word.span()).into() } else { word.into() }
            }
            token => token,
        };
        kept.push(token);
    }
    changed.then(|| kept.into_iter().collect())
}

/// A group with other tokens inside, at the same place.
fn regroup(group: &Group, inner: TokenStream) -> TokenTree {
    let mut other = Group::new(group.delimiter(), inner);
    other.set_span(group.span());
    other.into()
}

struct Mender {
    skipped: Vec<Span>,
    /// How many bytes may still be parsed. Every level of braces is parsed on its own, so broken text that nests deeply
    /// could take for ever; when this runs out, what is not parsed yet is dropped.
    budget: usize,
}

impl Mender {
    fn mend(&mut self, tokens: TokenStream, kind: Kind) -> TokenStream {
        let mut kept = Vec::new();
        for part in parts(tokens, kind) {
            let dropped = match self.mend_part(&part, kind) {
                Some((start, tokens)) => {
                    kept.extend(tokens);
                    &part[..start]
                }
                None => &part[..],
            };
            // Comments that document nothing are no loss.
            if let Some(span) = span_of(dropped)
                && !dropped.iter().all(is_attribute)
            {
                self.skipped.push(span);
            }
        }
        kept.into_iter().collect()
    }

    /// What parses of a part, and the index of its first token: all of it, or what is left when the braces inside are
    /// mended, or either of these from a later word that can start something, for garbage may stand before it.
    fn mend_part(&mut self, part: &[TokenTree], kind: Kind) -> Option<(usize, Vec<TokenTree>)> {
        if self.parses(part, kind) {
            return Some((0, part.to_vec()));
        }
        let told = self.skipped.len();
        let mended = self.mend_groups(part, kind);
        if self.parses(&mended, kind) {
            return Some((0, mended));
        }
        let inside = self.skipped.split_off(told);
        for start in (1..part.len()).filter(|start| can_start(&part[*start], kind)).take(16) {
            if self.parses(&part[start..], kind) {
                return Some((start, part[start..].to_vec()));
            }
            if self.parses(&mended[start..], kind) {
                let first = at(part[start].span()).start;
                self.skipped.extend(inside.iter().filter(|span| span.start >= first));
                return Some((start, mended[start..].to_vec()));
            }
        }
        None
    }

    /// The same tokens, with what does not parse inside of braces left out.
    fn mend_groups(&mut self, part: &[TokenTree], kind: Kind) -> Vec<TokenTree> {
        let mut after_bang = false;
        // What the next braces hold, and whether a word has said so for good.
        let mut inside = Some(Kind::Stmts);
        let mut settled = kind == Kind::Arms;
        let mended = part.iter().map(|token| {
            let in_macro =
                std::mem::replace(&mut after_bang, matches!(token, TokenTree::Punct(p) if p.as_char() == '!'));
            match token {
                TokenTree::Ident(word) => {
                    let word = word.to_string();
                    // The first of these words decides: `impl` may also stand in a function's arguments.
                    let holds = match word.as_str() {
                        "match" => {
                            inside = Some(Kind::Arms);
                            None
                        }
                        "let" | "if" | "loop" | "while" | "for" | "async" | "move" if kind == Kind::Stmts => {
                            Some(inside)
                        }
                        "fn" => Some(Some(Kind::Stmts)),
                        "mod" => Some(Some(Kind::Items)),
                        "impl" => Some(Some(Kind::ImplItems)),
                        "trait" => Some(Some(Kind::TraitItems)),
                        "struct" | "enum" | "union" | "use" | "extern" | "macro_rules" => Some(None),
                        _ => None,
                    };
                    if let Some(holds) = holds
                        && !std::mem::replace(&mut settled, true)
                    {
                        inside = holds;
                    }
                    token.clone()
                }
                TokenTree::Group(group) if !in_macro => {
                    let inner = match (group.delimiter(), inside) {
                        (Delimiter::Brace, Some(kind)) if !self.is_fine(group, kind) => self.mend(group.stream(), kind),
                        (Delimiter::Brace, _) => group.stream(),
                        _ => {
                            let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
                            self.mend_groups(&tokens, Kind::Arms).into_iter().collect()
                        }
                    };
                    if group.delimiter() == Delimiter::Brace && inside == Some(Kind::Arms) {
                        inside = Some(Kind::Stmts);
                    }
                    regroup(group, inner)
                }
                token => token.clone(),
            }
        });
        mended.collect()
    }

    /// Whether braces are not what is wrong: they hold what they should, or the fields of a struct literal.
    fn is_fine(&mut self, group: &Group, kind: Kind) -> bool {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        self.parses(&tokens, kind) || kind == Kind::Stmts && self.parses(&tokens, Kind::Fields)
    }

    fn parses(&mut self, tokens: &[TokenTree], kind: Kind) -> bool {
        let length = span_of(tokens).map_or(0, |span| (span.end - span.start) as usize);
        if length > self.budget {
            return false;
        }
        self.budget -= length;
        let parse = |input: ParseStream| {
            Attribute::parse_inner(input)?;
            if kind == Kind::Stmts {
                return syn::Block::parse_within(input).map(drop);
            }
            while !input.is_empty() {
                match kind {
                    Kind::Items => input.parse::<Item>().map(drop)?,
                    Kind::ImplItems => input.parse::<ImplItem>().map(drop)?,
                    Kind::TraitItems => input.parse::<TraitItem>().map(drop)?,
                    Kind::Arms => input.parse::<syn::Arm>().map(drop)?,
                    Kind::Stmts => {}
                    Kind::Fields => {
                        input.parse::<syn::FieldValue>()?;
                        input.parse::<Option<Token![,]>>()?;
                    }
                }
            }
            Ok(())
        };
        parse.parse2(tokens.iter().cloned().collect()).is_ok()
    }
}

fn span_of(tokens: &[TokenTree]) -> Option<Span> {
    Some(to(at(tokens.first()?.span()), at(tokens.last()?.span())))
}

/// Whether a token may be part of `#[..]` or `#![..]`.
fn is_attribute(token: &TokenTree) -> bool {
    match token {
        TokenTree::Punct(punct) => matches!(punct.as_char(), '#' | '!'),
        TokenTree::Group(group) => group.delimiter() == Delimiter::Bracket,
        _ => false,
    }
}

/// Cuts tokens after each `;`, and after each `}` that ends an item or statement; arms at their commas.
fn parts(tokens: TokenStream, kind: Kind) -> Vec<Vec<TokenTree>> {
    let mut parts: Vec<Vec<TokenTree>> = Vec::new();
    let mut part: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let ends = match &token {
            TokenTree::Punct(punct) => punct.as_char() == if kind == Kind::Arms { ',' } else { ';' },
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => match tokens.peek() {
                Some(TokenTree::Punct(next)) if kind == Kind::Arms => !matches!(next.as_char(), ',' | '.' | '?' | '='),
                Some(TokenTree::Punct(next)) => "#&*!-|<:'".contains(next.as_char()) && !needs_semicolon(&part),
                Some(TokenTree::Ident(next)) => {
                    !needs_semicolon(&part) && !["else", "as", "in", "if"].iter().any(|word| next == word)
                        || kind != Kind::Arms && next == "if" && !needs_semicolon(&part)
                }
                Some(_) => !needs_semicolon(&part),
                None => true,
            },
            _ => false,
        };
        part.push(token);
        if ends {
            parts.push(std::mem::take(&mut part));
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

/// Whether a part goes on to its `;` whatever braces it has: `use a::{b};`, `let x = S { .. };`
fn needs_semicolon(part: &[TokenTree]) -> bool {
    let mut words = part.iter().filter_map(|token| match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    });
    match words.find(|word| !matches!(word.as_str(), "pub" | "crate")).as_deref() {
        Some("use" | "static" | "type" | "let" | "return") => true,
        Some("const") => !matches!(words.next().as_deref(), Some("fn" | "async" | "unsafe" | "extern") | None),
        _ => false,
    }
}

/// Whether an item, statement or arm may start here.
fn can_start(token: &TokenTree, kind: Kind) -> bool {
    match token {
        TokenTree::Punct(punct) => punct.as_char() == '#' && kind != Kind::Arms,
        TokenTree::Ident(word) => match word.to_string().as_str() {
            "pub" | "fn" | "async" | "impl" | "struct" | "enum" | "mod" | "use" | "const" | "static" | "trait"
            | "type" | "unsafe" | "extern" | "macro_rules" => kind != Kind::Arms,
            "let" | "loop" | "if" | "match" | "while" | "for" | "return" | "break" => kind == Kind::Stmts,
            _ => false,
        },
        _ => false,
    }
}
