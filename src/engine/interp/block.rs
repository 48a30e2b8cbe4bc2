//! Blocks and statements.

use super::branch::Branch;
use super::{Eval, Exit, Flow, Interp};
use crate::engine::types::Ty;
use crate::engine::value::{Unknown, Value};
use crate::ir::{Block, Expr, ExprKind, Param, PatKind, Span, Stmt, Type};

impl Interp<'_> {
    pub(in crate::engine) fn block(&mut self, block: &Block) -> Eval {
        let depth = self.frame().locals.len();
        let result = self.stmts(block);
        self.frame_mut().locals.truncate(depth);
        result
    }

    fn read_type(&self, ty: &Type) -> Ty {
        self.frame().scope.read(self.db.program(), ty)
    }

    pub(super) fn stmts(&mut self, block: &Block) -> Eval {
        let mut last = Value::Unit;
        for stmt in &block.stmts {
            last = Value::Unit;
            self.see_stmt(stmt);
            match stmt {
                Stmt::Let { pat, ty, init, els, span } => {
                    let value = match init {
                        Some(init) => {
                            self.decoded = ty.as_ref().and_then(|ty| Some((decoding(init)?, self.read_type(ty))));
                            self.eval(init)?
                        }
                        None => Value::unknown(),
                    };
                    let value = self.with_type(value, ty.as_ref());
                    let Some(els) = els else {
                        self.bind(pat, value);
                        self.keep(pat);
                        continue;
                    };
                    let tri = self.matches(pat, &value);
                    let wish = self.wish(Branch::Rest, Branch::Block(els));
                    if !self.settle(tri, *span, wish) {
                        self.block(els)?;
                        // The else block of a let diverges; an opaque one is as good as gone.
                        return Err(Flow::Halt(Exit::Left));
                    }
                }
                Stmt::Expr { expr, semi } => {
                    let value = self.eval(expr)?;
                    if !semi {
                        last = value;
                    }
                }
                Stmt::Item(_) => {}
            }
        }
        Ok(last)
    }

    pub(super) fn with_type(&self, value: Value, ty: Option<&Type>) -> Value {
        match (value, ty) {
            (Value::Unknown(u), Some(ty)) if !u.ty.is_known() => {
                Value::Unknown(Unknown { ty: self.frame().scope.read(self.db.program(), ty), ..u })
            }
            (value, _) => value,
        }
    }

    pub(in crate::engine) fn param_value(&self, param: &Param) -> Value {
        let scope = &self.frame().scope;
        match &param.pat.kind {
            PatKind::Bind { name, .. } if *name == "self" => Value::of(scope.self_ty.clone()),
            PatKind::Bind { name, .. } => Value::named(scope.read(self.db.program(), &param.ty), *name),
            _ => Value::of(scope.read(self.db.program(), &param.ty)),
        }
    }
}

/// The method that decodes a body, where its result is what a statement binds: `response.json().await?`
fn decoding(init: &Expr) -> Option<Span> {
    match &init.kind {
        ExprKind::Await(inner) | ExprKind::Try(inner) => decoding(inner),
        ExprKind::Method { name, .. } if matches!(name.as_str(), "json" | "into_json" | "body_json") => Some(init.span),
        ExprKind::Method { recv, name, .. } => {
            matches!(name.as_str(), "map_err" | "context" | "with_context" | "unwrap" | "expect" | "wrap_err")
                .then(|| decoding(recv))?
        }
        _ => None,
    }
}
