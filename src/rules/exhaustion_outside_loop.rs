//! RL021: whether the pool has a credential left is asked once, before the loop that uses them up.

use super::{Diagnosis, Rule, cost};
use crate::engine::Facts;
use crate::engine::pool::PoolFault;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL021",
    name: "exhaustion-outside-loop",
    level: Level::Deny,
    page: include_str!("../../rules/exhaustion-outside-loop.md"),
    diagnose,
};

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let Some((PoolFault::CheckedOutside, pool)) = facts.pool else { return None };
    let cost = cost::phrase(cost::shown(facts));
    Some(Diagnosis {
        message: format!(
            "whether `{pool}` has a credential left is asked before the loop only: retries a dead key {cost}"
        ),
        help: "ask again after each refused credential, and leave the loop with the error when none is left".to_owned(),
        milder: false,
    })
}
