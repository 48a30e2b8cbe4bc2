//! RL001: the code asks what failed, and backs off and retries a refused credential all the same.

use super::{Diagnosis, Rule, cost};
use crate::engine::Facts;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL001",
    name: "auth-backoff",
    level: Level::Deny,
    page: include_str!("../../rules/auth-backoff.md"),
    diagnose,
};

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let shown = cost::shown(facts);
    (!facts.is_worker() && cost::sleeps(shown) && cost::asks(shown) && !cost::converts(shown)).then(|| Diagnosis {
        message: format!("retries a {} {}", cost::status(facts), cost::phrase(shown)),
        help: "a refused credential stays refused: on 401 and 403 rotate to another credential or refresh once, else \
               return the error at once"
            .to_owned(),
        milder: false,
    })
}
