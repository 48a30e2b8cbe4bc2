//! From a lowered file to its part of the program: its functions and types in a row, and the names that it defines.
//!
//! What a file adds depends on nothing but the file (and on the numbers of modules, which are never given out again),
//! so an edited file is built anew and put in the place of the old one.

use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    AliasData, AliasId, ConstData, ConstId, Def, FileData, FileId, FnData, FnId, Loaded, ModId, TraitId, TraitRef,
    TypeData, TypeId,
};
use crate::ir::{self, Item, ItemKind, Name, Path, Span, Type};
use crate::syntax;
use crate::workspace::source::Source;

/// The part of the program that one file gives.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) data: FileData,
    /// It was not taken away.
    pub(super) is_there: bool,
    /// Parts of it that do not parse.
    pub(super) gaps: usize,
    /// Its crate and module path.
    pub(super) krate: Name,
    pub(super) path: Vec<Name>,
    /// It is test code as a whole, by its place.
    is_test: bool,
    pub(super) fns: Vec<FnData>,
    pub(super) types: Vec<TypeData>,
    pub(super) traits: Vec<TraitData>,
    pub(super) consts: Vec<ConstData>,
    pub(super) aliases: Vec<AliasData>,
    pub(super) impls: Vec<ImplData>,
    /// What it adds to each module, in order.
    pub(super) outline: Vec<(ModId, Vec<Entry>)>,
}

impl Part {
    /// The part of a file that never was there.
    pub(super) fn nothing() -> Part {
        Part {
            data: FileData {
                source: Arc::new(Source::new(String::new(), PathBuf::new(), String::new())),
                package: None,
                reported: false,
            },
            is_there: false,
            gaps: 0,
            krate: Name::new(""),
            path: Vec::new(),
            is_test: false,
            fns: Vec::new(),
            types: Vec::new(),
            traits: Vec::new(),
            consts: Vec::new(),
            aliases: Vec::new(),
            impls: Vec::new(),
            outline: Vec::new(),
        }
    }

    /// A part with nothing in it, for a file that is gone.
    pub(super) fn emptied(&self) -> Part {
        Part { data: self.data.clone(), krate: self.krate, ..Part::nothing() }
    }

    /// The file as it would enter the program with this text.
    pub(super) fn loaded_with(&self, source: Arc<Source>) -> Loaded {
        let file = syntax::parse(&source.text).file;
        Loaded {
            source,
            package: self.data.package.clone(),
            krate: self.krate,
            module: self.path.clone(),
            is_test: self.is_test,
            reported: self.data.reported,
            file,
        }
    }
}

/// Something that a file adds to a module.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    Def(Name, Def),
    Use(Name, Vec<Name>),
    /// A `use` inside a function's body.
    InnerUse(Name, Vec<Name>),
    Glob(Vec<Name>),
}

#[derive(Clone)]
pub(super) struct TraitData {
    pub(super) methods: FxHashMap<Name, FnId>,
}

/// An impl, with what its type and trait were resolved to once every name was known.
#[derive(Clone)]
pub(super) struct ImplData {
    pub(super) module: ModId,
    pub(super) self_ty: Type,
    pub(super) trait_: Option<Path>,
    /// Functions and constants, by their places in the file's rows.
    pub(super) fns: Vec<FnId>,
    pub(super) assoc_consts: Vec<(Name, ConstId)>,
    pub(super) owner: Option<TypeId>,
    pub(super) trait_id: Option<TraitId>,
}

/// The modules that there are or were. Their numbers stay for the life of the program.
#[derive(Clone, Default)]
pub(super) struct Modules {
    pub(super) all: Vec<ModPlace>,
    roots: FxHashMap<Name, ModId>,
    children: FxHashMap<(ModId, Name), ModId>,
}

/// Where a module stands.
#[derive(Clone, Copy)]
pub(super) struct ModPlace {
    pub(super) krate: Name,
    pub(super) parent: Option<ModId>,
    pub(super) name: Option<Name>,
}

impl Modules {
    pub(super) fn root(&mut self, krate: Name) -> ModId {
        let all = &mut self.all;
        *self.roots.entry(krate).or_insert_with(|| {
            all.push(ModPlace { krate, parent: None, name: None });
            ModId(all.len() as u32 - 1)
        })
    }

    /// The root of a crate, if there ever was one.
    pub(super) fn known_root(&self, krate: Name) -> Option<ModId> {
        self.roots.get(&krate).copied()
    }

    fn child(&mut self, parent: ModId, name: Name) -> ModId {
        let all = &mut self.all;
        *self.children.entry((parent, name)).or_insert_with(|| {
            let krate = all[parent.index()].krate;
            all.push(ModPlace { krate, parent: Some(parent), name: Some(name) });
            ModId(all.len() as u32 - 1)
        })
    }
}

#[derive(Clone, Copy)]
struct Place {
    module: ModId,
    is_test: bool,
}

/// Builds the part of a file. `is_test` says that the file as a whole is test code.
pub(super) fn part(file: FileId, loaded: Loaded, is_test: bool, modules: &mut Modules) -> Part {
    let mut builder = Builder {
        file,
        modules,
        at: FxHashMap::default(),
        part: Part {
            data: FileData { source: loaded.source, package: loaded.package, reported: loaded.reported },
            is_there: true,
            gaps: loaded.file.skipped.len(),
            is_test: loaded.is_test,
            krate: loaded.krate,
            path: loaded.module,
            fns: Vec::new(),
            types: Vec::new(),
            traits: Vec::new(),
            consts: Vec::new(),
            aliases: Vec::new(),
            impls: Vec::new(),
            outline: Vec::new(),
        },
    };
    let mut module = builder.modules.root(loaded.krate);
    for name in builder.part.path.clone() {
        module = builder.child(module, name);
    }
    builder.items(loaded.file.items, Place { module, is_test });
    builder.part
}

