//! RL005: `?` makes every error of the operation one that the retry library takes for a passing one.

use super::{Diagnosis, Rule, cost};
use crate::engine::Facts;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL005",
    name: "question-mark-transient",
    level: Level::Deny,
    page: include_str!("../../rules/question-mark-transient.md"),
    diagnose,
};

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let shown = cost::shown(facts);
    let advice = facts.advice.map_or("say for each error whether a retry mends it", |advice| advice.as_str());
    cost::converts(shown).then(|| Diagnosis {
        message: format!("`?` makes every error transient: retries a {} {}", cost::status(facts), cost::phrase(shown)),
        help: format!("{advice}: timeouts, 429 and 5xx may pass, 401 and 403 do not"),
        milder: false,
    })
}
