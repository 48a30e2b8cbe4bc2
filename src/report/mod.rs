//! What a run says, in the forms it can be said: for people ([`human`], [`sites`], [`allows`]), for programs ([`json`]), for
//! compilers' readers ([`rustc`]), for code scanning ([`sarif`]) and for CI ([`github`], [`gitlab`], [`junit`]).
//!
//! Reports only read findings and sites; they decide nothing but how to show them.

pub mod allows;
pub mod config;
mod excerpt;
mod fingerprint;
pub mod fixes;
pub mod github;
pub mod gitlab;
pub mod human;
pub mod json;
pub mod junit;
mod paths;
pub mod rustc;
pub mod sarif;
pub mod sites;
pub mod timeline;
pub(crate) mod words;

pub use paths::Root;

/// How text for people is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// With ANSI colours.
    pub color: bool,
    /// Drawn snippets; without them findings are told in sentences, for screen readers.
    pub graphics: bool,
    /// Columns.
    pub width: usize,
}

impl Look {
    /// No colours, 100 columns: for files, pipes and tests.
    pub const PLAIN: Look = Look { color: false, graphics: true, width: 100 };

    /// The text in a style, where there are styles.
    fn paint(self, style: anstyle::Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// The styles of all reports for people.
mod style {
    use anstyle::{AnsiColor, Style};

    pub(super) const BOLD: Style = Style::new().bold();
    pub(super) const DIM: Style = Style::new().dimmed();
    pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
    pub(super) const WARN: Style = AnsiColor::Yellow.on_default().bold();
    pub(super) const GOOD: Style = AnsiColor::Green.on_default();
    pub(super) const HINT: Style = AnsiColor::Cyan.on_default();
}
