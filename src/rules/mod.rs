//! The rules: one file each, and the table of them. A rule does not search the syntax tree: it diagnoses what the
//! engine's runs of a site showed.

use crate::engine::db::Db;
use crate::engine::evidence::Evidence;
use crate::engine::site::{Examined, Shown};
use crate::finding::{Certainty, Finding, Level, Site};
use crate::{Options, engine::Facts};

mod abort_loses_context;
mod auth_backoff;
mod auth_hammer;
mod auth_is_retryable;
mod backoff_before_rotate;
mod catch_all_retry;
mod cost;
mod dead_key_worker;
mod exhaustion_outside_loop;
mod guards;
mod nested_retry;
mod one_shot_never_set;
mod one_shot_reset;
mod one_shot_too_wide;
mod policies;
mod question_mark_transient;
mod refresh_after_abort;
mod refresh_unbounded;
mod rotation_unchecked;
mod silent_auth_retry;
mod sleep_before_abort;
mod stale_credential;
mod status_dropped;
mod unused_suppression;
mod witness;

pub use policies::judge as judge_policies;
pub(crate) use unused_suppression::RULE as UNUSED_SUPPRESSION;

/// A rule and its page.
pub struct Rule {
    /// `RL001`
    pub code: &'static str,
    /// `auth-backoff`
    pub name: &'static str,
    /// The level it has unless configured.
    pub level: Level,
    /// Its page, `rules/<name>.md`.
    pub page: &'static str,
    /// Says what is wrong with a site that burns, if it is this rule's to say.
    pub diagnose: fn(&Facts) -> Option<Diagnosis>,
}

/// What a rule says about a site.
#[derive(Debug)]
pub struct Diagnosis {
    /// What is wrong and what it costs, in lower case without a period.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Lower the level by one.
    pub milder: bool,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule").field("code", &self.code).field("name", &self.name).finish_non_exhaustive()
    }
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

/// The codes and names of all rules.
pub fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().flat_map(|rule| [rule.code, rule.name])
}

/// Every rule, by code.
pub static RULES: &[&Rule] = &[
    &auth_backoff::RULE,
    &auth_hammer::RULE,
    &catch_all_retry::RULE,
    &auth_is_retryable::RULE,
    &question_mark_transient::RULE,
    &dead_key_worker::RULE,
    &one_shot_reset::RULE,
    &one_shot_never_set::RULE,
    &one_shot_too_wide::RULE,
    &rotation_unchecked::RULE,
    &exhaustion_outside_loop::RULE,
    &backoff_before_rotate::RULE,
    &refresh_unbounded::RULE,
    &refresh_after_abort::RULE,
    &stale_credential::RULE,
    &abort_loses_context::RULE,
    &sleep_before_abort::RULE,
    &silent_auth_retry::RULE,
    &status_dropped::RULE,
    &nested_retry::RULE,
    &unused_suppression::RULE,
];

/// The verdict on a site, and the finding that follows from it.
pub fn judge(db: &Db<'_>, examined: &Examined, options: &Options) -> (Site, Option<Finding>) {
    let facts = &examined.facts;
    let site = witness::site(db, facts);
    let Some(evidence) = &facts.evidence else { return (site, None) };
    // 403 also means a rate limit, an entitlement or a firewall: a site that only burns on 403 is reported milder.
    let only_forbidden = !facts.dead.burns() && facts.forbidden.burns();
    let shown = if only_forbidden { &facts.forbidden } else { &facts.dead };
    if facts.device_code || facts.probe {
        return (site, None);
    }
    // A broken guard is the cause; what the loop does for want of it is only what it costs.
    if let Some(finding) = guards::judge(db, examined, evidence, options) {
        return (site, Some(finding));
    }
    if !shown.burns() {
        return (site, None);
    }
    let certainty = certainty(shown, evidence);
    if certainty == Certainty::Possible && !options.pedantic {
        return (site, None);
    }
    let finding = RULES.iter().find_map(|rule| {
        let diagnosis = (rule.diagnose)(facts)?;
        let level = lowered(rule.level, u32::from(diagnosis.milder) + u32::from(only_forbidden));
        Some(witness::finding(db, examined, shown, rule, level, certainty, diagnosis))
    });
    (site, finding)
}

fn certainty(shown: &Shown, evidence: &Evidence) -> Certainty {
    match (shown.open.len(), shown.assumed.len(), evidence.strong) {
        (1.., _, _) | (_, 5.., _) => Certainty::Possible,
        (0, 0..=1, true) => Certainty::Certain,
        _ => Certainty::Likely,
    }
}

fn lowered(level: Level, steps: u32) -> Level {
    (0..steps).fold(level, |level, _| level.milder())
}
