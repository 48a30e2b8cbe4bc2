//! When each attempt of a finding happens, as a small table: what a schedule of delays comes to.

use super::words::{count, thousands};
use crate::finding::{Attempts, Finding, Slept};

/// One line for each attempt, with the time since the first, and how it ends; empty where the finding is about no run.
pub fn timeline(finding: &Finding) -> String {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut clock = Slept { least: 0.0, most: 0.0, partial: false };
    for (n, pause) in finding.pauses.iter().enumerate() {
        let refused = if n == 0 { ": refused" } else { "" };
        rows.push((time(clock), format!("attempt {}{refused}", thousands(n + 1))));
        clock.least += pause.least;
        clock.most += pause.most;
        clock.partial |= pause.partial;
    }
    let shown = rows.len();
    match &finding.attempts {
        _ if rows.is_empty() => return String::new(),
        Attempts::Exactly(all) if *all as usize > shown => {
            rows.push(("...".to_owned(), format!("{} in all", count(*all as usize, "attempt"))));
            rows.extend(finding.slept.map(|slept| (time(slept), "fails".to_owned())));
        }
        Attempts::Exactly(_) => rows.push((time(clock), "fails".to_owned())),
        Attempts::Until(bound) if bound.starts_with("its ") => rows.push(("...".to_owned(), format!("until {bound}"))),
        Attempts::Until(bound) => rows.push(("...".to_owned(), format!("until `{bound}` is used up"))),
        Attempts::Unbounded => rows.push(("...".to_owned(), "until the process ends".to_owned())),
    }
    let width = rows.iter().map(|(time, _)| time.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(time, what)| format!("{time:>width$}  {what}\n")).collect()
}

/// `0 s`, `5 s`, `7.5-11.3 s`, `5+ s` where some delay is unknown
fn time(clock: Slept) -> String {
    let more = if clock.partial { "+" } else { "" };
    let (least, most) = (seconds(clock.least), seconds(clock.most));
    if least == most { format!("{least}{more} s") } else { format!("{least}-{most}{more} s") }
}

/// Two decimals below a second, one below a minute, and none that says nothing.
fn seconds(n: f64) -> String {
    let scale = match n {
        n if n < 1.0 => 100.0,
        n if n < 60.0 => 10.0,
        _ => 1.0,
    };
    let rounded = (n * scale).round() / scale;
    if rounded.fract() == 0.0 { thousands(rounded as usize) } else { rounded.to_string() }
}
