//! From the engine's events to what people read: the site's verdict, and a finding with its witness.

use rustc_hash::FxHashSet;

use super::{Diagnosis, Rule, cost};
use crate::engine::db::Db;
use crate::engine::scenes;
use crate::engine::site::{Examined, Facts, Shown};
use crate::engine::trace::{At, Event, Exit, Handed};
use crate::finding::{Certainty, Finding, Level, Role, Site, SiteKind, SiteRef, Step, Verdict};
use crate::ir::Span;
use crate::syntax::program::{FnId, Program};
use crate::workspace::source::Place;

/// Tests of the failure shown in a witness, at most: the last ones decide.
const TESTS: usize = 3;

pub(super) fn place(program: &Program, at: At) -> Place {
    Place { source: program.file(at.file).source.clone(), span: at.span }
}

/// A place in the site's own function.
pub fn home_place(db: &Db<'_>, facts: &Facts, span: Span) -> Place {
    let program = db.program();
    place(program, At { file: program.function(facts.home).file, span })
}

/// The site with its verdict.
pub fn site(db: &Db<'_>, facts: &Facts) -> Site {
    let program = db.program();
    let file = program.function(facts.home).file;
    let at = |span: Span| place(program, At { file, span });
    let dead = &facts.dead;
    let verdict = match (&dead.run.exit, &facts.evidence) {
        (Exit::Budget, _) => Verdict::Undecided("too complex: not analysed".to_owned()),
        _ if facts.device_code && dead.burns() => {
            Verdict::Undecided("polls an OAuth device code: 403 means not yet".to_owned())
        }
        _ if facts.probe && dead.burns() => Verdict::Undecided("asks whether the other side is up".to_owned()),
        _ if dead.is_event_driven() => Verdict::Undecided("waits for an event before each attempt".to_owned()),
        (_, None) => Verdict::NoCredential,
        _ if !dead.burns() => Verdict::Stops(dead.run.attempts),
        _ if !dead.open.is_empty() => {
            let question = program.file(dead.open[0].file).source.slice(dead.open[0].span);
            Verdict::Undecided(format!("depends on `{}`", first_line(question)))
        }
        _ if facts.is_worker() => Verdict::Worker,
        _ => Verdict::Burns(cost::attempts(dead)),
    };
    Site {
        kind: facts.kind,
        place: at(facts.site),
        function: program.display(facts.home),
        attempt: Some(at(facts.attempt)),
        credential: facts.evidence.as_ref().map(|e| e.what.clone()),
        verdict,
        slept: cost::slept(dead),
        scenarios: scenes::behaviours(facts).map_or_else(Vec::new, Vec::from),
        is_test: program.function(facts.home).is_test,
    }
}

pub(super) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("").trim()
}

/// The finding.
pub fn finding(
    db: &Db<'_>,
    examined: &Examined,
    shown: &Shown,
    rule: &'static Rule,
    level: Level,
    certainty: Certainty,
    diagnosis: Diagnosis,
) -> Finding {
    let facts = &examined.facts;
    let program = db.program();
    let file = program.function(facts.home).file;
    let mut sites = vec![SiteRef { kind: facts.kind, place: place(program, At { file, span: facts.site }) }];
    for id in policies(db, facts, shown) {
        let data = program.function(id);
        let span = Span { start: data.def.name_span.start, end: data.span.end };
        sites.push(SiteRef { kind: SiteKind::Policy, place: place(program, At { file: data.file, span }) });
    }
    for (id, call) in std::iter::once(facts).chain(&examined.others).flat_map(|f| f.callers().iter().copied()) {
        let file = program.function(id).file;
        sites.push(SiteRef { kind: SiteKind::Combinator, place: place(program, At { file, span: call }) });
    }
    let assumed = shown
        .assumed
        .iter()
        .chain(&shown.open)
        .map(|at| format!("`{}`", first_line(program.file(at.file).source.slice(at.span))))
        .collect();
    Finding {
        rule,
        level,
        certainty,
        message: diagnosis.message,
        help: diagnosis.help,
        attempts: cost::attempts(shown),
        slept: cost::slept(shown),
        pauses: cost::pauses(shown),
        sites,
        witness: steps(program, shown),
        assumed,
        fixes: Vec::new(),
        unfixable: None,
    }
}

