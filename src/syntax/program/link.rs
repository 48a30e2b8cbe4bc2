//! Joins the parts of the files: names of modules, globs, and which impl belongs to which type and trait.
//!
//! [`Program::update`] puts new parts in the place of old ones and links again what read anything that changed. Every
//! list is kept in the order of the files and of what stands in them, so that a program that was edited is the same as
//! one that was built anew.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::belongings::Belongings;
use super::build::{self, Entry, ImplData, Part};
use super::reads::{Changed, Key, Reads, recorded};
use super::resolve::Stage;
use super::{ConstId, Def, FileId, FnId, ImplId, Loaded, ModId, Program, Res, TraitId, TypeId, digest};
use crate::ir::{Item, ItemKind, Name};

/// The names of a module.
#[derive(Clone, Default)]
pub(super) struct Table {
    /// The files that add to it, in order.
    pub(super) files: Vec<FileId>,
    pub(super) names: FxHashMap<Name, Vec<Def>>,
    pub(super) uses: FxHashMap<Name, Vec<Vec<Name>>>,
    /// Names that only a `use` inside some body brings in: no other code of the module can write them.
    pub(super) inner: FxHashSet<Name>,
    pub(super) globs: Vec<Vec<Name>>,
    /// Where the globs lead inside the unit, in the first round and in the second: a glob may lead through another.
    pub(super) first_globs: Vec<Def>,
    pub(super) glob_targets: Vec<Def>,
    reads: [Reads; 2],
}

/// The modules in files of their own that a file declares for tests only: `#[cfg(test)] mod tests;`.
fn test_modules(items: &[Item], module: &[Name]) -> Vec<Vec<Name>> {
    let mut found = Vec::new();
    for item in items {
        let ItemKind::Mod(def) = &item.kind else { continue };
        let path = [module, &[def.name]].concat();
        match &def.items {
            Some(items) => found.extend(test_modules(items, &path)),
            None if item.is_test => found.push(path),
            None => {}
        }
    }
    found
}

fn declared(loaded: Option<&Loaded>) -> Vec<Vec<Name>> {
    loaded.map_or_else(Vec::new, |loaded| test_modules(&loaded.file.items, &loaded.module))
}

/// What the impls of a file were resolved to: owner and trait of each, and what that read.
type Links = (Vec<(Option<TypeId>, Option<TraitId>)>, Reads);

impl Program {
    /// Indexes the files of a unit. Where it is to be updated later, it keeps what it read meanwhile.
    pub(super) fn build(files: Vec<Option<Loaded>>, is_tracked: bool) -> Program {
        let mut program = Program { is_tracked, ..Program::default() };
        for loaded in &files {
            let file = FileId(program.test_modules.len() as u32);
            program.test_modules.push(declared(loaded.as_ref()));
            if let Some(loaded) = loaded {
                program.declare_tests(file, loaded.krate, true);
            }
        }
        let nothing = Part::nothing();
        for loaded in files {
            let file = FileId(program.parts.len() as u32);
            let part = match loaded {
                Some(loaded) => {
                    let is_test = program.is_in_tests(&loaded);
                    build::part(file, loaded, is_test, &mut program.modules)
                }
                None => nothing.emptied(),
            };
            program.parts.push(Arc::new(part));
            program.enter(file);
        }
        program.tables.resize_with(program.modules.all.len(), Table::default);
        for id in program.all_modules() {
            program.fill(id);
        }
        program.link_globs(false, &mut Changed::default());
        let all: Vec<FileId> = program.all_files().collect();
        let links = program.links(&all);
        for (file, links) in all.into_iter().zip(links) {
            program.set_links(file, links);
            program.put(file, true);
        }
        program
    }

