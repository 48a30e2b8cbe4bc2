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

/// Lowers a file.
pub(super) fn file(file: &syn::File) -> File {
    let mut lower = Lower::default();
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

    /// Goes one level deeper, unless that is too deep.
    pub(super) fn deeper<T>(&mut self, node: &impl Spanned, go: impl FnOnce(&mut Lower) -> T) -> Option<T> {
        if self.depth == MAX_DEPTH {
            self.skipped.push(span_of(node));
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

/// From the start of one span to the end of another.
pub(super) fn to(start: Span, end: Span) -> Span {
    Span { start: start.start, end: end.end }
}

/// The byte range of a node, by way of all its tokens: for small nodes.
pub(super) fn span_of(node: &impl Spanned) -> Span {
    at(node.span())
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
