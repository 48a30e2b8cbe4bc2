//! Retry sites: where they are, which call is the attempt, and what they do in every scenario.

pub mod again;

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::engine::abort::{self, Blank};
use crate::engine::amend::Amend;
use crate::engine::combinator::{Combinator, is_schedule};
use crate::engine::db::Db;
use crate::engine::evidence::{self, Evidence};
use crate::engine::guards::{self, Guard};
use crate::engine::interp::{Forced, Interp, MANY, Target};
use crate::engine::lab::{self, Lab, Subject};
use crate::engine::named;
use crate::engine::nest::Inner;
use crate::engine::pool::{self, PoolFault};
use crate::engine::refresh::{self, RefreshFault};
use crate::engine::scenario::Scenario;
use crate::engine::scenes::Scenes;
use crate::engine::trace::{At, Decision, Event, Exit, Run};
use crate::engine::types::Ty;
use crate::finding::SiteKind;
use crate::ir::visit::{self, Node};
use crate::ir::{Expr, ExprKind, MacroBody, Name, Pat, PatKind, Span, Stmt};
use crate::syntax::program::FnId;

/// Runs with other answers, at most, for one scenario of one attempt.
const RERUNS: usize = 8;
/// Calls of one loop tried as the attempt.
const CANDIDATES: usize = 6;
/// Callers of a function that retries what it is given.
const CALLERS: usize = 24;
/// Functions that hand on an operation, from the one that has it to the one that retries it.
const FORWARDS: usize = 3;
/// Attempts with one credential that are still healthy: the first and one on a fresh connection.
pub const ALLOWED: u32 = 2;

/// What a scenario showed, over the runs that were needed.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The run that goes on longest.
    pub run: Run,
    /// The answers that were not the default.
    forced: Forced,
    /// Conditions without which it would stop, not about the failure.
    pub assumed: Vec<At>,
    /// An opaque question about the failure decides: with another answer it stops.
    pub open: Vec<At>,
    /// It stops, and with another answer to an opaque question about the failure it goes on.
    pub swayed: bool,
    /// The attempts that a healthy loop may make.
    allowed: u32,
}

impl Shown {
    /// Another run with the same answers.
    pub(super) fn with(&self, run: Run) -> Shown {
        Shown {
            run,
            forced: self.forced.clone(),
            assumed: Vec::new(),
            open: Vec::new(),
            swayed: false,
            allowed: self.allowed,
        }
    }

    /// The answers that were not the default.
    pub(super) fn forced(&self) -> Forced {
        self.forced.clone()
    }

    /// More attempts than a healthy loop makes, without waiting for something else in between.
    pub fn burns(&self) -> bool {
        let goes_on = self.run.attempts > self.allowed && self.run.comes_back();
        goes_on && self.run.exit != Exit::Budget && !self.is_event_driven()
    }

    /// It is still going when the run is cut off.
    pub fn is_unbounded(&self) -> bool {
        self.run.exit == Exit::Going || self.run.attempts >= MANY
    }

    /// Between two attempts it waits for a message or an element: every attempt is another operation.
    pub fn is_event_driven(&self) -> bool {
        self.run.last_round().iter().any(|e| matches!(e, Event::Wait(_)))
    }
}

/// A retry site with what its runs showed.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its kind.
    pub kind: SiteKind,
    /// The function it stands in.
    pub home: FnId,
    /// The whole of it.
    pub site: Span,
    /// The call that is attempted.
    pub attempt: Span,
    /// Why it is believed to carry a credential.
    pub evidence: Option<Evidence>,
    /// It polls an OAuth device code: a refusal means that the user has not agreed yet.
    pub device_code: bool,
    /// Nobody waits for it to succeed: its result is dropped on purpose, or it only says "I am here".
    pub best_effort: bool,
    /// It asks whether the other side is up.
    pub probe: bool,
    /// A `select!` stands in the site: rounds without a pause may wait for something all the same.
    pub selects: bool,
    /// Success.
    pub success: Run,
    /// 401.
    pub dead: Shown,
    /// 403.
    pub forbidden: Shown,
    /// What it does in the other scenarios, where it carries a credential.
    pub scenes: Option<Box<Scenes>>,
    /// A flag that should stop it, and does not.
    pub guard: Option<Guard>,
    /// A pool that should stop it, and does not, by its name.
    pub pool: Option<(PoolFault, Name)>,
    /// Why its refresh does not help.
    pub refresh: Option<RefreshFault>,
    /// A field that its final error leaves blank.
    pub blank: Option<Blank>,
    /// What the library offers to tell failures apart, for people.
    pub advice: Option<Name>,
    /// Its attempt runs another loop that burns.
    pub inner: Option<Inner>,
    /// What was run, to run it again.
    subject: Subject,
}

