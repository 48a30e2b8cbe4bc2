//! Expressions, the attempt among them.

use std::sync::Arc;

use super::function::returned;
use super::{CALLS, Eval, Event, Exit, Flow, Frame, Interp, MANY, NESTING, STEPS, Tri, Wish};
use crate::engine::scenario::Scenario;
use crate::engine::types::Ty;
use crate::engine::value::{Closure, Failure, Struct, Task, Unknown, Value};
use crate::ir::{BinOp, Expr, ExprKind, Lit, Span, UnOp};

impl Interp<'_> {
    pub(in crate::engine) fn eval(&mut self, e: &Expr) -> Eval {
        self.steps += 1;
        if self.steps > STEPS {
            return Err(Flow::Halt(Exit::Budget));
        }
        if self.nesting > NESTING {
            return Ok(Value::unknown());
        }
        self.nesting += 1;
        let home_call = self.home_call;
        if matches!(e.kind, ExprKind::Call { .. } | ExprKind::Method { .. }) && self.is_home() {
            self.home_call = e.span;
        }
        let is_attempt = self.at_site
            && !self.in_attempt
            && (e.span == self.target.attempt || self.also.contains(&e.span))
            && self.frame().id == self.target.home
            && matches!(e.kind, ExprKind::Call { .. } | ExprKind::Method { .. });
        let result = if is_attempt {
            let result = self.attempt(e);
            self.failed = result.as_ref().ok().map(|value| self.load(value));
            result
        } else if self.is_refresh(e) {
            self.refresh(e)
        } else if self.is_beside(e) {
            self.eval_kind(e).map(|value| self.succeeded(value, e.span))
        } else {
            self.eval_kind(e)
        };
        self.nesting -= 1;
        self.home_call = home_call;
        result
    }

    /// Another operation of the site than the attempt: it succeeds by hypothesis.
    fn is_beside(&self, e: &Expr) -> bool {
        self.at_site
            && !self.in_attempt
            && matches!(self.scenario, Scenario::DeadKey | Scenario::Forbidden)
            && self.frames.len() == 1
            && self.frame().id == self.target.home
            && matches!(e.kind, ExprKind::Call { .. } | ExprKind::Method { .. })
            && self.db.call(self.target.home, e.span).is_some_and(|call| self.db.reaches(call))
    }

    pub(super) fn attempt(&mut self, e: &Expr) -> Eval {
        self.done.attempts += 1;
        if self.done.attempts > MANY {
            self.done.attempts = MANY;
            return Err(Flow::Halt(Exit::Going));
        }
        let at = self.at(e.span);
        self.next_round();
        self.events.push(Event::Attempt(at));
        self.in_attempt = true;
        self.hit = false;
        let result = self.eval_kind(e);
        // An async callee has run by now; a block handed over as a value has not.
        let result = match result {
            Ok(value @ (Value::Task(_) | Value::Retrying(_))) => self.finish(value, e.span),
            other => other,
        };
        self.in_attempt = false;
        let value = result?;
        if self.refusal().is_none() {
            self.recovered = true;
            return Ok(self.succeeded(value, e.span));
        }
        if value.is_tainted() {
            return Ok(value);
        }
        Ok(if self.hit { self.marked(value) } else { self.opaque_answer(e.span) })
    }

    /// What succeeds by hypothesis: an error that has nothing to do with the failure can only come from something in it
    /// that could not be evaluated.
    fn succeeded(&self, value: Value, span: Span) -> Value {
        match value {
            Value::Result(Err(error)) if !self.load(&error).is_tainted() => {
                Value::ok(Value::of(self.db.static_type(self.frame().id, span).payload()))
            }
            value => value,
        }
    }

    /// An error that the attempt ended with is the failure's, even where the way of its parts was lost.
    pub(super) fn marked(&mut self, value: Value) -> Value {
        let failure = |ty: Ty| Failure { ty, status: self.scenario.status(), response: false, text: None };
        match &value {
            Value::Result(Err(error)) => match self.load(error) {
                Value::Unknown(u) => Value::err(Value::Failure(failure(u.ty))),
                Value::Struct(s) => {
                    let failure = failure(s.ty.clone());
                    let fields = self.filled(&s, &failure);
                    Value::err(Value::Struct(Arc::new(Struct { fields, ..(*s).clone() })))
                }
                _ => value,
            },
            Value::Unknown(u) => Value::asked(u.ty.clone()),
            _ => value,
        }
    }

    pub(super) fn eval_kind(&mut self, e: &Expr) -> Eval {
        match &e.kind {
            ExprKind::Lit(lit) => Ok(match lit {
                Lit::Int(n) => Value::Int(*n),
                Lit::Float(f) => Value::Float(*f),
                Lit::Str(text) => Value::text(text.as_str()),
                Lit::Bool(b) => Value::Bool(*b),
                Lit::Char(c) => Value::text(&c.to_string()),
                Lit::Bytes => Value::unknown(),
            }),
            ExprKind::Path(path) => {
                if let Some(cell) = path.single().and_then(|n| self.local(n)) {
                    return Ok(self.cells[cell.0 as usize].clone());
                }
                Ok(self.path_value(path))
            }
            ExprKind::Field(inner, name) => {
                if let Some(place) = self.place(e)? {
                    return Ok(self.read(&place));
                }
                let value = self.eval(inner)?;
                let value = self.load(&value);
                Ok(self.field(&value, *name))
            }
            ExprKind::Index(inner, index) => {
                let list = self.eval(inner)?;
                let index = self.eval(index)?;
                Ok(match (self.load(&list), self.load(&index)) {
                    (Value::List(items), Value::Int(i)) => {
                        usize::try_from(i).ok().and_then(|i| items.get(i).cloned()).unwrap_or_else(Value::unknown)
                    }
                    (Value::Unknown(Unknown { ty: Ty::List(item), tainted, .. }), _) => {
                        Value::Unknown(Unknown { ty: (*item).clone(), tainted, name: None })
                    }
                    (list, index) => Value::derived(Ty::Unknown, [&list, &index]),
                })
            }
            ExprKind::Unary(op, inner) => {
                let value = self.eval(inner)?;
                let value = self.load(&value);
                Ok(match (op, &value) {
                    (UnOp::Deref, _) => value,
                    (UnOp::Not, Value::Bool(b)) => Value::Bool(!b),
                    (UnOp::Neg, Value::Int(n)) => Value::Int(-n),
                    (UnOp::Neg, Value::Float(f)) => Value::Float(-f),
                    _ => Value::derived(value.ty(), [&value]),
                })
            }
            ExprKind::Ref { mutable, expr } => {
                if *mutable && let Some(place) = self.place(expr)? {
                    // `&mut x` where `x` is itself a reference reborrows it.
                    return Ok(match self.read(&place) {
                        inner @ Value::Ref(_) => inner,
                        _ => Value::Ref(place),
                    });
                }
                self.eval(expr)
            }
            ExprKind::Binary(BinOp::And | BinOp::Or, ..) => {
                let tri = self.cond(e, Wish::default())?;
                Ok(match tri {
                    Tri::Yes => Value::Bool(true),
                    Tri::No => Value::Bool(false),
                    Tri::Maybe { tainted } => Value::Unknown(Unknown { ty: Ty::Bool, tainted, name: None }),
                })
            }
            ExprKind::Let { pat, expr } => {
                let value = self.eval(expr)?;
                Ok(match self.matches(pat, &value) {
                    Tri::Yes => Value::Bool(true),
                    Tri::No => Value::Bool(false),
                    Tri::Maybe { tainted } => Value::Unknown(Unknown { ty: Ty::Bool, tainted, name: None }),
                })
            }
            ExprKind::Binary(op, a, b) => {
                let a = self.eval(a)?;
                let b = self.eval(b)?;
                let (a, b) = (self.load(&a), self.load(&b));
                Ok(self.binary(e.span, *op, &a, &b))
            }
            ExprKind::Assign { op, place, value } => {
                let mut value = self.eval(value)?;
                let Some(target) = self.place(place)? else {
                    if let ExprKind::Tuple(parts) = &place.kind
                        && let Value::Tuple(values) = self.load(&value)
                    {
                        for (part, value) in parts.iter().zip(values.iter()) {
                            if let Some(target) = self.place(part)? {
                                self.write(&target, value.clone());
                            }
                        }
                    }
                    return Ok(Value::Unit);
                };
                if let Some(op) = op {
                    let old = self.read(&target);
                    let (old, new) = (self.load(&old), self.load(&value));
                    value = self.binary(e.span, *op, &old, &new);
                }
                self.write(&target, value);
                Ok(Value::Unit)
            }
            ExprKind::Cast(inner, ty) => {
                let value = self.eval(inner)?;
                let value = self.load(&value);
                let ty = self.frame().scope.read(self.db.program(), ty);
                Ok(match (&value, &ty) {
                    (Value::Int(n), Ty::Float) => Value::Float(*n as f64),
                    (Value::Float(f), Ty::Int) => Value::Int(*f as i128),
                    (Value::Bool(b), Ty::Int) => Value::Int(i128::from(*b)),
                    _ => value,
                })
            }
            ExprKind::Call { callee, args } => self.call(e, callee, args),
            ExprKind::Method { recv, name, args, .. } => self.method(e, recv, *name, args),
            ExprKind::Await(inner) => {
                let value = self.eval(inner)?;
                self.finish(value, inner.span)
            }
            ExprKind::Try(inner) => {
                let value = self.eval(inner)?;
                self.note_question_mark(&value, e.span);
                self.question_mark(value)
            }
            ExprKind::If { cond, then, els } => self.if_(cond, then, els.as_deref()),
            ExprKind::Match { scrutinee, arms } => {
                let value = self.eval(scrutinee)?;
                self.match_(&value, arms)
            }
            ExprKind::Loop { label, body } => self.inner_loop(*label, body, |_, _| Ok(true)),
            ExprKind::While { label, cond, body } => {
                let depth = self.frame().locals.len();
                let wanted = self.wanted(e.span);
                let result = self.inner_loop(*label, body, |run, round| {
                    let wish = Wish { stay: Some(wanted && round < 2), leave: Some(false) };
                    let tri = run.cond(cond, wish)?;
                    Ok(run.settle(tri, cond.span, wish))
                });
                self.frame_mut().locals.truncate(depth);
                result
            }
            ExprKind::For { label, pat, iter, body } => {
                let iter = self.eval(iter)?;
                let iter = self.load(&iter);
                let known = matches!(iter, Value::List(_) | Value::Range(_, Some(_), _) | Value::Schedule(_));
                self.inner_loop(*label, body, |run, round| {
                    // An unknown collection has one element, as far as this run goes.
                    let item = if known || round < 1 { run.element(&iter, round) } else { None };
                    Ok(match item {
                        Some(item) => {
                            run.bind(pat, item);
                            true
                        }
                        None => false,
                    })
                })
            }
            ExprKind::Break { label, value } => {
                let value = match value {
                    Some(value) => self.eval(value)?,
                    None => Value::Unit,
                };
                Err(Flow::Break(*label, value))
            }
            ExprKind::Continue { label } => Err(Flow::Continue(*label)),
            ExprKind::Return(value) => {
                let value = match value {
                    Some(value) => self.eval(value)?,
                    None => Value::Unit,
                };
                Err(Flow::Return(value))
            }
            ExprKind::Closure { params, body, .. } => Ok(Value::Closure(Arc::new(Closure {
                params: params.clone(),
                body: body.clone(),
                env: self.frame().locals.clone(),
                home: self.frame().id,
            }))),
            ExprKind::Async(body) => Ok(Value::Task(Arc::new(Task {
                body: body.clone(),
                env: self.frame().locals.clone(),
                home: self.frame().id,
            }))),
            ExprKind::Block { label, block, is_try } => match self.block(block) {
                Err(Flow::Break(to, value)) if to.is_some() && to == *label => Ok(value),
                Err(Flow::Return(value)) if *is_try => Ok(value),
                Ok(value) if *is_try => Ok(Value::ok(value)),
                other => other,
            },
            ExprKind::Struct { path, fields, rest } => {
                let mut known = Vec::with_capacity(fields.len());
                for (name, value) in fields {
                    let value = if is_empty_text(value) { Value::text("") } else { self.eval(value)? };
                    known.push((*name, value));
                }
                let base = match rest {
                    Some(rest) => Some(self.eval(rest)?),
                    None => None,
                };
                if let Some(schedule) = self.built_schedule(path, &known, base.as_ref()) {
                    return Ok(schedule);
                }
                if let Some(Value::Struct(base)) = base.map(|base| self.load(&base)) {
                    for (name, value) in &base.fields {
                        if !known.iter().any(|(n, _)| n == name) {
                            known.push((*name, value.clone()));
                        }
                    }
                }
                Ok(self.construct(path, known))
            }
            ExprKind::Tuple(items) if items.is_empty() => Ok(Value::Unit),
            ExprKind::Tuple(items) => Ok(Value::Tuple(self.eval_all(items)?.into())),
            ExprKind::Array(items) => Ok(Value::List(self.eval_all(items)?.into())),
            ExprKind::Repeat(item, count) => {
                let item = self.eval(item)?;
                let count = self.eval(count)?;
                Ok(match self.load(&count) {
                    Value::Int(n) if (0..=64).contains(&n) => Value::List(vec![item; n as usize].into()),
                    _ => Value::of(Ty::List(Arc::new(item.ty()))),
                })
            }
            ExprKind::Range { lo, hi, inclusive } => {
                let lo = match lo {
                    Some(lo) => {
                        let lo = self.eval(lo)?;
                        self.load(&lo)
                    }
                    None => Value::Int(0),
                };
                let hi = match hi {
                    Some(hi) => {
                        let hi = self.eval(hi)?;
                        Some(self.load(&hi))
                    }
                    None => None,
                };
                let lo = match lo {
                    Value::Int(n) => n,
                    _ => 0,
                };
                Ok(match hi {
                    Some(Value::Int(hi)) => Value::Range(lo, Some(if *inclusive { hi + 1 } else { hi }), None),
                    Some(Value::Unknown(u)) => Value::Range(lo, None, u.name),
                    _ => Value::Range(lo, None, None),
                })
            }
            ExprKind::Macro(call) => self.macro_call(e.span, call),
            ExprKind::Opaque => Ok(Value::unknown()),
        }
    }

    pub(in crate::engine) fn eval_all(&mut self, items: &[Expr]) -> Result<Vec<Value>, Flow> {
        items.iter().map(|i| self.eval(i)).collect()
    }

    /// `.await`
    pub(in crate::engine) fn finish(&mut self, value: Value, span: Span) -> Eval {
        match self.load(&value) {
            Value::Task(task) => self.run_task(&task),
            Value::Delay(time) => {
                self.slept(span, time);
                Ok(Value::Unit)
            }
            Value::Closure(_) => Ok(value),
            Value::Retrying(retrying) => self.run_retrying(&retrying, span),
            Value::Foreign(name, _) if name == "Tick" => {
                self.ticked(span);
                Ok(Value::Unit)
            }
            Value::Foreign(name, values) if name == "JoinHandle" => {
                let inner = values.first().cloned().unwrap_or_else(Value::unknown);
                let out = self.finish(inner, span)?;
                Ok(Value::ok(out))
            }
            _ => Ok(value),
        }
    }

    pub(super) fn run_task(&mut self, task: &Task) -> Eval {
        if self.frames.len() > CALLS {
            return Ok(Value::unknown());
        }
        let scope = self.db.scope(task.home);
        self.frames.push(Frame { id: task.home, scope, locals: task.env.clone(), error: Ty::Unknown });
        let result = self.block(&task.body);
        self.frames.pop();
        returned(result)
    }

    pub(in crate::engine) fn run_closure(&mut self, closure: &Closure, args: Vec<Value>) -> Eval {
        if self.frames.len() > CALLS {
            return Ok(Value::unknown());
        }
        let scope = self.db.scope(closure.home);
        self.frames.push(Frame { id: closure.home, scope, locals: closure.env.clone(), error: Ty::Unknown });
        for (i, param) in closure.params.iter().enumerate() {
            let value = match args.get(i) {
                Some(value) => value.clone(),
                None => self.param_value(param),
            };
            self.bind(&param.pat, value);
        }
        let result = self.eval(&closure.body);
        self.frames.pop();
        returned(result)
    }
}

/// `String::new()`
fn is_empty_text(e: &Expr) -> bool {
    let ExprKind::Call { callee, args } = &e.kind else { return false };
    args.is_empty()
        && matches!(&callee.kind, ExprKind::Path(path)
            if matches!(path.segments.as_slice(), [owner, last] if *owner == "String" && (*last == "new" || *last == "default")))
}
