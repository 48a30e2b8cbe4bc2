//! Repairs of calls of retry libraries, in the library's own terms: the model says how it is told what not to retry
//! (`[retry.repair]` in `rules/models`).

use std::sync::Arc;

use crate::engine::db::Db;
use crate::engine::scenario::Scenario;
use crate::engine::site::{Facts, again};
use crate::engine::trace::Event;
use crate::engine::types::Ty;
use crate::engine::value::Value;
use crate::finding::{Edit, Style};
use crate::fix::ask::{self, Test};
use crate::fix::edit::{Layout, lines};
use crate::fix::inline::Candidate;
use crate::fix::tell::Asker;
use crate::ir::visit::{self, Node};
use crate::ir::{Expr, ExprKind, Param, PatKind, Span};
use crate::models::{Repair, Retry, Role};
use crate::workspace::source::{Place, Source};

/// What the failure is called where it is named here.
const ERROR: &str = "error";

/// A library's call to be changed.
struct Call<'a> {
    db: &'a Db<'a>,
    facts: &'a Facts,
    model: &'a Retry,
    /// The call itself, without what follows it.
    core: &'a Expr,
    asker: Asker<'a>,
    /// The error that is retried.
    error: Value,
}

/// Repairs of a call, the best first; else why there is none.
pub fn candidates(db: &Db<'_>, facts: &Facts) -> Result<Vec<Candidate>, String> {
    let (core, model) = core(db, facts).ok_or("the call was not found")?;
    let model = db.lookup.models.retry.retry(model);
    let failed = |scenario| match again::conduct(db, facts, scenario).run.failed {
        Some(Value::Result(Err(error))) => Some(unwrapped(db, &error)),
        _ => None,
    };
    let refused = failed(Scenario::DeadKey);
    let passing = [Scenario::RateLimited, Scenario::ServerError];
    let asker = Asker {
        db,
        home: facts.home,
        refused: refused.clone(),
        forbidden: failed(Scenario::Forbidden),
        passing: passing.into_iter().filter_map(|s| Some((s, failed(s)?))).collect(),
        guesses: false,
    };
    let error = refused.ok_or("what the operation fails with is not known")?;
    let call = Call { db, facts, model, core, asker, error };
    let found = match (call.decider(), &model.repair) {
        (Some(decider), _) => call.narrow(decider)?,
        (None, Some(repair)) => call.apply(repair)?,
        (None, None) => return Err("it is not known how this library is told what not to retry".to_owned()),
    };
    Ok(vec![found])
}

/// The call at the bottom of the chain, and its model.
fn core<'a>(db: &'a Db<'_>, facts: &Facts) -> Option<(&'a Expr, usize)> {
    let body = db.program().function(facts.home).def.body.as_ref()?;
    let mut found = None;
    visit::block(body, &mut |node| {
        if let Node::Expr(e) = node
            && facts.site.contains(e.span)
            && let Some(model) = db.call(facts.home, e.span).and_then(|call| call.retry)
        {
            found = Some((e, model));
        }
        found.is_none()
    });
    found
}

/// The error without the library's wrapper.
fn unwrapped(db: &Db<'_>, error: &Value) -> Value {
    let is_marker = |name: &str| db.lookup.models.retry.marker(name).is_some();
    match error {
        Value::Foreign(name, values) if is_marker(name.as_str()) => values.first().unwrap_or(error).clone(),
        Value::Struct(s) => match &s.ty {
            Ty::Ext(path) if is_marker(path.as_str().rsplit("::").next().unwrap_or("")) => {
                s.fields.iter().map(|(_, v)| v).find(|v| v.is_tainted()).unwrap_or(error).clone()
            }
            _ => error.clone(),
        },
        other => other.clone(),
    }
}

