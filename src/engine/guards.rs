//! Guards that do not guard: a flag that should let the auth path run once, and does not.
//!
//! A guard is found by running the site otherwise than it says. Every test that a burning run asks again and again with
//! the same answer is asked a second time as if the flag behind it had stayed set: if the loop then stops, that flag was
//! meant to stop it. Who writes the flag, and when, says why it does not.

use crate::engine::amend::Amend;
use crate::engine::lab::Lab;
use crate::engine::scenario::Scenario;
use crate::engine::site::{ALLOWED, Facts, Shown};
use crate::engine::trace::{Event, Exit, Mark, MarkKind, Run};
use crate::ir::visit::{self, Node};
use crate::ir::{BinOp, Block, Expr, ExprKind, Lit, Name, Pat, PatKind, Span, Stmt, UnOp};

/// Tests of one run that are tried.
const TESTS: usize = 6;

/// A broken guard.
#[derive(Clone, Debug)]
pub struct Guard {
    /// What is wrong with it.
    pub defect: Defect,
    /// The flag.
    pub name: Name,
    /// The test of it.
    pub test: Span,
}

/// What is wrong with a guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// It is declared in the loop, so that every round starts with a new one.
    Declared,
    /// It is set back on the way to the next attempt.
    Reset,
    /// It is tested and never set on the way to the next attempt.
    NeverSet,
    /// It is set only when the refresh has succeeded.
    SetLate,
    /// It stops the loop for a failure that can pass: this status.
    TooWide(u16),
}

/// The broken guard of a site, if it has one.
pub(super) fn find(lab: &Lab<'_, '_>, facts: &Facts) -> Option<Guard> {
    let scenes = facts.scenes.as_ref()?;
    let body = lab.db.program().function(facts.home).def.body.as_ref()?;
    let code = Code { body, site: facts.site };
    if facts.dead.burns() {
        return unset(lab, &code, facts, Scenario::DeadKey, &facts.dead);
    }
    if facts.forbidden.burns() {
        return unset(lab, &code, facts, Scenario::Forbidden, &facts.forbidden);
    }
    if scenes.dead_refresh.burns() {
        return set_late(lab, &code, facts, &scenes.dead_refresh);
    }
    if lab.db.is_delay_within(facts.home, facts.site) {
        return too_wide(lab, &code, Scenario::RateLimited, &scenes.limited)
            .or_else(|| too_wide(lab, &code, Scenario::ServerError, &scenes.server));
    }
    None
}

/// A flag that a burning run asks in every round and finds unset.
fn unset(lab: &Lab<'_, '_>, code: &Code<'_>, facts: &Facts, scenario: Scenario, shown: &Shown) -> Option<Guard> {
    let round = shown.run.attempts.saturating_sub(1);
    let mut suspects: Vec<(Defect, Name, Span)> = Vec::new();
    for test in steady(&shown.run) {
        let Some(flag) = code.flag(test) else { continue };
        let (writes, after) = writes(&shown.run, round, test, flag.name);
        let defect = match code.declared(flag.name) {
            Some(_) if after > 0 => Defect::Declared,
            // Set, and set back; or never set to anything but what it is.
            None if after > 0 && (writes > 1 || (flag.is_plain && is_one_shot(flag.name))) => Defect::Reset,
            _ if flag.is_plain
                && is_one_shot(flag.name)
                && code.starts_unset(flag.name)
                && !is_set(facts, flag.name) =>
            {
                Defect::NeverSet
            }
            _ => continue,
        };
        suspects.push((defect, flag.name, test));
    }
    // A flag that is set and lost explains more than one that another way sets.
    suspects.sort_by_key(|(defect, ..)| *defect == Defect::NeverSet);
    let latched = suspects.into_iter().find_map(|(defect, name, test)| {
        stops(&lab.run(scenario, shown.forced(), Some(Amend::Latch(test))), &shown.run).then_some(Guard {
            defect,
            name,
            test,
        })
    });
    latched.or_else(|| forgotten(lab, code, scenario, shown))
}

/// A state that a burning run moves on and that is new in every round: an enum that a `match` reads.
fn forgotten(lab: &Lab<'_, '_>, code: &Code<'_>, scenario: Scenario, shown: &Shown) -> Option<Guard> {
    let round = shown.run.attempts.saturating_sub(1);
    let is_written =
        |name: Name| shown.run.marks.iter().any(|m| m.attempts == round && m.kind == MarkKind::Write(name));
    code.states().into_iter().take(TESTS).find_map(|(name, read)| {
        let declared = code.declared(name).filter(|_| is_written(name))?;
        let kept = lab.run(scenario, shown.forced(), Some(Amend::Keep(declared)));
        stops(&kept, &shown.run).then_some(Guard { defect: Defect::Declared, name, test: read })
    })
}