fn steps(program: &Program, shown: &Shown) -> Vec<Step> {
    let round = shown.run.last_round();
    let status = shown.run.status.unwrap_or(401);
    let mut out = Vec::new();
    let tests: Vec<(usize, &At, &String)> = round
        .iter()
        .enumerate()
        .filter_map(|(i, e)| match e {
            Event::Question(at, what) => Some((i, at, what)),
            _ => None,
        })
        .collect();
    // The same place asked twice says it once.
    let mut seen: FxHashSet<At> = FxHashSet::default();
    let mut kept: Vec<usize> =
        tests.iter().rev().filter(|(_, at, _)| seen.insert(**at)).take(TESTS).map(|(i, _, _)| *i).collect();
    kept.sort_unstable();
    let first_delay = shown.run.events.iter().find_map(|e| match e {
        Event::Delay(_, time) => Some(*time),
        _ => None,
    });
    let answered = if shown.run.is_auth() { "refused" } else { "answered" };
    let mut delays = 0;
    let is_new =
        round.iter().any(|e| matches!(e, Event::Refresh(_, true) | Event::Rotate(_, Handed::Next | Handed::Unsaid)));
    let mut shown_at: FxHashSet<(At, Role)> = FxHashSet::default();
    for (i, event) in round.iter().enumerate() {
        let step = match event {
            Event::Attempt(at) => (Role::Attempt, at, format!("this attempt is {answered} with {status}")),
            Event::Question(at, what) if kept.contains(&i) => (Role::Test, at, what.clone()),
            Event::Delay(at, time) => {
                delays += 1;
                if delays > 2 {
                    continue;
                }
                let what = match (time, first_delay.flatten()) {
                    (Some((least, _)), Some((first, _))) if *least > first && still_grows(shown, at) => {
                        format!("sleeps {} the first time, longer each time after", cost::range(first, first))
                    }
                    (Some((least, most)), Some((first, _))) if shown.run.attempts > 2 && *least > first => {
                        format!(
                            "sleeps {} the first time, {} the last",
                            cost::range(first, first),
                            cost::range(*least, *most)
                        )
                    }
                    (Some((least, most)), _) => format!("sleeps {}", cost::range(*least, *most)),
                    (None, _) => "sleeps".to_owned(),
                };
                (Role::Delay, at, what)
            }
            Event::BackEdge(at) => {
                let with = if is_new { "" } else { ", with the same credential" };
                (Role::BackEdge, at, format!("back to the next attempt{with}"))
            }
            Event::Transient(at) => {
                (Role::Test, at, "`?` makes this failure one that is retried, whatever it is".to_owned())
            }
            Event::Tick(at) => (Role::Delay, at, "waits for the next tick".to_owned()),
            Event::Refresh(at, true) => (Role::Guard, at, "gets a new token here".to_owned()),
            Event::Refresh(at, false) => (Role::Guard, at, "asks for a new token, in vain".to_owned()),
            Event::Rotate(at, _) => (Role::Guard, at, "asks the pool for another credential".to_owned()),
            Event::Question(..) | Event::Wait(_) | Event::Said(_) | Event::ReadText(_) | Event::Sent => continue,
        };
        // A loop inside the round comes by the same place many times.
        if shown_at.insert((*step.1, step.0)) {
            out.push(Step { role: step.0, place: place(program, *step.1), what: step.2 });
        }
    }
    out
}

/// Whether this delay has no end, and no limit was reached when the run was cut off: its last length means nothing.
fn still_grows(shown: &Shown, at: &At) -> bool {
    let mut lengths = shown.run.events.iter().rev().filter_map(|e| match e {
        Event::Delay(here, Some((_, most))) if here == at => Some(*most),
        _ => None,
    });
    let (last, before) = (lengths.next(), lengths.next());
    shown.is_unbounded() && last.zip(before).is_none_or(|(last, before)| last > before)
}

/// The functions elsewhere whose answer let the failure through.
fn policies(db: &Db<'_>, facts: &Facts, shown: &Shown) -> Vec<FnId> {
    let mut out: Vec<FnId> = Vec::new();
    for event in shown.run.last_round() {
        let Event::Question(at, _) = event else { continue };
        let Some(id) = db.function_at(*at) else { continue };
        if id != facts.home && !out.contains(&id) && db.decides(id) {
            out.push(id);
        }
    }
    out
}
