//! What can be seen where: the names in scope at each statement between two attempts.
//!
//! Runs do not keep this; only those that write code into the loop (`fix`) ask for it.

use super::Interp;
use crate::engine::trace::{Sight, SightKind};
use crate::engine::types::Ty;
use crate::engine::value::Value;
use crate::finding::SiteKind;
use crate::ir::{Span, Stmt};
use crate::syntax::program::FnId;

/// The sights of the round before the last attempt, and those since.
#[derive(Default)]
pub(super) struct Watch {
    before: Vec<Sight>,
    now: Vec<Sight>,
}

impl Interp<'_> {
    /// Keeps what can be seen.
    pub fn watching(mut self) -> Self {
        self.watch = Some(Watch::default());
        self
    }

    /// What was seen between the last two attempts, or since the only one.
    pub(super) fn sights(&mut self) -> Vec<Sight> {
        match self.watch.take() {
            Some(watch) if self.done.attempts > 1 => watch.before,
            Some(watch) => watch.now,
            None => Vec::new(),
        }
    }

    pub(super) fn next_round(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.before = std::mem::take(&mut watch.now);
        }
    }

    pub(super) fn see_stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Let { span, .. } => self.see(*span, SightKind::Statement),
            Stmt::Expr { expr, .. } => self.see(expr.span, SightKind::Statement),
            Stmt::Item(_) => {}
        }
    }

    pub(in crate::engine) fn see_unnamed(&mut self, span: Span, value: &Value) {
        if self.watch.is_some() {
            let value = self.load(value);
            self.see(span, SightKind::Unnamed(value));
        }
    }

    pub(super) fn see(&mut self, span: Span, kind: SightKind) {
        // Closures and callees have frames of their own: code cannot be written there for the loop.
        let is_own = match self.target.kind {
            SiteKind::Recursion => self.is_home(),
            _ => self.frames.len() == 1,
        };
        if self.watch.is_none() || self.done.attempts == 0 || self.in_attempt || !is_own {
            return;
        }
        let names = self.frame().locals.iter();
        let names = names.map(|(name, cell)| (*name, self.load(&self.cells[cell.0 as usize]))).collect();
        let events = self.events.len();
        if let Some(watch) = &mut self.watch {
            watch.now.push(Sight { span, kind, events, names });
        }
    }
}

/// Questions from outside of a run.
impl Interp<'_> {
    /// What a function answers about a value.
    pub fn answer_about(mut self, function: FnId, value: Value) -> Option<Value> {
        self.push_frame(function);
        let answer = self.run_fn(function, vec![value]).ok()?;
        Some(self.load(&answer))
    }

    /// A failure whose type is an enum of the unit, as the variant that it would arrive as.
    pub fn shaped(mut self, value: &Value) -> Value {
        self.push_frame(self.target.home);
        match value {
            Value::Failure(failure) => match failure.ty.clone() {
                Ty::Adt(id, _) => self.materialize(id, failure),
                _ => value.clone(),
            },
            _ => value.clone(),
        }
    }
}
