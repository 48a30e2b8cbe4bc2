//! RL010: the flag that should let the auth path run once is new in every round, or set back.

use super::{Diagnosis, Rule, cost};
use crate::engine::Facts;
use crate::engine::guards::Defect;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL010",
    name: "one-shot-reset",
    level: Level::Deny,
    page: include_str!("../../rules/one-shot-reset.md"),
    diagnose,
};

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let guard = facts.guard.as_ref()?;
    let why = match guard.defect {
        Defect::Declared => "is declared in the loop",
        Defect::Reset => "is set back before the next attempt",
        _ => return None,
    };
    Some(Diagnosis {
        message: format!(
            "`{}` {why} and stops nothing: retries a {} {}",
            guard.name,
            cost::status(facts),
            cost::phrase(cost::shown(facts))
        ),
        help: "declare the flag before the loop, set it before the retry, and leave it set".to_owned(),
        milder: false,
    })
}
