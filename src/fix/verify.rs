//! The proof: a repair is made in memory, the changed unit is read again, and the site runs through every scenario. What
//! the runs show decides whether the repair is safe, unsafe, or not offered.

use std::sync::Arc;

use rayon::prelude::*;

use crate::Options;
use crate::engine::Lookup;
use crate::engine::db::Db;
use crate::engine::policy::{self, Hearing};
use crate::engine::site::{self, Examined};
use crate::engine::stand_in;
use crate::engine::trace::Event;
use crate::finding::{Applicability, Edit, Finding, Fix, SiteKind, Style};
use crate::fix::inline::{self, Candidate};
use crate::fix::prove::{self, Change, Verdict, in_file};
use crate::fix::{edit, guard, runtime};
use crate::ir::Span;
use crate::rules;
use crate::syntax::program::reads::Changed;
use crate::syntax::program::{FileId, FnId, Loaded};
use crate::workspace::source::Source;

/// Times that the unit is read again, at most.
const ROUNDS: usize = 10;

/// Policies tried for one finding, at most.
const POLICIES: usize = 3;

/// What a repair changes.
enum About<'e> {
    /// A loop, or a library's call.
    Site(&'e Examined),
    /// A policy, what it says, and the sites of the finding that ask it.
    Policy(FnId, Hearing, Vec<&'e Examined>),
}

/// One way to repair a finding.
struct Task<'e> {
    finding: usize,
    about: About<'e>,
    candidates: Vec<Candidate>,
    /// The candidate to be tried next.
    next: usize,
    /// The best that was proved so far.
    best: Option<Fix>,
    why: Option<String>,
}

impl Task<'_> {
    fn is_open(&self) -> bool {
        // A doubtful candidate cannot become better than an unsafe one that is there already.
        let hopeless = |c: &Candidate| self.best.is_some() && c.doubt.is_some();
        !self.is_done() && self.candidates.get(self.next).is_some_and(|c| !hopeless(c))
    }

    fn is_done(&self) -> bool {
        self.best.as_ref().is_some_and(|fix| fix.applicability == Applicability::Safe)
    }

    /// The function that is changed.
    fn home(&self) -> FnId {
        match &self.about {
            About::Site(examined) => examined.home,
            About::Policy(id, ..) => *id,
        }
    }

    fn is_policy(&self) -> bool {
        matches!(self.about, About::Policy(..))
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
    let all = findings.par_iter().enumerate().filter(|(_, finding)| wanted(finding));
    let mut tasks: Vec<Task<'_>> =
        all.flat_map_iter(|(n, finding)| tasks(db, examined, n, finding, options.style)).collect();
    for _ in 0..ROUNDS {
        let batch = next_batch(&tasks);
        if batch.is_empty() {
            break;
        }
        let mut edits: Vec<Edit> = Vec::new();
        batch.iter().for_each(|i| edit::join(&mut edits, &tasks[*i].candidates[tasks[*i].next].edits));
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
                let change = Change { before: db, after: &after, edits: &edits, new: &new, options };
                let verdict = |i: &usize| match &tasks[*i].about {
                    About::Site(examined) => prove::site(&change, examined),
                    About::Policy(id, hearing, askers) => prove::policy(&change, *id, hearing, askers),
                };
                batch.par_iter().map(verdict).collect()
            }
            None => batch.iter().map(|_| Verdict::Rejected("the changed text would not parse".to_owned())).collect(),
        };
        for (i, verdict) in batch.into_iter().zip(verdicts) {
            settle(&mut tasks[i], verdict);
        }
    }
    for task in tasks {
        let finding = &mut findings[task.finding];
        match task.best {
            Some(fix) => {
                // The first of the best.
                let best = finding.fixes.iter().find(|old| old.style == fix.style);
                if best.is_none_or(|old| fix.applicability > old.applicability) {
                    finding.fixes.retain(|old| old.style != fix.style);
                    finding.fixes.push(fix);
                }
            }
            None => {
                finding.unfixable = finding.unfixable.take().or(task.why);
            }
        }
    }
    for finding in findings.iter_mut().filter(|finding| wanted(finding)) {
        match finding.fixes.is_empty() {
            true => {
                finding.unfixable.get_or_insert_with(|| "nothing is known to repair in this kind of code".to_owned());
            }
            false => finding.unfixable = None,
        }
    }
}

