//! The door through which the engine asks for functions, types, constants and implementations.
//!
//! A [`Program`] indexes every lowered file of one unit (a cargo workspace) and resolves paths as Rust does as far
//! as `use`, `mod`, `crate`, `self` and `super` go. Names that lead out of the unit resolve to their external path.

use std::cell::Cell;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::{self, Item, ItemKind, Name, Path, Span, Type, Variant};
use crate::workspace::Package;
use crate::workspace::source::Source;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub u32);
        impl $name {
            fn index(self) -> usize { self.0 as usize }
        }
    )*};
}
ids! {
    /// A file.
    FileId,
    /// A module of a crate.
    ModId,
    /// A function or method.
    FnId,
    /// A struct, enum or union.
    TypeId,
    /// A trait.
    TraitId,
    /// A constant or static.
    ConstId
}

/// A file as it enters the program.
#[derive(Clone)]
pub struct Loaded {
    /// Its text.
    pub source: Arc<Source>,
    /// The package it belongs to.
    pub package: Option<Arc<Package>>,
    /// The crate it belongs to.
    pub krate: Name,
    /// Its module inside the crate.
    pub module: Vec<Name>,
    /// It is test code as a whole.
    pub is_test: bool,
    /// Its sites are to be reported; other files are context.
    pub reported: bool,
    /// What it holds.
    pub file: ir::File,
}

/// What is known of a file.
pub struct FileData {
    /// Its text.
    pub source: Arc<Source>,
    /// The package it belongs to.
    pub package: Option<Arc<Package>>,
    /// Its sites are to be reported.
    pub reported: bool,
}

/// A function with its surroundings.
pub struct FnData {
    /// The function.
    pub def: ir::Fn,
    /// The file it stands in.
    pub file: FileId,
    /// The module it stands in.
    pub module: ModId,
    /// `Self`, in an `impl`.
    pub self_ty: Option<Type>,
    /// The type of the `impl`, when it is one of the unit's.
    pub owner: Option<TypeId>,
    /// The trait it belongs to: a method of the trait itself, or of an `impl Trait for ..`.
    pub trait_: Option<TraitRef>,
    /// Generic parameters of the `impl`.
    pub impl_generics: Vec<ir::Generic>,
    /// It stands in test code.
    pub is_test: bool,
    /// The whole item.
    pub span: Span,
}

/// A trait, here or elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct TraitRef {
    /// The trait, when it is one of the unit's.
    pub id: Option<TraitId>,
    /// Its path.
    pub path: Path,
    /// The method stands in the trait itself, as a declaration or default.
    pub declared: bool,
}

/// A type of the unit.
pub struct TypeData {
    /// The definition.
    pub def: ir::TypeDef,
    /// The file it stands in.
    pub file: FileId,
    /// The module it stands in.
    pub module: ModId,
    /// The whole item.
    pub span: Span,
}

/// A constant of the unit.
pub struct ConstData {
    /// The definition.
    pub def: ir::Const,
    /// The file it stands in.
    pub file: FileId,
    /// The module it stands in.
    pub module: ModId,
    /// `Self`, in an `impl`.
    pub self_ty: Option<Type>,
}

struct TraitData {
    name: Name,
    methods: FxHashMap<Name, FnId>,
    implementors: Vec<TypeId>,
    /// Methods of `impl<T: ..> Trait for T`, and of impls for types of other crates.
    blanket: Vec<FnId>,
}

#[derive(Default)]
struct ModData {
    krate: Option<Name>,
    parent: Option<ModId>,
    name: Option<Name>,
    names: FxHashMap<Name, Vec<Def>>,
    uses: FxHashMap<Name, Vec<Vec<Name>>>,
    globs: Vec<Vec<Name>>,
    /// Where the globs lead inside the unit.
    glob_targets: Vec<Def>,
}

