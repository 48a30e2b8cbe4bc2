//! Calls: into the unit, to what the models know, and to everything else.

use std::sync::Arc;

use crate::engine::interp::{Eval, Flow, Interp};
use crate::engine::schedule::Schedule;
use crate::engine::text::{Piece, Text};
use crate::engine::trace::Exit;
use crate::engine::types::{Ty, join};
use crate::engine::value::{Failure, Unknown, Value};
use crate::engine::{duration, http};
use crate::ir::{BinOp, Expr, ExprKind, Name, Span};
use crate::models::{Answer, DelayUnit, Marker, Network, Runs};
use crate::syntax::program::{Def, FnId, Res};

/// The name of what was computed from the clock.
pub const DEADLINE: &str = "its deadline";

impl Interp<'_> {
    /// `f(a, b)`
    pub(super) fn call(&mut self, e: &Expr, callee: &Expr, args: &[Expr]) -> Eval {
        let ExprKind::Path(path) = &callee.kind else {
            let function = self.eval(callee)?;
            let args = self.eval_all(args)?;
            return self.indirect(e.span, &function, args);
        };
        if path.single().is_some()
            && let Some(place) = self.place(callee)?
        {
            let function = self.read(&place);
            let args = self.eval_all(args)?;
            return self.indirect(e.span, &function, args);
        }
        match self.db.resolve(&self.frame().scope, path) {
            Some(Res::Def(Def::Fn(id))) => {
                let args = self.eval_all(args)?;
                let targets =
                    self.db.call(self.frame().id, e.span).map(|c| c.targets.clone()).unwrap_or_else(|| vec![id]);
                // `Trait::method(x)`, `Self::f(x)` in a trait: the receiver's own type knows better.
                let dynamic =
                    args.first().filter(|_| self.db.program().function(id).def.has_self).map(|v| self.load(v).ty());
                self.run_targets(e.span, dynamic, id, &targets, args)
            }
            Some(Res::Def(Def::Variant(..) | Def::Type(_))) => {
                let args = self.eval_all(args)?;
                let constructor = self.path_value(path);
                self.apply(&constructor, args)
            }
            Some(Res::External(full)) => self.external_call(e.span, &join(&full), args),
            _ => {
                let full = join(&path.segments);
                match (full.as_str(), args) {
                    ("Some", [arg]) => Ok(Value::some(self.eval(arg)?)),
                    ("Ok", [arg]) => Ok(Value::ok(self.eval(arg)?)),
                    ("Err", [arg]) => Ok(Value::err(self.eval(arg)?)),
                    ("drop", [arg]) => {
                        self.eval(arg)?;
                        Ok(Value::Unit)
                    }
                    _ => self.external_call(e.span, &full, args),
                }
            }
        }
    }

    /// Calls a value: a closure, a function parameter, a field that holds a function.
    fn indirect(&mut self, span: Span, function: &Value, args: Vec<Value>) -> Eval {
        match self.load(function) {
            Value::Unknown(u) => {
                let ty = match &u.ty {
                    Ty::Func(ret) => (**ret).clone(),
                    _ => self.db.static_type(self.frame().id, span),
                };
                let args: Vec<Value> = args.iter().map(|a| self.load(a)).collect();
                Ok(Value::derived(ty, &args))
            }
            function => self.apply(&function, args),
        }
    }

    /// Runs the function that a call means. Of several (a trait's implementations), the one whose way to the network
    /// is shortest while the attempt has not got there, and none otherwise.
    fn run_targets(
        &mut self,
        span: Span,
        recv: Option<Ty>,
        declared: FnId,
        targets: &[FnId],
        args: Vec<Value>,
    ) -> Eval {
        let name = self.db.program().function(declared).def.name;
        let own = match &recv {
            Some(ty @ Ty::Adt(..)) => self.db.lookup.methods(ty, name, args.len().saturating_sub(1)),
            _ => Vec::new(),
        };
        let chosen = match (own.first(), targets) {
            (Some(own), _) => Some(*own),
            (None, [one]) => Some(*one),
            (None, many) if self.in_attempt && !self.hit => {
                let nearest = many.iter().copied().filter(|t| self.db.hops(*t).is_some());
                let nearest = nearest.min_by_key(|t| (self.db.hops(*t), *t));
                let here = self.at(span);
                self.chosen.extend(nearest.map(|id| (here, id)));
                nearest
            }
            // A retry inside the attempt comes by again, and it is the same one.
            (None, _) if self.in_attempt => self.chosen.get(&self.at(span)).copied(),
            _ => None,
        };
        match chosen {
            Some(id) => self.run_fn(id, args),
            None => {
                let args: Vec<Value> = args.iter().map(|a| self.load(a)).collect();
                Ok(Value::derived(self.db.static_type(self.frame().id, span), &args))
            }
        }
    }

    fn external_call(&mut self, span: Span, full: &str, args: &[Expr]) -> Eval {
        let models = self.db.lookup.models;
        let last = full.rsplit("::").next().unwrap_or(full);
        let owner = full.rsplit("::").nth(1).unwrap_or("");
        if let Some(unit) =
            models.delay(full).or_else(|| models.words.has("delay", last).then_some(DelayUnit::Duration))
        {
            let value = match args.first() {
                Some(arg) => self.eval(arg)?,
                None => Value::unknown(),
            };
            let value = self.load(&value);
            if matches!(&value, Value::Unknown(Unknown { name: Some(name), .. }) if *name == DEADLINE) {
                // Sleeping until a time of day is a schedule, not a backoff.
                return Ok(Value::Foreign(Name::new("Tick"), Arc::from([])));
            }
            let time = match (unit, value) {
                (DelayUnit::Duration, Value::Duration(least, most)) => Some((least, most)),
                (DelayUnit::Millis, Value::Int(n)) => Some((n as f64 / 1e3, n as f64 / 1e3)),
                _ => None,
            };
            if full.starts_with("std::") {
                self.slept(span, time);
                return Ok(Value::Unit);
            }
            return Ok(Value::Delay(time));
        }
        if let Some(index) = models.retry.call(full) {
            return self.retrying(span, index, None, args);
        }
        let mut values = self.eval_all(args)?;
        if matches!(last, "from_str" | "from_slice")
            && matches!(values.as_slice(), [only] if matches!(self.load(only), Value::Str(text) if text.is_empty()))
        {
            // Nothing cannot be decoded.
            return Ok(Value::err(Value::unknown()));
        }
        if let Some(schedule) = self.new_schedule(full, &values) {
            return Ok(schedule);
        }
        if let Some(runs) = models.runs(full) {
            return self.run_argument(span, runs, last, values);
        }
        if let Some(network) = self.db.call(self.frame().id, span).and_then(|c| c.network.clone()) {
            return Ok(self.answer(&network));
        }
        if values.len() == 1
            && matches!(owner, "Duration" | "TimeDelta" | "StdDuration")
            && let Some(value) = duration::constructor(last, &self.load(&values[0]))
        {
            return Ok(value);
        }
        match (owner, last, values.len()) {
            ("Duration", "new", 2) => {
                if let (Value::Int(s), Value::Int(n)) = (self.load(&values[0]), self.load(&values[1])) {
                    let seconds = s as f64 + n as f64 / 1e9;
                    return Ok(Value::Duration(seconds, seconds));
                }
            }
            ("Duration", "default", 0) => return Ok(Value::Duration(0.0, 0.0)),
            (
                "Box" | "Arc" | "Rc" | "Pin" | "Mutex" | "RwLock" | "RefCell" | "Cell" | "AtomicBool" | "AtomicU32"
                | "AtomicUsize" | "AtomicU64" | "Cow" | "Ref",
                "new" | "pin" | "clone" | "from" | "Owned" | "Borrowed",
                1,
            )
            | ("String" | "Some" | "Status" | "Error" | "Report", "from" | "new", 1)
            | ("u16" | "u32" | "u64" | "i32" | "i64", "from", 1)
            | ("future", "ready", 1)
            | ("", "Box", 1)
            | (_, "identity" | "ready" | "black_box", 1) => return Ok(values.swap_remove(0)),
            ("Instant" | "SystemTime" | "Utc" | "Local", "now", 0) => {
                return Ok(Value::named(Ty::Unknown, Name::new(DEADLINE)));
            }
            ("iter", "repeat", 1) => {
                let delay = self.load(&values[0]);
                if let Value::Duration(..) = delay {
                    return Ok(Value::Schedule(Arc::new(Schedule::repeating(&delay))));
                }
            }
            ("StatusCode", "from_u16", 1) => {
                let value = self.load(&values[0]);
                if value.status().is_some() {
                    return Ok(Value::ok(match value {
                        Value::Int(n) => Value::Status(n as u16),
                        other => other,
                    }));
                }
            }
            ("cmp", "min", 2) | ("cmp", "max", 2) => {
                let (a, b) = (self.load(&values[0]), self.load(&values[1]));
                return Ok(min_max(last, &a, &b).unwrap_or_else(|| Value::derived(a.ty(), [&a, &b])));
            }
            ("mem", "replace", 2) => {
                let new = values.swap_remove(1);
                return Ok(self.exchange(&values[0], new));
            }
            ("mem", "take", 1) => {
                let new = match self.load(&values[0]) {
                    Value::Option(_) => Value::none(),
                    Value::Bool(_) => Value::Bool(false),
                    Value::Int(_) => Value::Int(0),
                    _ => Value::unknown(),
                };
                return Ok(self.exchange(&values[0], new));
            }
            ("process", "exit" | "abort", _) => return Err(Flow::Halt(Exit::Left)),
            // `anyhow::Error::msg(text)`, `io::Error::new(kind, text)`, `Error::other(text)`
            ("Error", "msg" | "other" | "new" | "custom", _) => {
                if let Some(value) = values.last() {
                    let text = self.display(value);
                    return Ok(Value::Failure(Failure {
                        ty: Ty::ext("anyhow::Error"),
                        status: None,
                        response: false,
                        text: Some(text),
                    }));
                }
            }
            _ => {}
        }
        let loaded: Vec<Value> = values.iter().map(|v| self.load(v)).collect();
        // `RetryAction::server_error()`: a verdict that is made by a function.
        if let Some(variant) = models.verdict(owner).filter(|_| last.starts_with(|c: char| c.is_lowercase())) {
            return Ok(Value::Foreign(variant, Arc::from([])));
        }
        // `backoff::Error::transient(e)`, `Error::Permanent(e)`, `Poll::Ready(x)`: keep what it wraps.
        let marker = models.retry.marker(last).filter(|_| owner.starts_with(|c: char| c.is_uppercase()));
        if let Some(Marker::StopResult | Marker::AgainResult) = marker {
            return Ok(Value::err(Value::Foreign(Name::new(models.retry.variant(last)), values.into())));
        }
        if marker.is_some() {
            return Ok(Value::Foreign(Name::new(models.retry.variant(last)), values.into()));
        }
        if last.starts_with(|c: char| c.is_uppercase()) {
            return Ok(Value::Foreign(Name::new(last), values.into()));
        }
        Ok(Value::derived(self.db.static_type(self.frame().id, span), &loaded))
    }

    /// Runs the argument that a call runs.
    fn run_argument(&mut self, span: Span, runs: Runs, name: &str, mut values: Vec<Value>) -> Eval {
        if runs.argument >= values.len() {
            return Ok(Value::unknown());
        }
        let value = values.swap_remove(runs.argument);
        let out = match self.load(&value) {
            Value::Closure(closure) => self.run_closure(&closure, Vec::new())?,
            task @ Value::Task(_) if name.starts_with("spawn") => {
                return Ok(Value::Foreign(Name::new("JoinHandle"), [task].into()));
            }
            other => self.finish(other, span)?,
        };
        Ok(match (runs.wraps_err, &out) {
            (Some(variant), Value::Result(Err(error))) => {
                Value::err(Value::Foreign(variant, [(**error).clone()].into()))
            }
            _ if runs.wraps_ok => Value::ok(out),
            _ => out,
        })
    }

    fn exchange(&mut self, place: &Value, new: Value) -> Value {
        let old = self.load(place);
        if let Value::Ref(place) = place {
            self.write(place, new);
        }
        old
    }

    /// What a network call answers here and now.
    pub(super) fn answer(&mut self, network: &Network) -> Value {
        let response = network.response.map_or(Ty::Unknown, |r| Ty::ext(r.as_str()));
        if network.connects && self.is_detached() {
            return Value::ok(Value::of(response));
        }
        match (self.network(), network.answer) {
            (None, _) => Value::ok(Value::of(response)),
            (status, Answer::Response) => {
                Value::ok(Value::Failure(Failure { ty: response, status, response: true, text: None }))
            }
            (status, Answer::Error) => {
                Value::err(Value::Failure(Failure { ty: Ty::Ext(network.error), status, response: false, text: None }))
            }
        }
    }

    /// What the attempt answers when nothing of it could be followed to the network: the failure in the shape that
    /// its type asks for.
    pub(super) fn opaque_answer(&mut self, span: Span) -> Value {
        let status = self.refusal();
        let failure =
            |ty: &Ty, response: bool| Value::Failure(Failure { ty: ty.clone(), status, response, text: None });
        match self.db.static_type(self.frame().id, span) {
            Ty::Result(ok, error) => {
                let may_respond = match &*ok {
                    Ty::Ext(path) => path.as_str().ends_with("Response"),
                    Ty::Unknown => true,
                    _ => false,
                };
                if self.target.response_world && may_respond {
                    Value::ok(failure(&ok, true))
                } else {
                    Value::err(failure(&error, false))
                }
            }
            Ty::Option(_) => Value::none(),
            Ty::Bool => Value::Bool(false),
            Ty::Unit => Value::Unit,
            Ty::Unknown if self.target.response_world => Value::ok(failure(&Ty::Unknown, true)),
            Ty::Unknown => Value::err(failure(&Ty::Unknown, false)),
            ty => failure(&ty, true),
        }
    }

    /// `recv.name(args)`
    pub(super) fn method(&mut self, e: &Expr, recv: &Expr, name: Name, args: &[Expr]) -> Eval {
        let place = self.place(recv)?;
        let recv = match &place {
            Some(place) => Value::Ref(place.clone()),
            None => self.eval(recv)?,
        };
        let value = self.load(&recv);
        match &value {
            Value::Retrying(retrying) => {
                let args = self.eval_all(args)?;
                return self.retrying_method(e.span, &retrying.clone(), name, args);
            }
            Value::Schedule(schedule) if self.db.call(self.frame().id, e.span).is_none_or(|c| c.retry.is_none()) => {
                let args = self.eval_all(args)?;
                return self.schedule_method(&place, &schedule.clone(), name, args);
            }
            _ => {}
        }
        if let Some(index) = self.db.call(self.frame().id, e.span).and_then(|c| c.retry) {
            return self.retrying(e.span, index, Some(value), args);
        }
        let own = match (&value, value.ty()) {
            (Value::Failure(f), ty @ Ty::Adt(id, _)) => {
                let own = self.db.lookup.methods(&ty, name, args.len());
                if !own.is_empty() && self.db.program().ty(id).def.is_enum {
                    let shown = self.materialize(id, f);
                    let mut values = vec![shown];
                    values.extend(self.eval_all(args)?);
                    return self.run_fn(own[0], values);
                }
                own
            }
            (_, ty @ (Ty::Adt(..) | Ty::Dyn(_))) => self.db.lookup.methods(&ty, name, args.len()),
            (_, ty @ Ty::Ext(_)) => self.db.lookup.methods(&ty, name, args.len()),
            _ => Vec::new(),
        };
        let is_plain = matches!(value, Value::Unknown(_) | Value::Failure(_)) && !value.ty().is_known();
        let targets = if own.is_empty() && is_plain {
            self.db.call(self.frame().id, e.span).map(|c| c.targets.clone()).unwrap_or_default()
        } else {
            own
        };
        if let Some(stock) = self.stock(e, name) {
            return Ok(stock);
        }
        if let Some(next) = self.rotation(e, name) {
            self.eval_all(args)?;
            return Ok(next);
        }
        if let Some(first) = targets.first() {
            let first = *first;
            let receiver = match (&value, &place) {
                // A method on a copy of a known value still sees it; one on a place may change it.
                (_, Some(place)) => match self.read(place) {
                    inner @ Value::Ref(_) => inner,
                    _ => Value::Ref(place.clone()),
                },
                _ => recv,
            };
            let mut values = vec![receiver];
            values.extend(self.eval_all(args)?);
            return self.run_targets(e.span, None, first, &targets, values);
        }
        if let Some(network) = self.db.call(self.frame().id, e.span).and_then(|c| c.network.clone()) {
            self.eval_all(args)?;
            return Ok(self.answer(&network));
        }
        if let Ty::Ext(path) = value.ty()
            && let Some(network) = self.db.lookup.models.network_method(path.as_str(), name.as_str()).cloned()
        {
            self.eval_all(args)?;
            return Ok(self.answer(&network));
        }
        if let Ty::Ext(path) = value.ty()
            && let Some(runs) = self.db.lookup.models.runs_method(path.as_str(), name.as_str())
        {
            let values = self.eval_all(args)?;
            return self.run_argument(e.span, runs, name.as_str(), values);
        }
        let words = &self.db.lookup.models.words;
        if name == "tick" && args.is_empty() {
            return Ok(Value::Foreign(Name::new("Tick"), Arc::from([])));
        }
        if words.has("delay", name.as_str()) {
            let values = self.eval_all(args)?;
            let time = values.iter().find_map(|v| match self.load(v) {
                Value::Duration(least, most) => Some((least, most)),
                _ => None,
            });
            return Ok(Value::Delay(time));
        }
        if words.is_event(name.as_str())
            || (matches!(name.as_str(), "next" | "try_next") && !matches!(value, Value::List(_) | Value::Range(..)))
        {
            self.waited(e.span);
        }
        if words.is_claim(name.as_str()) && args.is_empty() {
            self.claimed(e.span);
        }
        let values = self.eval_all(args)?;
        // What one end of a watch channel was told is read back at the other.
        match value.ty() {
            Ty::Ext(path)
                if self.told && path.as_str().ends_with("watch::Receiver") && name.as_str().starts_with("borrow") =>
            {
                return Ok(Value::asked(Ty::Unknown));
            }
            Ty::Ext(path) => self.told |= path.as_str().ends_with("watch::Sender") && self.after_attempt(),
            Ty::Dyn(_) => self.told |= values.iter().any(|v| self.load(v).is_tainted()),
            _ => {}
        }
        self.builtin(e, &place, &value, name, values)
    }

    /// Arithmetic and comparison.
    pub(super) fn binary(&mut self, span: Span, op: BinOp, a: &Value, b: &Value) -> Value {
        use BinOp::*;
        if let Some(value) = duration::binary(op, a, b) {
            return value;
        }
        if matches!(op, Eq | Ne) {
            let tri = self.equal(a, b);
            if a.is_tainted() || b.is_tainted() {
                let answer = match tri {
                    crate::engine::interp::Tri::Yes => "yes",
                    crate::engine::interp::Tri::No => "no",
                    crate::engine::interp::Tri::Maybe { .. } => "unknown",
                };
                self.question(span, || format!("asks what failed: {answer}"));
            } else {
                self.bound(a, b);
            }
            return match (tri, op) {
                (crate::engine::interp::Tri::Maybe { tainted }, _) => {
                    Value::Unknown(Unknown { ty: Ty::Bool, tainted, name: None })
                }
                (tri, Eq) => Value::Bool(tri == crate::engine::interp::Tri::Yes),
                (tri, _) => Value::Bool(tri == crate::engine::interp::Tri::No),
            };
        }
        let number = |v: &Value| match v {
            Value::Int(n) => Some(*n),
            Value::Status(s) => Some(i128::from(*s)),
            Value::Failure(f) => f.status.map(i128::from),
            _ => None,
        };
        if let (Some(x), Some(y)) = (number(a), number(b)) {
            let compared = match op {
                Lt => Some(x < y),
                Le => Some(x <= y),
                Gt => Some(x > y),
                Ge => Some(x >= y),
                _ => None,
            };
            if let Some(compared) = compared {
                if a.is_tainted() || b.is_tainted() {
                    self.question(span, || format!("asks what failed: {}", if compared { "yes" } else { "no" }));
                }
                return Value::Bool(compared);
            }
            let result = match op {
                Add => x.checked_add(y),
                Sub => x.checked_sub(y),
                Mul => x.checked_mul(y),
                Div => x.checked_div(y),
                Rem => x.checked_rem(y),
                Shl => u32::try_from(y).ok().filter(|y| *y < 100).and_then(|y| x.checked_shl(y)),
                Shr => u32::try_from(y).ok().and_then(|y| x.checked_shr(y)),
                BitAnd => Some(x & y),
                BitOr => Some(x | y),
                BitXor => Some(x ^ y),
                _ => None,
            };
            return result.map_or_else(|| Value::of(Ty::Int), Value::Int);
        }
        let float = |v: &Value| match v {
            Value::Int(n) => Some(*n as f64),
            Value::Float(f) => Some(*f),
            _ => None,
        };
        if let (Some(x), Some(y)) = (float(a), float(b)) {
            return match op {
                Add => Value::Float(x + y),
                Sub => Value::Float(x - y),
                Mul => Value::Float(x * y),
                Div => Value::Float(x / y),
                Rem => Value::Float(x % y),
                Lt => Value::Bool(x < y),
                Le => Value::Bool(x <= y),
                Gt => Value::Bool(x > y),
                Ge => Value::Bool(x >= y),
                _ => Value::unknown(),
            };
        }
        match (op, a, b) {
            (BitAnd, Value::Bool(x), Value::Bool(y)) => return Value::Bool(x & y),
            (BitOr, Value::Bool(x), Value::Bool(y)) => return Value::Bool(x | y),
            (BitXor, Value::Bool(x), Value::Bool(y)) => return Value::Bool(x ^ y),
            (Add, Value::Str(x), y) => {
                let mut text = x.clone();
                let shown = self.display(y);
                text.push(shown);
                return Value::Str(text);
            }
            _ => {}
        }
        if matches!(op, Lt | Le | Gt | Ge) {
            self.bound(a, b);
            let is_clock = |v: &Value| matches!(v, Value::Unknown(u) if u.name.is_some_and(|name| name == DEADLINE));
            // What time it is says nothing of the failure, whoever said until when.
            let asks_clock = is_clock(a) || is_clock(b);
            return if asks_clock { Value::of(Ty::Bool) } else { Value::derived(Ty::Bool, [a, b]) };
        }
        // `max_retries + 1` still goes by its name.
        let name = [a, b].into_iter().find_map(|v| match v {
            Value::Unknown(u) => u.name,
            _ => None,
        });
        Value::Unknown(Unknown { ty: a.ty(), tainted: a.is_tainted() || b.is_tainted(), name })
    }

    /// A comparison with something unknown may be what bounds the loop: remember its name until it is decided by it.
    fn bound(&mut self, a: &Value, b: &Value) {
        if self.in_attempt {
            return;
        }
        let names: Vec<Name> = [a, b]
            .into_iter()
            .filter_map(|v| match v {
                Value::Unknown(u) if !u.tainted => u.name,
                _ => None,
            })
            .collect();
        self.compared = names.last().copied();
    }

    /// A value as `Display` shows it.
    pub(super) fn display(&self, value: &Value) -> Text {
        match self.load(value) {
            Value::Int(n) => Text::literal(&n.to_string()),
            Value::Bool(b) => Text::literal(&b.to_string()),
            Value::Status(s) => {
                Text::literal(&if http::reason(s).is_empty() { s.to_string() } else { http::reason(s).to_owned() })
            }
            Value::Str(text) => text,
            Value::Failure(f) => match (&f.text, f.status, &f.ty) {
                (Some(text), _, _) => text.clone(),
                (None, Some(status), Ty::Int) => Text::literal(&status.to_string()),
                (None, Some(status), Ty::Ext(path)) if path.as_str().ends_with("StatusCode") => {
                    Text::literal(http::reason(status))
                }
                (None, Some(status), ty) if carries_status(ty) => Text(vec![Piece::Typed(status)]),
                (None, Some(status), _) => Text(vec![Piece::Message(status)]),
                (None, None, _) => Text(vec![Piece::Asked]),
            },
            Value::Struct(s) => {
                // An error's own words are unknown, but it shows what it carries.
                let mut text = Text(Vec::new());
                if let Some((id, index)) = s.variant
                    && let Some(message) = self.db.program().variant(id, index).message
                {
                    text.push(Text::literal(message.as_str()));
                }
                for (name, field) in &s.fields {
                    if let Some(status) = field.status().filter(|_| field.is_tainted() && is_status(*name)) {
                        text.0.push(Piece::Typed(status));
                    }
                    if field.is_tainted() {
                        let shown = self.display(field);
                        text.push(shown);
                    }
                }
                if text.0.is_empty() {
                    text.0.push(Piece::Unknown);
                }
                text
            }
            Value::Option(Some(inner)) | Value::Result(Ok(inner) | Err(inner)) => self.display(&inner),
            Value::Foreign(_, values) => {
                let mut text = Text(Vec::new());
                for value in values.iter() {
                    text.push(self.display(value));
                }
                text
            }
            other => Text(vec![if other.is_tainted() { Piece::Asked } else { Piece::Unknown }]),
        }
    }
}

/// Errors of other crates that have their status at hand.
fn carries_status(ty: &Ty) -> bool {
    matches!(ty, Ty::Ext(path) if matches!(path.as_str(), "reqwest::Error" | "tonic::Status"))
}

fn is_status(name: Name) -> bool {
    matches!(name.as_str(), "status" | "status_code" | "http_status" | "code")
}

/// The smaller or larger of two values.
pub(super) fn min_max(name: &str, a: &Value, b: &Value) -> Option<Value> {
    Some(match (name, a, b) {
        ("min", Value::Int(a), Value::Int(b)) => Value::Int(*a.min(b)),
        ("max", Value::Int(a), Value::Int(b)) => Value::Int(*a.max(b)),
        ("min", Value::Float(a), Value::Float(b)) => Value::Float(a.min(*b)),
        ("max", Value::Float(a), Value::Float(b)) => Value::Float(a.max(*b)),
        (_, Value::Duration(least, most), _) => duration::method(*least, *most, name, std::slice::from_ref(b))?,
        _ => return None,
    })
}

/// A shared handle to a value, for the wrappers of `builtin`.
pub(super) fn shared(value: Value) -> Arc<Value> {
    Arc::new(value)
}
