//! Findings as GitHub shows them on a pull request: workflow commands that become annotations, and a table for the
//! summary of a job.

use std::io::{self, Write};

use super::paths::Root;
use super::words::{attempts, count, one_line, slept};
use crate::finding::{Finding, Level, Outcome};

/// A summary may hold 1 MiB; a table this long says enough.
const MOST_ROWS: usize = 200;

/// Writes a workflow command for each finding.
pub fn annotations(outcome: &Outcome, root: &Root, out: &mut dyn Write) -> io::Result<()> {
    outcome.findings.iter().try_for_each(|finding| writeln!(out, "{}", annotation(finding, root)))
}

fn annotation(finding: &Finding, root: &Root) -> String {
    let command = match finding.level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Note => "notice",
    };
    let place = finding.place();
    let (first, last) = (place.start_line(), place.end_line());
    let mut properties = format!("file={},line={first},endLine={last}", property(&root.path(&place.source)));
    // GitHub refuses columns that are on different lines.
    if first == last {
        properties.push_str(&format!(",col={},endColumn={}", place.column(), place.end_column()));
    }
    let title = property(&format!("{} ({})", finding.rule.name, finding.rule.code));
    let message = data(&format!("{}\n{}", one_line(&finding.message), one_line(&finding.help)));
    format!("::{command} {properties},title={title}::{message}")
}

/// The text of a command: what would end it is encoded.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property: what would end it is encoded too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Writes a Markdown table of all findings.
pub fn summary(outcome: &Outcome, root: &Root, out: &mut dyn Write) -> io::Result<()> {
    let figures = &outcome.summary;
    writeln!(
        out,
        "### retrylint: {} in {}\n",
        count(outcome.findings.len(), "finding"),
        count(figures.sites, "retry site")
    )?;
    if outcome.findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "| level | rule | where | what | cost |\n|---|---|---|---|---|")?;
    for finding in outcome.findings.iter().take(MOST_ROWS) {
        let place = finding.place();
        let cost = match finding.slept {
            Some(time) => format!("{}, {}", attempts(&finding.attempts), slept(time)),
            None => attempts(&finding.attempts),
        };
        writeln!(
            out,
            "| {} | `{}` | `{}:{}` | {} | {} |",
            finding.level.as_str(),
            finding.rule.name,
            code(&root.path(&place.source)),
            place.start_line(),
            cell(&finding.message),
            cell(&cost)
        )?;
    }
    let left = outcome.findings.len().saturating_sub(MOST_ROWS);
    if left > 0 {
        writeln!(out, "\nand {left} more")?;
    }
    writeln!(out)
}

/// Text in a cell: nothing in it ends the cell or is taken for HTML.
fn cell(text: &str) -> String {
    one_line(text).replace('&', "&amp;").replace('<', "&lt;").replace('|', "\\|")
}

/// Text between backticks in a cell.
fn code(text: &str) -> String {
    one_line(text).replace('`', "'").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_the_command() {
        assert_eq!(data("100 %\r\n::error::x"), "100 %25%0D%0A::error::x");
        assert_eq!(property("a,b:c%2C\n"), "a%2Cb%3Ac%252C%0A");
        assert_eq!(cell("`a | b` <b>&\nc"), "`a \\| b` &lt;b>&amp; c");
        assert_eq!(code("a`b|c"), "a'b\\|c");
    }
}
