//! Lowers blocks, statements and expressions.
//!
//! Parentheses are transparent: the node takes the kind of what is inside and the span of the parentheses, so that a
//! node's span always holds those of its children, and replacing its text is always right.

use std::sync::Arc;

use super::items::annotation;
use super::lower::{Lower, opaque, to};
use crate::ir::{
    Arm, BinOp, Block, Expr, ExprKind, Lit, MacroBody, MacroCall, Name, Param, Path, Span, Stmt, Type, UnOp,
};

impl Lower {
    pub(super) fn block(&mut self, block: &syn::Block) -> Block {
        Block { stmts: self.stmts(&block.stmts), span: self.at(block.brace_token.span.join()) }
    }

    pub(super) fn stmts(&mut self, stmts: &[syn::Stmt]) -> Vec<Stmt> {
        let mut lowered = Vec::with_capacity(stmts.len());
        for (index, stmt) in stmts.iter().enumerate() {
            match stmt {
                syn::Stmt::Local(local) => lowered.push(self.local(local)),
                syn::Stmt::Item(item) => {
                    let mut items = Vec::new();
                    self.item(item, &mut items);
                    lowered.extend(items.into_iter().map(|item| Stmt::Item(Arc::new(item))));
                }
                // A `;` of its own.
                syn::Stmt::Expr(syn::Expr::Verbatim(tokens), Some(_)) if tokens.is_empty() => {}
                syn::Stmt::Expr(expr, semi) => {
                    lowered.push(Stmt::Expr { expr: self.expr(expr), semi: semi.is_some() });
                }
                syn::Stmt::Macro(stmt) => {
                    let name = stmt.mac.path.segments.last().map(|last| last.ident.to_string());
                    if matches!(name.as_deref(), Some("thread_local" | "lazy_static" | "cfg_if"))
                        && let Some(items) = self.macro_items(&stmt.mac)
                    {
                        lowered.extend(items.into_iter().map(|item| Stmt::Item(Arc::new(item))));
                        continue;
                    }
                    let semi = stmt.semi_token.is_some() || index + 1 < stmts.len();
                    lowered.push(Stmt::Expr { expr: self.macro_expr(&stmt.mac), semi });
                }
            }
        }
        lowered
    }

    fn local(&mut self, local: &syn::Local) -> Stmt {
        let els = local.init.as_ref().and_then(|init| init.diverge.as_ref()).and_then(|(_, els)| match &**els {
            syn::Expr::Block(els) => Some(self.block(&els.block)),
            _ => None,
        });
        Stmt::Let {
            pat: self.pat(&local.pat),
            ty: annotation(&local.pat).map(|ty| self.ty(ty)),
            init: local.init.as_ref().map(|init| self.expr(&init.expr)),
            els,
            span: to(self.at(local.let_token.span), self.at(local.semi_token.span)),
        }
    }

    pub(super) fn expr(&mut self, expr: &syn::Expr) -> Expr {
        self.deeper(expr, |lower| lower.expr_inner(expr)).unwrap_or_else(|| opaque(self.span_of(expr)))
    }

    fn boxed(&mut self, expr: &syn::Expr) -> Box<Expr> {
        Box::new(self.expr(expr))
    }

