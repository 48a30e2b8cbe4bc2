//! The proof: a repair is made in memory, the changed unit is read again, and the site runs through every scenario. What
//! the runs show decides whether the repair is safe, unsafe, or not offered.

use std::sync::Arc;

use rayon::prelude::*;

use crate::Options;
use crate::engine::Lookup;
use crate::engine::db::Db;
use crate::engine::scenario::Scenario;
use crate::engine::site::{self, ALLOWED, Examined, Facts, Shown, again};
use crate::engine::trace::{Exit, Run};
use crate::finding::{Applicability, Edit, Finding, Fix, SiteKind, Style};
use crate::fix::edit;
use crate::fix::inline::{self, Candidate};
use crate::ir::Span;
use crate::rules;
use crate::syntax::program::reads::Changed;
use crate::syntax::program::{FileId, FnId, Loaded, Program};
use crate::workspace::source::Source;

/// Times that the unit is read again, at most.
const ROUNDS: usize = 10;

/// A finding to be repaired.
struct Task<'e> {
    finding: usize,
    examined: &'e Examined,
    candidates: Vec<Candidate>,
    /// The candidate to be tried next.
    next: usize,
    /// The best that was proved so far.
    best: Option<Fix>,
    why: Option<String>,
}

impl Task<'_> {
    fn is_open(&self) -> bool {
        let safe = self.best.as_ref().is_some_and(|fix| fix.applicability == Applicability::Safe);
        // A doubtful candidate cannot become better than an unsafe one that is there already.
        let hopeless = |c: &Candidate| self.best.is_some() && c.doubt.is_some();
        !safe && self.candidates.get(self.next).is_some_and(|c| !hopeless(c))
    }
}

/// Looks for a repair of each finding that is wanted, and puts it or the reason why there is none into the finding. The
/// program is one that can be updated.
pub fn propose(
    db: &Db<'_>,
    examined: &[Arc<Examined>],
    findings: &mut [Finding],
    wanted: &(dyn Fn(&Finding) -> bool + Sync),
    options: &Options,
) {
    let site_of = |finding: &Finding| {
        let site = finding.sites.first()?;
        let file = |e: &Examined| &db.program().file(db.program().function(e.home).file).source;
        let here = |e: &&Examined| e.site == site.place.span && Arc::ptr_eq(file(e), &site.place.source);
        examined.iter().map(Arc::as_ref).find(here)
    };
    let reported: Vec<(&Examined, usize)> = findings
        .iter()
        .enumerate()
        .filter(|(_, finding)| wanted(finding))
        .filter_map(|(n, finding)| Some((site_of(finding)?, n)))
        .collect();
    let mut tasks: Vec<Task<'_>> = reported
        .par_iter()
        .map(|(examined, finding)| {
            let (candidates, why) = match inline::candidates(db, &examined.facts) {
                Ok(candidates) => (candidates, None),
                Err(why) => (Vec::new(), Some(why)),
            };
            Task { finding: *finding, examined, candidates, next: 0, best: None, why }
        })
        .collect();
    for _ in 0..ROUNDS {
        let batch = next_batch(&tasks);
        if batch.is_empty() {
            break;
        }
        let edits: Vec<Edit> = batch.iter().flat_map(|i| tasks[*i].candidates[tasks[*i].next].edits.clone()).collect();
        let verdicts: Vec<Verdict> = match change(db, &edits) {
            Some(files) => {
                let (mut program, mut store) = (db.program().clone(), db.store().clone());
                let mut changed = Changed::default();
                let edited = program.update(files, &mut changed);
                let lookup = Lookup { program: &program, models: db.lookup.models };
                store.update(lookup, &edited, &mut changed);
                let after = Db::new(lookup, &store, db.allowed);
                let known: Vec<(FileId, Span, &str)> = findings.iter().filter_map(|f| key(db, f)).collect();
                let new = new_findings(db, &after, &edits, &known, options);
                batch.iter().map(|i| prove(db, &after, &tasks[*i], &edits, &new, options)).collect()
            }
            None => batch.iter().map(|_| Verdict::Rejected("the changed text would not parse".to_owned())).collect(),
        };
        for (i, verdict) in batch.into_iter().zip(verdicts) {
            settle(&mut tasks[i], verdict);
        }
    }
    for task in tasks {
        let finding = &mut findings[task.finding];
        finding.unfixable = if task.best.is_none() { task.why } else { None };
        finding.fixes.extend(task.best);
    }
    for finding in findings.iter_mut().filter(|f| wanted(f) && f.fixes.is_empty() && f.unfixable.is_none()) {
        finding.unfixable = Some("a policy or classifier is not repaired".to_owned());
    }
}

