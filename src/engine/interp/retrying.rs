//! Calls of retry libraries, desugared to the loop that they are: attempt, ask, wait, again.
//!
//! The call makes a [`Value::Retrying`], the methods behind it add to that, and `.await` (or a method, or the call
//! itself) runs it: round by round where it is the site, once and without its policy everywhere else.

use std::sync::Arc;

use super::{At, Eval, Event, Exit, Flow, Interp, MANY, Tri, Wish};
use crate::engine::schedule::{Next, Schedule};
use crate::engine::types::Ty;
use crate::engine::value::{Failure, Retrying, Unknown, Value};
use crate::finding::SiteKind;
use crate::ir::{Expr, Name, Pat, PatKind, Span};
use crate::models::{Marker, Place, Retry, Role};
use crate::syntax::program::FnId;

/// What the policy says to a failure.
enum Said {
    /// Once more, after a delay that is not the schedule's where one is given.
    Again(Option<Option<(f64, f64)>>),
    /// The failure is given back.
    Stop,
}

impl<'a> Interp<'a> {
    /// Runs the library call that is the site.
    pub(super) fn combinator(&mut self, e: &'a Expr) -> Eval {
        self.at_site = true;
        let value = self.eval(e);
        let value = match value {
            // A future that is handed on: whoever awaits it runs it.
            Ok(value) => match self.load(&value) {
                Value::Retrying(retrying) => self.run_retrying(&retrying, e.span),
                other => Ok(other),
            },
            other => other,
        };
        Err(Flow::Halt(match value {
            Err(Flow::Halt(exit)) => exit,
            _ if self.done.attempts == 0 => Exit::Unreached,
            _ => Exit::Left,
        }))
    }

    /// The call of a library: the values it was given, not run yet unless the call does that itself.
    pub(in crate::engine) fn retrying(&mut self, span: Span, index: usize, recv: Option<Value>, args: &[Expr]) -> Eval {
        let written = args;
        let mut args = self.eval_all(written)?;
        let models = self.db.lookup.models;
        let model = models.retry.retry(index);
        let pick = |place: Place| match place {
            Place::Receiver(_) => recv.clone(),
            Place::Argument(i) => args.get(i).cloned(),
        };
        let operation = pick(model.operation).unwrap_or_else(Value::unknown);
        let started = model.starts.as_deref().and_then(|path| models.retry.schedule_type(path));
        let schedule = match (model.schedule.and_then(pick), started) {
            (Some(value), _) => self.schedule_of(&value),
            (None, Some(start)) => Schedule::of(start, models.retry.schedule(start)),
            (None, None) => Schedule::from_value(&Value::unknown()),
        };
        let mut deciders = Vec::new();
        if let Some(condition) = model.condition.filter(|i| *i < args.len()) {
            deciders.push((Role::Predicate, args.swap_remove(condition)));
        }
        let delay_at = match model.schedule {
            Some(Place::Argument(i)) => written.get(i).map_or(span, |e| e.span),
            _ => span,
        };
        let (home, context) = (self.frame().id, Vec::new());
        let retrying = Retrying { model: index, at: span, delay_at, home, operation, schedule, deciders, context };
        if model.runs {
            return self.run_retrying(&retrying, span);
        }
        Ok(Value::Retrying(Arc::new(retrying)))
    }

    fn schedule_of(&self, value: &Value) -> Schedule {
        match self.load(value) {
            // `&strategy`, `Some(strategy)`
            Value::Option(Some(inner)) => Schedule::from_value(&self.load(&inner)),
            value => Schedule::from_value(&value),
        }
    }

