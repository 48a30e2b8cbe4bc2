//! Findings as diagnostics, in the words of the command line.

use std::hash::{DefaultHasher, Hash, Hasher};

use gen_lsp_types::{
    Code, CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Position, Range,
};
use serde::{Deserialize, Serialize};

use super::view::View;
use crate::config::Fault;
use crate::finding::{Certainty, Finding, Level, Problem};
use crate::report::words::doubt;
use crate::suppress;
use crate::workspace::source::Place;

const SOURCE: &str = "retrylint";

/// What a diagnostic carries, so that its finding can be told when the client asks what can be done about it.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Key {
    /// The rule's code.
    rule: String,
    /// The byte at which the site starts.
    site: u32,
}

impl Key {
    pub(super) fn of(finding: &Finding) -> Key {
        Key { rule: finding.rule.code.to_owned(), site: finding.sites[0].place.span.start }
    }
}

/// The place that a diagnostic marks: the attempt, if it stands in the site's own file.
pub(super) fn place(finding: &Finding) -> &Place {
    let (site, attempt) = (&finding.sites[0].place, finding.place());
    if attempt.source.file == site.source.file { attempt } else { site }
}

/// A finding as a diagnostic of the file that its first site stands in.
pub(super) fn finding(finding: &Finding, view: View<'_>) -> Diagnostic {
    let mut message = format!("{}\nhelp: {}", finding.message, finding.help);
    if finding.certainty != Certainty::Certain {
        message.push_str(&format!("\nnote: {}", doubt(finding)));
    }
    let steps = || {
        let steps = finding.witness.iter().map(|step| DiagnosticRelatedInformation {
            location: view.location(&step.place),
            message: step.what.clone(),
        });
        steps.collect()
    };
    let link = view.client.links.then(|| view.pages.link(finding.rule)).flatten();
    let is_idle = view.client.fades && suppress::is_idle(finding);
    Diagnostic {
        range: view.range(place(finding)),
        severity: Some(severity(finding.level)),
        code: Some(Code::String(finding.rule.name.to_owned())),
        code_description: link.map(|href| CodeDescription { href }),
        source: Some(SOURCE.to_owned()),
        message: message.into(),
        tags: is_idle.then(|| vec![DiagnosticTag::Unnecessary]),
        related_information: view.client.related.then(steps),
        data: serde_json::to_value(Key::of(finding)).ok(),
    }
}

/// Something wrong in a configuration.
pub(super) fn fault(fault: &Fault, view: View<'_>) -> Diagnostic {
    Diagnostic {
        range: view.range(&fault.place),
        severity: Some(DiagnosticSeverity::Error),
        code: Some(Code::String("config".to_owned())),
        source: Some(SOURCE.to_owned()),
        message: format!("{}\nhelp: {}", fault.message, fault.help).into(),
        ..Diagnostic::default()
    }
}

/// What kept a file, or a part of it, from being checked: a hint at its start, for the compiler says more.
pub(super) fn problem(problem: &Problem) -> Diagnostic {
    let start = Position { line: 0, character: 0 };
    Diagnostic {
        range: Range { start, end: start },
        severity: Some(DiagnosticSeverity::Hint),
        source: Some(SOURCE.to_owned()),
        message: format!("not all of this file is checked: {}", problem.message).into(),
        ..Diagnostic::default()
    }
}

fn severity(level: Level) -> DiagnosticSeverity {
    match level {
        Level::Deny => DiagnosticSeverity::Error,
        Level::Warn => DiagnosticSeverity::Warning,
        Level::Note => DiagnosticSeverity::Information,
    }
}

/// The diagnostics of a file.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// A name for them: the same as long as they are.
    pub(super) id: String,
    pub(super) items: Vec<Diagnostic>,
}

impl Report {
    pub(super) fn of(items: Vec<Diagnostic>) -> Report {
        let mut hasher = DefaultHasher::new();
        serde_json::to_string(&items).unwrap_or_default().hash(&mut hasher);
        Report { id: format!("{:016x}", hasher.finish()), items }
    }
}
