//! Policies: their sites, and which of them are findings.
//!
//! One cause is one finding. A loop that burns because of a policy names the policy; where several do, the finding
//! stands at the policy and names the loops. A policy that no retry of the unit asks is reported where others can ask
//! it; one that is only asked where the retry stops by itself is not.

use rustc_hash::FxHashSet;

use super::{auth_is_retryable, lowered, witness};
use crate::Options;
use crate::engine::db::Db;
use crate::engine::policy::{Answer, Known, Policy, Said, span};
use crate::engine::site::Examined;
use crate::engine::trace::{At, Event};
use crate::finding::{Attempts, Certainty, Finding, Level, Role, Site, SiteKind, SiteRef, Step, Verdict};
use crate::ir::Span;
use crate::syntax::program::FnId;

/// Calls followed from a policy to the retry that asks it.
const HOPS: u32 = 3;
/// Tests shown in a witness, at most: the last ones decide.
const TESTS: usize = 3;
/// Retries that ask a policy shown in its witness, at most.
const ASKERS: usize = 3;

/// What becomes of a policy's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// A retry asks it and stops by itself.
    Fine,
    /// A retry asks it and goes on.
    Burns,
    /// It is asked where no retry is seen.
    Elsewhere,
}

/// The verdict on every policy, and the findings with those about policies among them.
pub fn judge(
    db: &Db<'_>,
    policies: &[&Policy],
    loops: &[(&Examined, &Verdict)],
    findings: Vec<Finding>,
    options: &Options,
) -> (Vec<Site>, Vec<Finding>) {
    let bad: Vec<&Policy> = policies
        .iter()
        .copied()
        .filter(|p| (p.dead.retries() || p.forbidden.retries()) && p.evidence.is_some())
        .collect();
    let mut findings = findings;
    let mut told: FxHashSet<FnId> = FxHashSet::default();
    // The decider stands before those that only pass its answer on.
    let mut order = bad.clone();
    order.sort_by_key(|p| (root(db, p, &bad) != p.id, p.id));
    for policy in order {
        let cause = root(db, policy, &bad);
        if told.contains(&cause) || told.contains(&policy.id) {
            continue;
        }
        if join(db, policy, &mut findings) {
            told.insert(policy.id);
        }
        let (named, others): (Vec<Finding>, Vec<Finding>) =
            findings.into_iter().partition(|f| names(db, f, policy.id, policy.site));
        findings = others;
        if named.len() == 1 || !named.is_empty() && cause != policy.id {
            told.insert(policy.id);
            findings.extend(named);
            continue;
        }
        let is_told = !named.is_empty() || (!told.contains(&policy.id) && speaks_alone(db, policy, loops, policies));
        let certainty = certainty(policy);
        if !is_told || (certainty == Certainty::Possible && !options.pedantic) {
            continue;
        }
        told.insert(policy.id);
        findings.push(finding(db, policy, certainty, named));
    }
    (policies.iter().map(|policy| site(db, policy, loops, policies)).collect(), findings)
}

/// A finding may name the function that a policy asks, and not the policy: joins the policy to those whose code names
/// it. Whether there is a finding that names what decided.
fn join(db: &Db<'_>, policy: &Policy, findings: &mut [Finding]) -> bool {
    let Some(decider) = worse(policy).decider(db).filter(|id| *id != policy.id) else { return false };
    let data = db.program().function(policy.id);
    let called = data.owner.map_or(data.def.name, |owner| db.program().ty(owner).def.name);
    let mut found = false;
    for finding in findings.iter_mut().filter(|f| names(db, f, decider, span(db, decider))) {
        found = true;
        if !names(db, finding, policy.id, policy.site) && finding.sites[0].place.text().contains(called.as_str()) {
            finding.sites.push(SiteRef { kind: SiteKind::Policy, place: place(db, policy) });
        }
    }
    found
}

/// The policy whose question decided for this one: itself, or one that it asks.
fn root(db: &Db<'_>, policy: &Policy, bad: &[&Policy]) -> FnId {
    let said = worse(policy);
    said.decider(db).filter(|id| bad.iter().any(|p| p.id == *id)).unwrap_or(policy.id)
}