/// Whether any way through the site that begins with a refused credential sets a flag.
fn is_set(facts: &Facts, name: Name) -> bool {
    let scenes = facts.scenes.iter().flat_map(|s| [&s.transient, &s.stale, &s.dead_refresh, &s.room, &s.exhausted]);
    let runs = [&facts.success, &facts.dead.run, &facts.forbidden.run].into_iter().chain(scenes.map(|s| &s.run));
    runs.into_iter().any(|run| has_write(run, name))
}

/// A flag that only a refresh that succeeds sets.
fn set_late(lab: &Lab<'_, '_>, code: &Code<'_>, facts: &Facts, shown: &Shown) -> Option<Guard> {
    steady(&shown.run).into_iter().find_map(|test| {
        let flag = code.flag(test)?;
        let is_late = has_write(&facts.dead.run, flag.name) && !has_write(&shown.run, flag.name);
        if !is_late || facts.dead.burns() {
            return None;
        }
        stops(&lab.run(Scenario::DeadRefresh, shown.forced(), Some(Amend::Latch(test))), &shown.run).then_some(Guard {
            defect: Defect::SetLate,
            name: flag.name,
            test,
        })
    })
}

/// A flag that ends the loop for a failure that can pass, and with it unset the loop goes on.
fn too_wide(lab: &Lab<'_, '_>, code: &Code<'_>, scenario: Scenario, shown: &Shown) -> Option<Guard> {
    let run = &shown.run;
    if run.exit != Exit::Left || run.attempts > ALLOWED || shown.swayed {
        return None;
    }
    let healed = run.events.iter().any(|e| matches!(e, Event::Refresh(..) | Event::Rotate(..)));
    let words = &lab.db.lookup.models.words;
    let mut tests: Vec<Span> = Vec::new();
    for mark in &run.marks {
        if let MarkKind::Test(span, _) = mark.kind
            && !tests.contains(&span)
            && answers(run, span).windows(2).any(|pair| pair[0] != pair[1])
        {
            tests.push(span);
        }
    }
    tests.into_iter().take(TESTS).find_map(|test| {
        let flag = code.flag(test).filter(|flag| flag.is_plain && code.declared(flag.name).is_none())?;
        let is_auth = healed || words.names("auth", flag.name.as_str()) || words.names("refresh", flag.name.as_str());
        if !is_auth || !is_one_shot(flag.name) {
            return None;
        }
        let other = lab.run(scenario, shown.forced(), Some(Amend::Freeze(test)));
        let goes_on = other.attempts > ALLOWED && other.exit != Exit::Budget;
        goes_on.then_some(Guard { defect: Defect::TooWide(scenario.status()?), name: flag.name, test })
    })
}

/// The tests of the last round that always gave the same answer, in order.
fn steady(run: &Run) -> Vec<Span> {
    let round = run.attempts.saturating_sub(1);
    let mut out: Vec<Span> = Vec::new();
    for mark in run.marks.iter().filter(|m| m.attempts == round) {
        if let MarkKind::Test(span, _) = mark.kind
            && !out.contains(&span)
            && out.len() < TESTS
        {
            let answers = answers(run, span);
            if answers.len() > 1 && answers.iter().all(|a| *a == answers[0]) {
                out.push(span);
            }
        }
    }
    out
}

fn answers(run: &Run, test: Span) -> Vec<bool> {
    let of = |kind: &MarkKind| match kind {
        MarkKind::Test(span, held) if *span == test => Some(*held),
        _ => None,
    };
    run.marks.iter().filter_map(|m| of(&m.kind)).collect()
}

fn has_write(run: &Run, name: Name) -> bool {
    run.marks.iter().any(|m| m.kind == MarkKind::Write(name))
}

/// Writes of a name in a round: all, and those from a test on.
fn writes(run: &Run, round: u32, test: Span, name: Name) -> (usize, usize) {
    let marks = || run.marks.iter().filter(|m| m.attempts == round);
    let of_name = |m: &&Mark| m.kind == MarkKind::Write(name);
    let after = marks().skip_while(|m| !matches!(m.kind, MarkKind::Test(span, _) if span == test)).filter(of_name);
    (marks().filter(of_name).count(), after.count())
}

/// It ends by itself, and sooner.
fn stops(run: &Run, before: &Run) -> bool {
    run.exit == Exit::Left && run.attempts <= ALLOWED + 1 && run.attempts < before.attempts
}

/// Whether a name says that something was done once.
fn is_one_shot(name: Name) -> bool {
    const WORDS: &[&str] = &[
        "tried",
        "retried",
        "refreshed",
        "attempted",
        "reauthed",
        "reauthenticated",
        "renewed",
        "once",
        "recovered",
        "second",
        "already",
        "relogged",
        "reconnected",
        "rotated",
    ];
    let words = crate::models::split_words(name.as_str());
    words.iter().any(|w| WORDS.contains(&w.as_str()))
}

