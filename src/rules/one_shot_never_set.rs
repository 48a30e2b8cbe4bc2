//! RL011: the flag that should let the auth path run once is tested, and nothing sets it before the retry.

use super::{Diagnosis, Rule, cost};
use crate::engine::Facts;
use crate::engine::guards::Defect;
use crate::engine::site::Shown;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL011",
    name: "one-shot-never-set",
    level: Level::Deny,
    page: include_str!("../../rules/one-shot-never-set.md"),
    diagnose,
};

/// A flag that is set late fails where the refresh does.
pub(super) fn shown(facts: &Facts) -> Option<&Shown> {
    match facts.guard.as_ref()?.defect {
        Defect::SetLate => facts.scenes.as_ref().map(|scenes| &scenes.dead_refresh),
        _ => Some(cost::shown(facts)),
    }
}

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let guard = facts.guard.as_ref()?;
    let cost = cost::phrase(shown(facts)?);
    let (message, milder) = match guard.defect {
        Defect::NeverSet => {
            (format!("`{}` is tested and never set: retries a {} {cost}", guard.name, cost::status(facts)), false)
        }
        Defect::SetLate => (
            format!(
                "`{}` is set only when the refresh succeeds: with a dead refresh token, retries {cost}",
                guard.name
            ),
            true,
        ),
        _ => return None,
    };
    Some(Diagnosis {
        message,
        help: "set the flag first, then refresh: a refresh that fails has used up the one retry as well".to_owned(),
        milder,
    })
}
