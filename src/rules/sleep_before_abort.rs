//! RL041: the loop has decided, or can only decide, to give up, and sleeps first.

use super::{Diagnosis, Rule, cost};
use crate::engine::Facts;
use crate::engine::trace::{Event, Exit};
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL041",
    name: "sleep-before-abort",
    level: Level::Warn,
    page: include_str!("../../rules/sleep-before-abort.md"),
    diagnose,
};

/// Seconds that nobody waits for.
const PAUSE: f64 = 0.1;

fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let run = &facts.dead.run;
    // What a burning loop sleeps is the business of the rule about that.
    if !facts.surely_stops() || facts.forbidden.burns() || facts.is_worker() || run.exit != Exit::Left {
        return None;
    }
    let closing = run.closing();
    let is_asked = closing.iter().any(|e| matches!(e, Event::Question(..)));
    let (mut least, mut most, mut sleeps) = (0.0, 0.0, false);
    for event in closing {
        match event {
            Event::Delay(_, Some((from, to))) => (least, most, sleeps) = (least + from, most + to, true),
            Event::Delay(_, None) => sleeps = true,
            // It waited for its turn to send something else.
            Event::Tick(_) | Event::Wait(_) | Event::Sent => return None,
            _ => {}
        }
    }
    let known = closing.iter().all(|e| !matches!(e, Event::Delay(_, None)));
    if !sleeps || !is_asked || (known && least < PAUSE) {
        return None;
    }
    let time = if known { format!(" {}", cost::range(least, most)) } else { String::new() };
    Some(Diagnosis {
        message: format!("sleeps{time} after the last attempt, and then gives up all the same"),
        help: "ask whether the failure is final before the delay: nothing comes after it that could profit".to_owned(),
        milder: false,
    })
}
