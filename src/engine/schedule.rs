//! Schedules of retry libraries as values: a builder's settings, evaluated, and the delays that follow from them.

use std::sync::Arc;

use crate::engine::value::{Unknown, Value};
use crate::ir::Name;
use crate::models::{Curve, ScheduleModel, Setting};

/// A schedule.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The model it was made by, whose methods it has; none for a list of delays.
    pub model: Option<usize>,
    /// How often it tries again; `None` is for ever, or not known if `until` has a name.
    pub retries: Option<u32>,
    /// The name of the setting that bounds it and is not known.
    pub until: Option<Name>,
    /// A function of the result that decides.
    pub condition: Option<Arc<Value>>,
    /// Delays taken from it as an iterator.
    pub taken: u32,
    /// As an iterator it gives `Some(delay)` per attempt, and `None` for the last.
    pub optional: bool,
    delays: Delays,
}

/// How long the delays are.
#[derive(Clone, Debug)]
enum Delays {
    /// Not known.
    Unknown,
    /// One by one, as the code lists them.
    Listed(Arc<[Option<(f64, f64)>]>),
    /// By a rule.
    Ruled(Rule),
}

#[derive(Clone, Debug)]
struct Rule {
    curve: Curve,
    first: Option<f64>,
    step: Option<f64>,
    factor: f64,
    scale: f64,
    cap: Option<f64>,
    total: Option<f64>,
    jitter: (f64, f64),
    jittered: (f64, f64),
}

/// The delay after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// It waits: least and most seconds, or an unknown time.
    Wait(Option<(f64, f64)>),
    /// It gives up.
    End,
}

impl Schedule {
    /// The schedule that a model describes, as it is before anything is set.
    pub fn of(index: usize, model: &ScheduleModel) -> Schedule {
        let delays = Delays::Ruled(Rule::of(model));
        Schedule { model: Some(index), optional: model.optional, ..Schedule::plain(model.retries, None, delays) }
    }

    /// Any value used as a schedule: a list of delays, or something unknown.
    pub fn from_value(value: &Value) -> Schedule {
        match value {
            Value::Schedule(schedule) => (**schedule).clone(),
            Value::List(items) => {
                let delays: Vec<Option<(f64, f64)>> = items.iter().map(seconds).collect();
                Schedule::plain(u32::try_from(items.len()).ok(), None, Delays::Listed(delays.into()))
            }
            other => Schedule::plain(None, name_of(Some(other)), Delays::Unknown),
        }
    }

    /// The same delay for ever.
    pub fn repeating(delay: &Value) -> Schedule {
        let rule = Rule::of(&ScheduleModel::default());
        let mut schedule = Schedule::plain(None, None, Delays::Ruled(rule));
        schedule.set(Setting::Constant, Some(delay));
        schedule
    }

    fn plain(retries: Option<u32>, until: Option<Name>, delays: Delays) -> Schedule {
        Schedule { model: None, retries, until, condition: None, taken: 0, optional: false, delays }
    }

    /// Applies what an argument sets; `None` is a method without one.
    pub fn set(&mut self, setting: Setting, value: Option<&Value>) {
        let (value, unset) = match value {
            Some(Value::Option(Some(inner))) => (Some(&**inner), false),
            Some(Value::Option(None)) => (None, true),
            other => (other, false),
        };
        match setting {
            Setting::Retries | Setting::Attempts => return self.set_count(setting, value),
            Setting::NoRetries => {
                self.retries = None;
                return;
            }
            Setting::Inner => {
                let inner = value.map(Schedule::from_value);
                if let Some(inner) = inner {
                    let model = self.model;
                    *self = Schedule { model, condition: self.condition.clone().or(inner.condition.clone()), ..inner };
                }
                return;
            }
            Setting::Condition => {
                self.condition = value.map(|v| Arc::new(v.clone()));
                return;
            }
            _ => {}
        }
        let Delays::Ruled(rule) = &mut self.delays else { return };
        let duration = value.and_then(seconds).map(|(least, most)| (least + most) / 2.0);
        let number = value.and_then(number);
        match setting {
            Setting::First => rule.first = duration,
            Setting::FirstMs => rule.first = number.map(|n| n / 1e3),
            Setting::FirstS => rule.first = number,
            Setting::BaseMs => {
                rule.first = number.map(|n| n / 1e3);
                rule.factor = number.unwrap_or(1.0);
            }
            Setting::Step => rule.step = duration,
            Setting::StepMs => rule.step = number.map(|n| n / 1e3),
            Setting::StepS => rule.step = number,
            Setting::Factor => match number {
                Some(n) => rule.factor = n,
                None => rule.first = None,
            },
            Setting::Scale => match number {
                Some(n) => rule.scale = n,
                None => rule.first = None,
            },
            Setting::Cap => rule.cap = duration,
            Setting::CapMs => rule.cap = number.map(|n| n / 1e3),
            Setting::NoCap => rule.cap = None,
            Setting::Total if unset => rule.total = None,
            Setting::Total | Setting::TotalMs => {
                rule.total = if setting == Setting::Total { duration } else { number.map(|n| n / 1e3) };
                if rule.total.is_none() {
                    self.until = name_of(value);
                }
            }
            Setting::Jitter => {
                rule.jitter = match value {
                    Some(Value::Bool(false)) => (1.0, 1.0),
                    // `Jitter::None`
                    Some(Value::Foreign(name, _)) if *name == "None" => (1.0, 1.0),
                    _ => rule.jittered,
                };
            }
            Setting::JitterShare => rule.jitter = number.map_or(rule.jitter, |n| (1.0 - n, 1.0 + n)),
            Setting::Constant => (rule.curve, rule.first) = (Curve::Constant, duration),
            Setting::Linear => (rule.curve, rule.first, rule.step) = (Curve::Linear, duration, duration),
            Setting::Exponential => (rule.curve, rule.first, rule.factor) = (Curve::Exponential, duration, 2.0),
            Setting::NoDelay => (rule.curve, rule.first) = (Curve::Constant, Some(0.0)),
            Setting::Retries
            | Setting::Attempts
            | Setting::NoRetries
            | Setting::Inner
            | Setting::Condition
            | Setting::Ignored => {}
        }
    }

