//! RL042: the loop says why it retries, except when it retries a refused credential.

use super::{Diagnosis, Rule};
use crate::engine::Facts;
use crate::engine::site::Shown;
use crate::engine::trace::{Event, Exit, Run};
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL042",
    name: "silent-auth-retry",
    level: Level::Note,
    page: include_str!("../../rules/silent-auth-retry.md"),
    diagnose,
};

/// The run in which the one retry after a refusal says nothing: on a dead key, or on a stale token.
pub(super) fn shown(facts: &Facts) -> Option<&Shown> {
    let scenes = facts.scenes.as_ref()?;
    if !facts.surely_stops() || facts.is_worker() {
        return None;
    }
    [&facts.dead, &scenes.stale].into_iter().find(|shown| {
        let run = &shown.run;
        run.attempts == 2 && run.exit == Exit::Left && !says(run)
    })
}

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let scenes = facts.scenes.as_ref()?;
    // A loop that says nothing at all belongs to a library that leaves that to its callers.
    let speaks = [&scenes.limited, &scenes.server].iter().any(|other| other.run.attempts > 1 && says(&other.run));
    (speaks && shown(facts).is_some()).then(|| Diagnosis {
        message: "retries a refused credential once and says nothing, though it reports its other retries".to_owned(),
        help: "log one line with the status and what is tried next (a new token, another key, a fresh connection), never the \
               key"
        .to_owned(),
        milder: false,
    })
}

/// Something is written between the last two attempts.
fn says(run: &Run) -> bool {
    run.last_round().iter().any(|e| matches!(e, Event::Said(_)))
}
