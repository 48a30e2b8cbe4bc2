//! Policies: functions and trait impls that decide for others whether to try again.
//!
//! A policy is known by the words of its name, by the trait it implements or by the verdicts that its result type
//! holds, always together with a failure that it is given. It is executed on a refused credential, in the shape that
//! the failure has there (`shape`, `birth`), and what it says is read from what it gives back (`answer`).

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::engine::birth::{self, Birth};
use crate::engine::db::Db;
use crate::engine::evidence::Evidence;
use crate::engine::interp::{Asked, Forced, Interp};
use crate::engine::scenario::Scenario;
use crate::engine::trace::{At, Event};
use crate::engine::types::Ty;
use crate::engine::value::Value;
use crate::ir::visit::{self, Node};
use crate::ir::{Expr, ExprKind, Lit, Pat, PatKind, Span};
use crate::syntax::program::{FnId, Res, TypeId};

mod answer;
mod handed;
mod hear;
mod shape;

pub use answer::Answer;
use answer::Reading;
pub use answer::by_name;
pub use hear::{Heard, Hearing, hear};
use shape::Shape;

/// Runs with other answers, at most, for one value of the failure.
const RERUNS: usize = 8;
/// Callers of callers of a policy among which the source of its errors is looked for.
const ASKERS: u32 = 3;

/// How a policy was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// By its name.
    ByName,
    /// By a name that also says other things: `is_fatal`. It counts where a retry asks it.
    ByWeakName,
    /// By the trait that it implements.
    ByTrait,
    /// By the verdicts that its result type holds.
    ByResult,
    /// By the library's builder that it is handed to.
    ByUse,
}

/// A policy and what it says.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The function; where it is handed to a builder, the one that does that.
    pub id: FnId,
    /// From its name to its end; where it is handed to a builder, what is handed over.
    pub site: Span,
    /// How it was recognised.
    pub known: Known,
    /// To 401.
    pub dead: Said,
    /// To 403.
    pub forbidden: Said,
    /// Why what it decides about is believed to carry a credential.
    pub evidence: Option<Evidence>,
}

/// What a policy said to a refused credential.
#[derive(Clone, Debug)]
pub struct Said {
    /// The answer.
    pub answer: Answer,
    /// What it asked on the way.
    pub events: Vec<Event>,
    /// Conditions without which it would answer otherwise, not about the failure.
    pub assumed: Vec<At>,
    /// A question about the failure, or a switch of the user's, that decides.
    pub open: Option<At>,
    /// The failure was given as it is named, not as it was seen to arrive.
    pub guessed: bool,
    /// The function whose failure it was asked about.
    pub from: Option<FnId>,
    evidence: Option<Evidence>,
}

impl Said {
    /// It says "retry", and nothing that is not known decides that.
    pub fn retries(&self) -> bool {
        self.answer == Answer::Retry && self.open.is_none()
    }

    /// The function whose question decided.
    pub fn decider(&self, db: &Db<'_>) -> Option<FnId> {
        self.events.iter().rev().find_map(|event| match event {
            Event::Question(at, _) => db.function_at(*at),
            _ => None,
        })
    }
}

/// A function that is a policy, before it was run.
struct Candidate<'a> {
    id: FnId,
    /// What it hands to a builder, where that is the policy.
    handed: Option<&'a Expr>,
    known: Known,
    reading: Reading,
    /// Which parameter is the failure, and its shape; `None` where it lists statuses.
    failure: Option<(usize, Shape)>,
    /// What it says yes to may be sent otherwise the next time.
    amends: bool,
    /// Evidence that the trait alone gives.
    evidence: Option<Evidence>,
}

impl Candidate<'_> {
    /// The type of the unit that the failure is a value of.
    fn own_type(&self) -> Option<TypeId> {
        self.failure.as_ref().and_then(|(_, shape)| shape.own_type())
    }
}

/// It says no, and to what was seen to arise.
fn stops(said: Said) -> bool {
    said.answer == Answer::Stop && !said.guessed
}

