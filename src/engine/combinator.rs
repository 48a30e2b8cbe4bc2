//! Calls of retry libraries as sites: where they are, and what they do in every scenario.

use rustc_hash::FxHashSet;

use crate::engine::db::Db;
use crate::engine::types::join;
use crate::ir::visit::{self, Node};
use crate::ir::{Block, Expr, ExprKind, Name, PatKind, Span, Stmt};
use crate::models::Place;
use crate::syntax::program::{FnId, Res};

/// A call of a retry library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Combinator {
    /// The call with the methods behind it, up to `.await`.
    pub site: Span,
    /// The part of the operation that fails, for people: the first call in it that goes to the network.
    pub attempt: Span,
    /// Which way to call which library.
    pub model: usize,
    /// Some of what it runs was handed to the function.
    pub is_given: bool,
}

/// Every library call of a function.
pub fn combinators(db: &Db<'_>, id: FnId) -> Vec<Combinator> {
    let mut out = Vec::new();
    let calls = &db.summary(id).calls;
    let Some(body) = &db.program().function(id).def.body else { return out };
    if !calls.values().any(|call| call.retry.is_some()) {
        return out;
    }
    let mut seen: FxHashSet<Span> = FxHashSet::default();
    visit::block(body, &mut |node| {
        // Outer expressions come first, so that the first chain around a call is the whole of it.
        if let Node::Expr(e) = node
            && let Some((call, model)) = core(db, id, e)
            && seen.insert(call.span)
        {
            let operation = operation(db, body, call, model).unwrap_or(call);
            out.push(Combinator {
                site: e.span,
                attempt: attempt(db, id, operation),
                model,
                is_given: runs_given(db, id, operation),
            });
        }
        true
    });
    out
}

/// What a `for` goes through is made by a retry library: `Backoff::new(..)`, `ExponentialBuilder::default().build()`.
pub fn is_schedule(db: &Db<'_>, id: FnId, iter: &Expr) -> bool {
    let scope = db.scope(id);
    let mut found = false;
    visit::expr(iter, &mut |node| {
        if let Node::Expr(Expr { kind: ExprKind::Call { callee, .. }, .. }) = node
            && let ExprKind::Path(path) = &callee.kind
            && let Some(Res::External(full)) = db.resolve(&scope, path)
        {
            found |= db.lookup.models.retry.constructor(&join(&full)).is_some();
        }
        !found
    });
    found
}

/// The library call at the bottom of a chain: `op.retry(..).when(..).await`.
fn core<'e>(db: &Db<'_>, id: FnId, e: &'e Expr) -> Option<(&'e Expr, usize)> {
    if let Some(model) = db.call(id, e.span).and_then(|c| c.retry) {
        return Some((e, model));
    }
    match &e.kind {
        ExprKind::Await(inner) => core(db, id, inner),
        ExprKind::Method { recv, name, .. } => {
            let (call, model) = core(db, id, recv)?;
            let models = &db.lookup.models.retry;
            let retry = models.retry(model);
            let started = retry.starts.as_deref().and_then(|path| models.schedule_type(path));
            let follows = retry.methods.contains_key(name.as_str())
                || started.is_some_and(|s| models.schedule(s).set.contains_key(name.as_str()));
            follows.then_some((call, model))
        }
        _ => None,
    }
}

/// The operation: the closure, where it is one.
fn operation<'e>(db: &Db<'_>, body: &'e Block, call: &'e Expr, model: usize) -> Option<&'e Expr> {
    let operation = match (&call.kind, db.lookup.models.retry.retry(model).operation) {
        (ExprKind::Method { recv, .. }, Place::Receiver(_)) => &**recv,
        (ExprKind::Method { args, .. } | ExprKind::Call { args, .. }, Place::Argument(i)) => args.get(i)?,
        _ => return None,
    };
    match &operation.kind {
        ExprKind::Path(path) => path.single().and_then(|n| bound(body, n, operation.span)).or(Some(operation)),
        _ => Some(operation),
    }
}

/// The part of an operation that goes to the network first.
fn attempt(db: &Db<'_>, id: FnId, operation: &Expr) -> Span {
    let within = operation.span;
    let ways = db.summary(id).calls.iter().filter(|(at, call)| within.contains(**at) && db.reaches(call));
    // Calls end in the order in which they are made.
    ways.map(|(at, _)| *at).filter(|at| *at != within).min_by_key(|at| (at.end, at.start)).unwrap_or(within)
}

/// The operation is, or calls, a function that was handed in.
fn runs_given(db: &Db<'_>, id: FnId, operation: &Expr) -> bool {
    matches!(operation.kind, ExprKind::Path(_))
        || db.summary(id).calls.iter().any(|(at, call)| call.indirect && operation.span.contains(*at))
}

/// The closure that a variable was last bound to before a place.
fn bound(body: &Block, name: Name, before: Span) -> Option<&Expr> {
    let mut found = None;
    visit::block(body, &mut |node| {
        if let Node::Stmt(Stmt::Let { pat, init: Some(init), span, .. }) = node
            && span.end <= before.start
            && matches!(&pat.kind, PatKind::Bind { name: bound, .. } if *bound == name)
            && matches!(init.kind, ExprKind::Closure { .. })
        {
            found = Some(init);
        }
        true
    });
    found
}
