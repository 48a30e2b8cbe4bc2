//! What every function does, as seen without running it: which functions it calls, whether it goes to the network,
//! and what in it speaks of a credential.
//!
//! One walk per function with the types that are written down. The interpreter uses the call targets and result
//! types found here for values that it does not know better itself; `evidence` follows the calls.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::engine::lookup::Lookup;
use crate::engine::types::{Scope, Ty, join};
use crate::ir::{Block, Expr, ExprKind, Lit, MacroBody, Name, Param, Pat, PatKind, Span, Stmt};
use crate::models::{Network, Place};
use crate::syntax::program::{Def, FnId, Res};

/// A call as the summary saw it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// The functions it may run.
    pub targets: Vec<FnId>,
    /// It goes to the network.
    pub network: Option<Network>,
    /// It calls a parameter, a field or a local variable that holds a function.
    pub indirect: bool,
    /// It is a retry library's, by the index of its model.
    pub retry: Option<usize>,
    /// What it returns.
    pub ty: Option<Ty>,
    /// A closure or function argument may be run by it.
    pub passes: Vec<FnId>,
}

/// A sign of a credential.
#[derive(Clone, Debug, PartialEq)]
pub struct Sign {
    /// Where.
    pub span: Span,
    /// What it is, for people: "`bearer_auth`".
    pub what: String,
    /// It puts a credential into a request, rather than just being named like one.
    pub strong: bool,
}

/// The summary of a function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Calls by the span of the call expression.
    pub calls: FxHashMap<Span, Call>,
    /// Signs of a credential in source order.
    pub signs: Vec<Sign>,
}

impl Summary {
    /// The functions that it calls, or hands on to be called.
    pub fn called(&self) -> Vec<FnId> {
        let calls = self.calls.values();
        let mut found: Vec<FnId> = calls.flat_map(|c| c.targets.iter().chain(&c.passes)).copied().collect();
        found.sort();
        found.dedup();
        found
    }
}

/// Summarises one function.
pub fn summarise(lookup: Lookup<'_>, id: FnId) -> Summary {
    let data = lookup.program.function(id);
    let mut walk = Walk { lookup, scope: Scope::of(lookup.program, id), locals: Vec::new(), out: Summary::default() };
    for param in &data.def.params {
        walk.bind_param(param);
    }
    if let Some(body) = &data.def.body {
        walk.block(body);
    }
    walk.out
}

struct Walk<'a> {
    lookup: Lookup<'a>,
    scope: Scope,
    locals: Vec<(Name, Ty)>,
    out: Summary,
}