/// Where a policy stands: from its name to its end.
pub fn span(db: &Db<'_>, id: FnId) -> Span {
    let data = db.program().function(id);
    Span { start: data.def.name_span.start, end: data.span.end }
}

/// Finds out, side by side, what the errors of these policies are born as.
pub fn prepare(db: &Db<'_>, policies: &[FnId]) {
    let own = |id: &FnId| candidates(db, *id).filter_map(|candidate| candidate.own_type()).collect::<Vec<_>>();
    let mut types: Vec<TypeId> = policies.iter().flat_map(own).collect();
    types.sort();
    types.dedup();
    types.par_iter().for_each(|ty| {
        for scenario in [Scenario::DeadKey, Scenario::Forbidden, Scenario::ServerError] {
            db.births(scenario, *ty);
        }
    });
}

/// Whether a function is a policy, or hands one to a builder.
pub fn has_policy(db: &Db<'_>, id: FnId) -> bool {
    candidates(db, id).next().is_some()
}

/// Runs the policies that a function is or hands to builders.
pub fn examine(db: &Db<'_>, id: FnId) -> Arc<[Policy]> {
    candidates(db, id).map(|candidate| run(db, &candidate)).collect()
}

fn candidates<'a>(db: &Db<'a>, id: FnId) -> impl Iterator<Item = Candidate<'a>> {
    candidate(db, id).into_iter().chain(builders(db, id))
}

fn run(db: &Db<'_>, candidate: &Candidate<'_>) -> Policy {
    let id = candidate.id;
    let near = hear::near(db, candidate);
    let own = candidate.own_type();
    let said = |scenario| {
        let born = own.map_or_else(|| Arc::from([]), |ty| db.births(scenario, ty));
        let is_near = |b: &&Birth| match (&near, b.maker) {
            (Some(near), Some(maker)) => near.contains(&maker),
            _ => true,
        };
        let (near, far): (Vec<&Birth>, Vec<&Birth>) = born.iter().partition(is_near);
        // It was seen to arise, and not where it could come here.
        if near.is_empty() && !far.is_empty() { undecided(None) } else { say(db, candidate, scenario, &near) }
    };
    let (mut dead, mut forbidden) = (said(Scenario::DeadKey), said(Scenario::Forbidden));
    // What says yes to a refusal and no to a server error asks for another credential.
    let is_bad = dead.retries() || forbidden.retries();
    if is_bad && candidate.amends && stops(said(Scenario::ServerError)) {
        (dead.answer, forbidden.answer) = (Answer::Unknown, Answer::Unknown);
    }
    let worse = if dead.retries() { &dead } else { &forbidden };
    let evidence = worse
        .evidence
        .clone()
        .or_else(|| candidate.evidence.clone())
        .or_else(|| own.and_then(|ty| birth::evidence(db, ty)))
        .or_else(|| around(db, id));
    let site = candidate.handed.map_or_else(|| span(db, id), |function| function.span);
    Policy { id, site, known: candidate.known, dead, forbidden, evidence }
}

/// The policies that a function hands to builders.
fn builders<'a>(db: &Db<'a>, id: FnId) -> impl Iterator<Item = Candidate<'a>> {
    let reading = Reading { inverted: false, none_retries: false, listed: false };
    handed::find(db, id).into_iter().map(move |found| Candidate {
        id,
        handed: Some(found.function),
        known: Known::ByUse,
        reading,
        failure: Some((0, found.failure)),
        amends: false,
        evidence: None,
    })
}