    pub(super) fn exprs<'a>(&mut self, exprs: impl IntoIterator<Item = &'a syn::Expr>) -> Vec<Expr> {
        exprs.into_iter().map(|expr| self.expr(expr)).collect()
    }

    fn expr_inner(&mut self, expr: &syn::Expr) -> Expr {
        use syn::Expr as E;
        let (kind, span) = match expr {
            E::Paren(e) => return Expr { kind: self.expr(&e.expr).kind, span: self.at(e.paren_token.span.join()) },
            E::Group(e) => return self.expr(&e.expr),
            E::Lit(e) => return self.lit(&e.lit),
            E::Path(e) => {
                let path = self.path(e.qself.as_ref(), &e.path);
                let span = path.span;
                (ExprKind::Path(path), span)
            }
            // `_ = f();`: a name that nothing reads.
            E::Infer(e) => return name_expr("_", self.at(e.underscore_token.span)),
            E::Field(e) => {
                let base = self.boxed(&e.base);
                let span = to(base.span, self.member_span(&e.member));
                (ExprKind::Field(base, self.member(&e.member)), span)
            }
            E::Index(e) => {
                let base = self.boxed(&e.expr);
                let span = to(base.span, self.at(e.bracket_token.span.close()));
                (ExprKind::Index(base, self.boxed(&e.index)), span)
            }
            E::MethodCall(e) => return self.method(e),
            E::Call(e) => {
                let callee = self.boxed(&e.func);
                let span = to(callee.span, self.at(e.paren_token.span.close()));
                (ExprKind::Call { callee, args: self.exprs(&e.args) }, span)
            }
            E::Await(e) => {
                let base = self.boxed(&e.base);
                let span = to(base.span, self.at(e.await_token.span));
                (ExprKind::Await(base), span)
            }
            E::Try(e) => {
                let base = self.boxed(&e.expr);
                let span = to(base.span, self.at(e.question_token.span));
                (ExprKind::Try(base), span)
            }
            E::Unary(e) => {
                let inner = self.boxed(&e.expr);
                let (op, token) = match &e.op {
                    syn::UnOp::Not(token) => (UnOp::Not, token.span),
                    syn::UnOp::Neg(token) => (UnOp::Neg, token.span),
                    syn::UnOp::Deref(token) => (UnOp::Deref, token.span),
                    _ => return opaque(self.span_of(expr)),
                };
                let span = to(self.at(token), inner.span);
                (ExprKind::Unary(op, inner), span)
            }
            E::Reference(e) => {
                let inner = self.boxed(&e.expr);
                let span = to(self.at(e.and_token.span), inner.span);
                (ExprKind::Ref { mutable: e.mutability.is_some(), expr: inner }, span)
            }
            E::RawAddr(e) => {
                let inner = self.boxed(&e.expr);
                let span = to(self.at(e.and_token.span), inner.span);
                let mutable = matches!(e.mutability, syn::PointerMutability::Mut(_));
                (ExprKind::Ref { mutable, expr: inner }, span)
            }
            E::Binary(e) => return self.binary(e),
            E::Assign(e) => {
                let (place, value) = (self.boxed(&e.left), self.boxed(&e.right));
                let span = to(place.span, value.span);
                (ExprKind::Assign { op: None, place, value }, span)
            }
            E::Cast(e) => {
                let inner = self.boxed(&e.expr);
                let span = to(inner.span, self.span_of(&e.ty));
                (ExprKind::Cast(inner, self.ty(&e.ty)), span)
            }
            E::Let(e) => {
                let (pat, value) = (Box::new(self.pat(&e.pat)), self.boxed(&e.expr));
                let span = to(self.at(e.let_token.span), value.span);
                (ExprKind::Let { pat, expr: value }, span)
            }
            E::Range(e) => {
                let (lo, hi, inclusive, span) = self.range(e);
                (ExprKind::Range { lo, hi, inclusive }, span)
            }
            E::Tuple(e) => (ExprKind::Tuple(self.exprs(&e.elems)), self.at(e.paren_token.span.join())),
            E::Array(e) => (ExprKind::Array(self.exprs(&e.elems)), self.at(e.bracket_token.span.join())),
            E::Repeat(e) => {
                let kind = ExprKind::Repeat(self.boxed(&e.expr), self.boxed(&e.len));
                (kind, self.at(e.bracket_token.span.join()))
            }
            E::Macro(e) => return self.macro_expr(&e.mac),
            _ => return self.control(expr),
        };
        Expr { kind, span }
    }

    /// Blocks, branches, loops, jumps and the rest. (Apart from the chains above, whose recursion should stay lean.)
    fn control(&mut self, expr: &syn::Expr) -> Expr {
        use syn::Expr as E;
        let (kind, span) = match expr {
            E::Block(e) => {
                let block = self.block(&e.block);
                let span = to(self.label_start(&e.label).unwrap_or(block.span), block.span);
                (ExprKind::Block { label: self.label_of(&e.label), block, is_try: false }, span)
            }
            E::Unsafe(e) => self.plain_block(&e.block, self.at(e.unsafe_token.span), false),
            E::Const(e) => self.plain_block(&e.block, self.at(e.const_token.span), false),
            E::TryBlock(e) => self.plain_block(&e.block, self.at(e.try_token.span), true),
            E::Async(e) => {
                let block = self.block(&e.block);
                let span = to(self.at(e.async_token.span), block.span);
                (ExprKind::Async(Arc::new(block)), span)
            }
            E::If(e) => {
                let (cond, then) = (self.boxed(&e.cond), self.block(&e.then_branch));
                let els = e.else_branch.as_ref().map(|(_, els)| self.boxed(els));
                let span = to(self.at(e.if_token.span), els.as_ref().map_or(then.span, |els| els.span));
                (ExprKind::If { cond, then, els }, span)
            }
            E::Match(e) => {
                let scrutinee = self.boxed(&e.expr);
                let arms = e.arms.iter().map(|arm| self.arm(arm)).collect();
                let span = to(self.at(e.match_token.span), self.at(e.brace_token.span.close()));
                (ExprKind::Match { scrutinee, arms }, span)
            }
            E::Loop(e) => {
                let body = self.block(&e.body);
                let span = to(self.label_start(&e.label).unwrap_or_else(|| self.at(e.loop_token.span)), body.span);
                (ExprKind::Loop { label: self.label_of(&e.label), body }, span)
            }
            E::While(e) => {
                let (cond, body) = (self.boxed(&e.cond), self.block(&e.body));
                let span = to(self.label_start(&e.label).unwrap_or_else(|| self.at(e.while_token.span)), body.span);
                (ExprKind::While { label: self.label_of(&e.label), cond, body }, span)
            }
            E::ForLoop(e) => {
                let (pat, iter, body) = (Box::new(self.pat(&e.pat)), self.boxed(&e.expr), self.block(&e.body));
                let span = to(self.label_start(&e.label).unwrap_or_else(|| self.at(e.for_token.span)), body.span);
                (ExprKind::For { label: self.label_of(&e.label), pat, iter, body }, span)
            }
            E::Break(e) => {
                let value = e.expr.as_ref().map(|value| self.boxed(value));
                let start = self.at(e.break_token.span);
                let end =
                    value.as_ref().map(|value| value.span).or(e.label.as_ref().map(|label| self.at(label.span())));
                let label = e.label.as_ref().map(|label| self.label(label));
                (ExprKind::Break { label, value }, to(start, end.unwrap_or(start)))
            }
            E::Continue(e) => {
                let start = self.at(e.continue_token.span);
                let end = e.label.as_ref().map_or(start, |label| self.at(label.span()));
                (ExprKind::Continue { label: e.label.as_ref().map(|label| self.label(label)) }, to(start, end))
            }
            E::Return(e) => {
                let value = e.expr.as_ref().map(|value| self.boxed(value));
                let start = self.at(e.return_token.span);
                let span = to(start, value.as_ref().map_or(start, |value| value.span));
                (ExprKind::Return(value), span)
            }
            // There is no word for it: a macro that takes the value and gives something unknown back.
            E::Yield(e) => {
                let value = e.expr.as_ref().map(|value| self.expr(value));
                let start = self.at(e.yield_token.span);
                let span = to(start, value.as_ref().map_or(start, |value| value.span));
                let path = name_path("yield", start);
                let body = MacroBody::Args(value.into_iter().collect());
                (ExprKind::Macro(Box::new(MacroCall { path, body })), span)
            }
            E::Closure(e) => return self.closure(e),
            E::Struct(e) => {
                let path = self.path(e.qself.as_ref(), &e.path);
                let fields = e.fields.iter().map(|field| (self.member(&field.member), self.expr(&field.expr)));
                let fields = fields.collect();
                let rest = e.rest.as_ref().map(|rest| self.boxed(rest));
                let span = to(path.span, self.at(e.brace_token.span.close()));
                (ExprKind::Struct { path, fields, rest }, span)
            }
            E::Verbatim(tokens) => return self.verbatim(tokens, self.span_of(expr)),
            _ => return opaque(self.span_of(expr)),
        };
        Expr { kind, span }
    }

    fn plain_block(&mut self, block: &syn::Block, start: Span, is_try: bool) -> (ExprKind, Span) {
        let block = self.block(block);
        let span = to(start, block.span);
        (ExprKind::Block { label: None, block, is_try }, span)
    }

    fn label_of(&mut self, label: &Option<syn::Label>) -> Option<Name> {
        label.as_ref().map(|label| self.label(&label.name))
    }

    fn label_start(&self, label: &Option<syn::Label>) -> Option<Span> {
        label.as_ref().map(|label| self.at(label.name.apostrophe))
    }

    fn method(&mut self, e: &syn::ExprMethodCall) -> Expr {
        let recv = self.boxed(&e.receiver);
        let span = to(recv.span, self.at(e.paren_token.span.close()));
        let turbofish = e.turbofish.iter().flat_map(|angle| &angle.args).filter_map(|arg| match arg {
            syn::GenericArgument::Type(ty) => Some(self.ty(ty)),
            _ => None,
        });
        let turbofish = turbofish.collect();
        let args = self.exprs(&e.args);
        let name_span = self.at(e.method.span());
        Expr { kind: ExprKind::Method { recv, name: self.name(&e.method), name_span, turbofish, args }, span }
    }

    fn binary(&mut self, e: &syn::ExprBinary) -> Expr {
        let (left, right) = (self.boxed(&e.left), self.boxed(&e.right));
        let span = to(left.span, right.span);
        let kind = match binary_op(&e.op) {
            Some((op, false)) => ExprKind::Binary(op, left, right),
            Some((op, true)) => ExprKind::Assign { op: Some(op), place: left, value: right },
            None => ExprKind::Opaque,
        };
        Expr { kind, span }
    }

    fn arm(&mut self, arm: &syn::Arm) -> Arm {
        let (pat, guard) = match &arm.pat {
            syn::Pat::Guard(guarded) => (self.pat(&guarded.pat), Some(self.expr(&guarded.guard))),
            pat => (self.pat(pat), None),
        };
        let body = self.expr(&arm.body);
        let span = to(pat.span, body.span);
        Arm { pat, guard, body, span }
    }

    fn closure(&mut self, e: &syn::ExprClosure) -> Expr {
        let first = e.lifetimes.as_ref().map(|lifetimes| lifetimes.for_token.span);
        let first =
            first.or(e.constness.as_ref().map(|token| token.span)).or(e.asyncness.as_ref().map(|token| token.span));
        let first = first.or(e.capture.as_ref().map(|token| token.span)).unwrap_or(e.inputs_begin.span);
        let params = e
            .inputs
            .iter()
            .map(|input| Param { pat: self.pat(input), ty: annotation(input).map_or(Type::Infer, |ty| self.ty(ty)) });
        let params = params.collect();
        let body = Arc::new(self.expr(&e.body));
        let span = to(self.at(first), body.span);
        Expr { kind: ExprKind::Closure { params, body, is_async: e.asyncness.is_some() }, span }
    }

    /// The ends of a range, whether it includes the upper one, and its span.
    pub(super) fn range(&mut self, e: &syn::ExprRange) -> (Option<Box<Expr>>, Option<Box<Expr>>, bool, Span) {
        let (inclusive, dots) = match &e.limits {
            syn::RangeLimits::HalfOpen(dots) => (false, to(self.at(dots.spans[0]), self.at(dots.spans[1]))),
            syn::RangeLimits::Closed(dots) => (true, to(self.at(dots.spans[0]), self.at(dots.spans[2]))),
        };
        let lo = e.start.as_ref().map(|lo| self.boxed(lo));
        let hi = e.end.as_ref().map(|hi| self.boxed(hi));
        let span = to(lo.as_ref().map_or(dots, |lo| lo.span), hi.as_ref().map_or(dots, |hi| hi.span));
        (lo, hi, inclusive, span)
    }

    /// `become f()`, which `syn` leaves as tokens, is a `return`.
    fn verbatim(&mut self, tokens: &proc_macro2::TokenStream, span: Span) -> Expr {
        let mut rest = tokens.clone().into_iter();
        if let Some(proc_macro2::TokenTree::Ident(word)) = rest.next()
            && word == "become"
            && let Ok(value) = syn::parse2::<syn::Expr>(rest.collect())
        {
            return Expr { kind: ExprKind::Return(Some(self.boxed(&value))), span };
        }
        opaque(span)
    }

    /// A literal. Negative ones come as such from patterns only; they become what they are in expressions.
    pub(super) fn lit(&mut self, lit: &syn::Lit) -> Expr {
        let span = self.at(lit.span());
        let kind = match lit {
            syn::Lit::Int(lit) => {
                let float = lit.suffix().starts_with('f').then(|| lit.base10_parse().ok()).flatten();
                float.map(Lit::Float).or_else(|| lit.base10_parse().ok().map(Lit::Int))
            }
            syn::Lit::Float(lit) => lit.base10_parse().ok().map(Lit::Float),
            syn::Lit::Str(lit) => Some(Lit::Str(Name::new(&lit.value()))),
            syn::Lit::CStr(lit) => Some(Lit::Str(Name::new(&lit.value().to_string_lossy()))),
            syn::Lit::ByteStr(_) | syn::Lit::Byte(_) => Some(Lit::Bytes),
            syn::Lit::Char(lit) => Some(Lit::Char(lit.value())),
            syn::Lit::Bool(lit) => Some(Lit::Bool(lit.value())),
            _ => None,
        };
        let positive = match kind {
            Some(Lit::Int(value)) if value < 0 => Lit::Int(-value),
            Some(Lit::Float(value)) if value.is_sign_negative() => Lit::Float(-value),
            Some(kind) => return Expr { kind: ExprKind::Lit(kind), span },
            None => return opaque(span),
        };
        let inner = Expr { kind: ExprKind::Lit(positive), span: Span { start: span.start + 1, ..span } };
        Expr { kind: ExprKind::Unary(UnOp::Neg, Box::new(inner)), span }
    }
}

