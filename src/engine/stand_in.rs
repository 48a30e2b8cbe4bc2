//! Sources that take the place of another crate's: a model may tell in Rust what that crate does, and the engine runs
//! that as it runs the user's own code.

use std::path::PathBuf;
use std::sync::Arc;

use crate::ir::Name;
use crate::models::StandIn;
use crate::syntax;
use crate::syntax::program::Loaded;
use crate::workspace::source::Source;

/// Puts stand-ins behind the files of a unit that names their crates. The crate's own sources, where the unit has them,
/// give way. Doing it again changes nothing.
pub fn complete(mut files: Vec<Loaded>, stand_ins: &[StandIn]) -> Vec<Loaded> {
    for new in missing(&|| Box::new(files.iter()), stand_ins) {
        files.retain(|loaded| loaded.krate != new.krate);
        files.push(new);
    }
    files
}

/// The stand-ins that a unit needs and does not have. Each takes the place of all files of its crate.
pub fn missing<'f>(
    files: &dyn Fn() -> Box<dyn Iterator<Item = &'f Loaded> + 'f>,
    stand_ins: &[StandIn],
) -> Vec<Loaded> {
    let mut out = Vec::new();
    for StandIn { krate, known_by, source } in stand_ins {
        let path = PathBuf::from(format!("<{krate}>"));
        let name = Name::new(krate);
        let is_own = |loaded: &&Loaded| loaded.krate == name;
        // Another crate of that name is read as any other.
        let is_it =
            !files().any(|f| is_own(&f)) || files().filter(is_own).any(|f| f.source.text.contains(known_by.as_str()));
        if files().any(|f| f.source.file == path) || !is_it || !files().any(|f| names(&f.source, krate)) {
            continue;
        }
        out.push(Loaded {
            file: syntax::parse(source).file,
            source: Arc::new(Source::new(format!("<{krate}>"), path, source.clone())),
            package: None,
            krate: name,
            module: Vec::new(),
            is_test: false,
            reported: false,
        });
    }
    out
}

/// Whether a text names a crate.
pub fn names(source: &Source, krate: &str) -> bool {
    source.text.contains(krate)
}
