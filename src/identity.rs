//! What makes a finding the same finding tomorrow: its rule, package, file, function and the code it is about, but no line
//! number. Baselines keep identities, and services that track findings get them as fingerprints.

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Outcome};
use crate::workspace::source::Source;

/// Code is told apart by this many characters.
const LONGEST_CODE: usize = 200;

/// An identity. Findings that are alike in all of it are counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The package's name; empty for loose files.
    pub package: String,
    /// The file in the package; for loose files as the user writes it.
    pub path: String,
    /// The function that the site stands in.
    pub function: String,
    /// The rule's name.
    pub rule: String,
    /// The attempt, without white space that means nothing.
    pub code: String,
}

impl Identity {
    /// The identity of a finding.
    pub fn of(outcome: &Outcome, finding: &Finding) -> Identity {
        let (package, path) = file(&finding.place().source);
        let code = normal(finding.place().text());
        Identity {
            package,
            path,
            function: outcome.function(finding).to_owned(),
            rule: finding.rule.name.to_owned(),
            code: code.chars().take(LONGEST_CODE).collect(),
        }
    }
}

/// Code without the white space that a formatter may add or take.
fn normal(code: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::new();
    for part in code.split_whitespace() {
        if out.ends_with(is_word) && part.starts_with(is_word) {
            out.push(' ');
        }
        out.push_str(part);
    }
    out
}

/// The package of a file, and the path in it.
pub(crate) fn file(source: &Source) -> (String, String) {
    let inside = source.package.as_deref().and_then(|package| {
        let path = source.file.strip_prefix(package.manifest.parent()?).ok()?;
        Some((package.name.clone(), path.to_string_lossy().replace('\\', "/")))
    });
    inside.unwrap_or_else(|| (String::new(), source.path.clone()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn formatting_changes_no_identity() {
        let code = super::normal("client\n    .get( url )\n    .send(&mut x as u8)");
        assert_eq!(code, super::normal("client.get(url).send(&mut x as u8)"));
        assert_eq!(code, "client.get(url).send(&mut x as u8)");
    }
}
