//! What is computed once per unit and kept: summaries, scopes, who calls whom, and which functions reach the network.
//!
//! Each file has its own facts, which read only the program; the rest is joined from them. After an edit
//! [`Store::update`] computes again what read anything that changed, and says what is another now.

use std::hash::BuildHasher;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use crate::engine::birth::Birth;
use crate::engine::facts::{self, FileFacts, FnFacts};
use crate::engine::lookup::Lookup;
use crate::engine::memo::Memo;
use crate::engine::scenario::Scenario;
use crate::engine::summary::{Call, Summary};
use crate::engine::types::Scope;
use crate::engine::value::Value;
use crate::ir::{Name, Span};
use crate::syntax::program::lists::Lists;
use crate::syntax::program::reads::{Changed, Key};
use crate::syntax::program::{FileId, FnId, ModId, Res, TypeId};

/// Calls followed from an attempt to the network.
const HOPS: u32 = 7;

/// A path where it is written: module, place and last name.
pub(super) type PathKey = (ModId, Span, Name);

/// The shared facts of a unit. A copy shares those of the files.
#[derive(Clone)]
pub struct Store {
    files: Vec<Arc<FileFacts>>,
    linked: Vec<Vec<Linked>>,
    callers: Lists<FnId, (FnId, Span)>,
    makers: Lists<TypeId, FnId>,
    given_back: Lists<TypeId, FnId>,
    holders: Lists<TypeId, (TypeId, u32)>,
    senders: Lists<Name, FnId>,
    /// Files that ask for errors of statuses.
    asking: usize,
    pub(super) resolved: Memo<PathKey, Option<Res>>,
    pub(super) defaults: Memo<TypeId, Arc<FxHashMap<Name, Value>>>,
    pub(super) births: Memo<(TypeId, Scenario), Arc<[Birth]>>,
}

/// What is known of a function together with those that it calls.
#[derive(Clone, Default, PartialEq)]
struct Linked {
    /// Calls to the nearest network call; `None` where there is none within [`HOPS`].
    hops: Option<u32>,
    /// Its calls that go to the network or lead there.
    ways: Vec<Span>,
    /// Its delays, and its calls of functions with delays.
    delays: Vec<Span>,
}

/// What an update is about to do.
#[derive(Default)]
struct Affected {
    /// Functions whose calls or delays are others.
    functions: FxHashSet<FnId>,
    /// Some function calls others, or goes to the network otherwise than before.
    calls: bool,
    /// Functions that hold a delay of their own now, or no longer.
    sleepers: Vec<FnId>,
}

impl Store {
    /// Summarises every function of the unit.
    pub fn new(lookup: Lookup<'_>) -> Store {
        let is_tracked = lookup.program.is_tracked();
        let mut store = Store {
            files: Vec::new(),
            linked: Vec::new(),
            callers: Lists::default(),
            makers: Lists::default(),
            given_back: Lists::default(),
            holders: Lists::default(),
            senders: Lists::default(),
            asking: 0,
            resolved: Memo::new(is_tracked),
            defaults: Memo::new(is_tracked),
            births: Memo::new(is_tracked),
        };
        let files: Vec<FileId> = lookup.program.files().collect();
        store.files = facts::of(lookup, &files).into_iter().map(Arc::new).collect();
        store.linked = store.files.iter().map(|facts| vec![Linked::default(); facts.fns.len()]).collect();
        for file in files {
            store.enter(file);
        }
        store.spread();
        let ids: Vec<FnId> = lookup.program.functions().collect();
        let linked: Vec<(Vec<Span>, Vec<Span>)> =
            ids.par_iter().map(|id| (store.find_ways(*id), store.find_delays(*id))).collect();
        for (id, (ways, delays)) in ids.into_iter().zip(linked) {
            let slot = store.linked_mut(id);
            (slot.ways, slot.delays) = (ways, delays);
        }
        store
    }

