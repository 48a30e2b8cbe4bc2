//! Writes suppressions into files: a comment above each site that has a finding, so that a team can start with a clean
//! report and keep its reason beside the code.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::UNUSED_SUPPRESSION;
use crate::finding::{Edit, Finding, Outcome};
use crate::fix::write;
use crate::ir::Span;
use crate::syntax::comments;
use crate::workspace::source::{Place, Source};

/// What was written.
#[derive(Debug, Default)]
pub struct Added {
    /// Comments put in.
    pub comments: usize,
    /// Files changed.
    pub files: usize,
}

/// The names of the rules to write above each line of a file.
type Rules<'a> = BTreeMap<u32, Vec<&'a str>>;

/// Puts a comment with this reason above every site that has a finding.
///
/// # Errors
/// What is wrong with the reason, or the file that cannot be written, and why.
pub fn add(outcome: &Outcome, reason: &str) -> Result<Added, String> {
    let reason = reason.trim();
    if reason.is_empty() || reason.contains(['\n', '\r']) {
        return Err("the reason of a suppression is one line of text: --add-allow=\"why it is right here\"".to_owned());
    }
    let mut files: BTreeMap<&str, (Arc<Source>, Rules<'_>)> = BTreeMap::new();
    for finding in outcome.findings.iter().filter(|finding| finding.rule != &UNUSED_SUPPRESSION) {
        let place = &finding.sites[0].place;
        let (_, lines) = files.entry(&place.source.path).or_insert_with(|| (place.source.clone(), BTreeMap::new()));
        let rules = lines.entry(place.start_line()).or_default();
        if !rules.contains(&finding.rule.name) {
            rules.push(finding.rule.name);
        }
    }
    let mut added = Added::default();
    for (path, (source, lines)) in files {
        let text = with_comments(&source, &lines, reason)
            .ok_or_else(|| format!("{path}: a comment cannot be put where a site starts: write it by hand"))?;
        write::replace(&source.file, &source.text, &text).map_err(|why| format!("cannot write {path}: {why}"))?;
        added.comments += lines.len();
        added.files += 1;
    }
    Ok(added)
}

/// The text with a comment above each of these lines; `None` where it would land inside of a string.
fn with_comments(source: &Source, lines: &Rules<'_>, reason: &str) -> Option<String> {
    let mut text = source.text.clone();
    // From the end, so that the places before stay.
    for (line, rules) in lines.iter().rev() {
        let (at, comment) = comment(source, *line, rules, reason)?;
        text.insert_str(at as usize, &comment);
    }
    Some(text)
}

/// A comment above the site of a finding that suppresses it for this reason; `None` where none can stand there, or where
/// the finding is about a suppression itself.
pub fn allow(finding: &Finding, reason: &str) -> Option<Edit> {
    if finding.rule == &UNUSED_SUPPRESSION {
        return None;
    }
    let place = &finding.sites[0].place;
    let (at, text) = comment(&place.source, place.start_line(), &[finding.rule.name], reason)?;
    Some(Edit { place: Place { span: Span { start: at, end: at }, ..place.clone() }, text })
}

/// A comment for above a line, with its line end, and where to put it; `None` where that is inside of a string.
fn comment(source: &Source, line: u32, rules: &[&str], reason: &str) -> Option<(u32, String)> {
    let shown = source.line_text(line);
    let indent = &shown[..shown.len() - shown.trim_start().len()];
    let comment = format!("{indent}// retrylint: allow({}) {reason}", rules.join(", "));
    let hidden = if line == 1 && source.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let at = source.line_start(line) as usize + hidden;
    let end = if source.text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut text = source.text.clone();
    text.insert_str(at, &format!("{comment}{end}"));
    let start = (at + indent.len()) as u32;
    comments(&text).iter().any(|found| found.span.start == start).then(|| (at as u32, format!("{comment}{end}")))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[track_caller]
    fn check(text: &str, line: u32, expected: Option<&str>) {
        let source = Source::new("a.rs".to_owned(), PathBuf::from("a.rs"), text.to_owned());
        let lines = BTreeMap::from([(line, vec!["a", "b"])]);
        assert_eq!(with_comments(&source, &lines, "why").as_deref(), expected);
    }

    #[test]
    fn comments_keep_indentation_and_line_ends() {
        check("fn f() {\r\n\tloop {}\r\n}", 2, Some("fn f() {\r\n\t// retrylint: allow(a, b) why\r\n\tloop {}\r\n}"));
        check("\u{feff}loop {}", 1, Some("\u{feff}// retrylint: allow(a, b) why\nloop {}"));
        check("let a = \"\n\"; loop {}", 2, None);
    }
}
