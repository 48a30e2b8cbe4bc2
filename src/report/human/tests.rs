//! What findings look like, to the character.

use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::finding::{Attempts, SiteKind, SiteRef, Step};
use crate::ir::Span;
use crate::rules::Rule;
use crate::workspace::source::{Place, Source};

static RULE: Rule = Rule { code: "RL001", name: "auth-backoff", level: Level::Deny, page: "", diagnose: |_| None };

/// The place of `part` in the source; where that ends is where `upto` ends, if given.
fn place(source: &Arc<Source>, part: &str) -> Place {
    let start = source.text.find(part).expect("the part is in the text");
    Place { source: Arc::clone(source), span: Span { start: start as u32, end: (start + part.len()) as u32 } }
}

fn source(path: &str, text: &str) -> Arc<Source> {
    Arc::new(Source::new(path.to_owned(), PathBuf::from(path), text.to_owned()))
}

fn sample(steps: Vec<(Role, Place, &str)>) -> Finding {
    let site = SiteRef { kind: SiteKind::Loop, place: steps[0].1.clone() };
    Finding {
        rule: &RULE,
        level: Level::Deny,
        certainty: Certainty::Certain,
        message: "retries a dead key 6 times and sleeps 155 s before failing".to_owned(),
        help: "return the error at once".to_owned(),
        attempts: Attempts::Exactly(6),
        slept: None,
        pauses: Vec::new(),
        sites: vec![site],
        witness: steps.into_iter().map(|(role, place, what)| Step { role, place, what: what.to_owned() }).collect(),
        assumed: Vec::new(),
        fixes: Vec::new(),
        unfixable: None,
    }
}

fn two_files() -> Finding {
    let filler = "        // filler\n".repeat(90);
    let agent = source(
        "src/agent.rs",
        &format!(
            "fn f() {{\n    loop {{\n        match send() {{\n{filler}        }}\n        sleep(delay)\n    }}\n}}\n"
        ),
    );
    let error = source("src/error.rs", "fn g() {\n    true\n}\n");
    sample(vec![
        (Role::Attempt, place(&agent, "send()"), "fails with 401"),
        (Role::Test, place(&error, "true"), "says retry"),
        (Role::Delay, place(&agent, "sleep(delay)"), "sleeps"),
        (Role::BackEdge, place(&agent, "loop {\n        match"), "tries again"),
    ])
}