    /// A method behind the call of a library.
    pub(in crate::engine) fn retrying_method(
        &mut self,
        span: Span,
        retrying: &Retrying,
        name: Name,
        args: Vec<Value>,
    ) -> Eval {
        let models = self.db.lookup.models;
        let model = models.retry.retry(retrying.model);
        let mut next = retrying.clone();
        match model.methods.get(name.as_str()) {
            Some(role @ (Role::Predicate | Role::Adjust | Role::Delay)) => {
                next.deciders.extend(args.into_iter().next().map(|function| (*role, function)));
            }
            Some(Role::Context) => next.context = args,
            Some(Role::Schedule) => {
                if let Some(value) = args.first() {
                    next.schedule = self.schedule_of(value);
                }
            }
            Some(Role::Run) => return self.run_retrying(retrying, span),
            Some(Role::Neutral) => {}
            None => {
                let started = model.starts.as_deref().and_then(|path| models.retry.schedule_type(path));
                match started.and_then(|start| models.retry.schedule(start).set.get(name.as_str())) {
                    Some(settings) => self.apply_settings(&mut next.schedule, settings, &args),
                    // Whatever it is, it has the result.
                    None => return self.run_retrying(retrying, span),
                }
            }
        }
        Ok(Value::Retrying(Arc::new(next)))
    }

    /// Runs a library call.
    pub(in crate::engine) fn run_retrying(&mut self, retrying: &Retrying, span: Span) -> Eval {
        let target = self.target;
        let is_site = target.kind == SiteKind::Combinator
            && self.at_site
            && !self.in_attempt
            && retrying.home == target.home
            && target.site.contains(retrying.at);
        if is_site {
            let exit = self.rounds_of(retrying)?;
            return Err(Flow::Halt(exit));
        }
        let value = self.operate(retrying, span)?;
        Ok(self.unmarked(value))
    }

    fn rounds_of(&mut self, retrying: &Retrying) -> Result<Exit, Flow> {
        let models = self.db.lookup.models;
        let model = models.retry.retry(retrying.model);
        let at = self.at(self.target.attempt);
        let core = self.at(retrying.at);
        let delay_at = self.at(retrying.delay_at);
        let back = self.at(Span { start: retrying.at.end.saturating_sub(1), end: retrying.at.end });
        self.operation = self.body_of(&retrying.operation, model);
        self.operation_decides = !model.errors.is_empty();
        if retrying.schedule.until.is_some() && retrying.schedule.retries.is_none() {
            self.until = retrying.schedule.until;
        }
        let mut round = 0;
        loop {
            self.done.attempts += 1;
            if self.done.attempts > MANY {
                self.done.attempts = MANY;
                return Ok(Exit::Going);
            }
            self.events.push(Event::Attempt(at));
            (self.in_attempt, self.hit, self.question_mark_at) = (true, false, None);
            let value = self.operate(retrying, core.span);
            self.in_attempt = false;
            let value = match value {
                Ok(value) => self.load(&value),
                Err(Flow::Halt(exit)) => return Ok(exit),
                Err(_) => return Ok(Exit::Left),
            };
            self.recovered |= self.refusal().is_none();
            let value = match self.refusal() {
                Some(_) if !value.is_tainted() && !self.hit => self.opaque_answer(self.target.attempt),
                Some(_) if !value.is_tainted() => self.marked(value),
                _ => value,
            };
            // Success ends it, whatever the result was taken for.
            let error = self.error_of(&value).filter(|_| self.refusal().is_some());
            let Some(error) = error else { return Ok(Exit::Left) };
            self.failed = Some(Value::err(error.clone()));
            let next = retrying.schedule.next(round);
            let delay = match self.said(retrying, model, &error, round, next, core)? {
                Said::Stop => return Ok(Exit::Left),
                Said::Again(Some(delay)) => delay,
                Said::Again(None) => match next {
                    Next::End => return Ok(Exit::Left),
                    Next::Wait(delay) => delay,
                },
            };
            if delay != Some((0.0, 0.0)) {
                self.events.push(Event::Delay(delay_at, delay));
            }
            self.events.push(Event::BackEdge(back));
            round += 1;
        }
    }

    /// The error of what an attempt gave; `None` where it succeeded.
    fn error_of(&self, value: &Value) -> Option<Value> {
        match self.load(value) {
            Value::Result(Err(error)) => Some(self.load(&error)),
            // Whatever is in there, the library is done.
            Value::Result(Ok(_)) => None,
            // `(context, result)`
            Value::Tuple(parts) => parts.iter().find_map(|part| self.error_of(part)),
            marked @ Value::Foreign(..) if self.marker(&marked).is_some() => Some(marked),
            Value::Foreign(name, _) if name == "Ok" => None,
            other if other.is_tainted() => Some(other),
            _ => None,
        }
    }

