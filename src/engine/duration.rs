//! Durations: their constructors, methods and arithmetic, as seconds from least to most.

use crate::engine::value::Value;
use crate::ir::BinOp;

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(n) => Some(*n as f64),
        Value::Float(f) => Some(*f),
        _ => None,
    }
}

/// `Duration::from_secs(5)` and its siblings in std, chrono and time.
pub fn constructor(name: &str, value: &Value) -> Option<Value> {
    let n = number(value)?;
    let seconds = match name {
        "from_secs" | "from_secs_f64" | "from_secs_f32" | "seconds" | "seconds_f64" | "try_seconds" => n,
        "from_millis" | "milliseconds" => n / 1e3,
        "from_micros" | "microseconds" => n / 1e6,
        "from_nanos" | "nanoseconds" => n / 1e9,
        "from_mins" | "minutes" => n * 60.0,
        "from_hours" | "hours" => n * 3600.0,
        "days" => n * 86_400.0,
        _ => return None,
    };
    Some(Value::Duration(seconds, seconds))
}

/// A method of a duration.
pub fn method(least: f64, most: f64, name: &str, args: &[Value]) -> Option<Value> {
    let first = args.first();
    let factor = first.and_then(number);
    Some(match (name, first, factor) {
        ("min", Some(Value::Duration(a, b)), _) => Value::Duration(least.min(*a), most.min(*b)),
        ("max", Some(Value::Duration(a, b)), _) => Value::Duration(least.max(*a), most.max(*b)),
        ("clamp", Some(Value::Duration(a, _)), _) => match args.get(1) {
            Some(Value::Duration(_, b)) => Value::Duration(least.max(*a).min(*b), most.max(*a).min(*b)),
            _ => return None,
        },
        ("mul_f64" | "mul_f32" | "saturating_mul" | "mul", _, Some(k)) => Value::Duration(least * k, most * k),
        ("checked_mul", _, Some(k)) => Value::some(Value::Duration(least * k, most * k)),
        ("div_f64" | "div_f32", _, Some(k)) => Value::Duration(least / k, most / k),
        ("saturating_add", Some(Value::Duration(a, b)), _) => Value::Duration(least + a, most + b),
        ("checked_add", Some(Value::Duration(a, b)), _) => Value::some(Value::Duration(least + a, most + b)),
        ("saturating_sub", Some(Value::Duration(a, b)), _) => {
            Value::Duration((least - b).max(0.0), (most - a).max(0.0))
        }
        ("is_zero", _, _) => Value::Bool(most == 0.0),
        _ if least != most => return None,
        ("as_secs", _, _) => Value::Int(least as i128),
        ("as_millis", _, _) => Value::Int((least * 1e3) as i128),
        ("as_micros", _, _) => Value::Int((least * 1e6) as i128),
        ("as_nanos", _, _) => Value::Int((least * 1e9) as i128),
        ("as_secs_f64" | "as_secs_f32", _, _) => Value::Float(least),
        _ => return None,
    })
}

/// Arithmetic with a duration on at least one side.
pub fn binary(op: BinOp, a: &Value, b: &Value) -> Option<Value> {
    match (op, a, b) {
        (BinOp::Add, Value::Duration(a, b), Value::Duration(c, d)) => Some(Value::Duration(a + c, b + d)),
        (BinOp::Sub, Value::Duration(a, b), Value::Duration(c, d)) => {
            Some(Value::Duration((a - d).max(0.0), (b - c).max(0.0)))
        }
        (BinOp::Mul, Value::Duration(a, b), k) | (BinOp::Mul, k, Value::Duration(a, b)) => {
            number(k).map(|k| Value::Duration(a * k, b * k))
        }
        (BinOp::Div, Value::Duration(a, b), k) => {
            number(k).filter(|k| *k != 0.0).map(|k| Value::Duration(a / k, b / k))
        }
        (BinOp::Lt | BinOp::Le, Value::Duration(_, b), Value::Duration(c, _)) if b < c => Some(Value::Bool(true)),
        (BinOp::Gt | BinOp::Ge, Value::Duration(a, _), Value::Duration(_, d)) if a > d => Some(Value::Bool(true)),
        (BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge, Value::Duration(a, b), Value::Duration(c, d))
            if a == b && c == d =>
        {
            Some(Value::Bool(match op {
                BinOp::Lt => a < c,
                BinOp::Le => a <= c,
                BinOp::Gt => a > c,
                _ => a >= c,
            }))
        }
        _ => None,
    }
}
