//! The door through which the engine asks for functions, types, constants and implementations.
//!
//! A [`Program`] indexes every lowered file of one unit (a cargo workspace) and resolves paths as Rust does as far
//! as `use`, `mod`, `crate`, `self` and `super` go. Names that lead out of the unit resolve to their external path.
//!
//! `build` makes a part of each file, `link` joins the parts and replaces those of edited files, `resolve` finds names.
//! Everything that is handed out here is noted for those who keep results (`reads`).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::ir::{self, Name, Path, Span, Type, Variant};
use crate::workspace::Package;
use crate::workspace::source::Source;

mod belongings;
mod build;
mod digest;
mod link;
pub mod lists;
pub mod reads;
mod resolve;

use belongings::Belongings;
use build::{Modules, Part};
use link::Table;
use reads::{Key, Reads, note};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(u32);
        impl $name {
            /// Its place in the program's row.
            pub fn index(self) -> usize { self.0 as usize }
        }
    )*};
}
ids! {
    /// A file. Files are in the order in which they entered the program.
    FileId,
    /// A module of a crate.
    ModId
}

macro_rules! ids_in_files {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        ///
        /// The order is that of the source.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name {
            /// The file that it stands in.
            pub file: FileId,
            /// Its place in the file's row.
            pub index: u32,
        }
    )*};
}
impl FileId {
    /// The file at a place in the program's row.
    pub fn at(index: usize) -> FileId {
        FileId(index as u32)
    }
}

ids_in_files! {
    /// A function or method.
    FnId,
    /// A struct, enum or union.
    TypeId,
    /// A trait.
    TraitId,
    /// A constant or static.
    ConstId,
    /// A type alias.
    AliasId,
    /// An impl.
    ImplId
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
#[derive(Clone)]
pub struct FileData {
    /// Its text.
    pub source: Arc<Source>,
    /// The package it belongs to.
    pub package: Option<Arc<Package>>,
    /// Its sites are to be reported.
    pub reported: bool,
}

/// A function with its surroundings.
#[derive(Clone)]
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
#[derive(Clone)]
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
#[derive(Clone)]
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
    /// A type alias.
    Alias(AliasId),
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
#[derive(Clone)]
pub struct AliasData {
    /// The alias.
    pub def: ir::Alias,
    /// The module it stands in.
    pub module: ModId,
}

/// A function as its callers see it: without its body, and without places.
#[derive(Clone, Copy)]
pub struct Signature<'a>(&'a FnData);

impl<'a> Signature<'a> {
    /// Its name.
    pub fn name(self) -> Name {
        self.0.def.name
    }
    /// The module it stands in.
    pub fn module(self) -> ModId {
        self.0.module
    }
    /// Its parameters, `self` first.
    pub fn params(self) -> &'a [ir::Param] {
        &self.0.def.params
    }
    /// The declared result; `None` is `()`.
    pub fn ret(self) -> Option<&'a Type> {
        self.0.def.ret.as_ref()
    }
    /// Its generic parameters, those of the `impl` first.
    pub fn generics(self) -> impl Iterator<Item = &'a ir::Generic> {
        self.0.impl_generics.iter().chain(&self.0.def.generics)
    }
    /// It takes `self`.
    pub fn has_self(self) -> bool {
        self.0.def.has_self
    }
    /// It has a body.
    pub fn has_body(self) -> bool {
        self.0.def.body.is_some()
    }
    /// `Self`, in an `impl`.
    pub fn self_ty(self) -> Option<&'a Type> {
        self.0.self_ty.as_ref()
    }
    /// The type of the `impl`, when it is one of the unit's.
    pub fn owner(self) -> Option<TypeId> {
        self.0.owner
    }
    /// The trait it belongs to.
    pub fn trait_(self) -> Option<&'a TraitRef> {
        self.0.trait_.as_ref()
    }
    /// It stands in test code.
    pub fn is_test(self) -> bool {
        self.0.is_test
    }
}