fn worse(policy: &Policy) -> &Said {
    if policy.dead.retries() || !policy.forbidden.retries() { &policy.dead } else { &policy.forbidden }
}

fn certainty(policy: &Policy) -> Certainty {
    let said = worse(policy);
    let strong = policy.evidence.as_ref().is_some_and(|e| e.strong);
    match said.assumed.len() {
        0..=1 if strong && !said.guessed => Certainty::Certain,
        0..=2 => Certainty::Likely,
        _ => Certainty::Possible,
    }
}

/// A finding of a loop names this policy among its sites.
fn names(db: &Db<'_>, finding: &Finding, id: FnId, site: Span) -> bool {
    let place = witness::place(db.program(), At { file: db.program().function(id).file, span: site });
    finding
        .sites
        .iter()
        .any(|s| s.kind == SiteKind::Policy && s.place.span == place.span && s.place.source.path == place.source.path)
}

fn place(db: &Db<'_>, policy: &Policy) -> crate::workspace::source::Place {
    witness::place(db.program(), At { file: db.program().function(policy.id).file, span: policy.site })
}

/// Whether a policy that no finding names is reported by itself.
fn speaks_alone(db: &Db<'_>, policy: &Policy, loops: &[(&Examined, &Verdict)], policies: &[&Policy]) -> bool {
    match policy.known {
        Known::ByWeakName => return false,
        // Whoever builds with it uses it.
        Known::ByUse => return true,
        _ => {}
    }
    let uses = uses(db, policy, loops, policies);
    if uses.contains(&Use::Fine) {
        return false;
    }
    if uses.contains(&Use::Burns) {
        return policy.evidence.as_ref().is_some_and(|e| e.strong);
    }
    if uses.contains(&Use::Elsewhere) {
        return true;
    }
    // Nobody here asks it: it is there for others.
    let said = worse(policy);
    is_public(db, policy) && !said.guessed && said.assumed.is_empty()
}

fn is_public(db: &Db<'_>, policy: &Policy) -> bool {
    let data = db.program().function(policy.id);
    let owner = data.owner.is_none_or(|owner| db.program().ty(owner).def.is_pub);
    data.trait_.is_some() || (data.def.is_pub && owner)
}

/// What becomes of a policy's answer.
fn uses(db: &Db<'_>, policy: &Policy, loops: &[(&Examined, &Verdict)], policies: &[&Policy]) -> Vec<Use> {
    let mut uses = Vec::new();
    follow(db, policy.id, loops, policies, 0, &mut FxHashSet::default(), &mut uses);
    uses
}

/// Collects what becomes of the answer of a function.
fn follow(
    db: &Db<'_>,
    id: FnId,
    loops: &[(&Examined, &Verdict)],
    policies: &[&Policy],
    hops: u32,
    seen: &mut FxHashSet<FnId>,
    uses: &mut Vec<Use>,
) {
    if !seen.insert(id) {
        return;
    }
    for (caller, at) in db.callers(id) {
        if db.program().function(*caller).is_test {
            continue;
        }
        let around = loops
            .iter()
            .filter(|(e, _)| e.home == *caller && e.site.contains(*at))
            .min_by_key(|(e, _)| e.site.end - e.site.start);
        match around {
            Some((_, Verdict::Stops(_))) => uses.push(Use::Fine),
            Some((_, Verdict::Burns(_) | Verdict::Worker)) => uses.push(Use::Burns),
            Some((_, Verdict::Undecided(_) | Verdict::NoCredential)) => {}
            None => {
                let before = uses.len();
                let is_policy = policies.iter().any(|p| p.id == *caller);
                if hops < HOPS {
                    follow(db, *caller, loops, policies, hops + 1, seen, uses);
                }
                // A policy that nobody asks is no use of the one that it asks.
                if uses.len() == before && !is_policy {
                    uses.push(Use::Elsewhere);
                }
            }
        }
    }
}

