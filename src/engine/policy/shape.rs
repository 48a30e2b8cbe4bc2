//! The failure in the shape that a policy takes it in: a status, a response, a result, an error, a text.

use std::sync::Arc;

use crate::engine::birth::is_response;
use crate::engine::db::Db;
use crate::engine::pattern::VariantKind;
use crate::engine::scenario::Scenario;
use crate::engine::text::{Piece, Text};
use crate::engine::types::{Scope, Ty};
use crate::engine::value::{Failure, Value};
use crate::ir::{Name, Param, PatKind, Type};
use crate::syntax::program::{FnId, TypeId};

/// Types inside types looked at for a name that tells.
const PARTS: u32 = 3;

/// A shape.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A status, an error of another crate, or an error of a type that is not known.
    Face(Ty),
    /// A response of another crate.
    Response(Ty),
    /// An error or response of the unit.
    Own(TypeId),
    /// The text of an error.
    Text,
    /// `Option`
    Some(Box<Shape>),
    /// `Ok(response)`
    Ok(Box<Shape>),
    /// `Err(error)`
    Err(Box<Shape>),
}

impl Shape {
    /// The type of the unit that the failure is a value of.
    pub fn own_type(&self) -> Option<TypeId> {
        match self {
            Shape::Own(id) => Some(*id),
            Shape::Some(inner) | Shape::Ok(inner) | Shape::Err(inner) => inner.own_type(),
            _ => None,
        }
    }

    /// A value of the unit's own type, wrapped as the shape asks for it.
    pub fn around(&self, value: Value) -> Value {
        match self {
            Shape::Some(inner) => Value::some(inner.around(value)),
            Shape::Ok(inner) => Value::ok(inner.around(value)),
            Shape::Err(inner) => Value::err(inner.around(value)),
            _ => value,
        }
    }

    /// The failure as it would be named, where nothing was seen to make one.
    pub fn value(&self, scenario: Scenario) -> Value {
        let status = scenario.status();
        let face = |ty: &Ty, response| Value::Failure(Failure { ty: ty.clone(), status, response, text: None });
        match self {
            Shape::Face(ty) => face(ty, false),
            Shape::Response(ty) => face(ty, true),
            Shape::Text => Value::Str(Text(vec![status.map_or(Piece::Asked, Piece::Message)])),
            Shape::Own(id) => face(&Ty::Adt(*id, Arc::from([])), false),
            Shape::Some(inner) => Value::some(inner.value(scenario)),
            Shape::Ok(inner) => Value::ok(inner.value(scenario)),
            Shape::Err(inner) => Value::err(inner.value(scenario)),
        }
    }
}

/// Whether the names of a type say what a refused credential is in it: a variant for it, a field for the status, or a
/// part that tells.
pub fn tells(db: &Db<'_>, id: TypeId, depth: u32) -> bool {
    let data = db.program().ty(id);
    let auth = data.def.is_enum
        && data
            .def
            .variants
            .iter()
            .any(|v| db.variant_kind(v.name.as_str()) == VariantKind::Own && !v.name.as_str().contains("Expired"));
    let scope = db.lookup.type_scope(id, &[]);
    auth || data.def.variants.iter().flat_map(|v| &v.fields).any(|f| {
        is_status(f.name.as_str())
            || match scope.read(db.program(), &f.ty) {
                Ty::Adt(inner, _) => depth < PARTS && inner != id && tells(db, inner, depth + 1),
                _ => false,
            }
    })
}

fn is_status(name: &str) -> bool {
    matches!(name, "status" | "status_code" | "http_status" | "statuscode" | "http_code" | "code" | "http_status_code")
}

/// Which parameter of a function is the failure. `eager` takes text and errors of unknown type too.
pub fn failure(db: &Db<'_>, id: FnId, eager: bool) -> Option<(usize, Shape)> {
    let data = db.program().function(id);
    let scope = db.scope(id);
    let params = &data.def.params;
    let first = usize::from(data.def.has_self);
    let rest = params.iter().enumerate().skip(first);
    let mut found: Option<(usize, Shape)> = None;
    for (i, param) in rest {
        let name = name_of(param).map_or("", Name::as_str);
        if let Some(shape) = shape(db, &scope.read(db.program(), &param.ty), &param.ty, name, eager) {
            // A response or an error says more than a status beside it, a status more than a text.
            let rank = |s: &Shape| match s {
                Shape::Text => 0,
                Shape::Face(Ty::Int) => 1,
                _ => 2,
            };
            if found.as_ref().is_none_or(|(_, old)| rank(&shape) > rank(old)) {
                found = Some((i, shape));
            }
        }
    }
    if found.is_none() && data.def.has_self {
        found = match &scope.self_ty {
            Ty::Adt(id, _) if is_error(db, *id) => Some((0, Shape::Own(*id))),
            ty @ Ty::Ext(_) => shape(db, ty, &Type::Infer, "self", eager).map(|s| (0, s)),
            _ => None,
        };
    }
    found
}

