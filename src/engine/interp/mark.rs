//! Marks: the tests and writes that show what a guard does.

use super::{Interp, Tri};
use crate::engine::trace::{Mark, MarkKind};
use crate::engine::value::PlaceRef;
use crate::ir::{Pat, PatKind, Span};

/// Marks kept of one run. A loop that makes more of them has shown what it does.
const MARKS: usize = 2_000;

impl Interp<'_> {
    /// The refusal comes without a body in this run.
    pub(in crate::engine) fn is_mute(&self) -> bool {
        self.amended.is_mute()
    }

    fn is_marked(&self) -> bool {
        self.done.attempts > 0 && !self.in_attempt && self.is_home() && self.marks.len() < MARKS
    }

    /// A variable was declared that this run keeps: it starts with what it held in the round before.
    pub(super) fn keep(&mut self, pat: &Pat) {
        let PatKind::Bind { name, .. } = &pat.kind else { return };
        if !self.amended.keeps(pat.span) || !self.is_home() {
            return;
        }
        let new = self.local(*name);
        if let (Some(old), Some(new)) = (self.amended.hold(new), new) {
            self.cells[new.0 as usize] = self.cells[old.0 as usize].clone();
        }
    }

    /// A condition was tested.
    pub(super) fn tested(&mut self, test: Span, tri: Tri) -> Tri {
        if matches!(tri, Tri::Maybe { .. }) || !self.is_marked() || !self.target.site.contains(test) {
            return tri;
        }
        let held = self.amended.answer(test, tri == Tri::Yes);
        self.marks.push(Mark { attempts: self.done.attempts, kind: MarkKind::Test(test, held) });
        Tri::from(held)
    }

    /// A place was written.
    pub(super) fn wrote(&mut self, place: &PlaceRef) {
        if !self.is_marked() {
            return;
        }
        let local = || self.frame().locals.iter().rev().find(|(_, cell)| *cell == place.cell).map(|(name, _)| *name);
        if let Some(name) = place.path.last().copied().or_else(local) {
            self.marks.push(Mark { attempts: self.done.attempts, kind: MarkKind::Write(name) });
        }
    }
}
