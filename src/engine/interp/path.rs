//! Paths that are no variables, constructors, constants, and calling a value.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{CALLS, Eval, Frame, Interp, Target};
use crate::engine::types::{Scope, Ty, join};
use crate::engine::value::{Failure, Struct, Unknown, Value};
use crate::engine::{duration, http};
use crate::finding::SiteKind;
use crate::ir::{Name, Pat, Span};
use crate::syntax::program::{Def, FnId, Res};

impl<'a> Interp<'a> {
    /// The value of a path that is no local variable.
    pub(in crate::engine) fn path_value(&mut self, path: &crate::ir::Path) -> Value {
        match self.db.resolve(&self.frame().scope, path) {
            Some(Res::Def(Def::Const(id))) => self.constant(id),
            Some(Res::Def(Def::Fn(id))) => Value::Fn(id),
            Some(Res::Def(Def::Variant(id, index))) => {
                if self.db.program().variant(id, index).is_tuple {
                    Value::Constructor(id, index)
                } else {
                    self.variant(id, index, Vec::new())
                }
            }
            Some(Res::Def(Def::Type(id)))
                if self.db.program().ty(id).def.variants.first().is_some_and(|v| v.is_tuple) =>
            {
                Value::Constructor(id, 0)
            }
            Some(Res::Def(Def::Type(id))) => {
                Value::Struct(Arc::new(Struct { ty: Ty::Adt(id, Arc::from([])), variant: None, fields: Vec::new() }))
            }
            Some(Res::External(full)) => {
                let joined = join(&full);
                if self.db.lookup.models.retry.jitter(&joined).is_some() {
                    return Value::Foreign(Name::new(&joined), Arc::from([]));
                }
                self.unit_schedule(&joined).unwrap_or_else(|| self.foreign_path(path))
            }
            None => self.foreign_path(path),
            Some(Res::Def(Def::Mod(_) | Def::Trait(_) | Def::Alias(_))) => Value::unknown(),
        }
    }

    pub(super) fn foreign_path(&self, path: &crate::ir::Path) -> Value {
        let last = path.last();
        let owner = path.segments.len().checked_sub(2).map_or("", |i| path.segments[i].as_str());
        if path.single().is_some() {
            if last == "None" {
                return Value::none();
            }
            if let Some(status) = http::status_constant(last.as_str()) {
                return Value::Status(status);
            }
            return Value::named(Ty::Unknown, last);
        }
        if let Some(value) = http::constant(owner, last.as_str()) {
            return value;
        }
        if owner == "Duration" && last.as_str().starts_with("from_") {
            return Value::Foreign(last, Arc::from([]));
        }
        let of_type = owner.starts_with(|c: char| c.is_uppercase());
        let retry = &self.db.lookup.models.retry;
        if of_type && retry.marker(last.as_str()).is_some() {
            return Value::Foreign(Name::new(retry.variant(last.as_str())), Arc::from([]));
        }
        if last.as_str().starts_with(|c: char| c.is_uppercase())
            && !last.as_str().chars().all(|c| c.is_uppercase() || c == '_' || c.is_ascii_digit())
        {
            return Value::Foreign(last, Arc::from([]));
        }
        Value::named(Ty::Unknown, last)
    }

    pub(super) fn construct(&self, path: &crate::ir::Path, fields: Vec<(Name, Value)>) -> Value {
        match self.db.resolve(&self.frame().scope, path) {
            Some(Res::Def(Def::Variant(id, index))) => self.variant(id, index, fields),
            Some(Res::Def(Def::Type(id))) => {
                Value::Struct(Arc::new(Struct { ty: Ty::Adt(id, Arc::from([])), variant: None, fields }))
            }
            Some(Res::Def(Def::Alias(_))) | None if path.single().is_some_and(|n| n == "Self") => {
                Value::Struct(Arc::new(Struct { ty: self.frame().scope.self_ty.clone(), variant: None, fields }))
            }
            Some(Res::External(full)) => {
                let ty = Ty::ext(&join(&full));
                Value::Struct(Arc::new(Struct { ty, variant: None, fields }))
            }
            _ => {
                let ty = Ty::Ext(path.last());
                Value::Struct(Arc::new(Struct { ty, variant: None, fields }))
            }
        }
    }

