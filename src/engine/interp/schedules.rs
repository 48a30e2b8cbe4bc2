//! Schedules of retry libraries: made by constructors, struct literals and names, changed by their methods, and gone
//! through like iterators.

use std::sync::Arc;

use super::{Eval, Interp};
use crate::engine::schedule::{Next, Schedule};
use crate::engine::types::join;
use crate::engine::value::{PlaceRef, Value};
use crate::ir::Name;
use crate::models::Setting;
use crate::syntax::program::Res;

impl Interp<'_> {
    /// The schedule that a constructor of a library makes.
    pub(in crate::engine) fn new_schedule(&self, path: &str, args: &[Value]) -> Option<Value> {
        let models = &self.db.lookup.models.retry;
        let (index, settings) = models.constructor(path)?;
        let mut schedule = Schedule::of(index, models.schedule(index));
        self.apply_settings(&mut schedule, settings, args);
        Some(Value::Schedule(Arc::new(schedule)))
    }

    /// A schedule written as a struct: `ExponentialBackoff { max_elapsed_time: None, ..Default::default() }`.
    pub(in crate::engine) fn built_schedule(
        &self,
        path: &crate::ir::Path,
        fields: &[(Name, Value)],
        rest: Option<&Value>,
    ) -> Option<Value> {
        let models = &self.db.lookup.models.retry;
        let Some(Res::External(full)) = self.db.resolve(&self.frame().scope, path) else { return None };
        let index = models.schedule_type(&join(&full))?;
        let model = models.schedule(index);
        let mut schedule = match rest.map(|r| self.load(r)) {
            Some(Value::Schedule(base)) => (*base).clone(),
            _ => Schedule::of(index, model),
        };
        for (name, value) in fields {
            if let Some(setting) = model.fields.get(name.as_str()) {
                schedule.set(*setting, Some(&self.load(value)));
            }
        }
        Some(Value::Schedule(Arc::new(schedule)))
    }

    /// The schedule that a type's name alone is: `NoDelay`.
    pub(in crate::engine) fn unit_schedule(&self, path: &str) -> Option<Value> {
        let models = &self.db.lookup.models.retry;
        let index = models.schedule_type(path)?;
        let model = models.schedule(index);
        model.value.then(|| Value::Schedule(Arc::new(Schedule::of(index, model))))
    }

    /// A method of a schedule: a setting, or one of an iterator.
    pub(in crate::engine) fn schedule_method(
        &mut self,
        place: &Option<PlaceRef>,
        schedule: &Schedule,
        name: Name,
        args: Vec<Value>,
    ) -> Eval {
        let models = &self.db.lookup.models.retry;
        let mut next = schedule.clone();
        let model = schedule.model.map(|index| models.schedule(index));
        if let Some(settings) = model.and_then(|m| m.set.get(name.as_str())) {
            self.apply_settings(&mut next, settings, &args);
            let value = Value::Schedule(Arc::new(next));
            if let (Some(place), true) = (place, model.is_some_and(|m| m.in_place)) {
                self.write(place, value.clone());
            }
            return Ok(value);
        }
        if let Some(decision) = model.and_then(|m| m.decision.as_ref()).filter(|d| name == d.method.as_str()) {
            let variant = match args.get(decision.count).map(|v| self.load(v)) {
                Some(Value::Int(n)) if schedule.next(u32::try_from(n).unwrap_or(u32::MAX)) == Next::End => {
                    &decision.stop
                }
                _ => &decision.again,
            };
            return Ok(Value::Foreign(Name::new(variant), Arc::from([])));
        }
        match name.as_str() {
            "take" => {
                let count = args.first().map_or_else(Value::unknown, |v| self.load(v));
                next.take(&count);
            }
            "map" => match args.first().map(|v| self.load(v)) {
                Some(Value::Foreign(path, _)) => match models.jitter(path.as_str()) {
                    Some(range) => next.jitter(range),
                    None => next.forget_delays(),
                },
                _ => next.forget_delays(),
            },
            "next" | "next_backoff" => {
                let item = schedule.element(schedule.taken);
                if let Some(place) = place {
                    next.taken += 1;
                    self.write(place, Value::Schedule(Arc::new(next)));
                }
                return Ok(Value::Option(item.map(Arc::new)));
            }
            "reset" => {
                next.taken = 0;
                if let Some(place) = place {
                    self.write(place, Value::Schedule(Arc::new(next)));
                }
                return Ok(Value::Unit);
            }
            "chain" | "filter" | "filter_map" | "flat_map" | "skip" | "take_while" | "zip" => {
                next.forget_delays();
                next.retries = None;
                next.until = Some(Name::new("its schedule ends"));
            }
            _ => {}
        }
        Ok(Value::Schedule(Arc::new(next)))
    }

    pub(super) fn apply_settings(&self, schedule: &mut Schedule, settings: &[Setting], args: &[Value]) {
        for (i, setting) in settings.iter().enumerate() {
            let value = args.get(i).map(|v| self.load(v));
            schedule.set(*setting, value.as_ref());
        }
    }
}
