//! Feature `sources`: this crate's own files, for tools that copy it into a workspace.

/// Its version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Its manifest. In a published crate it is the one that cargo has written.
pub const MANIFEST: &str = include_str!("../Cargo.toml");

/// What it is built from: the paths from the crate's folder, and the texts.
pub const FILES: &[(&str, &str)] = &[
    ("docs/before-after.md", include_str!("../docs/before-after.md")),
    ("src/adapters/backon.rs", include_str!("../src/adapters/backon.rs")),
    ("src/adapters/http.rs", include_str!("../src/adapters/http.rs")),
    ("src/adapters/mod.rs", include_str!("../src/adapters/mod.rs")),
    ("src/adapters/reqwest.rs", include_str!("../src/adapters/reqwest.rs")),
    ("src/adapters/tonic.rs", include_str!("../src/adapters/tonic.rs")),
    ("src/adapters/tower.rs", include_str!("../src/adapters/tower.rs")),
    ("src/attempt.rs", include_str!("../src/attempt.rs")),
    ("src/backoff.rs", include_str!("../src/backoff.rs")),
    ("src/class.rs", include_str!("../src/class.rs")),
    ("src/classify/body.rs", include_str!("../src/classify/body.rs")),
    ("src/classify/evidence.rs", include_str!("../src/classify/evidence.rs")),
    ("src/classify/grpc.rs", include_str!("../src/classify/grpc.rs")),
    ("src/classify/http.rs", include_str!("../src/classify/http.rs")),
    ("src/classify/mod.rs", include_str!("../src/classify/mod.rs")),
    ("src/classify/oauth.rs", include_str!("../src/classify/oauth.rs")),
    ("src/classify/retry_after.rs", include_str!("../src/classify/retry_after.rs")),
    ("src/classify/text.rs", include_str!("../src/classify/text.rs")),
    ("src/clock.rs", include_str!("../src/clock.rs")),
    ("src/credential.rs", include_str!("../src/credential.rs")),
    ("src/event.rs", include_str!("../src/event.rs")),
    ("src/failure.rs", include_str!("../src/failure.rs")),
    ("src/guard.rs", include_str!("../src/guard.rs")),
    ("src/ledger.rs", include_str!("../src/ledger.rs")),
    ("src/lib.rs", include_str!("../src/lib.rs")),
    ("src/lock.rs", include_str!("../src/lock.rs")),
    ("src/next.rs", include_str!("../src/next.rs")),
    ("src/permanent.rs", include_str!("../src/permanent.rs")),
    ("src/pool/mod.rs", include_str!("../src/pool/mod.rs")),
    ("src/pool/ring.rs", include_str!("../src/pool/ring.rs")),
    ("src/refresh/block_on.rs", include_str!("../src/refresh/block_on.rs")),
    ("src/refresh/flight.rs", include_str!("../src/refresh/flight.rs")),
    ("src/refresh/mod.rs", include_str!("../src/refresh/mod.rs")),
    ("src/retry.rs", include_str!("../src/retry.rs")),
    ("src/sources.rs", include_str!("../src/sources.rs")),
    ("src/wording.rs", include_str!("../src/wording.rs")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn walk(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
                found.insert(path.to_str().unwrap().replace('\\', "/"));
            }
        }
    }

    #[test]
    fn every_file_is_listed() {
        let mut there = BTreeSet::new();
        for folder in ["src", "docs"] {
            walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut there);
        }
        let listed: BTreeSet<String> = FILES.iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(listed, there);
    }
}