    /// Puts new files in the place of old ones; `None` leaves nothing of a file. Marks what changed, and answers all
    /// files that were built again: those, and others that are test code now, or are no longer.
    pub fn update(&mut self, files: Vec<(FileId, Option<Loaded>)>, changed: &mut Changed) -> Vec<FileId> {
        let first = self.functions().next();
        let files = self.with_moved_tests(files);
        let crates: Vec<(Name, bool)> = files
            .iter()
            .flat_map(|(file, loaded)| {
                std::iter::once(self.parts[file.index()].krate).chain(loaded.as_ref().map(|loaded| loaded.krate))
            })
            .map(|krate| (krate, self.roots.contains_key(&krate)))
            .collect();
        let ids: Vec<FileId> = files.iter().map(|(id, _)| *id).collect();
        let mut touched: FxHashMap<Key, u64> = FxHashMap::default();
        let mut old: Vec<Arc<Part>> = Vec::new();
        let mut modules: FxHashSet<ModId> = FxHashSet::default();
        for (file, loaded) in files {
            self.watch(file, &mut touched);
            self.put(file, false);
            self.leave(file);
            let before = &self.parts[file.index()];
            let part = match loaded {
                Some(loaded) => {
                    let is_test = self.is_in_tests(&loaded);
                    build::part(file, loaded, is_test, &mut self.modules)
                }
                None => before.emptied(),
            };
            self.tables.resize_with(self.modules.all.len(), Table::default);
            modules.extend(outlines_that_differ(before, &part));
            old.push(std::mem::replace(&mut self.parts[file.index()], Arc::new(part)));
            self.enter(file);
        }
        for (krate, was_there) in crates {
            if self.roots.contains_key(&krate) != was_there {
                changed.insert(Key::Root(krate));
            }
        }
        for module in modules {
            self.refill(module, changed);
        }
        self.mark_definitions(&ids, &old, changed);
        self.link_globs(true, changed);
        // Impls in other files whose type or trait means something else now.
        let again: Vec<FileId> = self
            .all_files()
            .filter(|file| ids.contains(file) || changed.touches(&self.links_read[file.index()]))
            .collect();
        for (file, links) in again.iter().zip(self.links(&again)) {
            let is_new = ids.contains(file);
            let same = !is_new
                && self.parts[file.index()].impls.iter().map(|i| (i.owner, i.trait_id)).eq(links.0.iter().copied());
            if same {
                self.links_read[file.index()] = links.1;
                continue;
            }
            if !is_new {
                self.watch(*file, &mut touched);
                self.put(*file, false);
                for (index, data) in self.parts[file.index()].fns.iter().enumerate() {
                    if data.self_ty.is_some() {
                        let id = FnId { file: *file, index: index as u32 };
                        changed.insert(Key::Signature(id));
                        changed.insert(Key::Body(id));
                    }
                }
            }
            self.set_links(*file, links);
            self.watch(*file, &mut touched);
            self.put(*file, true);
        }
        for (key, before) in touched {
            if self.belongings.fingerprint(key) != before {
                changed.insert(key);
            }
        }
        self.mark_functions(&ids, &old, changed);
        if self.functions().next() != first {
            changed.insert(Key::FirstFunction);
        }
        ids
    }

    /// Adds the files that change between test code and other code because of a declaration elsewhere.
    fn with_moved_tests(&mut self, mut files: Vec<(FileId, Option<Loaded>)>) -> Vec<(FileId, Option<Loaded>)> {
        let mut moved: Vec<(FileId, Option<Name>, Vec<Vec<Name>>)> = Vec::new();
        for (file, loaded) in &files {
            let now = declared(loaded.as_ref());
            if now != self.test_modules[file.index()] {
                moved.push((*file, loaded.as_ref().map(|loaded| loaded.krate), now));
            }
        }
        if moved.is_empty() {
            return files;
        }
        let was: Vec<bool> = self.parts.iter().map(|part| self.is_path_in_tests(part.krate, &part.path)).collect();
        for (file, krate, now) in moved {
            let was = self.parts[file.index()].krate;
            self.declare_tests(file, was, false);
            self.test_modules[file.index()] = now;
            self.declare_tests(file, krate.unwrap_or(was), true);
        }
        for (at, part) in self.parts.iter().enumerate() {
            let file = FileId(at as u32);
            let is_given = files.iter().any(|(given, _)| *given == file);
            if !is_given && part.is_there && was[at] != self.is_path_in_tests(part.krate, &part.path) {
                files.push((file, Some(self.loaded_with(file, part.data.source.clone()))));
            }
        }
        files
    }

