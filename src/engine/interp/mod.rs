//! The abstract interpreter: runs a site under a scenario along one deterministic path.
//!
//! Conditions that cannot be evaluated get a default answer (see [`Interp::decide`]) and are recorded; `site` runs
//! again with other answers where it matters. Calls are followed into the unit; calls that leave it mean what the
//! models say. Control flow is [`Flow`], as the error of every evaluation.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::engine::amend::{Amend, Amended};
use crate::engine::db::Db;
use crate::engine::scenario::{Done, Scenario};
use crate::engine::trace::{At, Decision, Event, Exit, Mark, Run};
use crate::engine::types::{Scope, Ty};
use crate::engine::value::{Cell, Value};
use crate::finding::SiteKind;
use crate::ir::{Name, Span};
use crate::syntax::program::FnId;

mod ask;
mod block;
mod branch;
mod decide;
mod expr;
mod function;
mod heal;
mod macros;
mod mark;
mod path;
mod places;
mod probe;
mod retrying;
mod rounds;
mod schedules;
mod seek;
mod watch;

pub use ask::Asked;

/// Attempts after which a loop counts as unbounded.
pub const MANY: u32 = 40;
/// Evaluation steps of one run.
const STEPS: u32 = 60_000;
/// Calls inside calls.
const CALLS: usize = 24;
/// Expressions inside expressions, over all calls.
const NESTING: u32 = 1_500;
/// Calls of a function to itself after which it counts as unbounded.
const RECURSIONS: usize = 10;
/// Rounds of a loop that is not the site.
const INNER_ROUNDS: u32 = 40;

/// Control flow that leaves an expression.
#[derive(Debug)]
pub enum Flow {
    /// `break 'label value`
    Break(Option<Name>, Value),
    /// `continue 'label`
    Continue(Option<Name>),
    /// `return value`, and `?`
    Return(Value),
    /// The run is over.
    Halt(Exit),
}

/// The result of an evaluation.
pub type Eval = Result<Value, Flow>;

/// What is run.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The function the site stands in.
    pub home: FnId,
    /// The whole site.
    pub site: Span,
    /// The call that is the attempt.
    pub attempt: Span,
    /// Where the operation is unresolved, it answers with a response rather than an error.
    pub response_world: bool,
    /// A loop, a library call, or the function itself.
    pub kind: SiteKind,
}

/// Answers to conditions that cannot be evaluated: by place, and whether after the first attempt.
pub type Forced = FxHashMap<(At, bool), bool>;

/// Which answer keeps the code in the loop, and which leaves it, where that can be seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    stay: Option<bool>,
    leave: Option<bool>,
}

