//! Marks: the tests and writes that show what a guard does.

use super::{Interp, Tri};
use crate::engine::trace::{Mark, MarkKind};
use crate::engine::value::PlaceRef;
use crate::ir::Span;

/// Marks kept of one run. A loop that makes more of them has shown what it does.
const MARKS: usize = 2_000;

impl Interp<'_> {
    fn is_marked(&self) -> bool {
        self.done.attempts > 0 && !self.in_attempt && self.is_home() && self.marks.len() < MARKS
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