fn candidate<'a>(db: &Db<'a>, id: FnId) -> Option<Candidate<'a>> {
    let data = db.program().function(id);
    data.def.body.as_ref()?;
    let name = data.def.name.as_str();
    let words = &db.lookup.models.words;
    if let Some(trait_) = &data.trait_
        && let Some(model) = db.lookup.models.policy(trait_.path.last().as_str(), name)
    {
        let failure = if model.lists { None } else { Some(shape::failure(db, id, true)?) };
        let reading = Reading { inverted: false, none_retries: model.none_retries, listed: model.lists };
        let is_foreign = matches!(db.resolve(&db.scope(id), &trait_.path), Some(Res::External(_)));
        let signed = model.signed.as_ref().filter(|_| is_foreign);
        let evidence =
            signed.map(|whose| Evidence { what: format!("requests to {whose} carry one"), strong: true, near: true });
        let known = Known::ByTrait;
        return Some(Candidate { id, handed: None, known, reading, failure, amends: model.amends, evidence });
    }
    // A name that speaks of the credential asks for another one, not for another attempt with it.
    if words.is_credential(name) {
        return None;
    }
    // What goes to the network itself is an operation, not a policy.
    if db.hops(id).is_some() {
        return None;
    }
    let ret = db.lookup.returns(id);
    let strong = words.names("stops", name);
    let weak = words.names("stops_weakly", name);
    let says = answer::says_yes(db, name);
    let speaks = says || words.names("retries_asked", name) && !words.names("no_policy", name) && !acts(name);
    let known = match &ret {
        Ty::Bool if strong => Known::ByName,
        Ty::Bool if weak => Known::ByWeakName,
        Ty::Bool if says => Known::ByName,
        Ty::Bool if words.names("retries_weakly", name) => Known::ByWeakName,
        Ty::Option(inner) if speaks && answer::is_verdict(db, inner, name) => Known::ByName,
        Ty::Ext(path) if speaks && path.as_str().ends_with("ControlFlow") => Known::ByName,
        other if answer::holds_verdicts(db, other) => Known::ByResult,
        _ => return None,
    };
    let failure = shape::failure(db, id, known != Known::ByResult)?;
    // What gives back what it was given, or a value of the type that it belongs to, builds a value.
    let built = |own| matches!(ret, Ty::Adt(id, _) if own == Some(id));
    if built(failure.1.own_type()) || built(data.owner) {
        return None;
    }
    let reading = Reading { inverted: ret == Ty::Bool && (strong || weak), none_retries: false, listed: false };
    Some(Candidate { id, handed: None, known, reading, failure: Some(failure), amends: true, evidence: None })
}

/// The functions whose errors may come to a policy: those that the functions around its calls lead to. `None` where
/// nobody is seen to ask it.
fn reachable(db: &Db<'_>, id: FnId) -> Option<FxHashSet<FnId>> {
    let mut seen: FxHashSet<FnId> = FxHashSet::default();
    // Whoever asks may itself have been handed the error by its callers.
    let mut front = vec![id];
    for _ in 0..ASKERS {
        front = front.iter().flat_map(|f| db.calling(*f)).collect();
        front.retain(|f| seen.insert(*f));
    }
    if seen.is_empty() {
        return None;
    }
    let mut front: Vec<FnId> = seen.iter().copied().collect();
    while let Some(next) = front.pop() {
        front.extend(db.called(next).into_iter().filter(|t| seen.insert(*t)));
    }
    Some(seen)
}

/// The name of something that is done rather than said: `try_retry`, `with_backoff`.
fn acts(name: &str) -> bool {
    const VERBS: &[&str] = &[
        "try", "do", "run", "with", "perform", "execute", "set", "record", "log", "handle", "process", "send",
        "attempt", "notify", "emit", "schedule", "enqueue", "wait", "sleep", "register",
    ];
    crate::models::split_words(name).first().is_some_and(|first| VERBS.contains(&first.as_str()))
}

