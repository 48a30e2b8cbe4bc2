//! Lowers patterns.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::Parser;

use super::lower::{Lower, to};
use crate::ir::{Name, Pat, PatKind, Span};

impl Lower {
    pub(super) fn pat(&mut self, pat: &syn::Pat) -> Pat {
        let lowered = self.deeper(pat, |lower| lower.pat_inner(pat));
        lowered.unwrap_or_else(|| Pat { kind: PatKind::Opaque, span: self.span_of(pat) })
    }

    fn pats<'a>(&mut self, pats: impl IntoIterator<Item = &'a syn::Pat>) -> Vec<Pat> {
        pats.into_iter().map(|pat| self.pat(pat)).collect()
    }

    fn pat_inner(&mut self, pat: &syn::Pat) -> Pat {
        let (kind, span) = match pat {
            syn::Pat::Ident(pat) => {
                let ident = self.at(pat.ident.span());
                let first =
                    pat.by_ref.as_ref().map(|token| token.span).or(pat.mutability.as_ref().map(|token| token.span));
                let sub = pat.subpat.as_ref().map(|(_, sub)| Box::new(self.pat(sub)));
                let span = to(first.map_or(ident, |span| self.at(span)), sub.as_ref().map_or(ident, |sub| sub.span));
                (PatKind::Bind { name: self.name(&pat.ident), sub }, span)
            }
            syn::Pat::Wild(pat) => (PatKind::Wild, self.at(pat.underscore_token.span)),
            syn::Pat::Rest(pat) => {
                (PatKind::Rest, to(self.at(pat.dot2_token.spans[0]), self.at(pat.dot2_token.spans[1])))
            }
            syn::Pat::Path(pat) => {
                let path = self.path(pat.qself.as_ref(), &pat.path);
                let span = path.span;
                (PatKind::Path(path), span)
            }
            syn::Pat::TupleStruct(pat) => {
                let path = self.path(pat.qself.as_ref(), &pat.path);
                let span = to(path.span, self.at(pat.paren_token.span.close()));
                (PatKind::TupleStruct(path, self.pats(&pat.elems)), span)
            }
            syn::Pat::Struct(pat) => {
                let path = self.path(pat.qself.as_ref(), &pat.path);
                let span = to(path.span, self.at(pat.brace_token.span.close()));
                let fields = pat.fields.iter().map(|field| (self.member(&field.member), self.pat(&field.pat)));
                (PatKind::Struct(path, fields.collect()), span)
            }
            syn::Pat::Tuple(pat) => (PatKind::Tuple(self.pats(&pat.elems)), self.at(pat.paren_token.span.join())),
            syn::Pat::Slice(pat) => (PatKind::Slice(self.pats(&pat.elems)), self.at(pat.bracket_token.span.join())),
            syn::Pat::Or(pat) => {
                let cases = self.pats(&pat.cases);
                let first =
                    pat.leading_vert.as_ref().map(|bar| self.at(bar.span)).or(cases.first().map(|case| case.span));
                let span = to(first.unwrap_or_default(), cases.last().map(|case| case.span).unwrap_or_default());
                (PatKind::Or(cases), span)
            }
            syn::Pat::Reference(pat) => {
                let inner = self.pat(&pat.pat);
                let span = to(self.at(pat.and_token.span), inner.span);
                (PatKind::Ref(Box::new(inner)), span)
            }
            // Parentheses only group, but an edit of the pattern has to include them.
            syn::Pat::Paren(pat) => (self.pat(&pat.pat).kind, self.at(pat.paren_token.span.join())),
            syn::Pat::Guard(pat) => return self.pat(&pat.pat),
            syn::Pat::Type(pat) => return self.pat(&pat.pat),
            syn::Pat::Lit(pat) => {
                let expr = self.lit(&pat.lit);
                let span = expr.span;
                (PatKind::Lit(Box::new(expr)), span)
            }
            syn::Pat::Const(pat) => {
                let block = self.block(&pat.block);
                let span = to(self.at(pat.const_token.span), block.span);
                let kind = crate::ir::ExprKind::Block { label: None, block, is_try: false };
                (PatKind::Lit(Box::new(crate::ir::Expr { kind, span })), span)
            }
            syn::Pat::Range(pat) => {
                let (lo, hi, inclusive, span) = self.range(pat);
                (PatKind::Range { lo, hi, inclusive }, span)
            }
            syn::Pat::Verbatim(tokens) => (self.box_pat(tokens), self.span_of(pat)),
            _ => (PatKind::Opaque, self.span_of(pat)),
        };
        Pat { kind, span }
    }

    /// `box p`, which `syn` leaves as tokens.
    fn box_pat(&mut self, tokens: &TokenStream) -> PatKind {
        let mut rest = tokens.clone().into_iter();
        match rest.next() {
            Some(TokenTree::Ident(word)) if word == "box" => match syn::Pat::parse_single.parse2(rest.collect()) {
                Ok(pat) => PatKind::Ref(Box::new(self.pat(&pat))),
                Err(_) => PatKind::Opaque,
            },
            _ => PatKind::Opaque,
        }
    }

    /// A field's name or index.
    pub(super) fn member(&mut self, member: &syn::Member) -> Name {
        match member {
            syn::Member::Named(ident) => self.name(ident),
            syn::Member::Unnamed(index) => Name::new(&index.index.to_string()),
        }
    }

    /// Where a field's name stands.
    pub(super) fn member_span(&self, member: &syn::Member) -> Span {
        match member {
            syn::Member::Named(ident) => self.at(ident.span()),
            syn::Member::Unnamed(index) => self.at(index.span),
        }
    }
}