/// What a name stands for inside the unit.
#[derive(Clone, Debug, PartialEq)]
pub enum Def {
    /// A function.
    Fn(FnId),
    /// A type.
    Type(TypeId),
    /// A variant of an enum, by its index.
    Variant(TypeId, usize),
    /// A trait.
    Trait(TraitId),
    /// A constant.
    Const(ConstId),
    /// A module.
    Mod(ModId),
    /// A type alias: the index into the aliases.
    Alias(usize),
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Res {
    /// Something of the unit.
    Def(Def),
    /// A path that leads out of the unit, `use` names written out.
    External(Vec<Name>),
}

/// An alias with the module its target is to be read in.
pub struct AliasData {
    /// The alias.
    pub def: ir::Alias,
    /// The module it stands in.
    pub module: ModId,
    /// `Self`, in an `impl`.
    pub self_ty: Option<Type>,
}

/// Types and variants that need no import.
const IN_STD_PRELUDE: &[&str] =
    &["Option", "Some", "None", "Result", "Ok", "Err", "Box", "String", "Vec", "Self", "Default", "Iterator", "Clone"];

/// Steps that resolving one path may take. `use` cycles exist in real code (modules re-export each other).
const FUEL: u32 = 2_000;

/// How far a resolution may still go.
#[derive(Clone, Copy)]
struct Limit<'a> {
    depth: u32,
    fuel: &'a Cell<u32>,
}

impl Limit<'_> {
    fn deeper(self) -> Self {
        Limit { depth: self.depth + 1, ..self }
    }

    fn spent(self) -> bool {
        let left = self.fuel.get().saturating_sub(1);
        self.fuel.set(left);
        self.depth > 12 || left == 0
    }
}

/// The index of one unit.
#[derive(Default)]
pub struct Program {
    /// Files.
    pub files: Vec<FileData>,
    /// Functions and methods, nested ones too.
    pub fns: Vec<FnData>,
    /// Types.
    pub types: Vec<TypeData>,
    /// Constants.
    pub consts: Vec<ConstData>,
    /// Aliases.
    pub aliases: Vec<AliasData>,
    traits: Vec<TraitData>,
    mods: Vec<ModData>,
    roots: FxHashMap<Name, ModId>,
    children: FxHashMap<(ModId, Name), ModId>,
    methods: FxHashMap<(TypeId, Name), Vec<FnId>>,
    methods_by_name: FxHashMap<Name, Vec<FnId>>,
    functions_of: FxHashMap<TypeId, Vec<FnId>>,
    traits_of: FxHashMap<TypeId, Vec<TraitId>>,
    from_impls: FxHashMap<TypeId, Vec<FnId>>,
    pending: Vec<Pending>,
}

/// An impl whose type and trait are resolved once every name is known.
struct Pending {
    module: ModId,
    self_ty: Type,
    trait_: Option<Path>,
    fns: Vec<FnId>,
    consts: Vec<ConstId>,
    assoc_consts: FxHashMap<Name, ConstId>,
}

#[derive(Clone, Copy)]
struct Place {
    file: FileId,
    module: ModId,
    is_test: bool,
}

/// The modules in files of their own that are declared for tests only: `#[cfg(test)] mod tests;`.
fn test_modules(files: &[Loaded]) -> FxHashSet<(Name, Vec<Name>)> {
    fn collect(items: &[Item], krate: Name, module: &[Name], found: &mut FxHashSet<(Name, Vec<Name>)>) {
        for item in items {
            let ItemKind::Mod(def) = &item.kind else { continue };
            let path = [module, &[def.name]].concat();
            match &def.items {
                Some(items) => collect(items, krate, &path, found),
                None if item.is_test => {
                    found.insert((krate, path));
                }
                None => {}
            }
        }
    }
    let mut found = FxHashSet::default();
    for loaded in files {
        collect(&loaded.file.items, loaded.krate, &loaded.module, &mut found);
    }
    found
}

impl Program {
    /// Indexes the files of a unit.
    pub fn new(files: Vec<Loaded>) -> Program {
        let mut program = Program::default();
        let tests = test_modules(&files);
        for loaded in files {
            let file = FileId(program.files.len() as u32);
            program.files.push(FileData { source: loaded.source, package: loaded.package, reported: loaded.reported });
            let mut module = program.root(loaded.krate);
            for name in &loaded.module {
                module = program.child(module, *name);
            }
            let in_tests = |n| tests.contains(&(loaded.krate, loaded.module[..n].to_vec()));
            let is_test = loaded.is_test || (1..=loaded.module.len()).any(in_tests);
            program.add_items(loaded.file.items, Place { file, module, is_test });
        }
        program.link_globs();
        program.link_impls();
        program
    }

