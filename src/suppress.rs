//! Suppressions: comments such as `// retrylint: allow(auth-backoff) the provider answers 401 while a key is activated`.
//!
//! One holds for the findings whose attempt or site is on its line or starts on the next line of code, in whose site it
//! stands, or that stand in the function it is written above. What is suppressed stays counted, and a suppression that
//! suppresses nothing, or does not say why, is a finding itself.

mod add;
mod mend;

use std::ops::Range;

use crate::Options;
use crate::finding::{Allow, Attempts, Certainty, Finding, Outcome, Role, SiteKind, SiteRef, Slept, Step, Verdict};
use crate::ir::Span;
use crate::rules::{self, Rule, UNUSED_SUPPRESSION};
use crate::suggest;
use crate::syntax::program::{FileId, Loaded, Program};
use crate::syntax::{Comment, comments};
use crate::workspace::source::Place;

pub use add::{Added, add, allow};

/// How a suppression starts.
const WORD: &str = "retrylint:";
const FORM: &str = "write `// retrylint: allow(RULE) why it is right here`";

/// What to do about one that suppresses nothing.
const REMOVE: &str = "remove the comment, or mend it";

/// A suppression as it was found, before anything is known of findings.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    file: FileId,
    allow: Allow,
    comment: Comment,
    /// What is wrong with it, in words.
    faults: Vec<String>,
    /// Nobody can say that it is unused: it stands in test code, or parts of its file were not understood.
    in_the_dark: bool,
}

/// The suppressions of a file, which is to enter the program as `id`.
pub(crate) fn collect(file: &Loaded, id: FileId, options: &Options) -> Vec<Found> {
    let mut found = Vec::new();
    if !file.reported || !file.source.text.contains(WORD) {
        return found;
    }
    let in_the_dark = file.is_test && !options.include_tests || !file.file.skipped.is_empty();
    for comment in comments(&file.source.text) {
        let Some(said) = directive(file.source.slice(comment.span)) else { continue };
        let (rules, reason, faults) = read(said);
        let place = Place { source: file.source.clone(), span: comment.span };
        found.push(Found { file: id, allow: Allow { place, rules, reason, uses: 0 }, comment, faults, in_the_dark });
    }
    found
}

/// What a comment says after `retrylint:`. Documentation is written about code, not to us.
fn directive(comment: &str) -> Option<&str> {
    let inside = match comment.strip_prefix("//") {
        Some(line) => line,
        None => comment.strip_prefix("/*")?.strip_suffix("*/")?,
    };
    inside.trim_start().strip_prefix(WORD).filter(|_| !inside.starts_with(['/', '!', '*'])).map(str::trim)
}

/// The list of rules, and what comes after it.
fn parts(said: &str) -> Option<(&str, &str)> {
    said.strip_prefix("allow")?.trim_start().strip_prefix('(')?.split_once(')')
}

