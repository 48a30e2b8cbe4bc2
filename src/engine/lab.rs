//! A site set up to be run again: under other scenarios, with other answers, or otherwise than its code says.

use rustc_hash::FxHashSet;

use crate::engine::amend::Amend;
use crate::engine::db::Db;
use crate::engine::interp::{Forced, Target};
use crate::engine::named::called;
use crate::engine::scenario::Scenario;
use crate::engine::site::{self, Shown, With};
use crate::engine::trace::{At, Decision, Event, Run};
use crate::ir::Span;
use crate::ir::visit::{self, Node};
use crate::syntax::program::FnId;

/// Runs with other answers, at most, in search of one that recovers.
const SEARCHES: usize = 6;

/// What is run.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) target: Target,
    pub(super) callers: Vec<(FnId, Span)>,
    pub(super) failing: Vec<Span>,
    pub(super) library: Option<usize>,
}

/// A subject with all that it takes to run it.
#[derive(Clone, Copy)]
pub(super) struct Lab<'d, 's> {
    pub(super) db: &'d Db<'d>,
    pub(super) subject: &'s Subject,
}

impl<'d> Lab<'d, '_> {
    fn with(&self) -> With<'_> {
        let Subject { callers, failing, library, .. } = self.subject;
        With { callers, failing, library: *library }
    }

    /// One run.
    pub(super) fn run(&self, scenario: Scenario, forced: Forced, amend: Option<Amend>) -> Run {
        site::run_amended(self.db, scenario, self.subject.target, forced, self.with(), amend)
    }

    /// The run that goes on longest.
    pub(super) fn furthest(&self, scenario: Scenario) -> Shown {
        site::furthest(self.db, scenario, self.subject.target, self.with())
    }

    /// A run that recovers, if there is one whose answers to what has nothing to do with the failure differ; else the one
    /// with the answers of the run on a dead key.
    pub(super) fn seek(&self, scenario: Scenario, dead: &Shown) -> Shown {
        dead.with(self.search(scenario, dead, None))
    }

    /// The same, otherwise than the code says.
    pub(super) fn search(&self, scenario: Scenario, dead: &Shown, amend: Option<Amend>) -> Run {
        let first = self.run(scenario, dead.forced(), amend);
        if first.recovered {
            return first;
        }
        let mut forced = Forced::default();
        let mut run = if dead.forced().is_empty() { first.clone() } else { self.run(scenario, forced.clone(), amend) };
        let mut tried: FxHashSet<(At, bool)> = FxHashSet::default();
        for _ in 0..SEARCHES {
            if run.recovered {
                return run;
            }
            let open = |d: &&Decision| !d.tainted && d.after && !d.in_attempt && !tried.contains(&(d.at, d.after));
            let Some(decision) = run.decisions.iter().rev().find(open) else { break };
            let key = (decision.at, decision.after);
            tried.insert(key);
            forced.insert(key, !decision.taken);
            let other = self.run(scenario, forced.clone(), amend);
            if other.recovered || other.attempts > run.attempts || heals(&other) > heals(&run) {
                run = other;
            } else {
                forced.remove(&key);
            }
        }
        if run.recovered { run } else { first }
    }

    /// Whether a run that stops goes on when an opaque question about the failure is answered otherwise.
    pub(super) fn is_swayed(&self, scenario: Scenario, shown: &Shown) -> bool {
        let mut tried: FxHashSet<(At, bool)> = FxHashSet::default();
        shown.run.decisions.iter().filter(|d| d.tainted && d.after).any(|decision| {
            let key = (decision.at, decision.after);
            if !tried.insert(key) || tried.len() > SEARCHES {
                return false;
            }
            let mut forced = shown.forced();
            forced.insert(key, !decision.taken);
            self.run(scenario, forced, None).attempts > shown.run.attempts
        })
    }

    /// Whether the site asks for a new token anywhere.
    pub(super) fn refreshes(&self, dead: &Shown) -> bool {
        let words = &self.db.lookup.models.words;
        heals(&dead.run) > 0 || self.calls(|name| words.names("refresh", name) || words.names("renew", name))
    }

    /// Whether the site asks a pool for another credential anywhere.
    pub(super) fn rotates(&self, dead: &Shown) -> bool {
        let words = &self.db.lookup.models.words;
        dead.run.events.iter().any(|e| matches!(e, Event::Rotate(..))) || self.calls(|name| words.names("rotate", name))
    }

    fn calls(&self, is: impl Fn(&str) -> bool) -> bool {
        let Target { home, site, .. } = self.subject.target;
        let Some(body) = &self.db.program().function(home).def.body else { return false };
        let mut found = false;
        visit::block(body, &mut |node| {
            if let Node::Expr(e) = node
                && site.contains(e.span)
                && let Some(name) = called(e)
            {
                found |= is(name);
            }
            !found
        });
        found
    }
}

fn heals(run: &Run) -> usize {
    run.events.iter().filter(|e| matches!(e, Event::Refresh(_, true))).count()
}

/// Whether a call of a function is one for a new token, by its name. A key that is dead for the operation beside it is
/// not dead for the refresh.
pub(super) fn is_refresh(db: &Db<'_>, home: FnId, call: Span) -> bool {
    let Some(body) = &db.program().function(home).def.body else { return false };
    let words = &db.lookup.models.words;
    let mut found = false;
    visit::block(body, &mut |node| {
        if let Node::Expr(e) = node
            && e.span == call
            && let Some(name) = called(e)
        {
            found |= words.names("refresh", name) || words.names("renew", name);
        }
        !found
    });
    found
}
