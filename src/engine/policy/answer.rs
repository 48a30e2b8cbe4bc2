//! Reading what a policy says from what it gives back: a bool of either polarity, an `Option`, an enum of verdicts, a
//! struct with a flag, an error marked as retryable.

use crate::engine::db::Db;
use crate::engine::scenario::Scenario;
use crate::engine::types::Ty;
use crate::engine::value::Value;
use crate::ir::Type;
use crate::syntax::program::TypeId;

/// What a policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Try again.
    Retry,
    /// Do not.
    Stop,
    /// It cannot be told.
    Unknown,
}

/// How to read a result.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// `true` means "do not retry": `is_permanent`.
    pub inverted: bool,
    /// `None` means "go round again", and `Some` that it is done.
    pub none_retries: bool,
    /// The result lists the statuses that are retried: whether this one is among them.
    pub listed: bool,
}

impl Reading {
    /// Reads a result.
    pub fn read(self, db: &Db<'_>, value: &Value, scenario: Scenario) -> Answer {
        match value {
            Value::List(statuses) if self.listed => listed(statuses, scenario),
            _ if self.listed => Answer::Unknown,
            Value::Bool(b) if *b != self.inverted => Answer::Retry,
            Value::Bool(_) => Answer::Stop,
            Value::Option(Some(_)) if self.none_retries => Answer::Stop,
            Value::Option(None) if self.none_retries => Answer::Retry,
            Value::Option(None) => Answer::Stop,
            Value::Option(Some(inner)) => match self.read(db, inner, scenario) {
                // `Some(delay)`, `Some("reason")`
                Answer::Unknown if !is_choice(inner) => Answer::Retry,
                answer => answer,
            },
            // `Ok(None)` of a chain, `Err(Error::Retryable(..))` of a classifier.
            Value::Result(Ok(inner)) => match &**inner {
                option @ Value::Option(_) => self.read(db, option, scenario),
                _ => Answer::Stop,
            },
            Value::Result(Err(inner)) => self.read(db, inner, scenario),
            Value::Foreign(name, _) => by_name(db, name.as_str()),
            Value::Struct(s) => match s.variant {
                Some((id, index)) => by_name(db, db.program().variant(id, index).name.as_str()),
                None => {
                    let flag = s.fields.iter().find(|(name, _)| is_flag(db, name.as_str()));
                    flag.map_or(Answer::Unknown, |(_, value)| self.read(db, value, scenario))
                }
            },
            // Any delay at all.
            Value::Duration(..) => Answer::Retry,
            _ => Answer::Unknown,
        }
    }
}

/// Whether the status of a scenario stands in a list of those that are retried.
fn listed(statuses: &[Value], scenario: Scenario) -> Answer {
    let Some(asked) = scenario.status() else { return Answer::Unknown };
    let known = statuses.iter().map(|value| match value {
        Value::Status(status) => Some(*status),
        Value::Int(status) => u16::try_from(*status).ok(),
        _ => None,
    });
    let known: Vec<Option<u16>> = known.collect();
    if known.contains(&Some(asked)) {
        Answer::Retry
    } else if known.contains(&None) {
        Answer::Unknown
    } else {
        Answer::Stop
    }
}

/// A value that is itself one of several verdicts, rather than something that comes with one.
fn is_choice(value: &Value) -> bool {
    matches!(value, Value::Foreign(..) | Value::Bool(_)) || matches!(value, Value::Struct(s) if s.variant.is_some())
}

/// What a variant of this name says.
pub fn by_name(db: &Db<'_>, name: &str) -> Answer {
    let words = &db.lookup.models.words;
    if words.names("answers_stop", name) {
        Answer::Stop
    } else if words.names("answers_retry", name) {
        Answer::Retry
    } else {
        Answer::Unknown
    }
}

/// The name of a flag for which yes means "again".
fn is_flag(db: &Db<'_>, name: &str) -> bool {
    let words = &db.lookup.models.words;
    says_yes(db, name) || (words.names("retries_asked", name) && !words.names("no_policy", name))
}

/// The name of a function for which yes means "again".
pub fn says_yes(db: &Db<'_>, name: &str) -> bool {
    let words = &db.lookup.models.words;
    let asked = words.names("retries_asked", name) && words.names("question", name);
    (words.names("retries", name) || asked) && !words.names("no_policy", name)
}

/// What an `Option` of a policy may hold: a delay, a reason, a verdict.
pub fn is_verdict(db: &Db<'_>, inner: &Ty, name: &str) -> bool {
    match inner {
        Ty::Int | Ty::Bool | Ty::Float | Ty::Unit => true,
        Ty::Str => name.contains("reason"),
        Ty::Ext(path) => path.as_str().ends_with("Duration"),
        other => holds_verdicts(db, other),
    }
}

/// A type whose values say by themselves whether to try again.
pub fn holds_verdicts(db: &Db<'_>, ty: &Ty) -> bool {
    match ty {
        Ty::Adt(id, _) => is_enum_of_verdicts(db, *id, false) || has_flag(db, *id),
        Ty::Option(inner) => holds_verdicts(db, inner),
        Ty::Result(_, error) => match &**error {
            Ty::Adt(id, _) => is_enum_of_verdicts(db, *id, true),
            Ty::Ext(path) => db.lookup.models.is_marked(path.as_str()),
            _ => false,
        },
        Ty::Ext(path) => db.lookup.models.is_marked(path.as_str()),
        _ => false,
    }
}

/// At least one variant says "again" and at least one says "stop", and most of them or, where `all` is asked, all say
/// one or the other: a list of what can fail is no verdict.
fn is_enum_of_verdicts(db: &Db<'_>, id: TypeId, all: bool) -> bool {
    let data = db.program().ty(id);
    let says = |answer| data.def.variants.iter().filter(|v| by_name(db, v.name.as_str()) == answer).count();
    let (again, stop, silent) = (says(Answer::Retry), says(Answer::Stop), says(Answer::Unknown));
    data.def.is_enum && again > 0 && stop > 0 && silent <= if all { 0 } else { again + stop }
}

fn has_flag(db: &Db<'_>, id: TypeId) -> bool {
    let data = db.program().ty(id);
    let is_bool = |ty: &Type| matches!(ty, Type::Path(p) if p.single().is_some_and(|n| n == "bool"));
    !data.def.is_enum
        && data.def.variants.iter().flat_map(|v| &v.fields).any(|f| is_bool(&f.ty) && is_flag(db, f.name.as_str()))
}
