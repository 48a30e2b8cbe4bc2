//! The pages of the rules: as Markdown for a hover, and as files for the link that a diagnostic's code is. Editors open
//! files, and these are the pages of the very version that runs.

use std::path::PathBuf;

use gen_lsp_types::Uri;
use tempfile::TempDir;

use super::uri;
use crate::report::words::body;
use crate::rules::{RULES, Rule};

/// Where the pages stand; `None` where they could not be written, and there are no links.
#[derive(Clone)]
pub(super) struct Pages(Option<PathBuf>);

impl Pages {
    /// Writes a page for each rule into a folder that goes with what is answered beside them.
    pub(super) fn write() -> (Pages, Option<TempDir>) {
        let dir =
            tempfile::Builder::new().prefix("retrylint-rules-").tempdir().ok().filter(|dir| {
                RULES.iter().all(|rule| std::fs::write(dir.path().join(name(rule)), markdown(rule)).is_ok())
            });
        (Pages(dir.as_ref().map(|dir| dir.path().to_owned())), dir)
    }

    pub(super) fn link(&self, rule: &Rule) -> Option<Uri> {
        self.0.as_ref().map(|dir| uri::of(&dir.join(name(rule))))
    }
}

fn name(rule: &Rule) -> String {
    format!("{}.md", rule.name)
}

/// A rule's page without what is in it for our tests: the marks of findings, and the kinds of blocks.
pub(super) fn markdown(rule: &Rule) -> String {
    let mut out = String::new();
    for line in body(rule.page).trim().lines() {
        let line = match line.strip_prefix("```") {
            Some(_) => line.split_once(',').map_or(line, |(language, _)| language),
            None => line.split_once("//~").map_or(line, |(code, _)| code.trim_end()),
        };
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_show_nothing_that_is_for_tests() {
        for rule in RULES {
            let page = markdown(rule);
            assert!(page.starts_with(&format!("# {}\n", rule.name)), "{page}");
            assert!(!page.contains("//~") && !page.contains("```rust,"), "{page}");
        }
    }

    #[test]
    fn every_link_leads_to_a_page() {
        let (pages, dir) = Pages::write();
        for rule in RULES {
            let link = pages.link(rule).and_then(|link| uri::path(&link)).expect("a link");
            assert_eq!(std::fs::read_to_string(link).expect("a page"), markdown(rule));
        }
        drop(dir);
    }
}