#[test]
fn one_box_for_all_files_with_aligned_numbers() {
    let expected = "\
retrylint::auth-backoff (RL001)

  × retries a dead key 6 times and sleeps 155 s before failing
    ╭─[src/agent.rs:3:15]
  1 │ fn f() {
  2 │     loop {
    ·     ───┬──
    ·        ╰── 4. tries again
  3 │         match send() {
    ·               ───┬──
    ·                  ╰── 1. fails with 401
  4 │         // filler
    ⋮
 94 │         }
 95 │         sleep(delay)
    ·         ──────┬─────
    ·               ╰── 3. sleeps
 96 │     }
    ├─[src/error.rs:2:5]
  1 │ fn g() {
  2 │     true
    ·     ──┬─
    ·       ╰── 2. says retry
  3 │ }
    ╰────
  help: return the error at once
";
    assert_eq!(finding(&two_files(), Look::PLAIN), expected);
}

#[test]
fn sentences_for_screen_readers() {
    let look = Look { graphics: false, ..Look::PLAIN };
    let expected = "\
deny: retries a dead key 6 times and sleeps 155 s before failing (retrylint::auth-backoff, RL001)
  1. src/agent.rs:3:15: fails with 401: send()
  2. src/error.rs:2:5: says retry: true
  3. src/agent.rs:95:9: sleeps: sleep(delay)
  4. src/agent.rs:2:5: tries again: loop { match
  help: return the error at once
";
    assert_eq!(finding(&two_files(), look), expected);
}

#[test]
fn doubts_are_told_and_long_text_is_wrapped() {
    let mut doubtful = two_files();
    doubtful.certainty = Certainty::Likely;
    doubtful.assumed = vec!["`cancelled()` does not end the loop".to_owned(), "`limit` is large".to_owned()];
    doubtful.help = "see src/a/long/path/that/must/not/be/broken.rs for what to do".to_owned();
    let text = finding(&doubtful, Look { width: 60, ..Look::PLAIN });
    let tail = text.split_once("╰────\n").map(|(_, tail)| tail);
    let expected = "  help: see src/a/long/path/that/must/not/be/broken.rs for\n        what to do\n  note: likely, not certain: assumed `cancelled()` does not\n        end the loop; `limit` is large\n";
    assert_eq!(tail, Some(expected));
}

#[test]
fn columns_count_characters_and_nothing_reaches_the_terminal_raw() {
    let odd = source("w.rs", "\u{feff}let 名前 = \"é\x1b[31m\u{202e}\"; sleep();\r\nnext\r\n");
    let text = finding(&sample(vec![(Role::Delay, place(&odd, "sleep()"), "sleeps")]), Look::PLAIN);
    assert!(text.contains("[w.rs:1:21]"), "{text}");
    assert!(!text.contains(['\x1b', '\u{202e}', '\r', '\u{feff}']), "{text:?}");
}

#[test]
fn marks_that_hold_each_other_are_drawn_side_by_side() {
    let nested = source("n.rs", "    while let Err(e) = send().await {\n    }\n");
    let steps = vec![
        (Role::Attempt, place(&nested, "send().await"), "fails"),
        (Role::Test, place(&nested, "Err(e) = send().await"), "is an error"),
        (Role::BackEdge, place(&nested, "while let Err(e) = send().await {\n    }"), "again"),
    ];
    let text = finding(&sample(steps), Look::PLAIN);
    let underlined = "   ·     ────┬──── ────┬─── ──────┬─────\n";
    assert!(text.contains(underlined), "{text}");
    assert!(text.contains("[n.rs:1:24]"), "{text}");
}

#[test]
fn a_long_line_is_cut_around_the_mark() {
    let long = source("l.rs", &format!("{}target();{}", "abc(); ".repeat(10_000), " zzz();".repeat(10_000)));
    let text = finding(&sample(vec![(Role::Attempt, place(&long, "target()"), "fails")]), Look::PLAIN);
    assert!(text.lines().all(|line| line.chars().count() < 160), "{text}");
    assert!(text.contains("abc(); target(); zzz();"), "{text}");
    assert!(text.contains("[l.rs:1:70001]"), "{text}");
}

#[test]
fn colours_only_where_asked() {
    assert!(!finding(&two_files(), Look::PLAIN).contains('\x1b'));
    assert!(finding(&two_files(), Look { color: true, ..Look::PLAIN }).contains("\x1b["));
    assert!(!finding(&two_files(), Look { color: true, ..Look::PLAIN }).contains("\x1b]8"));
}

#[test]
fn a_summary_counts() {
    let mut outcome = Outcome { findings: vec![two_files()], ..Outcome::default() };
    outcome.summary =
        crate::finding::Summary { files: 14, lines: 2310, sites: 5, undecided: 1, skipped: 0, ..Default::default() };
    assert_eq!(
        summary(&outcome, Look::PLAIN),
        "checked 14 files (2,310 lines), 5 retry sites: 1 finding, 1 undecided, 0 skipped\n"
    );
    assert_eq!(more(&outcome), "`retrylint explain auth-backoff` says why and what to do\n");
}

#[test]
fn problems_are_one_line() {
    let told = problem(&Problem { path: "a\nb.rs".to_owned(), message: "bad".to_owned(), fatal: false }, Look::PLAIN);
    assert_eq!(told, "warning: a�b.rs: bad\n");
    let told = problem(&Problem { path: String::new(), message: "bad".to_owned(), fatal: true }, Look::PLAIN);
    assert_eq!(told, "error: bad\n");
}