impl Facts {
    /// How much it tells: it burns, and it carries a credential.
    fn rank(&self) -> u8 {
        let burns = self.dead.burns() || self.forbidden.burns();
        match (burns && !self.device_code && !self.probe, &self.evidence) {
            (true, Some(_)) => 3,
            (true, None) => 2,
            (false, Some(_)) => 1,
            (false, None) => 0,
        }
    }

    /// The calls that hand the operation to the site's function, where it is passed in: the nearest first, the one
    /// that has it last.
    pub fn callers(&self) -> &[(FnId, Span)] {
        &self.subject.callers
    }

    /// Calls that fail like the attempt.
    pub fn failing(&self) -> &[Span] {
        &self.subject.failing
    }

    /// Runs the scenarios that tell how its guards behave.
    fn look_closer(&mut self, db: &Db<'_>) {
        if self.evidence.is_none() || self.dead.run.exit == Exit::Budget {
            return;
        }
        let lab = Lab { db, subject: &self.subject };
        self.dead.swayed = lab.is_swayed(Scenario::DeadKey, &self.dead);
        self.forbidden.swayed = lab.is_swayed(Scenario::Forbidden, &self.forbidden);
        self.scenes = Some(Box::new(Scenes::of(&lab, &self.dead)));
        self.guard = guards::find(&lab, self);
        self.pool = pool::find(&lab, self);
        self.blank = abort::blank(&lab, self);
        if lab.refreshes(&self.dead) {
            self.refresh = refresh::find(&lab, self);
        }
    }

    /// A dead key makes it stop, whatever the opaque questions about the failure answer.
    pub fn surely_stops(&self) -> bool {
        !self.dead.burns() && !self.dead.swayed
    }

    /// Success goes round too: a worker, not a retry.
    pub fn is_worker(&self) -> bool {
        self.success.attempts > ALLOWED
    }
}

/// Every loop of a function that may be a retry site, outermost first: one that waits, or that speaks of attempts.
/// Loops over data are none: every round is another operation.
pub fn sites(db: &Db<'_>, id: FnId) -> Vec<Span> {
    let mut out = Vec::new();
    let data = db.program().function(id);
    let Some(body) = &data.def.body else { return out };
    let source = &db.program().file(data.file).source;
    visit::block(body, &mut |node| {
        if let Node::Expr(e) = node {
            let may_retry = match &e.kind {
                ExprKind::Loop { .. } => true,
                ExprKind::While { cond, .. } => !takes_data(db, cond),
                ExprKind::For { pat, iter, .. } => counts(pat, iter) || is_schedule(db, id, iter),
                _ => return true,
            };
            // `for _ in 0..3`: the same thing several times.
            let repeats = matches!(&e.kind, ExprKind::For { pat, iter, .. } if matches!(pat.kind, PatKind::Wild) && matches!(iter.kind, ExprKind::Range { .. }));
            if may_retry && (repeats || db.is_delay_within(id, e.span) || speaks_of_attempts(source.slice(e.span))) {
                out.push(e.span);
            }
        }
        true
    });
    // A function that calls itself after a delay.
    let calls_itself = db.summary(id).calls.values().any(|call| call.targets.contains(&id));
    if calls_itself && db.is_delay_within(id, body.span) && out.is_empty() {
        out.push(body.span);
    }
    out
}

fn speaks_of_attempts(text: &str) -> bool {
    [
        "retr",
        "attempt",
        "Attempt",
        "Retr",
        "tries",
        "reconnect",
        "backoff",
        "Backoff",
        "refresh",
        "rotate",
        "UNAUTHORIZED",
        "nauthorized",
        "401",
    ]
    .iter()
    .any(|w| text.contains(w))
}

