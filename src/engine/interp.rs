//! The abstract interpreter: runs a site under a scenario along one deterministic path.
//!
//! Conditions that cannot be evaluated get a default answer (see [`Interp::decide`]) and are recorded; `site` runs
//! again with other answers where it matters. Calls are followed into the unit; calls that leave it mean what the
//! models say. Control flow is [`Flow`], as the error of every evaluation.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::engine::db::Db;
use crate::engine::scenario::Scenario;
use crate::engine::text::{Piece, Text};
use crate::engine::trace::{At, Decision, Event, Exit, Run};
use crate::engine::types::{Scope, Ty};
use crate::engine::value::{Cell, Closure, Failure, PlaceRef, Struct, Task, Unknown, Value};
use crate::ir::{
    BinOp, Block, Expr, ExprKind, Lit, MacroBody, MacroCall, Name, Param, Pat, PatKind, SelectArm, Span, Stmt, UnOp,
};
use crate::syntax::program::{Def, FnId, Res};

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
    /// The site is the function itself, which calls itself.
    pub recursion: bool,
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
    attempts: u32,
    any_hit: bool,
    at_site: bool,
    events: Vec<Event>,
    decisions: Vec<Decision>,
    pub(super) until: Option<Name>,
    pub(super) status_asked: bool,
    /// Further calls that fail like the attempt.
    also: Vec<Span>,
    /// A closure that the caller of the site's function hands to a parameter.
    given: Vec<(usize, Value)>,
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
            attempts: 0,
            any_hit: false,
            at_site: false,
            events: Vec::new(),
            decisions: Vec::new(),
            until: None,
            status_asked: false,
            also: Vec::new(),
            given: Vec::new(),
        }
    }

    /// Lets these calls of the site fail like the attempt: a key that is dead for one request is dead for all.
    pub fn failing(mut self, calls: &[Span]) -> Interp<'a> {
        self.also = calls.to_vec();
        self
    }

    /// Runs the site.
    pub fn run(mut self) -> Run {
        let data = self.db.program().function(self.target.home);
        self.push_frame(self.target.home);
        for (i, param) in data.def.params.iter().enumerate() {
            let value = match self.given.iter().find(|(at, _)| *at == i) {
                Some((_, value)) => value.clone(),
                None => self.param_value(param),
            };
            self.bind(&param.pat, value);
        }
        self.at_site = self.target.recursion;
        let exit = match &data.def.body {
            Some(body) if self.target.recursion => match self.block(body) {
                Err(Flow::Halt(exit)) => exit,
                _ => Exit::Left,
            },
            Some(body) => match self.seek_block(body) {
                Err(Flow::Halt(exit)) => exit,
                _ => Exit::Unreached,
            },
            None => Exit::Unreached,
        };
        Run {
            exit,
            attempts: self.attempts,
            hit: self.any_hit,
            events: self.events,
            decisions: self.decisions,
            until: self.until,
            status_asked: self.status_asked,
            status: self.scenario.status(),
        }
    }

    // ---- places and variables -------------------------------------------------------------------------------

    pub(super) fn alloc(&mut self, value: Value) -> Cell {
        self.cells.push(value);
        Cell(self.cells.len() as u32 - 1)
    }

    pub(super) fn frame(&self) -> &Frame {
        // A frame is pushed before anything is evaluated and popped only after its own evaluation.
        self.frames.last().expect("a frame is pushed before evaluation")
    }

    fn frame_mut(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("a frame is pushed before evaluation")
    }

    pub(super) fn push_frame(&mut self, id: FnId) {
        let scope = self.db.scope(id);
        let error = match self.db.lookup.returns(id) {
            Ty::Result(_, error) => (*error).clone(),
            _ => Ty::Unknown,
        };
        self.frames.push(Frame { id, scope, locals: Vec::new(), error });
    }

    pub(super) fn declare(&mut self, name: Name, value: Value) {
        let cell = self.alloc(value);
        self.frame_mut().locals.push((name, cell));
    }

    fn local(&self, name: Name) -> Option<Cell> {
        self.frame().locals.iter().rev().find(|(n, _)| *n == name).map(|(_, c)| *c)
    }

    pub(super) fn at(&self, span: Span) -> At {
        At { file: self.db.program().function(self.frame().id).file, span }
    }

    /// The value behind references.
    pub(super) fn load(&self, value: &Value) -> Value {
        let mut value = value.clone();
        for _ in 0..8 {
            match value {
                Value::Ref(place) => value = self.read(&place),
                other => return other,
            }
        }
        Value::unknown()
    }

    pub(super) fn read(&self, place: &PlaceRef) -> Value {
        let mut value = self.cells[place.cell.0 as usize].clone();
        for name in &place.path {
            value = self.load(&value);
            value = self.field(&value, *name);
        }
        value
    }

    pub(super) fn write(&mut self, place: &PlaceRef, value: Value) {
        let mut target = place.clone();
        // A variable that holds a reference: the write goes where it points, when a field of it is written.
        for _ in 0..8 {
            match &self.cells[target.cell.0 as usize] {
                Value::Ref(inner) if !target.path.is_empty() => {
                    let mut path = inner.path.clone();
                    path.extend(&target.path);
                    target = PlaceRef { cell: inner.cell, path };
                }
                _ => break,
            }
        }
        let root = self.cells[target.cell.0 as usize].clone();
        let updated = updated(root, &target.path, value);
        self.cells[target.cell.0 as usize] = updated;
    }

    /// A field of a value that is no reference.
    pub(super) fn field(&self, value: &Value, name: Name) -> Value {
        match value {
            Value::Struct(s) => match s.fields.iter().find(|(n, _)| *n == name) {
                Some((_, value)) => value.clone(),
                None => self.unknown_field(&s.ty, name, false),
            },
            Value::Tuple(parts) => {
                name.as_str().parse::<usize>().ok().and_then(|i| parts.get(i).cloned()).unwrap_or_else(Value::unknown)
            }
            Value::Unknown(u) => self.unknown_field(&u.ty, name, u.tainted),
            Value::Failure(failure) => self.face(failure, name),
            _ => Value::derived(Ty::Unknown, [value]),
        }
    }

    fn unknown_field(&self, ty: &Ty, name: Name, tainted: bool) -> Value {
        let field = self.db.lookup.field(ty, name);
        if !tainted
            && let Ty::Adt(id, _) = ty
            && let Some(value) = self.db.default_field(*id, name)
        {
            return value;
        }
        Value::Unknown(Unknown { ty: field, tainted, name: Some(name) })
    }

    /// The place that an expression names, when it names one.
    pub(super) fn place(&mut self, e: &Expr) -> Result<Option<PlaceRef>, Flow> {
        Ok(match &e.kind {
            ExprKind::Path(path) => {
                path.single().and_then(|n| self.local(n)).map(|cell| PlaceRef { cell, path: Vec::new() })
            }
            ExprKind::Field(inner, name) => self.place(inner)?.map(|mut p| {
                p.path.push(*name);
                p
            }),
            ExprKind::Unary(UnOp::Deref, inner) => match self.place(inner)? {
                Some(place) => match self.read(&place) {
                    Value::Ref(target) => Some(target),
                    _ => Some(place),
                },
                None => None,
            },
            ExprKind::Ref { expr, .. } | ExprKind::Await(expr) | ExprKind::Try(expr) => self.place_through(expr)?,
            ExprKind::Method { .. } => self.place_through(e)?,
            _ => None,
        })
    }

    /// `x.lock().await`, `x.borrow_mut()`: the place is `x`.
    fn place_through(&mut self, e: &Expr) -> Result<Option<PlaceRef>, Flow> {
        match &e.kind {
            ExprKind::Method { recv, name, args, .. }
                if args.is_empty()
                    && matches!(
                        name.as_str(),
                        "lock"
                            | "write"
                            | "read"
                            | "borrow_mut"
                            | "borrow"
                            | "get_mut"
                            | "as_mut"
                            | "as_ref"
                            | "unwrap"
                            | "expect"
                    ) =>
            {
                self.place(recv)
            }
            ExprKind::Method { .. } => Ok(None),
            _ => self.place(e),
        }
    }

    // ---- decisions --------------------------------------------------------------------------------------------

    /// Answers a condition that cannot be evaluated.
    ///
    /// Unless this run is told otherwise: what has nothing to do with the failure does not leave the loop; what was
    /// computed from the failure does (the code asked, and it is not known what it answered).
    pub(super) fn decide(&mut self, span: Span, tainted: bool, wish: Wish) -> bool {
        let at = self.at(span);
        let after = self.attempts > 0;
        let taken = match self.forced.get(&(at, after)) {
            Some(forced) => *forced,
            None if tainted => wish.leave.unwrap_or(false),
            None => wish.stay.unwrap_or(false),
        };
        self.decisions.push(Decision {
            at,
            after,
            tainted,
            in_attempt: self.in_attempt,
            taken,
            attempts: self.attempts,
        });
        taken
    }

    fn settle(&mut self, tri: Tri, span: Span, wish: Wish) -> bool {
        match tri {
            Tri::Yes => true,
            Tri::No => false,
            Tri::Maybe { tainted } => self.decide(span, tainted, wish),
        }
    }

    /// What a two-way branch would have to answer to stay or leave.
    fn wish(&self, then: Branch<'_>, els: Branch<'_>) -> Wish {
        let wanted = |b: &Branch<'_>| b.span().is_some_and(|s| self.wanted(s));
        match (wanted(&then), wanted(&els)) {
            (true, false) => return Wish { stay: Some(true), leave: self.leave(&then, &els) },
            (false, true) => return Wish { stay: Some(false), leave: self.leave(&then, &els) },
            _ => {}
        }
        let leave = self.leave(&then, &els);
        Wish { stay: leave.map(|b| !b), leave }
    }

    fn leave(&self, then: &Branch<'_>, els: &Branch<'_>) -> Option<bool> {
        match (then.leaves(), els.leaves()) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }

    /// The branch holds the attempt, or, inside the attempt, a way to the network that was not taken yet.
    fn wanted(&self, span: Span) -> bool {
        if self.frame().id == self.target.home && span.contains(self.target.attempt) {
            return true;
        }
        self.in_attempt && !self.hit && self.db.reaches_within(self.frame().id, span)
    }

    pub(super) fn question(&mut self, span: Span, what: impl FnOnce() -> String) {
        if self.attempts > 0 && !self.in_attempt && self.scenario != Scenario::Success {
            let at = self.at(span);
            self.events.push(Event::Question(at, what()));
        }
    }

    pub(super) fn slept(&mut self, span: Span, time: Option<(f64, f64)>) {
        if self.attempts > 0 && !self.in_attempt {
            let at = self.at(span);
            self.events.push(Event::Delay(at, time));
        }
    }

    fn ticked(&mut self, span: Span) {
        if self.attempts > 0 && !self.in_attempt {
            let at = self.at(span);
            self.events.push(Event::Tick(at));
        }
    }

    pub(super) fn waited(&mut self, span: Span) {
        if self.attempts > 0 && !self.in_attempt {
            let at = self.at(span);
            self.events.push(Event::Wait(at));
        }
    }

    /// An operation went to the network: what it answers here and now.
    pub(super) fn network(&mut self) -> Option<u16> {
        if self.in_attempt {
            self.hit = true;
            self.any_hit = true;
            self.scenario.status()
        } else {
            None
        }
    }

    // ---- the way to the site ----------------------------------------------------------------------------------

    /// Runs what stands before the site and goes into what holds it. Exits on the way are not taken: the site was
    /// reached somehow.
    fn seek_block(&mut self, block: &'a Block) -> Eval {
        for stmt in &block.stmts {
            match stmt {
                Stmt::Let { init: Some(init), span, .. }
                    if span.contains(self.target.site) && init.span.contains(self.target.site) =>
                {
                    self.seek(init)?;
                }
                Stmt::Let { pat, ty, init, .. } => {
                    let value = match init {
                        Some(init) => self.pass(init)?,
                        None => Value::unknown(),
                    };
                    let value = self.with_type(value, ty.as_ref());
                    self.bind(pat, value);
                }
                Stmt::Expr { expr, .. } if expr.span.contains(self.target.site) => {
                    self.seek(expr)?;
                }
                Stmt::Expr { expr, .. } => {
                    // What cannot touch a variable has no effect here.
                    self.pass(expr)?;
                }
                Stmt::Item(_) => {}
            }
        }
        Ok(Value::Unit)
    }

    /// Evaluates something before the site; only the end of the run gets through.
    fn pass(&mut self, e: &'a Expr) -> Eval {
        match self.eval(e) {
            Ok(value) => Ok(value),
            Err(Flow::Halt(exit @ Exit::Budget)) => Err(Flow::Halt(exit)),
            Err(_) => Ok(Value::of(self.db.static_type(self.frame().id, e.span))),
        }
    }

    fn seek(&mut self, e: &'a Expr) -> Eval {
        let site = self.target.site;
        if e.span == site && matches!(e.kind, ExprKind::Loop { .. } | ExprKind::While { .. } | ExprKind::For { .. }) {
            return self.site(e);
        }
        match &e.kind {
            ExprKind::Call { args, .. } if e.span == site => {
                let values = self.eval_all(args)?;
                self.given = values.into_iter().enumerate().collect();
                Err(Flow::Halt(Exit::Unreached))
            }
            ExprKind::Method { recv, args, .. } if e.span == site => {
                let recv = self.eval(recv)?;
                let values = self.eval_all(args)?;
                self.given = std::iter::once(recv).chain(values).enumerate().collect();
                Err(Flow::Halt(Exit::Unreached))
            }
            ExprKind::If { cond, then, els } => {
                if cond.span.contains(site) {
                    return self.seek(cond);
                }
                if then.span.contains(site) {
                    self.assume_cond(cond)?;
                    return self.seek_block(then);
                }
                self.pass(cond)?;
                match els {
                    Some(els) => self.seek(els),
                    None => Ok(Value::Unit),
                }
            }
            ExprKind::Match { scrutinee, arms } => {
                if scrutinee.span.contains(site) {
                    return self.seek(scrutinee);
                }
                let value = self.pass(scrutinee)?;
                for arm in arms {
                    if arm.body.span.contains(site) {
                        self.bind(&arm.pat, value);
                        return self.seek(&arm.body);
                    }
                }
                Ok(Value::Unit)
            }
            ExprKind::While { cond, body, .. } => {
                if body.span.contains(site) {
                    self.assume_cond(cond)?;
                }
                self.seek_block(body)
            }
            ExprKind::For { pat, iter, body, .. } => {
                if iter.span.contains(site) {
                    return self.seek(iter);
                }
                let iter = self.pass(iter)?;
                let item = match self.load(&iter) {
                    Value::Unknown(Unknown { ty: Ty::List(item), .. }) => Value::of((*item).clone()),
                    Value::List(items) => items.first().cloned().unwrap_or_else(Value::unknown),
                    _ => Value::unknown(),
                };
                self.bind(pat, item);
                self.seek_block(body)
            }
            ExprKind::Async(body) => self.seek_block(body),
            ExprKind::Loop { body, .. } | ExprKind::Block { block: body, .. } => self.seek_block(body),
            ExprKind::Closure { params, body, .. } => {
                for param in params.iter() {
                    let value = self.param_value(param);
                    self.bind(&param.pat, value);
                }
                self.frame_mut().error = Ty::Unknown;
                self.seek(body)
            }
            ExprKind::Macro(call) => match &call.body {
                MacroBody::Select(arms) => {
                    for arm in arms {
                        if arm.body.span.contains(site) {
                            if let Some(pat) = &arm.pat {
                                self.bind(pat, Value::unknown());
                            }
                            return self.seek(&arm.body);
                        }
                        if let Some(future) = arm.future.as_ref().filter(|f| f.span.contains(site)) {
                            return self.seek(future);
                        }
                    }
                    Ok(Value::Unit)
                }
                MacroBody::Block(block) => self.seek_block(block),
                MacroBody::Args(args) => self.seek_among(args.iter()),
                MacroBody::Matches { expr, .. } => self.seek(expr),
                MacroBody::Opaque => Ok(Value::Unit),
            },
            ExprKind::Call { callee, args } => self.seek_among(std::iter::once(&**callee).chain(args)),
            ExprKind::Method { recv, args, .. } => self.seek_among(std::iter::once(&**recv).chain(args)),
            ExprKind::Tuple(items) | ExprKind::Array(items) => self.seek_among(items.iter()),
            ExprKind::Struct { fields, rest, .. } => {
                self.seek_among(fields.iter().map(|(_, e)| e).chain(rest.iter().map(|r| &**r)))
            }
            ExprKind::Binary(_, a, b) | ExprKind::Index(a, b) | ExprKind::Repeat(a, b) => {
                self.seek_among([&**a, &**b].into_iter())
            }
            ExprKind::Assign { place, value, .. } => self.seek_among([&**value, &**place].into_iter()),
            ExprKind::Field(inner, _)
            | ExprKind::Unary(_, inner)
            | ExprKind::Ref { expr: inner, .. }
            | ExprKind::Cast(inner, _)
            | ExprKind::Await(inner)
            | ExprKind::Try(inner)
            | ExprKind::Let { expr: inner, .. } => self.seek(inner),
            ExprKind::Break { value: Some(inner), .. } | ExprKind::Return(Some(inner)) => self.seek(inner),
            _ => Ok(Value::Unit),
        }
    }

    fn seek_among(&mut self, parts: impl Iterator<Item = &'a Expr>) -> Eval {
        for part in parts {
            if part.span.contains(self.target.site) {
                return self.seek(part);
            }
        }
        Ok(Value::Unit)
    }

    /// Binds what a condition binds when it holds.
    fn assume_cond(&mut self, cond: &'a Expr) -> Result<(), Flow> {
        match &cond.kind {
            ExprKind::Binary(BinOp::And, a, b) => {
                self.assume_cond(a)?;
                self.assume_cond(b)
            }
            ExprKind::Let { pat, expr } => {
                let value = self.pass(expr)?;
                self.bind(pat, value);
                Ok(())
            }
            _ => {
                self.pass(cond)?;
                Ok(())
            }
        }
    }

    // ---- the site -----------------------------------------------------------------------------------------------

    /// Runs the loop that is the site until it is left, or long enough.
    fn site(&mut self, e: &'a Expr) -> Eval {
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
                if let Value::Range(_, None, Some(name)) = &iter {
                    self.until = Some(*name);
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
            Err(_) => Err(Flow::Halt(Exit::Left)),
        }
    }

    fn site_rounds(
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
            let before = self.attempts;
            if !next(self, round)? {
                return Ok(Exit::Left);
            }
            match self.block(body) {
                Ok(_) => {}
                Err(Flow::Continue(to)) if to.is_none() || to == label => {}
                Err(Flow::Break(to, _)) if to.is_none() || to == label => return Ok(Exit::Left),
                Err(other) => return Err(other),
            }
            self.frame_mut().locals.truncate(depth);
            if self.attempts > 0 {
                let at = self.at(Span { start: span.end.saturating_sub(1), end: span.end });
                self.events.push(Event::BackEdge(at));
            }
            // A loop that goes round without attempting anything does something else by now.
            idle = if self.attempts == before { idle + 1 } else { 0 };
            if idle > 6 {
                return Ok(if self.attempts > 0 { Exit::Left } else { Exit::Unreached });
            }
        }
        Ok(Exit::Going)
    }

    /// The element of an iterated value, `None` at its end.
    fn element(&mut self, iter: &Value, round: u32) -> Option<Value> {
        match iter {
            Value::Range(lo, hi, _) => {
                let n = lo + i128::from(round);
                hi.is_none_or(|hi| n < hi).then_some(Value::Int(n))
            }
            Value::List(items) => items.get(round as usize).cloned(),
            Value::Unknown(Unknown { ty: Ty::List(item), tainted, .. }) => {
                Some(Value::Unknown(Unknown { ty: (**item).clone(), tainted: *tainted, name: None }))
            }
            _ => Some(Value::unknown()),
        }
    }

    /// Runs a loop that is not the site.
    fn inner_loop(
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

    // ---- blocks and statements -------------------------------------------------------------------------------

    pub(super) fn block(&mut self, block: &Block) -> Eval {
        let depth = self.frame().locals.len();
        let result = self.stmts(block);
        self.frame_mut().locals.truncate(depth);
        result
    }

    fn stmts(&mut self, block: &Block) -> Eval {
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

    fn with_type(&self, value: Value, ty: Option<&crate::ir::Type>) -> Value {
        match (value, ty) {
            (Value::Unknown(u), Some(ty)) if !u.ty.is_known() => {
                Value::Unknown(Unknown { ty: self.frame().scope.read(self.db.program(), ty), ..u })
            }
            (value, _) => value,
        }
    }

    pub(super) fn param_value(&self, param: &Param) -> Value {
        let scope = &self.frame().scope;
        match &param.pat.kind {
            PatKind::Bind { name, .. } if *name == "self" => Value::of(scope.self_ty.clone()),
            PatKind::Bind { name, .. } => Value::named(scope.read(self.db.program(), &param.ty), *name),
            _ => Value::of(scope.read(self.db.program(), &param.ty)),
        }
    }

    // ---- expressions --------------------------------------------------------------------------------------------

    pub(super) fn eval(&mut self, e: &Expr) -> Eval {
        self.steps += 1;
        if self.steps > STEPS {
            return Err(Flow::Halt(Exit::Budget));
        }
        if self.nesting > NESTING {
            return Ok(Value::unknown());
        }
        self.nesting += 1;
        let is_attempt = self.at_site
            && !self.in_attempt
            && (e.span == self.target.attempt || self.also.contains(&e.span))
            && self.frame().id == self.target.home
            && matches!(e.kind, ExprKind::Call { .. } | ExprKind::Method { .. });
        let result = if is_attempt { self.attempt(e) } else { self.eval_kind(e) };
        self.nesting -= 1;
        result
    }

    fn attempt(&mut self, e: &Expr) -> Eval {
        self.attempts += 1;
        if self.attempts > MANY {
            self.attempts = MANY;
            return Err(Flow::Halt(Exit::Going));
        }
        let at = self.at(e.span);
        self.events.push(Event::Attempt(at));
        self.in_attempt = true;
        self.hit = false;
        let result = self.eval_kind(e);
        // An async callee has run by now; a block handed over as a value has not.
        let result = match result {
            Ok(value @ Value::Task(_)) => self.finish(value, e.span),
            other => other,
        };
        self.in_attempt = false;
        let value = result?;
        if self.scenario.status().is_none() || value.is_tainted() {
            return Ok(value);
        }
        Ok(if self.hit { self.marked(value) } else { self.opaque_answer(e.span) })
    }

    /// An error that the attempt ended with is the failure's, even where the way of its parts was lost.
    fn marked(&mut self, value: Value) -> Value {
        let failure = |ty: Ty| Failure { ty, status: self.scenario.status(), response: false, text: None };
        match &value {
            Value::Result(Err(error)) => match self.load(error) {
                Value::Unknown(u) => Value::err(Value::Failure(failure(u.ty))),
                Value::Struct(s) => {
                    let failure = failure(s.ty.clone());
                    let fields = self.filled(&s, &failure);
                    Value::err(Value::Struct(Arc::new(Struct { fields, ..(*s).clone() })))
                }
                _ => value,
            },
            Value::Unknown(u) => Value::asked(u.ty.clone()),
            _ => value,
        }
    }

    fn eval_kind(&mut self, e: &Expr) -> Eval {
        match &e.kind {
            ExprKind::Lit(lit) => Ok(match lit {
                Lit::Int(n) => Value::Int(*n),
                Lit::Float(f) => Value::Float(*f),
                Lit::Str(text) => Value::text(text.as_str()),
                Lit::Bool(b) => Value::Bool(*b),
                Lit::Char(c) => Value::text(&c.to_string()),
                Lit::Bytes => Value::unknown(),
            }),
            ExprKind::Path(path) => {
                if let Some(cell) = path.single().and_then(|n| self.local(n)) {
                    return Ok(self.cells[cell.0 as usize].clone());
                }
                Ok(self.path_value(path))
            }
            ExprKind::Field(inner, name) => {
                if let Some(place) = self.place(e)? {
                    return Ok(self.read(&place));
                }
                let value = self.eval(inner)?;
                let value = self.load(&value);
                Ok(self.field(&value, *name))
            }
            ExprKind::Index(inner, index) => {
                let list = self.eval(inner)?;
                let index = self.eval(index)?;
                Ok(match (self.load(&list), self.load(&index)) {
                    (Value::List(items), Value::Int(i)) => {
                        usize::try_from(i).ok().and_then(|i| items.get(i).cloned()).unwrap_or_else(Value::unknown)
                    }
                    (Value::Unknown(Unknown { ty: Ty::List(item), tainted, .. }), _) => {
                        Value::Unknown(Unknown { ty: (*item).clone(), tainted, name: None })
                    }
                    (list, index) => Value::derived(Ty::Unknown, [&list, &index]),
                })
            }
            ExprKind::Unary(op, inner) => {
                let value = self.eval(inner)?;
                let value = self.load(&value);
                Ok(match (op, &value) {
                    (UnOp::Deref, _) => value,
                    (UnOp::Not, Value::Bool(b)) => Value::Bool(!b),
                    (UnOp::Neg, Value::Int(n)) => Value::Int(-n),
                    (UnOp::Neg, Value::Float(f)) => Value::Float(-f),
                    _ => Value::derived(value.ty(), [&value]),
                })
            }
            ExprKind::Ref { mutable, expr } => {
                if *mutable && let Some(place) = self.place(expr)? {
                    // `&mut x` where `x` is itself a reference reborrows it.
                    return Ok(match self.read(&place) {
                        inner @ Value::Ref(_) => inner,
                        _ => Value::Ref(place),
                    });
                }
                self.eval(expr)
            }
            ExprKind::Binary(BinOp::And | BinOp::Or, ..) => {
                let tri = self.cond(e, Wish::default())?;
                Ok(match tri {
                    Tri::Yes => Value::Bool(true),
                    Tri::No => Value::Bool(false),
                    Tri::Maybe { tainted } => Value::Unknown(Unknown { ty: Ty::Bool, tainted, name: None }),
                })
            }
            ExprKind::Let { pat, expr } => {
                let value = self.eval(expr)?;
                Ok(match self.matches(pat, &value) {
                    Tri::Yes => Value::Bool(true),
                    Tri::No => Value::Bool(false),
                    Tri::Maybe { tainted } => Value::Unknown(Unknown { ty: Ty::Bool, tainted, name: None }),
                })
            }
            ExprKind::Binary(op, a, b) => {
                let a = self.eval(a)?;
                let b = self.eval(b)?;
                let (a, b) = (self.load(&a), self.load(&b));
                Ok(self.binary(e.span, *op, &a, &b))
            }
            ExprKind::Assign { op, place, value } => {
                let mut value = self.eval(value)?;
                let Some(target) = self.place(place)? else {
                    if let ExprKind::Tuple(parts) = &place.kind
                        && let Value::Tuple(values) = self.load(&value)
                    {
                        for (part, value) in parts.iter().zip(values.iter()) {
                            if let Some(target) = self.place(part)? {
                                self.write(&target, value.clone());
                            }
                        }
                    }
                    return Ok(Value::Unit);
                };
                if let Some(op) = op {
                    let old = self.read(&target);
                    let (old, new) = (self.load(&old), self.load(&value));
                    value = self.binary(e.span, *op, &old, &new);
                }
                self.write(&target, value);
                Ok(Value::Unit)
            }
            ExprKind::Cast(inner, ty) => {
                let value = self.eval(inner)?;
                let value = self.load(&value);
                let ty = self.frame().scope.read(self.db.program(), ty);
                Ok(match (&value, &ty) {
                    (Value::Int(n), Ty::Float) => Value::Float(*n as f64),
                    (Value::Float(f), Ty::Int) => Value::Int(*f as i128),
                    (Value::Bool(b), Ty::Int) => Value::Int(i128::from(*b)),
                    _ => value,
                })
            }
            ExprKind::Call { callee, args } => self.call(e, callee, args),
            ExprKind::Method { recv, name, args, .. } => self.method(e, recv, *name, args),
            ExprKind::Await(inner) => {
                let value = self.eval(inner)?;
                self.finish(value, inner.span)
            }
            ExprKind::Try(inner) => {
                let value = self.eval(inner)?;
                self.question_mark(value)
            }
            ExprKind::If { cond, then, els } => self.if_(cond, then, els.as_deref()),
            ExprKind::Match { scrutinee, arms } => {
                let value = self.eval(scrutinee)?;
                self.match_(&value, arms)
            }
            ExprKind::Loop { label, body } => self.inner_loop(*label, body, |_, _| Ok(true)),
            ExprKind::While { label, cond, body } => {
                let depth = self.frame().locals.len();
                let wanted = self.wanted(e.span);
                let result = self.inner_loop(*label, body, |run, round| {
                    let wish = Wish { stay: Some(wanted && round < 2), leave: Some(false) };
                    let tri = run.cond(cond, wish)?;
                    Ok(run.settle(tri, cond.span, wish))
                });
                self.frame_mut().locals.truncate(depth);
                result
            }
            ExprKind::For { label, pat, iter, body } => {
                let iter = self.eval(iter)?;
                let iter = self.load(&iter);
                let known = matches!(iter, Value::List(_) | Value::Range(_, Some(_), _));
                self.inner_loop(*label, body, |run, round| {
                    // An unknown collection has one element, as far as this run goes.
                    let item = if known || round < 1 { run.element(&iter, round) } else { None };
                    Ok(match item {
                        Some(item) => {
                            run.bind(pat, item);
                            true
                        }
                        None => false,
                    })
                })
            }
            ExprKind::Break { label, value } => {
                let value = match value {
                    Some(value) => self.eval(value)?,
                    None => Value::Unit,
                };
                Err(Flow::Break(*label, value))
            }
            ExprKind::Continue { label } => Err(Flow::Continue(*label)),
            ExprKind::Return(value) => {
                let value = match value {
                    Some(value) => self.eval(value)?,
                    None => Value::Unit,
                };
                Err(Flow::Return(value))
            }
            ExprKind::Closure { params, body, .. } => Ok(Value::Closure(Arc::new(Closure {
                params: params.clone(),
                body: body.clone(),
                env: self.frame().locals.clone(),
                home: self.frame().id,
            }))),
            ExprKind::Async(body) => Ok(Value::Task(Arc::new(Task {
                body: body.clone(),
                env: self.frame().locals.clone(),
                home: self.frame().id,
            }))),
            ExprKind::Block { label, block, is_try } => match self.block(block) {
                Err(Flow::Break(to, value)) if to.is_some() && to == *label => Ok(value),
                Err(Flow::Return(value)) if *is_try => Ok(value),
                Ok(value) if *is_try => Ok(Value::ok(value)),
                other => other,
            },
            ExprKind::Struct { path, fields, rest } => {
                let mut known = Vec::with_capacity(fields.len());
                for (name, value) in fields {
                    known.push((*name, self.eval(value)?));
                }
                if let Some(rest) = rest {
                    let base = self.eval(rest)?;
                    if let Value::Struct(base) = self.load(&base) {
                        for (name, value) in &base.fields {
                            if !known.iter().any(|(n, _)| n == name) {
                                known.push((*name, value.clone()));
                            }
                        }
                    }
                }
                Ok(self.construct(path, known))
            }
            ExprKind::Tuple(items) if items.is_empty() => Ok(Value::Unit),
            ExprKind::Tuple(items) => Ok(Value::Tuple(self.eval_all(items)?.into())),
            ExprKind::Array(items) => Ok(Value::List(self.eval_all(items)?.into())),
            ExprKind::Repeat(item, count) => {
                let item = self.eval(item)?;
                let count = self.eval(count)?;
                Ok(match self.load(&count) {
                    Value::Int(n) if (0..=64).contains(&n) => Value::List(vec![item; n as usize].into()),
                    _ => Value::of(Ty::List(Arc::new(item.ty()))),
                })
            }
            ExprKind::Range { lo, hi, inclusive } => {
                let lo = match lo {
                    Some(lo) => {
                        let lo = self.eval(lo)?;
                        self.load(&lo)
                    }
                    None => Value::Int(0),
                };
                let hi = match hi {
                    Some(hi) => {
                        let hi = self.eval(hi)?;
                        Some(self.load(&hi))
                    }
                    None => None,
                };
                let lo = match lo {
                    Value::Int(n) => n,
                    _ => 0,
                };
                Ok(match hi {
                    Some(Value::Int(hi)) => Value::Range(lo, Some(if *inclusive { hi + 1 } else { hi }), None),
                    Some(Value::Unknown(u)) => Value::Range(lo, None, u.name),
                    _ => Value::Range(lo, None, None),
                })
            }
            ExprKind::Macro(call) => self.macro_call(e.span, call),
            ExprKind::Opaque => Ok(Value::unknown()),
        }
    }

    pub(super) fn eval_all(&mut self, items: &[Expr]) -> Result<Vec<Value>, Flow> {
        items.iter().map(|i| self.eval(i)).collect()
    }

    /// `.await`
    pub(super) fn finish(&mut self, value: Value, span: Span) -> Eval {
        match self.load(&value) {
            Value::Task(task) => self.run_task(&task),
            Value::Delay(time) => {
                self.slept(span, time);
                Ok(Value::Unit)
            }
            Value::Closure(_) => Ok(value),
            Value::Foreign(name, _) if name == "Tick" => {
                self.ticked(span);
                Ok(Value::Unit)
            }
            Value::Foreign(name, values) if name == "JoinHandle" => {
                let inner = values.first().cloned().unwrap_or_else(Value::unknown);
                let out = self.finish(inner, span)?;
                Ok(Value::ok(out))
            }
            _ => Ok(value),
        }
    }

    fn run_task(&mut self, task: &Task) -> Eval {
        if self.frames.len() > CALLS {
            return Ok(Value::unknown());
        }
        let scope = self.db.scope(task.home);
        self.frames.push(Frame { id: task.home, scope, locals: task.env.clone(), error: Ty::Unknown });
        let result = self.block(&task.body);
        self.frames.pop();
        returned(result)
    }

    pub(super) fn run_closure(&mut self, closure: &Closure, args: Vec<Value>) -> Eval {
        if self.frames.len() > CALLS {
            return Ok(Value::unknown());
        }
        let scope = self.db.scope(closure.home);
        self.frames.push(Frame { id: closure.home, scope, locals: closure.env.clone(), error: Ty::Unknown });
        for (i, param) in closure.params.iter().enumerate() {
            let value = match args.get(i) {
                Some(value) => value.clone(),
                None => self.param_value(param),
            };
            self.bind(&param.pat, value);
        }
        let result = self.eval(&closure.body);
        self.frames.pop();
        returned(result)
    }

    pub(super) fn run_fn(&mut self, id: FnId, args: Vec<Value>) -> Eval {
        let data = self.db.program().function(id);
        let Some(body) = &data.def.body else { return Ok(Value::derived(self.db.lookup.returns(id), &args)) };
        let again = self.frames.iter().filter(|f| f.id == id).count();
        if self.target.recursion && id == self.target.home && self.at_site && !self.in_attempt {
            let at = At { file: data.file, span: data.def.name_span };
            self.events.push(Event::BackEdge(at));
            if again > RECURSIONS {
                return Err(Flow::Halt(Exit::Going));
            }
        } else if self.frames.len() > CALLS || again > 1 {
            return Ok(Value::derived(self.db.lookup.returns(id), &args));
        }
        self.push_frame(id);
        for (i, param) in data.def.params.iter().enumerate() {
            let value = match args.get(i) {
                Some(Value::Unknown(u)) if !u.ty.is_known() => {
                    let ty = self.param_value(param).ty();
                    Value::Unknown(Unknown { ty, ..u.clone() })
                }
                Some(value) => value.clone(),
                None => self.param_value(param),
            };
            self.bind(&param.pat, value);
        }
        let result = self.block(body);
        self.frames.pop();
        returned(result)
    }

    // ---- branches -----------------------------------------------------------------------------------------------

    fn if_(&mut self, cond: &Expr, then: &Block, els: Option<&Expr>) -> Eval {
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
    fn cond(&mut self, e: &Expr, wish: Wish) -> Result<Tri, Flow> {
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
                Ok(self.matches(pat, &value))
            }
            _ => {
                let value = self.eval(e)?;
                Ok(match self.load(&value) {
                    Value::Bool(b) => Tri::from(b),
                    other => Tri::Maybe { tainted: other.is_tainted() },
                })
            }
        }
    }

    fn match_(&mut self, value: &Value, arms: &[crate::ir::Arm]) -> Eval {
        let depth = self.frame().locals.len();
        let any_wanted = arms.iter().any(|a| self.wanted(a.body.span));
        for (i, arm) in arms.iter().enumerate() {
            let last = i + 1 == arms.len();
            let mut tri = self.matches(&arm.pat, value);
            let leaves = Branch::Expr(&arm.body).leaves();
            let stay = if any_wanted { self.wanted(arm.body.span) } else { !leaves };
            let wish = Wish { stay: Some(stay), leave: Some(leaves) };
            if tri != Tri::No
                && let Some(guard) = &arm.guard
            {
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
                tri => self.settle(tri, arm.pat.span, wish),
            };
            if taken {
                let result = self.eval(&arm.body);
                self.frame_mut().locals.truncate(depth);
                return result;
            }
            self.frame_mut().locals.truncate(depth);
        }
        Ok(Value::derived(Ty::Unknown, [&self.load(value)]))
    }

    /// `?`
    fn question_mark(&mut self, value: Value) -> Eval {
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

    // ---- macros -------------------------------------------------------------------------------------------------

    fn macro_call(&mut self, span: Span, call: &MacroCall) -> Eval {
        let name = call.path.last();
        match &call.body {
            MacroBody::Matches { expr, pat, guard } => {
                let depth = self.frame().locals.len();
                let value = self.eval(expr)?;
                let mut tri = self.matches(pat, &value);
                if tri != Tri::No
                    && let Some(guard) = guard
                {
                    let held = self.cond(guard, Wish::default())?;
                    if tri == Tri::Yes || held == Tri::No {
                        tri = held;
                    }
                }
                self.frame_mut().locals.truncate(depth);
                Ok(match tri {
                    Tri::Yes => Value::Bool(true),
                    Tri::No => Value::Bool(false),
                    Tri::Maybe { tainted } => Value::Unknown(Unknown { ty: Ty::Bool, tainted, name: None }),
                })
            }
            MacroBody::Select(arms) => self.select(arms),
            MacroBody::Block(block) => self.block(block),
            MacroBody::Opaque => match name.as_str() {
                "unreachable" | "panic" | "todo" | "unimplemented" => Err(Flow::Halt(Exit::Left)),
                _ => Ok(Value::unknown()),
            },
            MacroBody::Args(args) => self.args_macro(span, name, args),
        }
    }

    fn args_macro(&mut self, span: Span, name: Name, args: &[Expr]) -> Eval {
        let words = &self.db.lookup.models.words;
        if words.has("log", name.as_str()) {
            // Words in a log line classify nothing.
            return Ok(Value::ok(Value::Unit));
        }
        match name.as_str() {
            "format" | "concat" | "format_args" => Ok(Value::Str(self.format(args)?)),
            "panic" | "unreachable" | "todo" | "unimplemented" => Err(Flow::Halt(Exit::Left)),
            "anyhow" | "eyre" | "format_err" | "report" => {
                let error = self.worded_error(args)?;
                Ok(error)
            }
            "ensure" => {
                if let Some((cond, rest)) = args.split_first() {
                    let wish = Wish { stay: Some(true), leave: Some(false) };
                    let tri = self.cond(cond, wish)?;
                    if !self.settle(tri, span, wish) {
                        let error = self.worded_error(rest)?;
                        return Err(Flow::Return(Value::err(error)));
                    }
                }
                Ok(Value::Unit)
            }
            _ if words.has("bail", name.as_str()) => {
                let error = self.worded_error(args)?;
                Err(Flow::Return(Value::err(error)))
            }
            "join" | "try_join" => {
                let mut values = Vec::new();
                for arg in args {
                    let value = self.eval(arg)?;
                    let value = self.finish(value, arg.span)?;
                    let value = if name == "try_join" {
                        match self.load(&value) {
                            Value::Result(Ok(inner)) => (*inner).clone(),
                            error @ Value::Result(Err(_)) => return Ok(error),
                            other => other,
                        }
                    } else {
                        value
                    };
                    values.push(value);
                }
                let tuple = Value::Tuple(values.into());
                Ok(if name == "try_join" { Value::ok(tuple) } else { tuple })
            }
            "pin" | "dbg" | "ready" | "addr_of" => match args.first() {
                Some(arg) => self.eval(arg),
                None => Ok(Value::Unit),
            },
            "vec" => Ok(Value::List(self.eval_all(args)?.into())),
            "assert" | "assert_eq" | "assert_ne" | "debug_assert" | "debug_assert_eq" => Ok(Value::Unit),
            _ => {
                let values = self.eval_all(args)?;
                Ok(Value::derived(Ty::Unknown, &values))
            }
        }
    }

    fn worded_error(&mut self, args: &[Expr]) -> Eval {
        // `bail!(Error::Auth)`, `anyhow!(err)`
        if let [single] = args
            && !matches!(single.kind, ExprKind::Lit(_))
        {
            return self.eval(single);
        }
        let text = self.format(args)?;
        Ok(Value::Failure(Failure { ty: Ty::ext("anyhow::Error"), status: None, response: false, text: Some(text) }))
    }

    /// The text of a format string with its arguments.
    fn format(&mut self, args: &[Expr]) -> Result<Text, Flow> {
        let Some((first, rest)) = args.split_first() else { return Ok(Text::default()) };
        let ExprKind::Lit(Lit::Str(template)) = &first.kind else {
            let value = self.eval(first)?;
            return Ok(self.display(&value));
        };
        let mut values = Vec::new();
        for arg in rest {
            values.push(self.eval(arg)?);
        }
        let mut text = Text::default();
        let mut next = values.into_iter();
        let mut literal = String::new();
        let mut chars = template.as_str().chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' if chars.peek() == Some(&'{') => {
                    chars.next();
                    literal.push('{');
                }
                '}' => {
                    chars.next_if_eq(&'}');
                    literal.push('}');
                }
                '{' => {
                    let hole: String = chars.by_ref().take_while(|c| *c != '}').collect();
                    let name = hole.split(':').next().unwrap_or("").trim();
                    text.0.push(Piece::Literal(std::mem::take(&mut literal)));
                    let value = if name.is_empty() || name.bytes().all(|b| b.is_ascii_digit()) {
                        next.next()
                    } else {
                        self.local(Name::new(name))
                            .map(|cell| self.cells[cell.0 as usize].clone())
                            .or_else(|| next.next())
                    };
                    let shown = value.map_or(Text(vec![Piece::Unknown]), |v| self.display(&v));
                    text.push(shown);
                }
                c => literal.push(c),
            }
        }
        text.0.push(Piece::Literal(literal));
        Ok(text)
    }

    /// One arm of a `select!` is taken: the one that holds the attempt, else a delay, else the first that stays.
    fn select(&mut self, arms: &[SelectArm]) -> Eval {
        let depth = self.frame().locals.len();
        let holds = |run: &Self, arm: &SelectArm| run.wanted(arm.span);
        let delays = |run: &Self, arm: &SelectArm| {
            arm.future.as_ref().is_some_and(|f| run.db.is_delay_within(run.frame().id, f.span))
        };
        let stays = |arm: &SelectArm| !Branch::Expr(&arm.body).leaves();
        let chosen = arms
            .iter()
            .find(|a| holds(self, a))
            .or_else(|| arms.iter().find(|a| delays(self, a)))
            .or_else(|| arms.iter().find(|a| a.future.is_some() && stays(a)))
            .or_else(|| arms.first());
        let Some(arm) = chosen else { return Ok(Value::Unit) };
        let value = match &arm.future {
            Some(future) => {
                let value = self.eval(future)?;
                self.finish(value, future.span)?
            }
            None => Value::Unit,
        };
        if let Some(pat) = &arm.pat {
            // A pattern that does not match disables the arm; the others are then waited for. One path is enough.
            self.matches(pat, &value);
        }
        let result = self.eval(&arm.body);
        self.frame_mut().locals.truncate(depth);
        result
    }

    // ---- paths and constructors ---------------------------------------------------------------------------------

    /// The value of a path that is no local variable.
    pub(super) fn path_value(&mut self, path: &crate::ir::Path) -> Value {
        match self.db.resolve(&self.frame().scope, path) {
            Some(Res::Def(Def::Const(id))) => self.constant(id),
            Some(Res::Def(Def::Fn(id))) => Value::Fn(id),
            Some(Res::Def(Def::Variant(id, index))) => {
                if self.db.program().variant(id, index).is_tuple {
                    Value::Constructor(id, index)
                } else {
                    self.variant(id, index, Vec::new())
                }
            }
            Some(Res::Def(Def::Type(id)))
                if self.db.program().ty(id).def.variants.first().is_some_and(|v| v.is_tuple) =>
            {
                Value::Constructor(id, 0)
            }
            Some(Res::Def(Def::Type(id))) => {
                Value::Struct(Arc::new(Struct { ty: Ty::Adt(id, Arc::from([])), variant: None, fields: Vec::new() }))
            }
            Some(Res::External(_)) | None => self.foreign_path(path),
            Some(Res::Def(Def::Mod(_) | Def::Trait(_) | Def::Alias(_))) => Value::unknown(),
        }
    }

    fn foreign_path(&self, path: &crate::ir::Path) -> Value {
        let last = path.last();
        let owner = path.segments.len().checked_sub(2).map_or("", |i| path.segments[i].as_str());
        if path.single().is_some() {
            if last == "None" {
                return Value::none();
            }
            if let Some(status) = super::http::status_constant(last.as_str()) {
                return Value::Status(status);
            }
            return Value::named(Ty::Unknown, last);
        }
        if let Some(value) = super::http::constant(owner, last.as_str()) {
            return value;
        }
        if last.as_str().starts_with(|c: char| c.is_uppercase())
            && !last.as_str().chars().all(|c| c.is_uppercase() || c == '_' || c.is_ascii_digit())
        {
            return Value::Foreign(last, Arc::from([]));
        }
        Value::named(Ty::Unknown, last)
    }

    fn construct(&self, path: &crate::ir::Path, fields: Vec<(Name, Value)>) -> Value {
        match self.db.resolve(&self.frame().scope, path) {
            Some(Res::Def(Def::Variant(id, index))) => self.variant(id, index, fields),
            Some(Res::Def(Def::Type(id))) => {
                Value::Struct(Arc::new(Struct { ty: Ty::Adt(id, Arc::from([])), variant: None, fields }))
            }
            Some(Res::Def(Def::Alias(_))) | None if path.single().is_some_and(|n| n == "Self") => {
                Value::Struct(Arc::new(Struct { ty: self.frame().scope.self_ty.clone(), variant: None, fields }))
            }
            Some(Res::External(full)) => {
                let ty = Ty::ext(&crate::engine::types::join(&full));
                Value::Struct(Arc::new(Struct { ty, variant: None, fields }))
            }
            _ => {
                let ty = Ty::Ext(path.last());
                Value::Struct(Arc::new(Struct { ty, variant: None, fields }))
            }
        }
    }

    pub(super) fn variant(
        &self,
        id: crate::syntax::program::TypeId,
        index: usize,
        fields: Vec<(Name, Value)>,
    ) -> Value {
        let ty = Ty::Adt(id, Arc::from([]));
        let variant = self.db.program().ty(id).def.is_enum.then_some((id, index));
        Value::Struct(Arc::new(Struct { ty, variant, fields }))
    }

    /// The value of a constant, evaluated where it is defined.
    pub(super) fn constant(&mut self, id: crate::syntax::program::ConstId) -> Value {
        let data = self.db.program().constant(id);
        let Some(value) = &data.def.value else { return Value::unknown() };
        if self.frames.len() > CALLS {
            return Value::unknown();
        }
        let mut scope = Scope { module: data.module, self_ty: Ty::Unknown, generics: FxHashMap::default() };
        if let Some(ty) = &data.self_ty {
            scope.self_ty = scope.read(self.db.program(), ty);
        }
        // Constants have no frame of their own: spans in them belong to another file, and nothing in them is looked
        // up by span.
        let frame = Frame { id: self.frame().id, scope: Arc::new(scope), locals: Vec::new(), error: Ty::Unknown };
        self.frames.push(frame);
        let was = std::mem::replace(&mut self.in_attempt, true);
        let result = self.eval(value);
        self.in_attempt = was;
        self.frames.pop();
        match result {
            Ok(Value::Unknown(u)) => Value::Unknown(Unknown { name: u.name.or(Some(data.def.name)), ..u }),
            Ok(value) => value,
            Err(_) => Value::named(Ty::Unknown, data.def.name),
        }
    }

    /// Calls anything that can be called.
    pub(super) fn apply(&mut self, callee: &Value, args: Vec<Value>) -> Eval {
        match self.load(callee) {
            Value::Closure(closure) => self.run_closure(&closure, args),
            Value::Fn(id) => self.run_fn(id, args),
            Value::Constructor(id, index) => {
                let fields = args.into_iter().enumerate().map(|(i, v)| (Name::new(&i.to_string()), v)).collect();
                Ok(self.variant(id, index, fields))
            }
            Value::Foreign(name, _) => Ok(Value::Foreign(name, args.into())),
            other => {
                let ret = match other.ty() {
                    Ty::Func(ret) => (*ret).clone(),
                    _ => Ty::Unknown,
                };
                Ok(Value::derived(ret, args.iter().chain([&other])))
            }
        }
    }

    /// Binds a pattern, whether it matches or not.
    pub(super) fn bind(&mut self, pat: &Pat, value: Value) {
        self.matches(pat, &value);
    }

    /// Takes the arguments that a caller hands to the site's function, as far as the way to the call shows them.
    pub fn called_from(mut self, caller: FnId, call: Span) -> Interp<'a> {
        let own = self.target;
        self.target = Target { home: caller, site: call, attempt: call, ..own };
        self.push_frame(caller);
        let data = self.db.program().function(caller);
        for param in &data.def.params {
            let value = self.param_value(param);
            self.bind(&param.pat, value);
        }
        if let Some(body) = &data.def.body {
            // However this ends, what was given is what is known.
            let _ = self.seek_block(body);
        }
        self.frames.clear();
        self.target = own;
        self.decisions.clear();
        self.until = None;
        self.steps = 0;
        self
    }
}