    pub(in crate::engine) fn variant(
        &self,
        id: crate::syntax::program::TypeId,
        index: usize,
        fields: Vec<(Name, Value)>,
    ) -> Value {
        let ty = Ty::Adt(id, Arc::from([]));
        let variant = self.db.program().ty(id).def.is_enum.then_some((id, index));
        Value::Struct(Arc::new(Struct { ty, variant, fields }))
    }

    /// The value of a constant, evaluated where it is defined.
    pub(in crate::engine) fn constant(&mut self, id: crate::syntax::program::ConstId) -> Value {
        let data = self.db.program().constant(id);
        let Some(value) = &data.def.value else { return Value::unknown() };
        if self.frames.len() > CALLS {
            return Value::unknown();
        }
        let mut scope = Scope { module: data.module, self_ty: Ty::Unknown, generics: FxHashMap::default() };
        if let Some(ty) = &data.self_ty {
            scope.self_ty = scope.read(self.db.program(), ty);
        }
        // Constants have no frame of their own: spans in them belong to another file, and nothing in them is looked
        // up by span.
        let frame = Frame { id: self.frame().id, scope: Arc::new(scope), locals: Vec::new(), error: Ty::Unknown };
        self.frames.push(frame);
        let was = std::mem::replace(&mut self.in_attempt, true);
        let result = self.eval(value);
        self.in_attempt = was;
        self.frames.pop();
        match result {
            Ok(Value::Unknown(u)) => Value::Unknown(Unknown { name: u.name.or(Some(data.def.name)), ..u }),
            Ok(value) => value,
            Err(_) => Value::named(Ty::Unknown, data.def.name),
        }
    }

    /// Calls anything that can be called.
    pub(in crate::engine) fn apply(&mut self, callee: &Value, args: Vec<Value>) -> Eval {
        match self.load(callee) {
            Value::Closure(closure) => self.run_closure(&closure, args),
            Value::Fn(id) => self.run_fn(id, args),
            Value::Constructor(id, index) => {
                let fields = args.into_iter().enumerate().map(|(i, v)| (Name::new(&i.to_string()), v)).collect();
                Ok(self.variant(id, index, fields))
            }
            Value::Foreign(name, _) => {
                // `.map(Duration::from_secs)`
                let made = args.first().and_then(|arg| duration::constructor(name.as_str(), &self.load(arg)));
                Ok(made.unwrap_or_else(|| Value::Foreign(name, args.into())))
            }
            // `.and_then(Response::error_for_status)`
            Value::Unknown(u) if u.name.is_some_and(|name| name == "error_for_status") && args.len() == 1 => {
                Ok(match self.load(&args[0]) {
                    Value::Failure(failure) => {
                        self.status_asked = true;
                        Value::err(Value::Failure(Failure {
                            ty: Ty::ext("reqwest::Error"),
                            response: false,
                            ..failure
                        }))
                    }
                    response => Value::ok(response),
                })
            }
            other => {
                let ret = match other.ty() {
                    Ty::Func(ret) => (*ret).clone(),
                    _ => Ty::Unknown,
                };
                Ok(Value::derived(ret, args.iter().chain([&other])))
            }
        }
    }

    /// Binds a pattern, whether it matches or not.
    pub(in crate::engine) fn bind(&mut self, pat: &Pat, value: Value) {
        self.matches(pat, &value);
    }

    /// Takes the arguments that callers hand to the site's function, as far as the way to each call shows them. The
    /// nearest caller stands first.
    pub fn called_from(mut self, callers: &[(FnId, Span)]) -> Interp<'a> {
        if callers.is_empty() {
            return self;
        }
        let own = self.target;
        for (caller, call) in callers.iter().rev() {
            self.target = Target { home: *caller, site: *call, attempt: *call, kind: SiteKind::Loop, ..own };
            self.enter(*caller);
            if let Some(body) = &self.db.program().function(*caller).def.body {
                // However this ends, what was given is what is known.
                let _ = self.seek_block(body);
            }
            self.frames.clear();
        }
        self.target = own;
        self.decisions.clear();
        self.until = None;
        self.steps = 0;
        self
    }

    /// Begins a function with what it was given.
    pub(super) fn enter(&mut self, id: FnId) {
        self.push_frame(id);
        let given = std::mem::take(&mut self.given);
        for (i, param) in self.db.program().function(id).def.params.iter().enumerate() {
            let value = match given.iter().find(|(at, _)| *at == i) {
                Some((_, value)) => value.clone(),
                None => self.param_value(param),
            };
            self.bind(&param.pat, value);
        }
    }
}
