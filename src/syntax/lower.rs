//! What lowering shares: names, spans, how deep it is, and attributes.
//!
//! Spans are put together from the first and the last token of a node. (`syn::spanned` builds the node's whole token
//! stream for every span, which makes lowering quadratic in depth; it is used for small nodes only.)

use proc_macro2::Ident;
use rustc_hash::FxHashMap;
use syn::spanned::Spanned;

use crate::ir::{Expr, ExprKind, File, Name, Span};

/// How deep expressions, patterns and types may nest in the IR; what is deeper is opaque. Everything that recurses over
/// the IR, dropping it included, may count on this.
pub const MAX_DEPTH: u32 = 512;

/// Lowers a file that was parsed from this text.
pub(super) fn file(file: &syn::File, text: &str) -> File {
    let mut lower = Lower { lines: line_starts(text), ..Lower::default() };
    let mut items = lower.items(&file.items);
    if is_test(&file.attrs) {
        items.iter_mut().for_each(|item| item.is_test = true);
    }
    File { items, skipped: lower.skipped }
}

/// The state of lowering one file.
#[derive(Default)]
pub(super) struct Lower {
    /// Names of this file, so that the process-wide table and its lock are asked once for each.
    names: FxHashMap<String, Name>,
    /// Where each line starts, or [`NOT_ASCII`].
    lines: Vec<u32>,
    pub(super) depth: u32,
    pub(super) skipped: Vec<Span>,
}

impl Lower {
    /// An identifier; `r#type` is `type`.
    pub(super) fn name(&mut self, ident: &Ident) -> Name {
        let mut text = ident.to_string();
        if text.starts_with("r#") {
            text.drain(..2);
        }
        *self.names.entry(text).or_insert_with_key(|text| Name::new(text))
    }

    /// `'label` without the quote.
    pub(super) fn label(&mut self, lifetime: &syn::Lifetime) -> Name {
        self.name(&lifetime.ident)
    }

    /// The byte range of a token. `proc_macro2` looks bytes up in a tree of all it was asked for; where a line is ASCII,
    /// its number and the column are enough, and much faster.
    pub(super) fn at(&self, span: proc_macro2::Span) -> Span {
        let (first, last) = (span.start(), span.end());
        let start = |line: usize| self.lines.get(line - 1).copied().filter(|start| *start != NOT_ASCII);
        match (start(first.line), start(last.line)) {
            (Some(start), Some(end)) => Span { start: start + first.column as u32, end: end + last.column as u32 },
            _ => at(span),
        }
    }

    /// The byte range of a node, by way of all its tokens: for small nodes.
    pub(super) fn span_of(&self, node: &impl Spanned) -> Span {
        self.at(node.span())
    }

    /// Goes one level deeper, unless that is too deep.
    pub(super) fn deeper<T>(&mut self, node: &impl Spanned, go: impl FnOnce(&mut Lower) -> T) -> Option<T> {
        if self.depth + 1 >= MAX_DEPTH {
            let span = self.span_of(node);
            self.skipped.push(span);
            return None;
        }
        self.depth += 1;
        let lowered = go(self);
        self.depth -= 1;
        Some(lowered)
    }
}

/// The byte range of a token.
pub(super) fn at(span: proc_macro2::Span) -> Span {
    let range = span.byte_range();
    // `parse` refuses texts whose offsets would not fit.
    Span { start: range.start as u32, end: range.end as u32 }
}

const NOT_ASCII: u32 = u32::MAX;

fn line_starts(text: &str) -> Vec<u32> {
    let mut start = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        let line_start = start;
        start += line.len() as u32;
        if line.is_ascii() { line_start } else { NOT_ASCII }
    });
    lines.collect()
}

/// From the start of one span to the end of another.
pub(super) fn to(start: Span, end: Span) -> Span {
    Span { start: start.start, end: end.end }
}

/// What was not understood.
pub(super) fn opaque(span: Span) -> Expr {
    Expr { kind: ExprKind::Opaque, span }
}

/// Whether attributes say that an item is for tests only.
pub(super) fn is_test(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().any(|attr| {
        let path = attr.path();
        if path.is_ident("cfg") {
            return attr.parse_args::<syn::Meta>().is_ok_and(|meta| requires_test(&meta));
        }
        // `#[test]`, `#[tokio::test]`, `#[rstest]`, `#[wasm_bindgen_test]`, `#[test_case(..)]`
        path.segments.last().is_some_and(|last| {
            let name = last.ident.to_string();
            name.ends_with("test") || name == "test_case" || name == "bench"
        })
    })
}

/// Whether a `cfg` predicate is about `test`, other than by `not`.
fn requires_test(meta: &syn::Meta) -> bool {
    match meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) if list.path.is_ident("all") || list.path.is_ident("any") => {
            let parts = syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated;
            list.parse_args_with(parts).is_ok_and(|parts| parts.iter().any(requires_test))
        }
        _ => false,
    }
}

/// The value of `#[name = "text"]`.
pub(super) fn text_value(attrs: &[syn::Attribute], name: &str) -> Option<Name> {
    attrs.iter().filter(|attr| attr.path().is_ident(name)).find_map(|attr| match &attr.meta {
        syn::Meta::NameValue(pair) => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(Name::new(&text.value())),
            _ => None,
        },
        _ => None,
    })
}
