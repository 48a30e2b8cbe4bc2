//! What the code does to get a working credential: it refreshes its token, or asks a pool for another one.
//!
//! Both are recognised by what they are called and by what they are called on. What comes of them is the scenario's.

use super::{Eval, Event, Interp};
use crate::engine::named::holder;
use crate::engine::scenario::Scenario;
use crate::engine::trace::Handed;
use crate::engine::types::Ty;
use crate::engine::value::{Failure, Unknown, Value};
use crate::ir::visit::{self, Node};
use crate::ir::{Expr, ExprKind, Name, Span};
use crate::syntax::program::FnId;

impl Interp<'_> {
    /// Whether a call asks for a new token after a failure.
    pub(super) fn is_refresh(&self, e: &Expr) -> bool {
        if self.done.attempts == 0 || self.in_attempt || self.in_refresh || self.scenario.status().is_none() {
            return false;
        }
        let (name, on) = match &e.kind {
            ExprKind::Call { callee, .. } => match &callee.kind {
                ExprKind::Path(path) => {
                    let owner = path.segments.len().checked_sub(2).map(|i| path.segments[i]);
                    (path.last(), owner)
                }
                _ => return false,
            },
            ExprKind::Method { recv, name, .. } => (*name, holder(recv)),
            _ => return false,
        };
        let models = self.db.lookup.models;
        let strong = models.words.names("refresh", name.as_str());
        if !strong && !models.words.names("renew", name.as_str()) {
            return false;
        }
        let ty = self.db.static_type(self.frame().id, e.span);
        let asks = matches!(
            crate::models::split_words(name.as_str()).first().map(String::as_str),
            Some("is" | "needs" | "should" | "can" | "has" | "may" | "on" | "with")
        );
        if asks || matches!(&ty, Ty::Ext(path) if path.as_str().ends_with("Duration")) {
            return false;
        }
        // `refresh` alone may be a cache's or a screen's: it goes to the network, or what it is called on holds tokens.
        strong
            || self.db.call(self.frame().id, e.span).is_some_and(|call| self.db.reaches(call))
            || on.is_some_and(|on| {
                models.words.is_credential(on.as_str()) || models.words.names("refresher", on.as_str())
            })
    }

    /// Asks for a new token: it is handed out, unless the scenario says that the refresh is refused as well.
    pub(super) fn refresh(&mut self, e: &Expr) -> Eval {
        let at = self.at(e.span);
        self.in_refresh = true;
        let result = self.eval_kind(e);
        self.in_refresh = false;
        let value = result?;
        let value = match self.load(&value) {
            // An async block runs when it is awaited; nothing in it is the site's business.
            Value::Task(_) => Value::unknown(),
            value => value,
        };
        let ty = match value.ty() {
            Ty::Unknown => self.db.static_type(self.frame().id, e.span),
            ty => ty,
        };
        if self.scenario == Scenario::DeadRefresh
            && let Some(refused) = self.refused_refresh(&value, &ty)
        {
            self.events.push(Event::Refresh(at, false));
            return Ok(refused);
        }
        self.done.refreshes += 1;
        self.events.push(Event::Refresh(at, true));
        Ok(match (&value, ty) {
            (Value::Unknown(Unknown { tainted: false, .. }), Ty::Bool) => Value::Bool(true),
            (Value::Unknown(Unknown { tainted: false, .. }), Ty::Option(inner)) => {
                Value::some(Value::of((*inner).clone()))
            }
            _ => value,
        })
    }

    /// What a refresh that is refused gives back; `None` where its type cannot say so.
    fn refused_refresh(&self, value: &Value, ty: &Ty) -> Option<Value> {
        let failure =
            |ty: Ty| Value::Failure(Failure { ty, status: self.scenario.status(), response: false, text: None });
        Some(match (value, ty) {
            (_, Ty::Result(_, error)) => Value::err(failure((**error).clone())),
            (Value::Result(_), _) => Value::err(failure(Ty::Unknown)),
            (_, Ty::Option(_)) | (Value::Option(_), _) => Value::none(),
            (_, Ty::Bool) => Value::Bool(false),
            (Value::Unknown(_), Ty::Unknown) => Value::err(failure(Ty::Unknown)),
            _ => return None,
        })
    }

    /// A pool asked for the next credential: the scenario says whether there is one. `None` where the call is no
    /// rotation, or does not say in its result whether there is another credential.
    pub(in crate::engine) fn rotation(&mut self, e: &Expr, name: Name) -> Option<Value> {
        let words = &self.db.lookup.models.words;
        let ExprKind::Method { recv, .. } = &e.kind else { return None };
        if self.in_attempt || self.scenario.status().is_none() || !words.names("rotate", name.as_str()) {
            return None;
        }
        let holder = holder(recv).unwrap_or(name);
        if !words.names("pool", holder.as_str()) && !words.names("pool", name.as_str()) {
            return None;
        }
        let ty = self.db.static_type(self.frame().id, e.span);
        let first = self.done.attempts == 0;
        let is_same = !first && self.rotation_of(e, recv, name).is_some_and(|id| self.hands_out_the_same(id));
        let has = first || is_same || self.scenario.has_spare(self.done.rotations);
        let answer = match (&ty, has) {
            (Ty::Bool, has) => Some(Value::Bool(has)),
            (Ty::Option(inner), true) => Some(Value::some(Value::of((**inner).clone()))),
            (Ty::Option(_), false) => Some(Value::none()),
            (Ty::Result(inner, _), true) => Some(Value::ok(Value::of((**inner).clone()))),
            (Ty::Result(_, error), false) => Some(Value::err(Value::asked((**error).clone()))),
            _ => None,
        };
        if !first {
            let spare = self.scenario.has_spare(self.done.rotations);
            let handed = match (&answer, has) {
                (None, _) => Handed::Unsaid,
                (Some(_), true) if is_same && !spare => Handed::Same,
                (Some(_), true) => Handed::Next,
                (Some(_), false) => Handed::Nothing,
            };
            if matches!(handed, Handed::Next | Handed::Unsaid) {
                self.done.rotations += 1;
            }
            let at = self.at(e.span);
            self.events.push(Event::Rotate(at, handed));
        }
        answer
    }

    /// The function that a rotation runs, where nothing else in the site tells the pool what failed: a pool that is told
    /// first hands out another credential then.
    fn rotation_of(&self, e: &Expr, recv: &Expr, name: Name) -> Option<FnId> {
        let body = self.db.program().function(self.target.home).def.body.as_ref()?;
        let on = holder(recv)?;
        let mut is_told = false;
        visit::block(body, &mut |node| {
            if let Node::Expr(Expr { kind: ExprKind::Method { recv, name: other, .. }, span }) = node
                && self.target.site.contains(*span)
                && *other != name
                && holder(recv) == Some(on)
            {
                is_told |= self.db.lookup.models.words.names("mark", other.as_str());
            }
            true
        });
        match self.db.call(self.frame().id, e.span)?.targets.as_slice() {
            [one] if !is_told => Some(*one),
            _ => None,
        }
    }

    /// A pool asked how many credentials it has, or whether it has another: what the scenario says. `None` for every other
    /// call.
    pub(in crate::engine) fn stock(&self, e: &Expr, name: Name) -> Option<Value> {
        let ExprKind::Method { recv, args, .. } = &e.kind else { return None };
        let words = &self.db.lookup.models.words;
        if self.in_attempt || !args.is_empty() || self.scenario.status().is_none() {
            return None;
        }
        let on = holder(recv).filter(|on| words.names("pool", on.as_str()))?;
        let is_plural = on.as_str().ends_with('s') || words.names("ring", on.as_str());
        if is_plural && matches!(name.as_str(), "len" | "count" | "size") {
            return Some(Value::Int(i128::from(self.scenario.stock())));
        }
        let has = self.done.attempts == 0 || self.scenario.has_spare(self.done.rotations);
        if words.names("spare", name.as_str()) {
            Some(Value::Bool(has))
        } else if words.names("no_spare", name.as_str()) {
            Some(Value::Bool(!has))
        } else {
            None
        }
    }

    /// The status that this attempt is answered with; `None` where it succeeds.
    pub(in crate::engine) fn refusal(&self) -> Option<u16> {
        self.scenario.answer(self.done)
    }

    /// A text was searched for a status that stood beside it as a number.
    pub(in crate::engine) fn read_text(&mut self, span: Span) {
        if self.after_attempt() {
            let at = self.at(span);
            self.events.push(Event::ReadText(at));
        }
    }

    /// Something was written for people to read.
    pub(super) fn logged(&mut self, span: Span) {
        if self.done.attempts > 0 && !self.in_attempt {
            let at = self.at(span);
            self.events.push(Event::Said(at));
        }
    }
}
