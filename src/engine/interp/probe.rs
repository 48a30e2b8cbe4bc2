//! A pool with one credential, asked for the next: a pool whose code is there is not believed, it is tried.
//!
//! The pool is made up from the definition of its type: lists hold one element, sets are empty, counters stand at the
//! first. The credential that was sent is handed in. When the pool then hands out a credential, it can only be the same.

use std::sync::Arc;

use super::{Eval, Interp};
use crate::engine::types::Ty;
use crate::engine::value::{PlaceRef, Struct, Value};
use crate::ir::{Name, Param, Type};
use crate::syntax::program::{FnId, TypeId};

/// Types inside types.
const DEPTH: u32 = 4;

impl Interp<'_> {
    /// Whether a rotation hands out the credential that it is told to give up. `false` also where its code does not decide.
    pub(super) fn hands_out_the_same(&mut self, rotation: FnId) -> bool {
        if let Some((_, same)) = self.probed.iter().find(|(id, _)| *id == rotation) {
            return *same;
        }
        let same = self.probe(rotation).unwrap_or(false);
        self.probed.push((rotation, same));
        same
    }

    fn probe(&mut self, rotation: FnId) -> Option<bool> {
        let data = self.db.program().function(rotation);
        let owner = data.owner.filter(|_| data.def.has_self && data.def.body.is_some())?;
        let pool = self.pool_of_one(owner, 0)?;
        let cell = self.alloc(pool);
        let mut args = vec![Value::Ref(PlaceRef { cell, path: Vec::new() })];
        let scope = self.db.scope(rotation);
        for param in data.def.params.iter().skip(1) {
            let ty = scope.read(self.db.program(), &param.ty);
            args.push(self.sent(param, &ty));
        }
        let (decisions, steps) = (self.decisions.len(), self.steps);
        let was = (self.in_attempt, self.in_probe);
        (self.in_attempt, self.in_probe) = (true, true);
        let result = self.run_fn(rotation, args);
        (self.in_attempt, self.in_probe) = was;
        let is_decided = self.decisions.len() == decisions;
        self.decisions.truncate(decisions);
        self.steps = steps;
        let value = result.ok().filter(|_| is_decided)?;
        match self.load(&value) {
            Value::Option(next) => Some(next.is_some()),
            Value::Bool(next) => Some(next),
            Value::Result(next) => Some(next.is_ok()),
            _ => None,
        }
    }

    /// The argument that stands for the credential that was sent.
    fn sent(&self, param: &Param, ty: &Ty) -> Value {
        match ty {
            Ty::Adt(id, _) => self.pool_of_one(*id, 1).unwrap_or_else(|| Value::of(ty.clone())),
            Ty::Str => first_key(),
            Ty::Int => match &param.pat.kind {
                crate::ir::PatKind::Bind { name, .. } if is_index(*name) => Value::Int(0),
                _ => Value::of(Ty::Int),
            },
            ty => Value::of(ty.clone()),
        }
    }

    /// A value of a type of the unit, as it is when there is one credential and nothing has happened yet. `None` for an
    /// enum.
    fn pool_of_one(&self, id: TypeId, depth: u32) -> Option<Value> {
        let program = self.db.program();
        let def = &program.ty(id).def;
        if def.is_enum || depth > DEPTH {
            return None;
        }
        let scope = self.db.lookup.type_scope(id, &[]);
        let fields = def
            .variants
            .first()?
            .fields
            .iter()
            .map(|field| (field.name, self.first_of(&scope.read(program, &field.ty), &field.ty, field.name, depth)))
            .collect();
        Some(Value::Struct(Arc::new(Struct { ty: Ty::Adt(id, Arc::from([])), variant: None, fields })))
    }

    fn first_of(&self, ty: &Ty, written: &Type, name: Name, depth: u32) -> Value {
        match ty {
            Ty::Adt(id, _) => self.pool_of_one(*id, depth + 1).unwrap_or_else(|| Value::of(ty.clone())),
            Ty::List(_) if is_keyed(written) => Value::List(Arc::from([])),
            Ty::List(item) => Value::List([self.first_of(item, &Type::Infer, name, depth + 1)].into()),
            Ty::Str => first_key(),
            Ty::Int => Value::Int(0),
            Ty::Option(_) => Value::none(),
            Ty::Bool => flag(name).map_or_else(|| Value::of(Ty::Bool), Value::Bool),
            ty => Value::of(ty.clone()),
        }
    }

    /// Methods of a collection that a probe follows; `None` for the rest, which everybody knows.
    pub(in crate::engine) fn probed_collection(
        &mut self,
        place: Option<&PlaceRef>,
        items: &[Value],
        method: &str,
        args: &[Value],
    ) -> Option<Eval> {
        if !self.in_probe {
            return None;
        }
        let first = args.first().cloned();
        let changed = |run: &mut Self, items: Vec<Value>| {
            if let Some(place) = place {
                run.write(place, Value::List(items.into()));
            }
        };
        Some(Ok(match (method, first) {
            ("insert" | "push" | "push_back", Some(item)) => {
                let item = self.load(&item);
                let more = items.iter().cloned().chain([item]).collect();
                changed(self, more);
                Value::Bool(true)
            }
            ("clear", None) => {
                changed(self, Vec::new());
                Value::Unit
            }
            ("remove" | "pop_front" | "pop", _) => {
                changed(self, items.iter().skip(1).cloned().collect());
                Value::Option(items.first().cloned().map(Arc::new))
            }
            ("find" | "position" | "filter" | "find_map" | "retain", Some(keeps)) => {
                let mut kept = Vec::new();
                for (i, item) in items.iter().enumerate() {
                    let held = match self.apply(&keeps, vec![item.clone()]) {
                        Ok(held) => self.load(&held),
                        Err(flow) => return Some(Err(flow)),
                    };
                    match held {
                        Value::Bool(false) => {}
                        Value::Bool(true) if method == "position" => {
                            return Some(Ok(Value::some(Value::Int(i as i128))));
                        }
                        Value::Bool(true) if method == "find" => return Some(Ok(Value::some(item.clone()))),
                        Value::Bool(true) => kept.push(item.clone()),
                        // Not known: nothing is known of the pool then.
                        _ => return Some(Ok(Value::unknown())),
                    }
                }
                match method {
                    "filter" => Value::List(kept.into()),
                    "retain" => {
                        changed(self, kept);
                        Value::Unit
                    }
                    _ => Value::none(),
                }
            }
            ("contains_key", Some(key)) => {
                let key = self.load(&key);
                Value::Bool(items.iter().any(|item| matches!(self.equal(item, &key), super::Tri::Yes)))
            }
            _ => return None,
        }))
    }
}

fn first_key() -> Value {
    Value::text("the first key")
}

fn is_index(name: Name) -> bool {
    crate::models::split_words(name.as_str()).iter().any(|w| matches!(w.as_str(), "id" | "index" | "idx" | "slot"))
}

/// What a flag of a credential is when nothing has happened yet, by its name.
fn flag(name: Name) -> Option<bool> {
    crate::models::split_words(name.as_str()).iter().find_map(|w| match w.as_str() {
        "enabled" | "active" | "healthy" | "available" | "valid" | "alive" => Some(true),
        "dead" | "disabled" | "exhausted" | "revoked" | "banned" | "failed" | "invalid" | "rejected" => Some(false),
        _ => None,
    })
}

/// Sets and maps remember what happened; they start empty.
fn is_keyed(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => {
            let last = path.last();
            last.as_str().ends_with("Set") || last.as_str().ends_with("Map") || path.args.iter().any(is_keyed)
        }
        Type::Ref(inner) => is_keyed(inner),
        _ => false,
    }
}
