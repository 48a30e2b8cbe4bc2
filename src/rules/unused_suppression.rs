//! RL090: a suppression that suppresses nothing, names no rule, or does not say why. It is about comments, not sites, so
//! `suppress` makes its findings.

use super::Rule;
use crate::finding::Level;

pub(crate) static RULE: Rule = Rule {
    code: "RL090",
    name: "unused-suppression",
    level: Level::Warn,
    page: include_str!("../../rules/unused-suppression.md"),
    diagnose: |_| None,
};