/// The ways to repair a finding: where it stands, and at the policies that it names.
fn tasks<'e>(db: &Db<'_>, examined: &'e [Arc<Examined>], finding: usize, of: &Finding, style: Style) -> Vec<Task<'e>> {
    let file = |id: FnId| &db.program().file(db.program().function(id).file).source;
    let sites: Vec<&Examined> = of
        .sites
        .iter()
        .filter_map(|site| {
            let is_it = |e: &&Examined| e.site == site.place.span && Arc::ptr_eq(file(e.home), &site.place.source);
            examined.iter().map(Arc::as_ref).find(is_it)
        })
        .collect();
    let named = of.sites.iter().filter(|site| site.kind == SiteKind::Policy).filter_map(|site| {
        let is_it = |id: &FnId| policy::span(db, *id) == site.place.span && Arc::ptr_eq(file(*id), &site.place.source);
        db.program().functions().find(is_it)
    });
    // What was asked on the way to the next attempt, the last first.
    let asked = sites.iter().take(1).flat_map(|site| {
        let events = site.facts.dead.run.last_round().iter().rev();
        events.filter_map(|event| match event {
            Event::Question(at, _) => db.function_at(*at).filter(|id| *id != site.home),
            _ => None,
        })
    });
    let mut policies: Vec<FnId> = Vec::new();
    for id in named.chain(asked) {
        if !policies.contains(&id) && policies.len() < POLICIES {
            policies.push(id);
        }
    }
    let is_at_policy = of.sites.first().is_some_and(|site| site.kind == SiteKind::Policy);
    let mut out = Vec::new();
    let mut add = |about: About<'e>, found: Result<Vec<Candidate>, String>| {
        let (candidates, why) = match found {
            Ok(candidates) => (candidates, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        out.push(Task { finding, about, candidates, next: 0, best: None, why });
    };
    if let Some(site) = sites.first().filter(|_| !is_at_policy) {
        let special = guard::candidates(db, &site.facts, of.rule.code);
        let general = match style {
            Style::Inline => inline::candidates(db, &site.facts),
            Style::Runtime => runtime::candidates(db, &site.facts),
        };
        let found = match general {
            Ok(general) => Ok(special.into_iter().chain(general).collect()),
            Err(_) if !special.is_empty() => Ok(special),
            Err(why) => Err(why),
        };
        add(About::Site(site), found);
    }
    for id in policies {
        let Some(hearing) = policy::hear(db, id) else { continue };
        if !hearing.heard.iter().any(|heard| super::policy::retries(&heard)) {
            continue;
        }
        let found = super::policy::candidates(db, id, &hearing);
        add(About::Policy(id, hearing, sites.clone()), found);
    }
    out
}

/// The candidates to be tried together: one of each open task, no two of one finding or in one function. What a policy
/// says changes loops elsewhere, so policies are tried by themselves.
fn next_batch(tasks: &[Task<'_>]) -> Vec<usize> {
    let mut batch: Vec<usize> = Vec::new();
    let is_repaired = |finding: usize| tasks.iter().any(|t| t.finding == finding && t.is_done());
    for (i, task) in tasks.iter().enumerate().filter(|(_, task)| task.is_open() && !is_repaired(task.finding)) {
        let edits = &task.candidates[task.next].edits;
        let fits = batch.iter().all(|j| {
            let other = &tasks[*j];
            other.home() != task.home()
                && other.finding != task.finding
                && other.is_policy() == task.is_policy()
                && !edit::overlap(&other.candidates[other.next].edits, edits)
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
        let Candidate { message, edits, needs, style, .. } = candidate.clone();
        task.best = Some(Fix { style, message, edits, applicability, doubt, needs });
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
    // What the edits name for the first time may have a stand-in.
    for (slot, stand_in) in stand_in::places(program, &db.lookup.models.stand_ins) {
        let is_named = |(_, loaded): &(FileId, Option<Loaded>)| {
            loaded.as_ref().is_some_and(|loaded| stand_in::names(&loaded.source, &stand_in.krate))
        };
        if program.file(slot).source.text.is_empty() && changed.iter().any(is_named) {
            changed.push((slot, Some(stand_in::load(stand_in))));
        }
    }
    Some(changed)
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
    let is_changed = |file: &FileId| edits.iter().any(|e| Arc::ptr_eq(&e.place.source, &program.file(*file).source));
    let mut functions: Vec<FnId> =
        program.files().filter(is_changed).flat_map(|file| after.program().functions_in(file)).collect();
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
