//! Loops: the site, round by round, and the loops inside it.

use super::{Eval, Event, Exit, Flow, INNER_ROUNDS, Interp, MANY, Wish};
use crate::engine::types::Ty;
use crate::engine::value::{Unknown, Value};
use crate::ir::{Block, Expr, ExprKind, Name, Span};

impl<'a> Interp<'a> {
    /// Runs the loop that is the site until it is left, or long enough.
    pub(super) fn site(&mut self, e: &'a Expr) -> Eval {
        self.at_site = true;
        let rounds = MANY * 2;
        let exit = match &e.kind {
            ExprKind::Loop { label, body } => self.site_rounds(*label, body, rounds, e.span, |_, _| Ok(true)),
            ExprKind::While { label, cond, body } => {
                let wish = Wish { stay: Some(true), leave: Some(false) };
                self.site_rounds(*label, body, rounds, e.span, |run, _| {
                    let tri = run.cond(cond, wish)?;
                    Ok(run.settle(tri, cond.span, wish))
                })
            }
            ExprKind::For { label, pat, iter, body } => {
                let iter = self.eval(iter)?;
                let iter = self.load(&iter);
                match &iter {
                    Value::Range(_, None, Some(name)) => self.until = Some(*name),
                    Value::Schedule(schedule) if schedule.retries.is_none() => self.until = schedule.until,
                    _ => {}
                }
                self.site_rounds(*label, body, rounds, e.span, |run, round| {
                    Ok(match run.element(&iter, round) {
                        Some(item) => {
                            run.bind(pat, item);
                            true
                        }
                        None => false,
                    })
                })
            }
            _ => Ok(Exit::Unreached),
        };
        match exit {
            Ok(exit) => Err(Flow::Halt(exit)),
            Err(Flow::Halt(exit)) => Err(Flow::Halt(exit)),
            Err(Flow::Return(value)) => {
                self.gave = Some(value);
                Err(Flow::Halt(Exit::Left))
            }
            Err(_) => Err(Flow::Halt(Exit::Left)),
        }
    }

    pub(super) fn site_rounds(
        &mut self,
        label: Option<Name>,
        body: &'a Block,
        rounds: u32,
        span: Span,
        mut next: impl FnMut(&mut Self, u32) -> Result<bool, Flow>,
    ) -> Result<Exit, Flow> {
        let depth = self.frame().locals.len();
        let mut idle = 0;
        for round in 0..rounds {
            let before = self.done.attempts;
            if !next(self, round)? {
                return Ok(Exit::Left);
            }
            match self.block(body) {
                Ok(_) => {}
                Err(Flow::Continue(to)) if to.is_none() || to == label => {}
                Err(Flow::Break(to, value)) if to.is_none() || to == label => {
                    self.gave = Some(value);
                    return Ok(Exit::Left);
                }
                Err(other) => return Err(other),
            }
            self.frame_mut().locals.truncate(depth);
            if self.done.attempts > 0 {
                let at = self.at(Span { start: span.end.saturating_sub(1), end: span.end });
                self.events.push(Event::BackEdge(at));
            }
            // A loop that goes round without attempting anything does something else by now.
            idle = if self.done.attempts == before { idle + 1 } else { 0 };
            if idle > 6 {
                return Ok(if self.done.attempts > 0 { Exit::Left } else { Exit::Unreached });
            }
        }
        Ok(Exit::Going)
    }

    /// The element of an iterated value, `None` at its end.
    pub(super) fn element(&mut self, iter: &Value, round: u32) -> Option<Value> {
        match iter {
            Value::Range(lo, hi, _) => {
                let n = lo + i128::from(round);
                hi.is_none_or(|hi| n < hi).then_some(Value::Int(n))
            }
            Value::List(items) => items.get(round as usize).cloned(),
            Value::Schedule(schedule) => schedule.element(round),
            Value::Unknown(Unknown { ty: Ty::List(item), tainted, .. }) => {
                Some(Value::Unknown(Unknown { ty: (**item).clone(), tainted: *tainted, name: None }))
            }
            _ => Some(Value::unknown()),
        }
    }

    /// Runs a loop that is not the site.
    pub(super) fn inner_loop(
        &mut self,
        label: Option<Name>,
        body: &Block,
        mut next: impl FnMut(&mut Self, u32) -> Result<bool, Flow>,
    ) -> Eval {
        let depth = self.frame().locals.len();
        for round in 0..INNER_ROUNDS {
            if !next(self, round)? {
                self.frame_mut().locals.truncate(depth);
                return Ok(Value::Unit);
            }
            match self.block(body) {
                Ok(_) => {}
                Err(Flow::Continue(to)) if to.is_none() || to == label => {}
                Err(Flow::Break(to, value)) if to.is_none() || to == label => {
                    self.frame_mut().locals.truncate(depth);
                    return Ok(value);
                }
                Err(other) => return Err(other),
            }
            self.frame_mut().locals.truncate(depth);
        }
        // It did not end within the rounds. Around the attempt it is the retry itself, and the site never goes on.
        if self.in_attempt && self.hit {
            return Err(Flow::Halt(Exit::Left));
        }
        Ok(Value::unknown())
    }
}