    /// Brings the facts up to date after the program was. `edited` are the files that were built again.
    pub fn update(&mut self, lookup: Lookup<'_>, edited: &[FileId], changed: &mut Changed) {
        let again: Vec<FileId> = lookup
            .program
            .files()
            .filter(|file| edited.contains(file) || changed.touches(&self.files[file.index()].reads))
            .collect();
        let mut affected = Affected::default();
        let mut lists = Touched::default();
        for (file, new) in again.iter().zip(facts::of(lookup, &again)) {
            let old = &self.files[file.index()];
            if !edited.contains(file) && old.fns == new.fns && old.holds == new.holds {
                self.files[file.index()] = Arc::new(new);
                continue;
            }
            self.replace(*file, new, &mut affected, &mut lists, changed);
        }
        lists.mark(self, changed);
        self.link_again(affected, changed);
        self.resolved.clear();
        self.defaults.evict(changed);
        self.births.evict(changed);
    }

    fn replace(
        &mut self,
        file: FileId,
        new: FileFacts,
        affected: &mut Affected,
        lists: &mut Touched,
        changed: &mut Changed,
    ) {
        let at = file.index();
        lists.watch(self, file);
        self.leave(file);
        let asked = self.asking > 0;
        let old = std::mem::replace(&mut self.files[at], Arc::new(new));
        self.asking = self.asking + usize::from(self.files[at].asks) - usize::from(old.asks);
        if asked != (self.asking > 0) {
            changed.insert(Key::StatusErrors);
        }
        // The calls of the new facts are entered below; the lists are compared when all is entered.
        lists.watch(self, file);
        self.enter_lists(file);
        let new = &self.files[at];
        let count = new.fns.len();
        for index in 0..old.fns.len().max(count) {
            let id = FnId { file, index: index as u32 };
            let (before, after) = (old.fns.get(index), new.fns.get(index));
            if before.map(|f| &f.scope) != after.map(|f| &f.scope) {
                changed.insert(Key::Scope(id));
            }
            if before.map(|f| &f.summary) != after.map(|f| &f.summary) {
                changed.insert(Key::Summary(id));
                let called = |f: Option<&FnFacts>| f.map(|f| f.summary.called());
                let goes = |f: Option<&FnFacts>| f.map(|f| f.summary.calls.values().any(|c| c.network.is_some()));
                let others = called(before) != called(after);
                if others {
                    changed.insert(Key::Called(id));
                }
                affected.calls |= others || goes(before) != goes(after);
            }
            let sleeps = |f: Option<&FnFacts>| f.is_some_and(|f| !f.delays.is_empty());
            if sleeps(before) != sleeps(after) {
                affected.sleepers.push(id);
            }
            if index >= count {
                changed.insert(Key::Hops(id));
                changed.insert(Key::Ways(id));
                changed.insert(Key::Delays(id));
                affected.calls = true;
            } else {
                affected.functions.insert(id);
            }
        }
        self.linked[at].resize(count, Linked::default());
    }

    /// Joins the facts of functions again whose calls, or the calls of those, are others.
    fn link_again(&mut self, affected: Affected, changed: &mut Changed) {
        let Affected { mut functions, calls, sleepers } = affected;
        if calls {
            let before: Vec<Vec<Option<u32>>> =
                self.linked.iter().map(|fns| fns.iter().map(|f| f.hops).collect()).collect();
            self.spread();
            for (file, before) in before.iter().enumerate() {
                for (index, was) in before.iter().enumerate() {
                    if self.linked[file][index].hops == *was {
                        continue;
                    }
                    let id = FnId { file: FileId::at(file), index: index as u32 };
                    changed.insert(Key::Hops(id));
                    functions.extend(self.callers.get(&id).iter().map(|(caller, _)| *caller));
                }
            }
        }
        for id in sleepers {
            functions.extend(self.callers.get(&id).iter().map(|(caller, _)| *caller));
        }
        for id in functions {
            let (ways, delays) = (self.find_ways(id), self.find_delays(id));
            let slot = self.linked_mut(id);
            if slot.ways != ways {
                slot.ways = ways;
                changed.insert(Key::Ways(id));
            }
            if slot.delays != delays {
                slot.delays = delays;
                changed.insert(Key::Delays(id));
            }
        }
    }