/// The index of one unit. A copy shares the files.
#[derive(Clone, Default)]
pub struct Program {
    parts: Vec<Arc<Part>>,
    modules: Modules,
    /// By module.
    tables: Vec<Table>,
    /// The crates that have files, with how many.
    roots: FxHashMap<Name, u32>,
    belongings: Belongings,
    /// The modules that each file declares for tests only, and how often each is declared.
    test_modules: Vec<Vec<Vec<Name>>>,
    tests: FxHashMap<(Name, Vec<Name>), u32>,
    /// What resolving the impls of each file read.
    links_read: Vec<Reads>,
    /// It will be updated: what computations read is kept.
    is_tracked: bool,
}

impl Program {
    /// Indexes the files of a unit, once and for all. `None` leaves a place free.
    pub fn new(files: Vec<Option<Loaded>>) -> Program {
        Program::build(files, false)
    }

    /// Indexes the files of a unit whose files will change, see [`Program::update`]. Where there is `None`, a file may
    /// come later.
    pub fn tracked(files: Vec<Option<Loaded>>) -> Program {
        Program::build(files, true)
    }

    /// Whether it is to be updated later.
    pub fn is_tracked(&self) -> bool {
        self.is_tracked
    }

    fn data(&self, id: FnId) -> &FnData {
        &self.parts[id.file.index()].fns[id.index as usize]
    }

    /// The associated constant of a type.
    pub fn assoc_const(&self, owner: TypeId, name: Name) -> Option<ConstId> {
        note(Key::AssocConsts(owner, name));
        self.belongings.assoc_consts.get(&(owner, name)).first().copied()
    }

    /// A function.
    pub fn function(&self, id: FnId) -> &FnData {
        note(Key::Body(id));
        self.data(id)
    }

