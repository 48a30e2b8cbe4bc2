//! Findings as a JUnit report, which every CI shows: a suite for each file, a failed case for each finding.

use std::io::{self, Write};

use super::paths::Root;
use super::{Look, human};
use crate::finding::{Finding, Level, Outcome};

/// Writes the report. Without findings it holds one case that passed: a report without any counts as no tests run.
pub fn report(outcome: &Outcome, root: &Root, out: &mut dyn Write) -> io::Result<()> {
    let findings = &outcome.findings;
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="retrylint" tests="{}" failures="{}" errors="0">"#,
        findings.len().max(1),
        failures(findings)
    )?;
    if findings.is_empty() {
        writeln!(out, r#"  <testsuite name="retrylint" tests="1" failures="0" errors="0" skipped="0">"#)?;
        writeln!(out, r#"    <testcase name="no findings" classname="retrylint"/>"#)?;
        writeln!(out, "  </testsuite>")?;
    }
    for suite in findings.chunk_by(|a, b| a.place().source.path == b.place().source.path) {
        let path = text(&root.path(&suite[0].place().source));
        writeln!(
            out,
            r#"  <testsuite name="{path}" tests="{}" failures="{}" errors="0" skipped="0">"#,
            suite.len(),
            failures(suite)
        )?;
        suite.iter().try_for_each(|finding| case(finding, &path, out))?;
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn failures(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| fails(finding)).count()
}

fn fails(finding: &Finding) -> bool {
    finding.level >= Level::Warn
}

fn case(finding: &Finding, path: &str, out: &mut dyn Write) -> io::Result<()> {
    let (rule, line) = (finding.rule.name, finding.place().start_line());
    let shown = text(&human::finding(finding, Look { graphics: false, ..Look::PLAIN }));
    writeln!(out, r#"    <testcase name="{rule} at line {line}" classname="{path}" file="{path}" line="{line}">"#)?;
    if fails(finding) {
        writeln!(out, r#"      <failure type="{rule}" message="{}">{shown}</failure>"#, text(&finding.message))?;
    } else {
        writeln!(out, "      <system-out>{shown}</system-out>")?;
    }
    writeln!(out, "    </testcase>")
}

/// Text in an element or attribute. XML 1.0 has no way to write most control characters.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\r' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c < ' ' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_in_a_text_ends_an_element() {
        assert_eq!(super::text("a]]></failure>\"&\u{1b}\u{0}"), "a]]&gt;&lt;/failure&gt;&quot;&amp;\u{fffd}\u{fffd}");
    }
}
