//! Methods of the standard library and of the failure itself.

use std::sync::Arc;

use crate::engine::call::{min_max, shared};
use crate::engine::duration;
use crate::engine::interp::{Eval, Flow, Interp, Tri};
use crate::engine::pattern::{VariantKind, same_type};
use crate::engine::text::{Piece, Text};
use crate::engine::trace::Exit;
use crate::engine::types::Ty;
use crate::engine::value::{Failure, PlaceRef, Unknown, Value};
use crate::ir::{Expr, ExprKind, Name, Span};
use crate::models::Marker;

/// What reqwest asks a classifier about: an attempt with its answer, which makes the verdict too.
pub const ATTEMPT: &str = "reqwest::retry::ReqRep";

/// Methods that give the receiver back.
const SAME: &[&str] = &[
    "clone",
    "as_ref",
    "as_mut",
    "to_owned",
    "borrow",
    "borrow_mut",
    "lock",
    "read",
    "write",
    "deref",
    "load",
    "get",
    "as_deref",
    "cloned",
    "copied",
    "iter",
    "iter_mut",
    "into_iter",
    "into",
    "try_into",
    "by_ref",
    "boxed",
    "instrument",
    "into_inner",
    "fuse",
    "as_deref_mut",
    "as_str",
    "to_vec",
    "as_slice",
    "get_mut",
    "peekable",
    "collect",
    "into_boxed",
    "from_ref",
    "get_ref",
    "inspect",
    "inspect_err",
    "inspect_ok",
    "in_current_span",
    "boxed_local",
    "load_full",
    "compat",
    "as_bytes",
    "trim",
    "to_bytes",
    "as_error",
    "into_diagnostic",
    "erased",
    "with_subscriber",
    "with_current_subscriber",
    "unwrap_or_clone",
];

