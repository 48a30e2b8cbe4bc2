//! Which value of an error type does a refused credential become?
//!
//! A policy is judged by the value that really reaches it. An `Auth` variant that only a missing key produces says
//! nothing about a server's 401 that arrives as `Http(_)`. So the functions of the unit that give back the type are run
//! with a key that is refused, and what they give back is collected.

use rustc_hash::FxHashMap;

use crate::engine::db::Db;
use crate::engine::evidence::{self, Evidence};
use crate::engine::interp::{Asked, Forced, Interp};
use crate::engine::scenario::Scenario;
use crate::engine::types::{Scope, Ty};
use crate::engine::value::{Failure, Value};
use crate::ir::Name;
use crate::syntax::program::{FnId, Program, Signature, TypeId};

/// Functions run for one type: those nearest to the network.
const MAKERS: usize = 16;
/// Of those, functions of one type.
const OF_ONE: usize = 4;
/// Other answers to opaque questions about the refusal tried in one function.
const OTHERS: usize = 3;

/// What one function makes of a refused credential: the values it may give back.
#[derive(Clone, Debug)]
pub struct Birth {
    /// The function; `None` for a conversion of an error that every request may fail with.
    pub maker: Option<FnId>,
    /// The values; more than one where the function asks something that nobody can answer.
    pub values: Vec<Value>,
    /// Why its request is believed to carry a credential.
    pub evidence: Option<Evidence>,
}

/// The type that a function gives back as its error, and whether it takes a response: what may make the type.
pub(super) fn gives_back(program: &Program, scope: &Scope, function: Signature<'_>) -> Option<(TypeId, bool)> {
    if function.is_test() || !function.has_body() {
        return None;
    }
    let error = match scope.read(program, function.ret()?) {
        Ty::Result(_, error) => (*error).clone(),
        other => other,
    };
    let Ty::Adt(ty, _) = error else { return None };
    Some((ty, function.params().iter().any(|p| is_response(&scope.read(program, &p.ty)))))
}

/// What a refused credential becomes as a value of this type, function by function.
pub fn births(db: &Db<'_>, scenario: Scenario, ty: TypeId) -> Vec<Birth> {
    let mut own = born(db, scenario, ty, None);
    own.extend(converted(db, scenario, ty));
    if !own.is_empty() {
        return own;
    }
    match wrapper(db, ty) {
        Some((wrapper, field)) => born(db, scenario, wrapper, Some(field)),
        None => own,
    }
}

/// `struct Error(Box<Details>)`: the type is born inside the one that wraps it.
fn wrapper(db: &Db<'_>, ty: TypeId) -> Option<(TypeId, Name)> {
    db.holders(ty).find(|(holder, _)| !db.given_back(*holder).is_empty())
}

/// Evidence that a function that gives back the type, or what wraps it, sends a credential.
pub fn evidence(db: &Db<'_>, ty: TypeId) -> Option<Evidence> {
    let wrapped = wrapper(db, ty).map(|(wrapper, _)| wrapper);
    let found = [Some(ty), wrapped].into_iter().flatten().flat_map(|ty| spread(db, ty)).find_map(|maker| {
        let body = db.program().function(maker).span;
        evidence::find(db, maker, body, body).filter(|e| e.strong)
    })?;
    Some(Evidence { strong: false, ..found })
}

/// The makers of a type, the nearest to the network first, a few for every type that they belong to: an HTTP client
/// with a hundred calls does not hide the one that speaks gRPC.
fn spread(db: &Db<'_>, ty: TypeId) -> Vec<FnId> {
    let mut taken: FxHashMap<Option<TypeId>, usize> = FxHashMap::default();
    let few = |id: &FnId| {
        let count = taken.entry(db.program().signature(*id).owner()).or_default();
        *count += 1;
        *count <= OF_ONE
    };
    db.given_back(ty).into_iter().filter(few).take(MAKERS).collect()
}

