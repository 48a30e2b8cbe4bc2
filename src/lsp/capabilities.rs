//! What the client can do, and what we tell it that we can.

use gen_lsp_types::{
    ChangeNotifications, ClientCapabilities, CodeActionKind, CodeActionOptions, CodeActionProvider, DiagnosticOptions,
    DiagnosticTag, HoverProvider, InlayHintProvider, MarkupKind, ResourceOperationKind, Save, ServerCapabilities,
    TextDocumentSync, TextDocumentSyncKind, TextDocumentSyncOptions, WorkspaceFoldersServerCapabilities,
    WorkspaceOptions,
};

use super::position::Encoding;

/// All safe repairs of a file at once.
pub(super) const FIX_ALL: &str = "source.fixAll.retrylint";

/// What matters to us of what the client can do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client {
    pub(super) encoding: Encoding,
    /// It asks for diagnostics. Only where it also obeys when told to ask again: a change in one file may change the
    /// findings in others, and a client that cannot be told would show old ones. Else they are sent to it.
    pub(super) pulls: bool,
    /// Diagnostics may point at other places.
    pub(super) related: bool,
    /// Diagnostics may link to a page.
    pub(super) links: bool,
    /// Diagnostics may say that code is superfluous.
    pub(super) fades: bool,
    /// Edits may name the version of the text that they were made for.
    pub(super) versioned_edits: bool,
    /// Edits may create files.
    pub(super) creates_files: bool,
    /// Edits may hold a placeholder to type over.
    pub(super) snippets: bool,
    /// It asks for the edit of a code action when that is chosen.
    pub(super) resolves: bool,
    /// Hovers may be Markdown.
    pub(super) markdown: bool,
    pub(super) progress: bool,
    /// It can be asked for the user's settings.
    pub(super) configuration: bool,
    /// It tells of changed settings only where it was asked to.
    pub(super) registers_configuration: bool,
    /// It can be asked to watch files.
    pub(super) watches: bool,
    /// It can be told to ask for inlay hints again.
    pub(super) refreshes_hints: bool,
}

impl Client {
    pub(super) fn of(capabilities: ClientCapabilities) -> Client {
        let workspace = capabilities.workspace.unwrap_or_default();
        let text = capabilities.text_document.unwrap_or_default();
        let window = capabilities.window.unwrap_or_default();
        let general = capabilities.general.unwrap_or_default();
        let edits = workspace.workspace_edit.unwrap_or_default();
        let refreshes = workspace.diagnostics.unwrap_or_default().refresh_support == Some(true);
        let pulls = text.diagnostic.is_some() && refreshes;
        let shown = match (text.diagnostic.filter(|_| pulls), text.publish_diagnostics) {
            (Some(pull), _) => pull.diagnostics_capabilities,
            (None, Some(push)) => push.diagnostics_capabilities,
            (None, None) => Default::default(),
        };
        let actions = text.code_action.unwrap_or_default();
        let resolves = actions.data_support == Some(true)
            && actions.resolve_support.is_some_and(|lazy| lazy.properties.iter().any(|property| property == "edit"));
        Client {
            encoding: Encoding::negotiate(&general.position_encodings.unwrap_or_default()),
            pulls,
            related: shown.related_information == Some(true),
            links: shown.code_description_support == Some(true),
            fades: shown.tag_support.is_some_and(|tags| tags.value_set.contains(&DiagnosticTag::Unnecessary)),
            versioned_edits: edits.document_changes == Some(true),
            creates_files: edits.document_changes == Some(true)
                && edits.resource_operations.is_some_and(|kinds| kinds.contains(&ResourceOperationKind::Create)),
            snippets: edits.document_changes == Some(true) && edits.snippet_edit_support == Some(true),
            resolves,
            markdown: text
                .hover
                .and_then(|hover| hover.content_format)
                .is_none_or(|formats| formats.contains(&MarkupKind::Markdown)),
            progress: window.work_done_progress == Some(true),
            configuration: workspace.configuration == Some(true),
            registers_configuration: workspace
                .did_change_configuration
                .is_some_and(|settings| settings.dynamic_registration == Some(true)),
            watches: workspace.did_change_watched_files.is_some_and(|watch| watch.dynamic_registration == Some(true)),
            refreshes_hints: workspace.inlay_hint.is_some_and(|hints| hints.refresh_support == Some(true)),
        }
    }

    /// What we offer to this client.
    pub(super) fn offer(&self) -> ServerCapabilities {
        let diagnostics = DiagnosticOptions {
            identifier: Some("retrylint".to_owned()),
            inter_file_dependencies: true,
            workspace_diagnostics: true,
            ..DiagnosticOptions::default()
        };
        let actions = CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QuickFix, CodeActionKind::Custom(FIX_ALL.into())]),
            resolve_provider: Some(self.resolves),
            ..CodeActionOptions::default()
        };
        let sync = TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::Incremental),
            save: Some(Save::Bool(true)),
            ..TextDocumentSyncOptions::default()
        };
        let folders = WorkspaceFoldersServerCapabilities {
            supported: Some(true),
            change_notifications: Some(ChangeNotifications::Bool(true)),
        };
        ServerCapabilities {
            position_encoding: Some(self.encoding.kind()),
            text_document_sync: Some(TextDocumentSync::Options(sync)),
            hover_provider: Some(HoverProvider::Bool(true)),
            code_action_provider: Some(CodeActionProvider::CodeActionOptions(actions)),
            inlay_hint_provider: Some(InlayHintProvider::Bool(true)),
            diagnostic_provider: self.pulls.then(|| diagnostics.into()),
            workspace: Some(WorkspaceOptions { workspace_folders: Some(folders), ..WorkspaceOptions::default() }),
            ..ServerCapabilities::default()
        }
    }
}
