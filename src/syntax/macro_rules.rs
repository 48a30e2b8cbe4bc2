//! Reads `macro_rules!` definitions: the right side of each rule as plain code, as if it stood where it is written.

use proc_macro2::{Delimiter, Group, Ident, Punct, TokenStream, TokenTree};
use rustc_hash::FxHashMap;

use super::lower::Lower;
use crate::ir::MacroRules;

impl Lower {
    /// The bodies of `macro_rules!`, with `$name` read as a name and repetitions as one turn.
    pub(super) fn macro_rules(&mut self, name: &Ident, mac: &syn::Macro) -> MacroRules {
        let groups = mac.tokens.clone().into_iter().filter_map(|token| match token {
            TokenTree::Group(group) => Some(group),
            _ => None,
        });
        let groups: Vec<_> = groups.collect();
        let mut bodies = Vec::new();
        for rule in groups.chunks_exact(2) {
            let mut kinds = FxHashMap::default();
            fragments(rule[0].stream(), &mut kinds);
            let tokens = transcribe(rule[1].stream(), &kinds);
            bodies.extend(self.macro_block(&tokens, self.at(rule[1].span())).filter(|body| !body.stmts.is_empty()));
        }
        MacroRules { name: self.name(name), bodies }
    }
}

/// The kind of every `$name:kind` in a matcher.
fn fragments(matcher: TokenStream, kinds: &mut FxHashMap<String, String>) {
    let tokens: Vec<TokenTree> = matcher.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        match (token, tokens.get(index + 1), tokens.get(index + 2), tokens.get(index + 3)) {
            (
                TokenTree::Punct(dollar),
                Some(TokenTree::Ident(name)),
                Some(TokenTree::Punct(colon)),
                Some(TokenTree::Ident(kind)),
            ) if dollar.as_char() == '$' && colon.as_char() == ':' => {
                kinds.insert(name.to_string(), kind.to_string());
            }
            (TokenTree::Group(group), ..) => fragments(group.stream(), kinds),
            _ => {}
        }
    }
}

/// A rule's right side as plain code.
fn transcribe(body: TokenStream, kinds: &FxHashMap<String, String>) -> TokenStream {
    let mut tokens = body.into_iter().peekable();
    let mut plain: Vec<TokenTree> = Vec::new();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(dollar) if dollar.as_char() == '$' => match tokens.next() {
                Some(TokenTree::Ident(name)) => plain.extend(variable(&dollar, &name, kinds)),
                Some(TokenTree::Group(group)) => {
                    plain.extend(transcribe(group.stream(), kinds));
                    // `*`, or a separator and `*`.
                    for _ in 0..2 {
                        match tokens.next() {
                            Some(TokenTree::Punct(op)) if matches!(op.as_char(), '*' | '+' | '?') => break,
                            Some(TokenTree::Punct(separator)) if matches!(separator.as_char(), ',' | ';') => {
                                plain.push(separator.into());
                            }
                            _ => {}
                        }
                    }
                }
                other => plain.extend(other),
            },
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), transcribe(group.stream(), kinds));
                inner.set_span(group.span());
                plain.push(inner.into());
            }
            token => plain.push(token),
        }
    }
    plain.into_iter().collect()
}

/// A `$name` as the plainest thing of its kind, where `$` and name stood.
fn variable(dollar: &Punct, name: &Ident, kinds: &FxHashMap<String, String>) -> Option<TokenTree> {
    let span = dollar.span().join(name.span()).unwrap_or_else(|| name.span());
    let text = name.to_string();
    // `$type` would be a keyword; `$self` and `$crate` stand for these.
    let keyword = !matches!(text.as_str(), "self" | "crate") && syn::parse_str::<Ident>(&text).is_err();
    let mut plain = if keyword { Ident::new(&format!("{text}_"), span) } else { name.clone() };
    plain.set_span(span);
    match kinds.get(&text).map(String::as_str) {
        Some("vis" | "item" | "lifetime") => None,
        Some("block") => {
            let mut block = Group::new(Delimiter::Brace, TokenTree::from(plain).into());
            block.set_span(span);
            Some(block.into())
        }
        _ => Some(plain.into()),
    }
}
