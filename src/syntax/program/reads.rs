//! What a computation read of the program, so that it is done again when that changes, and only then.
//!
//! The doors of the program and of the engine's facts [`note`] a [`Key`] for whatever they hand out, and for what they
//! looked for and did not find. A computation that is to be kept runs in [`recorded`], which collects the keys. An edit
//! leaves a set of [`Changed`] keys behind. Outside of `recorded` nothing is collected.

use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashSet, FxHasher};

use super::{AliasId, ConstId, FileId, FnId, ModId, TraitId, TypeId};
use crate::ir::Name;

/// Something that may be read, and may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// What a module defines or imports by a name.
    Named(ModId, Name),
    /// The imports of a module, taken together.
    Imports(ModId),
    /// Where the globs of a module lead, before globs are looked through.
    FirstGlobs(ModId),
    /// Where the globs of a module lead.
    Globs(ModId),
    /// Whether there is a crate of this name.
    Root(Name),
    /// A function without its body and places.
    Signature(FnId),
    /// A function with all of it, where it stands.
    Body(FnId),
    /// The definition of a type, without places.
    Shape(TypeId),
    /// The type of a constant.
    ConstType(ConstId),
    /// The value of a constant, where it stands.
    ConstValue(ConstId),
    /// What an alias stands for.
    Alias(AliasId),
    /// The method that a trait declares.
    TraitMethod(TraitId, Name),
    /// The methods of a type, by name.
    Methods(TypeId, Name),
    /// The traits that a type implements.
    TraitsOf(TypeId),
    /// The associated constants of a type, by name.
    AssocConsts(TypeId, Name),
    /// The types that implement a trait.
    Implementors(TraitId),
    /// The methods of impls of a trait for no type of the unit.
    Blanket(TraitId),
    /// The functions in the impls of a type.
    FunctionsOf(TypeId),
    /// Every method with this name.
    MethodsNamed(Name),
    /// The one method with this name and number of arguments.
    OnlyMethod(Name, usize),
    /// The methods of a name that traits give a type of another crate with this last name.
    Extensions(Name, Name),
    /// The conversions into a type.
    FromImpls(TypeId),
    /// Which functions stand where in a file.
    FunctionsIn(FileId),
    /// The first function of the unit.
    FirstFunction,
    /// The scope of a function.
    Scope(FnId),
    /// What a function does, as seen without running it.
    Summary(FnId),
    /// Whom a function calls.
    Called(FnId),
    /// How far a function is from the network.
    Hops(FnId),
    /// The calls of a function that lead to the network.
    Ways(FnId),
    /// The delays of a function.
    Delays(FnId),
    /// Who calls a function, and where.
    Callers(FnId),
    /// Who calls a function.
    Calling(FnId),
    /// The functions that hand out a type and belong to another.
    Makers(TypeId),
    /// The functions that give back a type as their error.
    GivenBack(TypeId),
    /// The structs that hold a type.
    Holders(TypeId),
    /// The first function of a crate that puts a credential into a request.
    Sender(Name),
    /// Whether the unit turns statuses into errors.
    StatusErrors,
}

impl Key {
    /// Two keys with one number are taken for one, so one of them is computed again in vain at times.
    fn number(self) -> u64 {
        let mut hasher = FxHasher::default();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// The keys that a computation read.
pub type Reads = Box<[u64]>;

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    /// One set for every recording that is under way, the innermost last.
    static FRAMES: RefCell<Vec<FxHashSet<u64>>> = const { RefCell::new(Vec::new()) };
}

/// Says that something is being read.
#[inline]
pub fn note(key: Key) {
    if ON.get() {
        FRAMES.with_borrow_mut(|frames| {
            if let Some(frame) = frames.last_mut() {
                frame.insert(key.number());
            }
        });
    }
}

/// Says that what another computation read is being read again, by way of its result.
pub fn note_all(reads: &[u64]) {
    if ON.get() {
        FRAMES.with_borrow_mut(|frames| {
            if let Some(frame) = frames.last_mut() {
                frame.extend(reads);
            }
        });
    }
}

/// Does some work; answers with the result what it read, in order. It must stay on this thread.
pub fn recorded<T>(work: impl FnOnce() -> T) -> (T, Reads) {
    /// Takes the set away also where the work panics.
    struct Frame {
        was_on: bool,
    }
    impl Frame {
        fn take(&self) -> FxHashSet<u64> {
            FRAMES.with_borrow_mut(Vec::pop).unwrap_or_default()
        }
    }
    impl Drop for Frame {
        fn drop(&mut self) {
            ON.set(self.was_on);
            if std::thread::panicking() {
                self.take();
            }
        }
    }
    FRAMES.with_borrow_mut(|frames| frames.push(FxHashSet::default()));
    let frame = Frame { was_on: ON.replace(true) };
    let result = work();
    let mut reads: Vec<u64> = frame.take().into_iter().collect();
    drop(frame);
    reads.sort_unstable();
    note_all(&reads);
    (result, reads.into())
}

/// What an edit changed.
#[derive(Debug, Default)]
pub struct Changed(FxHashSet<u64>);

impl Changed {
    /// Something is not what it was.
    pub fn insert(&mut self, key: Key) {
        self.0.insert(key.number());
    }

    /// Whether this is not what it was.
    pub fn contains(&self, key: Key) -> bool {
        self.0.contains(&key.number())
    }

    /// Whether a computation that read this may have another result now.
    pub fn touches(&self, reads: &[u64]) -> bool {
        // A search costs about as much as this many look-ups.
        let searching = self.0.len() * (usize::BITS - reads.len().leading_zeros()) as usize;
        if searching < reads.len() {
            self.0.iter().any(|key| reads.binary_search(key).is_ok())
        } else {
            reads.iter().any(|key| self.0.contains(key))
        }
    }

    /// How many things changed.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Nothing did.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
