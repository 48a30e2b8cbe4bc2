//! Functions of the unit: running one, and what it gives back.

use super::{At, CALLS, Eval, Event, Exit, Flow, Interp, RECURSIONS};
use crate::engine::pattern::same_type;
use crate::engine::types::Ty;
use crate::engine::value::{Unknown, Value};
use crate::finding::SiteKind;
use crate::syntax::program::FnId;

impl Interp<'_> {
    /// Runs a function on arguments.
    pub(in crate::engine) fn run_fn(&mut self, id: FnId, args: Vec<Value>) -> Eval {
        let data = self.db.program().function(id);
        let Some(body) = &data.def.body else { return Ok(Value::derived(self.db.lookup.returns(id), &args)) };
        let again = self.frames.iter().filter(|f| f.id == id).count();
        if self.target.kind == SiteKind::Recursion && id == self.target.home && self.at_site && !self.in_attempt {
            let at = At { file: data.file, span: data.def.name_span };
            self.events.push(Event::BackEdge(at));
            if again > RECURSIONS {
                return Err(Flow::Halt(Exit::Going));
            }
        } else if self.frames.len() > CALLS || again > 1 {
            return Ok(Value::derived(self.db.lookup.returns(id), &args));
        }
        let mut args = args;
        self.push_frame(id);
        if data.def.has_self
            && let Some(receiver) = args.first_mut()
        {
            self.settle_type(receiver);
        }
        if self.db.lookup.models.words.is_claim(data.def.name.as_str()) {
            self.claimed(data.def.name_span);
        }
        if self.db.lookup.models.words.is_event(data.def.name.as_str()) {
            self.waited(data.def.name_span);
        }
        for (i, param) in data.def.params.iter().enumerate() {
            let value = match args.get(i) {
                Some(Value::Unknown(u)) if !u.ty.is_known() => {
                    let ty = self.param_value(param).ty();
                    Value::Unknown(Unknown { ty, ..u.clone() })
                }
                Some(value) => value.clone(),
                None => self.param_value(param),
            };
            self.bind(&param.pat, value);
        }
        let result = self.block(body);
        let result = returned(result).and_then(|value| self.as_declared(value));
        self.frames.pop();
        result
    }

    /// What a function gives back, in the type that it declares: `Err(error.into())`.
    fn as_declared(&mut self, value: Value) -> Eval {
        let Value::Result(Err(error)) = &value else { return Ok(value) };
        let target = self.frame().error.clone();
        let error = self.load(error);
        let is_other = matches!(target, Ty::Adt(..))
            && matches!(error, Value::Struct(_) | Value::Failure(_))
            && !same_type(&error.ty(), &target);
        if is_other { self.convert(error, &target).map(Value::err) } else { Ok(value) }
    }

    /// A trait object whose method runs now is of the type that the method belongs to, here and from now on.
    fn settle_type(&mut self, receiver: &mut Value) {
        let own = self.frame().scope.self_ty.clone();
        if !matches!(own, Ty::Adt(..)) {
            return;
        }
        let Value::Unknown(u) = self.load(receiver) else { return };
        if !matches!(u.ty, Ty::Dyn(_)) {
            return;
        }
        let settled = Value::Unknown(Unknown { ty: own, ..u });
        match receiver {
            Value::Ref(place) => self.write(&place.clone(), settled),
            other => *other = settled,
        }
    }
}

/// What a function gives back.
pub(super) fn returned(result: Eval) -> Eval {
    match result {
        Err(Flow::Return(value)) => Ok(value),
        // A `break` or `continue` cannot leave a function; text may be anything.
        Err(Flow::Break(..) | Flow::Continue(_)) => Ok(Value::unknown()),
        other => other,
    }
}