    fn declare_tests(&mut self, file: FileId, krate: Name, is_in: bool) {
        for path in self.test_modules[file.index()].clone() {
            let key = (krate, path);
            let count = self.tests.get(&key).copied().unwrap_or(0);
            match if is_in { count + 1 } else { count.saturating_sub(1) } {
                0 => self.tests.remove(&key),
                count => self.tests.insert(key, count),
            };
        }
    }

    fn is_in_tests(&self, loaded: &Loaded) -> bool {
        loaded.is_test || self.is_path_in_tests(loaded.krate, &loaded.module)
    }

    fn is_path_in_tests(&self, krate: Name, path: &[Name]) -> bool {
        !self.tests.is_empty() && (1..=path.len()).any(|n| self.tests.contains_key(&(krate, path[..n].to_vec())))
    }

    /// Notes a file's part with its crate and modules.
    fn enter(&mut self, file: FileId) {
        let part = &self.parts[file.index()];
        if part.is_there {
            *self.roots.entry(part.krate).or_default() += 1;
        }
        self.tables.resize_with(self.modules.all.len(), Table::default);
        for (module, _) in &part.outline {
            let files = &mut self.tables[module.index()].files;
            if let Err(at) = files.binary_search(&file) {
                files.insert(at, file);
            }
        }
        self.links_read.resize_with(self.parts.len(), Reads::default);
    }

    fn leave(&mut self, file: FileId) {
        let part = &self.parts[file.index()];
        for (module, _) in &part.outline {
            self.tables[module.index()].files.retain(|other| *other != file);
        }
        if part.is_there
            && let Some(count) = self.roots.get_mut(&part.krate)
        {
            *count -= 1;
            if *count == 0 {
                self.roots.remove(&part.krate);
            }
        }
    }

    /// Reads the names of a module from its files.
    fn fill(&mut self, module: ModId) {
        let files = std::mem::take(&mut self.tables[module.index()].files);
        let (mut names, mut uses, mut globs) = (FxHashMap::default(), FxHashMap::default(), Vec::new());
        let (mut inner, mut outer) = (FxHashSet::default(), FxHashSet::default());
        for file in &files {
            let outline = &self.parts[file.index()].outline;
            for entry in outline.iter().filter(|(id, _)| *id == module).flat_map(|(_, entries)| entries) {
                match entry {
                    Entry::Def(name, def) => {
                        let defs: &mut Vec<Def> = names.entry(*name).or_default();
                        // A module is told of by every file below it.
                        if !matches!(def, Def::Mod(_)) || !defs.contains(def) {
                            defs.push(def.clone());
                        }
                    }
                    Entry::Use(alias, path) | Entry::InnerUse(alias, path) => {
                        let is_inner = matches!(entry, Entry::InnerUse(..));
                        if is_inner {
                            inner.insert(*alias)
                        } else {
                            outer.insert(*alias)
                        };
                        uses.entry(*alias).or_insert_with(Vec::new).push(path.clone());
                    }
                    Entry::Glob(path) => globs.push(path.clone()),
                }
            }
        }
        inner.retain(|name| !outer.contains(name) && !names.contains_key(name));
        let table = &mut self.tables[module.index()];
        (table.files, table.names, table.uses, table.globs) = (files, names, uses, globs);
        table.inner = inner;
    }

    /// The same, and marks what is not what it was.
    fn refill(&mut self, module: ModId, changed: &mut Changed) {
        let table = &mut self.tables[module.index()];
        let names = std::mem::take(&mut table.names);
        let uses = std::mem::take(&mut table.uses);
        let globs = std::mem::take(&mut table.globs);
        let inner = std::mem::take(&mut table.inner);
        self.fill(module);
        let table = &self.tables[module.index()];
        let named = names.keys().chain(table.names.keys()).chain(uses.keys()).chain(table.uses.keys());
        for name in named {
            let is_moved = inner.contains(name) != table.inner.contains(name);
            if is_moved || names.get(name) != table.names.get(name) || uses.get(name) != table.uses.get(name) {
                changed.insert(Key::Named(module, *name));
            }
        }
        if uses != table.uses || globs != table.globs {
            changed.insert(Key::Imports(module));
        }
    }

