//! What is shown under the pointer: on a finding its cost with the schedule, on the name of a rule in a suppression the
//! rule's page.

use gen_lsp_types::{Contents, Hover, MarkupContent, MarkupKind, Position, Range, Uri};

use super::diagnostics;
use super::pages::markdown;
use super::position::Lines;
use super::state::State;
use crate::finding::{Certainty, Finding, Role};
use crate::report::timeline::timeline;
use crate::report::words::{attempts, doubt, slept};
use crate::suppress;

/// What is to be said about a position.
pub(super) fn at(state: &State, uri: &Uri, position: Position) -> Option<Hover> {
    let document = state.documents.get(uri)?;
    let lines = Lines::of(&document.text, state.client.encoding);
    let offset = lines.offset(position) as u32;
    if let Some((rule, span)) = suppress::rule_at(&document.text, offset) {
        return Some(hover(state, markdown(rule).trim(), lines.range(span)));
    }
    let findings = state.findings(&document.path);
    let mut parts = Vec::new();
    let mut range: Option<Range> = None;
    for finding in &findings {
        let steps = finding.witness.iter().filter(|step| step.role != Role::BackEdge).map(|step| &step.place);
        let mut places = std::iter::once(diagnostics::place(finding)).chain(steps);
        let here = places.find(|place| {
            let span = place.span;
            place.source.file == document.path && span.start <= offset && offset < span.end.max(span.start + 1)
        });
        if let Some(place) = here {
            parts.push(text(finding, state.client.markdown));
            range.get_or_insert_with(|| lines.range(place.span));
        }
    }
    Some(hover(state, &parts.join("\n\n---\n\n"), range?))
}

fn hover(state: &State, value: &str, range: Range) -> Hover {
    let kind = if state.client.markdown { MarkupKind::Markdown } else { MarkupKind::PlainText };
    Hover { contents: Contents::MarkupContent(MarkupContent { kind, value: value.to_owned() }), range: Some(range) }
}

/// What is wrong, what it costs and when, and what to do.
fn text(finding: &Finding, markdown: bool) -> String {
    let rule = finding.rule;
    let (strong, fence, end) = if markdown { ("**", "```text\n", "```\n\n") } else { ("", "", "\n") };
    let mut out = format!("{strong}{}{strong} ({}): {}\n\n", rule.name, rule.code, finding.message);
    let schedule = timeline(finding);
    if !schedule.is_empty() {
        let mut cost = format!("dead key: {}", attempts(&finding.attempts));
        if let Some(time) = finding.slept {
            cost.push_str(&format!(", {} asleep", slept(time)));
        }
        out.push_str(&format!("{fence}{cost}\n\n{schedule}{end}"));
    }
    out.push_str(&format!("help: {}", finding.help));
    if finding.certainty != Certainty::Certain {
        out.push_str(&format!("\n\nnote: {}", doubt(finding)));
    }
    out
}
