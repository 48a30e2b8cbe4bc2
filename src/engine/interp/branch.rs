//! Branches: `if`, `match`, `?`, and which branch leaves.

use super::{Eval, Flow, Interp, Tri, Wish};
use crate::engine::trace::SightKind;
use crate::engine::types::Ty;
use crate::engine::value::Value;
use crate::ir::{BinOp, Block, Expr, ExprKind, Pat, PatKind, Span, Stmt, UnOp};

impl Interp<'_> {
    pub(super) fn if_(&mut self, cond: &Expr, then: &Block, els: Option<&Expr>) -> Eval {
        let depth = self.frame().locals.len();
        let wish = self.wish(Branch::Block(then), els.map_or(Branch::Rest, Branch::Expr));
        let tri = self.cond(cond, wish)?;
        let taken = self.settle(tri, cond.span, wish);
        let result = if taken {
            self.block(then)
        } else {
            self.frame_mut().locals.truncate(depth);
            match els {
                Some(els) => self.eval(els),
                None => Ok(Value::Unit),
            }
        };
        self.frame_mut().locals.truncate(depth);
        result
    }

    /// A condition, with its bindings left in scope.
    pub(super) fn cond(&mut self, e: &Expr, wish: Wish) -> Result<Tri, Flow> {
        match &e.kind {
            ExprKind::Binary(BinOp::And, a, b) => {
                let left = self.cond(a, wish)?;
                if left == Tri::No {
                    return Ok(Tri::No);
                }
                if let Tri::Maybe { tainted } = left
                    && !self.decide(a.span, tainted, wish)
                {
                    return Ok(Tri::No);
                }
                self.cond(b, wish)
            }
            ExprKind::Binary(BinOp::Or, a, b) => {
                let left = self.cond(a, wish)?;
                match left {
                    Tri::Yes => return Ok(Tri::Yes),
                    Tri::No => {}
                    Tri::Maybe { tainted } => {
                        // What is known on the right decides before anything is assumed on the left.
                        let right = self.cond(b, wish)?;
                        return Ok(match right {
                            Tri::Yes => Tri::Yes,
                            Tri::No => left,
                            Tri::Maybe { tainted: other } => Tri::Maybe { tainted: tainted || other },
                        });
                    }
                }
                self.cond(b, wish)
            }
            ExprKind::Unary(UnOp::Not, inner) => Ok(match self.cond(inner, wish.not())? {
                Tri::Yes => Tri::No,
                Tri::No => Tri::Yes,
                maybe => maybe,
            }),
            ExprKind::Let { pat, expr } => {
                let value = self.eval(expr)?;
                let tri = self.matches(pat, &value);
                Ok(self.tested(e.span, tri))
            }
            _ => {
                let value = self.eval(e)?;
                let tri = match self.load(&value) {
                    Value::Bool(b) => Tri::from(b),
                    other => Tri::Maybe { tainted: other.is_tainted() },
                };
                Ok(self.tested(e.span, tri))
            }
        }
    }

    pub(super) fn match_(&mut self, value: &Value, arms: &[crate::ir::Arm]) -> Eval {
        let depth = self.frame().locals.len();
        let any_wanted = arms.iter().any(|a| self.wanted(a.body.span));
        for (i, arm) in arms.iter().enumerate() {
            let last = i + 1 == arms.len();
            let mut tri = self.matches(&arm.pat, value);
            if is_telling(&arm.pat) {
                tri = self.tested(arm.pat.span, tri);
            }
            let leaves = Branch::Expr(&arm.body).leaves();
            let stay = if any_wanted { self.wanted(arm.body.span) } else { !leaves };
            let wish = Wish { stay: Some(stay), leave: Some(leaves) };
            let mut asked = arm.pat.span;
            if tri != Tri::No
                && let Some(guard) = &arm.guard
            {
                // The pattern fits: what is assumed is the guard.
                if tri == Tri::Yes {
                    asked = guard.span;
                }
                let held = self.cond(guard, wish)?;
                tri = match (tri, held) {
                    (_, Tri::No) => Tri::No,
                    (Tri::Yes, held) => held,
                    (maybe, Tri::Yes) => maybe,
                    (Tri::Maybe { tainted: a }, Tri::Maybe { tainted: b }) => Tri::Maybe { tainted: a || b },
                    (Tri::No, _) => Tri::No,
                };
            }
            // A match is exhaustive: when nothing else fitted, the last arm does.
            let taken = match tri {
                Tri::Maybe { .. } if last && arm.guard.is_none() => true,
                tri => self.settle(tri, asked, wish),
            };
            if taken {
                self.see(arm.body.span, SightKind::Arm);
                let result = self.eval(&arm.body);
                self.frame_mut().locals.truncate(depth);
                return result;
            }
            self.frame_mut().locals.truncate(depth);
        }
        Ok(Value::derived(Ty::Unknown, [&self.load(value)]))
    }

    /// `?`
    pub(super) fn question_mark(&mut self, value: Value) -> Eval {
        match self.load(&value) {
            Value::Result(Ok(inner)) => Ok((*inner).clone()),
            Value::Result(Err(error)) => {
                let target = self.frame().error.clone();
                let error = self.convert(self.load(&error), &target)?;
                Err(Flow::Return(Value::err(error)))
            }
            Value::Option(Some(inner)) => Ok((*inner).clone()),
            Value::Option(None) => Err(Flow::Return(Value::none())),
            Value::Unknown(u) if u.tainted => Err(Flow::Return(Value::err(Value::asked(Ty::Unknown)))),
            Value::Unknown(u) => Ok(Value::of(match u.ty.payload() {
                Ty::Unknown if !matches!(u.ty, Ty::Option(_) | Ty::Result(..)) => u.ty,
                payload => payload,
            })),
            other => Ok(other),
        }
    }
}

