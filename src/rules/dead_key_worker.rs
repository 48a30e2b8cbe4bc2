//! RL006: a worker or reconnect loop meets a refused credential and comes back for ever.

use super::{Diagnosis, Rule, cost};
use crate::engine::Facts;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL006",
    name: "dead-key-worker",
    level: Level::Warn,
    page: include_str!("../../rules/dead-key-worker.md"),
    diagnose,
};

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let shown = cost::shown(facts);
    // A worker does many things: that something beside it is named like a token says little.
    let carries = facts.evidence.as_ref().is_some_and(|e| e.strong || e.near);
    // Without a pause it works through data, page by page; a worker waits between its rounds.
    (facts.is_worker() && carries && cost::sleeps(shown)).then(|| Diagnosis {
        message: format!(
            "{} comes back to a {} {}",
            if shown.is_unbounded() { "worker" } else { "loop" },
            cost::status(facts),
            cost::phrase(shown)
        ),
        help:
            "end the worker, or stop it and tell a person, when the credential is refused; back off only for failures \
               that can pass"
                .to_owned(),
        milder: facts.best_effort || cost::is_steady(shown) || cost::has_deadline(shown),
    })
}
