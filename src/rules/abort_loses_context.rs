//! RL040: the error that ends the loop leaves blank what the failure knew.

use super::{Diagnosis, Rule};
use crate::engine::Facts;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL040",
    name: "abort-loses-context",
    level: Level::Warn,
    page: include_str!("../../rules/abort-loses-context.md"),
    diagnose,
};

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let blank = facts.blank.filter(|_| !facts.is_worker())?;
    let name = blank.name;
    Some(Diagnosis {
        message: if blank.when_mute {
            format!("the error that gives up has an empty `{name}` when the refusal comes without a body")
        } else {
            format!("the error that gives up leaves `{name}` blank, and the failure knew it")
        },
        help: "make the final error of the failed one: keep status, provider, model, endpoint and source, and say something \
               where the provider said nothing"
            .to_owned(),
        milder: blank.when_mute,
    })
}