/// A pattern that says more than whether something succeeded.
fn is_telling(pat: &Pat) -> bool {
    match &pat.kind {
        PatKind::TupleStruct(path, parts) if matches!(path.last().as_str(), "Ok" | "Err" | "Some") => {
            parts.iter().any(is_telling)
        }
        PatKind::Path(path) => path.last() != "None",
        PatKind::TupleStruct(..) | PatKind::Struct(..) | PatKind::Lit(_) | PatKind::Range { .. } => true,
        PatKind::Or(parts) | PatKind::Tuple(parts) => parts.iter().any(is_telling),
        PatKind::Ref(inner) => is_telling(inner),
        _ => false,
    }
}

/// A branch of a condition.
pub(super) enum Branch<'b> {
    Block(&'b Block),
    Expr(&'b Expr),
    /// What follows.
    Rest,
}

impl Branch<'_> {
    pub(super) fn span(&self) -> Option<Span> {
        match self {
            Branch::Block(block) => Some(block.span),
            Branch::Expr(e) => Some(e.span),
            Branch::Rest => None,
        }
    }

    /// It ends the loop or the function on every way through, as far as its own statements show.
    pub(super) fn leaves(&self) -> bool {
        match self {
            Branch::Block(block) => block_leaves(block),
            Branch::Expr(e) => expr_leaves(e),
            Branch::Rest => false,
        }
    }
}

fn block_leaves(block: &Block) -> bool {
    block.stmts.iter().any(|s| matches!(s, Stmt::Expr { expr, .. } if expr_leaves(expr)))
}

fn expr_leaves(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Return(_) | ExprKind::Break { .. } => true,
        ExprKind::Block { block, .. } => block_leaves(block),
        ExprKind::If { then, els: Some(els), .. } => block_leaves(then) && expr_leaves(els),
        ExprKind::Match { arms, .. } => !arms.is_empty() && arms.iter().all(|a| expr_leaves(&a.body)),
        ExprKind::Macro(call) => {
            matches!(call.path.last().as_str(), "bail" | "panic" | "unreachable" | "todo" | "unimplemented" | "throw")
        }
        ExprKind::Call { callee, .. } => {
            matches!(&callee.kind, ExprKind::Path(p) if p.segments.len() > 1 && p.segments[p.segments.len() - 2] == "process" && matches!(p.last().as_str(), "exit" | "abort"))
        }
        _ => false,
    }
}
