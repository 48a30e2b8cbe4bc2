//! The rules about guards: they look at sites that stop, too, and speak before the rules about what a site without a
//! working guard does.

use super::{Rule, certainty, cost, lowered, witness};
use super::{abort_loses_context, silent_auth_retry, sleep_before_abort};
use super::{backoff_before_rotate, exhaustion_outside_loop, rotation_unchecked};
use super::{nested_retry, status_dropped};
use super::{one_shot_never_set, one_shot_reset, one_shot_too_wide};
use super::{refresh_after_abort, refresh_unbounded, stale_credential};
use crate::Options;
use crate::engine::Facts;
use crate::engine::db::Db;
use crate::engine::evidence::Evidence;
use crate::engine::refresh::RefreshFault;
use crate::engine::site::{Examined, Shown};
use crate::finding::{Certainty, Finding, Role, Step};
use crate::ir::Span;

/// A rule about guards, with the run that shows what it says.
struct Guarding {
    rule: &'static Rule,
    shown: fn(&Facts) -> Option<&Shown>,
}

/// The first that has something to say speaks.
static TABLE: &[Guarding] = &[
    Guarding { rule: &one_shot_reset::RULE, shown: burning },
    Guarding { rule: &one_shot_never_set::RULE, shown: one_shot_never_set::shown },
    Guarding { rule: &one_shot_too_wide::RULE, shown: one_shot_too_wide::shown },
    Guarding { rule: &exhaustion_outside_loop::RULE, shown: burning },
    Guarding { rule: &rotation_unchecked::RULE, shown: burning },
    Guarding { rule: &stale_credential::RULE, shown: stale },
    Guarding { rule: &refresh_unbounded::RULE, shown: burning },
    Guarding { rule: &refresh_after_abort::RULE, shown: stale },
    Guarding { rule: &backoff_before_rotate::RULE, shown: backoff_before_rotate::shown },
    Guarding { rule: &nested_retry::RULE, shown: burning },
    Guarding { rule: &sleep_before_abort::RULE, shown: dead },
    Guarding { rule: &abort_loses_context::RULE, shown: dead },
    Guarding { rule: &silent_auth_retry::RULE, shown: silent_auth_retry::shown },
    Guarding { rule: &status_dropped::RULE, shown: status_dropped::shown },
];

fn burning(facts: &Facts) -> Option<&Shown> {
    Some(cost::shown(facts))
}

fn dead(facts: &Facts) -> Option<&Shown> {
    Some(&facts.dead)
}

fn stale(facts: &Facts) -> Option<&Shown> {
    facts.scenes.as_ref().map(|scenes| &scenes.stale)
}

/// The test that a finding is about, and what it does.
fn deciding(facts: &Facts, rule: &Rule) -> Option<(Span, String)> {
    match (&facts.guard, facts.refresh) {
        (Some(guard), _) if rule == &one_shot_too_wide::RULE => {
            Some((guard.test, format!("`{}` ends the loop here the next time", guard.name)))
        }
        (Some(guard), _) if [&one_shot_reset::RULE, &one_shot_never_set::RULE].contains(&rule) => {
            Some((guard.test, format!("`{}` is not set here, this time and every time", guard.name)))
        }
        (_, Some(RefreshFault::AfterAbort(test))) if rule == &refresh_after_abort::RULE => {
            Some((test, "gives up here, and the refresh stands below".to_owned()))
        }
        _ => None,
    }
}

/// The finding about a guard of the site, if there is one.
pub(super) fn judge(db: &Db<'_>, examined: &Examined, evidence: &Evidence, options: &Options) -> Option<Finding> {
    let facts = &examined.facts;
    TABLE.iter().find_map(|Guarding { rule, shown }| {
        let diagnosis = (rule.diagnose)(facts)?;
        let shown = shown(facts)?;
        let certainty = certainty(shown, evidence);
        if certainty == Certainty::Possible && !options.pedantic {
            return None;
        }
        let only_forbidden = shown.run.status == Some(403);
        let level = lowered(rule.level, u32::from(diagnosis.milder) + u32::from(only_forbidden));
        let mut finding = witness::finding(db, examined, shown, rule, level, certainty, diagnosis);
        if let Some((test, what)) = deciding(facts, rule) {
            // A test stands before what it lets through.
            let at = finding.witness.iter().position(|step| !matches!(step.role, Role::Attempt | Role::Test));
            let at = at.unwrap_or(finding.witness.len());
            let place = witness::home_place(db, facts, test);
            finding.witness.insert(at, Step { role: Role::Guard, place, what });
        }
        Some(finding)
    })
}
