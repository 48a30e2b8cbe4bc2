//! Fields, methods and results by type: what both the static summary and the interpreter ask.

use std::sync::Arc;

use crate::engine::types::{Scope, Ty};
use crate::ir::Name;
use crate::models::Models;
use crate::syntax::program::{FnId, Program, TypeId};

/// The program with the models.
#[derive(Clone, Copy)]
pub struct Lookup<'a> {
    /// The unit.
    pub program: &'a Program,
    /// What external names mean.
    pub models: &'a Models,
}

/// Methods that give the receiver back, as far as types go.
const SAME: &[&str] = &[
    "clone",
    "as_ref",
    "as_mut",
    "to_owned",
    "borrow",
    "borrow_mut",
    "lock",
    "read",
    "write",
    "deref",
    "load",
    "load_full",
    "boxed",
    "by_ref",
    "as_deref",
    "as_deref_mut",
    "cloned",
    "copied",
    "iter",
    "iter_mut",
    "into_iter",
    "values",
    "filter",
    "rev",
    "skip",
    "take_while",
    "skip_while",
    "chain",
    "collect",
    "or",
    "or_else",
    "inspect",
    "inspect_err",
    "into_inner",
    "get_mut",
    "fuse",
    "boxed_local",
    "with_context",
    "context",
    "wrap_err",
    "wrap_err_with",
    "instrument",
    "in_current_span",
    "map_err",
    "peekable",
    "drain",
    "values_mut",
    "into_values",
    "step_by",
    "blocking_lock",
    "blocking_read",
    "blocking_write",
    "try_lock",
    "or_insert_with",
    "or_insert",
    "to_vec",
    "as_slice",
    "chunks",
    "windows",
    "unwrap_or_else_default",
    "shared",
    "map_ok",
    "or_default",
    "entry",
    "borrowed",
];

/// Implementations of a trait looked at for one call.
const IMPLEMENTORS: usize = 40;

impl<'a> Lookup<'a> {
    /// The type of a field.
    pub fn field(self, ty: &Ty, name: Name) -> Ty {
        match ty {
            Ty::Adt(id, args) => {
                let data = self.program.ty(*id);
                let Some(field) = data.def.variants.iter().flat_map(|v| &v.fields).find(|f| f.name == name) else {
                    return Ty::Unknown;
                };
                self.type_scope(*id, args).read(self.program, &field.ty)
            }
            Ty::Tuple(parts) => {
                name.as_str().parse::<usize>().ok().and_then(|i| parts.get(i).cloned()).unwrap_or(Ty::Unknown)
            }
            _ => Ty::Unknown,
        }
    }

    /// The scope in which the fields of a type are read.
    pub fn type_scope(self, id: TypeId, args: &[Ty]) -> Scope {
        let data = self.program.ty(id);
        let mut scope = Scope {
            module: data.module,
            self_ty: Ty::Adt(id, args.iter().cloned().collect()),
            generics: Default::default(),
        };
        for (generic, arg) in data.def.generics.iter().zip(args) {
            scope.generics.insert(generic.name, arg.clone());
        }
        scope
    }

