//! The proof of one repair: what was changed runs through every scenario again, beside what it did before.

use std::sync::Arc;

use crate::Options;
use crate::engine::combinator::combinators;
use crate::engine::db::Db;
use crate::engine::policy::{self, Answer, Hearing};
use crate::engine::scenario::Scenario;
use crate::engine::site::{self, ALLOWED, Examined, Facts, Shown, again};
use crate::engine::trace::{Exit, Run};
use crate::finding::{Edit, SiteKind};
use crate::fix::edit;
use crate::fix::policy::retries;
use crate::ir::Span;
use crate::rules;
use crate::syntax::program::{FileId, FnId};
use crate::workspace::source::Source;

/// What a repair came to.
pub(super) enum Verdict {
    /// All scenarios are as they should be.
    Proved,
    /// The finding is gone, but something else changed.
    Doubtful(String),
    /// It is no repair.
    Rejected(String),
}

/// A changed unit beside the one that it was made from.
pub(super) struct Change<'c> {
    /// As it was.
    pub(super) before: &'c Db<'c>,
    /// With the edits made.
    pub(super) after: &'c Db<'c>,
    /// The edits.
    pub(super) edits: &'c [Edit],
    /// Where something is reported that was not reported before.
    pub(super) new: &'c [(FileId, Span)],
    /// How to judge.
    pub(super) options: &'c Options,
}

impl Change<'_> {
    /// A function in the changed unit. What edits add moves the numbers of those after it.
    fn again(&self, id: FnId) -> Option<FnId> {
        let (before, after) = (self.before.program(), self.after.program());
        let old = before.function(id);
        let span = edit::moved(old.span, &in_file(&before.file(old.file).source, self.edits));
        after.functions_in(old.file).find(|new| {
            let new = after.function(*new);
            new.span == span && new.def.name == old.def.name
        })
    }

    /// Something new is reported: where, as seen from a function.
    fn brings(&self, home: FnId) -> Option<Verdict> {
        let (file, span) =
            (self.before.program().function(home).file, self.after.program().function(self.again(home)?).span);
        if self.new.iter().any(|(other, at)| *other == file && span.contains(*at)) {
            return Some(Verdict::Rejected("the repair that was tried brings a new finding".to_owned()));
        }
        let else_ = || Verdict::Doubtful("something else in these files is reported after the change".to_owned());
        (!self.new.is_empty()).then(else_)
    }
}

/// Proves the repair of a policy, and that the sites of the finding that ask it stop.
pub(super) fn policy(change: &Change<'_>, id: FnId, old: &Hearing, askers: &[&Examined]) -> Verdict {
    let Some(now) = change.again(id).and_then(|id| policy::hear(change.after, id)) else {
        return Verdict::Rejected("the policy was not found again in the changed text".to_owned());
    };
    if now.heard.len() != old.heard.len() {
        return Verdict::Rejected("the policy is asked about something else after the change".to_owned());
    }
    let answers = old.heard.iter().zip(&now.heard).filter(|(old, _)| retries(old)).map(|(_, now)| now.answer);
    let answers: Vec<Answer> = answers.collect();
    if answers.contains(&Answer::Retry) || now.heard.iter().any(|heard| retries(&heard)) {
        return Verdict::Rejected("the policy that was tried still retries a refused credential".to_owned());
    }
    for asker in askers {
        if let verdict @ (Verdict::Rejected(_) | Verdict::Doubtful(_)) = site(change, asker) {
            return verdict;
        }
    }
    if let Some(verdict) = change.brings(id) {
        return verdict;
    }
    let passing = |h: &Hearing| h.answers(|s| matches!(s, Scenario::RateLimited | Scenario::ServerError));
    if passing(old) != passing(&now) {
        return Verdict::Doubtful("with 429 or 503 the policy does not answer as before".to_owned());
    }
    if answers.contains(&Answer::Unknown) {
        return Verdict::Doubtful("what the policy says to a refused credential is not known in every case".to_owned());
    }
    Verdict::Proved
}

/// A site examined again after the change.
fn examine(after: &Db<'_>, home: FnId, at: Span, kind: SiteKind) -> Option<Examined> {
    if kind != SiteKind::Combinator {
        return site::analyse(after, home, at);
    }
    let calls = combinators(after, home);
    site::analyse_call(after, home, calls.iter().find(|call| call.site.start == at.start)?)
}