    /// A function as its callers see it.
    pub fn signature(&self, id: FnId) -> Signature<'_> {
        note(Key::Signature(id));
        Signature(self.data(id))
    }

    /// A type, by its shape: what is kept does not notice that the type has moved.
    pub fn ty(&self, id: TypeId) -> &TypeData {
        note(Key::Shape(id));
        &self.parts[id.file.index()].types[id.index as usize]
    }

    /// A constant.
    pub fn constant(&self, id: ConstId) -> &ConstData {
        note(Key::ConstValue(id));
        &self.parts[id.file.index()].consts[id.index as usize]
    }

    /// The declared type of a constant, and the module it stands in.
    pub fn const_type(&self, id: ConstId) -> (&Type, ModId) {
        note(Key::ConstType(id));
        let data = &self.parts[id.file.index()].consts[id.index as usize];
        (&data.def.ty, data.module)
    }

    /// An alias.
    pub fn alias(&self, id: AliasId) -> &AliasData {
        note(Key::Alias(id));
        &self.parts[id.file.index()].aliases[id.index as usize]
    }

    /// A file. Its text may be looked at where a function or constant stands that was asked for.
    pub fn file(&self, id: FileId) -> &FileData {
        &self.parts[id.index()].data
    }

    /// A file as it would enter the program with another text.
    pub fn loaded_with(&self, id: FileId, source: Arc<Source>) -> Loaded {
        self.parts[id.index()].loaded_with(source)
    }

    /// How many parts of a file were left out because they do not parse.
    pub fn gaps(&self, id: FileId) -> usize {
        self.parts[id.index()].gaps
    }

    /// Every file.
    pub fn files(&self) -> impl ExactSizeIterator<Item = FileId> + use<> {
        (0..self.parts.len() as u32).map(FileId)
    }

    /// Every function, in order.
    pub fn functions(&self) -> impl Iterator<Item = FnId> + '_ {
        self.files().flat_map(|file| self.functions_in(file))
    }

    /// The first function of all.
    pub fn first_function(&self) -> Option<FnId> {
        note(Key::FirstFunction);
        self.functions().next()
    }

    /// The functions of a file, in order.
    pub fn functions_in(&self, file: FileId) -> impl ExactSizeIterator<Item = FnId> + use<> {
        (0..self.parts[file.index()].fns.len() as u32).map(move |index| FnId { file, index })
    }

    /// The types of a file, in order.
    pub fn types_in(&self, file: FileId) -> impl ExactSizeIterator<Item = TypeId> + use<> {
        (0..self.parts[file.index()].types.len() as u32).map(move |index| TypeId { file, index })
    }

    /// The innermost function that holds a place.
    pub fn function_at(&self, file: FileId, span: Span) -> Option<FnId> {
        let found = self
            .functions_in(file)
            .filter(|id| self.data(*id).span.contains(span))
            .min_by_key(|id| self.data(*id).span.end - self.data(*id).span.start);
        // Whatever else stands there, stands in it or around it.
        note(found.map_or(Key::FunctionsIn(file), Key::Body));
        found
    }

    /// The crate a module belongs to.
    pub fn krate(&self, module: ModId) -> Name {
        self.modules.all[module.index()].krate
    }

    /// The names of a module and those around it, from the crate's root.
    pub fn module_path(&self, module: ModId) -> Vec<Name> {
        let mut parts = Vec::new();
        let mut module = Some(module);
        while let Some(current) = module {
            let current = &self.modules.all[current.index()];
            parts.extend(current.name);
            module = current.parent;
        }
        parts.reverse();
        parts
    }

    /// `module::Type::name` of a function, for people.
    pub fn display(&self, id: FnId) -> String {
        let function = self.signature(id);
        let mut parts: Vec<&str> = self.module_path(function.module()).into_iter().map(Name::as_str).collect();
        if let Some(Type::Path(path)) = function.self_ty() {
            parts.push(path.last().as_str());
        } else if let Some(trait_) = function.trait_() {
            parts.push(trait_.path.last().as_str());
        }
        parts.push(function.name().as_str());
        parts.join("::")
    }

    /// The method or associated function of a type: its own first, then those of traits, then trait defaults.
    pub fn method(&self, owner: TypeId, name: Name) -> Option<FnId> {
        note(Key::Methods(owner, name));
        let found = self.belongings.methods.get(&(owner, name));
        if let Some(first) = found.first() {
            let own = found.iter().copied().find(|f| self.signature(*f).trait_().is_none());
            return own.or(Some(*first));
        }
        note(Key::TraitsOf(owner));
        let traits = self.belongings.traits_of.get(&owner).iter();
        traits.map(|(_, id)| *id).find_map(|id| self.trait_method(id, name)).filter(|f| self.signature(*f).has_body())
    }

    /// The method a trait declares.
    pub fn trait_method(&self, id: TraitId, name: Name) -> Option<FnId> {
        note(Key::TraitMethod(id, name));
        self.parts[id.file.index()].traits[id.index as usize].methods.get(&name).copied()
    }

    /// The methods of this name in a trait's impls for type parameters and for types of other crates.
    pub fn blanket(&self, id: TraitId, name: Name) -> impl Iterator<Item = FnId> + '_ {
        note(Key::Blanket(id));
        self.belongings.blanket.get(&id).iter().copied().filter(move |f| self.signature(*f).name() == name)
    }

    /// The types of the unit that implement a trait of the unit.
    pub fn implementors(&self, id: TraitId) -> impl Iterator<Item = TypeId> + '_ {
        note(Key::Implementors(id));
        self.belongings.implementors.get(&id).iter().map(|(_, owner)| *owner)
    }

    /// The functions in a type's own impls and in its trait impls.
    pub fn functions_of(&self, id: TypeId) -> &[FnId] {
        note(Key::FunctionsOf(id));
        self.belongings.functions_of.get(&id)
    }

    /// Every method with this name, whatever its type.
    pub fn methods_named(&self, name: Name) -> &[FnId] {
        note(Key::MethodsNamed(name));
        self.belongings.methods_named.get(&name)
    }

    /// The method outside of tests with this name and number of arguments, where there is only one.
    pub fn only_method(&self, name: Name, arity: usize) -> Option<FnId> {
        note(Key::OnlyMethod(name, arity));
        match self.belongings.callable.get(&(name, arity)) {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// The methods of this name that traits give a type of another crate with this last name.
    pub fn extensions(&self, ty: Name, name: Name) -> &[FnId] {
        note(Key::Extensions(ty, name));
        self.belongings.extensions.get(&(ty, name))
    }

    /// The `From::from` functions that build a type.
    pub fn from_impls(&self, target: TypeId) -> &[FnId] {
        note(Key::FromImpls(target));
        self.belongings.from_impls.get(&target)
    }

    /// The variant of an enum by its name.
    pub fn variant(&self, id: TypeId, index: usize) -> &Variant {
        &self.ty(id).def.variants[index]
    }
}
