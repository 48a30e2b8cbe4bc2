//! RL050: the failure carries its status as a number, and the loop searches its text for the digits.

use super::{Diagnosis, Rule};
use crate::engine::Facts;
use crate::engine::site::Shown;
use crate::engine::trace::Event;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL050",
    name: "status-dropped",
    level: Level::Note,
    page: include_str!("../../rules/status-dropped.md"),
    diagnose,
};

/// A run in which the text is searched.
pub(super) fn shown(facts: &Facts) -> Option<&Shown> {
    let scenes = facts.scenes.as_ref()?;
    let reads = |shown: &&Shown| shown.run.events.iter().any(|e| matches!(e, Event::ReadText(_)));
    [&facts.dead, &scenes.limited, &scenes.server].into_iter().find(reads)
}

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    if facts.dead.burns() || facts.forbidden.burns() {
        return None;
    }
    shown(facts).map(|_| Diagnosis {
        message: "searches the failure's text for a status that the failure carries as a number".to_owned(),
        help: "compare the status itself: the digits may stand in an address, an id or a port as well".to_owned(),
        milder: false,
    })
}
