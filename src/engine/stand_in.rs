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
    for StandIn { krate, known_by, source } in stand_ins {
        let path = PathBuf::from(format!("<{krate}>"));
        let name = Name::new(krate);
        let is_named = |loaded: &Loaded| loaded.source.text.contains(krate.as_str());
        let is_own = |loaded: &Loaded| loaded.krate == name;
        let has_own = files.iter().any(is_own);
        // Another crate of that name is read as any other.
        let is_it = !has_own || files.iter().any(|f| is_own(f) && f.source.text.contains(known_by.as_str()));
        if files.iter().any(|f| f.source.file == path) || !is_it || !files.iter().any(is_named) {
            continue;
        }
        files.retain(|loaded| !is_own(loaded));
        files.push(Loaded {
            file: syntax::parse(source).file,
            source: Arc::new(Source::new(format!("<{krate}>"), path, source.clone())),
            package: None,
            krate: name,
            module: Vec::new(),
            is_test: false,
            reported: false,
        });
    }
    files
}
