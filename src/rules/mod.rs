//! The rules: one file each, and the table of them. A rule does not search the syntax tree: it diagnoses what the
//! engine's runs of a site showed.

use crate::finding::Level;

/// A rule and its page.
#[derive(Debug)]
pub struct Rule {
    /// `RL001`
    pub code: &'static str,
    /// `auth-backoff`
    pub name: &'static str,
    /// The level it has unless configured.
    pub level: Level,
    /// Its page, `rules/<name>.md`.
    pub page: &'static str,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.code == other.code
    }
}

/// The rule with this code or name.
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|r| r.code.eq_ignore_ascii_case(code_or_name) || r.name == code_or_name)
}

/// Every rule, by code.
pub static RULES: &[&Rule] = &[];
