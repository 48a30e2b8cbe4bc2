//! A site run once more, for those who change it: in the scenarios that no rule needs, watched statement by statement,
//! or in its changed form.

use super::{Facts, Shown, With, examine_one, explore, run};
use crate::engine::db::Db;
use crate::engine::interp::{Forced, Interp, Target};
use crate::engine::scenario::Scenario;
use crate::engine::trace::Sight;
use crate::engine::value::Value;
use crate::finding::SiteKind;
use crate::ir::Span;
use crate::syntax::program::FnId;

fn with(facts: &Facts) -> With<'_> {
    let subject = &facts.subject;
    With { callers: &subject.callers, failing: &subject.failing, library: subject.library }
}

/// What the site does in a scenario in which it only fails.
pub fn conduct(db: &Db<'_>, facts: &Facts, scenario: Scenario) -> Shown {
    match scenario {
        Scenario::DeadKey => facts.dead.clone(),
        Scenario::Forbidden => facts.forbidden.clone(),
        _ => explore(db, scenario, facts.subject.target, with(facts)),
    }
}

/// Where a run comes through between two attempts, and what can be named there.
pub fn watch(db: &Db<'_>, facts: &Facts, scenario: Scenario, shown: &Shown) -> Vec<Sight> {
    let interp = Interp::new(db, scenario, facts.subject.target, shown.forced.clone());
    let interp = interp.failing(&facts.subject.failing).watching();
    interp.called_from(&facts.subject.callers).run().sights
}

/// Examines a site that moved: the same attempt, in the changed program.
pub fn examine(
    db: &Db<'_>,
    old: &Facts,
    (home, site, attempt): (FnId, Span, Span),
    callers: &[(FnId, Span)],
    failing: &[Span],
) -> Option<Facts> {
    let with = With { callers, failing, library: old.subject.library };
    let mut facts = examine_one(db, home, site, attempt, with)?;
    facts.look_closer(db);
    Some(facts)
}

/// Success, on the way to the attempt on which it was found to burn.
pub fn succeed(db: &Db<'_>, facts: &Facts, on: &Shown) -> Shown {
    on.with(run(db, Scenario::Success, facts.subject.target, on.forced.clone(), with(facts)))
}

/// What a function of the unit answers about one value.
pub fn ask(db: &Db<'_>, function: FnId, about: &Value, scenario: Scenario) -> Option<Value> {
    let nowhere = Span::default();
    let target =
        Target { home: function, site: nowhere, attempt: nowhere, response_world: false, kind: SiteKind::Loop };
    Interp::new(db, scenario, target, Forced::default()).answer_about(function, about.clone())
}

/// The failure as a value of the enum of the unit that it has the type of.
pub fn shape(db: &Db<'_>, home: FnId, value: &Value, scenario: Scenario) -> Value {
    let nowhere = Span::default();
    let target = Target { home, site: nowhere, attempt: nowhere, response_world: false, kind: SiteKind::Loop };
    Interp::new(db, scenario, target, Forced::default()).shaped(value)
}
