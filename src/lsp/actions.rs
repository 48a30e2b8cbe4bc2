//! What can be done about a finding: its repairs, a suppression with a reason, and all safe repairs of a file at once.

use std::path::Path;

use gen_lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, CodeActionTriggerKind, Diagnostic, Edit as AnyEdit,
    OptionalVersionedTextDocumentIdentifier, Range, SnippetTextEdit, StringValue, TextDocumentEdit,
    TextDocumentIdentifier, TextEdit, Uri, WorkspaceEdit,
};
use lsp_server::ErrorCode;
use serde::{Deserialize, Serialize};

use super::capabilities::FIX_ALL;
use super::diagnostics::{self, Key};
use super::runtime;
use super::state::State;
use super::view::View;
use super::worker::Refused;
use crate::finding::{Applicability, Edit, Finding, Fix, SiteKind, Style};
use crate::fix::edit::overlap;
use crate::report::fixes::what;
use crate::suppress;

/// What a suppression says until somebody writes down why.
const REASON: &str = "TODO: why this is right here";

/// What is kept in an action whose edit is not made yet.
#[derive(Debug, Deserialize, Serialize)]
struct Lazy {
    uri: Uri,
    /// The version of the text that it was offered for.
    version: Option<i32>,
    wanted: Wanted,
}

/// What such an action is to do.
#[derive(Debug, Deserialize, Serialize)]
enum Wanted {
    /// Repair all that is safe.
    All,
    /// Repair a finding by the code's own means.
    Inline(Key),
    /// Repair a finding with `failfast`.
    Runtime(Key),
}

/// What can be done at a range.
pub(super) fn offer(state: &mut State, params: &CodeActionParams) -> Vec<CodeAction> {
    let Some(path) = state.path(&params.text_document.uri) else { return Vec::new() };
    let only = params.context.only.as_deref();
    let mut actions = Vec::new();
    let version = state.view().document(&path).map(|document| document.version);
    let lazy = |wanted| serde_json::to_value(Lazy { uri: params.text_document.uri.clone(), version, wanted }).ok();
    // A proof takes as long as a check, and an editor that only wants to know whether to show a lamp asks all the time.
    let is_idle = params.context.trigger_kind == Some(CodeActionTriggerKind::Automatic);
    let proves = !(is_idle && state.client.resolves) || state.is_proved(&path);
    let here: Vec<Key> = state
        .findings(&path)
        .iter()
        .filter(|finding| is_meant(finding, params.range, &params.context.diagnostics, state.view()))
        .map(Key::of)
        .collect();
    if wants(only, "quickfix") && !here.is_empty() {
        let findings = if proves { state.with_fixes(&path, Style::Inline) } else { state.findings(&path) };
        let view = state.view();
        for finding in findings.iter().filter(|finding| here.contains(&Key::of(finding))) {
            let diagnostic = diagnostics::finding(finding, view);
            let best = finding.fixes.iter().position(|fix| fix.applicability == Applicability::Safe);
            for (n, fix) in finding.fixes.iter().enumerate() {
                actions.push(repair(fix, Some(n) == best, diagnostic.clone(), view));
            }
            let later = |title: &str, wanted| CodeAction {
                title: title.to_owned(),
                kind: Some(CodeActionKind::QuickFix),
                diagnostics: Some(vec![diagnostic.clone()]),
                is_preferred: Some(false),
                data: lazy(wanted),
                ..CodeAction::default()
            };
            if !proves {
                actions.push(later("Repair it by the code's own means", Wanted::Inline(Key::of(finding))));
            }
            if view.client.resolves && view.client.creates_files && finding.sites[0].kind != SiteKind::Comment {
                let title = "Repair it with the crate `failfast`, and make that a dependency";
                actions.push(later(title, Wanted::Runtime(Key::of(finding))));
            }
            actions.extend(allow(finding, diagnostic, view));
        }
    }
    if wants(only, FIX_ALL) && !state.findings(&path).is_empty() {
        let action = CodeAction {
            title: "Repair everything in this file that is safe to repair".to_owned(),
            kind: Some(CodeActionKind::Custom(FIX_ALL.into())),
            ..CodeAction::default()
        };
        // Where the edit must come at once, it is made when it is asked for or its findings are being proved anyway.
        if state.client.resolves {
            actions.push(CodeAction { data: lazy(Wanted::All), ..action });
        } else if only.is_some() || !here.is_empty() {
            let edit = all(state, &path);
            actions.extend(edit.map(|edit| CodeAction { edit: Some(edit), ..action }));
        }
    }
    actions
}

