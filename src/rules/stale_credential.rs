//! RL032: the request was made with the old token before the loop, and every attempt after a refresh sends it again.

use super::{Diagnosis, Rule};
use crate::engine::Facts;
use crate::engine::refresh::RefreshFault;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL032",
    name: "stale-credential",
    level: Level::Warn,
    page: include_str!("../../rules/stale-credential.md"),
    diagnose,
};

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let Some(RefreshFault::StaleCredential(name)) = facts.refresh else { return None };
    Some(Diagnosis {
        message: format!("the attempt after a refresh still sends `{name}`, which holds the old token"),
        help: "build the request, or at least its header, inside the loop from the token that the refresh handed out"
            .to_owned(),
        milder: false,
    })
}
