//! What is asked of the client once it is ready: to watch the files that matter, and for the user's settings.

use gen_lsp_types::{
    DidChangeConfigurationNotification, DidChangeWatchedFilesNotification, DidChangeWatchedFilesRegistrationOptions,
    FileSystemWatcher, GlobPattern, Notification, Registration, RegistrationParams, RegistrationRequest,
};

use super::settings::SECTION;
use super::state::State;
use super::worker::ask_for_settings;

/// Sources, manifests, our configuration, and what says which files count.
const WATCHED: [&str; 4] = ["**/*.rs", "**/Cargo.toml", "**/retrylint.toml", "**/.gitignore"];

/// Asks for all that this client can do.
pub(super) fn all(state: &mut State) {
    let mut registrations = Vec::new();
    if state.client.watches {
        let watchers =
            WATCHED.map(|glob| FileSystemWatcher { glob_pattern: GlobPattern::Pattern(glob.to_owned()), kind: None });
        let options = DidChangeWatchedFilesRegistrationOptions { watchers: watchers.into() };
        registrations.push(registration::<DidChangeWatchedFilesNotification>(serde_json::to_value(options).ok()));
    }
    if state.client.registers_configuration {
        let options = serde_json::json!({ "section": SECTION });
        registrations.push(registration::<DidChangeConfigurationNotification>(Some(options)));
    }
    if !registrations.is_empty() {
        state.outbox.ask::<RegistrationRequest>(RegistrationParams { registrations });
    }
    if state.client.configuration {
        ask_for_settings(state);
    }
}

fn registration<N: Notification>(register_options: Option<serde_json::Value>) -> Registration {
    let method = N::METHOD.as_str().to_owned();
    Registration { id: format!("retrylint/{method}"), method, register_options }
}
