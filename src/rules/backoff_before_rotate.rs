//! RL022: another credential is at hand, and the loop sleeps before it tries it.

use super::{Diagnosis, Rule, cost};
use crate::engine::Facts;
use crate::engine::site::Shown;
use crate::engine::trace::{Event, Handed};
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL022",
    name: "backoff-before-rotate",
    level: Level::Warn,
    page: include_str!("../../rules/backoff-before-rotate.md"),
    diagnose,
};

/// Seconds that are no backoff: a pause that keeps two requests apart.
const PAUSE: f64 = 1.0;

pub(super) fn shown(facts: &Facts) -> Option<&Shown> {
    facts.scenes.as_ref().map(|scenes| &scenes.room)
}

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let run = &shown(facts)?.run;
    if facts.dead.burns() || facts.forbidden.burns() || facts.is_worker() || !run.recovered || run.rotations == 0 {
        return None;
    }
    let round = run.last_round();
    let rotates = round.iter().any(|e| matches!(e, Event::Rotate(_, Handed::Next | Handed::Unsaid)));
    let (mut least, mut most, mut sleeps) = (0.0, 0.0, false);
    for event in round {
        if let Event::Delay(_, time) = event {
            let (from, to) = time.unwrap_or((PAUSE, PAUSE));
            (least, most, sleeps) = (least + from, most + to, true);
        }
    }
    if !rotates || !sleeps || least < PAUSE {
        return None;
    }
    let known = round.iter().all(|e| !matches!(e, Event::Delay(_, None)));
    let time = if known { format!(" {}", cost::range(least, most)) } else { String::new() };
    Some(Diagnosis {
        message: format!("sleeps{time} after a refused key although the pool has another one"),
        help: "try the next credential at once: it has nothing to wait for; sleep only when the failure can pass"
            .to_owned(),
        milder: false,
    })
}
