//! The door through which runs, rules and repairs ask for what is known of a unit: the facts of the `store`, and what
//! names mean. What is handed out is noted for those who keep results.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::engine::birth::{self, Birth};
use crate::engine::lookup::Lookup;
use crate::engine::pattern::VariantKind;
use crate::engine::scenario::Scenario;
use crate::engine::store::Store;
use crate::engine::summary::{self, Call, Summary};
use crate::engine::trace::At;
use crate::engine::types::{Scope, Ty};
use crate::engine::value::Value;
use crate::ir::{BinOp, Expr, ExprKind, Lit, Name, Path, Span, Stmt};
use crate::syntax::program::reads::{Key, note};
use crate::syntax::program::{FnId, Program, Res, TypeId};

/// The shared facts of a unit, with the program and the models that they are about.
pub struct Db<'a> {
    /// The program with the models.
    pub lookup: Lookup<'a>,
    /// Attempts with a dead key that a healthy loop may make.
    pub allowed: u32,
    store: &'a Store,
}

impl<'a> Db<'a> {
    /// The door to the facts of a program.
    pub fn new(lookup: Lookup<'a>, store: &'a Store, allowed: u32) -> Db<'a> {
        Db { lookup, allowed, store }
    }

    /// The facts.
    pub fn store(&self) -> &'a Store {
        self.store
    }

    /// The program.
    pub fn program(&self) -> &'a Program {
        self.lookup.program
    }

    /// The scope of a function.
    pub fn scope(&self, id: FnId) -> Arc<Scope> {
        note(Key::Scope(id));
        self.store.scope(id).clone()
    }

    /// The summary of a function.
    pub fn summary(&self, id: FnId) -> &Summary {
        note(Key::Summary(id));
        self.store.summary(id)
    }

    /// What the summary says of a call.
    pub fn call(&self, id: FnId, span: Span) -> Option<&Call> {
        self.summary(id).calls.get(&span)
    }

    /// The type of a call's result, as the summary saw it.
    pub fn static_type(&self, id: FnId, span: Span) -> Ty {
        self.call(id, span).and_then(|c| c.ty.clone()).unwrap_or(Ty::Unknown)
    }

    /// Calls from a function to the network.
    pub fn hops(&self, id: FnId) -> Option<u32> {
        note(Key::Hops(id));
        self.store.hops(id)
    }

    /// Whether a call goes to the network, or to a function that does.
    pub fn reaches(&self, call: &Call) -> bool {
        call.network.is_some() || call.targets.iter().any(|t| self.hops(*t).is_some())
    }

    /// Whether anything in a range of a function goes to the network.
    pub fn reaches_within(&self, id: FnId, span: Span) -> bool {
        note(Key::Ways(id));
        self.store.ways(id).iter().any(|at| span.contains(*at))
    }

    /// The calls to a function: who, and where.
    pub fn callers(&self, id: FnId) -> &[(FnId, Span)] {
        note(Key::Callers(id));
        self.store.callers(id)
    }

    /// The functions that call a function.
    pub fn calling(&self, id: FnId) -> Vec<FnId> {
        note(Key::Calling(id));
        let mut found: Vec<FnId> = self.store.callers(id).iter().map(|(caller, _)| *caller).collect();
        found.dedup();
        found
    }

    /// The functions that a function calls, or hands on to be called.
    pub fn called(&self, id: FnId) -> Vec<FnId> {
        note(Key::Called(id));
        self.store.summary(id).called()
    }

    /// What a refused credential becomes as a value of this type, function by function.
    pub(super) fn births(&self, scenario: Scenario, ty: TypeId) -> Arc<[Birth]> {
        self.store.births.get((ty, scenario), || birth::births(self, scenario, ty).into())
    }

    /// Whether a function is test code that code outside of tests has nothing to do with.
    pub fn is_foreign_test(&self, id: FnId, home: FnId) -> bool {
        self.program().signature(id).is_test() && !self.program().signature(home).is_test()
    }

    /// The functions that hand out a type and belong to another, or to none: `Builder::build`, `connect`.
    pub fn makers(&self, id: TypeId) -> &[FnId] {
        note(Key::Makers(id));
        self.store.makers(id)
    }

    /// The functions of the unit's own code that give back a type as their error, the nearest to the network first.
    pub fn given_back(&self, id: TypeId) -> Vec<FnId> {
        note(Key::GivenBack(id));
        let all = self.store.given_back(id);
        let mut found: Vec<FnId> = all.filter(|(f, takes)| *takes || self.hops(*f).is_some()).map(|(f, _)| f).collect();
        found.sort_by_key(|f| (self.hops(*f).unwrap_or(0), *f));
        found
    }

    /// The structs that hold a type, with the field.
    pub fn holders(&self, id: TypeId) -> impl Iterator<Item = (TypeId, Name)> + '_ {
        note(Key::Holders(id));
        self.store.holders(id).iter().filter_map(|(holder, at)| {
            let mut fields = self.program().ty(*holder).def.variants.iter().flat_map(|v| &v.fields);
            Some((*holder, fields.nth(*at as usize)?.name))
        })
    }

    /// The first function of a crate that puts a credential into a request.
    pub fn sender(&self, krate: Name) -> Option<FnId> {
        note(Key::Sender(krate));
        self.store.sender(krate)
    }

    /// The innermost function that holds a place.
    pub fn function_at(&self, at: At) -> Option<FnId> {
        self.program().function_at(at.file, at.span)
    }

    /// Whether a function's result is an answer that others act on, rather than a value they use.
    pub fn decides(&self, id: FnId) -> bool {
        match self.lookup.returns(id) {
            Ty::Bool | Ty::Adt(..) => true,
            Ty::Option(inner) => {
                matches!(&*inner, Ty::Ext(path) if path.as_str().ends_with("Duration")) || *inner == Ty::Bool
            }
            Ty::Ext(path) => path.as_str().ends_with("ControlFlow"),
            _ => false,
        }
    }

    /// Whether the unit turns statuses into errors of its client: `error_for_status`.
    pub fn asks_for_status_errors(&self) -> bool {
        note(Key::StatusErrors);
        self.store.asks_for_status_errors()
    }

    /// Resolves a path in a scope.
    pub fn resolve(&self, scope: &Scope, path: &Path) -> Option<Res> {
        let key = (scope.module, path.span, path.last());
        self.store.resolved.get(key, || summary::resolve_path(self.lookup, scope, path))
    }

    /// Whether a range of a function holds a delay: a modelled one, or a call of a function with one.
    pub fn is_delay_within(&self, id: FnId, span: Span) -> bool {
        note(Key::Delays(id));
        self.store.delays(id).iter().any(|at| span.contains(*at))
    }

    /// What the name of a variant says about a refused credential.
    pub fn variant_kind(&self, name: &str) -> VariantKind {
        const CARRIERS: &[&str] = &[
            "status",
            "statuscode",
            "http",
            "api",
            "httperror",
            "apierror",
            "response",
            "httpstatus",
            "unexpectedstatus",
            "badstatus",
            "reqwest",
            "request",
            "service",
            "serviceerror",
            "upstream",
            "provider",
            "remote",
            "client",
            "responseerror",
            "requestfailed",
            "backend",
            "providererror",
            "grpc",
            "rpc",
            "tonic",
        ];
        let words = &self.lookup.models.words;
        let parts = crate::models::split_words(name);
        let joined = parts.concat();
        if words.names("auth", name) && !words.names("absent", name) {
            return VariantKind::Own;
        }
        if CARRIERS.contains(&joined.as_str()) {
            return VariantKind::Carrier;
        }
        if words.names("other", name) {
            return VariantKind::Other;
        }
        if parts.iter().any(|p| CARRIERS.contains(&p.as_str())) {
            return VariantKind::Carrier;
        }
        VariantKind::Neutral
    }

    /// A variant that takes what has no variant of its own.
    pub fn is_catch_all(&self, variant: &crate::ir::Variant) -> bool {
        const NAMES: &[&str] = &[
            "other",
            "unknown",
            "internal",
            "unexpected",
            "generic",
            "misc",
            "custom",
            "anyhow",
            "general",
            "unhandled",
        ];
        let words = crate::models::split_words(variant.name.as_str());
        words.iter().any(|w| NAMES.contains(&w.as_str()))
            || variant.fields.iter().any(|f| f.from && matches!(&f.ty, crate::ir::Type::Path(p) if p.segments.iter().any(|s| *s == "anyhow" || *s == "eyre")))
    }

    /// The value that a field has by `Default`, for numbers, flags and durations.
    pub fn default_field(&self, id: TypeId, name: Name) -> Option<Value> {
        self.store.defaults.get(id, || Arc::new(self.read_defaults(id))).get(&name).cloned()
    }

    fn read_defaults(&self, id: TypeId) -> FxHashMap<Name, Value> {
        let mut out = FxHashMap::default();
        let Some(function) = self.program().method(id, Name::new("default")) else { return out };
        let Some(body) = &self.program().function(function).def.body else { return out };
        let Some(Stmt::Expr { expr: Expr { kind: ExprKind::Struct { fields, .. }, .. }, .. }) = body.stmts.last()
        else {
            return out;
        };
        for (name, value) in fields {
            if let Some(value) = self.plain(function, value, 0) {
                out.insert(*name, value);
            }
        }
        out
    }

    /// A constant expression of numbers and durations.
    fn plain(&self, home: FnId, e: &Expr, depth: u32) -> Option<Value> {
        if depth > 6 {
            return None;
        }
        match &e.kind {
            ExprKind::Lit(Lit::Int(n)) => Some(Value::Int(*n)),
            ExprKind::Lit(Lit::Float(f)) => Some(Value::Float(*f)),
            ExprKind::Lit(Lit::Bool(b)) => Some(Value::Bool(*b)),
            ExprKind::Path(path) => match self.resolve(&self.scope(home), path)? {
                Res::Def(crate::syntax::program::Def::Const(id)) => {
                    let value = self.program().constant(id).def.value.as_ref()?;
                    self.plain(home, value, depth + 1)
                }
                _ => None,
            },
            ExprKind::Binary(op, a, b) => {
                match (op, self.plain(home, a, depth + 1)?, self.plain(home, b, depth + 1)?) {
                    (BinOp::Mul, Value::Int(a), Value::Int(b)) => a.checked_mul(b).map(Value::Int),
                    (BinOp::Add, Value::Int(a), Value::Int(b)) => a.checked_add(b).map(Value::Int),
                    _ => None,
                }
            }
            ExprKind::Call { callee, args } => {
                let ExprKind::Path(path) = &callee.kind else { return None };
                let value = self.plain(home, args.first()?, depth + 1)?;
                if path.last() == "Some" {
                    return Some(Value::some(value));
                }
                super::duration::constructor(path.last().as_str(), &value)
            }
            _ => None,
        }
    }
}

/// Whether an expression is a modelled delay.
pub fn is_delay(lookup: Lookup<'_>, scope: &Scope, e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Call { callee, .. } => match &callee.kind {
            ExprKind::Path(path) => match summary::resolve_path(lookup, scope, path) {
                Some(Res::External(full)) => {
                    lookup.models.delay(&super::types::join(&full)).is_some()
                        || (full.len() > 1 && lookup.models.words.has("delay", path.last().as_str()))
                }
                Some(Res::Def(_)) => false,
                None => lookup.models.words.has("delay", path.last().as_str()),
            },
            _ => false,
        },
        ExprKind::Method { name, .. } => *name == "tick" || lookup.models.words.has("delay", name.as_str()),
        _ => false,
    }
}