/// An operator, and whether it assigns.
fn binary_op(op: &syn::BinOp) -> Option<(BinOp, bool)> {
    use syn::BinOp as O;
    Some(match op {
        O::Add(_) => (BinOp::Add, false),
        O::Sub(_) => (BinOp::Sub, false),
        O::Mul(_) => (BinOp::Mul, false),
        O::Div(_) => (BinOp::Div, false),
        O::Rem(_) => (BinOp::Rem, false),
        O::And(_) => (BinOp::And, false),
        O::Or(_) => (BinOp::Or, false),
        O::BitXor(_) => (BinOp::BitXor, false),
        O::BitAnd(_) => (BinOp::BitAnd, false),
        O::BitOr(_) => (BinOp::BitOr, false),
        O::Shl(_) => (BinOp::Shl, false),
        O::Shr(_) => (BinOp::Shr, false),
        O::Eq(_) => (BinOp::Eq, false),
        O::Lt(_) => (BinOp::Lt, false),
        O::Le(_) => (BinOp::Le, false),
        O::Ne(_) => (BinOp::Ne, false),
        O::Ge(_) => (BinOp::Ge, false),
        O::Gt(_) => (BinOp::Gt, false),
        O::AddAssign(_) => (BinOp::Add, true),
        O::SubAssign(_) => (BinOp::Sub, true),
        O::MulAssign(_) => (BinOp::Mul, true),
        O::DivAssign(_) => (BinOp::Div, true),
        O::RemAssign(_) => (BinOp::Rem, true),
        O::BitXorAssign(_) => (BinOp::BitXor, true),
        O::BitAndAssign(_) => (BinOp::BitAnd, true),
        O::BitOrAssign(_) => (BinOp::BitOr, true),
        O::ShlAssign(_) => (BinOp::Shl, true),
        O::ShrAssign(_) => (BinOp::Shr, true),
        _ => return None,
    })
}

fn name_path(name: &str, span: Span) -> Path {
    Path { segments: vec![Name::new(name)], args: Vec::new(), qself: None, span }
}

fn name_expr(name: &str, span: Span) -> Expr {
    Expr { kind: ExprKind::Path(name_path(name, span)), span }
}
