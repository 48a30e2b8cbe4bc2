//! Patterns against values. The failure is asked here what it is.

use std::sync::Arc;

use crate::engine::http;
use crate::engine::interp::{Interp, Tri};
use crate::engine::text::{Piece, Text};
use crate::engine::types::Ty;
use crate::engine::value::{Failure, Struct, Unknown, Value};
use crate::ir::{Expr, ExprKind, Lit, Name, Pat, PatKind, Path};
use crate::syntax::program::{Def, Res, TypeId};

/// What the head of a pattern says about a value, and the values of its parts.
enum Head {
    /// It fits; the parts by position or by name.
    Fits(Parts),
    /// It does not.
    Fails,
    /// Not known.
    Open(Parts, bool),
}

enum Parts {
    Values(Vec<(Name, Value)>),
    /// Every part shows a face of the failure.
    Faces(Failure),
    /// Unknown parts, tainted or not.
    Unknown(Ty, bool),
}

impl Interp<'_> {
    /// Matches a value and binds what the pattern binds.
    pub(super) fn matches(&mut self, pat: &Pat, value: &Value) -> Tri {
        match &pat.kind {
            PatKind::Wild => {
                self.see_unnamed(pat.span, value);
                Tri::Yes
            }
            PatKind::Rest | PatKind::Opaque => Tri::Yes,
            PatKind::Ref(inner) => self.matches(inner, value),
            PatKind::Bind { name, sub } => {
                // A bare name in capitals may be a constant or a unit variant.
                if sub.is_none() && name.as_str().starts_with(|c: char| c.is_uppercase()) {
                    let path = Path { segments: vec![*name], args: Vec::new(), qself: None, span: pat.span };
                    return self.matches_path(pat, &path, &[], value);
                }
                self.declare(*name, value.clone());
                match sub {
                    Some(sub) => self.matches(sub, value),
                    None => Tri::Yes,
                }
            }
            PatKind::Path(path) => self.matches_path(pat, path, &[], value),
            PatKind::TupleStruct(path, parts) => {
                let rest = parts.iter().position(|p| matches!(p.kind, PatKind::Rest));
                let named: Vec<(Name, &Pat)> = parts
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| rest.is_none_or(|r| *i < r))
                    .map(|(i, p)| (Name::new(&i.to_string()), p))
                    .collect();
                self.matches_path(pat, path, &named, value)
            }
            PatKind::Struct(path, fields) => {
                let named: Vec<(Name, &Pat)> = fields.iter().map(|(n, p)| (*n, p)).collect();
                self.matches_path(pat, path, &named, value)
            }
            PatKind::Tuple(parts) => {
                let value = self.load(value);
                let mut out = Tri::Yes;
                for (i, part) in parts.iter().enumerate() {
                    let inner = match &value {
                        Value::Tuple(values) => values.get(i).cloned().unwrap_or_else(Value::unknown),
                        Value::Unknown(Unknown { ty: Ty::Tuple(types), tainted, .. }) => Value::Unknown(Unknown {
                            ty: types.get(i).cloned().unwrap_or(Ty::Unknown),
                            tainted: *tainted,
                            name: None,
                        }),
                        other => Value::derived(Ty::Unknown, [other]),
                    };
                    out = both(out, self.matches(part, &inner));
                }
                out
            }
            PatKind::Slice(parts) => {
                let value = self.load(value);
                for part in parts {
                    self.matches(part, &Value::derived(Ty::Unknown, [&value]));
                }
                Tri::Maybe { tainted: value.is_tainted() }
            }
            PatKind::Or(parts) => {
                let mut out = Tri::No;
                for part in parts {
                    out = match (out, self.matches(part, value)) {
                        (_, Tri::Yes) => return Tri::Yes,
                        (Tri::No, other) => other,
                        (Tri::Maybe { tainted: a }, Tri::Maybe { tainted: b }) => Tri::Maybe { tainted: a || b },
                        (out, _) => out,
                    };
                }
                out
            }
            PatKind::Lit(lit) => {
                let value = self.load(value);
                let Ok(wanted) = self.eval(lit) else { return Tri::Maybe { tainted: value.is_tainted() } };
                let tri = self.equal(&value, &wanted);
                self.note(pat, &value, tri);
                tri
            }
            PatKind::Range { lo, hi, inclusive } => {
                let value = self.load(value);
                let Some(n) = number(&value) else { return Tri::Maybe { tainted: value.is_tainted() } };
                let mut end = |e: &Option<Box<Expr>>| match e {
                    Some(e) => self.eval(e).ok().and_then(|v| number(&v)).map(Some),
                    None => Some(None),
                };
                let (Some(lo), Some(hi)) = (end(lo), end(hi)) else {
                    return Tri::Maybe { tainted: value.is_tainted() };
                };
                let tri = Tri::from(
                    lo.is_none_or(|lo| lo <= n) && hi.is_none_or(|hi| if *inclusive { n <= hi } else { n < hi }),
                );
                self.note(pat, &value, tri);
                tri
            }
        }
    }

    /// Records that the failure was asked something.
    fn note(&mut self, pat: &Pat, value: &Value, tri: Tri) {
        if value.is_tainted() || matches!(value, Value::Failure(_)) {
            self.question(pat.span, || match tri {
                Tri::Yes => "this case takes it".to_owned(),
                Tri::No => "not this case".to_owned(),
                Tri::Maybe { .. } => "perhaps this case".to_owned(),
            });
        }
    }

    fn matches_path(&mut self, pat: &Pat, path: &Path, parts: &[(Name, &Pat)], value: &Value) -> Tri {
        let loaded = self.load(value);
        let last = path.last();
        let plain = matches!(last.as_str(), "Ok" | "Err" | "Some" | "None");
        let head = self.head(path, &loaded);
        if !plain {
            let tri = match &head {
                Head::Fits(_) => Tri::Yes,
                Head::Fails => Tri::No,
                Head::Open(_, tainted) => Tri::Maybe { tainted: *tainted },
            };
            self.note(pat, &loaded, tri);
        }
        let (values, mut out) = match head {
            Head::Fails => return Tri::No,
            Head::Fits(parts) => (parts, Tri::Yes),
            Head::Open(parts, tainted) => (parts, Tri::Maybe { tainted }),
        };
        for (name, part) in parts {
            let inner = match &values {
                Parts::Values(values) => {
                    values.iter().find(|(n, _)| n == name).map_or_else(Value::unknown, |(_, v)| v.clone())
                }
                Parts::Faces(failure) => {
                    let named = match &part.kind {
                        PatKind::Bind { name, .. } => *name,
                        _ => *name,
                    };
                    self.face(failure, named)
                }
                Parts::Unknown(ty, tainted) => {
                    let ty = match ty {
                        Ty::Unknown => Ty::Unknown,
                        ty => ty.clone(),
                    };
                    let bound = match &part.kind {
                        PatKind::Bind { name, .. } => Some(*name),
                        _ => None,
                    };
                    Value::Unknown(Unknown { ty, tainted: *tainted, name: bound })
                }
            };
            out = both(out, self.matches(part, &inner));
        }
        out
    }

    fn head(&mut self, path: &Path, value: &Value) -> Head {
        let last = path.last();
        let zero = || Name::new("0");
        let one = |v: &Arc<Value>| Parts::Values(vec![(zero(), (**v).clone())]);
        // The four that everybody knows, unless the unit has a variant of that name.
        match (last.as_str(), value) {
            ("Some", Value::Option(Some(inner)))
            | ("Ok", Value::Result(Ok(inner)))
            | ("Err", Value::Result(Err(inner))) => {
                return Head::Fits(one(inner));
            }
            ("None", Value::Option(None)) => return Head::Fits(Parts::Values(Vec::new())),
            ("Some" | "None", Value::Option(_)) | ("Ok" | "Err", Value::Result(_)) => return Head::Fails,
            ("Ok" | "Some", Value::Unknown(u)) if path.segments.len() == 1 => {
                let payload = if matches!(u.ty, Ty::Ext(_)) { u.ty.clone() } else { u.ty.payload() };
                let parts = Parts::Unknown(payload, u.tainted);
                // An untainted call succeeds; whether there is something is another question.
                return if last == "Ok" && !u.tainted { Head::Fits(parts) } else { Head::Open(parts, u.tainted) };
            }
            ("Err", Value::Unknown(u)) if path.segments.len() == 1 => {
                return if u.tainted { Head::Open(Parts::Unknown(Ty::Unknown, true), true) } else { Head::Fails };
            }
            ("None", Value::Unknown(u)) if path.segments.len() == 1 => {
                return Head::Open(Parts::Values(Vec::new()), u.tainted);
            }
            // A failure that is no `Result` here: some face of it was asked whether it is there.
            ("Some" | "Ok", Value::Failure(f)) if path.segments.len() == 1 => {
                return Head::Fits(Parts::Faces(f.clone()));
            }
            ("None" | "Err", Value::Failure(_)) if path.segments.len() == 1 => return Head::Fails,
            _ => {}
        }
        match self.db.resolve(&self.frame().scope, path) {
            Some(Res::Def(Def::Variant(id, index))) => self.variant_head(id, index, value),
            Some(Res::Def(Def::Const(id))) => {
                let wanted = self.constant(id);
                tri_head(self.equal(value, &wanted))
            }
            Some(Res::Def(Def::Type(id))) => match value {
                Value::Struct(s) => Head::Fits(Parts::Values(self.all_fields(id, s))),
                Value::Failure(f) => Head::Fits(Parts::Faces(f.clone())),
                other => Head::Fits(Parts::Unknown(Ty::Unknown, other.is_tainted())),
            },
            _ => self.foreign_head(path, value),
        }
    }

    /// The fields of an error of the attempt, those that are not known as faces of the failure.
    pub(super) fn filled(&self, s: &Struct, failure: &Failure) -> Vec<(Name, Value)> {
        let Ty::Adt(id, _) = &s.ty else { return s.fields.clone() };
        let scope = self.db.lookup.type_scope(*id, &[]);
        let fields = self.all_fields(*id, s);
        let types = self.db.program().ty(*id).def.variants.get(s.variant.map_or(0, |(_, i)| i));
        fields
            .into_iter()
            .map(|(name, value)| match value {
                Value::Unknown(_) => {
                    let ty = types
                        .and_then(|v| v.fields.iter().find(|f| f.name == name))
                        .map_or(Ty::Unknown, |f| scope.read(self.db.program(), &f.ty));
                    (name, self.face_of(failure, &ty, name))
                }
                value => (name, value),
            })
            .collect()
    }

    fn all_fields(&self, id: TypeId, s: &Struct) -> Vec<(Name, Value)> {
        let index = s.variant.map_or(0, |(_, i)| i);
        let Some(variant) = self.db.program().ty(id).def.variants.get(index) else { return s.fields.clone() };
        let scope = self.db.lookup.type_scope(id, &[]);
        variant
            .fields
            .iter()
            .map(|f| {
                let known = s.fields.iter().find(|(n, _)| *n == f.name).map(|(_, v)| v.clone());
                (f.name, known.unwrap_or_else(|| Value::named(scope.read(self.db.program(), &f.ty), f.name)))
            })
            .collect()
    }

    fn variant_head(&mut self, id: TypeId, index: usize, value: &Value) -> Head {
        let value = match value {
            // The failure becomes a value of the enum that the code believes it to be.
            Value::Failure(f) => {
                let shown = self.materialize(id, f);
                return self.variant_head_of(id, index, &shown);
            }
            Value::Unknown(u) if u.tainted => {
                let f = Failure { ty: u.ty.clone(), status: self.scenario.status(), response: false, text: None };
                let shown = self.materialize(id, &f);
                return self.variant_head_of(id, index, &shown);
            }
            other => other,
        };
        self.variant_head_of(id, index, value)
    }

    fn variant_head_of(&mut self, id: TypeId, index: usize, value: &Value) -> Head {
        match value {
            Value::Struct(s) => match s.variant {
                Some((other, i)) if other == id => {
                    if i == index {
                        Head::Fits(Parts::Values(self.all_fields(id, s)))
                    } else {
                        Head::Fails
                    }
                }
                // A struct or another enum where this enum was expected: a wrong guess somewhere.
                _ => Head::Open(Parts::Unknown(Ty::Unknown, value.is_tainted()), value.is_tainted()),
            },
            Value::Int(n) => {
                let wanted = self.discriminant(id, index);
                if wanted == *n { Head::Fits(Parts::Values(Vec::new())) } else { Head::Fails }
            }
            Value::Unknown(u) if u.tainted => {
                let name = self.db.program().variant(id, index).name;
                let failure = Failure { ty: u.ty.clone(), status: self.scenario.status(), response: false, text: None };
                self.foreign_face(name, Parts::Faces(failure))
            }
            other => Head::Open(Parts::Unknown(Ty::Unknown, other.is_tainted()), other.is_tainted()),
        }
    }

    pub(super) fn discriminant(&self, id: TypeId, index: usize) -> i128 {
        let variants = &self.db.program().ty(id).def.variants;
        let mut next = 0;
        for (i, variant) in variants.iter().enumerate() {
            if let Some(Expr { kind: ExprKind::Lit(Lit::Int(n)), .. }) = &variant.discriminant {
                next = *n;
            }
            if i == index {
                break;
            }
            next += 1;
        }
        next
    }

    fn foreign_head(&mut self, path: &Path, value: &Value) -> Head {
        let last = path.last();
        let owner = path.segments.len().checked_sub(2).map_or("", |i| path.segments[i].as_str());
        if let Some(wanted) =
            http::constant(owner, last.as_str()).or_else(|| http::status_constant(last.as_str()).map(Value::Status))
        {
            // gRPC's `Unavailable` and the like arrive as a status whose code is asked.
            if let Some(status) = value.status() {
                return tri_head(Tri::from(wanted.status() == Some(status)));
            }
            if let Value::Unknown(u) = value
                && u.tainted
                && let (Some(wanted), Some(status)) = (wanted.status(), self.scenario.status())
            {
                return tri_head(Tri::from(wanted == status));
            }
            return tri_head(self.equal(value, &wanted));
        }
        match value {
            Value::Foreign(name, values) => {
                if *name != last {
                    return Head::Fails;
                }
                let values = values.iter().enumerate().map(|(i, v)| (Name::new(&i.to_string()), v.clone())).collect();
                Head::Fits(Parts::Values(values))
            }
            Value::Struct(s) if matches!(&s.ty, Ty::Ext(_)) => {
                let same = matches!(&s.ty, Ty::Ext(path) if path.as_str().rsplit("::").next() == Some(last.as_str()));
                if same { Head::Fits(Parts::Values(s.fields.clone())) } else { Head::Fails }
            }
            Value::Failure(f) => self.foreign_face(last, Parts::Faces(f.clone())),
            Value::Unknown(u) if u.tainted => {
                let f = Failure { ty: u.ty.clone(), status: self.scenario.status(), response: false, text: None };
                self.foreign_face(last, Parts::Faces(f))
            }
            other => Head::Open(Parts::Unknown(Ty::Unknown, other.is_tainted()), other.is_tainted()),
        }
    }

    /// What the name of a variant says about the failure of this run.
    pub(super) fn kind_of(&self, name: &str) -> VariantKind {
        let own = match self.scenario.status() {
            Some(429) => "limited",
            Some(503) => "outage",
            _ => return self.db.variant_kind(name),
        };
        match self.db.variant_kind(name) {
            VariantKind::Other if self.db.lookup.models.words.names(own, name) => VariantKind::Own,
            VariantKind::Own => VariantKind::Other,
            kind => kind,
        }
    }

    /// A variant of an enum of another crate against the failure: its name has to tell.
    fn foreign_face(&self, variant: Name, parts: Parts) -> Head {
        match self.kind_of(variant.as_str()) {
            VariantKind::Own | VariantKind::Carrier => Head::Fits(parts),
            VariantKind::Other => Head::Fails,
            VariantKind::Neutral => Head::Open(parts, true),
        }
    }

    /// The failure as a value of an enum of the unit: the variant that a refused credential would arrive as.
    pub(in crate::engine) fn materialize(&mut self, id: TypeId, failure: &Failure) -> Value {
        let data = self.db.program().ty(id);
        if !data.def.is_enum {
            return Value::Failure(Failure { ty: Ty::Adt(id, Arc::from([])), ..failure.clone() });
        }
        let rank = |name: &str| match self.kind_of(name) {
            VariantKind::Own if failure.status.is_some() => 0,
            VariantKind::Own => 4,
            VariantKind::Carrier => 1,
            VariantKind::Neutral => 2,
            VariantKind::Other => 3,
        };
        let chosen = data
            .def
            .variants
            .iter()
            .enumerate()
            .min_by_key(|(i, v)| (rank(v.name.as_str()), *i))
            .filter(|(_, v)| rank(v.name.as_str()) < 2)
            .or_else(|| data.def.variants.iter().enumerate().find(|(_, v)| self.db.is_catch_all(v)));
        match chosen {
            Some((index, variant)) => {
                let scope = self.db.lookup.type_scope(id, &[]);
                let fields = variant
                    .fields
                    .iter()
                    .map(|f| (f.name, self.face_of(failure, &scope.read(self.db.program(), &f.ty), f.name)))
                    .collect();
                self.variant(id, index, fields)
            }
            None => Value::asked(Ty::Adt(id, Arc::from([]))),
        }
    }

    /// A part of the failure by the name it goes by.
    pub(super) fn face(&self, failure: &Failure, name: Name) -> Value {
        let ty = self.db.lookup.field(&failure.ty, name);
        self.face_of(failure, &ty, name)
    }

    /// A part of the failure by its type and name.
    pub(super) fn face_of(&self, failure: &Failure, ty: &Ty, name: Name) -> Value {
        let name = name.as_str();
        let is_status = matches!(name, "status" | "code" | "status_code" | "http_status" | "statuscode" | "http_code");
        match ty {
            Ty::Int => match failure.status {
                Some(status) if is_status || !name.starts_with("retry") => {
                    Value::Failure(Failure { ty: Ty::Int, status: Some(status), response: false, text: None })
                }
                _ => Value::asked(Ty::Int),
            },
            Ty::Str => Value::Str(match &failure.text {
                Some(text) => text.clone(),
                None if name == "body" => Text(vec![Piece::Asked]),
                None => Text(vec![failure.status.map_or(Piece::Asked, Piece::Message)]),
            }),
            // A refused credential comes without `Retry-After`.
            Ty::Option(inner) if name.contains("retry") || name.contains("after") || name.contains("reset") => {
                let _ = inner;
                Value::none()
            }
            Ty::Option(inner) => Value::some(self.face_of(failure, inner, Name::new(name))),
            Ty::Bool => Value::asked(Ty::Bool),
            ty => {
                Value::Failure(Failure { ty: ty.clone(), response: failure.response && !is_status, ..failure.clone() })
            }
        }
    }

    /// Whether two values are equal.
    pub(super) fn equal(&mut self, a: &Value, b: &Value) -> Tri {
        let (a, b) = (self.load(a), self.load(b));
        if let (Some(x), Some(y)) = (number(&a), number(&b)) {
            return Tri::from(x == y);
        }
        match (&a, &b) {
            (Value::Bool(x), Value::Bool(y)) => Tri::from(x == y),
            (Value::Str(x), Value::Str(y)) => match (x.known(), y.known()) {
                (Some(x), Some(y)) => Tri::from(x == y),
                _ => {
                    let (text, literal) = if x.known().is_some() { (y, x) } else { (x, y) };
                    match literal.known() {
                        Some(literal) if text.is_tainted() => self.text_is(&literal),
                        _ => Tri::Maybe { tainted: text.is_tainted() || literal.is_tainted() },
                    }
                }
            },
            // An error code in text: `"rate_limit_error"`, `"invalid_api_key"`.
            (Value::Str(x), other) | (other, Value::Str(x)) if other.is_tainted() && x.known().is_some() => {
                self.text_is(&x.known().unwrap_or_default())
            }
            (Value::Option(x), Value::Option(y)) => match (x, y) {
                (None, None) => Tri::Yes,
                (Some(x), Some(y)) => self.equal(x, y),
                _ => Tri::No,
            },
            (Value::Option(Some(x)), other) | (other, Value::Option(Some(x))) if number(other).is_some() => {
                self.equal(x, other)
            }
            (Value::Failure(_), Value::Option(None)) | (Value::Option(None), Value::Failure(_)) => Tri::No,
            (Value::Failure(f), Value::Option(Some(y))) | (Value::Option(Some(y)), Value::Failure(f)) => {
                self.equal(&Value::Failure(f.clone()), y)
            }
            (Value::Struct(x), Value::Struct(y)) => match (x.variant, y.variant) {
                (Some(x), Some(y)) => Tri::from(x == y),
                _ => Tri::Maybe { tainted: a.is_tainted() || b.is_tainted() },
            },
            (Value::Failure(f), Value::Struct(s)) | (Value::Struct(s), Value::Failure(f)) => match s.variant {
                Some((id, index)) => match self.materialize(id, f) {
                    Value::Struct(shown) => Tri::from(shown.variant == Some((id, index))),
                    _ => Tri::Maybe { tainted: true },
                },
                None => Tri::Maybe { tainted: true },
            },
            (Value::Unknown(u), Value::Struct(s)) | (Value::Struct(s), Value::Unknown(u)) if u.tainted => {
                match s.variant {
                    Some((id, index)) => match self.kind_of(self.db.program().variant(id, index).name.as_str()) {
                        VariantKind::Own => Tri::Yes,
                        VariantKind::Other => Tri::No,
                        _ => Tri::Maybe { tainted: true },
                    },
                    None => Tri::Maybe { tainted: true },
                }
            }
            (Value::Foreign(x, _), Value::Foreign(y, _)) => Tri::from(x == y),
            (Value::Foreign(name, _), other) | (other, Value::Foreign(name, _)) if other.is_tainted() => {
                match self.kind_of(name.as_str()) {
                    VariantKind::Own => Tri::Yes,
                    VariantKind::Other => Tri::No,
                    _ => Tri::Maybe { tainted: true },
                }
            }
            (Value::Unknown(u), other) | (other, Value::Unknown(u)) if u.tainted && number(other).is_some() => {
                Tri::Maybe { tainted: true }
            }
            (Value::Unit, Value::Unit) => Tri::Yes,
            _ => Tri::Maybe { tainted: a.is_tainted() || b.is_tainted() },
        }
    }

    /// Whether an error code in text would be this one under the hypothesis.
    fn text_is(&self, literal: &str) -> Tri {
        let lower = literal.to_lowercase();
        if let (Ok(n), Some(status)) = (lower.parse::<u16>(), self.scenario.status()) {
            return Tri::from(n == status);
        }
        match self.kind_of(literal) {
            VariantKind::Own => Tri::Yes,
            _ if lower.is_empty() || self.db.lookup.models.words.within("absent", &lower) => Tri::No,
            VariantKind::Other => Tri::No,
            _ => Tri::Maybe { tainted: true },
        }
    }

    /// Turns an error into the type that `?` or `into` asks for.
    pub(super) fn convert(&mut self, error: Value, target: &Ty) -> Result<Value, crate::engine::interp::Flow> {
        let Ty::Adt(id, _) = target else { return Ok(error) };
        if same_type(&error.ty(), target) {
            return Ok(error);
        }
        let source = error.ty();
        for from in self.db.program().from_impls(*id).to_vec() {
            let data = self.db.program().function(from);
            let Some(param) = data.def.params.first() else { continue };
            let scope = self.db.scope(from);
            if same_type(&scope.read(self.db.program(), &param.ty), &source) {
                return self.run_fn(from, vec![error]);
            }
        }
        // `#[from]`
        let data = self.db.program().ty(*id);
        let scope = self.db.lookup.type_scope(*id, &[]);
        for (index, variant) in data.def.variants.iter().enumerate() {
            for field in variant.fields.iter().filter(|f| f.from) {
                if same_type(&scope.read(self.db.program(), &field.ty), &source) {
                    let name = field.name;
                    return Ok(self.variant(*id, index, vec![(name, error)]));
                }
            }
        }
        Ok(match error {
            Value::Failure(f) => Value::Failure(Failure { ty: target.clone(), ..f }),
            Value::Unknown(u) => Value::Unknown(Unknown { ty: target.clone(), ..u }),
            other => other,
        })
    }
}

