//! Runs that do otherwise than the code says, to see what rests on one test: if the loop stops when a flag holds what it
//! was meant to hold, the flag is its guard, and the guard is broken.

use crate::engine::value::Cell;
use crate::ir::Span;

/// What a run does otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amend {
    /// This test answers the opposite from its second time on: as if the flag it asks stayed set.
    Latch(Span),
    /// This test answers as it did the first time: as if the flag it asks were never set.
    Freeze(Span),
    /// This test answers the opposite.
    Flip(Span),
    /// The variable that this pattern declares goes on with what it held in the round before: as if it were declared
    /// before the loop.
    Keep(Span),
    /// The refusal comes without a body.
    Mute,
}

/// An amendment with what it has seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Amended {
    amend: Option<Amend>,
    first: Option<bool>,
    held: Option<Cell>,
}

impl Amended {
    pub(super) fn new(amend: Option<Amend>) -> Amended {
        Amended { amend, ..Amended::default() }
    }

    /// The pattern declares the variable that is kept.
    pub(super) fn keeps(&self, pat: Span) -> bool {
        self.amend == Some(Amend::Keep(pat))
    }

    /// The kept variable lives in another cell from now on; answers the one before.
    pub(super) fn hold(&mut self, cell: Option<Cell>) -> Option<Cell> {
        std::mem::replace(&mut self.held, cell)
    }

    /// A refusal says nothing beyond its status.
    pub(super) fn is_mute(&self) -> bool {
        self.amend == Some(Amend::Mute)
    }

    /// What a test that holds or does not answers in this run.
    pub(super) fn answer(&mut self, test: Span, held: bool) -> bool {
        match self.amend {
            Some(Amend::Flip(span)) if span == test => !held,
            Some(Amend::Latch(span)) if span == test => match self.first {
                Some(first) => !first,
                None => *self.first.insert(held),
            },
            Some(Amend::Freeze(span)) if span == test => *self.first.get_or_insert(held),
            _ => held,
        }
    }
}
