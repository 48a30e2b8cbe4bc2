//! A policy as those hear it who change it: every failure that may reach it, and what it says to each.

use super::{Answer, Candidate, FxHashSet, candidate, explore, reachable, shape};
use crate::engine::db::Db;
use crate::engine::interp::Interp;
use crate::engine::scenario::Scenario;
use crate::engine::value::Value;
use crate::syntax::program::FnId;

/// The scenarios in which a changed policy is asked: the refusals, and what has to stay as it was.
const SCENARIOS: [Scenario; 4] = [Scenario::DeadKey, Scenario::Forbidden, Scenario::RateLimited, Scenario::ServerError];

/// What a policy is given, and what it says.
#[derive(Clone, Debug)]
pub struct Hearing {
    /// The parameter that is the failure.
    pub param: usize,
    /// Its result means the opposite: `is_permanent`.
    pub inverted: bool,
    /// `None` means "again".
    pub none_retries: bool,
    /// Scenario by scenario, in the order in which the failures were found.
    pub heard: Vec<Heard>,
}

/// One failure and one answer.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Why the operation fails.
    pub scenario: Scenario,
    /// The failure as it arrives.
    pub value: Value,
    /// The answer; `Unknown` where something decides that is not known.
    pub answer: Answer,
}

impl Hearing {
    /// The answers alone, of some scenarios.
    pub fn answers(&self, of: impl Fn(Scenario) -> bool) -> Vec<(Scenario, Answer)> {
        self.heard.iter().filter(|h| of(h.scenario)).map(|h| (h.scenario, h.answer)).collect()
    }
}

/// Asks a policy about everything that may reach it; `None` where the function is none.
pub fn hear(db: &Db<'_>, id: FnId) -> Option<Hearing> {
    let candidate = candidate(db, id)?;
    // What lists statuses is given no failure.
    let (param, shape) = candidate.failure.clone()?;
    let near = near(db, &candidate);
    let heard = SCENARIOS.into_iter().flat_map(|scenario| {
        let mut values: Vec<Value> = Vec::new();
        if let Some(ty) = shape.own_type() {
            let is_near = |maker: Option<FnId>| match (&near, maker) {
                (Some(near), Some(maker)) => near.contains(&maker),
                _ => true,
            };
            let births = db.births(scenario, ty);
            let born = births.iter().filter(|birth| is_near(birth.maker)).flat_map(|birth| birth.values.iter());
            values.extend(born.map(|value| shape.around(value.clone())));
        }
        if values.is_empty() {
            values.push(shape.value(scenario));
        }
        values
            .into_iter()
            .map(|value| {
                let args = shape::arguments(db, id, param, &value);
                let ask = |forced| Interp::detached(db, scenario, id, forced).ask(id, &args);
                let said = explore(db, candidate.reading, scenario, ask);
                let answer = if said.open.is_some() { Answer::Unknown } else { said.answer };
                Heard { scenario, value, answer }
            })
            .collect::<Vec<_>>()
    });
    let heard = heard.collect();
    let reading = candidate.reading;
    Some(Hearing { param, inverted: reading.inverted, none_retries: reading.none_retries, heard })
}

/// The functions whose errors may come to a policy; `None` where every error of its type may.
pub(super) fn near(db: &Db<'_>, candidate: &Candidate<'_>) -> Option<FxHashSet<FnId>> {
    // An error that says itself whether it can be retried is there for everybody who gets one.
    let is_own = candidate.handed.is_none()
        && matches!(candidate.failure, Some((0, _)))
        && db.program().function(candidate.id).def.has_self;
    if is_own { None } else { reachable(db, candidate.id) }
}
