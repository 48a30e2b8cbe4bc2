//! Saves what it can of a file that lexes but does not parse.
//!
//! It works on tokens: they are cut into items or statements, what parses is kept, what does not is cut finer inside
//! its braces, and what is left is dropped and told. The tokens that stay parse, and carry their places with them, so
//! nothing after this has to know. New syntax that means something old is rewritten first (`gen` blocks, `for await`).

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, ImplItem, Item, TraitItem};

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
}

/// The tokens of a file without those that do not parse, whose ranges are added to `skipped`.
pub(super) fn file(tokens: TokenStream, skipped: &mut Vec<Span>) -> TokenStream {
    let tokens = stable(tokens.clone()).unwrap_or(tokens);
    mend(tokens, Kind::Items, skipped)
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
                let before = kept.last().map(ToString::to_string).unwrap_or_default();
                let next = tokens.peek().map(ToString::to_string).unwrap_or_default();
                let opens = next.starts_with('{') || next == "move";
                let drop = match word.to_string().as_str() {
                    "await" => before == "for",
                    "gen" => next == "fn" || before == "async" && opens,
                    "super" => next == "let",
                    _ => false,
                };
                changed |= drop;
                if drop {
                    continue;
                }
                if word == "gen" && opens {
                    changed = true;
                    proc_macro2::Ident::new("async", word.span()).into()
                } else {
                    word.into()
                }
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

fn mend(tokens: TokenStream, kind: Kind, skipped: &mut Vec<Span>) -> TokenStream {
    let mut kept = Vec::new();
    for part in parts(tokens, kind) {
        // Garbage may stand before what is good: try from every word that can start something.
        let starts = (0..part.len()).filter(|at| *at == 0 || can_start(&part[*at], kind)).take(16);
        let mended = starts.into_iter().find_map(|at| Some((at, mend_part(&part[at..], kind, skipped)?)));
        let dropped = match mended {
            Some((start, tokens)) => {
                kept.extend(tokens);
                &part[..start]
            }
            None => &part[..],
        };
        // Comments that document nothing are no loss.
        let is_attribute = |at: usize| match &dropped[at] {
            TokenTree::Punct(punct) => matches!(punct.as_char(), '#' | '!'),
            TokenTree::Group(group) => group.delimiter() == Delimiter::Bracket,
            _ => false,
        };
        if (0..dropped.len()).all(is_attribute) {
            continue;
        }
        if let (Some(first), Some(last)) = (dropped.first(), dropped.last()) {
            skipped.push(to(at(first.span()), at(last.span())));
        }
    }
    kept.into_iter().collect()
}

/// A part that parses, with what does not inside of its braces left out.
fn mend_part(part: &[TokenTree], kind: Kind, skipped: &mut Vec<Span>) -> Option<TokenStream> {
    let whole: TokenStream = part.iter().cloned().collect();
    if parses(&whole, kind) {
        return Some(whole);
    }
    let told = skipped.len();
    let mended = mend_groups(part, kind, skipped);
    if parses(&mended, kind) {
        return Some(mended);
    }
    skipped.truncate(told);
    None
}

fn mend_groups(part: &[TokenTree], kind: Kind, skipped: &mut Vec<Span>) -> TokenStream {
    let mut after_bang = false;
    // The last word that says what the next braces hold.
    let mut inside = Some(Kind::Stmts);
    let mut settled = kind == Kind::Arms;
    let mended = part.iter().map(|token| {
        let in_macro = std::mem::replace(&mut after_bang, matches!(token, TokenTree::Punct(p) if p.as_char() == '!'));
        match token {
            TokenTree::Ident(word) => {
                let holds = match word.to_string().as_str() {
                    "fn" => Some(Some(Kind::Stmts)),
                    "mod" => Some(Some(Kind::Items)),
                    "impl" => Some(Some(Kind::ImplItems)),
                    "trait" => Some(Some(Kind::TraitItems)),
                    "struct" | "enum" | "union" | "use" | "extern" | "macro_rules" => Some(None),
                    _ => None,
                };
                match word.to_string().as_str() {
                    "match" => inside = Some(Kind::Arms),
                    "let" | "if" | "loop" | "while" | "for" | "async" | "move" if kind == Kind::Stmts => settled = true,
                    // The first of these words decides: `impl` may also stand in a function's arguments.
                    _ if !settled => {
                        if let Some(holds) = holds {
                            inside = holds;
                            settled = true;
                        }
                    }
                    _ => {}
                }
                token.clone()
            }
            TokenTree::Group(group) if !in_macro => {
                let inner = match (group.delimiter(), inside) {
                    (Delimiter::Brace, Some(kind)) if !is_fine(&group.stream(), kind) => {
                        mend(group.stream(), kind, skipped)
                    }
                    (Delimiter::Brace, _) => group.stream(),
                    _ => {
                        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
                        mend_groups(&tokens, Kind::Arms, skipped)
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

/// Whether the content of braces is not what is wrong: it parses as what it should be, or as a struct literal's.
fn is_fine(tokens: &TokenStream, kind: Kind) -> bool {
    let literal = || {
        let braced: TokenTree = Group::new(Delimiter::Brace, tokens.clone()).into();
        let name: TokenTree = proc_macro2::Ident::new("S", proc_macro2::Span::call_site()).into();
        syn::parse2::<syn::ExprStruct>([name, braced].into_iter().collect()).is_ok()
    };
    parses(tokens, kind) || kind == Kind::Stmts && literal()
}

fn parses(tokens: &TokenStream, kind: Kind) -> bool {
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
            }
        }
        Ok(())
    };
    parse.parse2(tokens.clone()).is_ok()
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