    fn of(&self, id: FnId) -> &FnFacts {
        &self.files[id.file.index()].fns[id.index as usize]
    }

    fn linked(&self, id: FnId) -> &Linked {
        &self.linked[id.file.index()][id.index as usize]
    }

    fn linked_mut(&mut self, id: FnId) -> &mut Linked {
        &mut self.linked[id.file.index()][id.index as usize]
    }

    /// Adds a file's facts to the lists for the first time.
    fn enter(&mut self, file: FileId) {
        self.asking += usize::from(self.files[file.index()].asks);
        self.enter_lists(file);
    }

    fn enter_lists(&mut self, file: FileId) {
        let Store { files, callers, makers, given_back, holders, senders, .. } = self;
        each_entry(file, &files[file.index()], |entry| match entry {
            Entry::Call(target, caller) => callers.add(target, caller),
            Entry::Maker(ty, id) => makers.add(ty, id),
            Entry::GivenBack(ty, id) => given_back.add(ty, id),
            Entry::Holder(ty, holder) => holders.add(ty, holder),
            Entry::Sender(krate, id) => senders.add(krate, id),
        });
    }

    fn leave(&mut self, file: FileId) {
        let Store { files, callers, makers, given_back, holders, senders, .. } = self;
        each_entry(file, &files[file.index()], |entry| match entry {
            Entry::Call(target, caller) => callers.remove(&target, &caller),
            Entry::Maker(ty, id) => makers.remove(&ty, &id),
            Entry::GivenBack(ty, id) => given_back.remove(&ty, &id),
            Entry::Holder(ty, holder) => holders.remove(&ty, &holder),
            Entry::Sender(krate, id) => senders.remove(&krate, &id),
        });
    }

    /// How far every function is from the network: breadth first from those that go there themselves, against the calls.
    fn spread(&mut self) {
        let mut front = Vec::new();
        for (file, facts) in self.files.iter().enumerate() {
            for (index, function) in facts.fns.iter().enumerate() {
                self.linked[file][index].hops = None;
                if function.summary.calls.values().any(|c| c.network.is_some()) {
                    front.push(FnId { file: FileId::at(file), index: index as u32 });
                }
            }
        }
        for hops in 0..=HOPS {
            let mut next = Vec::new();
            for id in front {
                let slot = &mut self.linked[id.file.index()][id.index as usize].hops;
                if slot.is_none() {
                    *slot = Some(hops);
                    next.extend(self.callers.get(&id).iter().map(|(caller, _)| *caller));
                }
            }
            front = next;
        }
    }

    fn find_ways(&self, id: FnId) -> Vec<Span> {
        let leads = |c: &Call| c.network.is_some() || c.targets.iter().any(|t| self.linked(*t).hops.is_some());
        let calls = &self.of(id).summary.calls;
        let mut ways: Vec<Span> = calls.iter().filter(|(_, c)| leads(c)).map(|(at, _)| *at).collect();
        ways.sort();
        ways
    }

    fn find_delays(&self, id: FnId) -> Vec<Span> {
        let facts = self.of(id);
        let sleeps = |c: &Call| c.targets.iter().any(|t| !self.of(*t).delays.is_empty());
        let calls = facts.summary.calls.iter().filter(|(_, c)| sleeps(c)).map(|(at, _)| *at);
        let mut spans: Vec<Span> = facts.delays.iter().copied().chain(calls).collect();
        spans.sort();
        spans
    }

    /// The scope of a function.
    pub(super) fn scope(&self, id: FnId) -> &Arc<Scope> {
        &self.of(id).scope
    }

    /// The summary of a function.
    pub(super) fn summary(&self, id: FnId) -> &Summary {
        &self.of(id).summary
    }

    /// Calls from a function to the network.
    pub(super) fn hops(&self, id: FnId) -> Option<u32> {
        self.linked(id).hops
    }

    /// The calls of a function that lead to the network.
    pub(super) fn ways(&self, id: FnId) -> &[Span] {
        &self.linked(id).ways
    }

    /// The delays of a function.
    pub(super) fn delays(&self, id: FnId) -> &[Span] {
        &self.linked(id).delays
    }