/// Words of names that count rounds or hold delays.
fn is_round_word(name: &str) -> bool {
    crate::models::split_words(name).iter().any(|w| {
        matches!(
            w.as_str(),
            "attempt"
                | "attempts"
                | "retry"
                | "retries"
                | "try"
                | "tries"
                | "delay"
                | "delays"
                | "backoff"
                | "wait"
                | "round"
                | "schedule"
                | "strategy"
                | "sleep"
        )
    })
}

/// `while let Some(x) = queue.pop()`
fn takes_data(db: &Db<'_>, cond: &Expr) -> bool {
    if let ExprKind::Unary(_, inner) = &cond.kind
        && matches!(&inner.kind, ExprKind::Method { name, .. } if *name == "is_empty")
    {
        return true;
    }
    let ExprKind::Let { pat, expr } = &cond.kind else { return false };
    if !matches!(&pat.kind, PatKind::TupleStruct(path, _) if path.last() == "Some" || path.last() == "Ok") {
        return false;
    }
    let mut found = false;
    visit::expr(expr, &mut |node| {
        if let Node::Expr(Expr { kind: ExprKind::Method { name, .. }, .. }) = node {
            found |= db.lookup.models.words.has("event", name.as_str())
                || matches!(name.as_str(), "next" | "try_next" | "pop_back" | "find" | "find_map" | "choose" | "nth");
        }
        !found
    });
    found
}

/// A `for` that counts rounds or goes through delays, rather than over data.
fn counts(pat: &Pat, iter: &Expr) -> bool {
    let mut found = matches!(pat.kind, PatKind::Wild);
    visit::pat(pat, &mut |node| {
        if let Node::Pat(Pat { kind: PatKind::Bind { name, .. }, .. }) = node {
            found |= is_round_word(name.as_str());
        }
        true
    });
    visit::expr(iter, &mut |node| {
        if let Node::Expr(e) = node {
            found |= match &e.kind {
                ExprKind::Range { .. } => true,
                ExprKind::Path(path) => is_round_word(path.last().as_str()),
                ExprKind::Field(_, name) | ExprKind::Method { name, .. } => is_round_word(name.as_str()),
                _ => false,
            };
        }
        !found
    });
    found
}

/// The variable of a `for` picks what is attempted: `for i in 0..n { fetch(i) }`.
fn picks(db: &Db<'_>, id: FnId, site: Span, attempt: Span) -> bool {
    let Some(body) = &db.program().function(id).def.body else { return false };
    let mut names: Vec<Name> = Vec::new();
    let mut used = false;
    visit::block(body, &mut |node| {
        if let Node::Expr(e) = node {
            match &e.kind {
                ExprKind::For { pat, .. } if e.span == site => {
                    visit::pat(pat, &mut |inner| {
                        if let Node::Pat(Pat { kind: PatKind::Bind { name, .. }, .. }) = inner
                            && !is_round_word(name.as_str())
                        {
                            names.push(*name);
                        }
                        true
                    });
                }
                ExprKind::Path(path) if attempt.contains(e.span) => {
                    used |= path.single().is_some_and(|n| names.contains(&n))
                }
                _ => {}
            }
        }
        true
    });
    used
}

fn has_select(db: &Db<'_>, home: FnId, site: Span) -> bool {
    let Some(body) = &db.program().function(home).def.body else { return false };
    let mut found = false;
    visit::block(body, &mut |node| {
        if let Node::Expr(Expr { kind: ExprKind::Macro(call), span }) = node {
            found |= site.contains(*span) && matches!(call.body, MacroBody::Select(_));
        }
        !found
    });
    found
}

/// The last name of the path or method that a call of a function names.
fn called<'t>(db: &'t Db<'_>, home: FnId, call: Span) -> &'t str {
    let Some(body) = &db.program().function(home).def.body else { return "" };
    let mut found = None;
    visit::block(body, &mut |node| {
        if let Node::Expr(e) = node
            && e.span == call
        {
            found = named::called(e);
        }
        found.is_none()
    });
    found.unwrap_or_default()
}