/// The finding at a policy, with the loops of the findings that it replaces.
fn finding(db: &Db<'_>, policy: &Policy, certainty: Certainty, loops: Vec<Finding>) -> Finding {
    let rule = &auth_is_retryable::RULE;
    let said = worse(policy);
    let diagnosis = auth_is_retryable::diagnose(policy, loops.len());
    let mut level = rule.level;
    if !policy.dead.retries() {
        level = lowered(level, 1);
    }
    let mut sites = vec![SiteRef { kind: SiteKind::Policy, place: place(db, policy) }];
    for site in loops.iter().flat_map(|f| &f.sites) {
        let is_new = |s: &SiteRef| s.place.span != site.place.span || s.place.source.path != site.place.source.path;
        if sites.iter().all(is_new) {
            sites.push(site.clone());
        }
    }
    let mut witness = steps(db, policy, said, if policy.dead.retries() { 401 } else { 403 });
    // Where it is asked, since the finding stands elsewhere.
    for attempt in loops.iter().filter_map(|f| f.witness.first()).take(ASKERS) {
        let what = "and this is tried again".to_owned();
        witness.push(Step { role: Role::BackEdge, place: attempt.place.clone(), what });
    }
    let program = db.program();
    let text = |at: &At| format!("`{}`", witness::first_line(program.file(at.file).source.slice(at.span)));
    Finding {
        rule,
        level: loops.iter().map(|f| f.level).max().map_or(level, |of_loops| of_loops.max(level.min(Level::Warn))),
        certainty: loops.iter().map(|f| f.certainty).max().unwrap_or(certainty),
        message: diagnosis.message,
        help: diagnosis.help,
        attempts: attempts(),
        slept: None,
        pauses: Vec::new(),
        sites,
        witness,
        assumed: said.assumed.iter().map(text).collect(),
        fixes: Vec::new(),
        unfixable: None,
    }
}

/// How often is for those to say who ask.
fn attempts() -> Attempts {
    Attempts::Until("its caller's limit".to_owned())
}

fn steps(db: &Db<'_>, policy: &Policy, said: &Said, status: u16) -> Vec<Step> {
    let program = db.program();
    let data = program.function(policy.id);
    let span = if policy.known == Known::ByUse { policy.site } else { data.def.name_span };
    let name = At { file: data.file, span };
    let asked = match said.from {
        Some(maker) => format!("asked about the error that `{}` makes of a {status}", program.display(maker)),
        None => format!("asked about an operation that is refused with {status}"),
    };
    let mut out = vec![Step { role: Role::Attempt, place: witness::place(program, name), what: asked }];
    let mut seen = FxHashSet::default();
    let mut tests: Vec<Step> = Vec::new();
    for event in said.events.iter().rev() {
        let Event::Question(at, what) = event else { continue };
        if seen.insert(*at) && tests.len() < TESTS {
            tests.push(Step { role: Role::Test, place: witness::place(program, *at), what: what.clone() });
        }
    }
    out.extend(tests.into_iter().rev());
    out
}

/// The policy with its verdict.
fn site(db: &Db<'_>, policy: &Policy, loops: &[(&Examined, &Verdict)], policies: &[&Policy]) -> Site {
    let program = db.program();
    let said = worse(policy);
    let verdict = match (said.answer, said.open) {
        (_, Some(at)) => {
            let question = program.file(at.file).source.slice(at.span);
            Verdict::Undecided(format!("depends on `{}`", witness::first_line(question)))
        }
        (Answer::Unknown, None) => Verdict::Undecided("not known what a refused credential is here".to_owned()),
        (Answer::Stop, None) => Verdict::Stops(1),
        (Answer::Retry, None) if policy.evidence.is_none() => Verdict::NoCredential,
        // It says yes, and those who ask it stop by themselves.
        (Answer::Retry, None) if uses(db, policy, loops, policies).contains(&Use::Fine) => Verdict::Stops(1),
        (Answer::Retry, None) => Verdict::Burns(attempts()),
    };
    Site {
        kind: SiteKind::Policy,
        place: place(db, policy),
        function: program.display(policy.id),
        attempt: None,
        slept: None,
        credential: policy.evidence.as_ref().map(|e| e.what.clone()),
        verdict,
        scenarios: Vec::new(),
        is_test: program.function(policy.id).is_test,
    }
}
