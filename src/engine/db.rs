//! What is computed once per unit and shared by all runs: summaries, scopes, default values of fields, and which
//! functions reach the network.

use std::sync::{Arc, Mutex, OnceLock};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::engine::lookup::Lookup;
use crate::engine::pattern::VariantKind;
use crate::engine::summary::{self, Call, Summary};
use crate::engine::trace::At;
use crate::engine::types::{Scope, Ty};
use crate::engine::value::Value;
use crate::ir::visit::{self, Node};
use crate::ir::{BinOp, Expr, ExprKind, Lit, Name, Path, Span, Stmt};
use crate::models::Models;
use crate::syntax::program::{FnId, ModId, Program, Res, TypeId};

/// Calls followed from an attempt to the network.
const HOPS: u32 = 7;

/// A path where it is written: module, place and last name.
type PathKey = (ModId, Span, Name);
/// Locks of the cache of resolved paths.
const SHARDS: usize = 64;

/// The shared facts of a unit.
pub struct Db<'a> {
    /// The program with the models.
    pub lookup: Lookup<'a>,
    /// Attempts with a dead key that a healthy loop may make.
    pub allowed: u32,
    summaries: Vec<Summary>,
    scopes: Vec<Arc<Scope>>,
    /// Calls from a function to the nearest network call; `None` where there is none within [`HOPS`].
    network_hops: Vec<Option<u32>>,
    /// Delays of each function, and calls of functions with delays.
    delays: Vec<Vec<Span>>,
    /// Calls of each function that go to the network or lead there.
    ways: Vec<Vec<Span>>,
    resolved: Vec<Mutex<FxHashMap<PathKey, Option<Res>>>>,
    callers: FxHashMap<FnId, Vec<(FnId, Span)>>,
    /// Functions that hand out a type and belong to another: builders.
    makers: FxHashMap<TypeId, Vec<FnId>>,
    defaults: Vec<OnceLock<FxHashMap<Name, Value>>>,
    status_errors: OnceLock<bool>,
}