/// `let _ = api.send_typing().await;`, or a call that names itself a heartbeat.
fn is_best_effort(db: &Db<'_>, home: FnId, attempt: Span) -> bool {
    let data = db.program().function(home);
    let text = db.program().file(data.file).source.slice(attempt);
    let words = &db.lookup.models.words;
    let mut names = text.split(|c: char| !c.is_alphanumeric() && c != '_').chain([data.def.name.as_str()]);
    if names.any(|name| words.names("keepalive", name)) {
        return true;
    }
    let Some(body) = &data.def.body else { return false };
    let mut dropped = false;
    visit::block(body, &mut |node| {
        if let Node::Stmt(Stmt::Let { pat, init: Some(init), .. }) = node
            && matches!(pat.kind, PatKind::Wild)
            && init.span.contains(attempt)
        {
            dropped = !matches!(init.kind, ExprKind::Async(_) | ExprKind::Block { .. } | ExprKind::Loop { .. });
        }
        true
    });
    dropped
}

/// The calls of a loop that may be its attempt: those that go to the network, and operations that were passed in.
pub fn candidates(db: &Db<'_>, id: FnId, site: Span) -> Vec<Span> {
    let mut found: Vec<Span> = db
        .summary(id)
        .calls
        .iter()
        .filter(|(at, call)| {
            site.contains(**at)
                && (db.reaches(call) || call.indirect)
                && !call.targets.contains(&id)
                && !picks(db, id, site, **at)
        })
        .map(|(at, _)| *at)
        .collect();
    found.sort();
    found
}

/// Runs one candidate in every scenario: once, or once for every caller where the operation is passed in. Empty when
/// it is never attempted.
pub fn examine(db: &Db<'_>, home: FnId, site: Span, attempt: Span) -> Vec<Facts> {
    let alone = With::default();
    let indirect = db.call(home, attempt).is_some_and(|c| c.indirect);
    if indirect || is_of_given_trait(db, home, attempt) {
        let facts = with_callers(db, home, site, attempt, alone);
        // An operation of some trait's is any implementation's where no caller shows which.
        if facts.iter().any(|f| indirect || f.dead.run.hit) {
            return facts;
        }
    }
    examine_one(db, home, site, attempt, alone).into_iter().collect()
}

/// The attempt is a method of a parameter whose type is a trait, and all it needs is in there: `operation.execute()`.
fn is_of_given_trait(db: &Db<'_>, home: FnId, attempt: Span) -> bool {
    let data = db.program().function(home);
    let scope = db.scope(home);
    let Some(body) = &data.def.body else { return false };
    let mut found = false;
    visit::block(body, &mut |node| {
        if let Node::Expr(Expr { kind: ExprKind::Method { recv, args, .. }, span }) = node
            && *span == attempt
            && args.is_empty()
            && let ExprKind::Path(path) = &recv.kind
        {
            found = data.def.params.iter().any(|param| {
                matches!(&param.pat.kind, PatKind::Bind { name, .. } if *name != "self" && path.single() == Some(*name))
                    && matches!(scope.read(db.program(), &param.ty), Ty::Dyn(_))
            });
        }
        !found
    });
    found
}

/// Runs one candidate once for every call that hands the operation in.
fn with_callers(db: &Db<'_>, home: FnId, site: Span, attempt: Span, with: With<'_>) -> Vec<Facts> {
    let chains = handed_in(db, home);
    chains.iter().filter_map(|callers| examine_one(db, home, site, attempt, With { callers, ..with })).collect()
}

