//! Sources that take the place of another crate's: a model may tell in Rust what that crate does, and the engine runs
//! that as it runs the user's own code.

use std::path::PathBuf;
use std::sync::Arc;

use crate::ir::Name;
use crate::models::StandIn;
use crate::syntax;
use crate::syntax::program::{FileId, Loaded, Program};
use crate::workspace::source::Source;

/// The stand-ins that a unit needs, each in its place in the list; each takes the place of all files of its crate, where
/// the unit has those. `files` gives all files of the unit.
pub fn needed<'f, I>(files: impl Fn() -> I, stand_ins: &[StandIn]) -> Vec<Option<Loaded>>
where
    I: Iterator<Item = &'f Loaded>,
{
    let is_needed = |stand_in: &&StandIn| {
        let name = Name::new(&stand_in.krate);
        let mut own = files().filter(|loaded| loaded.krate == name).peekable();
        // Another crate of that name is read as any other.
        let is_it = own.peek().is_none() || own.any(|loaded| loaded.source.text.contains(&stand_in.known_by));
        is_it && files().any(|loaded| names(&loaded.source, &stand_in.krate))
    };
    stand_ins.iter().map(|stand_in| Some(stand_in).filter(is_needed).map(load)).collect()
}

/// The places for stand-ins in a program that can be updated: behind all files.
pub fn places<'s>(program: &Program, stand_ins: &'s [StandIn]) -> impl Iterator<Item = (FileId, &'s StandIn)> {
    program.files().skip(program.files().len() - stand_ins.len()).zip(stand_ins)
}

/// A stand-in as a file of the unit.
pub fn load(stand_in: &StandIn) -> Loaded {
    let StandIn { krate, source, .. } = stand_in;
    let name = format!("<{krate}>");
    Loaded {
        file: syntax::parse(source).file,
        source: Arc::new(Source::new(name.clone(), PathBuf::from(name), source.clone())),
        package: None,
        krate: Name::new(krate),
        module: Vec::new(),
        is_test: false,
        reported: false,
    }
}

/// Whether a text names a crate.
pub fn names(source: &Source, krate: &str) -> bool {
    source.text.contains(krate)
}
