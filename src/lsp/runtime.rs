//! Repairs with the crate `failfast`: besides the code they change manifests, and write the crate's sources where it is to
//! stand in the workspace. They are proved when one is chosen, for that takes as long as the others together.

use gen_lsp_types::{
    CreateFile, DocumentChange, OptionalVersionedTextDocumentIdentifier, Position, Range, TextDocumentEdit,
    TextDocumentIdentifier, TextEdit, WorkspaceEdit,
};

use super::actions::workspace_edit;
use super::position::Lines;
use super::view::View;
use crate::finding::Fix;
use crate::fix::apply::Changed;
use crate::fix::dependency::{self, Source};

/// The edit that makes a repair with all that it needs.
///
/// # Errors
/// Why the crate cannot be brought.
pub(super) fn edit(fix: &Fix, view: View<'_>) -> Result<WorkspaceEdit, String> {
    let support = dependency::plan(&fix.needs, &Source::Vendor)?;
    let mut edit = workspace_edit(&fix.edits, None, view);
    let changes = edit.document_changes.get_or_insert_default();
    for changed in &support {
        support_edits(changed, view, changes)?;
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