/// The ways on which an operation comes into a function: its callers, and the callers of those that only hand on what
/// they were given.
fn handed_in(db: &Db<'_>, home: FnId) -> Vec<Vec<(FnId, Span)>> {
    let callers = |id: FnId| {
        let others = db.callers(id).iter().copied();
        others.filter(move |(caller, _)| !db.is_foreign_test(*caller, home) && *caller != id && *caller != home)
    };
    let mut done = Vec::new();
    let mut front: Vec<Vec<(FnId, Span)>> = callers(home).map(|caller| vec![caller]).collect();
    for _ in 0..FORWARDS {
        let mut next = Vec::new();
        for chain in front {
            let Some((caller, call)) = chain.last().copied() else { continue };
            let before: Vec<(FnId, Span)> =
                if hands_on(db, caller, call) { callers(caller).collect() } else { Vec::new() };
            if before.is_empty() {
                done.push(chain);
                continue;
            }
            next.extend(before.into_iter().map(|link| chain.iter().copied().chain([link]).collect::<Vec<_>>()));
        }
        front = next;
    }
    done.extend(front);
    done.truncate(CALLERS);
    done
}

/// A call that passes on a function which its own function was given.
fn hands_on(db: &Db<'_>, caller: FnId, call: Span) -> bool {
    let data = db.program().function(caller);
    let scope = db.scope(caller);
    let given: Vec<Name> = data
        .def
        .params
        .iter()
        .filter(|param| matches!(scope.read(db.program(), &param.ty), Ty::Func(_)))
        .filter_map(|param| match &param.pat.kind {
            PatKind::Bind { name, .. } => Some(*name),
            _ => None,
        })
        .collect();
    let Some(body) = data.def.body.as_ref().filter(|_| !given.is_empty()) else { return false };
    let mut found = false;
    visit::block(body, &mut |node| {
        if let Node::Expr(Expr { kind: ExprKind::Path(path), span }) = node {
            found |= call.contains(*span) && path.single().is_some_and(|name| given.contains(&name));
        }
        !found
    });
    found
}

/// What a run is given besides the site.
#[derive(Clone, Copy, Default)]
pub(super) struct With<'s> {
    /// The calls that hand over the operation.
    pub(super) callers: &'s [(FnId, Span)],
    /// Calls that fail like the attempt.
    pub(super) failing: &'s [Span],
    /// The site is a library's call, by its model.
    pub(super) library: Option<usize>,
}

fn examine_one(db: &Db<'_>, home: FnId, site: Span, attempt: Span, with: With<'_>) -> Option<Facts> {
    let caller = with.callers.last().copied();
    let whole = db.program().function(home).def.body.as_ref().map(|b| b.span);
    let kind = match with.library {
        Some(_) => SiteKind::Combinator,
        None if whole == Some(site) => SiteKind::Recursion,
        None => SiteKind::Loop,
    };
    let mut target = Target { home, site, attempt, response_world: true, kind };
    let explore = |db, scenario, target| explore(db, scenario, target, with);
    let mut dead = explore(db, Scenario::DeadKey, target);
    if dead.run.attempts == 0 {
        return None;
    }
    if !dead.run.hit && !dead.run.status_asked {
        target.response_world = false;
        dead = explore(db, Scenario::DeadKey, target);
    }
    // The same way to the attempt as in the run that burns.
    let success = run(db, Scenario::Success, target, dead.forced.clone(), with);
    let forbidden = explore(db, Scenario::Forbidden, target);
    let evidence = match caller {
        None if kind == SiteKind::Combinator => match dead.run.operation {
            Some((written, body)) if dead.run.hit => evidence::find(db, written, body, body),
            _ => None,
        },
        // What was passed in counts only if it was seen to go to the network.
        Some((caller, call)) if dead.run.hit => evidence::find(db, caller, call, call),
        Some(_) => None,
        None if db.call(home, attempt).is_some_and(|c| c.indirect) && !dead.run.hit => None,
        None => evidence::find(db, home, site, attempt),
    };
    let data = db.program().function(home);
    let text = db.program().file(data.file).source.slice(data.span);
    let device_code = db.lookup.models.words.within("device", text);
    let best_effort = is_best_effort(db, home, attempt);
    let probe = db.lookup.models.words.names("probe", called(db, home, attempt));
    let selects = has_select(db, home, site);
    let advice = with.library.and_then(|index| db.lookup.models.retry.retry(index).advice.as_deref()).map(Name::new);
    let subject =
        Subject { target, callers: with.callers.to_vec(), failing: with.failing.to_vec(), library: with.library };
    Some(Facts {
        kind,
        home,
        site,
        attempt,
        evidence,
        device_code,
        best_effort,
        probe,
        selects,
        success,
        dead,
        forbidden,
        advice,
        scenes: None,
        guard: None,
        pool: None,
        refresh: None,
        blank: None,
        inner: None,
        subject,
    })
}