/// The shape of a failure whose type is written.
pub fn of_type(db: &Db<'_>, scope: &Scope, written: &Type) -> Option<Shape> {
    shape(db, &scope.read(db.program(), written), written, "error", true)
}

fn shape(db: &Db<'_>, ty: &Ty, written: &Type, name: &str, eager: bool) -> Option<Shape> {
    match ty {
        Ty::Int if is_status(name) || name.ends_with("status") || name.ends_with("code") => Some(Shape::Face(Ty::Int)),
        Ty::Str if eager && is_text(name) => Some(Shape::Text),
        Ty::Option(inner) => shape(db, inner, written, name, false).map(|s| Shape::Some(Box::new(s))),
        Ty::Result(ok, error) => {
            let answered = match &**ok {
                Ty::Unknown => Some(Shape::Response(Ty::ext("http::Response"))),
                ty if is_response(ty) => Some(Shape::Response(ty.clone())),
                _ => None,
            };
            match answered {
                Some(response) => Some(Shape::Ok(Box::new(response))),
                None => shape(db, error, written, name, true).map(|s| Shape::Err(Box::new(s))),
            }
        }
        Ty::Adt(id, _) if is_error(db, *id) => Some(Shape::Own(*id)),
        ty if is_response(ty) => Some(Shape::Response(ty.clone())),
        Ty::Ext(path) => arrives_as(db, path.as_str()).then(|| Shape::Face(ty.clone())),
        Ty::Unknown if eager && is_dyn_error(written) => Some(Shape::Face(Ty::Unknown)),
        _ => None,
    }
}

/// The name that a parameter is bound to.
pub fn name_of(param: &Param) -> Option<Name> {
    match &param.pat.kind {
        PatKind::Bind { name, .. } => Some(*name),
        _ => None,
    }
}

fn is_text(name: &str) -> bool {
    let words = crate::models::split_words(name);
    words.iter().any(|w| matches!(w.as_str(), "e" | "err" | "error" | "msg" | "message" | "reason" | "stderr" | "s"))
}

/// `&dyn Error`, `&(dyn Error + 'static)`, `&impl Error`
fn is_dyn_error(ty: &Type) -> bool {
    match ty {
        Type::Ref(inner) => is_dyn_error(inner),
        Type::Dyn(bounds) | Type::Impl(bounds) => {
            bounds.iter().any(|b| matches!(b, Type::Path(p) if p.last().as_str().ends_with("Error")))
        }
        Type::Path(p) if p.last() == "Box" => p.args.first().is_some_and(is_dyn_error),
        _ => false,
    }
}

/// Whether a type of the unit is a failure: by its name, by its variants, or by the status that it carries.
fn is_error(db: &Db<'_>, id: TypeId) -> bool {
    let data = db.program().ty(id);
    let words = crate::models::split_words(data.def.name.as_str());
    let named = words
        .iter()
        .any(|w| matches!(w.as_str(), "error" | "err" | "failure" | "fault" | "rejection" | "exception" | "errors"));
    let answered = || {
        words.iter().any(|w| w == "response")
            && data.def.variants.iter().flat_map(|v| &v.fields).any(|f| is_status(f.name.as_str()))
    };
    let kinds = || {
        data.def.is_enum
            && data.def.variants.iter().any(|v| db.variant_kind(v.name.as_str()) == VariantKind::Own)
            && data.def.variants.iter().any(|v| db.variant_kind(v.name.as_str()) == VariantKind::Other)
    };
    named || answered() || kinds()
}

/// Whether a refused credential may arrive as a value of this type of another crate.
fn arrives_as(db: &Db<'_>, path: &str) -> bool {
    let last = path.rsplit("::").next().unwrap_or(path);
    let krate = path.split("::").next().unwrap_or(path);
    match (krate, last) {
        (_, "StatusCode") | ("tonic", "Code") | ("anyhow" | "eyre" | "color_eyre", _) => true,
        (_, "InterceptorContext") => true,
        // A 401 is an `Err` of these only where somebody asks for it.
        ("reqwest" | "reqwest_middleware", "Error") => db.asks_for_status_errors(),
        _ => db.lookup.models.refuses_as(path),
    }
}

/// The arguments of a policy: the failure, and what else is known about a first failed attempt.
pub fn arguments(db: &Db<'_>, id: FnId, at: usize, failure: &Value) -> Vec<Option<Value>> {
    let params = &db.program().function(id).def.params;
    let scope = db.scope(id);
    params
        .iter()
        .enumerate()
        .map(|(i, param)| {
            if i == at {
                return Some(failure.clone());
            }
            let name = name_of(param)?;
            match scope.read(db.program(), &param.ty) {
                // `is_network_error: bool`
                Ty::Bool => match db.variant_kind(name.as_str()) {
                    VariantKind::Other => Some(Value::Bool(false)),
                    VariantKind::Own => Some(Value::Bool(true)),
                    _ => None,
                },
                Ty::Int if name.as_str().contains("attempt") || name.as_str().ends_with("count") => Some(Value::Int(1)),
                _ => None,
            }
        })
        .collect()
}
