//! Which function, type and trait belong together: what the impls of all files say, in lists by what is asked for.

use std::hash::{BuildHasher, Hash};

use rustc_hash::FxBuildHasher;

use super::build::{ImplData, Part};
use super::lists::Lists;
use super::reads::Key;
use super::{ConstId, FnId, ImplId, TraitId, TypeId};
use crate::ir::{Name, Type};

/// Which function, type and trait belong together.
#[derive(Clone, Default)]
pub(super) struct Belongings {
    pub(super) methods: Lists<(TypeId, Name), FnId>,
    pub(super) methods_named: Lists<Name, FnId>,
    /// Methods outside of tests, by name and number of arguments.
    pub(super) callable: Lists<(Name, usize), FnId>,
    /// Methods that a trait of anybody's gives a type of another crate, by the last name of the type.
    pub(super) extensions: Lists<(Name, Name), FnId>,
    pub(super) functions_of: Lists<TypeId, FnId>,
    pub(super) traits_of: Lists<TypeId, (ImplId, TraitId)>,
    pub(super) from_impls: Lists<TypeId, FnId>,
    pub(super) implementors: Lists<TraitId, (ImplId, TypeId)>,
    /// Methods of `impl<T: ..> Trait for T`, and of impls for types of other crates.
    pub(super) blanket: Lists<TraitId, FnId>,
    pub(super) assoc_consts: Lists<(TypeId, Name), ConstId>,
}

impl Belongings {
    /// Calls `each` with every place that an impl has in the lists.
    pub(super) fn places(part: &Part, id: ImplId, data: &ImplData, mut each: impl FnMut(Belonging)) {
        let is_from = data.trait_.as_ref().is_some_and(|path| path.last() == "From");
        for function in &data.fns {
            let def = &part.fns[function.index as usize];
            let name = def.def.name;
            each(Belonging::Named(name, *function));
            if !def.is_test && def.def.has_self && def.def.body.is_some() {
                each(Belonging::Callable(name, def.def.params.len() - 1, *function));
            }
            if let (None, Some(_), Type::Path(path)) = (data.owner, &data.trait_, &data.self_ty) {
                each(Belonging::Extension(path.last(), name, *function));
            }
            match (data.owner, data.trait_id) {
                (None, Some(trait_id)) => each(Belonging::Blanket(trait_id, *function)),
                (Some(owner), _) => {
                    each(Belonging::Method(owner, name, *function));
                    each(Belonging::Function(owner, *function));
                    if is_from && name == "from" {
                        each(Belonging::From(owner, *function));
                    }
                }
                (None, None) => {}
            }
        }
        if let Some(owner) = data.owner {
            if let Some(trait_id) = data.trait_id {
                each(Belonging::Trait(trait_id, owner, id));
            }
            for (name, constant) in &data.assoc_consts {
                each(Belonging::Const(owner, *name, *constant));
            }
        }
    }

    /// Puts it there, or takes it away.
    pub(super) fn put(&mut self, one: Belonging, is_in: bool) {
        fn put<K: Eq + Hash, V: Ord + Hash>(lists: &mut Lists<K, V>, key: K, value: V, is_in: bool) {
            if is_in { lists.add(key, value) } else { lists.remove(&key, &value) }
        }
        match one {
            Belonging::Named(name, id) => put(&mut self.methods_named, name, id, is_in),
            Belonging::Callable(name, arity, id) => put(&mut self.callable, (name, arity), id, is_in),
            Belonging::Extension(ty, name, id) => put(&mut self.extensions, (ty, name), id, is_in),
            Belonging::Blanket(trait_id, id) => put(&mut self.blanket, trait_id, id, is_in),
            Belonging::Method(owner, name, id) => put(&mut self.methods, (owner, name), id, is_in),
            Belonging::Function(owner, id) => put(&mut self.functions_of, owner, id, is_in),
            Belonging::From(owner, id) => put(&mut self.from_impls, owner, id, is_in),
            Belonging::Trait(trait_id, owner, id) => {
                put(&mut self.implementors, trait_id, (id, owner), is_in);
                put(&mut self.traits_of, owner, (id, trait_id), is_in);
            }
            Belonging::Const(owner, name, id) => put(&mut self.assoc_consts, (owner, name), id, is_in),
        }
    }

    /// A number that changes with the list of a key.
    pub(super) fn fingerprint(&self, key: Key) -> u64 {
        match key {
            Key::MethodsNamed(name) => self.methods_named.fingerprint(&name),
            Key::OnlyMethod(name, arity) => match self.callable.get(&(name, arity)) {
                [one] => FxBuildHasher.hash_one(one),
                _ => 0,
            },
            Key::Extensions(ty, name) => self.extensions.fingerprint(&(ty, name)),
            Key::Blanket(id) => self.blanket.fingerprint(&id),
            Key::Methods(owner, name) => self.methods.fingerprint(&(owner, name)),
            Key::FunctionsOf(owner) => self.functions_of.fingerprint(&owner),
            Key::FromImpls(owner) => self.from_impls.fingerprint(&owner),
            Key::Implementors(id) => self.implementors.fingerprint(&id),
            Key::TraitsOf(owner) => self.traits_of.fingerprint(&owner),
            Key::AssocConsts(owner, name) => self.assoc_consts.fingerprint(&(owner, name)),
            _ => 0,
        }
    }
}

/// A place in one of the lists.
#[derive(Clone, Copy)]
pub(super) enum Belonging {
    Named(Name, FnId),
    Callable(Name, usize, FnId),
    Extension(Name, Name, FnId),
    Blanket(TraitId, FnId),
    Method(TypeId, Name, FnId),
    Function(TypeId, FnId),
    From(TypeId, FnId),
    Trait(TraitId, TypeId, ImplId),
    Const(TypeId, Name, ConstId),
}

impl Belonging {
    /// Who asks for the lists that it is in.
    pub(super) fn keys(self) -> [Option<Key>; 2] {
        match self {
            Belonging::Named(name, _) => [Some(Key::MethodsNamed(name)), None],
            Belonging::Callable(name, arity, _) => [Some(Key::OnlyMethod(name, arity)), None],
            Belonging::Extension(ty, name, _) => [Some(Key::Extensions(ty, name)), None],
            Belonging::Blanket(trait_id, _) => [Some(Key::Blanket(trait_id)), None],
            Belonging::Method(owner, name, _) => [Some(Key::Methods(owner, name)), None],
            Belonging::Function(owner, _) => [Some(Key::FunctionsOf(owner)), None],
            Belonging::From(owner, _) => [Some(Key::FromImpls(owner)), None],
            Belonging::Trait(trait_id, owner, _) => [Some(Key::Implementors(trait_id)), Some(Key::TraitsOf(owner))],
            Belonging::Const(owner, name, _) => [Some(Key::AssocConsts(owner, name)), None],
        }
    }
}
