//! What a run leaves behind: events in order, and the decisions that had to be assumed.

use crate::engine::value::Value;
use crate::ir::{Name, Span};
use crate::syntax::program::{FileId, FnId};

/// A place in a file of the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct At {
    /// The file.
    pub file: FileId,
    /// The range.
    pub span: Span,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The operation was attempted.
    Attempt(At),
    /// The code asked what failed, and what the answer was.
    Question(At, String),
    /// It slept: least and most seconds, or an unknown time.
    Delay(At, Option<(f64, f64)>),
    /// It waited for the next tick of an interval.
    Tick(At),
    /// It waited for something else than time: a message, a connection.
    Wait(At),
    /// `?` turned the failure into an error that a retry library takes for a passing one.
    Transient(At),
    /// Control went back to the loop's head.
    BackEdge(At),
    /// It asked for a new token, and whether it got one.
    Refresh(At, bool),
    /// It asked a pool for another credential.
    Rotate(At, Handed),
    /// It searched the failure's text for a status that the failure carries as a number.
    ReadText(At),
    /// Something else than the attempt went to the network.
    Sent,
    /// It wrote something for people to read.
    Said(At),
}

/// What a pool handed out when it was asked for another credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handed {
    /// Another one.
    Next,
    /// It said that there is none.
    Nothing,
    /// Its result does not say.
    Unsaid,
    /// The one that it was told to give up.
    Same,
}

/// A step that tells a guard: a test that has an answer, or a write. Only those of the site's own function, after the
/// first attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// How many attempts had begun.
    pub attempts: u32,
    /// What it is.
    pub kind: MarkKind,
}

/// What a [`Mark`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum MarkKind {
    /// A condition was tested, and held or did not.
    Test(Span, bool),
    /// A variable or field of this name was written.
    Write(Name),
}

/// A condition that could not be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Where.
    pub at: At,
    /// It was made after the first attempt began.
    pub after: bool,
    /// It was about the failure.
    pub tainted: bool,
    /// It was made while the attempted operation ran.
    pub in_attempt: bool,
    /// What was taken.
    pub taken: bool,
    /// How many attempts had begun.
    pub attempts: u32,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Exit {
    /// The site was left.
    Left,
    /// It was still going when the run was cut off.
    Going,
    /// The run was cut off for its length.
    Budget,
    /// The site was not reached.
    Unreached,
}

/// A place that a run came through, with what can be named there.
#[derive(Clone, Debug)]
pub struct Sight {
    /// The statement, arm body or pattern.
    pub span: Span,
    /// Which of these.
    pub kind: SightKind,
    /// How many events had happened.
    pub events: usize,
    /// The names in scope with their values, the latest last.
    pub names: Vec<(Name, Value)>,
}

/// What stands at a sight.
#[derive(Clone, Debug)]
pub enum SightKind {
    /// A statement.
    Statement,
    /// The body of a `match` arm.
    Arm,
    /// A `_` that took this value.
    Unnamed(Value),
}

/// What one run of a site showed.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it ended.
    pub exit: Exit,
    /// How many attempts were made.
    pub attempts: u32,
    /// How many other credentials a pool handed out.
    pub rotations: u32,
    /// Some attempt succeeded.
    pub recovered: bool,
    /// The attempted operation really went to the network.
    pub hit: bool,
    /// What happened, from the first attempt.
    pub events: Vec<Event>,
    /// What was assumed.
    pub decisions: Vec<Decision>,
    /// Tests and writes of the site's own function.
    pub marks: Vec<Mark>,
    /// What the last attempt gave.
    pub failed: Option<Value>,
    /// What the site was left with, where it says so itself.
    pub gave: Option<Value>,
    /// A bound that the code does not show, by its name.
    pub until: Option<Name>,
    /// The response's status was looked at.
    pub status_asked: bool,
    /// The status of the scenario.
    pub status: Option<u16>,
    /// Where a library call's operation is written, where that is known.
    pub operation: Option<(FnId, Span)>,
    /// Where it came through between the last two attempts; empty unless the run was watched.
    pub sights: Vec<Sight>,
}

impl Run {
    /// The operation was refused for its credential.
    pub fn is_auth(&self) -> bool {
        matches!(self.status, Some(401 | 403))
    }

    /// Seconds slept: least, most, and whether some delay was unknown.
    pub fn slept(&self) -> (f64, f64, bool) {
        let mut total = (0.0, 0.0, false);
        for event in &self.events {
            match event {
                Event::Delay(_, Some((least, most))) => {
                    total.0 += least;
                    total.1 += most;
                }
                Event::Delay(_, None) => total.2 = true,
                _ => {}
            }
        }
        total
    }

    /// The events from the last attempt to the end.
    pub fn closing(&self) -> &[Event] {
        let last = self.events.iter().rposition(|e| matches!(e, Event::Attempt(_)));
        last.map_or(&[], |at| &self.events[at..])
    }

    /// Some call was attempted again, rather than one after the other of several that fail alike.
    pub fn comes_back(&self) -> bool {
        let mut seen: Vec<At> = Vec::new();
        let mut attempts = self.events.iter().filter_map(|e| match e {
            Event::Attempt(at) => Some(*at),
            _ => None,
        });
        attempts.any(|at| {
            let again = seen.contains(&at);
            seen.push(at);
            again
        })
    }

    /// The events between the last two attempts, the earlier attempt first: the way around the loop.
    pub fn last_round(&self) -> &[Event] {
        let attempts: Vec<usize> =
            self.events.iter().enumerate().filter(|(_, e)| matches!(e, Event::Attempt(_))).map(|(i, _)| i).collect();
        match attempts.as_slice() {
            [.., from, to] => &self.events[*from..*to],
            [from] => &self.events[*from..],
            [] => &[],
        }
    }
}