    /// The calls to a function.
    pub(super) fn callers(&self, id: FnId) -> &[(FnId, Span)] {
        self.callers.get(&id)
    }

    /// The functions that hand out a type.
    pub(super) fn makers(&self, id: TypeId) -> &[FnId] {
        self.makers.get(&id)
    }

    /// The functions that give back a type as their error, and whether they take a response.
    pub(super) fn given_back(&self, id: TypeId) -> impl Iterator<Item = (FnId, bool)> + '_ {
        let takes = |f: FnId| self.of(f).gives_back.is_some_and(|(_, takes)| takes);
        self.given_back.get(&id).iter().map(move |f| (*f, takes(*f)))
    }

    /// The structs that hold a type, with the field.
    pub(super) fn holders(&self, id: TypeId) -> &[(TypeId, u32)] {
        self.holders.get(&id)
    }

    /// The first function of a crate that puts a credential into a request.
    pub(super) fn sender(&self, krate: Name) -> Option<FnId> {
        self.senders.get(&krate).first().copied()
    }

    /// Whether anything asks for errors of statuses.
    pub(super) fn asks_for_status_errors(&self) -> bool {
        self.asking > 0
    }
}

/// A place in one of the lists.
enum Entry {
    Call(FnId, (FnId, Span)),
    Maker(TypeId, FnId),
    GivenBack(TypeId, FnId),
    Holder(TypeId, (TypeId, u32)),
    Sender(Name, FnId),
}

fn each_entry(file: FileId, facts: &FileFacts, mut each: impl FnMut(Entry)) {
    for (index, function) in facts.fns.iter().enumerate() {
        let id = FnId { file, index: index as u32 };
        for (span, call) in &function.summary.calls {
            for target in &call.targets {
                each(Entry::Call(*target, (id, *span)));
            }
        }
        function.makes.into_iter().for_each(|ty| each(Entry::Maker(ty, id)));
        function.gives_back.into_iter().for_each(|(ty, _)| each(Entry::GivenBack(ty, id)));
        function.sends_for.into_iter().for_each(|krate| each(Entry::Sender(krate, id)));
    }
    for (ty, holder) in &facts.holds {
        each(Entry::Holder(*ty, *holder));
    }
}

/// The lists that an update may change, as they were.
#[derive(Default)]
struct Touched {
    before: FxHashMap<Key, u64>,
}

impl Touched {
    /// Before the facts of a file go out of the lists or into them.
    fn watch(&mut self, store: &Store, file: FileId) {
        each_entry(file, &store.files[file.index()], |entry| {
            let key = match entry {
                Entry::Call(target, _) => {
                    let who = Key::Calling(target);
                    self.before.entry(who).or_insert_with(|| fingerprint(store, who));
                    Key::Callers(target)
                }
                Entry::Maker(ty, _) => Key::Makers(ty),
                Entry::GivenBack(ty, _) => Key::GivenBack(ty),
                Entry::Holder(ty, _) => Key::Holders(ty),
                Entry::Sender(krate, _) => Key::Sender(krate),
            };
            self.before.entry(key).or_insert_with(|| fingerprint(store, key));
        });
    }

    fn mark(self, store: &Store, changed: &mut Changed) {
        for (key, before) in self.before {
            if fingerprint(store, key) != before {
                changed.insert(key);
            }
        }
    }
}

fn fingerprint(store: &Store, key: Key) -> u64 {
    match key {
        Key::Callers(id) => store.callers.fingerprint(&id),
        Key::Calling(id) => {
            let mut who: Vec<FnId> = store.callers.get(&id).iter().map(|(caller, _)| *caller).collect();
            who.dedup();
            FxBuildHasher.hash_one(who)
        }
        Key::Makers(id) => store.makers.fingerprint(&id),
        Key::GivenBack(id) => store.given_back.fingerprint(&id),
        Key::Holders(id) => store.holders.fingerprint(&id),
        Key::Sender(krate) => FxBuildHasher.hash_one(store.senders.get(&krate).first()),
        _ => 0,
    }
}
