//! What `fix` says: the changes as a unified diff, and what was repaired, offered and not to be repaired.

use similar::{ChangeTag, TextDiff};

use super::words::count;
use super::{Look, style};
use crate::finding::{Applicability, Finding, Fix};
use crate::fix::apply::{Changed, Choice, Plan};

/// Lines around a change.
const CONTEXT: usize = 3;

/// The changes to one file, as `diff -u` has them.
pub fn diff(changed: &Changed, look: Look) -> String {
    let before = changed.before.as_deref().unwrap_or_default();
    let diff = TextDiff::from_lines(before, &changed.after);
    let old = if changed.before.is_some() { &changed.display } else { "/dev/null" };
    let mut out = format!(
        "{}\n{}\n",
        look.paint(style::BOLD, &format!("--- {old}")),
        look.paint(style::BOLD, &format!("+++ {}", changed.display))
    );
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        out.push_str(&format!("{}\n", look.paint(style::HINT, hunk.header().to_string().trim_end())));
        for change in hunk.iter_changes() {
            let line = change.value().trim_end_matches(['\n', '\r']);
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', Some(style::BAD)),
                ChangeTag::Insert => ('+', Some(style::GOOD)),
                ChangeTag::Equal => (' ', None),
            };
            let line = format!("{sign}{line}");
            out.push_str(&style.map_or(line.clone(), |style| look.paint(style, &line)));
            out.push('\n');
            if change.missing_newline() {
                out.push_str("\\ No newline at end of file\n");
            }
        }
    }
    out
}

/// What became of each finding. `is_done` says whether files were written.
pub fn summary(plan: &Plan, choice: &Choice, is_done: bool, look: Look) -> String {
    let mut out = String::new();
    let fixed = if is_done { "fixed" } else { "would fix" };
    for (finding, fix) in &plan.fixed {
        out.push_str(&line(finding, &look.paint(style::GOOD, fixed), &what(fix)));
    }
    let (mut offered, mut hopeless) = (0, 0);
    let (left, others): (Vec<&Finding>, Vec<&Finding>) =
        plan.left.findings.iter().partition(|finding| choice.takes_rule(finding));
    for finding in &left {
        let other = |fix: &&Fix| choice.takes_style(finding, fix);
        match finding.fixes.iter().find(other) {
            Some(fix) if fix.applicability == Applicability::Unsafe && !choice.unsafe_fixes => {
                offered += 1;
                out.push_str(&line(finding, &look.paint(style::WARN, "unsafe"), &what(fix)));
            }
            Some(_) => {}
            None => {
                hopeless += 1;
                let why = finding.unfixable.as_deref().unwrap_or("not repaired in this style");
                out.push_str(&line(finding, &look.paint(style::BAD, "not fixable"), why));
            }
        }
    }
    out.push_str(&support(plan, is_done));
    out.push_str(&format!(
        "{}: {fixed} {}, {offered} with an unsafe fix, {hopeless} not fixable\n",
        count(plan.fixed.len() + left.len(), "finding"),
        plan.fixed.len(),
    ));
    if !others.is_empty() {
        out.push_str(&format!("{} of other rules left alone\n", count(others.len(), "finding")));
    }
    if offered > 0 {
        out.push_str("`--unsafe-fixes` applies the unsafe ones too; look at them with `--diff` first\n");
    }
    out
}

/// What is written beside the sources.
fn support(plan: &Plan, is_done: bool) -> String {
    if plan.fixed.iter().all(|(_, fix)| fix.needs.is_empty()) {
        return String::new();
    }
    let (new, changed): (Vec<&Changed>, Vec<&Changed>) =
        plan.support.iter().partition(|changed| changed.before.is_none());
    let mut out = String::new();
    let copies: Vec<&str> = new.iter().filter_map(|changed| changed.display.strip_suffix("/Cargo.toml")).collect();
    if !copies.is_empty() {
        let wrote = if is_done { "wrote" } else { "would write" };
        let what = if copies.len() == 1 { "a copy" } else { "copies" };
        out.push_str(&format!(
            "{wrote}: {}, {what} of `failfast` in {}\n",
            copies.join(", "),
            count(new.len(), "file")
        ));
    }
    if !changed.is_empty() {
        let names: Vec<&str> = changed.iter().map(|changed| changed.display.as_str()).collect();
        let made = if is_done { "changed" } else { "would change" };
        out.push_str(&format!("{made}: {}\n", names.join(", ")));
    }
    out
}

/// What a repair does, and what of it could not be shown.
pub(crate) fn what(fix: &Fix) -> String {
    match &fix.doubt {
        Some(doubt) => format!("{}; not shown: {doubt}", fix.message),
        None => fix.message.clone(),
    }
}

fn line(finding: &Finding, state: &str, what: &str) -> String {
    let place = &finding.sites[0].place;
    let at = finding.witness.first().map_or(place, |step| &step.place);
    format!("{state}: {}:{} {} ({}): {what}\n", at.source.path, at.start_line(), finding.rule.name, finding.rule.code)
}
