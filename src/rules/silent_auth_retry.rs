//! RL042: the loop says why it retries, except when it retries a refused credential.

use super::{Diagnosis, Rule};
use crate::engine::Facts;
use crate::engine::trace::{Event, Exit, Run};
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL042",
    name: "silent-auth-retry",
    level: Level::Note,
    page: include_str!("../../rules/silent-auth-retry.md"),
    diagnose,
};

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let scenes = facts.scenes.as_ref()?;
    let run = &facts.dead.run;
    if facts.dead.burns() || facts.is_worker() || run.attempts != 2 || run.exit != Exit::Left {
        return None;
    }
    // A loop that says nothing at all belongs to a library that leaves that to its callers.
    let speaks = [&scenes.limited, &scenes.server].iter().any(|shown| shown.run.attempts > 1 && says(&shown.run));
    let is_open = run.decisions.iter().any(|d| d.tainted && d.after);
    (speaks && !is_open && !says(run)).then(|| Diagnosis {
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