    fn set_count(&mut self, setting: Setting, value: Option<&Value>) {
        let less = u32::from(setting == Setting::Attempts);
        match value {
            Some(Value::Int(n)) => {
                let n = u32::try_from(*n).unwrap_or(u32::MAX).saturating_sub(less);
                (self.retries, self.until) = (Some(n), None);
            }
            other => (self.retries, self.until) = (None, name_of(other)),
        }
    }

    /// `.take(n)`: no more than it has.
    pub fn take(&mut self, count: &Value) {
        match count {
            Value::Int(n) => {
                let n = u32::try_from(*n).unwrap_or(u32::MAX);
                (self.retries, self.until) = (Some(self.retries.map_or(n, |old| old.min(n))), None);
            }
            // Bounded already, or by this.
            _ if self.retries.is_some() => {}
            other => self.until = name_of(Some(other)),
        }
    }

    /// Every delay is multiplied with a random number between these two.
    pub fn jitter(&mut self, range: (f64, f64)) {
        if let Delays::Ruled(rule) = &mut self.delays {
            rule.jitter = (rule.jitter.0 * range.0, rule.jitter.1 * range.1);
        }
    }

    /// The delays are changed in a way that is not known.
    pub fn forget_delays(&mut self) {
        self.delays = Delays::Unknown;
    }

    /// The delay after the failed attempt `n`, which counts from 0.
    pub fn next(&self, n: u32) -> Next {
        if self.retries.is_some_and(|retries| n >= retries) {
            return Next::End;
        }
        match &self.delays {
            Delays::Unknown => Next::Wait(None),
            Delays::Listed(delays) => delays.get(n as usize).map_or(Next::End, |d| Next::Wait(*d)),
            Delays::Ruled(rule) => {
                let delay = rule.delay(n);
                match (rule.total, delay) {
                    (Some(total), Some((least, most))) => {
                        let middle = |i| rule.delay(i).map_or(0.0, |(a, b)| (a + b) / 2.0);
                        let slept: f64 = (0..=n).map(middle).sum();
                        // Jitter does not change when it gives up.
                        let middle = (least + most) / 2.0;
                        if slept > total { Next::End } else { Next::Wait(Some((middle, middle))) }
                    }
                    _ => Next::Wait(delay),
                }
            }
        }
    }

    /// The element that it gives as an iterator.
    pub fn element(&self, n: u32) -> Option<Value> {
        let delay = |d: Option<(f64, f64)>| match d {
            Some((least, most)) => Value::Duration(least, most),
            None => Value::of(crate::engine::types::Ty::ext("std::time::Duration")),
        };
        match (self.next(n), self.optional) {
            (Next::Wait(d), true) => Some(Value::some(delay(d))),
            (Next::Wait(d), false) => Some(delay(d)),
            // One more attempt than delays: the last is told by `None`.
            (Next::End, true) => (self.retries == Some(n)).then(Value::none),
            (Next::End, false) => None,
        }
    }
}

impl Rule {
    fn of(model: &ScheduleModel) -> Rule {
        let jitter = model.jitter.unwrap_or((1.0, 1.0));
        Rule {
            curve: model.curve,
            first: model.first,
            step: model.step,
            factor: model.factor.unwrap_or(1.0),
            scale: 1.0,
            cap: model.cap,
            total: model.total,
            jitter,
            jittered: model.jittered.unwrap_or(jitter),
        }
    }

    fn delay(&self, n: u32) -> Option<(f64, f64)> {
        let first = self.first?;
        let plain = match self.curve {
            Curve::Constant => first,
            Curve::Linear => first + self.step.unwrap_or(first) * f64::from(n),
            Curve::Exponential => first * self.factor.powi(n.min(1_000) as i32),
            Curve::Fibonacci => {
                let (mut a, mut b) = (first, first);
                for _ in 0..n.min(200) {
                    (a, b) = (b, a + b);
                }
                a
            }
        } * self.scale;
        let capped = self.cap.map_or(plain, |cap| plain.min(cap));
        Some((capped * self.jitter.0, capped * self.jitter.1))
    }
}

fn seconds(value: &Value) -> Option<(f64, f64)> {
    match value {
        Value::Duration(least, most) => Some((*least, *most)),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(n) => Some(*n as f64),
        Value::Float(f) => Some(*f),
        _ => None,
    }
}

fn name_of(value: Option<&Value>) -> Option<Name> {
    match value {
        Some(Value::Unknown(Unknown { name: Some(name), .. })) => Some(*name),
        _ => Some(Name::new("its schedule ends")),
    }
}
