//! Conditions that cannot be evaluated, and what a run records.

use super::branch::Branch;
use super::{At, Decision, Event, Interp, Tri, Wish};
use crate::engine::scenario::Scenario;
use crate::engine::types::Ty;
use crate::engine::value::Value;
use crate::ir::Span;

impl Interp<'_> {
    /// Answers a condition that cannot be evaluated.
    ///
    /// Unless this run is told otherwise: what has nothing to do with the failure does not leave the loop; what was
    /// computed from the failure does (the code asked, and it is not known what it answered).
    pub(in crate::engine) fn decide(&mut self, span: Span, tainted: bool, wish: Wish) -> bool {
        let at = self.at(span);
        let after = self.done.attempts > 0;
        let taken = match self.forced.get(&(at, after)) {
            Some(forced) => *forced,
            None if tainted => wish.leave.unwrap_or(false),
            None => wish.stay.unwrap_or(false),
        };
        let compared = self.compared.take();
        if self.until.is_none() && !tainted && wish.leave.is_some_and(|leave| leave != taken) {
            self.until = compared.filter(|name| self.db.lookup.models.words.is_bound(name.as_str()));
        }
        self.decisions.push(Decision {
            at,
            after,
            tainted,
            in_attempt: self.in_attempt,
            taken,
            attempts: self.done.attempts,
        });
        taken
    }

    pub(super) fn settle(&mut self, tri: Tri, span: Span, wish: Wish) -> bool {
        match tri {
            Tri::Yes => true,
            Tri::No => false,
            Tri::Maybe { tainted } => self.decide(span, tainted, wish),
        }
    }

    /// What a two-way branch would have to answer to stay or leave.
    pub(super) fn wish(&self, then: Branch<'_>, els: Branch<'_>) -> Wish {
        let wanted = |b: &Branch<'_>| b.span().is_some_and(|s| self.wanted(s));
        match (wanted(&then), wanted(&els)) {
            (true, false) => return Wish { stay: Some(true), leave: self.leave(&then, &els) },
            (false, true) => return Wish { stay: Some(false), leave: self.leave(&then, &els) },
            _ => {}
        }
        let leave = self.leave(&then, &els);
        Wish { stay: leave.map(|b| !b), leave }
    }

    pub(super) fn leave(&self, then: &Branch<'_>, els: &Branch<'_>) -> Option<bool> {
        match (then.leaves(), els.leaves()) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }

    /// The branch holds the attempt, or, inside the attempt, a way to the network that was not taken yet.
    pub(super) fn wanted(&self, span: Span) -> bool {
        if self.frame().id == self.target.home && span.contains(self.target.attempt) {
            return true;
        }
        self.in_attempt && !self.hit && self.db.reaches_within(self.frame().id, span)
    }

    pub(in crate::engine) fn question(&mut self, span: Span, what: impl FnOnce() -> String) {
        let asks = self.after_attempt() || (self.in_attempt && self.operation_asks());
        if asks && self.scenario != Scenario::Success {
            let at = self.at(span);
            self.events.push(Event::Question(at, what()));
        }
    }

    /// The operation of a library call asks what failed, and the library hears the answer: in the operation itself, or
    /// in a function that answers it or makes the library's error.
    fn operation_asks(&self) -> bool {
        let id = self.frame().id;
        let answers = || match self.db.lookup.returns(id) {
            Ty::Bool => true,
            Ty::Ext(path) => self.db.lookup.models.retry.takes_for_transient(path.as_str()),
            _ => false,
        };
        self.operation_decides && self.hit && self.operation.is_some_and(|(home, _)| id == home || answers())
    }

    /// Remembers a `?` of a library call's operation that lets a failure through.
    pub(super) fn note_question_mark(&mut self, value: &Value, span: Span) {
        let fails = match self.load(value) {
            Value::Result(Err(_)) => true,
            other => matches!(other, Value::Unknown(_)) && other.is_tainted(),
        };
        let in_operation = self.operation.is_some_and(|(home, _)| self.frame().id == home);
        let to_library = match &self.frame().error {
            Ty::Ext(path) => self.db.lookup.models.retry.takes_for_transient(path.as_str()),
            _ => false,
        };
        if fails && self.in_attempt && (in_operation || to_library) {
            self.question_mark_at = Some(self.at(span));
        }
    }

    pub(in crate::engine) fn slept(&mut self, span: Span, time: Option<(f64, f64)>) {
        if self.after_attempt() {
            // A delay in a helper is shown where the loop calls the helper.
            let at = if self.is_home() {
                self.at(span)
            } else {
                At { file: self.db.program().function(self.target.home).file, span: self.home_call }
            };
            self.events.push(Event::Delay(at, time));
        }
    }

    pub(super) fn ticked(&mut self, span: Span) {
        if self.after_attempt() {
            let at = self.at(span);
            self.events.push(Event::Tick(at));
        }
    }

    pub(in crate::engine) fn waited(&mut self, span: Span) {
        if self.after_attempt() {
            let at = self.at(span);
            self.events.push(Event::Wait(at));
        }
    }

    /// What runs is the site's own function.
    pub(super) fn is_home(&self) -> bool {
        self.frame().id == self.target.home
    }

    /// An attempt has been made, and this is not it.
    pub(in crate::engine) fn after_attempt(&self) -> bool {
        self.done.attempts > 0 && !self.in_attempt
    }

    /// The next piece of work was taken, perhaps by the attempt itself: another operation each time.
    pub(in crate::engine) fn claimed(&mut self, span: Span) {
        if self.done.attempts > 0 {
            let at = self.at(span);
            self.events.push(Event::Wait(at));
        }
    }

    /// An operation went to the network: what it answers here and now.
    pub(in crate::engine) fn network(&mut self) -> Option<u16> {
        if self.in_attempt {
            self.hit = true;
            self.any_hit = true;
            self.refusal()
        } else {
            if self.after_attempt() {
                self.events.push(Event::Sent);
            }
            None
        }
    }
}
