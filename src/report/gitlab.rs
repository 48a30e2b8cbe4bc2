//! Findings as GitLab's code quality report: one JSON array.

use std::io::{self, Write};

use serde::Serialize;

use super::fingerprint;
use super::paths::Root;
use crate::finding::{Finding, Level, Outcome};

/// Writes the report.
pub fn report(outcome: &Outcome, root: &Root, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<Row> = outcome
        .findings
        .iter()
        .zip(fingerprint::all(outcome))
        .map(|(finding, fingerprint)| Row::of(finding, fingerprint, root))
        .collect();
    serde_json::to_writer_pretty(&mut *out, &rows)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Row<'a> {
    description: &'a str,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

impl<'a> Row<'a> {
    fn of(finding: &'a Finding, fingerprint: String, root: &Root) -> Row<'a> {
        let place = finding.place();
        Row {
            description: &finding.message,
            check_name: finding.rule.name,
            fingerprint,
            severity: match finding.level {
                Level::Deny => "critical",
                Level::Warn => "major",
                Level::Note => "info",
            },
            location: Location {
                path: root.path(&place.source),
                lines: Lines { begin: place.start_line(), end: place.end_line() },
            },
        }
    }
}
