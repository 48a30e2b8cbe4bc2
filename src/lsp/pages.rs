//! The pages of the rules as files, for the link that a diagnostic's code is: editors open files, and the pages are for
//! the very version of the tool that runs.

use gen_lsp_types::Uri;
use tempfile::TempDir;

use super::uri;
use crate::report::words::body;
use crate::rules::{RULES, Rule};

/// A folder with a page for each rule; it goes when the server ends.
pub(super) struct Pages(Option<TempDir>);

impl Pages {
    /// Writes the pages. Where no file can be written, there are no links.
    pub(super) fn write() -> Pages {
        Pages(tempfile::Builder::new().prefix("retrylint-rules-").tempdir().ok().filter(|dir| {
            RULES.iter().all(|rule| std::fs::write(dir.path().join(name(rule)), body(rule.page).trim_start()).is_ok())
        }))
    }

    pub(super) fn link(&self, rule: &Rule) -> Option<Uri> {
        self.0.as_ref().map(|dir| uri::of(&dir.path().join(name(rule))))
    }
}

fn name(rule: &Rule) -> String {
    format!("{}.md", rule.name)
}