fn born(db: &Db<'_>, scenario: Scenario, ty: TypeId, field: Option<Name>) -> Vec<Birth> {
    let mut out = Vec::new();
    for maker in spread(db, ty) {
        let values: Vec<Value> = run(db, scenario, maker)
            .into_iter()
            .filter_map(|asked| error_of(asked, ty))
            .filter_map(|value| match field {
                None => Some(value),
                Some(name) => inner(&value, name),
            })
            .collect();
        if values.is_empty() {
            continue;
        }
        let body = db.program().function(maker).span;
        out.push(Birth { maker: Some(maker), values, evidence: evidence::find(db, maker, body, body) });
    }
    out
}

/// What the conversions of a type make of errors that every request of a client may fail with: `#[from] tonic::Status`.
fn converted(db: &Db<'_>, scenario: Scenario, ty: TypeId) -> Option<Birth> {
    let data = db.program().ty(ty);
    let scope = db.lookup.type_scope(ty, &[]);
    let fields = data.def.variants.iter().flat_map(|v| &v.fields).filter(|f| f.from);
    let written = fields.map(|f| scope.read(db.program(), &f.ty));
    let impls = db.program().from_impls(ty).iter().filter_map(|from| {
        let param = db.program().function(*from).def.params.first()?;
        Some(db.scope(*from).read(db.program(), &param.ty))
    });
    let source = written
        .chain(impls)
        .find(|source| matches!(source, Ty::Ext(path) if db.lookup.models.refuses_as(path.as_str())))?;
    let failure = Failure { ty: source, status: scenario.status(), response: false, text: None };
    let value = Interp::converted(db, scenario, Value::Failure(failure), ty)?;
    Some(Birth { maker: None, values: vec![value], evidence: None })
}

/// Runs a maker, and again with the other answer to what it asks of the refusal and nobody knows.
fn run(db: &Db<'_>, scenario: Scenario, maker: FnId) -> Vec<Asked> {
    let again = |forced: Forced| {
        let run = Interp::detached(db, scenario, maker, forced);
        match takes_response(db, maker) {
            Some(at) if db.hops(maker).is_none() => {
                let params = db.program().function(maker).def.params.len();
                let mut args = vec![None; params];
                args[at] = Some(response(db, maker, at, scenario));
                // One that does not look at the status is given what succeeded.
                let asked = run.ask(maker, &args);
                Asked { hit: asked.status_asked, ..asked }
            }
            _ => run.refused(maker),
        }
    };
    let first = again(Forced::default());
    let mut seen = Vec::new();
    let open: Vec<_> = first
        .decisions
        .iter()
        .filter(|d| {
            let new = d.tainted && !seen.contains(&d.at);
            seen.push(d.at);
            new
        })
        .take(OTHERS)
        .map(|d| ((d.at, d.after), !d.taken))
        .collect();
    let mut out = vec![first];
    for (place, taken) in open {
        out.push(again(Forced::from_iter([(place, taken)])));
    }
    out.retain(|asked| asked.hit);
    out
}

/// The error in what a function gave back, where it is a value of the type that carries the refusal.
fn error_of(asked: Asked, ty: TypeId) -> Option<Value> {
    let value = match asked.answer? {
        Value::Result(Err(error)) => (*error).clone(),
        other @ Value::Struct(_) => other,
        _ => return None,
    };
    match &value {
        Value::Struct(s) if matches!(s.ty, Ty::Adt(id, _) if id == ty) => Some(value),
        _ => None,
    }
}

fn inner(value: &Value, name: Name) -> Option<Value> {
    let Value::Struct(s) = value else { return None };
    s.fields.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone()).filter(|v| matches!(v, Value::Struct(_)))
}

/// The parameter that is a response of a client.
fn takes_response(db: &Db<'_>, id: FnId) -> Option<usize> {
    let scope = db.scope(id);
    let params = &db.program().function(id).def.params;
    params.iter().position(|p| is_response(&scope.read(db.program(), &p.ty)))
}

/// A response of a client of another crate.
pub fn is_response(ty: &Ty) -> bool {
    matches!(ty, Ty::Ext(path) if path.as_str().rsplit("::").next().is_some_and(|last| last.ends_with("Response")))
}

fn response(db: &Db<'_>, id: FnId, at: usize, scenario: Scenario) -> Value {
    let ty = db.scope(id).read(db.program(), &db.program().function(id).def.params[at].ty);
    Value::Failure(Failure { ty, status: scenario.status(), response: true, text: None })
}