/// What the name of a variant says about the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariantKind {
    /// The failure arrives as this: a refused credential, unless the run is about another failure.
    Own,
    /// An answer with any status arrives as this, and carries the status.
    Carrier,
    /// The failure never arrives as this.
    Other,
    /// The name does not tell.
    Neutral,
}

fn number(value: &Value) -> Option<i128> {
    match value {
        Value::Int(n) => Some(*n),
        Value::Status(s) => Some((*s).into()),
        Value::Failure(f) => f.status.map(Into::into),
        _ => None,
    }
}

fn both(a: Tri, b: Tri) -> Tri {
    match (a, b) {
        (Tri::No, _) | (_, Tri::No) => Tri::No,
        (Tri::Yes, other) | (other, Tri::Yes) => other,
        (Tri::Maybe { tainted: a }, Tri::Maybe { tainted: b }) => Tri::Maybe { tainted: a || b },
    }
}

fn tri_head(tri: Tri) -> Head {
    match tri {
        Tri::Yes => Head::Fits(Parts::Values(Vec::new())),
        Tri::No => Head::Fails,
        Tri::Maybe { tainted } => Head::Open(Parts::Values(Vec::new()), tainted),
    }
}

/// Whether two types are the same, as far as they are known. Types of other crates are compared by crate and last
/// name, since crates re-export them at several paths.
pub fn same_type(a: &Ty, b: &Ty) -> bool {
    match (a, b) {
        (Ty::Adt(x, _), Ty::Adt(y, _)) => x == y,
        (Ty::Ext(x), Ty::Ext(y)) => {
            let ends = |n: &Name| {
                let text = n.as_str();
                (text.split("::").next().map(str::to_owned), text.rsplit("::").next().map(str::to_owned))
            };
            ends(x) == ends(y)
        }
        (Ty::Unknown, _) | (_, Ty::Unknown) => false,
        (a, b) => a == b,
    }
}
