//! The way to the site: runs what stands before it, and goes into what holds it.

use super::{Eval, Exit, Flow, Interp};
use crate::engine::types::Ty;
use crate::engine::value::{Unknown, Value};
use crate::finding::SiteKind;
use crate::ir::{BinOp, Block, Expr, ExprKind, MacroBody, Stmt};

impl<'a> Interp<'a> {
    /// Runs what stands before the site and goes into what holds it. Exits on the way are not taken: the site was
    /// reached somehow.
    pub(super) fn seek_block(&mut self, block: &'a Block) -> Eval {
        for stmt in &block.stmts {
            match stmt {
                Stmt::Let { init: Some(init), span, .. }
                    if span.contains(self.target.site) && init.span.contains(self.target.site) =>
                {
                    self.seek(init)?;
                }
                Stmt::Let { pat, ty, init, .. } => {
                    let value = match init {
                        Some(init) => self.pass(init)?,
                        None => Value::unknown(),
                    };
                    let value = self.with_type(value, ty.as_ref());
                    self.bind(pat, value);
                }
                Stmt::Expr { expr, .. } if expr.span.contains(self.target.site) => {
                    self.seek(expr)?;
                }
                Stmt::Expr { expr, .. } => {
                    // What cannot touch a variable has no effect here.
                    self.pass(expr)?;
                }
                Stmt::Item(_) => {}
            }
        }
        Ok(Value::Unit)
    }

    /// Evaluates something before the site; only the end of the run gets through.
    pub(super) fn pass(&mut self, e: &'a Expr) -> Eval {
        match self.eval(e) {
            Ok(value) => Ok(value),
            Err(Flow::Halt(exit @ Exit::Budget)) => Err(Flow::Halt(exit)),
            Err(_) => Ok(Value::of(self.db.static_type(self.frame().id, e.span))),
        }
    }

    pub(super) fn seek(&mut self, e: &'a Expr) -> Eval {
        let site = self.target.site;
        if e.span == site && self.target.kind == SiteKind::Combinator {
            return self.combinator(e);
        }
        if e.span == site && matches!(e.kind, ExprKind::Loop { .. } | ExprKind::While { .. } | ExprKind::For { .. }) {
            return self.site(e);
        }
        match &e.kind {
            ExprKind::Call { args, .. } if e.span == site => {
                let values = self.eval_all(args)?;
                self.given = values.into_iter().enumerate().collect();
                Err(Flow::Halt(Exit::Unreached))
            }
            ExprKind::Method { recv, args, .. } if e.span == site => {
                let recv = self.eval(recv)?;
                let values = self.eval_all(args)?;
                self.given = std::iter::once(recv).chain(values).enumerate().collect();
                Err(Flow::Halt(Exit::Unreached))
            }
            ExprKind::If { cond, then, els } => {
                if cond.span.contains(site) {
                    return self.seek(cond);
                }
                if then.span.contains(site) {
                    self.assume_cond(cond)?;
                    return self.seek_block(then);
                }
                self.pass(cond)?;
                match els {
                    Some(els) => self.seek(els),
                    None => Ok(Value::Unit),
                }
            }
            ExprKind::Match { scrutinee, arms } => {
                if scrutinee.span.contains(site) {
                    return self.seek(scrutinee);
                }
                let value = self.pass(scrutinee)?;
                for arm in arms {
                    if arm.body.span.contains(site) {
                        self.bind(&arm.pat, value);
                        return self.seek(&arm.body);
                    }
                }
                Ok(Value::Unit)
            }
            ExprKind::While { cond, body, .. } => {
                if body.span.contains(site) {
                    self.assume_cond(cond)?;
                }
                self.seek_block(body)
            }
            ExprKind::For { pat, iter, body, .. } => {
                if iter.span.contains(site) {
                    return self.seek(iter);
                }
                let iter = self.pass(iter)?;
                let item = match self.load(&iter) {
                    Value::Unknown(Unknown { ty: Ty::List(item), .. }) => Value::of((*item).clone()),
                    Value::List(items) => items.first().cloned().unwrap_or_else(Value::unknown),
                    _ => Value::unknown(),
                };
                self.bind(pat, item);
                self.seek_block(body)
            }
            ExprKind::Async(body) => self.seek_block(body),
            ExprKind::Loop { body, .. } | ExprKind::Block { block: body, .. } => self.seek_block(body),
            ExprKind::Closure { params, body, .. } => {
                for param in params.iter() {
                    let value = self.param_value(param);
                    self.bind(&param.pat, value);
                }
                self.frame_mut().error = Ty::Unknown;
                self.seek(body)
            }
            ExprKind::Macro(call) => match &call.body {
                MacroBody::Select(arms) => {
                    for arm in arms {
                        if arm.body.span.contains(site) {
                            if let Some(pat) = &arm.pat {
                                self.bind(pat, Value::unknown());
                            }
                            return self.seek(&arm.body);
                        }
                        if let Some(future) = arm.future.as_ref().filter(|f| f.span.contains(site)) {
                            return self.seek(future);
                        }
                    }
                    Ok(Value::Unit)
                }
                MacroBody::Block(block) => self.seek_block(block),
                MacroBody::Args(args) => self.seek_among(args.iter()),
                MacroBody::Matches { expr, .. } => self.seek(expr),
                MacroBody::Opaque => Ok(Value::Unit),
            },
            ExprKind::Call { callee, args } => self.seek_among(std::iter::once(&**callee).chain(args)),
            ExprKind::Method { recv, args, .. } => self.seek_among(std::iter::once(&**recv).chain(args)),
            ExprKind::Tuple(items) | ExprKind::Array(items) => self.seek_among(items.iter()),
            ExprKind::Struct { fields, rest, .. } => {
                self.seek_among(fields.iter().map(|(_, e)| e).chain(rest.iter().map(|r| &**r)))
            }
            ExprKind::Binary(_, a, b) | ExprKind::Index(a, b) | ExprKind::Repeat(a, b) => {
                self.seek_among([&**a, &**b].into_iter())
            }
            ExprKind::Assign { place, value, .. } => self.seek_among([&**value, &**place].into_iter()),
            ExprKind::Field(inner, _)
            | ExprKind::Unary(_, inner)
            | ExprKind::Ref { expr: inner, .. }
            | ExprKind::Cast(inner, _)
            | ExprKind::Await(inner)
            | ExprKind::Try(inner)
            | ExprKind::Let { expr: inner, .. } => self.seek(inner),
            ExprKind::Break { value: Some(inner), .. } | ExprKind::Return(Some(inner)) => self.seek(inner),
            _ => Ok(Value::Unit),
        }
    }

    pub(super) fn seek_among(&mut self, parts: impl Iterator<Item = &'a Expr>) -> Eval {
        for part in parts {
            if part.span.contains(self.target.site) {
                return self.seek(part);
            }
        }
        Ok(Value::Unit)
    }

    /// Binds what a condition binds when it holds.
    pub(super) fn assume_cond(&mut self, cond: &'a Expr) -> Result<(), Flow> {
        match &cond.kind {
            ExprKind::Binary(BinOp::And, a, b) => {
                self.assume_cond(a)?;
                self.assume_cond(b)
            }
            ExprKind::Let { pat, expr } => {
                let value = self.pass(expr)?;
                self.bind(pat, value);
                Ok(())
            }
            _ => {
                self.pass(cond)?;
                Ok(())
            }
        }
    }
}