    fn root(&mut self, krate: Name) -> ModId {
        if let Some(found) = self.roots.get(&krate) {
            return *found;
        }
        let id = ModId(self.mods.len() as u32);
        self.mods.push(ModData { krate: Some(krate), ..ModData::default() });
        self.roots.insert(krate, id);
        id
    }

    fn child(&mut self, parent: ModId, name: Name) -> ModId {
        if let Some(found) = self.children.get(&(parent, name)) {
            return *found;
        }
        let id = ModId(self.mods.len() as u32);
        let krate = self.mods[parent.index()].krate;
        self.mods.push(ModData { krate, parent: Some(parent), name: Some(name), ..ModData::default() });
        self.children.insert((parent, name), id);
        self.mods[parent.index()].names.entry(name).or_default().push(Def::Mod(id));
        id
    }

    fn define(&mut self, module: ModId, name: Name, def: Def) {
        self.mods[module.index()].names.entry(name).or_default().push(def);
    }

    fn add_items(&mut self, items: Vec<Item>, place: Place) {
        for item in items {
            self.add_item(item, &place);
        }
    }

    fn add_item(&mut self, item: Item, place: &Place) {
        let is_test = place.is_test || item.is_test;
        let inner = Place { is_test, ..*place };
        match item.kind {
            ItemKind::Fn(def) => {
                let name = def.name;
                let id = self.add_fn(def, item.span, &inner, None, None, &[]);
                self.define(place.module, name, Def::Fn(id));
            }
            ItemKind::Type(def) => {
                let id = TypeId(self.types.len() as u32);
                self.define(place.module, def.name, Def::Type(id));
                self.types.push(TypeData { def, file: place.file, module: place.module, span: item.span });
            }
            ItemKind::Trait(def) => {
                let id = TraitId(self.traits.len() as u32);
                self.define(place.module, def.name, Def::Trait(id));
                self.traits.push(TraitData {
                    name: def.name,
                    methods: FxHashMap::default(),
                    implementors: Vec::new(),
                    blanket: Vec::new(),
                });
                let path = Path { segments: vec![def.name], args: Vec::new(), qself: None, span: item.span };
                let trait_ = TraitRef { id: Some(id), path, declared: true };
                for entry in def.items {
                    if let ItemKind::Fn(method) = entry.kind {
                        let name = method.name;
                        let method = self.add_fn(method, entry.span, &inner, None, Some(trait_.clone()), &[]);
                        self.traits[id.index()].methods.insert(name, method);
                    }
                }
            }
            ItemKind::Impl(def) => self.add_impl(def, &inner),
            ItemKind::Const(def) => {
                let id = ConstId(self.consts.len() as u32);
                self.define(place.module, def.name, Def::Const(id));
                self.consts.push(ConstData { def, file: place.file, module: place.module, self_ty: None });
            }
            ItemKind::Use(def) => {
                let module = &mut self.mods[place.module.index()];
                if def.glob {
                    module.globs.push(def.path);
                } else {
                    module.uses.entry(def.alias).or_default().push(def.path);
                }
            }
            ItemKind::Alias(def) => {
                let id = self.aliases.len();
                self.define(place.module, def.name, Def::Alias(id));
                self.aliases.push(AliasData { def, module: place.module, self_ty: None });
            }
            ItemKind::Mod(def) => {
                if let Some(items) = def.items {
                    let module = self.child(place.module, def.name);
                    self.add_items(items, Place { module, ..inner });
                }
            }
            ItemKind::MacroRules(def) => {
                // A macro's body is read as a function of its own: its names resolve where it is defined.
                for body in def.bodies {
                    let span = body.span;
                    let def = ir::Fn {
                        name: def.name,
                        name_span: span,
                        is_pub: false,
                        is_async: true,
                        has_self: false,
                        generics: Vec::new(),
                        params: Vec::new(),
                        ret: None,
                        body: Some(body),
                    };
                    self.add_fn(def, span, &inner, None, None, &[]);
                }
            }
            ItemKind::Items(items) => self.add_items(items, inner),
        }
    }