    /// What the deciders say, one after the other.
    fn said(
        &mut self,
        retrying: &Retrying,
        model: &Retry,
        error: &Value,
        round: u32,
        next: Next,
        at: At,
    ) -> Result<Said, Flow> {
        let mut error = error.clone();
        if !model.errors.is_empty() {
            match self.marker(&error) {
                Some(marker) if marker.stops() => return Ok(Said::Stop),
                Some(_) => error = self.marked_error(&error),
                None if self.is_opaque(model, &error) => {
                    let wish = Wish { stay: Some(true), leave: Some(false) };
                    if !self.decide(at.span, true, wish) {
                        return Ok(Said::Stop);
                    }
                }
                None => {
                    if let Some(place) = self.question_mark_at.filter(|_| model.question_mark) {
                        self.events.push(Event::Transient(place));
                    }
                }
            }
        }
        let condition = retrying.schedule.condition.iter().map(|f| (Role::Predicate, (**f).clone(), true));
        let deciders = retrying.deciders.iter().map(|(role, f)| (*role, f.clone(), false));
        let wish = Wish { stay: Some(true), leave: Some(false) };
        let mut delay = None;
        for (role, function, of_result) in deciders.chain(condition) {
            match role {
                Role::Predicate => {
                    let asked = if of_result { Value::some(Value::err(error.clone())) } else { error.clone() };
                    let before = self.events.len();
                    let answer = self.call_value(&function, model.predicate.as_deref(), vec![asked])?;
                    // It asked something that is not seen to be about the failure.
                    if self.events.len() == before
                        && let Some(place) = self.looks_at(&function, model.predicate.as_deref())
                    {
                        self.events.push(Event::Question(place, "lets this failure through".to_owned()));
                    }
                    let tri = match self.load(&answer) {
                        Value::Bool(answer) => Tri::from(answer),
                        other => Tri::Maybe { tainted: other.is_tainted() },
                    };
                    if !self.settle(tri, at.span, wish) {
                        return Ok(Said::Stop);
                    }
                }
                Role::Adjust | Role::Delay => {
                    let proposed = match next {
                        Next::Wait(Some((least, most))) => Value::some(Value::Duration(least, most)),
                        Next::Wait(None) => Value::some(Value::of(Ty::ext("std::time::Duration"))),
                        Next::End => Value::none(),
                    };
                    let args = match role {
                        Role::Adjust => vec![error.clone(), proposed],
                        _ => vec![Value::Int(i128::from(round) + 1), error.clone()],
                    };
                    let answer = self.call_value(&function, None, args)?;
                    delay = match self.load(&answer) {
                        Value::Option(None) => return Ok(Said::Stop),
                        Value::Foreign(name, _) if name == "Break" => return Ok(Said::Stop),
                        Value::Option(Some(inner)) => Some(self.seconds_of(&inner)),
                        Value::Foreign(_, values) if values.len() == 1 => Some(self.seconds_of(&values[0])),
                        Value::Duration(least, most) => Some(Some((least, most))),
                        other => {
                            let tri = Tri::Maybe { tainted: other.is_tainted() };
                            if !self.settle(tri, at.span, wish) {
                                return Ok(Said::Stop);
                            }
                            None
                        }
                    };
                    if role == Role::Delay && next == Next::End {
                        return Ok(Said::Stop);
                    }
                }
                _ => {}
            }
        }
        Ok(Said::Again(delay))
    }

    fn seconds_of(&self, value: &Value) -> Option<(f64, f64)> {
        match self.load(value) {
            Value::Duration(least, most) => Some((least, most)),
            _ => None,
        }
    }

    /// Asks a function, or a value whose type has the method that decides.
    fn call_value(&mut self, function: &Value, method: Option<&str>, args: Vec<Value>) -> Eval {
        match self.method_of(function, method) {
            Some(id) => {
                let mut values = vec![function.clone()];
                values.extend(args);
                self.run_fn(id, values)
            }
            None => self.apply(function, args),
        }
    }

