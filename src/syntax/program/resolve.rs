//! Names to definitions, as Rust resolves them as far as `use`, `mod`, `crate`, `self` and `super` go.

use std::cell::Cell;

use super::reads::{Key, note};
use super::{Def, ModId, Program, Res, TypeId};
use crate::ir::{Name, Type};

/// Types and variants that need no import.
const IN_STD_PRELUDE: &[&str] =
    &["Option", "Some", "None", "Result", "Ok", "Err", "Box", "String", "Vec", "Self", "Default", "Iterator", "Clone"];

/// Steps that resolving one path may take. `use` cycles exist in real code (modules re-export each other).
const FUEL: u32 = 2_000;

/// Aliases followed from one to the next.
const ALIASES: u32 = 32;

/// What is known already while the program is being linked: each stage resolves with what the one before found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Names and imports.
    Names,
    /// And globs that lead through no other glob.
    FirstGlobs,
    /// And all globs.
    Globs,
    /// And the methods of types.
    Linked,
}

/// How far a resolution may still go.
#[derive(Clone, Copy)]
struct Limit<'a> {
    stage: Stage,
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

impl Program {
    /// What a path written in a module leads to. `None` for a plain name that is nothing known: a local, or a name
    /// from a glob import of another crate.
    pub fn resolve(&self, module: ModId, segments: &[Name]) -> Option<Res> {
        self.resolve_in(Stage::Linked, module, segments)
    }

    pub(super) fn resolve_in(&self, stage: Stage, module: ModId, segments: &[Name]) -> Option<Res> {
        self.resolve_at(module, segments, Limit { stage, depth: 0, fuel: &Cell::new(FUEL) })
    }