    fn add_fn(
        &mut self,
        def: ir::Fn,
        span: Span,
        place: &Place,
        self_ty: Option<&Type>,
        trait_: Option<TraitRef>,
        impl_generics: &[ir::Generic],
    ) -> FnId {
        let mut nested = Vec::new();
        if let Some(body) = &def.body {
            collect_items(body, &mut nested);
        }
        let id = FnId(self.fns.len() as u32);
        self.fns.push(FnData {
            def,
            file: place.file,
            module: place.module,
            self_ty: self_ty.cloned(),
            owner: None,
            trait_,
            impl_generics: impl_generics.to_vec(),
            is_test: place.is_test,
            span,
        });
        // Items inside a body are visible in the whole module here, which is wider than Rust, but names rarely clash.
        for item in nested {
            self.add_item((*item).clone(), place);
        }
        id
    }

    fn add_impl(&mut self, def: ir::Impl, place: &Place) {
        let mut pending = Pending {
            module: place.module,
            self_ty: def.self_ty,
            trait_: def.trait_,
            fns: Vec::new(),
            consts: Vec::new(),
            assoc_consts: FxHashMap::default(),
        };
        let self_ty = pending.self_ty.clone();
        let trait_ = pending.trait_.clone().map(|path| TraitRef { id: None, path, declared: false });
        for item in def.items {
            let inner = Place { is_test: place.is_test || item.is_test, ..*place };
            match item.kind {
                ItemKind::Fn(method) => {
                    let id = self.add_fn(method, item.span, &inner, Some(&self_ty), trait_.clone(), &def.generics);
                    pending.fns.push(id);
                }
                ItemKind::Const(constant) => {
                    let id = ConstId(self.consts.len() as u32);
                    pending.assoc_consts.insert(constant.name, id);
                    pending.consts.push(id);
                    self.consts.push(ConstData {
                        def: constant,
                        file: place.file,
                        module: place.module,
                        self_ty: Some(self_ty.clone()),
                    });
                }
                _ => {}
            }
        }
        self.pending.push(pending);
    }

    /// Resolves glob imports to modules and enums. A glob may lead through another glob, so two rounds.
    fn link_globs(&mut self) {
        for _ in 0..2 {
            let targets: Vec<Vec<Def>> = (0..self.mods.len() as u32)
                .map(|id| {
                    let globs = &self.mods[id as usize].globs;
                    globs
                        .iter()
                        .filter_map(|path| match self.resolve(ModId(id), path) {
                            Some(Res::Def(def @ (Def::Mod(_) | Def::Type(_)))) if def != Def::Mod(ModId(id)) => {
                                Some(def)
                            }
                            // `pub use other_crate::*;`
                            None if path.len() == 1 => self.roots.get(&path[0]).map(|root| Def::Mod(*root)),
                            _ => None,
                        })
                        .collect()
                })
                .collect();
            for (module, targets) in self.mods.iter_mut().zip(targets) {
                module.glob_targets = targets;
            }
        }
    }

