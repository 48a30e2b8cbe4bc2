//! Macros: format strings, `bail!`, `select!`.

use super::branch::Branch;
use super::{Eval, Exit, Flow, Interp, Tri, Wish};
use crate::engine::text::{Piece, Text};
use crate::engine::types::Ty;
use crate::engine::value::{Failure, Unknown, Value};
use crate::ir::{Expr, ExprKind, Lit, MacroBody, MacroCall, Name, SelectArm, Span};

impl Interp<'_> {
    pub(super) fn macro_call(&mut self, span: Span, call: &MacroCall) -> Eval {
        let name = call.path.last();
        match &call.body {
            MacroBody::Matches { expr, pat, guard } => {
                let depth = self.frame().locals.len();
                let value = self.eval(expr)?;
                let mut tri = self.matches(pat, &value);
                if tri != Tri::No
                    && let Some(guard) = guard
                {
                    let held = self.cond(guard, Wish::default())?;
                    if tri == Tri::Yes || held == Tri::No {
                        tri = held;
                    }
                }
                self.frame_mut().locals.truncate(depth);
                Ok(match tri {
                    Tri::Yes => Value::Bool(true),
                    Tri::No => Value::Bool(false),
                    Tri::Maybe { tainted } => Value::Unknown(Unknown { ty: Ty::Bool, tainted, name: None }),
                })
            }
            MacroBody::Select(arms) => self.select(arms),
            MacroBody::Block(block) => self.block(block),
            MacroBody::Opaque => match name.as_str() {
                "unreachable" | "panic" | "todo" | "unimplemented" => Err(Flow::Halt(Exit::Left)),
                _ => Ok(Value::unknown()),
            },
            MacroBody::Args(args) => self.args_macro(span, name, args),
        }
    }

    pub(super) fn args_macro(&mut self, span: Span, name: Name, args: &[Expr]) -> Eval {
        let words = &self.db.lookup.models.words;
        if words.has("log", name.as_str()) {
            // Words in a log line classify nothing.
            self.logged(span);
            return Ok(Value::ok(Value::Unit));
        }
        match name.as_str() {
            "format" | "concat" | "format_args" => Ok(Value::Str(self.format(args)?)),
            "panic" | "unreachable" | "todo" | "unimplemented" => Err(Flow::Halt(Exit::Left)),
            "anyhow" | "eyre" | "format_err" | "report" => {
                let error = self.worded_error(args)?;
                Ok(error)
            }
            "ensure" => {
                if let Some((cond, rest)) = args.split_first() {
                    let wish = Wish { stay: Some(true), leave: Some(false) };
                    let tri = self.cond(cond, wish)?;
                    if !self.settle(tri, span, wish) {
                        let error = self.worded_error(rest)?;
                        return Err(Flow::Return(Value::err(error)));
                    }
                }
                Ok(Value::Unit)
            }
            _ if words.has("bail", name.as_str()) => {
                let error = self.worded_error(args)?;
                Err(Flow::Return(Value::err(error)))
            }
            "join" | "try_join" => {
                let mut values = Vec::new();
                for arg in args {
                    let value = self.eval(arg)?;
                    let value = self.finish(value, arg.span)?;
                    let value = if name == "try_join" {
                        match self.load(&value) {
                            Value::Result(Ok(inner)) => (*inner).clone(),
                            error @ Value::Result(Err(_)) => return Ok(error),
                            other => other,
                        }
                    } else {
                        value
                    };
                    values.push(value);
                }
                let tuple = Value::Tuple(values.into());
                Ok(if name == "try_join" { Value::ok(tuple) } else { tuple })
            }
            "pin" | "dbg" | "ready" | "addr_of" => match args.first() {
                Some(arg) => self.eval(arg),
                None => Ok(Value::Unit),
            },
            "vec" => Ok(Value::List(self.eval_all(args)?.into())),
            "assert" | "assert_eq" | "assert_ne" | "debug_assert" | "debug_assert_eq" => Ok(Value::Unit),
            _ => {
                let values = self.eval_all(args)?;
                Ok(Value::derived(Ty::Unknown, &values))
            }
        }
    }

    pub(super) fn worded_error(&mut self, args: &[Expr]) -> Eval {
        // `bail!(Error::Auth)`, `anyhow!(err)`
        if let [single] = args
            && !matches!(single.kind, ExprKind::Lit(_))
        {
            return self.eval(single);
        }
        let text = self.format(args)?;
        Ok(Value::Failure(Failure { ty: Ty::ext("anyhow::Error"), status: None, response: false, text: Some(text) }))
    }

    /// The text of a format string with its arguments.
    pub(super) fn format(&mut self, args: &[Expr]) -> Result<Text, Flow> {
        let Some((first, rest)) = args.split_first() else { return Ok(Text::default()) };
        let ExprKind::Lit(Lit::Str(template)) = &first.kind else {
            let value = self.eval(first)?;
            return Ok(self.display(&value));
        };
        let mut values = Vec::new();
        for arg in rest {
            values.push(self.eval(arg)?);
        }
        let mut text = Text::default();
        let mut next = values.into_iter();
        let mut literal = String::new();
        let mut chars = template.as_str().chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' if chars.peek() == Some(&'{') => {
                    chars.next();
                    literal.push('{');
                }
                '}' => {
                    chars.next_if_eq(&'}');
                    literal.push('}');
                }
                '{' => {
                    let hole: String = chars.by_ref().take_while(|c| *c != '}').collect();
                    let name = hole.split(':').next().unwrap_or("").trim();
                    text.0.push(Piece::Literal(std::mem::take(&mut literal)));
                    let value = if name.is_empty() || name.bytes().all(|b| b.is_ascii_digit()) {
                        next.next()
                    } else {
                        self.local(Name::new(name))
                            .map(|cell| self.cells[cell.0 as usize].clone())
                            .or_else(|| next.next())
                    };
                    let shown = value.map_or(Text(vec![Piece::Unknown]), |v| self.display(&v));
                    text.push(shown);
                }
                c => literal.push(c),
            }
        }
        text.0.push(Piece::Literal(literal));
        Ok(text)
    }

    /// A variable that holds how the attempt went.
    fn names_failure(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Ref { expr, .. } => self.names_failure(expr),
            ExprKind::Path(path) => path
                .single()
                .and_then(|name| self.local(name))
                .is_some_and(|cell| self.load(&self.cells[cell.0 as usize]).is_tainted()),
            _ => false,
        }
    }

    /// One arm of a `select!` is taken: the one that holds the attempt, else a delay, else the first that stays.
    pub(super) fn select(&mut self, arms: &[SelectArm]) -> Eval {
        let depth = self.frame().locals.len();
        let holds = |run: &Self, arm: &SelectArm| run.wanted(arm.span);
        let delays = |run: &Self, arm: &SelectArm| {
            arm.future.as_ref().is_some_and(|f| run.db.is_delay_within(run.frame().id, f.span))
        };
        let stays = |arm: &SelectArm| !Branch::Expr(&arm.body).leaves();
        // `result = &mut listening`, where the attempt was begun before.
        let begun = |run: &Self, arm: &SelectArm| arm.future.as_ref().is_some_and(|f| run.names_failure(f));
        let chosen = arms
            .iter()
            .find(|a| holds(self, a))
            .or_else(|| arms.iter().find(|a| begun(self, a)))
            .or_else(|| arms.iter().find(|a| delays(self, a)))
            .or_else(|| arms.iter().find(|a| a.future.is_some() && stays(a)))
            .or_else(|| arms.first());
        let Some(arm) = chosen else { return Ok(Value::Unit) };
        if !holds(self, arm) && !begun(self, arm) && !delays(self, arm) {
            self.waited(arm.span);
        }
        let value = match &arm.future {
            Some(future) => {
                let value = self.eval(future)?;
                self.finish(value, future.span)?
            }
            None => Value::Unit,
        };
        if let Some(pat) = &arm.pat {
            // A pattern that does not match disables the arm; the others are then waited for. One path is enough.
            self.matches(pat, &value);
        }
        let result = self.eval(&arm.body);
        self.frame_mut().locals.truncate(depth);
        result
    }
}