impl Walk<'_> {
    fn bind_param(&mut self, param: &Param) {
        let ty = match param.pat.kind {
            PatKind::Bind { name, .. } if name == "self" => self.scope.self_ty.clone(),
            _ => self.scope.read(self.lookup.program, &param.ty),
        };
        self.bind(&param.pat, ty);
    }

    fn sign(&mut self, span: Span, what: &str, strong: bool) {
        self.out.signs.push(Sign { span, what: what.to_owned(), strong });
    }

    fn name_sign(&mut self, span: Span, name: Name) {
        if self.lookup.models.words.is_credential(name.as_str()) {
            self.sign(span, name.as_str(), name == "AUTHORIZATION");
        }
    }

    fn bind(&mut self, pat: &Pat, ty: Ty) {
        match &pat.kind {
            PatKind::Bind { name, sub } => {
                self.locals.push((*name, ty.clone()));
                if let Some(sub) = sub {
                    self.bind(sub, ty);
                }
            }
            PatKind::Ref(inner) => self.bind(inner, ty),
            PatKind::TupleStruct(path, parts) => {
                let inner = |i: usize| match (path.last().as_str(), &ty) {
                    ("Some" | "Ok", Ty::Option(inner) | Ty::Result(inner, _)) => (**inner).clone(),
                    ("Err", Ty::Result(_, error)) => (**error).clone(),
                    // `builder.try_clone()`: still some value of that crate.
                    ("Some" | "Ok", Ty::Ext(_)) => ty.clone(),
                    _ => match self.lookup.program.resolve(self.scope.module, &path.segments) {
                        Some(Res::Def(Def::Variant(id, index))) => {
                            let field = self.lookup.program.variant(id, index).fields.get(i).map(|f| &f.ty);
                            field.map_or(Ty::Unknown, |f| self.lookup.type_scope(id, &[]).read(self.lookup.program, f))
                        }
                        _ => Ty::Unknown,
                    },
                };
                let types: Vec<Ty> = (0..parts.len()).map(inner).collect();
                for (part, ty) in parts.iter().zip(types) {
                    self.bind(part, ty);
                }
            }
            PatKind::Struct(_, fields) => {
                for (name, part) in fields {
                    let inner = self.lookup.field(&ty, *name);
                    self.bind(part, inner);
                }
            }
            PatKind::Tuple(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    let inner = match &ty {
                        Ty::Tuple(types) => types.get(i).cloned().unwrap_or(Ty::Unknown),
                        _ => Ty::Unknown,
                    };
                    self.bind(part, inner);
                }
            }
            PatKind::Slice(parts) => {
                let inner = match &ty {
                    Ty::List(inner) => (**inner).clone(),
                    _ => Ty::Unknown,
                };
                for part in parts {
                    self.bind(part, inner.clone());
                }
            }
            PatKind::Or(parts) => {
                if let Some(first) = parts.first() {
                    self.bind(first, ty);
                }
            }
            PatKind::Wild
            | PatKind::Path(_)
            | PatKind::Lit(_)
            | PatKind::Range { .. }
            | PatKind::Rest
            | PatKind::Opaque => {}
        }
    }

    fn block(&mut self, block: &Block) -> Ty {
        let depth = self.locals.len();
        let mut last = Ty::Unit;
        for stmt in &block.stmts {
            last = Ty::Unit;
            match stmt {
                Stmt::Let { pat, ty, init, els, .. } => {
                    let found = init.as_ref().map_or(Ty::Unknown, |e| self.expr(e));
                    let declared = ty.as_ref().map_or(Ty::Unknown, |t| self.scope.read(self.lookup.program, t));
                    if let Some(els) = els {
                        self.block(els);
                    }
                    self.bind(pat, if declared.is_known() { declared } else { found });
                }
                Stmt::Expr { expr, semi } => {
                    let ty = self.expr(expr);
                    if !semi {
                        last = ty;
                    }
                }
                Stmt::Item(_) => {}
            }
        }
        self.locals.truncate(depth);
        last
    }

    fn closure(&mut self, params: &[Param], body: &Expr, given: &[Ty]) -> Ty {
        let depth = self.locals.len();
        for (i, param) in params.iter().enumerate() {
            let declared = self.scope.read(self.lookup.program, &param.ty);
            let ty = if declared.is_known() { declared } else { given.get(i).cloned().unwrap_or(Ty::Unknown) };
            self.bind(&param.pat, ty);
        }
        let out = self.expr(body);
        self.locals.truncate(depth);
        out
    }

    /// An argument; a closure's parameters get the types that the receiver hands it.
    fn arg(&mut self, arg: &Expr, given: &[Ty]) -> Ty {
        match &arg.kind {
            ExprKind::Closure { params, body, .. } => {
                let out = self.closure(params, body, given);
                Ty::Func(Arc::new(out))
            }
            _ => self.expr(arg),
        }
    }

    fn expr(&mut self, e: &Expr) -> Ty {
        match &e.kind {
            ExprKind::Lit(lit) => self.lit(e.span, lit),
            ExprKind::Path(path) => self.path(e, path),
            ExprKind::Field(inner, name) => {
                self.name_sign(e.span, *name);
                let ty = self.expr(inner);
                self.lookup.field(&ty, *name)
            }
            ExprKind::Index(inner, index) => {
                self.expr(index);
                match self.expr(inner) {
                    Ty::List(item) => (*item).clone(),
                    _ => Ty::Unknown,
                }
            }
            ExprKind::Unary(_, inner) | ExprKind::Ref { expr: inner, .. } => self.expr(inner),
            ExprKind::Binary(op, a, b) => {
                let (a, _) = (self.expr(a), self.expr(b));
                use crate::ir::BinOp::*;
                match op {
                    And | Or | Eq | Ne | Lt | Le | Gt | Ge => Ty::Bool,
                    _ => a,
                }
            }
            ExprKind::Assign { place, value, .. } => {
                self.expr(value);
                self.expr(place);
                Ty::Unit
            }
            ExprKind::Cast(inner, ty) => {
                self.expr(inner);
                self.scope.read(self.lookup.program, ty)
            }
            ExprKind::Call { callee, args } => self.call(e, callee, args),
            ExprKind::Method { recv, name, args, .. } => self.method(e, recv, *name, args),
            ExprKind::Await(inner) => {
                let ty = self.expr(inner);
                self.sdk_call(inner, &ty);
                // `client.get(..).await` of IntoFuture builders.
                ty
            }
            ExprKind::Try(inner) => match self.expr(inner) {
                Ty::Option(payload) | Ty::Result(payload, _) => (*payload).clone(),
                other => other,
            },
            ExprKind::If { cond, then, els } => {
                let depth = self.locals.len();
                self.expr(cond);
                let ty = self.block(then);
                self.locals.truncate(depth);
                let other = els.as_ref().map_or(Ty::Unit, |els| self.expr(els));
                if matches!(ty, Ty::Unknown | Ty::Unit) { other } else { ty }
            }
            ExprKind::Let { pat, expr } => {
                let ty = self.expr(expr);
                self.bind(pat, ty);
                Ty::Bool
            }
            ExprKind::Match { scrutinee, arms } => {
                let ty = self.expr(scrutinee);
                let mut out = Ty::Unknown;
                for arm in arms {
                    let depth = self.locals.len();
                    self.bind(&arm.pat, ty.clone());
                    if let Some(guard) = &arm.guard {
                        self.expr(guard);
                    }
                    let found = self.expr(&arm.body);
                    if matches!(out, Ty::Unknown | Ty::Unit) {
                        out = found;
                    }
                    self.locals.truncate(depth);
                }
                out
            }
            ExprKind::Loop { body, .. } => {
                self.block(body);
                Ty::Unknown
            }
            ExprKind::While { cond, body, .. } => {
                let depth = self.locals.len();
                self.expr(cond);
                self.block(body);
                self.locals.truncate(depth);
                Ty::Unit
            }
            ExprKind::For { pat, iter, body, .. } => {
                let depth = self.locals.len();
                let item = match self.expr(iter) {
                    Ty::List(item) => (*item).clone(),
                    _ => Ty::Unknown,
                };
                self.bind(pat, item);
                self.block(body);
                self.locals.truncate(depth);
                Ty::Unit
            }
            ExprKind::Break { value, .. } | ExprKind::Return(value) => {
                if let Some(value) = value {
                    self.expr(value);
                }
                Ty::Unknown
            }
            ExprKind::Continue { .. } | ExprKind::Opaque => Ty::Unknown,
            ExprKind::Closure { params, body, .. } => Ty::Func(Arc::new(self.closure(params, body, &[]))),
            ExprKind::Async(block) => self.block(block),
            ExprKind::Block { block, .. } => self.block(block),
            ExprKind::Struct { path, fields, rest } => {
                for (name, value) in fields {
                    self.name_sign(value.span, *name);
                    self.expr(value);
                }
                if let Some(rest) = rest {
                    self.expr(rest);
                }
                self.constructed(path)
            }
            ExprKind::Tuple(items) if items.is_empty() => Ty::Unit,
            ExprKind::Tuple(items) => Ty::Tuple(items.iter().map(|i| self.expr(i)).collect()),
            ExprKind::Array(items) => {
                let types: Vec<Ty> = items.iter().map(|i| self.expr(i)).collect();
                Ty::List(Arc::new(types.into_iter().next().unwrap_or(Ty::Unknown)))
            }
            ExprKind::Repeat(item, count) => {
                self.expr(count);
                Ty::List(Arc::new(self.expr(item)))
            }
            ExprKind::Range { lo, hi, .. } => {
                for end in [lo, hi].into_iter().flatten() {
                    self.expr(end);
                }
                Ty::List(Arc::new(Ty::Int))
            }
            ExprKind::Macro(call) => self.macro_call(&call.path.last(), &call.body),
        }
    }

    fn lit(&mut self, span: Span, lit: &Lit) -> Ty {
        match lit {
            Lit::Int(_) => Ty::Int,
            Lit::Float(_) => Ty::Float,
            Lit::Bool(_) => Ty::Bool,
            Lit::Str(text) => {
                let lower = text.as_str().to_ascii_lowercase();
                let words = &self.lookup.models.words;
                let header = words.has("header", &lower) || lower.starts_with("bearer ") || lower.starts_with("basic ");
                let query =
                    ["?key=", "&key=", "token=", "api_key=", "apikey=", "/bot{"].iter().any(|p| lower.contains(p));
                // `env::var("SERVICE_API_KEY")`
                let variable = text.as_str().len() > 4
                    && text.as_str().chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
                    && text.as_str().contains('_')
                    && words.is_credential(text.as_str());
                if header || query || variable {
                    self.sign(span, text.as_str(), header || query);
                }
                Ty::Str
            }
            Lit::Char(_) | Lit::Bytes => Ty::Unknown,
        }
    }

    fn path(&mut self, e: &Expr, path: &crate::ir::Path) -> Ty {
        if let Some(name) = path.single() {
            self.name_sign(e.span, name);
            if let Some((_, ty)) = self.locals.iter().rev().find(|(n, _)| *n == name) {
                return ty.clone();
            }
        } else {
            self.name_sign(e.span, path.last());
        }
        match self.resolve(path) {
            Some(Res::Def(Def::Const(id))) => {
                let (ty, module) = self.lookup.program.const_type(id);
                let scope = Scope { module, self_ty: Ty::Unknown, generics: Default::default() };
                scope.read(self.lookup.program, ty)
            }
            Some(Res::Def(Def::Variant(id, _) | Def::Type(id))) => Ty::Adt(id, Arc::from([])),
            Some(Res::Def(Def::Fn(id))) => {
                // A function handed on as a value: whoever gets it may call it.
                self.out.calls.entry(e.span).or_default().targets = vec![id];
                Ty::Func(Arc::new(self.lookup.returns(id)))
            }
            _ => Ty::Unknown,
        }
    }

    /// Resolves a path with `Self` and `<T>::f` read as types.
    fn resolve(&self, path: &crate::ir::Path) -> Option<Res> {
        resolve_path(self.lookup, &self.scope, path)
    }

    fn constructed(&self, path: &crate::ir::Path) -> Ty {
        if path.single().is_some_and(|n| n == "Self") {
            return self.scope.self_ty.clone();
        }
        match self.resolve(path) {
            Some(Res::Def(Def::Type(id) | Def::Variant(id, _))) => Ty::Adt(id, Arc::from([])),
            Some(Res::External(full)) => Ty::ext(&join(&full)),
            _ => Ty::Unknown,
        }
    }

    fn call(&mut self, e: &Expr, callee: &Expr, args: &[Expr]) -> Ty {
        let ExprKind::Path(path) = &callee.kind else {
            let ty = self.expr(callee);
            for arg in args {
                self.arg(arg, &[]);
            }
            let out = match ty {
                Ty::Func(ret) => (*ret).clone(),
                _ => Ty::Unknown,
            };
            self.out.calls.insert(e.span, Call { indirect: true, ty: Some(out.clone()), ..Call::default() });
            return out;
        };
        let types: Vec<Ty> = args.iter().map(|a| self.arg(a, &[])).collect();
        let mut call = Call::default();
        let local = path.single().and_then(|n| self.locals.iter().rev().find(|(l, _)| *l == n).map(|(_, t)| t.clone()));
        let ty = if let Some(ty) = local {
            call.indirect = true;
            match ty {
                Ty::Func(ret) => (*ret).clone(),
                _ => Ty::Unknown,
            }
        } else {
            self.name_sign(callee.span, path.last());
            match self.resolve(path) {
                Some(Res::Def(Def::Fn(id))) => {
                    call.targets = self.expand(id);
                    self.lookup.returns(id)
                }
                Some(Res::Def(Def::Type(id) | Def::Variant(id, _))) => Ty::Adt(id, Arc::from([])),
                Some(Res::External(full)) => {
                    let full = join(&full);
                    call.network = self.lookup.models.network_fn(&full).cloned().or_else(|| {
                        let (owner, method) = full.rsplit_once("::")?;
                        self.lookup.models.network_method(owner, method).cloned()
                    });
                    call.retry = self.lookup.models.retry.call(&full);
                    if let Some(index) = call.retry {
                        self.operation(&mut call, index, None, &types)
                    } else if let Some(runs) = self.lookup.models.runs(&full) {
                        let inner = match types.get(runs.argument) {
                            Some(Ty::Func(ret)) => (**ret).clone(),
                            Some(other) => other.clone(),
                            None => Ty::Unknown,
                        };
                        if runs.wraps_ok { Ty::Result(Arc::new(inner), Arc::new(Ty::Unknown)) } else { inner }
                    } else {
                        match self.lookup.external_result(&full) {
                            Ty::Unknown => pointed(path, &types),
                            known => known,
                        }
                    }
                }
                _ => match (path.last().as_str(), types.first()) {
                    ("Some", Some(inner)) => Ty::Option(Arc::new(inner.clone())),
                    ("Ok", Some(inner)) => Ty::Result(Arc::new(inner.clone()), Arc::new(Ty::Unknown)),
                    ("Err", Some(inner)) => Ty::Result(Arc::new(Ty::Unknown), Arc::new(inner.clone())),
                    _ => pointed(path, &types),
                },
            }
        };
        call.ty = Some(ty.clone());
        self.out.calls.insert(e.span, call);
        ty
    }

    /// A trait's declaration stands for every implementation in the unit.
    fn expand(&self, id: FnId) -> Vec<FnId> {
        let function = self.lookup.program.signature(id);
        match function.trait_() {
            Some(trait_) if trait_.declared && !function.has_body() => match trait_.id {
                Some(trait_id) => self.lookup.methods(&Ty::Dyn(trait_id), function.name(), function.params().len()),
                None => Vec::new(),
            },
            _ => vec![id],
        }
    }

    fn method(&mut self, e: &Expr, recv: &Expr, name: Name, args: &[Expr]) -> Ty {
        let ty = self.expr(recv);
        if self.lookup.models.credential_method(name.as_str()) {
            self.sign(e.span, name.as_str(), true);
        } else {
            self.name_sign(e.span, name);
        }
        let given = match &ty {
            Ty::Option(inner) | Ty::List(inner) => vec![(**inner).clone()],
            Ty::Result(ok, error) => match name.as_str() {
                "map_err" | "or_else" | "unwrap_or_else" | "inspect_err" => vec![(**error).clone()],
                _ => vec![(**ok).clone()],
            },
            _ => Vec::new(),
        };
        let types: Vec<Ty> = args.iter().map(|a| self.arg(a, &given)).collect();
        let mut call = Call::default();
        if let Some(index) = self.retry_method(&ty, name, &types) {
            call.retry = Some(index);
            let out = self.operation(&mut call, index, Some(&ty), &types);
            call.ty = Some(out.clone());
            self.out.calls.insert(e.span, call);
            return out;
        }
        // A field that holds a closure is called as `(self.op)(..)`, so this is always a method.
        let targets = self.lookup.methods(&ty, name, args.len());
        let out = if let Some(first) = targets.first() {
            let out = self.lookup.returns(*first);
            call.targets = targets;
            out
        } else {
            if let Ty::Ext(path) = &ty {
                call.network = self.lookup.models.network_method(path.as_str(), name.as_str()).cloned();
            }
            match (&ty, name.as_str(), types.first()) {
                (Ty::Option(_), "map", Some(Ty::Func(ret))) => Ty::Option(ret.clone()),
                (Ty::List(_), "map" | "filter_map" | "flat_map", Some(Ty::Func(ret))) => Ty::List(ret.clone()),
                (Ty::Result(_, error), "map", Some(Ty::Func(ret))) => Ty::Result(ret.clone(), error.clone()),
                (Ty::Result(ok, _), "map_err", Some(Ty::Func(ret))) => Ty::Result(ok.clone(), ret.clone()),
                (Ty::Result(..) | Ty::Option(_), "and_then", Some(Ty::Func(ret))) => (**ret).clone(),
                (Ty::Dyn(trait_), _, _) => self
                    .lookup
                    .program
                    .trait_method(*trait_, name)
                    .map_or_else(|| self.lookup.method_result(&ty, name.as_str()), |m| self.lookup.returns(m)),
                _ => self.lookup.method_result(&ty, name.as_str()),
            }
        };
        call.ty = Some(out.clone());
        self.out.calls.insert(e.span, call);
        out
    }

    /// The way to call a retry library that a method is.
    fn retry_method(&self, recv: &Ty, name: Name, args: &[Ty]) -> Option<usize> {
        let models = &self.lookup.models.retry;
        let candidates = models.methods(name.as_str());
        if candidates.is_empty() || !self.lookup.methods(recv, name, args.len()).is_empty() {
            return None;
        }
        let is_path = |ty: &Ty, wanted: &dyn Fn(&str) -> bool| matches!(ty, Ty::Ext(path) if wanted(path.as_str()));
        candidates.iter().copied().find(|index| {
            let model = models.retry(*index);
            if !model.of.is_empty() {
                return is_path(recv, &|path| models.is_of_library(*index, path));
            }
            // A trait gives it to every function: the schedule is the library's, or the trait is imported by name.
            let imported = || {
                model.traits.iter().any(|full| {
                    let path: Vec<Name> = full.split("::").map(Name::new).collect();
                    self.lookup.program.imports(self.scope.module, &path)
                })
            };
            let from_library = || args.iter().any(|ty| is_path(ty, &|path| models.is_of_library(*index, path)));
            matches!(recv, Ty::Func(_) | Ty::Unknown) && (from_library() || imported())
        })
    }

    /// What a library call gives, and the functions that its operation runs.
    fn operation(&self, call: &mut Call, index: usize, recv: Option<&Ty>, args: &[Ty]) -> Ty {
        let model = self.lookup.models.retry.retry(index);
        let ty = match model.operation {
            Place::Receiver(_) => recv,
            Place::Argument(i) => args.get(i),
        };
        match (ty, &model.action) {
            (Some(Ty::Func(ret)), _) => (**ret).clone(),
            (Some(ty @ Ty::Adt(..)), Some(action)) => {
                call.targets = self.lookup.implemented(ty, Name::new(action)).into_iter().collect();
                call.targets.first().map_or(Ty::Unknown, |id| self.lookup.returns(*id))
            }
            _ => Ty::Unknown,
        }
    }

    /// An awaited call on a type of a service's own client is a request with its credential.
    fn sdk_call(&mut self, inner: &Expr, ty: &Ty) {
        let Ty::Ext(path) = ty else { return };
        if !self.lookup.models.is_sdk(path.as_str()) || self.is_retrying(inner) {
            return;
        }
        let error = Name::new(&format!("{}::Error", path.as_str().split("::").next().unwrap_or("")));
        if let Some(call) = self.out.calls.get_mut(&inner.span)
            && call.targets.is_empty()
        {
            let answer = crate::models::Answer::Error;
            call.network = Some(Network { answer, response: None, error, login: true, connects: false });
        }
    }

    /// It ends in the call of a retry library: what is awaited is not the request itself.
    fn is_retrying(&self, e: &Expr) -> bool {
        self.out.calls.get(&e.span).is_some_and(|call| call.retry.is_some())
            || matches!(&e.kind, ExprKind::Method { recv, .. } if self.is_retrying(recv))
    }

    fn macro_call(&mut self, name: &Name, body: &MacroBody) -> Ty {
        let is_log = self.lookup.models.words.has("log", name.as_str());
        match body {
            MacroBody::Matches { expr, pat, guard } => {
                let depth = self.locals.len();
                let ty = self.expr(expr);
                self.bind(pat, ty);
                if let Some(guard) = guard {
                    self.expr(guard);
                }
                self.locals.truncate(depth);
                Ty::Bool
            }
            MacroBody::Select(arms) => {
                let mut out = Ty::Unknown;
                for arm in arms {
                    let depth = self.locals.len();
                    let ty = arm.future.as_ref().map_or(Ty::Unknown, |f| {
                        let ty = self.expr(f);
                        self.sdk_call(f, &ty);
                        ty
                    });
                    if let Some(pat) = &arm.pat {
                        self.bind(pat, ty);
                    }
                    let found = self.expr(&arm.body);
                    if matches!(out, Ty::Unknown | Ty::Unit) {
                        out = found;
                    }
                    self.locals.truncate(depth);
                }
                out
            }
            // What is only logged is no evidence of anything.
            MacroBody::Args(_) if is_log => Ty::Unit,
            MacroBody::Args(args) => {
                for arg in args {
                    self.expr(arg);
                }
                if matches!(name.as_str(), "format" | "concat" | "stringify") { Ty::Str } else { Ty::Unknown }
            }
            MacroBody::Block(block) => self.block(block),
            MacroBody::Opaque => Ty::Unknown,
        }
    }
}

