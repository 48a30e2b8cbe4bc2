//! Identities as hashes, for services that track findings from run to run.

use std::collections::HashMap;

use crate::finding::Outcome;
use crate::identity::Identity;

/// The hash's form; another way to compute it needs another number.
pub(super) const NAME: &str = "retrylint/v1";

/// A fingerprint for each finding. Findings of one identity are told apart by their order.
pub(super) fn all(outcome: &Outcome) -> Vec<String> {
    let mut seen: HashMap<Identity, usize> = HashMap::new();
    outcome
        .findings
        .iter()
        .map(|finding| {
            let identity = Identity::of(outcome, finding);
            let Identity { package, path, function, rule, code } = &identity;
            let key = [rule, package, path, function, code].map(String::as_str).join("\0");
            let before = seen.entry(identity).or_default();
            *before += 1;
            format!("{:016x}", fnv(&format!("{key}\0{before}")))
        })
        .collect()
}

/// FNV-1a: the standard library promises the same hash of the same text only within one run.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!((super::fnv(""), super::fnv("foobar")), (0xcbf2_9ce4_8422_2325, 0x8594_4171_f739_67e8));
    }
}
