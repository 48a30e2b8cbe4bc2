//! RL003: the loop never asks what failed, so a refused credential is retried like a hiccup.

use super::{Diagnosis, Rule, cost};
use crate::engine::Facts;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL003",
    name: "catch-all-retry",
    level: Level::Deny,
    page: include_str!("../../rules/catch-all-retry.md"),
    diagnose,
};

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let shown = cost::shown(facts);
    let speaks = !facts.is_worker() && cost::sleeps(shown) && !cost::asks(shown) && !cost::converts(shown);
    speaks.then(|| Diagnosis {
        message: format!("retries every failure, a {} too, {}", cost::status(facts), cost::phrase(shown)),
        help: match facts.advice {
            Some(advice) => format!("{advice}: timeouts, 429 and 5xx may pass, 401 and 403 do not"),
            None => "ask what failed before the delay: retry timeouts, 429 and 5xx, and return 401 and 403 at once"
                .to_owned(),
        },
        milder: false,
    })
}
