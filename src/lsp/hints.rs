//! What each retry site does with a dead key, at the end of its first line. Off unless the user asks for it.

use gen_lsp_types::{InlayHint, Label, Range, Tooltip, Uri};

use super::state::State;
use crate::finding::{Site, SiteKind, Slept, Verdict};
use crate::report::words::{attempts, count, slept};

/// The hints for the sites that start in a range.
pub(super) fn within(state: &State, uri: &Uri, range: Range) -> Vec<InlayHint> {
    if !state.settings.inlay_hints {
        return Vec::new();
    }
    let Some(path) = state.path(uri) else { return Vec::new() };
    let sites = state.sites(&path);
    let mut hints: Vec<InlayHint> = Vec::new();
    for site in &sites {
        let Some(label) = label(site) else { continue };
        let position = state.view().lines(&site.place.source).line_end(site.place.span.start as usize);
        // Two sites may start on one line: the first speaks.
        if position < range.start || range.end < position || hints.iter().any(|hint| hint.position == position) {
            continue;
        }
        hints.push(InlayHint {
            position,
            label: Label::String(label),
            tooltip: tooltip(site).map(Tooltip::String),
            padding_left: Some(true),
            kind: None,
            text_edits: None,
            padding_right: None,
            data: None,
        });
    }
    hints
}

/// `dead key: 6 attempts, 155 s`; nothing where no credential is seen.
fn label(site: &Site) -> Option<String> {
    let what = match (&site.verdict, site.kind) {
        (Verdict::NoCredential, _) => return None,
        (Verdict::Burns(_), SiteKind::Policy) => "answers retry".to_owned(),
        (Verdict::Stops(_), SiteKind::Policy) => "answers stop".to_owned(),
        (Verdict::Burns(n), _) => with_time(attempts(n), site.slept),
        (Verdict::Stops(n), _) => format!("stops after {}", count(*n as usize, "attempt")),
        (Verdict::Worker, _) => "tried for as long as the process lives".to_owned(),
        (Verdict::Undecided(_), _) => "not decided".to_owned(),
    };
    Some(format!("dead key: {what}"))
}

fn with_time(attempts: String, time: Option<Slept>) -> String {
    match time {
        Some(time) if time.most > 0.0 => format!("{attempts}, {}", slept(time)),
        _ => attempts,
    }
}

fn tooltip(site: &Site) -> Option<String> {
    match &site.verdict {
        Verdict::Undecided(why) => Some(why.clone()),
        _ => site.credential.as_ref().map(|evidence| format!("credential: {evidence}")),
    }
}