impl Wish {
    fn not(self) -> Wish {
        Wish { stay: self.stay.map(|b| !b), leave: self.leave.map(|b| !b) }
    }
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tri {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Not known; tainted where it is about the failure.
    Maybe {
        /// It is about the failure.
        tainted: bool,
    },
}

impl From<bool> for Tri {
    fn from(b: bool) -> Tri {
        if b { Tri::Yes } else { Tri::No }
    }
}

/// A call in progress.
pub(super) struct Frame {
    pub(super) id: FnId,
    pub(super) scope: Arc<Scope>,
    pub(super) locals: Vec<(Name, Cell)>,
    /// The error type that `?` converts to; unknown inside closures and async blocks.
    pub(super) error: Ty,
}

/// One run.
pub struct Interp<'a> {
    pub(super) db: &'a Db<'a>,
    pub(super) scenario: Scenario,
    pub(super) target: Target,
    pub(super) cells: Vec<Value>,
    pub(super) frames: Vec<Frame>,
    pub(super) in_attempt: bool,
    pub(super) hit: bool,
    forced: Forced,
    steps: u32,
    nesting: u32,
    done: Done,
    any_hit: bool,
    at_site: bool,
    events: Vec<Event>,
    decisions: Vec<Decision>,
    marks: Vec<Mark>,
    /// A call for a new token runs.
    in_refresh: bool,
    /// A pool is tried out.
    in_probe: bool,
    /// Rotations that were tried out, and whether they hand out the same credential.
    probed: Vec<(FnId, bool)>,
    /// Some attempt succeeded.
    recovered: bool,
    /// What the last attempt gave.
    failed: Option<Value>,
    /// What the site was left with.
    gave: Option<Value>,
    /// The call of the site's own function that runs.
    home_call: Span,
    /// What this run does otherwise than the code says.
    amended: Amended,
    pub(super) until: Option<Name>,
    /// What the last unknown comparison was with.
    pub(super) compared: Option<Name>,
    pub(super) status_asked: bool,
    /// How the attempt went was sent into a watch channel, or told to something that is not known.
    pub(super) told: bool,
    /// Further calls that fail like the attempt.
    also: Vec<Span>,
    /// Which of several functions a call ran on the way to the network.
    pub(super) chosen: FxHashMap<At, FnId>,
    /// What a body is decoded to, by the call that decodes it, where a `let` says so.
    pub(super) decoded: Option<(Span, Ty)>,
    /// Where a library call's operation is written.
    operation: Option<(FnId, Span)>,
    /// The operation's own errors say whether they are retried.
    operation_decides: bool,
    /// The last `?` of the operation that let its failure through.
    question_mark_at: Option<At>,
    /// A closure that the caller of the site's function hands to a parameter.
    given: Vec<(usize, Value)>,
    /// Kept only for those who write code between two attempts.
    watch: Option<watch::Watch>,
}

impl<'a> Interp<'a> {
    /// Prepares a run.
    pub fn new(db: &'a Db<'a>, scenario: Scenario, target: Target, forced: Forced) -> Interp<'a> {
        Interp {
            db,
            scenario,
            target,
            cells: Vec::new(),
            frames: Vec::new(),
            in_attempt: false,
            hit: false,
            forced,
            steps: 0,
            nesting: 0,
            done: Done::default(),
            any_hit: false,
            at_site: false,
            events: Vec::new(),
            decisions: Vec::new(),
            marks: Vec::new(),
            in_refresh: false,
            in_probe: false,
            probed: Vec::new(),
            recovered: false,
            failed: None,
            gave: None,
            home_call: target.attempt,
            amended: Amended::default(),
            until: None,
            compared: None,
            status_asked: false,
            told: false,
            also: Vec::new(),
            chosen: FxHashMap::default(),
            decoded: None,
            operation: None,
            operation_decides: false,
            question_mark_at: None,
            given: Vec::new(),
            watch: None,
        }
    }

    /// Lets these calls of the site fail like the attempt: a key that is dead for one request is dead for all.
    pub fn failing(mut self, calls: &[Span]) -> Interp<'a> {
        self.also = calls.to_vec();
        self
    }

    /// Runs it otherwise than the code says, to see what rests on it.
    pub fn amended(mut self, amend: Option<Amend>) -> Interp<'a> {
        self.amended = Amended::new(amend);
        self
    }

    /// Runs the site.
    pub fn run(mut self) -> Run {
        let data = self.db.program().function(self.target.home);
        self.enter(self.target.home);
        self.at_site = self.target.kind == SiteKind::Recursion;
        let exit = match &data.def.body {
            Some(body) if self.target.kind == SiteKind::Recursion => match self.block(body) {
                Err(Flow::Halt(exit)) => exit,
                _ => Exit::Left,
            },
            Some(body) => match self.seek_block(body) {
                Err(Flow::Halt(exit)) => exit,
                _ => Exit::Unreached,
            },
            None => Exit::Unreached,
        };
        let sights = self.sights();
        Run {
            exit,
            attempts: self.done.attempts,
            rotations: self.done.rotations,
            recovered: self.recovered,
            hit: self.any_hit,
            events: self.events,
            decisions: self.decisions,
            marks: self.marks,
            failed: self.failed,
            gave: self.gave,
            until: self.until,
            status_asked: self.status_asked,
            status: self.scenario.status(),
            operation: self.operation,
            sights,
        }
    }
}
