//! Diagnostics for clients that ask for them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use gen_lsp_types::{
    DocumentDiagnosticParams, DocumentDiagnosticReport, FullDocumentDiagnosticReport,
    RelatedFullDocumentDiagnosticReport, RelatedUnchangedDocumentDiagnosticReport, UnchangedDocumentDiagnosticReport,
    WorkspaceDiagnosticParams, WorkspaceDiagnosticReport, WorkspaceDocumentDiagnosticReport,
    WorkspaceFullDocumentDiagnosticReport, WorkspaceUnchangedDocumentDiagnosticReport,
};

use super::diagnostics::Report;
use super::state::State;

/// The diagnostics of a file, or that they are what the client knows.
pub(super) fn document(state: &mut State, params: &DocumentDiagnosticParams) -> DocumentDiagnosticReport {
    let path = state.path(&params.text_document.uri);
    let Report { id, items } = path.map_or_else(|| Report::of(Vec::new()), |path| state.report(&path));
    if params.previous_result_id.as_ref() == Some(&id) {
        return RelatedUnchangedDocumentDiagnosticReport {
            related_documents: None,
            unchanged_document_diagnostic_report: UnchangedDocumentDiagnosticReport { result_id: id },
        }
        .into();
    }
    RelatedFullDocumentDiagnosticReport {
        related_documents: None,
        full_document_diagnostic_report: FullDocumentDiagnosticReport { result_id: Some(id), items },
    }
    .into()
}

/// The diagnostics of every file that has some, or had some when the client asked before.
pub(super) fn workspace(state: &mut State, params: &WorkspaceDiagnosticParams) -> WorkspaceDiagnosticReport {
    let known: BTreeMap<PathBuf, &str> = params
        .previous_result_ids
        .iter()
        .filter_map(|previous| Some((state.path(&previous.uri)?, previous.value.as_str())))
        .collect();
    let files: BTreeSet<PathBuf> = state.files().into_iter().chain(known.keys().cloned()).collect();
    let reports = files.iter().filter_map(|path| {
        let Report { id, items } = state.report(path);
        let before = known.get(path);
        if items.is_empty() && before.is_none() {
            return None;
        }
        let uri = state.view().uri(path);
        let version = state.view().document(path).map(|document| document.version);
        Some(if before == Some(&id.as_str()) {
            let unchanged_document_diagnostic_report = UnchangedDocumentDiagnosticReport { result_id: id };
            WorkspaceUnchangedDocumentDiagnosticReport { uri, version, unchanged_document_diagnostic_report }.into()
        } else {
            let full_document_diagnostic_report = FullDocumentDiagnosticReport { result_id: Some(id), items };
            WorkspaceFullDocumentDiagnosticReport { uri, version, full_document_diagnostic_report }.into()
        })
    });
    WorkspaceDiagnosticReport { items: reports.collect::<Vec<WorkspaceDocumentDiagnosticReport>>() }
}
