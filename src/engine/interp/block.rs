//! Blocks and statements.

use super::branch::Branch;
use super::{Eval, Exit, Flow, Interp};
use crate::engine::value::{Unknown, Value};
use crate::ir::{Block, Param, PatKind, Stmt};

impl Interp<'_> {
    pub(in crate::engine) fn block(&mut self, block: &Block) -> Eval {
        let depth = self.frame().locals.len();
        let result = self.stmts(block);
        self.frame_mut().locals.truncate(depth);
        result
    }

    pub(super) fn stmts(&mut self, block: &Block) -> Eval {
        let mut last = Value::Unit;
        for stmt in &block.stmts {
            last = Value::Unit;
            match stmt {
                Stmt::Let { pat, ty, init, els, span } => {
                    let value = match init {
                        Some(init) => self.eval(init)?,
                        None => Value::unknown(),
                    };
                    let value = self.with_type(value, ty.as_ref());
                    let Some(els) = els else {
                        self.bind(pat, value);
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

    pub(super) fn with_type(&self, value: Value, ty: Option<&crate::ir::Type>) -> Value {
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
