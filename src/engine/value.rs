//! Values of the abstract execution.
//!
//! The central one is [`Value::Failure`]: the hypothesised failure of the attempt. It is one value with many faces: a
//! status, a response, an error of any type, a text. It shows the face that the code asks for.

use std::sync::Arc;

use crate::engine::schedule::Schedule;
use crate::engine::text::Text;
use crate::engine::types::Ty;
use crate::ir::{Block, Expr, Name, Param, Span};
use crate::models::Role;
use crate::syntax::program::{FnId, TypeId};

/// A cell of the store: what a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cell(pub u32);

/// A place: a variable, or a field inside it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceRef {
    /// The variable.
    pub cell: Cell,
    /// Field by field.
    pub path: Vec<Name>,
}

/// An unknown value.
#[derive(Clone, Debug, PartialEq)]
pub struct Unknown {
    /// Its type, as far as known.
    pub ty: Ty,
    /// It was computed from the failure: the code asked something about it that the engine cannot answer.
    pub tainted: bool,
    /// The name it goes by in the code: `max_retries`.
    pub name: Option<Name>,
}

/// The hypothesised failure.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Its type: an error, a response or a status.
    pub ty: Ty,
    /// The HTTP status it carries; `None` where it is known not to carry one (a body that did not decode).
    pub status: Option<u16>,
    /// It is a response rather than an error.
    pub response: bool,
    /// What it says, where the code itself worded it.
    pub text: Option<Text>,
}

/// A closure with what it captured.
#[derive(Debug)]
pub struct Closure {
    /// Parameters.
    pub params: Arc<[Param]>,
    /// Body.
    pub body: Arc<Expr>,
    /// The variables it sees.
    pub env: Vec<(Name, Cell)>,
    /// The function it was written in.
    pub home: FnId,
}

/// An `async` block that has not run yet.
#[derive(Debug)]
pub struct Task {
    /// Body.
    pub body: Arc<Block>,
    /// The variables it sees.
    pub env: Vec<(Name, Cell)>,
    /// The function it was written in.
    pub home: FnId,
}

/// A call of a retry library that has not run yet.
#[derive(Clone, Debug)]
pub struct Retrying {
    /// Which way to call which library.
    pub model: usize,
    /// The call.
    pub at: Span,
    /// Where its delays come from.
    pub delay_at: Span,
    /// The function it was written in.
    pub home: FnId,
    /// What is attempted.
    pub operation: Value,
    /// How often and how far apart.
    pub schedule: Schedule,
    /// What was handed over to decide.
    pub deciders: Vec<(Role, Value)>,
    /// What the operation is given.
    pub context: Vec<Value>,
}

/// A value of a type with fields.
#[derive(Clone, Debug)]
pub struct Struct {
    /// Its type.
    pub ty: Ty,
    /// For a variant of an enum of the unit: which.
    pub variant: Option<(TypeId, usize)>,
    /// Known fields; others are unknown and typed by the definition.
    pub fields: Vec<(Name, Value)>,
}

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// Not known.
    Unknown(Unknown),
    /// `()`
    Unit,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// A float.
    Float(f64),
    /// A duration in seconds: least and most, which differ by jitter.
    Duration(f64, f64),
    /// Text.
    Str(Text),
    /// An HTTP status that the code names.
    Status(u16),
    /// The failure.
    Failure(Failure),
    /// A struct or a variant of the unit.
    Struct(Arc<Struct>),
    /// A variant of an enum of another crate, by its last name.
    Foreign(Name, Arc<[Value]>),
    /// `Some`, `None`
    Option(Option<Arc<Value>>),
    /// `Ok`, `Err`
    Result(Result<Arc<Value>, Arc<Value>>),
    /// A tuple.
    Tuple(Arc<[Value]>),
    /// A list or iterator with known elements.
    List(Arc<[Value]>),
    /// `a..b`: the elements from the first up to but not including the last; an end that is not known is `None`.
    Range(i128, Option<i128>, Option<Name>),
    /// A closure.
    Closure(Arc<Closure>),
    /// A function.
    Fn(FnId),
    /// The constructor of a tuple variant or tuple struct, used as a function.
    Constructor(TypeId, usize),
    /// An `async` block.
    Task(Arc<Task>),
    /// A delay that waits when it is awaited: least and most seconds, or unknown.
    Delay(Option<(f64, f64)>),
    /// How often and how far apart, as a retry library has it.
    Schedule(Arc<Schedule>),
    /// A call of a retry library.
    Retrying(Arc<Retrying>),
    /// A reference to a place.
    Ref(PlaceRef),
}

impl Value {
    /// Nothing known.
    pub fn unknown() -> Value {
        Value::of(Ty::Unknown)
    }

    /// An unknown value of a type.
    pub fn of(ty: Ty) -> Value {
        match ty {
            Ty::Unit => Value::Unit,
            ty => Value::Unknown(Unknown { ty, tainted: false, name: None }),
        }
    }

    /// An unknown value with the name it goes by.
    pub fn named(ty: Ty, name: Name) -> Value {
        Value::Unknown(Unknown { ty, tainted: false, name: Some(name) })
    }

    /// An unknown value computed from the failure.
    pub fn asked(ty: Ty) -> Value {
        Value::Unknown(Unknown { ty, tainted: true, name: None })
    }

    /// An unknown value, tainted if any of these is.
    pub fn derived<'a>(ty: Ty, from: impl IntoIterator<Item = &'a Value>) -> Value {
        Value::Unknown(Unknown { ty, tainted: from.into_iter().any(Value::is_tainted), name: None })
    }

    /// `Some(value)`
    pub fn some(value: Value) -> Value {
        Value::Option(Some(Arc::new(value)))
    }

    /// `None`
    pub fn none() -> Value {
        Value::Option(None)
    }

    /// `Ok(value)`
    pub fn ok(value: Value) -> Value {
        Value::Result(Ok(Arc::new(value)))
    }

    /// `Err(value)`
    pub fn err(value: Value) -> Value {
        Value::Result(Err(Arc::new(value)))
    }

    /// Literal text.
    pub fn text(text: &str) -> Value {
        Value::Str(Text::literal(text))
    }

    /// Whether it is, or holds, the failure or something computed from it.
    pub fn is_tainted(&self) -> bool {
        match self {
            Value::Unknown(u) => u.tainted,
            Value::Failure(_) => true,
            Value::Str(text) => text.is_tainted(),
            Value::Struct(s) => s.fields.iter().any(|(_, v)| v.is_tainted()),
            Value::Foreign(_, values) | Value::Tuple(values) | Value::List(values) => {
                values.iter().any(Value::is_tainted)
            }
            Value::Option(Some(v)) | Value::Result(Ok(v) | Err(v)) => v.is_tainted(),
            _ => false,
        }
    }

    /// The status that a number, status or failure stands for.
    pub fn status(&self) -> Option<u16> {
        match self {
            Value::Int(n) => u16::try_from(*n).ok(),
            Value::Status(s) => Some(*s),
            Value::Failure(f) => f.status,
            _ => None,
        }
    }

    /// The type, where the value knows it.
    pub fn ty(&self) -> Ty {
        match self {
            Value::Unknown(u) => u.ty.clone(),
            Value::Unit => Ty::Unit,
            Value::Bool(_) => Ty::Bool,
            Value::Int(_) => Ty::Int,
            Value::Float(_) => Ty::Float,
            Value::Str(_) => Ty::Str,
            Value::Failure(f) => f.ty.clone(),
            Value::Struct(s) => s.ty.clone(),
            _ => Ty::Unknown,
        }
    }
}