    /// The functions that a method call on a type may run. `arity` is the number of arguments without the receiver.
    pub fn methods(self, recv: &Ty, name: Name, arity: usize) -> Vec<FnId> {
        match recv {
            Ty::Adt(id, _) => self.program.method(*id, name).into_iter().collect(),
            Ty::Dyn(trait_) => {
                let mut found: Vec<FnId> = self
                    .program
                    .implementors(*trait_)
                    .filter_map(|owner| self.program.method(owner, name))
                    .chain(self.program.blanket(*trait_, name))
                    .filter(|f| !self.program.signature(*f).is_test())
                    .take(IMPLEMENTORS)
                    .collect();
                found
                    .extend(self.program.trait_method(*trait_, name).filter(|f| self.program.signature(*f).has_body()));
                found.dedup();
                found
            }
            Ty::Unknown => self.only_method(name, arity).into_iter().collect(),
            Ty::Ext(path) => {
                let last = path.as_str().rsplit("::").next().unwrap_or("");
                self.program.extensions(Name::new(last), name).iter().copied().take(1).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The method that an `impl` of some trait gives a type, before one of its own with the same name.
    pub fn implemented(self, ty: &Ty, name: Name) -> Option<FnId> {
        let Ty::Adt(id, _) = ty else { return None };
        let is_implemented = |f: &&FnId| {
            let function = self.program.signature(**f);
            function.name() == name && function.trait_().is_some()
        };
        self.program.functions_of(*id).iter().find(is_implemented).copied().or_else(|| self.program.method(*id, name))
    }

    /// The one method of the unit with this name and arity. A name that any type may have is never taken.
    fn only_method(self, name: Name, arity: usize) -> Option<FnId> {
        const COMMON: &[&str] = &[
            "new",
            "get",
            "set",
            "send",
            "run",
            "next",
            "call",
            "execute",
            "start",
            "stop",
            "close",
            "open",
            "connect",
            "read",
            "write",
            "poll",
            "push",
            "pop",
            "insert",
            "remove",
            "len",
            "is_empty",
            "clone",
            "default",
            "from",
            "into",
            "build",
            "with",
            "map",
            "and_then",
            "status",
            "code",
            "kind",
            "message",
            "source",
            "name",
            "id",
            "data",
            "update",
            "reset",
            "clear",
            "add",
            "flush",
            "wait",
            "join",
            "lock",
            "unwrap",
            "expect",
            "ok",
            "err",
            "as_str",
            "to_string",
            "parse",
            "fetch",
            "load",
            "save",
            "init",
            "shutdown",
            "handle",
            "process",
            "request",
            "query",
            "post",
            "put",
            "delete",
            "head",
            "patch",
            "text",
            "json",
            "bytes",
            "body",
            "headers",
            "url",
            "path",
            "take",
            "contains",
            "iter",
            "fmt",
            "eq",
            "cmp",
            "hash",
            "drop",
            "deref",
            "index",
            "borrow",
            "as_ref",
            "recv",
            "abort",
            "retry",
            "spawn",
        ];
        if COMMON.contains(&name.as_str()) {
            return None;
        }
        self.program.only_method(name, arity)
    }

    /// What a function returns; a future counts as its output.
    pub fn returns(self, id: FnId) -> Ty {
        match self.program.signature(id).ret() {
            Some(ty) => Scope::of(self.program, id).read(self.program, ty),
            None => Ty::Unit,
        }
    }

    /// The result type of a method that is not the unit's own.
    pub fn method_result(self, recv: &Ty, name: &str) -> Ty {
        if let Ty::Ext(path) = recv
            && let Some(network) = self.models.network_method(path.as_str(), name)
        {
            let ok = network.response.map_or(Ty::Unknown, |r| Ty::ext(r.as_str()));
            return Ty::Result(Arc::new(ok), Arc::new(Ty::Ext(network.error)));
        }
        if SAME.contains(&name) {
            return recv.clone();
        }
        match (recv, name) {
            (
                _,
                "is_some" | "is_none" | "is_ok" | "is_err" | "is_empty" | "contains" | "starts_with" | "ends_with"
                | "any" | "all",
            ) => Ty::Bool,
            (_, "to_string" | "to_lowercase" | "to_uppercase" | "trim" | "as_str" | "to_ascii_lowercase") => Ty::Str,
            (_, "len" | "count" | "as_u16" | "as_secs" | "as_millis") => Ty::Int,
            (
                Ty::Option(inner) | Ty::Result(inner, _),
                "unwrap" | "expect" | "unwrap_or" | "unwrap_or_else" | "unwrap_or_default",
            ) => (**inner).clone(),
            (Ty::Result(inner, _), "ok") => Ty::Option(inner.clone()),
            (Ty::Result(_, error), "err") => Ty::Option(error.clone()),
            (Ty::Result(_, error), "unwrap_err" | "expect_err") => (**error).clone(),
            (Ty::Option(inner), "ok_or" | "ok_or_else") => Ty::Result(inner.clone(), Arc::new(Ty::Unknown)),
            (Ty::Option(_), "take" | "replace" | "insert" | "get_or_insert_with") => recv.clone(),
            (
                Ty::List(inner),
                "next" | "first" | "last" | "get" | "pop" | "pop_front" | "pop_back" | "find" | "peek" | "remove",
            ) => Ty::Option(inner.clone()),
            (Ty::List(_), "take") => recv.clone(),
            (Ty::List(inner), "enumerate") => {
                Ty::List(Arc::new(Ty::Tuple([Ty::Int, (**inner).clone()].into_iter().collect())))
            }
            (Ty::Str, "parse") => Ty::Result(Arc::new(Ty::Unknown), Arc::new(Ty::Unknown)),
            (Ty::Ext(_), "unwrap" | "expect" | "unwrap_or_default" | "unwrap_or_else") => recv.clone(),
            // Some value of the same crate: enough to know a client's request when it is sent.
            (Ty::Ext(path), _) => {
                let krate = path.as_str().split("::").next().unwrap_or("");
                Ty::ext(&format!("{krate}::?"))
            }
            (Ty::Adt(..) | Ty::Dyn(_) | Ty::Int | Ty::Float, "unwrap" | "expect" | "min" | "max") => recv.clone(),
            _ => Ty::Unknown,
        }
    }

    /// The result type of a call to an external path: `a::B::new` gives `a::B`.
    pub fn external_result(self, path: &str) -> Ty {
        if let Some(given) = self.models.constructor(path) {
            return Ty::Ext(given);
        }
        if let Some(network) = self.models.network_fn(path) {
            let ok = network.response.map_or(Ty::Unknown, |r| Ty::ext(r.as_str()));
            return Ty::Result(Arc::new(ok), Arc::new(Ty::Ext(network.error)));
        }
        let Some((owner, _)) = path.rsplit_once("::") else { return Ty::Unknown };
        if owner.starts_with("std::") || owner.starts_with("core::") {
            return Ty::Unknown;
        }
        Ty::ext(owner)
    }
}
