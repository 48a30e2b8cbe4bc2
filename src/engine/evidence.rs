//! Does an attempt carry a credential? Evidence, with the place where it stands.
//!
//! Looked for where the operation is written, in what it calls on its way to the network, in the fields of the types
//! it belongs to, and, for an operation that was passed in, at the callers.

use rustc_hash::FxHashSet;

use crate::engine::db::Db;
use crate::engine::types::Ty;
use crate::ir::visit::{self, Node};
use crate::ir::{Block, Expr, ExprKind, Name, PatKind, Span, Type};
use crate::syntax::program::{FnId, TypeId};

/// Calls followed from the attempt.
const HOPS: u32 = 5;

/// Functions that hand out a client looked at for how they sign it.
const MAKERS: usize = 8;
/// Callers looked at for what they hand over.
const CALLERS: usize = 8;

/// Evidence for a credential.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// For people: "`bearer_auth` in `client::Api::send`".
    pub what: String,
    /// It shows a credential being sent, rather than something named like one.
    pub strong: bool,
    /// It stands in the attempt itself.
    pub near: bool,
}

impl Evidence {
    fn new(what: String, strong: bool) -> Evidence {
        Evidence { what, strong, near: false }
    }
}

/// Looks for evidence that a call carries a credential.
pub fn find(db: &Db<'_>, home: FnId, site: Span, attempt: Span) -> Option<Evidence> {
    let mut weak = None;
    let mut keep = |evidence: Option<Evidence>| match evidence {
        Some(found) if found.strong => Some(found),
        Some(found) => {
            weak.get_or_insert(found);
            None
        }
        None => None,
    };
    if let Some(found) = keep(within(db, home, attempt).map(|e| Evidence { near: true, ..e })) {
        return Some(found);
    }
    if let Some(found) = keep(downwards(db, home, attempt)) {
        return Some(found);
    }
    // A request built beside the attempt, in the same function.
    if let Some(found) = keep(within(db, home, site)) {
        return Some(found);
    }
    if let Some(body) = &db.program().function(home).def.body
        && let Some(found) = keep(within(db, home, body.span))
    {
        return Some(found);
    }
    let data = db.program().function(home);
    let used = data.def.body.as_ref().map(|body| names_in(body, body.span)).unwrap_or_default();
    for param in &data.def.params {
        if let PatKind::Bind { name, .. } = &param.pat.kind
            && db.lookup.models.words.is_credential(name.as_str())
            && used.contains(name)
        {
            keep(Some(Evidence::new(format!("parameter `{name}`"), false)));
        }
    }
    if let Some(owner) = data.owner
        && let Some(found) = keep(of_type(db, owner, 0))
    {
        return Some(found);
    }
    let handed = takes_request(db, home, attempt);
    if handed != Handed::Nothing {
        for (caller, _) in db.callers(home).iter().filter(|(id, _)| !db.is_foreign_test(*id, home)).take(CALLERS) {
            if let Some(body) = &db.program().function(*caller).def.body
                && let Some(found) = within(db, *caller, body.span)
                && (found.strong || handed == Handed::Operation)
                && let Some(found) = keep(Some(found))
            {
                return Some(found);
            }
        }
    }
    weak
}

/// The variables that a range of a body names.
fn names_in(body: &Block, range: Span) -> FxHashSet<Name> {
    let mut names = FxHashSet::default();
    visit::block(body, &mut |node| {
        if let Node::Expr(Expr { kind: ExprKind::Path(path), span }) = node
            && range.contains(*span)
        {
            names.extend(path.single());
        }
        true
    });
    names
}

/// What a function was given that its attempt may send.
#[derive(Clone, Copy, PartialEq)]
enum Handed {
    /// Nothing.
    Nothing,
    /// A request, or a closure that may say where to send one.
    Parts,
    /// The attempt itself uses what was given.
    Operation,
}

fn takes_request(db: &Db<'_>, home: FnId, attempt: Span) -> Handed {
    let data = db.program().function(home);
    let Some(body) = &data.def.body else { return Handed::Nothing };
    let scope = db.scope(home);
    let given: Vec<Name> = data
        .def
        .params
        .iter()
        .filter_map(|param| {
            let PatKind::Bind { name, .. } = &param.pat.kind else { return None };
            let is_request = match scope.read(db.program(), &param.ty) {
                Ty::Func(_) => true,
                Ty::Ext(path) => is_request(path),
                _ => false,
            };
            is_request.then_some(*name)
        })
        .collect();
    let among = |names: FxHashSet<Name>| given.iter().any(|name| names.contains(name));
    if among(names_in(body, attempt)) {
        Handed::Operation
    } else if among(names_in(body, body.span)) {
        Handed::Parts
    } else {
        Handed::Nothing
    }
}

/// Signs inside a range of a function.
pub fn within(db: &Db<'_>, id: FnId, span: Span) -> Option<Evidence> {
    let signs = db.summary(id).signs.iter().filter(|s| span.contains(s.span));
    let mut best = None;
    for sign in signs {
        if sign.strong {
            return Some(Evidence::new(format!("`{}` in `{}`", sign.what, db.program().display(id)), true));
        }
        best.get_or_insert(sign);
    }
    best.map(|sign| Evidence::new(format!("`{}` in `{}`", sign.what, db.program().display(id)), false))
}

