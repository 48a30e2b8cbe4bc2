//! What users set in their editor: in the initialization options, or under `retrylint` in the editor's settings.

use serde::Deserialize;
use serde_json::Value;

use crate::Options;

/// The name of our part of an editor's settings.
pub(super) const SECTION: &str = "retrylint";

/// The settings. Others that an editor's extension keeps beside them are its own.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Settings {
    /// Say at each retry site what it does with a dead key.
    pub(super) inlay_hints: bool,
    /// As `--pedantic`.
    pub(super) pedantic: bool,
    /// As `--include-tests`.
    pub(super) include_tests: bool,
}

impl Settings {
    /// Reads them from what a client sent: with the section's name around them or without. `None` where it sent none.
    ///
    /// # Errors
    /// What is wrong with them, for the user.
    pub(super) fn read(sent: &Value) -> Result<Option<Settings>, String> {
        let own = sent.get(SECTION).unwrap_or(sent);
        if !own.is_object() {
            return Ok(None);
        }
        Settings::deserialize(own)
            .map(Some)
            .map_err(|why| format!("the settings of retrylint are not understood, so they stay as they were: {why}"))
    }

    /// Whether the same is found with others.
    pub(super) fn checks_like(self, other: Settings) -> bool {
        (self.pedantic, self.include_tests) == (other.pedantic, other.include_tests)
    }

    /// How to check with these.
    pub(super) fn options(self) -> Options {
        Options { pedantic: self.pedantic, include_tests: self.include_tests, ..Options::default() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn with_the_section_around_them_or_without() {
        let expected = Settings { inlay_hints: true, ..Settings::default() };
        for sent in [json!({"inlayHints": true, "path": "x"}), json!({"retrylint": {"inlayHints": true}, "other": {}})]
        {
            assert_eq!(Settings::read(&sent), Ok(Some(expected)));
        }
        assert_eq!(Settings::read(&Value::Null), Ok(None));
        assert!(Settings::read(&json!({"inlayHints": 1})).is_err());
    }
}