    /// Resolves glob imports to modules and enums. A glob may lead through another glob, so two rounds. `again` does
    /// it only where something that was read changed.
    fn link_globs(&mut self, again: bool, changed: &mut Changed) {
        for (round, stage) in [Stage::Names, Stage::FirstGlobs].into_iter().enumerate() {
            let found: Vec<(ModId, Vec<Def>, Reads)> = self
                .all_modules()
                .filter(|id| {
                    let table = &self.tables[id.index()];
                    let has_any = [table.globs.is_empty(), table.first_globs.is_empty(), table.glob_targets.is_empty()]
                        != [true; 3];
                    let is_read = || changed.contains(Key::Imports(*id)) || changed.touches(&table.reads[round]);
                    has_any && (!again || is_read())
                })
                .map(|id| {
                    let (targets, reads) = self.kept(|| self.glob_leads(stage, id));
                    (id, targets, reads)
                })
                .collect();
            for (id, targets, reads) in found {
                let table = &mut self.tables[id.index()];
                table.reads[round] = reads;
                let (slot, key) = match stage {
                    Stage::Names => (&mut table.first_globs, Key::FirstGlobs(id)),
                    _ => (&mut table.glob_targets, Key::Globs(id)),
                };
                if *slot != targets {
                    *slot = targets;
                    changed.insert(key);
                }
            }
        }
    }

    fn glob_leads(&self, stage: Stage, id: ModId) -> Vec<Def> {
        let globs = self.tables[id.index()].globs.iter();
        globs
            .filter_map(|path| match self.resolve_in(stage, id, path) {
                Some(Res::Def(def @ (Def::Mod(_) | Def::Type(_)))) if def != Def::Mod(id) => Some(def),
                // `pub use other_crate::*;`
                None if path.len() == 1 => self.root(path[0]).map(Def::Mod),
                _ => None,
            })
            .collect()
    }

    /// Resolves types and traits of the impls of files.
    fn links(&self, files: &[FileId]) -> Vec<Links> {
        let of = |data: &ImplData| {
            let owner = self.type_id(Stage::Globs, data.module, &data.self_ty, 0);
            let trait_id = data.trait_.as_ref().and_then(|path| {
                match self.resolve_in(Stage::Globs, data.module, &path.segments) {
                    Some(Res::Def(Def::Trait(id))) => Some(id),
                    _ => None,
                }
            });
            (owner, trait_id)
        };
        files.par_iter().map(|file| self.kept(|| self.parts[file.index()].impls.iter().map(of).collect())).collect()
    }

    fn set_links(&mut self, file: FileId, (links, reads): Links) {
        let part = Arc::make_mut(&mut self.parts[file.index()]);
        for (data, (owner, trait_id)) in part.impls.iter_mut().zip(links) {
            (data.owner, data.trait_id) = (owner, trait_id);
            for id in &data.fns {
                let function = &mut part.fns[id.index as usize];
                function.owner = owner;
                if let Some(trait_) = &mut function.trait_ {
                    trait_.id = trait_id;
                }
            }
        }
        self.links_read[file.index()] = reads;
    }

    /// Puts the impls of a file into the lists, or takes them out.
    fn put(&mut self, file: FileId, is_in: bool) {
        let part = &self.parts[file.index()];
        for (index, data) in part.impls.iter().enumerate() {
            let id = ImplId { file, index: index as u32 };
            Belongings::places(part, id, data, |one| self.belongings.put(one, is_in));
        }
    }

    /// Remembers how the lists were in which the impls of a file are.
    fn watch(&self, file: FileId, touched: &mut FxHashMap<Key, u64>) {
        let part = &self.parts[file.index()];
        for (index, data) in part.impls.iter().enumerate() {
            Belongings::places(part, ImplId { file, index: index as u32 }, data, |one| {
                for key in one.keys().into_iter().flatten() {
                    touched.entry(key).or_insert_with(|| self.belongings.fingerprint(key));
                }
            });
        }
    }

