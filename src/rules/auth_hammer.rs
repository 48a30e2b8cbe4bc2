//! RL002: a refused credential is tried again at once, three times or more.

use super::{Diagnosis, Rule, cost};
use crate::engine::Facts;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL002",
    name: "auth-hammer",
    level: Level::Deny,
    page: include_str!("../../rules/auth-hammer.md"),
    diagnose,
};

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let shown = cost::shown(facts);
    // A loop that works through data meets a refusal on its way; one that has seen that it is a refusal, and goes on for
    // ever all the same, hammers.
    let carries = facts.evidence.as_ref().is_some_and(|e| e.strong);
    let hammers = !facts.is_worker() || (carries && shown.is_unbounded() && cost::recognises(shown));
    (hammers && !facts.selects && !cost::sleeps(shown) && !cost::converts(shown)).then(|| Diagnosis {
        message: format!("retries a {} {} without a pause", cost::status(facts), cost::phrase(shown)),
        help:
            "a refused credential stays refused, and providers lock accounts that hammer them: on 401 and 403 return \
               the error at once"
                .to_owned(),
        milder: false,
    })
}