/// A loop with what is known of it.
#[derive(Clone, Debug)]
pub struct Examined {
    /// The function it stands in.
    pub home: FnId,
    /// The whole of it.
    pub site: Span,
    /// What its runs showed, for its most telling attempt.
    pub facts: Facts,
    /// The same for the other callers that hand it an operation that burns.
    pub others: Vec<Facts>,
}

/// Of nested loops around one attempt, the innermost that burns speaks: the others only come back to it.
pub fn innermost(examined: Vec<Arc<Examined>>) -> Vec<Arc<Examined>> {
    let burning: Vec<(FnId, Span, Span)> =
        examined.iter().filter(|e| e.facts.dead.burns()).map(|e| (e.home, e.site, e.facts.attempt)).collect();
    examined
        .into_iter()
        .filter(|e| {
            !burning.iter().any(|(home, site, attempt)| {
                *home == e.home && *attempt == e.facts.attempt && *site != e.site && e.site.contains(*site)
            })
        })
        .collect()
}

/// The most telling candidate of a loop: one that burns with a credential, else one that burns, else the first.
pub fn analyse(db: &Db<'_>, home: FnId, site: Span) -> Option<Examined> {
    let mut examined = best(db, home, site)?;
    examined.facts.look_closer(db);
    Some(examined)
}

fn best(db: &Db<'_>, home: FnId, site: Span) -> Option<Examined> {
    let mut best: Option<(u8, Examined)> = None;
    for attempt in candidates(db, home, site).into_iter().take(CANDIDATES) {
        let all = examine(db, home, site, attempt);
        let Some((rank, examined)) = most_telling(home, site, all) else { continue };
        if best.as_ref().is_none_or(|(r, _)| rank > *r) {
            best = Some((rank, examined));
        }
        if rank == 3 {
            break;
        }
    }
    if !matches!(best, Some((3, _))) {
        // One operation falls back to another: a key that is dead for one is dead for both.
        let network: Vec<Span> = candidates(db, home, site)
            .into_iter()
            .filter(|at| db.call(home, *at).is_some_and(|c| !c.indirect) && !lab::is_refresh(db, home, *at))
            .take(CANDIDATES)
            .collect();
        if let [first, _, ..] = network.as_slice()
            && let Some(facts) = examine_one(db, home, site, *first, With { failing: &network, ..With::default() })
            && facts.rank() == 3
        {
            return Some(Examined { home, site, facts, others: Vec::new() });
        }
    }
    best.map(|(_, examined)| examined)
}

/// What a library call shows: on its own, or, where its operation is handed in by callers, with each of them.
pub fn analyse_call(db: &Db<'_>, home: FnId, call: &Combinator) -> Option<Examined> {
    let mut examined = best_of_call(db, home, call)?;
    examined.facts.look_closer(db);
    Some(examined)
}

fn best_of_call(db: &Db<'_>, home: FnId, call: &Combinator) -> Option<Examined> {
    let with = With { library: Some(call.model), ..With::default() };
    let own = examine_one(db, home, call.site, call.attempt, with)?;
    let mut all = Vec::new();
    if !own.dead.run.hit && call.is_given {
        all = with_callers(db, home, call.site, call.attempt, with);
    }
    if all.is_empty() {
        all.push(own);
    }
    Some(most_telling(home, call.site, all)?.1)
}

/// The facts that tell most, with the others that tell as much where all is known; and how much that is.
fn most_telling(home: FnId, site: Span, mut all: Vec<Facts>) -> Option<(u8, Examined)> {
    // The first of the most telling: `sort_by_key` is stable.
    all.sort_by_key(|facts| std::cmp::Reverse(facts.rank()));
    let mut all = all.into_iter();
    let facts = all.next()?;
    let rank = facts.rank();
    let others = if rank == 3 { all.filter(|f| f.rank() == 3).collect() } else { Vec::new() };
    Some((rank, Examined { home, site, facts, others }))
}