impl Interp<'_> {
    /// A method that is neither the unit's nor modelled.
    pub(super) fn builtin(
        &mut self,
        e: &Expr,
        place: &Option<PlaceRef>,
        value: &Value,
        name: Name,
        args: Vec<Value>,
    ) -> Eval {
        let method = name.as_str();
        let first = args.first().map(|v| self.load(v));
        if let Value::List(items) = value
            && let Some(out) = self.probed_collection(place.as_ref(), items, method, &args)
        {
            return out;
        }
        // Cells and atomics are the value they hold.
        if let Some(place) = place {
            match (method, args.len()) {
                ("store" | "set", 1..=2) => {
                    self.write(place, args[0].clone());
                    return Ok(Value::Unit);
                }
                ("swap" | "replace" | "insert", 1..=2) if !matches!(value, Value::List(_) | Value::Unknown(_)) => {
                    let new = match value {
                        Value::Option(_) if method != "swap" => Value::some(args[0].clone()),
                        _ => args[0].clone(),
                    };
                    self.write(place, new);
                    return Ok(value.clone());
                }
                ("fetch_add" | "fetch_sub", 2) => {
                    if let (Value::Int(n), Some(Value::Int(k))) = (value, &first) {
                        let k = if method == "fetch_add" { *k } else { -*k };
                        self.write(place, Value::Int(n + k));
                    }
                    return Ok(value.clone());
                }
                ("compare_exchange" | "compare_exchange_weak", 4) => {
                    return Ok(match first.as_ref().map(|f| self.equal(value, f)) {
                        Some(Tri::Yes) => {
                            self.write(place, args[1].clone());
                            Value::ok(value.clone())
                        }
                        Some(Tri::No) => Value::err(value.clone()),
                        _ => Value::unknown(),
                    });
                }
                ("take", 0) => {
                    let new = match value {
                        Value::Option(_) => Value::none(),
                        Value::Bool(_) => Value::Bool(false),
                        _ => return Ok(value.clone()),
                    };
                    self.write(place, new);
                    return Ok(value.clone());
                }
                ("next", 0) => {
                    let taken = match value {
                        Value::List(items) => {
                            Some((items.first().cloned(), Value::List(items.iter().skip(1).cloned().collect())))
                        }
                        Value::Range(lo, hi, n) => {
                            let done = hi.is_some_and(|hi| *lo >= hi);
                            Some(((!done).then_some(Value::Int(*lo)), Value::Range(lo + i128::from(!done), *hi, *n)))
                        }
                        _ => None,
                    };
                    if let Some((item, rest)) = taken {
                        self.write(place, rest);
                        return Ok(Value::Option(item.map(shared)));
                    }
                }
                _ => {}
            }
        }
        match value {
            Value::Result(result) => self.result_method(e.span, result.clone(), method, args),
            Value::Option(option) => self.option_method(e.span, option.clone(), method, args),
            Value::Failure(failure) => self.failure_method(e, &failure.clone(), method, args),
            Value::Str(text) => Ok(self.text_method(e.span, text, method, first.as_ref())),
            Value::Int(n) => Ok(int_method(*n, method, &args.iter().map(|a| self.load(a)).collect::<Vec<_>>())),
            Value::Float(f) => Ok(float_method(*f, method, first.as_ref())),
            Value::Bool(b) => match method {
                "then" if !b => Ok(Value::none()),
                "then" => {
                    let out = self.apply(&args[0], Vec::new())?;
                    Ok(Value::some(out))
                }
                "then_some" => Ok(if *b { Value::some(args[0].clone()) } else { Value::none() }),
                _ => Ok(value.clone()),
            },
            Value::Status(status) => Ok(match method {
                "as_u16" | "into" => Value::Int((*status).into()),
                "is_success" => Value::Bool((200..300).contains(status)),
                "is_client_error" => Value::Bool((400..500).contains(status)),
                "is_server_error" => Value::Bool((500..600).contains(status)),
                _ => value.clone(),
            }),
            Value::Duration(least, most) => {
                let args: Vec<Value> = args.iter().map(|a| self.load(a)).collect();
                Ok(match duration::method(*least, *most, method, &args) {
                    Some(value) => value,
                    None if SAME.contains(&method) => value.clone(),
                    // More or less than it: jitter of an unknown size.
                    None => Value::derived(Ty::ext("std::time::Duration"), args.iter()),
                })
            }
            Value::List(_) | Value::Range(..) => self.list_method(e.span, value, method, args),
            Value::Foreign(kind, _) if *kind == "Headers" => Ok(match method {
                "get" | "get_all" => Value::none(),
                "contains_key" => Value::Bool(false),
                _ => value.clone(),
            }),
            // A callback stored or handed over.
            Value::Closure(_) | Value::Fn(_) if matches!(method, "call" | "call_mut" | "call_once") => {
                self.apply(value, args)
            }
            Value::Struct(_) | Value::Foreign(..) if matches!(method, "to_string") => {
                Ok(Value::Str(self.display(value)))
            }
            // A response that succeeded.
            Value::Unknown(Unknown { ty: Ty::Ext(path), tainted: false, .. })
                if path.as_str().ends_with("Response") =>
            {
                Ok(match method {
                    "status" | "status_code" => Value::Status(200),
                    "error_for_status" | "error_for_status_ref" => Value::ok(value.clone()),
                    _ => Value::ok(Value::unknown()),
                })
            }
            _ => {
                let loaded: Vec<Value> = args.iter().map(|a| self.load(a)).collect();
                Ok(self.unknown_method(e, value, method, &loaded))
            }
        }
    }

    fn unknown_method(&mut self, e: &Expr, value: &Value, method: &str, args: &[Value]) -> Value {
        let span = e.span;
        if SAME.contains(&method) {
            return value.clone();
        }
        if method == "elapsed" || method == "duration_since" {
            return Value::named(Ty::ext("std::time::Duration"), Name::new(crate::engine::call::DEADLINE));
        }
        // Whatever the failure is, it is none of the connection.
        if value.is_tainted()
            && matches!(method, "downcast_ref" | "downcast_mut" | "is")
            && self.is_transport(&self.asked_type(e))
        {
            self.question(span, || "asks for the error's type: no".to_owned());
            return if method == "is" { Value::Bool(false) } else { Value::none() };
        }
        // An operation that has nothing to do with the failure succeeds.
        if !value.is_tainted() && matches!(method, "is_ok" | "is_err") {
            return Value::Bool(method == "is_ok");
        }
        if value.is_tainted() && method.starts_with("is_") {
            if let Some(answer) = self.asked_by_name(method) {
                self.question(span, || format!("`{method}` answers {}", if answer { "yes" } else { "no" }));
                return Value::Bool(answer);
            }
            self.question(span, || format!("`{method}` is not known here"));
        }
        let ty = match (method, value) {
            ("unwrap" | "expect" | "unwrap_or_default" | "unwrap_or_else" | "unwrap_or", Value::Unknown(u)) => {
                match u.ty.payload() {
                    Ty::Unknown if !matches!(u.ty, Ty::Option(_) | Ty::Result(..)) => u.ty.clone(),
                    payload => payload,
                }
            }
            _ => self.db.static_type(self.frame().id, span),
        };
        let ty = if ty.is_known() { ty } else { self.db.lookup.method_result(&value.ty(), method) };
        let name = Some(Name::new(method));
        // Jitter and arithmetic keep the name of what they are about.
        let name = match value {
            Value::Unknown(u) if u.name.is_some() && !method.starts_with("max") => u.name,
            _ => name,
        };
        let tainted = value.is_tainted() || args.iter().any(Value::is_tainted);
        Value::Unknown(Unknown { ty, tainted, name })
    }

    /// What a question by its name answers for a refused credential.
    fn asked_by_name(&self, method: &str) -> Option<bool> {
        let words = &self.db.lookup.models.words;
        let status = self.scenario.status()?;
        match method {
            "is_success" => return Some(false),
            "is_client_error" | "is_status" => return Some((400..500).contains(&status) || method == "is_status"),
            "is_server_error" => return Some((500..600).contains(&status)),
            _ => {}
        }
        let auth = matches!(status, 401 | 403);
        if auth && words.has("negative", method) {
            return Some(false);
        }
        if auth && words.has("positive", method) {
            return Some(true);
        }
        match self.kind_of(method.trim_start_matches("is_")) {
            VariantKind::Own => Some(true),
            VariantKind::Other => Some(false),
            // An answer with a status is no failure of the connection.
            _ if words.has("negative", method) && method != "is_transient" => Some(false),
            _ => None,
        }
    }

    fn failure_method(&mut self, e: &Expr, failure: &Failure, method: &str, args: Vec<Value>) -> Eval {
        let face =
            |ty: &str| Value::Failure(Failure { ty: Ty::ext(ty), status: failure.status, response: false, text: None });
        let first = args.first().map(|v| self.load(v));
        if matches!(&failure.ty, Ty::Ext(path) if *path == ATTEMPT) {
            match method {
                "retryable" => return Ok(Value::Foreign(Name::new("Retry"), Arc::from([]))),
                "success" => return Ok(Value::Foreign(Name::new("Stop"), Arc::from([]))),
                // It was answered.
                "error" => return Ok(Value::none()),
                "method" | "uri" => return Ok(Value::unknown()),
                _ => {}
            }
        }
        if failure.response
            && matches!(method, "status" | "status_code" | "error_for_status" | "error_for_status_ref" | "is_success")
        {
            self.status_asked = true;
        }
        Ok(match method {
            "status" | "status_code" | "code" | "http_status" | "http_status_code" => match failure.status {
                Some(_) => face("http::StatusCode"),
                None => Value::none(),
            },
            "as_u16" | "as_i32" | "as_u32" | "get" if failure.status.is_some() => {
                Value::Failure(Failure { ty: Ty::Int, status: failure.status, response: false, text: None })
            }
            "is_success" | "ok" if failure.status.is_some() && method == "is_success" => Value::Bool(false),
            "error_for_status" | "error_for_status_ref" => Value::err(face("reqwest::Error")),
            "headers" | "metadata" => Value::Foreign(Name::new("Headers"), Arc::from([])),
            "header" => Value::none(),
            // A context of the attempt that holds the answer.
            "response" if args.is_empty() => {
                let ty = Ty::ext("http::Response");
                Value::some(Value::Failure(Failure { ty, response: true, ..failure.clone() }))
            }
            "output_or_error" => {
                let error = Failure { ty: Ty::Unknown, response: false, ..failure.clone() };
                Value::some(Value::err(Value::Failure(error)))
            }
            // About the request, not about the failure.
            "url" | "version" | "remote_addr" | "extensions" | "content_length" | "cookies" if failure.response => {
                Value::of(self.db.static_type(self.frame().id, e.span))
            }
            "text" | "bytes" | "body" | "body_string" | "into_body" | "text_with_charset" | "into_string"
            | "read_to_string" | "chunk" | "collect" => Value::ok(Value::Str(self.body())),
            // The body of a refusal is not what the code expects to decode, unless it decodes anything.
            "json" | "into_json" | "body_json" => {
                let wanted = match &e.kind {
                    ExprKind::Method { turbofish, .. } => {
                        turbofish.first().map(|t| self.frame().scope.read(self.db.program(), t))
                    }
                    _ => None,
                };
                let declared = || self.decoded.as_ref().filter(|(at, _)| *at == e.span).map(|(_, ty)| ty.clone());
                match wanted.or_else(declared) {
                    Some(Ty::Adt(..)) => Value::err(Value::Failure(Failure {
                        ty: Ty::ext("reqwest::Error"),
                        status: None,
                        response: false,
                        text: None,
                    })),
                    _ => Value::ok(Value::asked(Ty::Unknown)),
                }
            }
            "to_string" | "message" | "description" | "to_lowercase" | "to_uppercase" | "root_cause"
            | "canonical_reason" | "reason" | "detail" | "as_str" => {
                let text = self.display(&Value::Failure(failure.clone()));
                Value::Str(if method == "to_lowercase" { text.lower() } else { text })
            }
            "chain" | "sources" | "iter_chain" => Value::List([Value::Failure(failure.clone())].into()),
            "source" | "cause" => Value::some(Value::Failure(Failure { ty: Ty::Unknown, ..failure.clone() })),
            "downcast_ref" | "downcast" | "downcast_mut" | "is" => {
                let wanted = self.asked_type(e);
                let open = !failure.ty.is_known()
                    || (failure.text.is_none()
                        && matches!(&failure.ty, Ty::Ext(p) if p.as_str().starts_with("anyhow")));
                // `Retryable(error)`: whether this failure is marked so is what the code decides elsewhere.
                if open && self.is_marker(&wanted) {
                    return Ok(Value::asked(self.db.static_type(self.frame().id, e.span)));
                }
                let answered = failure.status.is_some() && self.is_transport(&wanted);
                let fits = !answered && (open || !wanted.is_known()) || same_type(&failure.ty, &wanted);
                self.question(e.span, || format!("asks for the error's type: {}", if fits { "yes" } else { "no" }));
                let typed = Value::Failure(Failure { ty: wanted, ..failure.clone() });
                match (method, fits) {
                    ("is", fits) => Value::Bool(fits),
                    ("downcast", true) => Value::ok(typed),
                    ("downcast", false) => Value::err(Value::Failure(failure.clone())),
                    (_, true) => Value::some(typed),
                    (_, false) => Value::none(),
                }
            }
            "map" | "and_then" | "map_or" | "is_some_and" | "map_or_else"
                if args.last().is_some_and(|a| self.callable(a)) =>
            {
                // An optional face that is there.
                let function = args.last().cloned().unwrap_or_else(Value::unknown);
                self.apply(&function, vec![Value::Failure(failure.clone())])?
            }
            "unwrap" | "expect" | "unwrap_or" | "unwrap_or_default" | "unwrap_or_else" | "context" | "with_context"
            | "ok_or" => Value::Failure(failure.clone()),
            "contains" | "eq" | "ne" if first.is_some() => {
                let text = self.display(&Value::Failure(failure.clone()));
                return Ok(self.text_method(e.span, &text, method, first.as_ref()));
            }
            "is_some" | "is_err" => Value::Bool(true),
            "is_none" | "is_ok" => Value::Bool(false),
            _ if SAME.contains(&method) => Value::Failure(failure.clone()),
            _ if method.starts_with("is_") => {
                let by_status = failure.status.and_then(|s| match method {
                    "is_client_error" => Some((400..500).contains(&s)),
                    "is_server_error" => Some((500..600).contains(&s)),
                    "is_informational" | "is_redirection" | "is_success" => Some(false),
                    _ => None,
                });
                match by_status.or_else(|| self.asked_by_name(method)) {
                    Some(answer) => {
                        self.question(e.span, || format!("`{method}` answers {}", if answer { "yes" } else { "no" }));
                        Value::Bool(answer)
                    }
                    None => {
                        self.question(e.span, || format!("`{method}` is not known here"));
                        Value::asked(Ty::Bool)
                    }
                }
            }
            "kind" | "error_type" | "category" => {
                let ty = self.db.static_type(self.frame().id, e.span);
                Value::Failure(Failure { ty, status: failure.status, response: false, text: None })
            }
            _ if failure.response
                && ["body", "bytes", "text", "string", "chunk", "stream"].iter().any(|w| method.contains(w)) =>
            {
                Value::ok(Value::Str(self.body()))
            }
            _ => {
                if method.contains("retry_after") || method.contains("ratelimit") {
                    return Ok(Value::none());
                }
                Value::asked(self.db.static_type(self.frame().id, e.span))
            }
        })
    }

    /// What a refusal says in its body.
    fn body(&self) -> Text {
        if self.is_mute() { Text::literal("") } else { Text(vec![Piece::Asked]) }
    }

    /// The type that a method is asked for: `downcast_ref::<Error>()`.
    fn asked_type(&self, e: &Expr) -> Ty {
        match &e.kind {
            ExprKind::Method { turbofish, .. } => {
                turbofish.first().map_or(Ty::Unknown, |t| self.frame().scope.read(self.db.program(), t))
            }
            _ => Ty::Unknown,
        }
    }

    fn is_transport(&self, ty: &Ty) -> bool {
        matches!(ty, Ty::Ext(path) if self.db.lookup.models.is_transport(path.as_str()))
    }

    /// A type of the unit that is named for what may be tried again.
    fn is_marker(&self, ty: &Ty) -> bool {
        let Ty::Adt(id, _) = ty else { return false };
        let words = &self.db.lookup.models.words;
        let name = self.db.program().ty(*id).def.name;
        words.names("retries", name.as_str()) || words.names("retries_asked", name.as_str())
    }

    fn callable(&self, value: &Value) -> bool {
        matches!(self.load(value), Value::Closure(_) | Value::Fn(_) | Value::Constructor(..) | Value::Foreign(..))
    }

    fn result_method(
        &mut self,
        span: Span,
        result: Result<Arc<Value>, Arc<Value>>,
        method: &str,
        args: Vec<Value>,
    ) -> Eval {
        let same = Value::Result(result.clone());
        let arg = || args.first().cloned().unwrap_or_else(Value::unknown);
        Ok(match (method, &result) {
            ("is_ok", _) => Value::Bool(result.is_ok()),
            ("is_err", _) => Value::Bool(result.is_err()),
            ("ok", Ok(v)) => Value::some((**v).clone()),
            ("ok", Err(_)) => Value::none(),
            ("err", Err(v)) => Value::some((**v).clone()),
            ("err", Ok(_)) => Value::none(),
            ("unwrap" | "expect" | "unwrap_or" | "unwrap_or_else" | "unwrap_or_default", Ok(v)) => (**v).clone(),
            // A panic ends the loop, and mostly the program.
            ("unwrap" | "expect", Err(_)) => return Err(Flow::Halt(Exit::Left)),
            ("unwrap_err" | "expect_err", Err(v)) => (**v).clone(),
            ("unwrap_or", Err(_)) => arg(),
            ("unwrap_or_default", Err(_)) => Value::of(self.db.static_type(self.frame().id, span)),
            ("unwrap_or_else" | "or_else", Err(v)) => self.apply(&arg(), vec![(**v).clone()])?,
            ("map_err", Err(v)) => {
                let mapped = self.apply(&arg(), vec![(**v).clone()])?;
                Value::err(mapped)
            }
            ("map" | "map_ok", Ok(v)) => {
                let mapped = self.apply(&arg(), vec![(**v).clone()])?;
                Value::ok(mapped)
            }
            ("and_then", Ok(v)) => {
                let next = self.apply(&arg(), vec![(**v).clone()])?;
                self.finish(next, span)?
            }
            ("map_or" | "map_or_else", Ok(v)) => {
                let function = args.get(1).cloned().unwrap_or_else(Value::unknown);
                self.apply(&function, vec![(**v).clone()])?
            }
            ("map_or", Err(_)) => arg(),
            ("map_or_else", Err(v)) => self.apply(&arg(), vec![(**v).clone()])?,
            ("is_ok_and", Ok(v)) | ("is_err_and", Err(v)) => self.apply(&arg(), vec![(**v).clone()])?,
            ("is_ok_and" | "is_err_and", _) => Value::Bool(false),
            ("flatten", Ok(v)) => (**v).clone(),
            (name, Err(v))
                if matches!(
                    self.db.lookup.models.retry.marker(name),
                    Some(Marker::StopMethod | Marker::AgainMethod)
                ) =>
            {
                let variant = self.db.lookup.models.retry.variant(name);
                Value::err(Value::Foreign(Name::new(variant), [(**v).clone()].into()))
            }
            ("or", Err(_)) => arg(),
            _ => same,
        })
    }

    fn option_method(&mut self, span: Span, option: Option<Arc<Value>>, method: &str, args: Vec<Value>) -> Eval {
        let same = Value::Option(option.clone());
        let arg = || args.first().cloned().unwrap_or_else(Value::unknown);
        Ok(match (method, &option) {
            ("is_some", _) => Value::Bool(option.is_some()),
            ("is_none", _) => Value::Bool(option.is_none()),
            ("unwrap" | "expect" | "unwrap_or" | "unwrap_or_else" | "unwrap_or_default", Some(v)) => (**v).clone(),
            ("unwrap" | "expect", None) => return Err(Flow::Halt(Exit::Left)),
            ("unwrap_or", None) => arg(),
            ("unwrap_or_else", None) => self.apply(&arg(), Vec::new())?,
            ("unwrap_or_default", None) => match self.db.static_type(self.frame().id, span) {
                Ty::Bool => Value::Bool(false),
                Ty::Int => Value::Int(0),
                ty => Value::of(ty),
            },
            ("ok_or", Some(v)) | ("ok_or_else", Some(v)) => Value::ok((**v).clone()),
            ("ok_or", None) => Value::err(arg()),
            ("ok_or_else", None) => {
                let error = self.apply(&arg(), Vec::new())?;
                Value::err(error)
            }
            ("map", Some(v)) => {
                let mapped = self.apply(&arg(), vec![(**v).clone()])?;
                Value::some(mapped)
            }
            ("and_then", Some(v)) => self.apply(&arg(), vec![(**v).clone()])?,
            ("map_or" | "map_or_else", Some(v)) => {
                let function = args.get(1).cloned().unwrap_or_else(Value::unknown);
                self.apply(&function, vec![(**v).clone()])?
            }
            ("map_or", None) => arg(),
            ("map_or_else", None) => self.apply(&arg(), Vec::new())?,
            ("is_some_and", Some(v)) | ("is_none_or", Some(v)) => self.apply(&arg(), vec![(**v).clone()])?,
            ("is_some_and", None) => Value::Bool(false),
            ("is_none_or", None) => Value::Bool(true),
            ("filter", Some(v)) => {
                let kept = self.apply(&arg(), vec![(**v).clone()])?;
                match self.load(&kept) {
                    Value::Bool(true) => same,
                    Value::Bool(false) => Value::none(),
                    other => Value::derived(Ty::Unknown, [&other, &same]),
                }
            }
            ("or", None) => arg(),
            ("or_else", None) => self.apply(&arg(), Vec::new())?,
            ("into_iter" | "iter", v) => Value::List(v.iter().map(|v| (**v).clone()).collect()),
            _ => same,
        })
    }

    fn text_method(&mut self, span: Span, text: &Text, method: &str, first: Option<&Value>) -> Value {
        let tainted = text.is_tainted();
        let needle = match first {
            Some(Value::Str(needle)) => needle.known(),
            _ => None,
        };
        match method {
            "contains" | "starts_with" | "ends_with" | "eq" | "eq_ignore_ascii_case" => {
                let Some(needle) = needle else {
                    if let Some(Value::Closure(_)) = first {
                        return Value::Bool(false);
                    }
                    return Value::Unknown(Unknown { ty: Ty::Bool, tainted, name: None });
                };
                let answer = match (method, text.known()) {
                    ("starts_with", Some(known)) => Some(known.starts_with(&needle)),
                    ("starts_with", None) if text.begins_otherwise(&needle) => Some(false),
                    ("ends_with", Some(known)) => Some(known.ends_with(&needle)),
                    ("eq", Some(known)) => Some(known == needle),
                    ("eq_ignore_ascii_case", Some(known)) => Some(known.eq_ignore_ascii_case(&needle)),
                    _ => text.contains(&needle, &self.db.lookup.models.words),
                };
                let is_number =
                    needle.len() == 3 && needle.starts_with(['4', '5']) && needle.bytes().all(|b| b.is_ascii_digit());
                if is_number && text.0.iter().any(|piece| matches!(piece, Piece::Typed(_))) {
                    self.read_text(span);
                }
                if tainted {
                    let said = match answer {
                        Some(true) => "yes",
                        Some(false) => "no",
                        None => "unknown",
                    };
                    self.question(span, || format!("looks for {needle:?} in the text: {said}"));
                }
                match answer {
                    Some(answer) => Value::Bool(answer),
                    None => Value::Unknown(Unknown { ty: Ty::Bool, tainted, name: None }),
                }
            }
            "to_lowercase" | "to_ascii_lowercase" | "to_uppercase" | "to_ascii_uppercase"
                if method.contains("lower") =>
            {
                Value::Str(text.lower())
            }
            "is_empty" => match text.known() {
                Some(known) => Value::Bool(known.is_empty()),
                None => Value::Bool(false),
            },
            "len" => text.known().map_or_else(|| Value::of(Ty::Int), |k| Value::Int(k.len() as i128)),
            "parse" => match text.known().and_then(|k| k.trim().parse::<i128>().ok()) {
                Some(n) => Value::ok(Value::Int(n)),
                None => Value::derived(
                    Ty::Result(shared_ty(Ty::Unknown), shared_ty(Ty::Unknown)),
                    [&Value::Str(text.clone())],
                ),
            },
            _ if SAME.contains(&method)
                || matches!(
                    method,
                    "to_string"
                        | "to_uppercase"
                        | "trim_end"
                        | "trim_start"
                        | "into_owned"
                        | "chars"
                        | "unwrap_or_default"
                        | "unwrap_or_else"
                        | "unwrap"
                        | "expect"
                ) =>
            {
                Value::Str(text.clone())
            }
            // A piece of it, or the same with something masked. Still what the failure said, in other words.
            "replace" | "replacen" | "take" | "skip" | "filter" | "lines" | "split_whitespace" | "get"
                if tainted || text.is_empty() =>
            {
                Value::Str(text.reworded())
            }
            _ => Value::derived(self.db.static_type(self.frame().id, span), [&Value::Str(text.clone())]),
        }
    }

    fn list_method(&mut self, span: Span, value: &Value, method: &str, args: Vec<Value>) -> Eval {
        let arg = args.first().map(|v| self.load(v)).unwrap_or_else(Value::unknown);
        if let Value::Range(lo, hi, _) = value {
            match method {
                "contains" => {
                    let n = match &arg {
                        Value::Int(n) => Some(*n),
                        other => other.status().map(Into::into),
                    };
                    let Some(n) = n else { return Ok(Value::derived(Ty::Bool, [&arg])) };
                    let answer = *lo <= n && hi.is_none_or(|hi| n < hi);
                    if arg.is_tainted() {
                        self.question(span, || format!("asks what failed: {}", if answer { "yes" } else { "no" }));
                    }
                    return Ok(Value::Bool(answer));
                }
                "into_iter" | "by_ref" | "fuse" | "clone" => return Ok(value.clone()),
                _ => {}
            }
            let Some(hi) = hi.filter(|hi| hi - lo <= 256) else { return Ok(value.clone()) };
            let items: Vec<Value> = (*lo..hi).map(Value::Int).collect();
            return self.list_method(span, &Value::List(items.into()), method, args);
        }
        let Value::List(items) = value else { return Ok(value.clone()) };
        Ok(match method {
            "contains" => {
                let mut answer = Some(false);
                for item in items.iter() {
                    match self.equal(item, &arg) {
                        Tri::Yes => {
                            answer = Some(true);
                            break;
                        }
                        Tri::Maybe { .. } => answer = None,
                        Tri::No => {}
                    }
                }
                if arg.is_tainted() {
                    let said = answer.map_or("unknown", |a| if a { "yes" } else { "no" });
                    self.question(span, || format!("asks what failed: {said}"));
                }
                match answer {
                    Some(answer) => Value::Bool(answer),
                    None => Value::derived(Ty::Bool, [&arg]),
                }
            }
            "any" | "all" => {
                for item in items.iter().take(64) {
                    let held = self.apply(&arg, vec![item.clone()])?;
                    match (method, self.load(&held)) {
                        ("any", Value::Bool(true)) => return Ok(Value::Bool(true)),
                        ("all", Value::Bool(false)) => return Ok(Value::Bool(false)),
                        (_, Value::Bool(_)) => {}
                        (_, other) => return Ok(Value::derived(Ty::Bool, [&other])),
                    }
                }
                Value::Bool(method == "all")
            }
            "map" => {
                let mut out = Vec::new();
                for item in items.iter().take(64) {
                    out.push(self.apply(&arg, vec![item.clone()])?);
                }
                Value::List(out.into())
            }
            "len" | "count" => Value::Int(items.len() as i128),
            "is_empty" => Value::Bool(items.is_empty()),
            "first" => Value::Option(items.first().cloned().map(Arc::new)),
            "last" => Value::Option(items.last().cloned().map(Arc::new)),
            "get" => match arg {
                Value::Int(i) => {
                    Value::Option(usize::try_from(i).ok().and_then(|i| items.get(i)).cloned().map(Arc::new))
                }
                _ => Value::unknown(),
            },
            "rev" => Value::List(items.iter().rev().cloned().collect()),
            "take" => match arg {
                Value::Int(n) => Value::List(items.iter().take(n.max(0) as usize).cloned().collect()),
                _ => value.clone(),
            },
            "skip" => match arg {
                Value::Int(n) => Value::List(items.iter().skip(n.max(0) as usize).cloned().collect()),
                _ => value.clone(),
            },
            "chain" => match arg {
                Value::List(more) => Value::List(items.iter().chain(more.iter()).cloned().collect()),
                _ => Value::unknown(),
            },
            "enumerate" => Value::List(
                items
                    .iter()
                    .enumerate()
                    .map(|(i, v)| Value::Tuple([Value::Int(i as i128), v.clone()].into()))
                    .collect(),
            ),
            _ => value.clone(),
        })
    }
}