/// The candidates to be tried together: one of each open task, and no two in one function.
fn next_batch(tasks: &[Task<'_>]) -> Vec<usize> {
    let mut batch: Vec<usize> = Vec::new();
    for (i, task) in tasks.iter().enumerate().filter(|(_, task)| task.is_open()) {
        let edits = &task.candidates[task.next].edits;
        let fits = batch.iter().all(|j| {
            let other = &tasks[*j];
            other.examined.home != task.examined.home && !edit::overlap(&other.candidates[other.next].edits, edits)
        });
        if fits {
            batch.push(i);
        }
    }
    batch
}

fn settle(task: &mut Task<'_>, verdict: Verdict) {
    let candidate = &task.candidates[task.next];
    task.next += 1;
    let doubt = match verdict {
        Verdict::Proved => candidate.doubt.clone(),
        Verdict::Doubtful(doubt) => Some(candidate.doubt.clone().unwrap_or(doubt)),
        Verdict::Rejected(why) => {
            task.why = Some(why);
            return;
        }
    };
    let applicability = if doubt.is_none() { Applicability::Safe } else { Applicability::Unsafe };
    if task.best.as_ref().is_none_or(|best| applicability > best.applicability) {
        let (message, edits) = (candidate.message.clone(), candidate.edits.clone());
        task.best = Some(Fix { style: Style::Inline, message, edits, applicability, doubt });
    }
}

/// The files that the edits change, with the edits made; `None` where one does not parse as well as before.
fn change(db: &Db<'_>, edits: &[Edit]) -> Option<Vec<(FileId, Option<Loaded>)>> {
    let program = db.program();
    let mut changed = Vec::new();
    for file in program.files() {
        let here = in_file(&program.file(file).source, edits);
        if here.is_empty() {
            continue;
        }
        let old = &program.file(file).source;
        let text = edit::apply(&old.text, &here);
        let loaded = program.loaded_with(file, Arc::new(Source::new(old.path.clone(), old.file.clone(), text)));
        if loaded.file.skipped.len() > program.gaps(file) {
            return None;
        }
        changed.push((file, Some(loaded)));
    }
    Some(changed)
}

fn in_file(source: &Arc<Source>, edits: &[Edit]) -> Vec<Edit> {
    edits.iter().filter(|edit| Arc::ptr_eq(&edit.place.source, source)).cloned().collect()
}

/// A finding as what it is recognised by: file, site, rule.
fn key<'f>(db: &Db<'_>, finding: &'f Finding) -> Option<(FileId, Span, &'f str)> {
    // A comment inside of a loop says nothing about the loop.
    let place = &finding.sites.first().filter(|site| site.kind != SiteKind::Comment)?.place;
    let program = db.program();
    let file = program.files().find(|file| Arc::ptr_eq(&program.file(*file).source, &place.source))?;
    Some((file, place.span, finding.rule.code))
}