/// The names in a list of rules.
fn named(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// The rules, the reason, and what is wrong.
fn read(said: &str) -> (Vec<&'static Rule>, String, Vec<String>) {
    let Some((list, reason)) = parts(said) else {
        return (Vec::new(), String::new(), vec![format!("`{WORD} {said}` is not understood: {FORM}")]);
    };
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for name in named(list) {
        match rules::find(name) {
            Some(rule) if found.contains(&rule) => {}
            Some(rule) => found.push(rule),
            None => faults.push(suggest::unknown("rule", name, rules::names())),
        }
    }
    if found.is_empty() && faults.is_empty() {
        faults.push(format!("names no rule: {FORM}"));
    }
    let reason = reason.trim_start_matches([':', '-', ' ', '\t']).trim();
    if reason.is_empty() {
        faults.push("gives no reason".to_owned());
    }
    (found, reason.to_owned(), faults)
}

/// Takes what is suppressed out of the findings, and adds what is wrong with the suppressions.
pub(crate) fn apply(found: Vec<Found>, program: &Program, options: &Options, outcome: &mut Outcome) {
    let mut found: Vec<(Found, Vec<usize>, Option<Range<u32>>)> = found
        .into_iter()
        .map(|mut one| {
            let uses = vec![0; one.allow.rules.len()];
            let (function, is_test) = home(&one, program);
            one.in_the_dark |= is_test && !options.include_tests;
            (one, uses, function)
        })
        .collect();
    outcome.findings.retain(|finding| {
        let mut suppressed = false;
        for (one, uses, function) in &mut found {
            let Some(at) = one.allow.rules.iter().position(|rule| *rule == finding.rule) else { continue };
            if covers_finding(one, function.as_ref(), finding) {
                uses[at] += 1;
                one.allow.uses += 1;
                suppressed = true;
            }
        }
        outcome.summary.suppressed += usize::from(suppressed);
        !suppressed
    });
    // What is left of the findings that are about code.
    let about_code = outcome.findings.len();
    for (mut one, uses, function) in found {
        let undecided = outcome.sites.iter().any(|site| {
            let attempt = site.attempt.as_ref().unwrap_or(&site.place);
            matches!(site.verdict, Verdict::Undecided(_))
                && covers(&one, function.as_ref(), attempt, std::iter::once(&site.place))
        });
        let mut unused = Vec::new();
        let is_known = !one.in_the_dark && !undecided;
        if is_known {
            let rules = one.allow.rules.iter().zip(&uses).filter(|(_, uses)| **uses == 0);
            unused.extend(rules.map(|(rule, _)| *rule));
            one.faults.extend(unused.iter().map(|rule| format!("`{}` is not reported here", rule.name)));
        }
        if !one.faults.is_empty() {
            let mut finding = finding(&one);
            if options.fixes {
                let left = outcome.findings[..about_code].iter();
                let reported: Vec<&Rule> = left
                    .filter(|other| covers_finding(&one, function.as_ref(), other))
                    .map(|other| other.rule)
                    .collect();
                let here = mend::Here { unused: &unused, reported: is_known.then_some(reported.as_slice()) };
                match mend::fix(&one.comment, &one.allow.place, &here) {
                    Ok(fix) => finding.fixes.push(fix),
                    Err(why) => finding.unfixable = Some(why),
                }
            }
            outcome.findings.push(finding);
        }
        outcome.allows.push(one.allow);
    }
}

/// The function that a suppression is written above, or at the head of, and whether it stands in test code.
fn home(found: &Found, program: &Program) -> (Option<Range<u32>>, bool) {
    let (source, comment) = (&found.allow.place.source, &found.comment);
    let mut head = None;
    let mut is_test = false;
    for id in program.functions_in(found.file) {
        let data = program.function(id);
        let (span, name) = (data.span, data.def.name_span.start);
        // Between the head's start and the name are words such as `pub(crate) async unsafe`.
        let begins = |at: u32| at <= name && !source.slice(Span { start: at, end: name }).contains(['{', '}', ';']);
        let above = comment.above.filter(|_| !comment.trails);
        let is_head = above.is_some_and(|at| span.start <= at && at < span.end && begins(at))
            || comment.trails && source.line(comment.span.start) == source.line(name);
        if is_head {
            head = Some(span.start..span.end);
        }
        is_test |= data.is_test && (is_head || span.start <= comment.span.start && comment.span.end <= span.end);
    }
    (head, is_test)
}

fn covers_finding(found: &Found, function: Option<&Range<u32>>, finding: &Finding) -> bool {
    covers(found, function, finding.place(), finding.sites.iter().map(|site| &site.place))
}

fn covers<'a>(
    found: &Found,
    function: Option<&Range<u32>>,
    attempt: &Place,
    mut sites: impl Iterator<Item = &'a Place>,
) -> bool {
    let (source, comment) = (&found.allow.place.source, &found.comment);
    let own = source.line(comment.span.start);
    let line = if comment.trails { Some(own) } else { comment.above.map(|at| source.line(at)) };
    let starts = |place: &Place| place.source.path == source.path && Some(place.start_line()) == line;
    starts(attempt)
        || sites.any(|site| {
            let span = site.span;
            site.source.path == source.path
                && (starts(site)
                    || span.start <= comment.span.start && comment.span.end <= span.end
                    || function.is_some_and(|range| range.start <= span.start && span.end <= range.end))
        })
}