fn shared_ty(ty: Ty) -> Arc<Ty> {
    Arc::new(ty)
}

fn int_method(n: i128, method: &str, args: &[Value]) -> Value {
    let first = args.first();
    let k = match first {
        Some(Value::Int(k)) => Some(*k),
        _ => None,
    };
    let or_unknown = |v: Option<i128>| v.map_or_else(|| Value::of(Ty::Int), Value::Int);
    match (method, k) {
        ("pow" | "saturating_pow" | "wrapping_pow", Some(k)) => {
            // Saturation at the type's edge is what the cap after it is for.
            or_unknown(u32::try_from(k).ok().map(|k| n.checked_pow(k).unwrap_or(i64::MAX.into()).min(u64::MAX.into())))
        }
        ("checked_pow", Some(k)) => {
            let out = u32::try_from(k).ok().and_then(|k| n.checked_pow(k)).filter(|v| *v <= u64::MAX.into());
            Value::Option(out.map(|v| Arc::new(Value::Int(v))))
        }
        ("checked_shl", Some(k)) => Value::Option(
            u32::try_from(k).ok().filter(|k| *k < 64).map(|k| Arc::new(Value::Int((n << k).min(u64::MAX.into())))),
        ),
        ("saturating_add" | "wrapping_add", Some(k)) => or_unknown(n.checked_add(k)),
        ("saturating_sub", Some(k)) => Value::Int(if n >= 0 && k >= 0 { (n - k).max(0) } else { n - k }),
        ("saturating_mul" | "wrapping_mul", Some(k)) => or_unknown(n.checked_mul(k)),
        ("checked_add", Some(k)) => Value::Option(n.checked_add(k).map(|v| Arc::new(Value::Int(v)))),
        ("checked_sub", Some(k)) => {
            Value::Option(n.checked_sub(k).filter(|v| *v >= 0).map(|v| Arc::new(Value::Int(v))))
        }
        ("checked_mul", Some(k)) => Value::Option(n.checked_mul(k).map(|v| Arc::new(Value::Int(v)))),
        ("min" | "max", Some(k)) => {
            min_max(method, &Value::Int(n), &Value::Int(k)).unwrap_or_else(|| Value::of(Ty::Int))
        }
        ("clamp", Some(lo)) => match args.get(1) {
            Some(Value::Int(hi)) if lo <= *hi => Value::Int(n.clamp(lo, *hi)),
            _ => Value::of(Ty::Int),
        },
        ("abs", _) => Value::Int(n.abs()),
        ("to_string", _) => Value::text(&n.to_string()),
        ("is_multiple_of", Some(k)) if k != 0 => Value::Bool(n % k == 0),
        _ if args.is_empty() => Value::Int(n),
        _ => {
            let name = args.iter().find_map(|a| match a {
                Value::Unknown(u) => u.name,
                _ => None,
            });
            Value::Unknown(Unknown { ty: Ty::Int, tainted: args.iter().any(Value::is_tainted), name })
        }
    }
}

fn float_method(f: f64, method: &str, first: Option<&Value>) -> Value {
    let k = match first {
        Some(Value::Float(k)) => Some(*k),
        Some(Value::Int(k)) => Some(*k as f64),
        _ => None,
    };
    match (method, k) {
        ("powi" | "powf", Some(k)) => Value::Float(f.powf(k)),
        ("min", Some(k)) => Value::Float(f.min(k)),
        ("max", Some(k)) => Value::Float(f.max(k)),
        ("floor" | "ceil" | "round" | "trunc", _) => Value::Float(match method {
            "floor" => f.floor(),
            "ceil" => f.ceil(),
            "round" => f.round(),
            _ => f.trunc(),
        }),
        ("exp2", _) => Value::Float(f.exp2()),
        _ if first.is_none() => Value::Float(f),
        _ => Value::of(Ty::Float),
    }
}