/// Signs in the functions that calls in a range lead to, on their way to the network, and in their types.
pub fn downwards(db: &Db<'_>, home: FnId, span: Span) -> Option<Evidence> {
    let mut weak: Option<Evidence> = None;
    let mut seen: FxHashSet<FnId> = FxHashSet::default();
    let mut types: FxHashSet<TypeId> = FxHashSet::default();
    let mut calls: Vec<_> = db.summary(home).calls.iter().filter(|(at, _)| span.contains(**at)).collect();
    calls.sort_by_key(|(at, _)| **at);
    if let Some((_, call)) = calls.iter().find(|(_, c)| c.network.as_ref().is_some_and(|n| n.login)) {
        let network = call.network.as_ref();
        let krate = network.map_or("", |n| n.error.as_str().split("::").next().unwrap_or(""));
        return Some(Evidence::new(format!("a login of `{krate}`"), true));
    }
    let mut front: Vec<FnId> = calls.iter().flat_map(|(_, c)| c.targets.iter().copied()).collect();
    for hop in 0..HOPS {
        let mut next = Vec::new();
        for id in front {
            // A function that does not lead to the network does not send anything there; the first ones may build it.
            if !seen.insert(id) || (hop > 0 && db.hops(id).is_none() && !builds(db, id)) || db.is_foreign_test(id, home)
            {
                continue;
            }
            let data = db.program().function(id);
            let summary = db.summary(id);
            if let Some((_, network)) =
                summary.calls.values().filter_map(|c| c.network.as_ref()).map(|n| (n.login, n)).find(|(l, _)| *l)
            {
                let krate = network.error.as_str().split("::").next().unwrap_or("");
                return Some(Evidence::new(format!("a login of `{krate}` in `{}`", db.program().display(id)), true));
            }
            if let Some(body) = &data.def.body {
                match within(db, id, body.span) {
                    Some(found) if found.strong => return Some(found),
                    Some(found) => {
                        weak.get_or_insert(found);
                    }
                    None => {}
                }
            }
            if let Some(owner) = data.owner
                && types.insert(owner)
            {
                match of_type(db, owner, 0) {
                    Some(found) if found.strong => return Some(found),
                    Some(found) => {
                        weak.get_or_insert(found);
                    }
                    None => {}
                }
            }
            let mut calls: Vec<_> = summary.calls.iter().collect();
            calls.sort_by_key(|(at, _)| **at);
            next.extend(calls.into_iter().flat_map(|(_, c)| c.targets.iter().copied()));
        }
        front = next;
    }
    weak
}

/// The type of a request before it is sent.
fn is_request(path: Name) -> bool {
    ["RequestBuilder", "Request", "HeaderMap"].iter().any(|t| path.as_str().ends_with(t))
}

/// A function that hands back a request or headers for somebody else to send.
fn builds(db: &Db<'_>, id: FnId) -> bool {
    match db.lookup.returns(id) {
        Ty::Ext(path) => is_request(path) || path.as_str().ends_with("Client"),
        Ty::Result(ok, _) => matches!(&*ok, Ty::Ext(path) if is_request(*path) || path.as_str().ends_with("Client")),
        _ => false,
    }
}

/// Fields named like a credential, and functions of the type that send one (a constructor that sets default headers).
fn of_type(db: &Db<'_>, id: TypeId, depth: u32) -> Option<Evidence> {
    let program = db.program();
    let data = program.ty(id);
    let mut weak = None;
    // A sibling says something of other requests by what it leaves in a field, and nothing where it is given a
    // credential for its own request.
    let has_fields = data.def.variants.iter().any(|v| !v.fields.is_empty());
    let tells = |f: FnId| has_fields && (db.hops(f) != Some(0) || !is_given_credential(db, f));
    let others = program.functions_of(id).iter().filter(|f| tells(**f));
    for function in others.chain(db.makers(id).iter().take(MAKERS)) {
        let signs = &db.summary(*function).signs;
        if let Some(sign) = signs.iter().find(|s| s.strong) {
            let what = format!("`{}` in `{}`", sign.what, program.display(*function));
            return Some(Evidence::new(what, true));
        }
    }
    if data.def.is_enum {
        return None;
    }
    for field in data.def.variants.iter().flat_map(|v| &v.fields) {
        if db.lookup.models.words.is_credential(field.name.as_str()) && !is_flag(&field.ty) {
            let what = format!("field `{}` of `{}`", field.name, data.def.name);
            weak.get_or_insert(Evidence::new(what, false));
        } else if depth < 2 {
            let scope = db.lookup.type_scope(id, &[]);
            if let Ty::Adt(inner, _) = scope.read(program, &field.ty)
                && inner != id
                && let Some(found) = of_type(db, inner, depth + 1)
            {
                if found.strong {
                    return Some(found);
                }
                weak.get_or_insert(found);
            }
        }
    }
    weak
}

fn is_given_credential(db: &Db<'_>, id: FnId) -> bool {
    db.program().function(id).def.params.iter().any(|param| {
        matches!(&param.pat.kind, PatKind::Bind { name, .. } if db.lookup.models.words.is_credential(name.as_str()))
    })
}

fn is_flag(ty: &Type) -> bool {
    matches!(ty, Type::Path(p) if matches!(p.last().as_str(), "bool" | "AtomicBool" | "CancellationToken" | "usize" | "u32" | "u64"))
}