    fn resolve_at(&self, module: ModId, segments: &[Name], depth: Limit<'_>) -> Option<Res> {
        // `use` cycles exist in real code (two modules re-export each other by glob).
        if depth.spent() {
            return None;
        }
        let (first, rest) = segments.split_first()?;
        match first.as_str() {
            "crate" | "$crate" => {
                let root = self.root(self.modules.all[module.index()].krate)?;
                return self.walk(Res::Def(Def::Mod(root)), rest, depth);
            }
            "self" => return self.walk(Res::Def(Def::Mod(module)), rest, depth),
            "super" => {
                let parent = self.modules.all[module.index()].parent?;
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
        match self.root(*first) {
            Some(root) => self.walk(Res::Def(Def::Mod(root)), rest, depth),
            None => Some(Res::External(segments.to_vec())),
        }
    }

    /// The root module of a crate of the unit.
    pub(super) fn root(&self, krate: Name) -> Option<ModId> {
        note(Key::Root(krate));
        self.roots.contains_key(&krate).then(|| self.modules.known_root(krate)).flatten()
    }

    /// A type that nothing here defines or imports comes from `use other_crate::prelude::*`, where there is one such.
    fn in_prelude(&self, module: ModId, segments: &[Name]) -> Option<Res> {
        let is_type = |name: &Name| name.as_str().starts_with(|c: char| c.is_uppercase());
        let first = segments.first().filter(|name| is_type(name) && !IN_STD_PRELUDE.contains(&name.as_str()))?;
        let mut preludes = self.globs(module).iter().filter(|path| {
            path.last().is_some_and(|last| *last == "prelude")
                && path.first().is_some_and(|krate| {
                    self.root(*krate).is_none()
                        && !matches!(krate.as_str(), "std" | "core" | "alloc" | "crate" | "self" | "super")
                })
        });
        match (preludes.next(), preludes.next()) {
            (Some(prelude), None) => Some(Res::External([prelude, &[*first][..], &segments[1..]].concat())),
            _ if segments.len() > 1 => Some(Res::External(segments.to_vec())),
            _ => None,
        }
    }

    /// Whether a name is known in a module only by a `use` inside some body: [`Program::resolve`] follows it from
    /// everywhere in the module, and code put in elsewhere cannot write it.
    pub fn is_inner(&self, module: ModId, name: Name) -> bool {
        note(Key::Named(module, name));
        self.tables[module.index()].inner.contains(&name)
    }

    /// Whether a module imports this path of another crate: by any name, `_` too, or with all that stands beside it.
    pub fn imports(&self, module: ModId, path: &[Name]) -> bool {
        note(Key::Imports(module));
        let table = &self.tables[module.index()];
        let beside = path.split_last().map_or(path, |(_, beside)| beside);
        table.uses.values().flatten().any(|used| used == path) || table.globs.iter().any(|glob| glob == beside)
    }

    /// The modules that a module imports all of, as written.
    pub fn globs(&self, module: ModId) -> &[Vec<Name>] {
        note(Key::Imports(module));
        &self.tables[module.index()].globs
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
        for target in self.glob_reach(module, depth.stage) {
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
    fn glob_reach(&self, module: ModId, stage: Stage) -> Vec<Def> {
        let mut out: Vec<Def> = self.glob_targets(module, stage).to_vec();
        let mut i = 0;
        while i < out.len() && out.len() < 64 {
            if let Def::Mod(next) = out[i] {
                for target in self.glob_targets(next, stage) {
                    if !out.contains(target) {
                        out.push(target.clone());
                    }
                }
            }
            i += 1;
        }
        out
    }

    fn glob_targets(&self, module: ModId, stage: Stage) -> &[Def] {
        let table = &self.tables[module.index()];
        match stage {
            Stage::Names => &[],
            Stage::FirstGlobs => {
                note(Key::FirstGlobs(module));
                &table.first_globs
            }
            Stage::Globs | Stage::Linked => {
                note(Key::Globs(module));
                &table.glob_targets
            }
        }
    }

    /// A name that a module defines or imports by itself.
    fn own(&self, module: ModId, first: Name, rest: &[Name], depth: Limit<'_>) -> Option<Res> {
        note(Key::Named(module, first));
        let table = &self.tables[module.index()];
        let defs = table.names.get(&first).map_or(&[][..], Vec::as_slice);
        for def in defs {
            if let Some(found) = self.walk(Res::Def(def.clone()), rest, depth) {
                return Some(found);
            }
        }
        // A derive may share its name with a type: `use thiserror::Error; use crate::Error;`
        let mut foreign = None;
        for path in table.uses.get(&first).into_iter().flatten() {
            // `use foo::foo;` or `use tokio;` in the module itself must not find itself again.
            let full: Vec<Name> = path.iter().chain(rest).copied().collect();
            let found = if path.first() == Some(&first) {
                let child = defs.iter().find(|def| matches!(def, Def::Mod(_)));
                match (self.root(first), child) {
                    (Some(root), _) => self.walk(Res::Def(Def::Mod(root)), &full[1..], depth.deeper()),
                    (None, Some(child)) if path.len() > 1 => {
                        self.walk(Res::Def(child.clone()), &full[1..], depth.deeper())
                    }
                    _ => Some(Res::External(full)),
                }
            } else {
                self.resolve_at(module, &full, depth.deeper())
            };
            match found {
                Some(Res::Def(_)) => return found,
                Some(Res::External(_)) if !is_derive(path) => return found,
                _ => foreign = foreign.or(found),
            }
        }
        foreign
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
                if !after.is_empty() || depth.stage < Stage::Linked {
                    return None;
                }
                self.method(id, *next)
                    .map(|f| Res::Def(Def::Fn(f)))
                    .or_else(|| self.assoc_const(id, *next).map(|c| Res::Def(Def::Const(c))))
            }
            Res::Def(Def::Trait(id)) => self.trait_method(id, *next).map(|method| Res::Def(Def::Fn(method))),
            Res::Def(Def::Alias(id)) => {
                let alias = self.alias(id);
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
    pub(super) fn type_id(&self, stage: Stage, module: ModId, ty: &Type, depth: u32) -> Option<TypeId> {
        match ty {
            Type::Ref(inner) => self.type_id(stage, module, inner, depth),
            Type::Path(path) => match self.resolve_in(stage, module, &path.segments)? {
                Res::Def(Def::Type(id)) => Some(id),
                Res::Def(Def::Alias(id)) => {
                    // Aliases that name each other do not compile, but text may be anything.
                    let alias = self.alias(id);
                    match &alias.def.ty {
                        Type::Path(inner) if inner.segments != path.segments && depth < ALIASES => {
                            self.type_id(stage, alias.module, &alias.def.ty, depth + 1)
                        }
                        _ => None,
                    }
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// Imports that are no types.
fn is_derive(path: &[Name]) -> bool {
    matches!(path, [krate, name] if *krate == "thiserror" && *name == "Error")
}