/// The flag behind a test.
struct Flag {
    name: Name,
    /// The test is the flag itself, or its negation.
    is_plain: bool,
}

/// The site's code.
struct Code<'c> {
    body: &'c Block,
    site: Span,
}

impl<'c> Code<'c> {
    fn expr(&self, span: Span) -> Option<&'c Expr> {
        let mut found = None;
        visit::block(self.body, &mut |node| {
            if let Node::Expr(e) = node
                && e.span == span
                && found.is_none()
            {
                found = Some(e);
            }
            found.is_none()
        });
        found
    }

    /// The one variable or field that a test asks.
    fn flag(&self, test: Span) -> Option<Flag> {
        let e = self.expr(test)?;
        match &e.kind {
            ExprKind::Binary(BinOp::Eq | BinOp::Ne | BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge, a, b) => {
                let literal = |e: &Expr| matches!(e.kind, ExprKind::Lit(_)) || constant(e);
                match (variable(a), variable(b)) {
                    (Some(name), None) if literal(b) => Some(Flag { name, is_plain: false }),
                    (None, Some(name)) if literal(a) => Some(Flag { name, is_plain: false }),
                    _ => None,
                }
            }
            // `if let Some(refresher) = once.take()`
            ExprKind::Let { expr, .. } => match &expr.kind {
                ExprKind::Method { recv, name, .. } if *name == "take" => {
                    variable(recv).map(|name| Flag { name, is_plain: false })
                }
                _ => None,
            },
            _ => variable(e).map(|name| Flag { name, is_plain: true }),
        }
    }

    /// Variables whose value a pattern is matched against in the loop, and where.
    fn states(&self) -> Vec<(Name, Span)> {
        let mut out: Vec<(Name, Span)> = Vec::new();
        visit::block(self.body, &mut |node| {
            if let Node::Expr(Expr {
                kind: ExprKind::Match { scrutinee: read, .. } | ExprKind::Let { expr: read, .. },
                ..
            }) = node
                && self.site.contains(read.span)
                && let Some(name) = variable(read)
                && out.iter().all(|(known, _)| *known != name)
            {
                out.push((name, read.span));
            }
            true
        });
        out
    }

    /// The declaration of a variable in the loop, where it starts with something constant.
    fn declared(&self, name: Name) -> Option<Span> {
        self.declarations(name).into_iter().find(|(span, _)| self.site.contains(*span)).map(|(span, _)| span)
    }

    /// It is declared as `false` somewhere.
    fn starts_unset(&self, name: Name) -> bool {
        self.declarations(name).iter().any(|(_, init)| matches!(init.kind, ExprKind::Lit(Lit::Bool(false))))
    }

    fn declarations(&self, name: Name) -> Vec<(Span, &'c Expr)> {
        let mut out = Vec::new();
        lets(self.body, &mut |pat, init| {
            if matches!(&pat.kind, PatKind::Bind { name: bound, .. } if *bound == name) && constant(init) {
                out.push((pat.span, init));
            }
        });
        out
    }
}

/// Every `let` with a value in a block, also in the blocks inside it.
fn lets<'c>(block: &'c Block, see: &mut impl FnMut(&'c Pat, &'c Expr)) {
    visit::block(block, &mut |node| {
        if let Node::Stmt(Stmt::Let { pat, init: Some(init), .. }) = node {
            see(pat, init);
        }
        true
    });
}

/// The variable or field that an expression reads, through `!`, `*`, `.load(..)` and the like.
fn variable(e: &Expr) -> Option<Name> {
    match &e.kind {
        ExprKind::Path(path) => {
            path.single().filter(|n| n.as_str().starts_with(|c: char| c.is_lowercase() || c == '_'))
        }
        ExprKind::Field(_, name) => Some(*name),
        ExprKind::Unary(UnOp::Not | UnOp::Deref, inner) => variable(inner),
        ExprKind::Method { recv, name, .. } if matches!(name.as_str(), "load" | "get" | "is_some" | "is_none") => {
            variable(recv)
        }
        _ => None,
    }
}

/// A value that is the same in every round.
fn constant(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Lit(_) => true,
        ExprKind::Path(path) => path.last().as_str().starts_with(|c: char| c.is_uppercase()),
        ExprKind::Call { callee, args } => {
            matches!(&callee.kind, ExprKind::Path(path) if matches!(path.last().as_str(), "new" | "Some"))
                && args.iter().all(|a| constant(a) || matches!(a.kind, ExprKind::Ref { .. } | ExprKind::Path(_)))
        }
        _ => false,
    }
}