impl Call<'_> {
    fn source(&self) -> &Arc<Source> {
        &self.db.program().file(self.db.program().function(self.facts.home).file).source
    }

    fn layout(&self) -> Layout<'_> {
        Layout::of(&self.source().text)
    }

    fn text(&self, span: Span) -> &str {
        self.source().slice(span)
    }

    fn edit(&self, span: Span, text: String) -> Edit {
        Edit { place: Place { source: self.source().clone(), span }, text }
    }

    /// The test of the error under a name.
    fn test(&self, name: &str) -> Result<Test, String> {
        let tests = ask::of_error(&self.asker, &self.error, name);
        let best = tests.iter().find(|test| test.doubt.is_none()).or(tests.first());
        best.cloned()
            .ok_or_else(|| "nothing tells a refused credential from other failures of the operation".to_owned())
    }

    /// The closure that decides, where there is one: in the call, or in a method behind it.
    fn decider(&self) -> Option<&Expr> {
        if let (Some(index), ExprKind::Call { args, .. } | ExprKind::Method { args, .. }) =
            (self.model.condition, &self.core.kind)
        {
            return args.get(index);
        }
        let body = self.db.program().function(self.facts.home).def.body.as_ref()?;
        let mut found = None;
        visit::block(body, &mut |node| {
            if let Node::Expr(Expr { kind: ExprKind::Method { recv, name, args, .. }, span }) = node
                && self.facts.site.contains(*span)
                && recv.span.contains(self.core.span)
                && self.model.methods.get(name.as_str()) == Some(&Role::Predicate)
            {
                found = args.first();
            }
            found.is_none()
        });
        found
    }

    /// `|e| <what it said>` becomes `|e| !<refused> && <what it said>`.
    fn narrow(&self, decider: &Expr) -> Result<Candidate, String> {
        let ExprKind::Closure { params, body, .. } = &decider.kind else {
            return Err("what decides stands elsewhere".to_owned());
        };
        let name = name_of(params).ok_or("what decides does not look at what failed")?;
        if matches!(body.kind, ExprKind::Block { .. }) {
            return Err("what decides is more than one expression".to_owned());
        }
        let test = self.test(&name)?;
        let said = self.text(body.span);
        let text = match said {
            "true" => not(&test.cond),
            said if said.contains("||") => format!("{} && ({said})", not(&test.cond)),
            said => format!("{} && {said}", not(&test.cond)),
        };
        Ok(candidate(vec![self.edit(body.span, text)], test.doubt))
    }

    fn apply(&self, repair: &Repair) -> Result<Candidate, String> {
        let test = self.test(ERROR)?;
        let filled = |template: &str| {
            template.replace("{keep}", &not(&test.cond)).replace("{refused}", &test.cond).replace("{error}", ERROR)
        };
        let edits = match repair {
            Repair::Behind(template) => vec![self.behind(filled(template))],
            Repair::Argument { rename: (old, new), argument } => {
                let ty = self.asker.type_path(&self.error.ty());
                let ty = ty.ok_or("the type of the error is not known, and has to be written here")?;
                self.another_argument(old, new, filled(argument).replace("{type}", &ty))?
            }
            Repair::Error { stop, again } => {
                let (stop, again) = (filled(stop), filled(again));
                let found =
                    self.at_question_mark(&test, &stop, &again).or_else(|| self.at_wrapper(&test, &stop, &again));
                vec![found.ok_or("the errors of the operation are made in a way that is not repaired")?]
            }
        };
        Ok(candidate(edits, test.doubt))
    }

    /// A method behind the call, on a line of its own where the call's is.
    fn behind(&self, method: String) -> Edit {
        let layout = self.layout();
        let end = self.core.span.end;
        let dot = match &self.core.kind {
            ExprKind::Method { name_span, .. } => name_span.start.saturating_sub(1),
            _ => end,
        };
        let text = match layout.starts_line(dot) {
            true => format!("{}{}{method}", layout.newline(), layout.indent(dot)),
            false => method,
        };
        self.edit(Span { start: end, end }, text)
    }

    /// Another function of the library's, with one argument more.
    fn another_argument(&self, old: &str, new: &str, argument: String) -> Result<Vec<Edit>, String> {
        let (callee, args) = match &self.core.kind {
            ExprKind::Call { callee, args } => (callee.span, args),
            ExprKind::Method { name_span, args, .. } => (*name_span, args),
            _ => return Err("the call was not found".to_owned()),
        };
        let last = args.last().ok_or("the call was not found")?;
        let file = self.source();
        let all: Vec<Span> = words(&file.text, old);
        let called = all.iter().find(|span| callee.contains(**span)).ok_or("the call was not found")?;
        let mut edits = Vec::new();
        let imported = all.iter().find(|span| **span != *called);
        let line = |span: &Span| {
            let before = &file.text[..span.start as usize];
            before[before.rfind('\n').map_or(0, |at| at + 1)..].trim_start().to_owned()
        };
        match imported {
            None => edits.push(self.edit(*called, new.to_owned())),
            _ if matches!(self.core.kind, ExprKind::Method { .. }) => edits.push(self.edit(*called, new.to_owned())),
            // Imported for this call only.
            Some(import) if all.len() == 2 && line(import).starts_with("use ") => {
                edits.extend([self.edit(*import, new.to_owned()), self.edit(*called, new.to_owned())]);
            }
            Some(_) => {
                let path = self.model.calls.first().map_or("", |call| call.as_str()).replace(old, new);
                edits.push(self.edit(callee, path));
            }
        }
        let end = last.span.end;
        let layout = Layout::of(&file.text);
        let text = match layout.starts_line(last.span.start) {
            true => format!(",{}{}{argument}", layout.newline(), layout.indent(last.span.start)),
            false => format!(", {argument}"),
        };
        edits.push(self.edit(Span { start: end, end }, text));
        Ok(edits)
    }

    /// `operation()?` becomes `operation().map_err(..)?`.
    fn at_question_mark(&self, test: &Test, stop: &str, again: &str) -> Option<Edit> {
        let file = self.db.program().function(self.facts.home).file;
        let at = self.facts.dead.run.events.iter().rev().find_map(|event| match event {
            Event::Transient(at) if at.file == file => Some(at.span),
            _ => None,
        })?;
        let mark = at.end - 1;
        if !self.text(at).ends_with('?') || !self.facts.site.contains(at) {
            return None;
        }
        // On a line of its own where the end of the chain is.
        let layout = self.layout();
        let before = &self.source().text[..mark as usize];
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let start = (line + before[line..].len() - before[line..].trim_start().len()) as u32;
        let text = match before[start as usize..].starts_with('.') {
            true => format!("{}{}{}", layout.newline(), layout.indent(start), self.wrapping(start, test, stop, again)),
            false => self.wrapping(mark, test, stop, again),
        };
        Some(self.edit(Span { start: mark, end: mark }, text))
    }

    /// `.map_err(..)` with a closure that decides, over several lines.
    fn wrapping(&self, at: u32, test: &Test, stop: &str, again: &str) -> String {
        format!(".map_err({})", self.closure(at, test, stop, again))
    }

    fn closure(&self, at: u32, test: &Test, stop: &str, again: &str) -> String {
        let code = [
            (0, format!("|{ERROR}| {{")),
            (1, format!("if {} {{", test.cond)),
            (2, stop.to_owned()),
            (1, "} else {".to_owned()),
            (2, again.to_owned()),
            (1, "}".to_owned()),
            (0, "}".to_owned()),
        ];
        lines(self.layout(), at, &code)
    }

    /// `.map_err(Error::transient)` gets a closure that decides.
    fn at_wrapper(&self, test: &Test, stop: &str, again: &str) -> Option<Edit> {
        let body = self.db.program().function(self.facts.home).def.body.as_ref()?;
        let models = &self.db.lookup.models.retry;
        let is_again = |name: &str| models.marker(name).is_some_and(|marker| !marker.stops());
        let mut found = Vec::new();
        visit::block(body, &mut |node| {
            if let Node::Expr(Expr { kind: ExprKind::Method { name, args, .. }, span }) = node
                && self.facts.site.contains(*span)
                && *name == "map_err"
                && let [wrapper] = args.as_slice()
            {
                let path = match &wrapper.kind {
                    ExprKind::Path(path) => Some(path),
                    ExprKind::Closure { body, .. } => match &body.kind {
                        ExprKind::Call { callee, .. } => match &callee.kind {
                            ExprKind::Path(path) => Some(path),
                            _ => None,
                        },
                        _ => None,
                    },
                    _ => None,
                };
                if path.is_some_and(|path| is_again(path.last().as_str())) {
                    found.push(wrapper.span);
                }
            }
            true
        });
        // The last one is the nearest to the library.
        found.last().map(|span| self.edit(*span, self.closure(span.start, test, stop, again)))
    }
}

fn candidate(edits: Vec<Edit>, doubt: Option<String>) -> Candidate {
    Candidate {
        message: "do not retry a refused credential".to_owned(),
        edits,
        doubt,
        needs: Vec::new(),
        style: Style::Inline,
    }
}

/// The opposite of a condition.
fn not(cond: &str) -> String {
    if cond.contains("||") && !cond.starts_with("matches!(") { format!("!({cond})") } else { format!("!{cond}") }
}

/// The name of the only parameter, or of the one that is no number: `|_, error|`.
fn name_of(params: &[Param]) -> Option<String> {
    let mut named = params.iter().rev().filter_map(|param| match &param.pat.kind {
        PatKind::Bind { name, sub: None } if !name.as_str().starts_with('_') => Some(name.to_string()),
        PatKind::Ref(inner) => match &inner.kind {
            PatKind::Bind { name, sub: None } => Some(name.to_string()),
            _ => None,
        },
        _ => None,
    });
    named.next()
}

/// Where a word stands in a text.
fn words(text: &str, word: &str) -> Vec<Span> {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word)
        .filter(|(at, _)| !is_part(text[..*at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next()))
        .map(|(at, _)| Span { start: at as u32, end: (at + word.len()) as u32 })
        .collect()
}