    /// Where a function that decides is written, unless it does not look at what it is given.
    fn looks_at(&self, function: &Value, method: Option<&str>) -> Option<At> {
        let place = |id: FnId, span| At { file: self.db.program().function(id).file, span };
        let (id, params) = match self.load(function) {
            Value::Closure(closure) => {
                let ignores = closure.params.iter().all(|p| is_ignored(&p.pat));
                return (!ignores).then(|| place(closure.home, closure.body.span));
            }
            Value::Fn(id) => (id, 0),
            other => (self.method_of(&other, method)?, 1),
        };
        let def = &self.db.program().function(id).def;
        let ignores = def.params.iter().skip(params).all(|p| is_ignored(&p.pat));
        (!ignores).then(|| place(id, def.name_span))
    }

    fn method_of(&self, value: &Value, method: Option<&str>) -> Option<FnId> {
        let ty = self.load(value).ty();
        let ty = matches!(ty, Ty::Adt(..)).then_some(ty)?;
        self.db.lookup.implemented(&ty, Name::new(method?))
    }

    /// Runs the operation once.
    fn operate(&mut self, retrying: &Retrying, span: Span) -> Eval {
        let models = self.db.lookup.models;
        let action = models.retry.retry(retrying.model).action.as_deref();
        let value = self.call_value(&retrying.operation, action, retrying.context.clone())?;
        let value = self.finish(value, span)?;
        // `|| async { .. }` behind a function that gives a boxed future.
        match self.load(&value) {
            again @ (Value::Task(_) | Value::Retrying(_)) => self.finish(again, span),
            _ => Ok(value),
        }
    }

    /// The function and the range that the operation is written in.
    fn body_of(&self, operation: &Value, model: &Retry) -> Option<(FnId, Span)> {
        let function = |id: FnId| Some((id, self.db.program().function(id).def.body.as_ref()?.span));
        match self.load(operation) {
            Value::Closure(closure) => Some((closure.home, closure.body.span)),
            Value::Fn(id) => function(id),
            other => self.method_of(&other, model.action.as_deref()).and_then(function),
        }
    }

    /// What the wrapper around an error says, where it is one of a library's.
    fn marker(&self, error: &Value) -> Option<Marker> {
        let models = &self.db.lookup.models.retry;
        match error {
            Value::Foreign(name, _) => models.marker(name.as_str()),
            // `Error::Transient { err, retry_after }`
            Value::Struct(s) => match &s.ty {
                Ty::Ext(path) => models.marker(path.as_str().rsplit("::").next().unwrap_or("")),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a wrapper holds.
    fn marked_error(&self, error: &Value) -> Value {
        let inner = match error {
            Value::Foreign(_, values) => values.first().cloned(),
            Value::Struct(s) => s.fields.iter().map(|(_, v)| v).find(|v| v.is_tainted()).cloned(),
            _ => None,
        };
        inner.map_or_else(|| error.clone(), |inner| self.load(&inner))
    }

    /// It is one of the library's own errors, and nobody saw how it was made.
    fn is_opaque(&self, model: &Retry, error: &Value) -> bool {
        let own = |path: &str| {
            let library = |call: &String| call.split("::").next() == path.split("::").next();
            model.calls.iter().chain(&model.of).chain(&model.traits).any(library)
        };
        match error {
            Value::Unknown(Unknown { ty: Ty::Ext(path), .. }) | Value::Failure(Failure { ty: Ty::Ext(path), .. }) => {
                own(path.as_str())
            }
            Value::Unknown(u) => u.tainted && !u.ty.is_known(),
            _ => false,
        }
    }

    /// The result as the library gives it back: the error without its wrapper.
    fn unmarked(&self, value: Value) -> Value {
        match self.load(&value) {
            Value::Result(Err(error)) => {
                let error = self.load(&error);
                let marked = self.marker(&error).is_some();
                if marked { Value::err(self.marked_error(&error)) } else { Value::err(error) }
            }
            Value::Foreign(name, values) if name == "Ok" && !values.is_empty() => Value::ok(values[0].clone()),
            error @ Value::Foreign(..) if self.marker(&error).is_some() => Value::err(self.marked_error(&error)),
            _ => value,
        }
    }
}

/// `_`, `_error`
fn is_ignored(pat: &Pat) -> bool {
    match &pat.kind {
        PatKind::Bind { name, .. } => name.as_str().starts_with('_'),
        other => matches!(other, PatKind::Wild),
    }
}
