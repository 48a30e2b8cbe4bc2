//! The error that a site is left with, against the failure that it is made of: what the failure knew and the error does not.

use crate::engine::lab::Lab;
use crate::engine::site::Facts;
use crate::engine::trace::Exit;
use crate::engine::value::Value;
use crate::ir::Name;

/// Fields that say what was refused, where and by whom.
const CONTEXT: &[&str] = &["status", "status_code", "provider", "model", "endpoint", "message", "msg"];
/// Values inside values.
const DEPTH: u32 = 5;

/// A field of the final error that is blank although the failure had something to put there.
pub(super) fn blank(lab: &Lab<'_, '_>, facts: &Facts) -> Option<Name> {
    let run = &facts.dead.run;
    if !facts.surely_stops() || run.exit != Exit::Left {
        return None;
    }
    let (Value::Result(Err(error)), Some(failed)) = (run.gave.as_ref()?, &run.failed) else { return None };
    let mut found = Vec::new();
    blanks(error, DEPTH, &mut found);
    found.into_iter().find(|name| knows(lab, failed, *name, DEPTH) && !has_blank(failed, *name))
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Option(None) => true,
        Value::Str(text) => text.known().is_some_and(|known| known.is_empty()),
        _ => false,
    }
}

fn blanks(value: &Value, depth: u32, out: &mut Vec<Name>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Value::Struct(s) => {
            for (name, inner) in &s.fields {
                if CONTEXT.contains(&name.as_str()) && is_blank(inner) {
                    out.push(*name);
                }
                blanks(inner, depth, out);
            }
        }
        Value::Foreign(_, values) | Value::Tuple(values) => values.iter().for_each(|v| blanks(v, depth, out)),
        Value::Option(Some(inner)) => blanks(inner, depth, out),
        _ => {}
    }
}

fn has_blank(failed: &Value, name: Name) -> bool {
    let mut found = Vec::new();
    match failed {
        Value::Result(Err(error)) => blanks(error, DEPTH, &mut found),
        value => blanks(value, DEPTH, &mut found),
    }
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
