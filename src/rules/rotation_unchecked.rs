//! RL020: the pool is asked for another credential, and the loop goes on whatever it hands out.

use super::{Diagnosis, Rule, cost};
use crate::engine::Facts;
use crate::engine::pool::PoolFault;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL020",
    name: "rotation-unchecked",
    level: Level::Deny,
    page: include_str!("../../rules/rotation-unchecked.md"),
    diagnose,
};

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let (fault, pool) = facts.pool?;
    let why = match fault {
        PoolFault::Dropped => format!("nobody looks at what `{pool}` hands out"),
        PoolFault::Ignored => format!("the loop goes on when `{pool}` has no other credential"),
        PoolFault::Unsaid => format!("`{pool}` does not say when it has no other credential"),
        PoolFault::Same => format!("`{pool}` hands out the same credential again"),
        PoolFault::CheckedOutside => return None,
    };
    let cost = cost::phrase(cost::shown(facts));
    Some(Diagnosis {
        message: format!("{why}: with one dead key in it, retries {cost}"),
        help: "let the rotation return `None` when every credential has been tried, and leave the loop with the error then"
            .to_owned(),
        milder: false,
    })
}