/// The findings in the changed files, and in the callers of their functions, that were not there before.
fn new_findings(
    before: &Db<'_>,
    after: &Db<'_>,
    edits: &[Edit],
    known: &[(FileId, Span, &str)],
    options: &Options,
) -> Vec<(FileId, Span)> {
    let program = before.program();
    let moved = |file: FileId, span: Span| edit::moved(span, &in_file(&program.file(file).source, edits));
    let is_changed = |file: FileId| edits.iter().any(|e| Arc::ptr_eq(&e.place.source, &program.file(file).source));
    let mut functions: Vec<FnId> =
        after.program().functions().filter(|id| is_changed(after.program().function(*id).file)).collect();
    let callers: Vec<FnId> = functions.iter().flat_map(|id| after.callers(*id)).map(|(caller, _)| *caller).collect();
    functions.extend(callers);
    functions.sort();
    functions.dedup();
    functions
        .par_iter()
        .filter(|id| {
            let data = after.program().function(**id);
            after.program().file(data.file).reported && (options.include_tests || !data.is_test)
        })
        .flat_map_iter(|id| site::sites(after, *id).into_iter().map(move |span| (*id, span)))
        .filter_map(|(id, span)| {
            let examined = site::analyse(after, id, span)?;
            let file = after.program().function(id).file;
            let (_, finding) = rules::judge(after, &examined, options);
            let code = finding?.rule.code;
            let is_known = known.iter().any(|(f, s, c)| *f == file && moved(*f, *s) == span && *c == code)
                // The loop around a known one is the same finding, see `site::innermost`.
                || known.iter().any(|(f, s, _)| *f == file && span.contains(moved(*f, *s)));
            (!is_known).then_some((file, span))
        })
        .collect()
}

enum Verdict {
    /// All scenarios are as they should be.
    Proved,
    /// The finding is gone, but something else changed.
    Doubtful(String),
    /// It is no repair.
    Rejected(String),
}

fn prove(
    before: &Db<'_>,
    after: &Db<'_>,
    task: &Task<'_>,
    edits: &[Edit],
    new: &[(FileId, Span)],
    options: &Options,
) -> Verdict {
    let facts = &task.examined.facts;
    let program = before.program();
    let home = program.function(facts.home);
    let here = in_file(&program.file(home.file).source, edits);
    let moved = |span: Span| edit::moved(span, &here);
    let lost = || Verdict::Rejected("the loop was not found again in the changed text".to_owned());
    // Nothing is added to the unit by these edits, so functions keep their numbers.
    let count = |program: &Program| program.functions_in(facts.home.file).len();
    if count(after.program()) != count(program) {
        return lost();
    }
    let site = moved(facts.site);
    let moved_caller = |(id, span): &(FnId, Span)| {
        let file = &program.file(program.function(*id).file).source;
        (*id, edit::moved(*span, &in_file(file, edits)))
    };
    let callers: Vec<(FnId, Span)> = facts.callers().iter().map(moved_caller).collect();
    let failing: Vec<Span> = facts.failing().iter().map(|span| moved(*span)).collect();
    let Some(now) = again::examine(after, (facts.home, site, moved(facts.attempt)), &callers, &failing) else {
        return lost();
    };
    let stops = |shown: &Shown| shown.run.attempts <= ALLOWED && shown.run.exit == Exit::Left;
    if !stops(&now.dead) || (facts.forbidden.burns() && !stops(&now.forbidden)) {
        return Verdict::Rejected("the repair that was tried does not stop the loop".to_owned());
    }
    if let Some(examined) = site::analyse(after, facts.home, site)
        && let Some(left) = rules::judge(after, &examined, options).1
    {
        return Verdict::Rejected(format!(
            "the repaired loop would be reported as {} ({})",
            left.rule.name, left.rule.code
        ));
    }
    let span = after.program().function(facts.home).span;
    if new.iter().any(|(file, at)| *file == home.file && span.contains(*at)) {
        return Verdict::Rejected("the repair that was tried brings a new finding".to_owned());
    }
    if !new.is_empty() {
        return Verdict::Doubtful("something else in these files is reported after the change".to_owned());
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
