//! RL012: the gate that ends the loop for a dead key also ends it for a failure that can pass.

use super::{Diagnosis, Rule};
use crate::engine::Facts;
use crate::engine::guards::Defect;
use crate::engine::site::Shown;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL012",
    name: "one-shot-too-wide",
    level: Level::Warn,
    page: include_str!("../../rules/one-shot-too-wide.md"),
    diagnose,
};

/// The run on the status that should have been waited for.
pub(super) fn shown(facts: &Facts) -> Option<&Shown> {
    let scenes = facts.scenes.as_ref()?;
    match facts.guard.as_ref()?.defect {
        Defect::TooWide(429) => Some(&scenes.limited),
        Defect::TooWide(_) => Some(&scenes.server),
        _ => None,
    }
}

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let guard = facts.guard.as_ref()?;
    let Defect::TooWide(status) = guard.defect else { return None };
    let attempts = match shown(facts)?.run.attempts {
        1 => "the first attempt".to_owned(),
        n => format!("{n} attempts"),
    };
    Some(Diagnosis {
        message: format!("`{}` also ends the loop on {status}: gives up after {attempts}", guard.name),
        help: "ask for 401 and 403 in front of the flag, so that rate limits and server errors reach the backoff"
            .to_owned(),
        milder: false,
    })
}
