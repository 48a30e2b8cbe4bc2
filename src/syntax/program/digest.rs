//! Numbers that tell whether two signatures or type definitions are the same, wherever they stand.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use super::FnData;
use crate::ir::{Generic, Pat, PatKind, Path, Type, TypeDef};

/// All of a function but its body and its places.
pub(super) fn signature(data: &FnData) -> u64 {
    let mut hasher = FxHasher::default();
    let def = &data.def;
    (def.name, def.is_pub, def.is_async, def.has_self, def.body.is_some(), data.is_test).hash(&mut hasher);
    (data.module, data.owner).hash(&mut hasher);
    add_generics(&def.generics, &mut hasher);
    add_generics(&data.impl_generics, &mut hasher);
    def.params.len().hash(&mut hasher);
    for param in &def.params {
        add_pattern(&param.pat, &mut hasher);
        add(&param.ty, &mut hasher);
    }
    for ty in [&def.ret, &data.self_ty] {
        ty.is_some().hash(&mut hasher);
        ty.iter().for_each(|ty| add(ty, &mut hasher));
    }
    data.trait_.is_some().hash(&mut hasher);
    if let Some(trait_) = &data.trait_ {
        (trait_.id, trait_.declared).hash(&mut hasher);
        add_path(&trait_.path, &mut hasher);
    }
    hasher.finish()
}

/// All of a type definition but its places.
pub(super) fn shape(def: &TypeDef) -> u64 {
    let mut hasher = FxHasher::default();
    (def.name, def.is_pub, def.is_enum, &def.derives, def.variants.len()).hash(&mut hasher);
    add_generics(&def.generics, &mut hasher);
    for variant in &def.variants {
        (variant.name, variant.is_tuple, variant.message, variant.fields.len()).hash(&mut hasher);
        // With its places, for want of a need: at worst a type is taken for changed that only moved.
        variant.discriminant.as_ref().map(|value| format!("{value:?}")).hash(&mut hasher);
        for field in &variant.fields {
            (field.name, field.from, field.source).hash(&mut hasher);
            add(&field.ty, &mut hasher);
        }
    }
    hasher.finish()
}

/// A type as written.
pub(super) fn ty(ty: &Type) -> u64 {
    let mut hasher = FxHasher::default();
    add(ty, &mut hasher);
    hasher.finish()
}

/// Generic parameters.
pub(super) fn generics(generics: &[Generic]) -> u64 {
    let mut hasher = FxHasher::default();
    add_generics(generics, &mut hasher);
    hasher.finish()
}

fn add_generics(generics: &[Generic], hasher: &mut FxHasher) {
    generics.len().hash(hasher);
    for generic in generics {
        generic.name.hash(hasher);
        add_all(&generic.bounds, hasher);
    }
}

fn add_all(types: &[Type], hasher: &mut FxHasher) {
    types.len().hash(hasher);
    for ty in types {
        add(ty, hasher);
    }
}

fn add_path(path: &Path, hasher: &mut FxHasher) {
    path.segments.hash(hasher);
    add_all(&path.args, hasher);
    path.qself.is_some().hash(hasher);
    if let Some(ty) = &path.qself {
        add(ty, hasher);
    }
}

fn add(ty: &Type, hasher: &mut FxHasher) {
    std::mem::discriminant(ty).hash(hasher);
    match ty {
        Type::Path(path) => add_path(path, hasher),
        Type::Ref(inner) | Type::Slice(inner) => add(inner, hasher),
        Type::Tuple(types) | Type::Impl(types) | Type::Dyn(types) => add_all(types, hasher),
        Type::Fn { params, ret } => {
            add_all(params, hasher);
            ret.is_some().hash(hasher);
            if let Some(ret) = ret {
                add(ret, hasher);
            }
        }
        Type::Assoc { bound, value } => {
            add_path(bound, hasher);
            add(value, hasher);
        }
        Type::Infer | Type::Never | Type::Opaque => {}
    }
}

/// The pattern of a parameter: mostly a name.
fn add_pattern(pat: &Pat, hasher: &mut FxHasher) {
    match &pat.kind {
        PatKind::Bind { name, sub: None } => name.hash(hasher),
        other => format!("{other:?}").hash(hasher),
    }
}