/// Asks a policy about a refused credential in every form in which it may arrive.
fn say(db: &Db<'_>, candidate: &Candidate<'_>, scenario: Scenario, births: &[&Birth]) -> Said {
    let id = candidate.id;
    let ask = |forced, args: &[_]| Interp::detached(db, scenario, id, forced).ask(id, args);
    let Some((at, shape)) = &candidate.failure else {
        let args = vec![None; db.program().function(id).def.params.len()];
        return explore(db, candidate.reading, scenario, |forced| ask(forced, &args));
    };
    let mut given: Vec<(Vec<Value>, Option<Evidence>, Option<FnId>)> = births
        .iter()
        .map(|birth| {
            let values = birth.values.iter().map(|v| shape.around(v.clone())).collect();
            (values, birth.evidence.clone(), birth.maker)
        })
        .collect();
    let guessed = given.is_empty() && shape.own_type().is_some();
    if given.is_empty() {
        given.push((vec![shape.value(scenario)], None, None));
    }
    // Nothing about the type says what a refused credential is in it: only an answer without a question counts.
    let vague = guessed && shape.own_type().is_some_and(|ty| !shape::tells(db, ty, 0));
    let mut all: Vec<Said> = Vec::new();
    for (values, evidence, from) in given {
        // A function that may give back one thing or another is bad only if both are.
        let said = values
            .into_iter()
            .map(|value| {
                if let Some(function) = candidate.handed {
                    let run = |forced| Interp::detached(db, scenario, id, forced);
                    return explore(db, candidate.reading, scenario, |forced| {
                        run(forced).ask_handed(function, value.clone())
                    });
                }
                let args = shape::arguments(db, id, *at, &value);
                explore(db, candidate.reading, scenario, |forced| ask(forced, &args))
            })
            .max_by_key(|said| u8::from(!said.retries()) * 2 + u8::from(said.answer == Answer::Unknown));
        let Some(said) = said else { continue };
        let mut said = Said { guessed, from, evidence, ..said };
        let asks = said.events.iter().any(|e| matches!(e, Event::Question(..)));
        // An answer that rests on other things alone is none about the failure.
        if (vague && asks) || (!asks && !said.assumed.is_empty()) {
            said.answer = Answer::Unknown;
        }
        all.push(said);
    }
    // What is seen to be stopped with a credential outweighs what may be an anonymous request.
    let known = all.iter().any(|s| !s.retries() && s.evidence.is_some());
    let rank = |s: &Said| match (s.retries(), &s.evidence) {
        (true, Some(e)) if e.strong => 5,
        (true, Some(_)) => 4,
        (true, None) if known && s.from.is_some() => 0,
        (true, None) => 3,
        (false, _) => 1 + u8::from(s.answer != Answer::Stop),
    };
    // The first of the most telling.
    all.sort_by_key(|s| std::cmp::Reverse(rank(s)));
    all.into_iter().next().unwrap_or_else(|| undecided(None))
}

fn undecided(open: Option<At>) -> Said {
    Said {
        answer: Answer::Unknown,
        events: Vec::new(),
        assumed: Vec::new(),
        open,
        guessed: false,
        from: None,
        evidence: None,
    }
}

/// Asks once, again with the other answer where a condition about something else stopped it, and then looks what the
/// answer rests on.
fn explore(db: &Db<'_>, reading: Reading, scenario: Scenario, run: impl Fn(Forced) -> Asked) -> Said {
    let ask = |forced: Forced| -> (Asked, Answer) {
        let asked = run(forced);
        let answer = asked.answer.as_ref().map_or(Answer::Stop, |value| reading.read(db, value, scenario));
        (asked, answer)
    };
    let mut forced = Forced::default();
    let (mut asked, mut answer) = ask(forced.clone());
    let mut tried: Vec<At> = Vec::new();
    while answer == Answer::Stop && tried.len() < RERUNS {
        let next = asked.decisions.iter().rev().find(|d| !d.tainted && !tried.contains(&d.at));
        let Some(decision) = next else { break };
        tried.push(decision.at);
        let mut other = forced.clone();
        other.insert((decision.at, decision.after), !decision.taken);
        let (again, said) = ask(other.clone());
        // No answer yet, but a new condition stands in the way now: keep going that way.
        let opens = again.decisions.iter().any(|d| !d.tainted && !asked.decisions.iter().any(|old| old.at == d.at));
        if said == Answer::Retry || opens {
            (forced, asked, answer) = (other, again, said);
        }
    }
    let mut said = Said { answer, events: asked.events, ..undecided(None) };
    if answer != Answer::Retry {
        return said;
    }
    let mut seen: Vec<At> = Vec::new();
    for decision in asked.decisions {
        if seen.contains(&decision.at) || seen.len() > RERUNS {
            continue;
        }
        seen.push(decision.at);
        let mut other = forced.clone();
        other.insert((decision.at, decision.after), !decision.taken);
        if ask(other).1 == Answer::Retry {
            continue;
        }
        match condition(db, decision.at) {
            _ if decision.tainted => said.open = Some(decision.at),
            Condition::Switch => said.open = Some(decision.at),
            // How often it may try again is not what it is asked about.
            Condition::Bound => {}
            Condition::Other => said.assumed.push(decision.at),
        }
    }
    said
}

