//! RL030: every refusal leads to a refresh, every refresh to another attempt, and nothing counts them.

use super::{Diagnosis, Rule, cost};
use crate::engine::Facts;
use crate::engine::trace::Event;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL030",
    name: "refresh-unbounded",
    level: Level::Deny,
    page: include_str!("../../rules/refresh-unbounded.md"),
    diagnose,
};

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let shown = cost::shown(facts);
    let refreshes = shown.run.last_round().iter().any(|e| matches!(e, Event::Refresh(_, true)));
    if !shown.burns() || !refreshes || facts.is_worker() {
        return None;
    }
    Some(Diagnosis {
        message: format!(
            "refreshes after every refusal: retries a {}, refreshed or not, {}",
            cost::status(facts),
            cost::phrase(shown)
        ),
        help: "refresh once per operation: when the new token is refused as well, return the error".to_owned(),
        milder: false,
    })
}
