//! RL004: a predicate, classifier or policy says "retry" to a refused credential. It speaks of policies; a loop that
//! asks one has a rule of its own.

use super::{Diagnosis, Rule};
use crate::engine::Facts;
use crate::engine::policy::Policy;
use crate::engine::trace::Event;
use crate::finding::Level;

pub(super) static RULE: Rule = Rule {
    code: "RL004",
    name: "auth-is-retryable",
    level: Level::Deny,
    page: include_str!("../../rules/auth-is-retryable.md"),
    diagnose: no_loop,
};

fn no_loop(_: &Facts) -> Option<Diagnosis> {
    None
}

/// Says what is wrong with a policy that answers "retry". `loops` of the unit burn because of it.
pub(super) fn diagnose(policy: &Policy, loops: usize) -> Diagnosis {
    let dead = policy.dead.retries();
    let said = if dead { &policy.dead } else { &policy.forbidden };
    let what = if dead { "a dead key" } else { "a key that is refused with 403" };
    let asks = said.events.iter().any(|e| matches!(e, Event::Question(..)));
    let mut message = match asks {
        true => format!("answers that {what} may be tried again"),
        false => format!("answers that every failure may be tried again, {what} too"),
    };
    if loops > 1 {
        message.push_str(&format!(", and {loops} retries here ask it"));
    }
    Diagnosis {
        message,
        help: "a refused credential stays refused: let the answer for 401 and 403, in every form in which they arrive \
               here, be no"
            .to_owned(),
        milder: false,
    }
}
