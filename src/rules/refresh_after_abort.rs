//! RL031: the arm that gives up stands before the refresh, which can no longer run.

use super::{Diagnosis, Rule};
use crate::engine::Facts;
use crate::engine::refresh::RefreshFault;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL031",
    name: "refresh-after-abort",
    level: Level::Warn,
    page: include_str!("../../rules/refresh-after-abort.md"),
    diagnose,
};

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let Some(RefreshFault::AfterAbort(_)) = facts.refresh else { return None };
    Some(Diagnosis {
        message: "gives up on 401 before it gets to its refresh: a stale token is never renewed".to_owned(),
        help: "put the refresh first and the arm that gives up after it: rotate, refresh, try once more, then give up"
            .to_owned(),
        milder: false,
    })
}
