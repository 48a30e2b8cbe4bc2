//! What makes a finding the same finding tomorrow: its rule, package, function and the code it is about, but no line
//! number. Services that track findings from run to run get this as a hash.

use std::collections::HashMap;

use super::words::one_line;
use crate::finding::{Finding, Outcome};

/// The hash's form; another way to compute it needs another number.
pub(super) const NAME: &str = "retrylint/v1";

/// A fingerprint for each finding. Findings that are alike in all that counts are told apart by their order.
pub(super) fn all(outcome: &Outcome) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    outcome
        .findings
        .iter()
        .map(|finding| {
            let key = key(outcome, finding);
            let before = seen.entry(key.clone()).or_default();
            *before += 1;
            format!("{:016x}", fnv(&format!("{key}\0{before}")))
        })
        .collect()
}

fn key(outcome: &Outcome, finding: &Finding) -> String {
    let source = &finding.place().source;
    let package = source.package.as_deref();
    let file = package
        .and_then(|package| source.file.strip_prefix(package.manifest.parent()?).ok())
        .map_or_else(|| source.path.clone(), |path| path.to_string_lossy().replace('\\', "/"));
    let name = package.map_or("", |package| &package.name);
    let snippet = one_line(finding.place().text());
    [finding.rule.code, name, &file, outcome.function(finding), &snippet].join("\0")
}

/// FNV-1a: the standard library promises the same hash of the same text only within one run.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!((super::fnv(""), super::fnv("foobar")), (0xcbf2_9ce4_8422_2325, 0x85944171f73967e8));
    }
}