fn run(db: &Db<'_>, scenario: Scenario, target: Target, forced: Forced, with: With<'_>) -> Run {
    run_amended(db, scenario, target, forced, with, None)
}

/// The same, otherwise than the code says.
pub(super) fn run_amended(
    db: &Db<'_>,
    scenario: Scenario,
    target: Target,
    forced: Forced,
    with: With<'_>,
    amend: Option<Amend>,
) -> Run {
    let interp = Interp::new(db, scenario, target, forced).failing(with.failing).amended(amend);
    interp.called_from(with.callers).run()
}

/// Runs a scenario, again with other answers where a condition that has nothing to do with the failure made it stop.
pub(super) fn furthest(db: &Db<'_>, scenario: Scenario, target: Target, with: With<'_>) -> Shown {
    let again = |forced: Forced| run(db, scenario, target, forced, with);
    let mut forced = Forced::default();
    let mut run = again(forced.clone());
    let mut tried: FxHashSet<(At, bool)> = FxHashSet::default();
    let mut left = RERUNS;
    // An operation that was handed over counts only if it is seen to go to the network. Where it went another way, for
    // instance through a cache or a relay, each turn is tried.
    if !run.hit && !with.callers.is_empty() {
        let mut turns: Vec<(At, bool, bool)> = Vec::new();
        for turn in run.decisions.iter().filter(|d| d.in_attempt && !d.tainted).map(|d| (d.at, d.after, d.taken)) {
            if !turns.contains(&turn) {
                turns.push(turn);
            }
        }
        for (at, after, taken) in turns.into_iter().take(RERUNS) {
            forced.insert((at, after), !taken);
            let other = again(forced.clone());
            if other.hit {
                run = other;
                break;
            }
            forced.remove(&(at, after));
        }
    }
    while run.attempts <= db.allowed && run.exit == Exit::Left || run.attempts == 0 {
        let last = run.attempts;
        let open = |d: &&Decision, tried: &FxHashSet<(At, bool)>, forced: &Forced| {
            let here = d.attempts == last && (!d.in_attempt || !run.hit);
            !d.tainted && here && !tried.contains(&(d.at, d.after)) && !forced.contains_key(&(d.at, d.after))
        };
        let next = run.decisions.iter().rev().find(|d| open(d, &tried, &forced));
        let Some(Decision { at, after, taken, .. }) = next.cloned() else { break };
        if left == 0 {
            break;
        }
        left -= 1;
        tried.insert((at, after));
        forced.insert((at, after), !taken);
        let other = again(forced.clone());
        let further = other.attempts > run.attempts || (other.hit && !run.hit && other.attempts >= run.attempts);
        // No further yet, but a new condition stands in the way now: keep going that way.
        let opens = other.attempts == run.attempts
            && other
                .decisions
                .iter()
                .any(|d| open(&d, &tried, &forced) && !run.decisions.iter().any(|old| old.at == d.at));
        if further || opens {
            run = other;
        } else {
            forced.remove(&(at, after));
        }
    }
    Shown { run, forced, assumed: Vec::new(), open: Vec::new(), swayed: false, allowed: db.allowed }
}

/// The same, and then looks which answers it rests on.
fn explore(db: &Db<'_>, scenario: Scenario, target: Target, with: With<'_>) -> Shown {
    let again = |forced: Forced| run(db, scenario, target, forced, with);
    let mut shown = furthest(db, scenario, target, with);
    if !shown.burns() {
        return shown;
    }
    let mut seen: FxHashSet<(At, bool)> = FxHashSet::default();
    let mut decisions = shown.run.decisions.clone();
    // What is asked about the failure weighs most.
    decisions.sort_by_key(|decision| !decision.tainted);
    for decision in decisions {
        if !decision.after || !seen.insert((decision.at, decision.after)) || seen.len() > RERUNS {
            continue;
        }
        let mut forced = shown.forced.clone();
        forced.insert((decision.at, decision.after), !decision.taken);
        let other = again(forced);
        if other.attempts <= db.allowed && other.exit == Exit::Left {
            let list = if decision.tainted { &mut shown.open } else { &mut shown.assumed };
            list.push(decision.at);
        }
    }
    shown
}