impl<'a> Db<'a> {
    /// Summarises every function of the unit.
    pub fn new(program: &'a Program, models: &'a Models, allowed: u32) -> Db<'a> {
        let lookup = Lookup { program, models };
        let ids: Vec<FnId> = program.functions().collect();
        let scopes: Vec<Arc<Scope>> = ids.par_iter().map(|id| Arc::new(Scope::of(program, *id))).collect();
        let summaries: Vec<Summary> = ids.par_iter().map(|id| summary::summarise(lookup, *id)).collect();
        let mut db = Db {
            lookup,
            allowed,
            summaries,
            scopes,
            network_hops: vec![None; ids.len()],
            delays: Vec::new(),
            ways: Vec::new(),
            resolved: (0..SHARDS).map(|_| Mutex::default()).collect(),
            callers: FxHashMap::default(),
            makers: FxHashMap::default(),
            defaults: (0..program.types.len()).map(|_| OnceLock::new()).collect(),
            status_errors: OnceLock::new(),
        };
        db.link(&ids);
        db
    }

    fn link(&mut self, ids: &[FnId]) {
        for id in ids {
            let summary = &self.summaries[id.0 as usize];
            for (span, call) in &summary.calls {
                for target in &call.targets {
                    self.callers.entry(*target).or_default().push((*id, *span));
                }
            }
        }
        for callers in self.callers.values_mut() {
            callers.sort();
        }
        for id in ids {
            let made = match self.lookup.returns(*id) {
                Ty::Result(ok, _) | Ty::Option(ok) => (*ok).clone(),
                ty => ty,
            };
            let data = self.lookup.program.function(*id);
            if let Ty::Adt(made, _) = made
                && data.owner != Some(made)
                && !data.is_test
            {
                self.makers.entry(made).or_default().push(*id);
            }
        }
        // Breadth first from the functions that go to the network themselves, against the calls.
        let mut front: Vec<FnId> = ids
            .iter()
            .copied()
            .filter(|id| self.summaries[id.0 as usize].calls.values().any(|c| c.network.is_some()))
            .collect();
        for hops in 0..=HOPS {
            let mut next = Vec::new();
            for id in front {
                let slot = &mut self.network_hops[id.0 as usize];
                if slot.is_none() {
                    *slot = Some(hops);
                    next.extend(self.callers.get(&id).into_iter().flatten().map(|(caller, _)| *caller));
                }
            }
            next.sort();
            next.dedup();
            front = next;
        }
        self.ways = ids
            .par_iter()
            .map(|id| {
                let calls = &self.summaries[id.0 as usize].calls;
                let mut ways: Vec<Span> = calls.iter().filter(|(_, c)| self.reaches(c)).map(|(at, _)| *at).collect();
                ways.sort();
                ways
            })
            .collect();
        let own: Vec<Vec<Span>> =
            ids.par_iter().map(|id| delays(self.lookup, &self.scopes[id.0 as usize], *id)).collect();
        self.delays = ids
            .par_iter()
            .map(|id| {
                let mut spans = own[id.0 as usize].clone();
                for (at, call) in &self.summaries[id.0 as usize].calls {
                    if call.targets.iter().any(|t| !own[t.0 as usize].is_empty()) {
                        spans.push(*at);
                    }
                }
                spans.sort();
                spans
            })
            .collect();
    }

    /// The program.
    pub fn program(&self) -> &'a Program {
        self.lookup.program
    }

    /// The scope of a function.
    pub fn scope(&self, id: FnId) -> Arc<Scope> {
        self.scopes[id.0 as usize].clone()
    }

    /// The summary of a function.
    pub fn summary(&self, id: FnId) -> &Summary {
        &self.summaries[id.0 as usize]
    }

    /// What the summary says of a call.
    pub fn call(&self, id: FnId, span: Span) -> Option<&Call> {
        self.summaries[id.0 as usize].calls.get(&span)
    }

    /// The type of a call's result, as the summary saw it.
    pub fn static_type(&self, id: FnId, span: Span) -> Ty {
        self.call(id, span).and_then(|c| c.ty.clone()).unwrap_or(Ty::Unknown)
    }

    /// Calls from a function to the network.
    pub fn hops(&self, id: FnId) -> Option<u32> {
        self.network_hops[id.0 as usize]
    }

    /// Whether a call goes to the network, or to a function that does.
    pub fn reaches(&self, call: &Call) -> bool {
        call.network.is_some() || call.targets.iter().any(|t| self.hops(*t).is_some())
    }

    /// Whether anything in a range of a function goes to the network.
    pub fn reaches_within(&self, id: FnId, span: Span) -> bool {
        self.ways[id.0 as usize].iter().any(|at| span.contains(*at))
    }

    /// The calls to a function: who, and where.
    pub fn callers(&self, id: FnId) -> &[(FnId, Span)] {
        self.callers.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Whether a function is test code that code outside of tests has nothing to do with.
    pub fn is_foreign_test(&self, id: FnId, home: FnId) -> bool {
        self.program().function(id).is_test && !self.program().function(home).is_test
    }

    /// The functions that hand out a type and belong to another, or to none: `Builder::build`, `connect`.
    pub fn makers(&self, id: TypeId) -> &[FnId] {
        self.makers.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The innermost function that holds a place.
    pub fn function_at(&self, at: At) -> Option<FnId> {
        self.program()
            .functions()
            .filter(|id| {
                let data = self.program().function(*id);
                data.file == at.file && data.span.contains(at.span)
            })
            .min_by_key(|id| {
                let span = self.program().function(*id).span;
                span.end - span.start
            })
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
        let asks = || self.program().files.iter().any(|file| file.source.text.contains("error_for_status"));
        *self.status_errors.get_or_init(asks)
    }

    /// Resolves a path in a scope.
    pub fn resolve(&self, scope: &Scope, path: &Path) -> Option<Res> {
        let key = (scope.module, path.span, path.last());
        let shard = &self.resolved[path.span.start as usize % SHARDS];
        // A poisoned lock still holds valid entries: inserting is the only write.
        if let Some(found) = shard.lock().unwrap_or_else(|e| e.into_inner()).get(&key) {
            return found.clone();
        }
        let found = summary::resolve_path(self.lookup, scope, path);
        shard.lock().unwrap_or_else(|e| e.into_inner()).insert(key, found.clone());
        found
    }

    /// Whether a range of a function holds a delay: a modelled one, or a call of a function with one.
    pub fn is_delay_within(&self, id: FnId, span: Span) -> bool {
        self.delays[id.0 as usize].iter().any(|at| span.contains(*at))
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
        let fields = self.defaults[id.0 as usize].get_or_init(|| self.read_defaults(id));
        fields.get(&name).cloned()
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
            ExprKind::Path(path) => match self.resolve(&self.scopes[home.0 as usize], path)? {
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

fn delays(lookup: Lookup<'_>, scope: &Scope, id: FnId) -> Vec<Span> {
    let mut found = Vec::new();
    if let Some(body) = &lookup.program.function(id).def.body {
        visit::block(body, &mut |node| {
            if let Node::Expr(e) = node
                && is_delay(lookup, scope, e)
            {
                found.push(e.span);
            }
            true
        });
    }
    found
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