/// Proves the repair of a loop or a library's call.
pub(super) fn site(change: &Change<'_>, examined: &Examined) -> Verdict {
    let Change { before, after, edits, options, .. } = *change;
    let facts = &examined.facts;
    let program = before.program();
    let home = program.function(facts.home);
    let here = in_file(&program.file(home.file).source, edits);
    let moved = |span: Span| edit::moved(span, &here);
    let lost = || Verdict::Rejected("the loop was not found again in the changed text".to_owned());
    let moved_caller = |(id, span): &(FnId, Span)| {
        let file = &program.file(program.function(*id).file).source;
        Some((change.again(*id)?, edit::moved(*span, &in_file(file, edits))))
    };
    let callers: Option<Vec<(FnId, Span)>> = facts.callers().iter().map(moved_caller).collect();
    let (Some(callers), Some(home_now)) = (callers, change.again(facts.home)) else { return lost() };
    let (mut site, mut attempt) = (moved(facts.site), moved(facts.attempt));
    if facts.kind == SiteKind::Combinator {
        let calls = combinators(after, home_now);
        let Some(call) = calls.iter().find(|call| call.site.start == site.start) else { return lost() };
        (site, attempt) = (call.site, call.attempt);
    }
    let failing: Vec<Span> = facts.failing().iter().map(|span| moved(*span)).collect();
    let Some(now) = again::examine(after, facts, (home_now, site, attempt), &callers, &failing) else {
        return lost();
    };
    let stops = |shown: &Shown| shown.run.attempts <= ALLOWED && shown.run.exit == Exit::Left;
    if !stops(&now.dead) || (facts.forbidden.burns() && !stops(&now.forbidden)) {
        return Verdict::Rejected("the repair that was tried does not stop the loop".to_owned());
    }
    if let Some(examined) = examine(after, home_now, site, facts.kind)
        && let Some(left) = rules::judge(after, &examined, options).1
    {
        return Verdict::Rejected(format!(
            "what was repaired would be reported as {} ({})",
            left.rule.name, left.rule.code
        ));
    }
    if let Some(verdict) = change.brings(facts.home) {
        return verdict;
    }
    for (scenario, what) in
        [(Scenario::RateLimited, "429"), (Scenario::ServerError, "503"), (Scenario::Success, "success")]
    {
        let (old, new) = match scenario {
            Scenario::Success => (facts.success.clone(), succeed(after, facts, &now)),
            _ => (again::conduct(before, facts, scenario).run, again::conduct(after, &now, scenario).run),
        };
        if !is_same(&old, &new) {
            return Verdict::Doubtful(format!("with {what} the loop does not behave as before"));
        }
    }
    // Whatever healed the loop before still has its turn.
    if let (Some(old), Some(new)) = (&facts.scenes, &now.scenes) {
        for (old, new, what) in
            [(&old.stale, &new.stale, "a refresh"), (&old.room, &new.room, "another key of the pool")]
        {
            if old.run.recovered && !new.run.recovered {
                return Verdict::Rejected(format!("the repair that was tried gives up before {what} could help"));
            }
        }
    }
    Verdict::Proved
}

/// Success in the changed loop.
fn succeed(after: &Db<'_>, before: &Facts, now: &Facts) -> Run {
    // The conditions on the way to the attempt are the same ones, in other places; a loop that took the default
    // answers takes them again.
    if now.success.attempts == before.success.attempts {
        return now.success.clone();
    }
    again::succeed(after, now, &now.dead).run
}

/// Two runs that do the same.
fn is_same(a: &Run, b: &Run) -> bool {
    let near = |x: f64, y: f64| (x - y).abs() < 1e-6 * (1.0 + x.abs());
    let ((least, most, partial), (least2, most2, partial2)) = (a.slept(), b.slept());
    a.attempts == b.attempts && a.exit == b.exit && near(least, least2) && near(most, most2) && partial == partial2
}

/// Of these edits, those of one file.
pub(super) fn in_file(source: &Arc<Source>, edits: &[Edit]) -> Vec<Edit> {
    edits.iter().filter(|edit| Arc::ptr_eq(&edit.place.source, source)).cloned().collect()
}
