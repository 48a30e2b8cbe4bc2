//! Lowers paths, types, bounds and generic parameters.

use syn::{GenericArgument, PathArguments, ReturnType, TypeParamBound};

use super::lower::{Lower, to};
use crate::ir::{Generic, Name, Path, Span, Type};

impl Lower {
    pub(super) fn path(&mut self, qself: Option<&syn::QSelf>, path: &syn::Path) -> Path {
        let mut segments: Vec<Name> = path.segments.iter().map(|segment| self.name(&segment.ident)).collect();
        let args = path.segments.iter().rev().find_map(|segment| match &segment.arguments {
            PathArguments::AngleBracketed(angle) if !angle.args.is_empty() => Some(&angle.args),
            _ => None,
        });
        let args = args.into_iter().flatten().filter_map(|arg| match arg {
            GenericArgument::Type(ty) => Some(self.ty(ty)),
            _ => None,
        });
        let args = args.collect();
        let span = self.path_span(qself, path);
        let Some(qself) = qself else { return Path { segments, args, qself: None, span } };
        // `<T as Trait>::f` is about `T`: its segments take the place of the trait's.
        let ty = self.ty(&qself.ty);
        let mut own = match &ty {
            Type::Path(path) => path.segments.clone(),
            _ => Vec::new(),
        };
        own.extend(segments.drain(qself.position.min(segments.len())..));
        Path { segments: own, args, qself: Some(Box::new(ty)), span }
    }

    pub(super) fn ty(&mut self, ty: &syn::Type) -> Type {
        self.deeper(ty, |lower| lower.ty_inner(ty)).unwrap_or(Type::Opaque)
    }

    fn ty_inner(&mut self, ty: &syn::Type) -> Type {
        match ty {
            syn::Type::Path(ty) => match (&ty.qself, ty.path.segments.last().map(|last| &last.arguments)) {
                (None, Some(PathArguments::Parenthesized(_))) => self.bound_path(&ty.path),
                _ => Type::Path(self.path(ty.qself.as_ref(), &ty.path)),
            },
            syn::Type::Reference(ty) => Type::Ref(Box::new(self.ty(&ty.elem))),
            syn::Type::Ptr(ty) => Type::Ref(Box::new(self.ty(&ty.elem))),
            syn::Type::Tuple(ty) => Type::Tuple(ty.elems.iter().map(|elem| self.ty(elem)).collect()),
            syn::Type::Array(ty) => Type::Slice(Box::new(self.ty(&ty.elem))),
            syn::Type::Slice(ty) => Type::Slice(Box::new(self.ty(&ty.elem))),
            syn::Type::ImplTrait(ty) => Type::Impl(self.bounds(&ty.bounds)),
            syn::Type::TraitObject(ty) => Type::Dyn(self.bounds(&ty.bounds)),
            syn::Type::FnPtr(ty) => {
                Type::Fn { params: ty.inputs.iter().map(|arg| self.ty(&arg.ty)).collect(), ret: self.ret(&ty.output) }
            }
            syn::Type::Group(ty) => self.ty(&ty.elem),
            syn::Type::Paren(ty) => self.ty(&ty.elem),
            syn::Type::Infer(_) => Type::Infer,
            syn::Type::Never(_) => Type::Never,
            _ => Type::Opaque,
        }
    }

    fn ret(&mut self, output: &ReturnType) -> Option<Box<Type>> {
        match output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(Box::new(self.ty(ty))),
        }
    }

    /// The traits among bounds: lifetimes and `use<..>` say nothing about values.
    pub(super) fn bounds<'a>(&mut self, bounds: impl IntoIterator<Item = &'a TypeParamBound>) -> Vec<Type> {
        let bounds = bounds.into_iter().filter_map(|bound| match bound {
            TypeParamBound::Trait(bound) => Some(self.bound_path(&bound.path)),
            TypeParamBound::Lifetime(_) | TypeParamBound::PreciseCapture(_) => None,
            _ => Some(Type::Opaque),
        });
        bounds.collect()
    }

    /// A trait as a bound: `Fn(A) -> B`, `Future<Output = T>` or a plain path.
    fn bound_path(&mut self, path: &syn::Path) -> Type {
        match path.segments.last().map(|last| &last.arguments) {
            Some(PathArguments::Parenthesized(args)) => Type::Fn {
                params: args.inputs.iter().map(|arg| self.ty(&arg.ty)).collect(),
                ret: self.ret(&args.output),
            },
            Some(PathArguments::AngleBracketed(angle)) => {
                let value = angle.args.iter().find_map(|arg| match arg {
                    GenericArgument::AssocType(assoc) => Some(self.ty(&assoc.ty)),
                    _ => None,
                });
                let bound = self.path(None, path);
                match value {
                    Some(value) => Type::Assoc { bound, value: Box::new(value) },
                    None => Type::Path(bound),
                }
            }
            _ => Type::Path(self.path(None, path)),
        }
    }

    /// Type parameters with the bounds of their `where` clauses. A clause about another type (`T::Error: Into<E>`) has
    /// an entry of its own, named by that type's path.
    pub(super) fn generics(&mut self, generics: &syn::Generics) -> Vec<Generic> {
        let mut lowered: Vec<Generic> = Vec::new();
        for param in generics.type_params() {
            lowered.push(Generic { name: self.name(&param.ident), bounds: self.bounds(&param.bounds) });
        }
        for predicate in generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
            let syn::WherePredicate::Type(predicate) = predicate else { continue };
            let Type::Path(path) = self.ty(&predicate.bounded_ty) else { continue };
            let bounds = self.bounds(&predicate.bounds);
            let name = match path.segments.as_slice() {
                [name] => *name,
                names => Name::new(&names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join("::")),
            };
            match lowered.iter_mut().find(|generic| generic.name == name) {
                Some(generic) => generic.bounds.extend(bounds),
                None => lowered.push(Generic { name, bounds }),
            }
        }
        lowered
    }

    fn path_span(&self, qself: Option<&syn::QSelf>, path: &syn::Path) -> Span {
        let (Some(first), Some(last)) = (path.segments.first(), path.segments.last()) else { return Span::default() };
        let start = match (qself, &path.leading_colon) {
            (Some(qself), _) => self.at(qself.lt_token.span),
            (None, Some(colon)) => self.at(colon.spans[0]),
            (None, None) => self.at(first.ident.span()),
        };
        let end = match &last.arguments {
            PathArguments::None => self.at(last.ident.span()),
            PathArguments::AngleBracketed(angle) => self.at(angle.gt_token.span),
            PathArguments::Parenthesized(args) => match &args.output {
                ReturnType::Default => self.at(args.paren_token.span.close()),
                ReturnType::Type(_, ty) => self.span_of(ty),
            },
        };
        to(start, end)
    }
}