/// A branch of a condition.
enum Branch<'b> {
    Block(&'b Block),
    Expr(&'b Expr),
    /// What follows.
    Rest,
}

impl Branch<'_> {
    fn span(&self) -> Option<Span> {
        match self {
            Branch::Block(block) => Some(block.span),
            Branch::Expr(e) => Some(e.span),
            Branch::Rest => None,
        }
    }

    /// It ends the loop or the function on every way through, as far as its own statements show.
    fn leaves(&self) -> bool {
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

fn returned(result: Eval) -> Eval {
    match result {
        Err(Flow::Return(value)) => Ok(value),
        // A `break` or `continue` cannot leave a function; text may be anything.
        Err(Flow::Break(..) | Flow::Continue(_)) => Ok(Value::unknown()),
        other => other,
    }
}

/// A value with one of its fields replaced.
fn updated(root: Value, path: &[Name], value: Value) -> Value {
    let Some((first, rest)) = path.split_first() else { return value };
    match root {
        Value::Struct(s) => {
            let mut s = (*s).clone();
            match s.fields.iter_mut().find(|(n, _)| n == first) {
                Some((_, old)) => *old = updated(old.clone(), rest, value),
                None => s.fields.push((*first, updated(Value::unknown(), rest, value))),
            }
            Value::Struct(Arc::new(s))
        }
        Value::Unknown(u) => Value::Struct(Arc::new(Struct {
            ty: u.ty,
            variant: None,
            fields: vec![(*first, updated(Value::unknown(), rest, value))],
        })),
        Value::Tuple(parts) => {
            let mut parts = parts.to_vec();
            if let Some(slot) = first.as_str().parse::<usize>().ok().and_then(|i| parts.get_mut(i)) {
                *slot = updated(slot.clone(), rest, value);
            }
            Value::Tuple(parts.into())
        }
        other => other,
    }
}
