//! Repairs with the crate `failfast`: besides the code they change manifests, and write the crate's sources where it is to
//! stand in the workspace. They are proved when one is chosen, for that takes as long as the others together.

use std::path::Path;

use gen_lsp_types::{
    CreateFile, DocumentChange, OptionalVersionedTextDocumentIdentifier, Position, Range, TextDocumentEdit,
    TextDocumentIdentifier, TextEdit, WorkspaceEdit,
};
use lsp_server::ErrorCode;

use super::actions::workspace_edit;
use super::diagnostics::Key;
use super::position::Lines;
use super::state::State;
use super::view::View;
use super::worker::Refused;
use crate::finding::Style;
use crate::fix::apply::Changed;
use crate::fix::dependency::{self, Source};

/// The edit that repairs a finding with the crate.
///
/// # Errors
/// Why there is none.
pub(super) fn edit(state: &mut State, path: &Path, key: &Key) -> Result<WorkspaceEdit, Refused> {
    let refuse = |why: &str| (ErrorCode::RequestFailed, format!("not repaired with `failfast`: {why}"));
    let findings = state.with_fixes(path, Style::Runtime);
    let finding = findings.iter().find(|finding| Key::of(finding) == *key);
    let finding = finding.ok_or_else(|| refuse("it is not reported any more"))?;
    let Some(fix) = finding.fixes.iter().find(|fix| fix.style == Style::Runtime) else {
        return Err(refuse(finding.unfixable.as_deref().unwrap_or("no repair was found")));
    };
    let support = dependency::plan(&fix.needs, &Source::Vendor).map_err(|why| refuse(&why))?;
    let view = state.view();
    let mut edit = workspace_edit(&fix.edits, None, view);
    let changes = edit.document_changes.get_or_insert_default();
    for changed in &support {
        support_edits(changed, view, changes).map_err(|why| refuse(&why))?;
    }
    Ok(edit)
}

/// The changes that write a new file, or the new text of a manifest.
fn support_edits(changed: &Changed, view: View<'_>, changes: &mut Vec<DocumentChange>) -> Result<(), String> {
    let uri = view.uri(&changed.path);
    let document = view.document(&changed.path);
    let (range, new_text) = match &changed.before {
        None => {
            // One that came in the meantime is not ours to overwrite: the client makes no part of the edit then.
            changes.push(CreateFile { uri: uri.clone(), options: None, annotation_id: None }.into());
            (Range::default(), changed.after.clone())
        }
        Some(before) => {
            if document.is_some_and(|document| document.text != *before) {
                return Err(format!("{} has changes that are not saved: save it first", changed.display));
            }
            let lines = Lines::of(before, view.client.encoding);
            let end = lines.position(before.len());
            (Range { start: Position { line: 0, character: 0 }, end }, changed.after.clone())
        }
    };
    let text_document = OptionalVersionedTextDocumentIdentifier {
        version: document.map(|document| document.version),
        text_document_identifier: TextDocumentIdentifier { uri },
    };
    changes.push(TextDocumentEdit { text_document, edits: vec![TextEdit { range, new_text }.into()] }.into());
    Ok(())
}