struct Builder<'m> {
    file: FileId,
    modules: &'m mut Modules,
    /// Where in the outline a module stands.
    at: FxHashMap<ModId, usize>,
    part: Part,
}

impl Builder<'_> {
    fn add(&mut self, module: ModId, entry: Entry) {
        let outline = &mut self.part.outline;
        let at = *self.at.entry(module).or_insert_with(|| {
            outline.push((module, Vec::new()));
            outline.len() - 1
        });
        outline[at].1.push(entry);
    }

    fn child(&mut self, parent: ModId, name: Name) -> ModId {
        let id = self.modules.child(parent, name);
        self.add(parent, Entry::Def(name, Def::Mod(id)));
        id
    }

    fn items(&mut self, items: Vec<Item>, place: Place) {
        for item in items {
            self.item(item, place);
        }
    }

    fn item(&mut self, item: Item, place: Place) {
        let is_test = place.is_test || item.is_test;
        let inner = Place { is_test, ..place };
        let file = self.file;
        match item.kind {
            ItemKind::Fn(def) => {
                let name = def.name;
                let id = self.function(def, item.span, inner, None, None, &[]);
                self.add(place.module, Entry::Def(name, Def::Fn(id)));
            }
            ItemKind::Type(def) => {
                let id = TypeId { file, index: self.part.types.len() as u32 };
                self.add(place.module, Entry::Def(def.name, Def::Type(id)));
                self.part.types.push(TypeData { def, file, module: place.module, span: item.span });
            }
            ItemKind::Trait(def) => {
                let id = TraitId { file, index: self.part.traits.len() as u32 };
                self.add(place.module, Entry::Def(def.name, Def::Trait(id)));
                self.part.traits.push(TraitData { methods: FxHashMap::default() });
                let path = Path { segments: vec![def.name], args: Vec::new(), qself: None, span: item.span };
                let trait_ = TraitRef { id: Some(id), path, declared: true };
                for entry in def.items {
                    if let ItemKind::Fn(method) = entry.kind {
                        let name = method.name;
                        let method = self.function(method, entry.span, inner, None, Some(trait_.clone()), &[]);
                        self.part.traits[id.index as usize].methods.insert(name, method);
                    }
                }
            }
            ItemKind::Impl(def) => self.implementation(def, inner),
            ItemKind::Const(def) => {
                let id = ConstId { file, index: self.part.consts.len() as u32 };
                self.add(place.module, Entry::Def(def.name, Def::Const(id)));
                self.part.consts.push(ConstData { def, file, module: place.module, self_ty: None });
            }
            ItemKind::Use(def) => {
                let entry = if def.glob { Entry::Glob(def.path) } else { Entry::Use(def.alias, def.path) };
                self.add(place.module, entry);
            }
            ItemKind::Alias(def) => {
                let id = AliasId { file, index: self.part.aliases.len() as u32 };
                self.add(place.module, Entry::Def(def.name, Def::Alias(id)));
                self.part.aliases.push(AliasData { def, module: place.module });
            }
            ItemKind::Mod(def) => {
                if let Some(items) = def.items {
                    let module = self.child(place.module, def.name);
                    self.items(items, Place { module, ..inner });
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
                    self.function(def, span, inner, None, None, &[]);
                }
            }
            ItemKind::Items(items) => self.items(items, inner),
        }
    }

    fn function(
        &mut self,
        def: ir::Fn,
        span: Span,
        place: Place,
        self_ty: Option<&Type>,
        trait_: Option<TraitRef>,
        impl_generics: &[ir::Generic],
    ) -> FnId {
        let mut nested = Vec::new();
        if let Some(body) = &def.body {
            collect_items(body, &mut nested);
        }
        let id = FnId { file: self.file, index: self.part.fns.len() as u32 };
        self.part.fns.push(FnData {
            def,
            file: self.file,
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
            match &item.kind {
                ItemKind::Use(def) if !def.glob => {
                    self.add(place.module, Entry::InnerUse(def.alias, def.path.clone()));
                }
                _ => self.item((*item).clone(), place),
            }
        }
        id
    }

    fn implementation(&mut self, def: ir::Impl, place: Place) {
        let trait_ = def.trait_.clone().map(|path| TraitRef { id: None, path, declared: false });
        let (mut fns, mut assoc_consts) = (Vec::new(), Vec::new());
        for item in def.items {
            let inner = Place { is_test: place.is_test || item.is_test, ..place };
            match item.kind {
                ItemKind::Fn(method) => {
                    let id = self.function(method, item.span, inner, Some(&def.self_ty), trait_.clone(), &def.generics);
                    fns.push(id);
                }
                ItemKind::Const(constant) => {
                    let id = ConstId { file: self.file, index: self.part.consts.len() as u32 };
                    assoc_consts.push((constant.name, id));
                    let (module, self_ty) = (place.module, Some(def.self_ty.clone()));
                    self.part.consts.push(ConstData { def: constant, file: self.file, module, self_ty });
                }
                _ => {}
            }
        }
        self.part.impls.push(ImplData {
            module: place.module,
            self_ty: def.self_ty,
            trait_: def.trait_,
            fns,
            assoc_consts,
            owner: None,
            trait_id: None,
        });
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
