//! The error that a site is left with, against the failure that it is made of: what the failure knew and the error does not.

use crate::engine::amend::Amend;
use crate::engine::lab::Lab;
use crate::engine::scenario::Scenario;
use crate::engine::site::Facts;
use crate::engine::trace::{Exit, Run};
use crate::engine::value::Value;
use crate::ir::Name;

/// Fields that say what was refused, where and by whom.
const CONTEXT: &[&str] = &["status", "status_code", "provider", "model", "endpoint", "message", "msg"];
/// Of those, what a person reads.
const WORDS: &[&str] = &["message", "msg"];
/// Values inside values.
const DEPTH: u32 = 5;

/// A field of the final error that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blank {
    /// The field.
    pub name: Name,
    /// Only where the refusal came without a body: then nothing is put in its place.
    pub when_mute: bool,
}

/// A field of the final error that is blank although the failure had something to put there, or that is blank where the
/// other side said nothing.
pub(super) fn blank(lab: &Lab<'_, '_>, facts: &Facts) -> Option<Blank> {
    let run = &facts.dead.run;
    if !facts.surely_stops() || run.exit != Exit::Left {
        return None;
    }
    let (error, failed) = (given(run)?, run.failed.as_ref()?);
    let mut found = Vec::new();
    blanks(error, CONTEXT, None, DEPTH, &mut found);
    if let Some(name) = found.into_iter().find(|name| knows(lab, failed, *name, DEPTH) && !has_blank(failed, *name)) {
        return Some(Blank { name, when_mute: false });
    }
    // An error that is handed on as it is has what it had. A new one can say more.
    if !matches!(kept(failed), Value::Struct(_)) || is_same(error, kept(failed)) {
        return None;
    }
    let mute = lab.run(Scenario::DeadKey, facts.dead.forced(), Some(Amend::Mute));
    let (error, failed) = (given(&mute).filter(|_| mute.exit == Exit::Left)?, mute.failed.as_ref()?);
    let mut found = Vec::new();
    blanks(error, WORDS, Some(kept(failed)), DEPTH, &mut found);
    found.first().map(|name| Blank { name: *name, when_mute: true })
}

/// Both are of one type, and of one variant.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Struct(a), Value::Struct(b)) => (&a.ty, a.variant) == (&b.ty, b.variant),
        _ => false,
    }
}

/// The error that a run ends with.
fn given(run: &Run) -> Option<&Value> {
    match run.gave.as_ref()? {
        Value::Result(Err(error)) => Some(error),
        _ => None,
    }
}

/// A failed attempt's error.
fn kept(failed: &Value) -> &Value {
    match failed {
        Value::Result(Err(error)) => error,
        value => value,
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Option(None) => true,
        Value::Str(text) => text.is_empty(),
        _ => false,
    }
}

/// Fields of these names that are blank, but for what stands in a value inside.
fn blanks(value: &Value, names: &[&str], but_for: Option<&Value>, depth: u32, out: &mut Vec<Name>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    if but_for.is_some_and(|other| is_same(value, other)) {
        return;
    }
    match value {
        Value::Struct(s) => {
            for (name, inner) in &s.fields {
                if names.contains(&name.as_str()) && is_blank(inner) {
                    out.push(*name);
                }
                blanks(inner, names, but_for, depth, out);
            }
        }
        Value::Foreign(_, values) | Value::Tuple(values) => {
            values.iter().for_each(|v| blanks(v, names, but_for, depth, out));
        }
        Value::Option(Some(inner)) => blanks(inner, names, but_for, depth, out),
        _ => {}
    }
}

fn has_blank(failed: &Value, name: Name) -> bool {
    let mut found = Vec::new();
    blanks(kept(failed), CONTEXT, None, DEPTH, &mut found);
    found.contains(&name)
}

/// Whether a failure has something for a field: a field of that name, a status, or words.
fn knows(lab: &Lab<'_, '_>, value: &Value, name: Name, depth: u32) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match value {
        Value::Result(Ok(inner) | Err(inner)) | Value::Option(Some(inner)) => knows(lab, inner, name, depth),
        Value::Failure(failure) => match name.as_str() {
            "status" | "status_code" => failure.status.is_some(),
            "message" | "msg" => true,
            _ => lab.db.lookup.field(&failure.ty, name).is_known(),
        },
        Value::Struct(s) => {
            s.fields.iter().any(|(field, inner)| (*field == name && !is_blank(inner)) || knows(lab, inner, name, depth))
        }
        _ => false,
    }
}