/// The rule that is named at this byte of a text, in a suppression, and where its name stands.
pub fn rule_at(text: &str, offset: u32) -> Option<(&'static Rule, Span)> {
    let holds = |span: Span| span.start <= offset && offset < span.end;
    let comment = comments(text).into_iter().find(|comment| holds(comment.span))?.span;
    let said = text.get(comment.start as usize..comment.end as usize)?;
    let (list, _) = parts(directive(said)?)?;
    let mut start = comment.start + said.find('(')? as u32 + 1;
    for part in list.split(',') {
        let name = part.trim();
        let at = start + (part.len() - part.trim_start().len()) as u32;
        let span = Span { start: at, end: at + name.len() as u32 };
        if holds(span) {
            return Some((rules::find(name)?, span));
        }
        start += part.len() as u32 + 1;
    }
    None
}

/// The finding is about a suppression that suppresses nothing.
pub fn is_idle(finding: &Finding) -> bool {
    finding.rule == &UNUSED_SUPPRESSION && finding.help == REMOVE
}

/// What is wrong with a suppression.
fn finding(found: &Found) -> Finding {
    let place = found.allow.place.clone();
    let help =
        if found.allow.uses == 0 { REMOVE } else { "name the rules that are reported here, and say why that is right" };
    Finding {
        rule: &UNUSED_SUPPRESSION,
        level: UNUSED_SUPPRESSION.level,
        certainty: Certainty::Certain,
        message: format!("a suppression that does not hold: {}", found.faults.join("; ")),
        help: help.to_owned(),
        attempts: Attempts::Exactly(0),
        slept: Some(Slept { least: 0.0, most: 0.0, partial: false }),
        pauses: Vec::new(),
        sites: vec![SiteRef { kind: SiteKind::Comment, place: place.clone() }],
        witness: vec![Step { role: Role::Comment, place, what: "this comment".to_owned() }],
        assumed: Vec::new(),
        fixes: Vec::new(),
        unfixable: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(comment: &str, rules: &[&str], reason: &str, faults: &[&str]) {
        let (found, why, wrong) = read(directive(comment).expect("a suppression"));
        assert_eq!((found.iter().map(|rule| rule.name).collect::<Vec<_>>().as_slice(), why.as_str()), (rules, reason));
        assert_eq!(wrong.len(), faults.len(), "{wrong:?}");
        assert!(wrong.iter().zip(faults).all(|(fault, part)| fault.contains(part)), "{wrong:?}");
    }

    #[test]
    fn what_a_comment_may_say() {
        check("// retrylint: allow(auth-backoff) keys start late", &["auth-backoff"], "keys start late", &[]);
        check("//retrylint:allow( RL002 ,auth-backoff ): x", &["auth-hammer", "auth-backoff"], "x", &[]);
        check("/* retrylint: allow(auth-hammer) why */", &["auth-hammer"], "why", &[]);
        check("// retrylint: allow(auth-hammer)", &["auth-hammer"], "", &["no reason"]);
        check("// retrylint: allow() x", &[], "x", &["names no rule"]);
        check("// retrylint: allow(auth-hamer) x", &[], "x", &["did you mean `auth-hammer`?"]);
        check("// retrylint: ignore(auth-hammer) x", &[], "", &["is not understood"]);
        for none in
            ["// see retrylint: allow(x)", "/// retrylint: allow(x)", "//! retrylint: allow(x)", "/** retrylint: */"]
        {
            assert_eq!(directive(none), None, "{none}");
        }
    }
}
