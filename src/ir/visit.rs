//! One walk over the IR, in source order, for everything that only looks: summaries, candidates, words.
//!
//! The visitor is a closure: it sees every node and answers whether to go inside.

use std::sync::Arc;

use super::{Block, Expr, ExprKind, Item, MacroBody, Pat, PatKind, Stmt};

/// A node of a body.
pub enum Node<'a> {
    /// A statement.
    Stmt(&'a Stmt),
    /// An expression.
    Expr(&'a Expr),
    /// A pattern.
    Pat(&'a Pat),
    /// A nested item. Its own body is not walked.
    Item(&'a Arc<Item>),
}

/// Walks a block.
pub fn block<'a>(block: &'a Block, see: &mut impl FnMut(Node<'a>) -> bool) {
    for stmt in &block.stmts {
        if !see(Node::Stmt(stmt)) {
            continue;
        }
        match stmt {
            Stmt::Let { pat: bound, init, els, .. } => {
                if let Some(init) = init {
                    expr(init, see);
                }
                pat(bound, see);
                if let Some(els) = els {
                    self::block(els, see);
                }
            }
            Stmt::Expr { expr: inner, .. } => expr(inner, see),
            Stmt::Item(item) => {
                see(Node::Item(item));
            }
        }
    }
}

/// Walks an expression, itself first.
pub fn expr<'a>(node: &'a Expr, see: &mut impl FnMut(Node<'a>) -> bool) {
    if !see(Node::Expr(node)) {
        return;
    }
    match &node.kind {
        ExprKind::Lit(_) | ExprKind::Path(_) | ExprKind::Continue { .. } | ExprKind::Opaque => {}
        ExprKind::Field(inner, _)
        | ExprKind::Unary(_, inner)
        | ExprKind::Ref { expr: inner, .. }
        | ExprKind::Cast(inner, _)
        | ExprKind::Await(inner)
        | ExprKind::Try(inner) => expr(inner, see),
        ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) | ExprKind::Repeat(a, b) => {
            expr(a, see);
            expr(b, see);
        }
        ExprKind::Assign { place, value, .. } => {
            expr(value, see);
            expr(place, see);
        }
        ExprKind::Call { callee, args } => {
            expr(callee, see);
            for arg in args {
                expr(arg, see);
            }
        }
        ExprKind::Method { recv, args, .. } => {
            expr(recv, see);
            for arg in args {
                expr(arg, see);
            }
        }
        ExprKind::If { cond, then, els } => {
            expr(cond, see);
            block(then, see);
            if let Some(els) = els {
                expr(els, see);
            }
        }
        ExprKind::Let { pat: bound, expr: value } => {
            expr(value, see);
            pat(bound, see);
        }
        ExprKind::Match { scrutinee, arms } => {
            expr(scrutinee, see);
            for arm in arms {
                pat(&arm.pat, see);
                if let Some(guard) = &arm.guard {
                    expr(guard, see);
                }
                expr(&arm.body, see);
            }
        }
        ExprKind::Loop { body, .. } | ExprKind::Block { block: body, .. } => block(body, see),
        ExprKind::Async(body) => block(body, see),
        ExprKind::While { cond, body, .. } => {
            expr(cond, see);
            block(body, see);
        }
        ExprKind::For { pat: bound, iter, body, .. } => {
            expr(iter, see);
            pat(bound, see);
            block(body, see);
        }
        ExprKind::Break { value, .. } | ExprKind::Return(value) => {
            if let Some(value) = value {
                expr(value, see);
            }
        }
        ExprKind::Closure { params, body, .. } => {
            for param in params.iter() {
                pat(&param.pat, see);
            }
            expr(body, see);
        }
        ExprKind::Struct { fields, rest, .. } => {
            for (_, value) in fields {
                expr(value, see);
            }
            if let Some(rest) = rest {
                expr(rest, see);
            }
        }
        ExprKind::Tuple(items) | ExprKind::Array(items) => {
            for item in items {
                expr(item, see);
            }
        }
        ExprKind::Range { lo, hi, .. } => {
            for end in [lo, hi].into_iter().flatten() {
                expr(end, see);
            }
        }
        ExprKind::Macro(call) => match &call.body {
            MacroBody::Matches { expr: value, pat: bound, guard } => {
                expr(value, see);
                pat(bound, see);
                if let Some(guard) = guard {
                    expr(guard, see);
                }
            }
            MacroBody::Select(arms) => {
                for arm in arms {
                    if let Some(future) = &arm.future {
                        expr(future, see);
                    }
                    if let Some(bound) = &arm.pat {
                        pat(bound, see);
                    }
                    if let Some(guard) = &arm.guard {
                        expr(guard, see);
                    }
                    expr(&arm.body, see);
                }
            }
            MacroBody::Args(args) => {
                for arg in args {
                    expr(arg, see);
                }
            }
            MacroBody::Block(body) => block(body, see),
            MacroBody::Opaque => {}
        },
    }
}

/// Walks a pattern, itself first.
pub fn pat<'a>(node: &'a Pat, see: &mut impl FnMut(Node<'a>) -> bool) {
    if !see(Node::Pat(node)) {
        return;
    }
    match &node.kind {
        PatKind::Bind { sub: Some(inner), .. } | PatKind::Ref(inner) => pat(inner, see),
        PatKind::TupleStruct(_, parts) | PatKind::Tuple(parts) | PatKind::Slice(parts) | PatKind::Or(parts) => {
            for part in parts {
                pat(part, see);
            }
        }
        PatKind::Struct(_, fields) => {
            for (_, part) in fields {
                pat(part, see);
            }
        }
        PatKind::Lit(value) => expr(value, see),
        PatKind::Range { lo, hi, .. } => {
            for end in [lo, hi].into_iter().flatten() {
                expr(end, see);
            }
        }
        PatKind::Bind { sub: None, .. } | PatKind::Wild | PatKind::Path(_) | PatKind::Rest | PatKind::Opaque => {}
    }
}
