//! RL051: a loop that retries a dead key runs another one for every attempt.

use super::{Diagnosis, Rule, cost};
use crate::engine::Facts;
use crate::finding::{Attempts, Level};

pub(super) static RULE: Rule = Rule {
    code: "RL051",
    name: "nested-retry",
    level: Level::Deny,
    page: include_str!("../../rules/nested-retry.md"),
    diagnose,
};

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let inner = facts.inner.as_ref()?;
    let times = match (cost::attempts(&facts.dead), cost::attempts(&inner.dead)) {
        (Attempts::Exactly(outer), Attempts::Exactly(inner)) => {
            format!("{outer} times {inner} requests, {} in all, before failing", outer * inner)
        }
        (Attempts::Exactly(outer), _) => format!("{outer} times, each time as often as the loop inside does"),
        _ => format!("{}, each time through the loop inside", cost::phrase(&facts.dead)),
    };
    Some(Diagnosis {
        message: format!("retries an operation that retries a dead key itself: {times}"),
        help: "let one of the two loops own 401 and 403, and have the inner one return an error that the outer one does not \
               retry"
            .to_owned(),
        milder: false,
    })
}