fn is_number(text: &str) -> bool {
    let digits = text.trim();
    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

/// What a condition that is not about the failure asks.
#[derive(PartialEq)]
enum Condition {
    /// A flag that somebody sets: the answer is the user's choice.
    Switch,
    /// How many attempts there were, how long it took.
    Bound,
    Other,
}

fn condition(db: &Db<'_>, at: At) -> Condition {
    let text = db.program().file(at.file).source.slice(at.span);
    let params = db.function_at(at).map(|id| &db.program().function(id).def.params);
    let is_param = |name: &str| params.is_some_and(|p| p.iter().any(|p| shape::name_of(p).is_some_and(|n| n == name)));
    let of_part = |part: &str| {
        let bare = part.trim().trim_start_matches(['!', '&', '(']).trim_end_matches(')');
        // `self.left == 0`
        let is_count = bare.split_once("==").or_else(|| bare.split_once("!=")).is_some_and(|(_, of)| is_number(of));
        let is_place = bare.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '*'));
        if bare.contains(['<', '>']) || is_count {
            Condition::Bound
        } else if is_place && (bare.contains(['.', '*']) || is_param(bare)) {
            Condition::Switch
        } else {
            Condition::Other
        }
    };
    // Of `status == 403 && self.retry_on_403` the part that is not known is the switch.
    let mut parts: Vec<Condition> = text.split("&&").flat_map(|part| part.split("||")).map(of_part).collect();
    match parts.iter().position(|part| *part == Condition::Switch) {
        Some(switch) => parts.swap_remove(switch),
        None if parts.contains(&Condition::Bound) => Condition::Bound,
        None => Condition::Other,
    }
}

/// Evidence from around the policy: its crate sends credentials, or it names refusals itself.
fn around(db: &Db<'_>, id: FnId) -> Option<Evidence> {
    let program = db.program();
    let krate = program.krate(program.function(id).module);
    if let Some(sender) = db.sender(krate)
        && let Some(sign) = db.summary(sender).signs.iter().find(|s| s.strong)
    {
        let what = format!("`{}` in `{}`", sign.what, program.display(sender));
        return Some(Evidence { what, strong: false, near: false });
    }
    names_refusal(db, id).then(|| Evidence {
        what: format!("`{}` names it", program.display(id)),
        strong: false,
        near: true,
    })
}

/// Whether the code of a function names 401, 403 or an error for a refused credential.
fn names_refusal(db: &Db<'_>, id: FnId) -> bool {
    let Some(body) = &db.program().function(id).def.body else { return false };
    let words = &db.lookup.models.words;
    let path = |path: &crate::ir::Path| words.names("auth", path.last().as_str());
    let mut found = false;
    visit::block(body, &mut |node| {
        found |= match node {
            Node::Expr(Expr { kind, .. }) => match kind {
                ExprKind::Lit(Lit::Int(n)) => matches!(n, 401 | 403),
                ExprKind::Path(p) => path(p),
                _ => false,
            },
            Node::Pat(Pat { kind: PatKind::Path(p) | PatKind::TupleStruct(p, _) | PatKind::Struct(p, _), .. }) => {
                path(p)
            }
            _ => false,
        };
        !found
    });
    found
}