    fn link_impls(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            let owner = self.type_id(pending.module, &pending.self_ty);
            let trait_id =
                pending.trait_.as_ref().and_then(|path| match self.resolve(pending.module, &path.segments) {
                    Some(Res::Def(Def::Trait(id))) => Some(id),
                    _ => None,
                });
            let is_from = pending.trait_.as_ref().is_some_and(|path| path.last() == "From");
            for id in pending.fns {
                let data = &mut self.fns[id.index()];
                data.owner = owner;
                if let Some(trait_) = &mut data.trait_ {
                    trait_.id = trait_id;
                }
                let name = data.def.name;
                self.methods_by_name.entry(name).or_default().push(id);
                if let (None, Some(trait_id)) = (owner, trait_id) {
                    self.traits[trait_id.index()].blanket.push(id);
                }
                if let Some(owner) = owner {
                    self.methods.entry((owner, name)).or_default().push(id);
                    self.functions_of.entry(owner).or_default().push(id);
                    if is_from && name == "from" {
                        self.from_impls.entry(owner).or_default().push(id);
                    }
                }
            }
            if let Some(owner) = owner {
                if let Some(trait_id) = trait_id {
                    self.traits[trait_id.index()].implementors.push(owner);
                    self.traits_of.entry(owner).or_default().push(trait_id);
                }
                for (name, id) in pending.assoc_consts {
                    self.assoc_consts_insert(owner, name, id);
                }
            }
        }
    }

    fn assoc_consts_insert(&mut self, owner: TypeId, name: Name, id: ConstId) {
        // Associated constants share the method table's key space through a module of their own per type.
        let module = self.types[owner.index()].module;
        let holder = self.child_hidden(module, owner);
        self.define(holder, name, Def::Const(id));
    }

    fn child_hidden(&mut self, module: ModId, owner: TypeId) -> ModId {
        let key = (module, Name::new(&format!("impl#{}", owner.0)));
        if let Some(found) = self.children.get(&key) {
            return *found;
        }
        let id = ModId(self.mods.len() as u32);
        let krate = self.mods[module.index()].krate;
        self.mods.push(ModData { krate, parent: Some(module), ..ModData::default() });
        self.children.insert(key, id);
        id
    }

    /// The associated constant of a type.
    pub fn assoc_const(&self, owner: TypeId, name: Name) -> Option<ConstId> {
        let module = self.types[owner.index()].module;
        let holder = self.children.get(&(module, Name::new(&format!("impl#{}", owner.0))))?;
        self.mods[holder.index()].names.get(&name)?.iter().find_map(|def| match def {
            Def::Const(id) => Some(*id),
            _ => None,
        })
    }

    /// A function.
    pub fn function(&self, id: FnId) -> &FnData {
        &self.fns[id.index()]
    }

    /// A type.
    pub fn ty(&self, id: TypeId) -> &TypeData {
        &self.types[id.index()]
    }

    /// A constant.
    pub fn constant(&self, id: ConstId) -> &ConstData {
        &self.consts[id.index()]
    }

    /// A file.
    pub fn file(&self, id: FileId) -> &FileData {
        &self.files[id.index()]
    }

    /// Every function.
    pub fn functions(&self) -> impl Iterator<Item = FnId> + use<> {
        (0..self.fns.len() as u32).map(FnId)
    }

    /// The crate a module belongs to.
    pub fn krate(&self, module: ModId) -> Option<Name> {
        self.mods[module.index()].krate
    }

    /// The names of a module and those around it, from the crate's root.
    pub fn module_path(&self, module: ModId) -> Vec<Name> {
        let mut parts = Vec::new();
        let mut module = Some(module);
        while let Some(current) = module {
            let current = &self.mods[current.index()];
            parts.extend(current.name);
            module = current.parent;
        }
        parts.reverse();
        parts
    }

    /// `module::Type::name` of a function, for people.
    pub fn display(&self, id: FnId) -> String {
        let data = self.function(id);
        let mut parts: Vec<&str> = self.module_path(data.module).into_iter().map(Name::as_str).collect();
        if let Some(Type::Path(path)) = &data.self_ty {
            parts.push(path.last().as_str());
        } else if let Some(trait_) = &data.trait_ {
            parts.push(trait_.path.last().as_str());
        }
        parts.push(data.def.name.as_str());
        parts.join("::")
    }

    /// What a path written in a module leads to. `None` for a plain name that is nothing known: a local, or a name
    /// from a glob import of another crate.
    pub fn resolve(&self, module: ModId, segments: &[Name]) -> Option<Res> {
        self.resolve_at(module, segments, Limit { depth: 0, fuel: &Cell::new(FUEL) })
    }

    fn resolve_at(&self, module: ModId, segments: &[Name], depth: Limit<'_>) -> Option<Res> {
        // `use` cycles exist in real code (two modules re-export each other by glob).
        if depth.spent() {
            return None;
        }
        let (first, rest) = segments.split_first()?;
        match first.as_str() {
            "crate" | "$crate" => {
                let root = *self.roots.get(&self.mods[module.index()].krate?)?;
                return self.walk(Res::Def(Def::Mod(root)), rest, depth);
            }
            "self" => return self.walk(Res::Def(Def::Mod(module)), rest, depth),
            "super" => {
                let parent = self.mods[module.index()].parent?;
                return self.walk(Res::Def(Def::Mod(parent)), rest, depth);
            }
            "" => return self.resolve_at(module, rest, depth.deeper()),
            _ => {}
        }
        if let Some(found) = self.lookup(module, *first, rest, depth) {
            return Some(found);
        }
        if rest.is_empty() || first.as_str().starts_with(|c: char| c.is_uppercase()) {
            return self.in_prelude(module, segments);
        }
        match self.roots.get(first) {
            Some(root) => self.walk(Res::Def(Def::Mod(*root)), rest, depth),
            None => Some(Res::External(segments.to_vec())),
        }
    }

    /// A type that nothing here defines or imports comes from `use other_crate::prelude::*`, where there is one such.
    fn in_prelude(&self, module: ModId, segments: &[Name]) -> Option<Res> {
        let is_type = |name: &Name| name.as_str().starts_with(|c: char| c.is_uppercase());
        let first = segments.first().filter(|name| is_type(name) && !IN_STD_PRELUDE.contains(&name.as_str()))?;
        let mut preludes = self.mods[module.index()].globs.iter().filter(|path| {
            path.last().is_some_and(|last| *last == "prelude")
                && path.first().is_some_and(|krate| {
                    !self.roots.contains_key(krate)
                        && !matches!(krate.as_str(), "std" | "core" | "alloc" | "crate" | "self" | "super")
                })
        });
        match (preludes.next(), preludes.next()) {
            (Some(prelude), None) => Some(Res::External([prelude, &[*first][..], &segments[1..]].concat())),
            _ if segments.len() > 1 => Some(Res::External(segments.to_vec())),
            _ => None,
        }
    }

    /// Whether a module imports this path of another crate: by any name, `_` too, or with all that stands beside it.
    pub fn imports(&self, module: ModId, path: &[Name]) -> bool {
        let data = &self.mods[module.index()];
        let beside = path.split_last().map_or(path, |(_, beside)| beside);
        data.uses.values().flatten().any(|used| used == path) || data.globs.iter().any(|glob| glob == beside)
    }

    /// The modules that a module imports all of, as written.
    pub fn globs(&self, module: ModId) -> &[Vec<Name>] {
        &self.mods[module.index()].globs
    }

    /// A name in a module followed by the rest of a path. Of several things with one name (a type and a function),
    /// the first that the rest of the path fits wins.
    fn lookup(&self, module: ModId, first: Name, rest: &[Name], depth: Limit<'_>) -> Option<Res> {
        if depth.spent() {
            return None;
        }
        if let Some(found) = self.own(module, first, rest, depth) {
            return Some(found);
        }
        for target in self.glob_reach(module) {
            let found = match target {
                Def::Mod(other) => self.own(other, first, rest, depth.deeper()),
                other => self.walk(Res::Def(other), &[&[first], rest].concat(), depth.deeper()),
            };
            if let Some(found @ Res::Def(_)) = found {
                return Some(found);
            }
        }
        None
    }

    /// The modules and enums whose names a module sees through globs, nearest first.
    fn glob_reach(&self, module: ModId) -> Vec<Def> {
        let mut out: Vec<Def> = self.mods[module.index()].glob_targets.clone();
        let mut i = 0;
        while i < out.len() && out.len() < 64 {
            if let Def::Mod(next) = out[i] {
                for target in &self.mods[next.index()].glob_targets {
                    if !out.contains(target) {
                        out.push(target.clone());
                    }
                }
            }
            i += 1;
        }
        out
    }

    /// A name that a module defines or imports by itself.
    fn own(&self, module: ModId, first: Name, rest: &[Name], depth: Limit<'_>) -> Option<Res> {
        let data = &self.mods[module.index()];
        for def in data.names.get(&first).into_iter().flatten() {
            if let Some(found) = self.walk(Res::Def(def.clone()), rest, depth) {
                return Some(found);
            }
        }
        for path in data.uses.get(&first).into_iter().flatten() {
            // `use foo::foo;` or `use tokio;` in the module itself must not find itself again.
            let full: Vec<Name> = path.iter().chain(rest).copied().collect();
            let found = if path.first() == Some(&first) {
                match self.roots.get(&first) {
                    Some(root) => self.walk(Res::Def(Def::Mod(*root)), &full[1..], depth.deeper()),
                    None => match self.children.get(&(module, first)) {
                        Some(child) if path.len() > 1 => {
                            self.walk(Res::Def(Def::Mod(*child)), &full[1..], depth.deeper())
                        }
                        _ => Some(Res::External(full)),
                    },
                }
            } else {
                self.resolve_at(module, &full, depth.deeper())
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn walk(&self, from: Res, rest: &[Name], depth: Limit<'_>) -> Option<Res> {
        let Some((next, after)) = rest.split_first() else { return Some(from) };
        match from {
            Res::External(mut path) => {
                path.extend(rest);
                Some(Res::External(path))
            }
            Res::Def(Def::Mod(module)) => self.lookup(module, *next, after, depth.deeper()),
            Res::Def(Def::Type(id)) => {
                let data = self.ty(id);
                if data.def.is_enum
                    && let Some(index) = data.def.variants.iter().position(|v| v.name == *next)
                {
                    return after.is_empty().then_some(Res::Def(Def::Variant(id, index)));
                }
                if !after.is_empty() {
                    return None;
                }
                self.method(id, *next)
                    .map(|f| Res::Def(Def::Fn(f)))
                    .or_else(|| self.assoc_const(id, *next).map(|c| Res::Def(Def::Const(c))))
            }
            Res::Def(Def::Trait(id)) => {
                let method = self.traits[id.index()].methods.get(next)?;
                Some(Res::Def(Def::Fn(*method)))
            }
            Res::Def(Def::Alias(index)) => {
                let alias = &self.aliases[index];
                match &alias.def.ty {
                    Type::Path(path) => {
                        let target = self.resolve_at(alias.module, &path.segments, depth.deeper())?;
                        self.walk(target, rest, depth.deeper())
                    }
                    _ => None,
                }
            }
            Res::Def(Def::Fn(_) | Def::Const(_) | Def::Variant(..)) => None,
        }
    }

    /// The unit's type that a written type names, references and smart pointers left out.
    pub fn type_id(&self, module: ModId, ty: &Type) -> Option<TypeId> {
        match ty {
            Type::Ref(inner) => self.type_id(module, inner),
            Type::Path(path) => match self.resolve(module, &path.segments)? {
                Res::Def(Def::Type(id)) => Some(id),
                Res::Def(Def::Alias(index)) => {
                    let alias = &self.aliases[index];
                    // An alias that names itself through another one would not compile; a depth guard is not needed
                    // for valid code, but text may be anything.
                    match &alias.def.ty {
                        Type::Path(inner) if inner.segments != path.segments => {
                            self.type_id(alias.module, &alias.def.ty)
                        }
                        _ => None,
                    }
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The method or associated function of a type: its own first, then those of traits, then trait defaults.
    pub fn method(&self, owner: TypeId, name: Name) -> Option<FnId> {
        if let Some(found) = self.methods.get(&(owner, name)) {
            return found
                .iter()
                .copied()
                .find(|f| self.function(*f).trait_.is_none())
                .or_else(|| found.first().copied());
        }
        let traits = self.traits_of.get(&owner)?;
        traits
            .iter()
            .find_map(|t| self.traits[t.index()].methods.get(&name).copied())
            .filter(|f| self.function(*f).def.body.is_some())
    }

    /// The method a trait declares.
    pub fn trait_method(&self, id: TraitId, name: Name) -> Option<FnId> {
        self.traits[id.index()].methods.get(&name).copied()
    }

    /// The name of a trait.
    pub fn trait_name(&self, id: TraitId) -> Name {
        self.traits[id.index()].name
    }

    /// The methods of this name in a trait's impls for type parameters and for types of other crates.
    pub fn blanket(&self, id: TraitId, name: Name) -> impl Iterator<Item = FnId> + '_ {
        let fns = &self.traits[id.index()].blanket;
        fns.iter().copied().filter(move |f| self.function(*f).def.name == name)
    }

    /// The types of the unit that implement a trait of the unit.
    pub fn implementors(&self, id: TraitId) -> &[TypeId] {
        &self.traits[id.index()].implementors
    }

    /// The functions in a type's own impls and in its trait impls.
    pub fn functions_of(&self, id: TypeId) -> &[FnId] {
        self.functions_of.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Every method with this name, whatever its type.
    pub fn methods_named(&self, name: Name) -> &[FnId] {
        self.methods_by_name.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The `From::from` functions that build a type.
    pub fn from_impls(&self, target: TypeId) -> &[FnId] {
        self.from_impls.get(&target).map_or(&[], Vec::as_slice)
    }

    /// The variant of an enum by its name.
    pub fn variant(&self, id: TypeId, index: usize) -> &Variant {
        &self.types[id.index()].def.variants[index]
    }
}

fn collect_items(block: &ir::Block, out: &mut Vec<Arc<Item>>) {
    ir::visit::block(block, &mut |node| {
        if let ir::visit::Node::Item(item) = node {
            out.push(item.clone());
        }
        true
    });
}