    /// Marks the types, traits, constants and aliases of files that are not what they were.
    fn mark_definitions(&self, files: &[FileId], old: &[Arc<Part>], changed: &mut Changed) {
        for (file, before) in files.iter().zip(old) {
            let (file, after) = (*file, &self.parts[file.index()]);
            let each = |a: usize, b: usize| 0..a.max(b) as u32;
            for index in each(before.types.len(), after.types.len()) {
                let at = index as usize;
                let of = |part: &Part| part.types.get(at).map(|data| (digest::shape(&data.def), data.module));
                if of(before) != of(after) {
                    changed.insert(Key::Shape(TypeId { file, index }));
                }
            }
            for index in each(before.traits.len(), after.traits.len()) {
                let (id, at) = (TraitId { file, index }, index as usize);
                let (was, is) = (before.traits.get(at), after.traits.get(at));
                for name in [was, is].into_iter().flatten().flat_map(|data| data.methods.keys()) {
                    let of = |data: Option<&build::TraitData>| data.and_then(|data| data.methods.get(name).copied());
                    if of(was) != of(is) {
                        changed.insert(Key::TraitMethod(id, *name));
                    }
                }
            }
            for index in each(before.consts.len(), after.consts.len()) {
                let (id, at) = (ConstId { file, index }, index as usize);
                let (was, is) = (before.consts.get(at), after.consts.get(at));
                let ty = |data: &super::ConstData| {
                    (digest::ty(&data.def.ty), data.def.name, data.self_ty.as_ref().map(digest::ty), data.module)
                };
                if was.map(ty) != is.map(ty) {
                    changed.insert(Key::ConstType(id));
                    changed.insert(Key::ConstValue(id));
                } else if was.map(|data| &data.def.value) != is.map(|data| &data.def.value) {
                    changed.insert(Key::ConstValue(id));
                }
            }
            for index in each(before.aliases.len(), after.aliases.len()) {
                let at = index as usize;
                let of = |part: &Part| {
                    part.aliases
                        .get(at)
                        .map(|data| (digest::ty(&data.def.ty), digest::generics(&data.def.generics), data.module))
                };
                if of(before) != of(after) {
                    changed.insert(Key::Alias(super::AliasId { file, index }));
                }
            }
        }
    }

    /// Marks the functions of files that are not what they were, or do not stand where they stood.
    fn mark_functions(&self, files: &[FileId], old: &[Arc<Part>], changed: &mut Changed) {
        for (file, before) in files.iter().zip(old) {
            let (file, after) = (*file, &self.parts[file.index()]);
            let (was, is) = (&before.data.source, &after.data.source);
            for index in 0..before.fns.len().max(after.fns.len()) {
                let id = FnId { file, index: index as u32 };
                let (Some(a), Some(b)) = (before.fns.get(index), after.fns.get(index)) else {
                    changed.insert(Key::Signature(id));
                    changed.insert(Key::Body(id));
                    continue;
                };
                let is_alike = digest::signature(a) == digest::signature(b);
                if !is_alike {
                    changed.insert(Key::Signature(id));
                }
                let is_same = is_alike
                    && (a.span, a.def.name_span) == (b.span, b.def.name_span)
                    && was.slice(a.span) == is.slice(b.span)
                    && a.def.params == b.def.params
                    && a.def.body == b.def.body;
                if !is_same {
                    changed.insert(Key::Body(id));
                }
            }
            let spans = |part: &Part| part.fns.iter().map(|data| data.span).collect::<Vec<_>>();
            if spans(before) != spans(after) {
                changed.insert(Key::FunctionsIn(file));
            }
        }
    }

    /// Does some work, and keeps what it read where the program is to be updated later.
    fn kept<T>(&self, work: impl FnOnce() -> T) -> (T, Reads) {
        if self.is_tracked { recorded(work) } else { (work(), Reads::default()) }
    }

    fn all_modules(&self) -> impl Iterator<Item = ModId> + use<> {
        (0..self.tables.len() as u32).map(ModId)
    }

    fn all_files(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..self.parts.len() as u32).map(FileId)
    }
}

/// The modules to which the two parts do not add the same.
fn outlines_that_differ(before: &Part, after: &Part) -> Vec<ModId> {
    let of = |part: &Part, id: ModId| part.outline.iter().position(|(module, _)| *module == id);
    let modules = before.outline.iter().chain(&after.outline).map(|(id, _)| *id);
    modules
        .filter(|id| match (of(before, *id), of(after, *id)) {
            (Some(a), Some(b)) => before.outline[a].1 != after.outline[b].1,
            _ => true,
        })
        .collect()
}
