//! What changed since a revision, as git tells it: only findings that touch these lines are reported.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::finding::{Finding, Outcome};
use crate::workspace::source::Place;

/// The changed lines of each file.
#[derive(Debug, Default, PartialEq)]
pub struct Changes {
    lines: BTreeMap<PathBuf, Vec<RangeInclusive<u32>>>,
}

impl Changes {
    /// Asks git what the working tree has that the revision has not: since the two parted, so that what others did there
    /// meanwhile does not count. New files count as a whole, whether git knows them or not.
    ///
    /// # Errors
    /// What git said.
    pub fn since(revision: &str) -> Result<Changes, String> {
        let top = PathBuf::from(git(revision, &["rev-parse", "--show-toplevel"])?.trim_end_matches('\n'));
        let top = top.canonicalize().unwrap_or(top);
        let diff = git(
            revision,
            &[
                "-c",
                "core.quotepath=off",
                "diff",
                "--unified=0",
                "--no-color",
                "--no-ext-diff",
                "--no-textconv",
                "--src-prefix=a/",
                "--dst-prefix=b/",
                "--merge-base",
                "--end-of-options",
                revision,
                "--",
            ],
        )?;
        let mut changes = Changes::parse(&diff, &top);
        let untracked = git(revision, &["ls-files", "--others", "--exclude-standard", "--full-name", "-z", ":/"])?;
        for path in untracked.split('\0').filter(|path| !path.is_empty()) {
            changes.lines.insert(top.join(path), vec![1..=u32::MAX]);
        }
        Ok(changes)
    }

    /// Reads a diff without context.
    fn parse(diff: &str, top: &Path) -> Changes {
        let mut changes = Changes::default();
        let mut file: Option<PathBuf> = None;
        // Lines of a hunk may look like headers.
        let mut left = 0;
        for line in diff.lines() {
            if left > 0 && line.starts_with(['+', '-', '\\']) {
                left -= u32::from(!line.starts_with('\\'));
            } else if let Some(name) = line.strip_prefix("+++ ") {
                file = unquote(name).strip_prefix("b/").map(|path| top.join(path));
            } else if let Some((old, start, count)) = hunk(line) {
                left = old + count;
                // Where lines only went away, those around the gap count.
                let range = if count == 0 { start..=start + 1 } else { start..=start + count - 1 };
                changes.lines.entry(file.clone().unwrap_or_default()).or_default().push(range);
            }
        }
        changes
    }

    /// Leaves the findings of which a site or a step touches a changed line.
    pub fn apply(&self, outcome: &mut Outcome) {
        let before = outcome.findings.len();
        outcome.findings.retain(|finding| self.touches(finding));
        outcome.summary.untouched = before - outcome.findings.len();
    }

    fn touches(&self, finding: &Finding) -> bool {
        let touched = |place: &Place| {
            let ranges = self.lines.get(&place.source.file).map(Vec::as_slice).unwrap_or_default();
            ranges.iter().any(|range| *range.start() <= place.end_line() && place.start_line() <= *range.end())
        };
        finding.sites.iter().any(|site| touched(&site.place)) || finding.witness.iter().any(|step| touched(&step.place))
    }
}

/// How many lines went, where the new ones start and how many they are: `@@ -3,2 +3 @@`.
fn hunk(line: &str) -> Option<(u32, u32, u32)> {
    let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let numbers = |text: &str| -> Option<(u32, u32)> {
        match text.split_once(',') {
            Some((start, count)) => Some((start.parse().ok()?, count.parse().ok()?)),
            None => Some((text.parse().ok()?, 1)),
        }
    };
    let (start, count) = numbers(rest.split_once(" @@")?.0)?;
    Some((numbers(old)?.1, start, count))
}

/// A path as git writes it: in quotes where it holds odd characters, with a tab behind it where it holds spaces.
fn unquote(name: &str) -> String {
    let name = name.trim_end_matches('\t');
    let Some(inside) = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) else { return name.to_owned() };
    let mut bytes = Vec::new();
    let mut rest = inside.bytes();
    while let Some(byte) = rest.next() {
        match (byte, rest.clone().next()) {
            (b'\\', Some(digit @ b'0'..=b'7')) => {
                let value = [digit].into_iter().chain(rest.clone().skip(1).take(2));
                bytes.push(value.fold(0u8, |sum, digit| sum.wrapping_mul(8).wrapping_add(digit - b'0')));
                rest.nth(2);
            }
            (b'\\', Some(escaped)) => {
                bytes.push(match escaped {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    other => other,
                });
                rest.next();
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn git(revision: &str, arguments: &[&str]) -> Result<String, String> {
    let fail = |why: &str| format!("cannot tell what changed since `{revision}`: {why}");
    let output = Command::new("git").args(arguments).env("LC_ALL", "C").output().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => fail("the program `git` is not installed"),
        _ => fail(&format!("git does not run: {e}")),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or("git failed").trim_start_matches("fatal: ").to_owned();
    Err(fail(&said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_read() {
        let diff = "diff --git a/x.rs b/x.rs\n--- a/x.rs\n+++ b/x.rs\n@@ -1,2 +1 @@ fn\n--- gone\n-two\n+++ b/not.rs\n@@ -9,2 +8,0 @@\n-a\n-b\n\
                    diff --git a/y z.rs b/y z.rs\n--- a/y z.rs\t\n+++ b/y z.rs\t\n@@ -0,0 +1,3 @@\n+1\n+2\n+3\n\
                    --- a/gone.rs\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n";
        let changes = Changes::parse(diff, Path::new("/r"));
        assert_eq!(changes.lines[Path::new("/r/x.rs")], [1..=1, 8..=9]);
        assert_eq!(changes.lines[Path::new("/r/y z.rs")], [1..=3]);
        assert!(!changes.lines.contains_key(Path::new("/r/not.rs")));
    }

    #[test]
    fn paths_are_unquoted() {
        assert_eq!(unquote("b/a b.rs\t"), "b/a b.rs");
        assert_eq!(unquote(r#""b/a\"\\\303\274\t.rs""#), "b/a\"\\ü\t.rs");
    }
}