/// Makes the edit of an action that was offered without one.
///
/// # Errors
/// The text is not the one that it was offered for, or there is no such repair.
pub(super) fn resolve(state: &mut State, action: CodeAction) -> Result<CodeAction, Refused> {
    let Some(Ok(lazy)) = action.data.as_ref().map(Lazy::deserialize) else { return Ok(action) };
    let Some(path) = state.path(&lazy.uri) else { return Ok(action) };
    if state.view().document(&path).map(|document| document.version) != lazy.version {
        return Err((ErrorCode::ContentModified, "the text has changed since this was offered".to_owned()));
    }
    let edit = match &lazy.wanted {
        Wanted::All => all(state, &path),
        Wanted::Inline(key) => {
            let fix = best(state, &path, key, Style::Inline)?;
            Some(workspace_edit(&fix.edits, None, state.view()))
        }
        Wanted::Runtime(key) => {
            let fix = best(state, &path, key, Style::Runtime)?;
            Some(runtime::edit(&fix, state.view()).map_err(refused)?)
        }
    };
    Ok(CodeAction { edit, ..action })
}

/// The best repair of a finding in a style.
fn best(state: &mut State, path: &Path, key: &Key, style: Style) -> Result<Fix, Refused> {
    let findings = state.with_fixes(path, style);
    let finding = findings.into_iter().find(|finding| Key::of(finding) == *key);
    let finding = finding.ok_or_else(|| refused("it is not reported any more".to_owned()))?;
    let why = finding.unfixable.unwrap_or_else(|| "no repair was found".to_owned());
    finding.fixes.into_iter().next().ok_or_else(|| refused(why))
}

fn refused(why: String) -> Refused {
    (ErrorCode::RequestFailed, format!("not repaired: {why}"))
}

/// All safe repairs of a file; of two that touch each other the first. `None` where there is none.
fn all(state: &mut State, path: &Path) -> Option<WorkspaceEdit> {
    let mut taken: Vec<Edit> = Vec::new();
    for finding in state.with_fixes(path, Style::Inline) {
        let safe = finding.fixes.iter().find(|fix| fix.applicability == Applicability::Safe);
        if let Some(fix) = safe.filter(|fix| !overlap(&taken, &fix.edits)) {
            taken.extend(fix.edits.iter().cloned());
        }
    }
    taken.sort_by(|a, b| (&a.place.source.file, a.place.span).cmp(&(&b.place.source.file, b.place.span)));
    (!taken.is_empty()).then(|| workspace_edit(&taken, None, state.view()))
}

/// Whether the client asks for actions of this kind: a kind includes those below it.
fn wants(only: Option<&[CodeActionKind]>, kind: &str) -> bool {
    only.is_none_or(|only| {
        only.iter().any(|wanted| {
            let rest = kind.strip_prefix(wanted.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || wanted.as_str().is_empty())
        })
    })
}

/// Whether the client asks about this finding: by its range, or by the diagnostic that we sent.
fn is_meant(finding: &Finding, range: Range, sent: &[Diagnostic], view: View<'_>) -> bool {
    let own = view.range(diagnostics::place(finding));
    let key = Key::of(finding);
    own.start <= range.end && range.start <= own.end
        || sent.iter().filter_map(|diagnostic| diagnostic.data.as_ref()).any(|data| {
            let said = Key::deserialize(data);
            said.is_ok_and(|said| said == key)
        })
}

