//! Runs without a site: what a function gives back when its key is refused, and what a policy answers to that.
//!
//! `birth` asks the first, `policy` the second. Both want the value itself, where a site is judged by its events.

use std::sync::Arc;

use super::{Decision, Eval, Event, Forced, Interp, Scenario, Target};
use crate::engine::db::Db;
use crate::engine::types::Ty;
use crate::engine::value::{Struct, Value};
use crate::finding::SiteKind;
use crate::ir::{Expr, Span};
use crate::syntax::program::{FnId, TypeId};

/// Parts of a value that are followed when it is taken out of its run.
const DEPTH: u32 = 6;
/// No place in any file.
const NOWHERE: Span = Span { start: u32::MAX, end: u32::MAX };

/// What one run of a function showed.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What it gave back; `None` where it does not come back.
    pub answer: Option<Value>,
    /// It really went to the network.
    pub hit: bool,
    /// It looked at the status of the response that it was given.
    pub status_asked: bool,
    /// The questions on the way.
    pub events: Vec<Event>,
    /// What was assumed.
    pub decisions: Vec<Decision>,
}

impl<'a> Interp<'a> {
    /// A run that has no site.
    pub fn detached(db: &'a Db<'a>, scenario: Scenario, home: FnId, forced: Forced) -> Interp<'a> {
        let target = Target { home, site: NOWHERE, attempt: NOWHERE, response_world: true, kind: SiteKind::Policy };
        let mut run = Interp::new(db, scenario, target, forced);
        run.done.attempts = 1;
        run
    }

    /// Whether this run has no site.
    pub(in crate::engine) fn is_detached(&self) -> bool {
        self.target.site == NOWHERE
    }

    /// Runs a function as the operation that is attempted: every request in it is refused.
    pub fn refused(mut self, id: FnId) -> Asked {
        self.in_attempt = true;
        // Whatever is evaluated around the call itself is evaluated there.
        self.push_frame(id);
        let result = self.run_fn(id, Vec::new()).and_then(|value| self.finish(value, Span::default()));
        let hit = self.any_hit;
        let result = result.map(|value| {
            let value = self.load(&value);
            if hit && !value.is_tainted() { self.marked(value) } else { value }
        });
        self.asked(result)
    }

    /// Runs a function on arguments; what is `None` is what a parameter of its type is.
    pub fn ask(mut self, id: FnId, args: &[Option<Value>]) -> Asked {
        let data = self.db.program().function(id);
        self.push_frame(id);
        let values = data
            .def
            .params
            .iter()
            .zip(args)
            .map(|(param, arg)| arg.clone().unwrap_or_else(|| self.param_value(param)))
            .collect();
        let result = self.run_fn(id, values).and_then(|value| self.finish(value, Span::default()));
        self.asked(result)
    }

    /// Asks a function or closure, where it is handed over, about one value.
    pub fn ask_handed(mut self, function: &'a Expr, about: Value) -> Asked {
        self.push_frame(self.target.home);
        let asked = self.eval(function).and_then(|function| self.apply(&function, vec![about]));
        let result = asked.and_then(|value| self.finish(value, Span::default()));
        self.asked(result)
    }

    /// What a run that ended so was asked for, and what it came through.
    fn asked(self, result: Eval) -> Asked {
        let answer = result.ok().map(|value| self.taken_out(&self.load(&value), 0));
        Asked {
            answer,
            hit: self.any_hit,
            status_asked: self.status_asked,
            events: self.events,
            decisions: self.decisions,
        }
    }

    /// What `?` makes of an error where a function gives back this type; `None` where nothing converts it.
    pub fn converted(db: &'a Db<'a>, scenario: Scenario, error: Value, ty: TypeId) -> Option<Value> {
        let home = db.program().first_function()?;
        let mut run = Interp::detached(db, scenario, home, Forced::default());
        run.push_frame(home);
        let value = run.convert(error, &Ty::Adt(ty, Arc::from([]))).ok()?;
        matches!(value, Value::Struct(_)).then(|| run.taken_out(&value, 0))
    }

    /// The value without references into the store of this run.
    fn taken_out(&self, value: &Value, depth: u32) -> Value {
        if depth > DEPTH {
            return Value::derived(value.ty(), [value]);
        }
        let part = |v: &Value| self.taken_out(v, depth + 1);
        match self.load(value) {
            Value::Struct(s) => Value::Struct(Arc::new(Struct {
                fields: s.fields.iter().map(|(name, v)| (*name, part(v))).collect(),
                ty: s.ty.clone(),
                variant: s.variant,
            })),
            Value::Foreign(name, values) => Value::Foreign(name, values.iter().map(part).collect()),
            Value::Tuple(values) => Value::Tuple(values.iter().map(part).collect()),
            Value::List(values) => Value::List(values.iter().map(part).collect()),
            Value::Option(Some(v)) => Value::some(part(&v)),
            Value::Result(Ok(v)) => Value::ok(part(&v)),
            Value::Result(Err(v)) => Value::err(part(&v)),
            // What they captured stays behind.
            Value::Closure(_) | Value::Task(_) => Value::unknown(),
            other => other,
        }
    }
}