/// `Box::new(x)`, `Arc::clone(&x)`: the type of what is pointed to.
fn pointed(path: &crate::ir::Path, args: &[Ty]) -> Ty {
    let makes = matches!(path.last().as_str(), "new" | "clone" | "pin" | "from") && is_pointer(path);
    args.first().filter(|_| makes).cloned().unwrap_or(Ty::Unknown)
}

fn is_pointer(path: &crate::ir::Path) -> bool {
    let n = path.segments.len();
    n >= 2
        && matches!(
            path.segments[n - 2].as_str(),
            "Box" | "Arc" | "Rc" | "Pin" | "Mutex" | "RwLock" | "RefCell" | "Cell" | "Some"
        )
}

/// A name that a glob brings in from a retry library: `use backon::*`.
fn from_library(lookup: Lookup<'_>, scope: &Scope, path: &[Name]) -> Option<Res> {
    let globs = lookup.program.globs(scope.module).iter();
    let full = globs.map(|glob| [glob.as_slice(), path].concat());
    full.map(|full| (join(&full), full))
        .find(|(name, _)| lookup.models.retry.knows(name))
        .map(|(_, f)| Res::External(f))
}

/// Resolves a path in a scope, with `Self::f` and `<T>::f` read as the type they name.
pub fn resolve_path(lookup: Lookup<'_>, scope: &Scope, path: &crate::ir::Path) -> Option<Res> {
    let owner = match (&path.qself, path.segments.first()) {
        (Some(ty), _) => Some(scope.read(lookup.program, ty)),
        (None, Some(first)) if *first == "Self" => Some(scope.self_ty.clone()),
        (None, Some(first)) if path.segments.len() == 2 => scope.generics.get(first).cloned(),
        _ => None,
    };
    let Some(owner) = owner else {
        let found = lookup.program.resolve(scope.module, &path.segments);
        return match &found {
            Some(Res::Def(_)) => found,
            _ => from_library(lookup, scope, &path.segments).or(found),
        };
    };
    let last = path.last();
    match owner {
        Ty::Adt(id, _) => {
            if path.segments.len() == 1 && path.qself.is_none() {
                return Some(Res::Def(Def::Type(id)));
            }
            let data = lookup.program.ty(id);
            if data.def.is_enum
                && let Some(index) = data.def.variants.iter().position(|v| v.name == last)
            {
                return Some(Res::Def(Def::Variant(id, index)));
            }
            lookup
                .program
                .method(id, last)
                .map(Def::Fn)
                .or_else(|| lookup.program.assoc_const(id, last).map(Def::Const))
                .map(Res::Def)
        }
        Ty::Dyn(id) => lookup.program.trait_method(id, last).map(|f| Res::Def(Def::Fn(f))),
        Ty::Ext(ext) => {
            let full: Vec<Name> = ext.as_str().split("::").map(Name::new).chain([last]).collect();
            Some(Res::External(full))
        }
        _ => None,
    }
}