fn repair(fix: &Fix, is_best: bool, diagnostic: Diagnostic, view: View<'_>) -> CodeAction {
    CodeAction {
        title: capital(&what(fix)),
        kind: Some(CodeActionKind::QuickFix),
        diagnostics: Some(vec![diagnostic]),
        is_preferred: Some(is_best),
        edit: Some(workspace_edit(&fix.edits, None, view)),
        ..CodeAction::default()
    }
}

fn allow(finding: &Finding, diagnostic: Diagnostic, view: View<'_>) -> Option<CodeAction> {
    let edit = suppress::allow(finding, REASON)?;
    Some(CodeAction {
        title: format!("Allow `{}` here, with a reason", finding.rule.name),
        kind: Some(CodeActionKind::QuickFix),
        diagnostics: Some(vec![diagnostic]),
        is_preferred: Some(false),
        edit: Some(workspace_edit(&[edit], Some(REASON), view)),
        ..CodeAction::default()
    })
}

/// Edits for the client; `placeholder` is text in them to be typed over, where the client has a way for that.
pub(super) fn workspace_edit(edits: &[Edit], placeholder: Option<&str>, view: View<'_>) -> WorkspaceEdit {
    let mut files: Vec<(&Path, Vec<AnyEdit>)> = Vec::new();
    for edit in edits {
        let range = view.range(&edit.place);
        let any = match placeholder.filter(|_| view.client.snippets) {
            Some(placeholder) => {
                let snippet = StringValue { value: snippet(&edit.text, placeholder) };
                SnippetTextEdit { range, snippet, annotation_id: None }.into()
            }
            None => TextEdit { range, new_text: edit.text.clone() }.into(),
        };
        let file = edit.place.source.file.as_path();
        match files.iter_mut().find(|(known, _)| *known == file) {
            Some((_, edits)) => edits.push(any),
            None => files.push((file, vec![any])),
        }
    }
    if view.client.versioned_edits {
        let changes = files.into_iter().map(|(file, edits)| {
            let text_document = OptionalVersionedTextDocumentIdentifier {
                version: view.document(file).map(|document| document.version),
                text_document_identifier: TextDocumentIdentifier { uri: view.uri(file) },
            };
            TextDocumentEdit { text_document, edits }.into()
        });
        return WorkspaceEdit { document_changes: Some(changes.collect()), ..WorkspaceEdit::default() };
    }
    let plain = |edit| match edit {
        AnyEdit::TextEdit(edit) => Some(edit),
        AnyEdit::AnnotatedTextEdit(_) | AnyEdit::SnippetTextEdit(_) => None,
    };
    let changes =
        files.into_iter().map(|(file, edits)| (view.uri(file), edits.into_iter().filter_map(plain).collect()));
    WorkspaceEdit { changes: Some(changes.collect()), ..WorkspaceEdit::default() }
}

/// The text as a snippet in which the placeholder is selected.
fn snippet(text: &str, placeholder: &str) -> String {
    let escape = |text: &str| text.replace('\\', "\\\\").replace('$', "\\$").replace('}', "\\}");
    match text.split_once(placeholder) {
        Some((before, after)) => {
            format!("{}${{1:{}}}{}", escape(before), escape(placeholder), escape(after))
        }
        None => escape(text),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_includes_those_below_it() {
        let only = |kind: &str| Some(vec![CodeActionKind::from(kind.to_owned())]);
        for (asked, kind, expected) in [
            (None, "quickfix", true),
            (only(""), FIX_ALL, true),
            (only("source"), FIX_ALL, true),
            (only("source.fixAll"), FIX_ALL, true),
            (only("source.fixAll.retrylint"), FIX_ALL, true),
            (only("source.fixAll.other"), FIX_ALL, false),
            (only("source.fix"), FIX_ALL, false),
            (only("source.fixAll"), "quickfix", false),
        ] {
            assert_eq!(wants(asked.as_deref(), kind), expected, "{asked:?} {kind}");
        }
    }

    #[test]
    fn a_snippet_selects_the_placeholder() {
        assert_eq!(snippet("  // a($x} why\n", "why"), "  // a(\\$x\\} ${1:why}\n");
    }
}
