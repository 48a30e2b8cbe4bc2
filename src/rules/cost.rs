//! What a burn costs, in words: "6 times and sleeps 155 s before failing".

use crate::engine::site::{Facts, Shown};
use crate::engine::trace::Event;
use crate::finding::{Attempts, Slept};

/// Nobody reads a longer schedule.
const PAUSES: usize = 12;

/// The runs that a site is diagnosed by: those on 401, or on 403 where only that burns.
pub fn shown(facts: &Facts) -> &Shown {
    if facts.dead.burns() { &facts.dead } else { &facts.forbidden }
}

/// How often the operation is attempted.
pub fn attempts(shown: &Shown) -> Attempts {
    match (shown.is_unbounded(), shown.run.until) {
        (true, Some(name)) => Attempts::Until(name.to_string()),
        (true, None) => Attempts::Unbounded,
        (false, _) => Attempts::Exactly(shown.run.attempts),
    }
}

/// Seconds slept before the site gives up; `None` where it does not, or where nothing of it is known.
pub fn slept(shown: &Shown) -> Option<Slept> {
    if shown.is_unbounded() {
        return None;
    }
    let (least, most, partial) = shown.run.slept();
    Some(Slept { least, most, partial })
}

/// What is slept after each attempt, at most [`PAUSES`] of them.
pub fn pauses(shown: &Shown) -> Vec<Slept> {
    let mut pauses: Vec<Slept> = Vec::new();
    for event in &shown.run.events {
        let is_full = pauses.len() == PAUSES;
        match (event, pauses.last_mut()) {
            (Event::Attempt(_), _) if is_full => break,
            (Event::Attempt(_), _) => pauses.push(Slept { least: 0.0, most: 0.0, partial: false }),
            (Event::Delay(_, Some((least, most))), Some(pause)) => {
                pause.least += least;
                pause.most += most;
            }
            (Event::Delay(_, None) | Event::Tick(_), Some(pause)) => pause.partial = true,
            _ => {}
        }
    }
    pauses
}

/// Whether it comes back at a steady pace: by the ticks of an interval, or by one delay of ten minutes and more.
pub fn is_steady(shown: &Shown) -> bool {
    let round = shown.run.last_round();
    let ticks = round.iter().any(|e| matches!(e, Event::Tick(_)));
    let mut delays = round.iter().filter_map(|e| match e {
        Event::Delay(_, time) => Some(*time),
        _ => None,
    });
    match (delays.next(), delays.next()) {
        (None, _) => ticks,
        (Some(Some((least, _))), None) => least >= 600.0,
        _ => false,
    }
}

/// Whether it stops by itself at some point in time.
pub fn has_deadline(shown: &Shown) -> bool {
    shown.run.until.is_some_and(|name| name == crate::engine::DEADLINE)
}

/// Whether it sleeps between the last two attempts.
pub fn sleeps(shown: &Shown) -> bool {
    shown.run.last_round().iter().any(|e| matches!(e, Event::Delay(..) | Event::Tick(_)))
}

/// Whether it asked what failed between the last two attempts.
pub fn asks(shown: &Shown) -> bool {
    shown.run.last_round().iter().any(|e| matches!(e, Event::Question(..)))
}

/// Whether it was told between the last two attempts that what failed is a refusal.
pub fn recognises(shown: &Shown) -> bool {
    shown.run.last_round().iter().any(|e| matches!(e, Event::Question(_, what) if what.ends_with(": yes")))
}

/// Whether `?` made the failure one that a library retries, between the last two attempts.
pub fn converts(shown: &Shown) -> bool {
    shown.run.last_round().iter().any(|e| matches!(e, Event::Transient(_)))
}

/// The status that burns.
pub fn status(facts: &Facts) -> &'static str {
    if facts.dead.burns() { "dead key" } else { "key that is refused with 403" }
}

/// "6 times and sleeps 155 s before failing"
pub fn phrase(shown: &Shown) -> String {
    let sleeping = match slept(shown) {
        Some(s) if s.most > 0.0 => {
            let more = if s.partial { "at least " } else { "" };
            format!(" and sleeps {more}{}", range(s.least, s.most))
        }
        Some(s) if s.partial => " with delays of unknown length".to_owned(),
        _ if sleeps(shown) => ", sleeping in between".to_owned(),
        _ => String::new(),
    };
    match attempts(shown) {
        Attempts::Exactly(n) => format!("{n} times{sleeping} before failing"),
        Attempts::Until(name) if name.starts_with("its ") => format!("until {name}{sleeping}"),
        Attempts::Until(name) => format!("until `{name}` is used up{sleeping}"),
        Attempts::Unbounded => format!("until the process ends{sleeping}"),
    }
}

/// "155 s", "75 to 112.5 s", "50 ms"
pub fn range(least: f64, most: f64) -> String {
    if (least - most).abs() < 1e-9 {
        return seconds(least);
    }
    format!("{} to {}", seconds(least), seconds(most))
}

fn seconds(s: f64) -> String {
    let trim = |text: String| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    if s < 1.0 && s > 0.0 {
        return format!("{} ms", trim(format!("{:.1}", s * 1e3)));
    }
    if s >= 7200.0 {
        return format!("{} h", trim(format!("{:.1}", s / 3600.0)));
    }
    format!("{} s", trim(format!("{s:.1}")))
}
