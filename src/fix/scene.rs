//! What a fix needs to know of a site: where the failure can be named on the way from a failed attempt to the next,
//! and by which name it is still whole there.

use std::sync::Arc;

use crate::engine::db::Db;
use crate::engine::scenario::Scenario;
use crate::engine::site::{Facts, Shown, again};
use crate::engine::trace::{Event, Sight, SightKind};
use crate::engine::types::Ty;
use crate::engine::value::{Failure, Value};
use crate::finding::Edit;
use crate::ir::visit::{self, Node};
use crate::ir::{Block, Expr, ExprKind, MacroBody, Name, PatKind, Span};
use crate::syntax::program::{FileId, FnData};
use crate::workspace::source::{Place, Source};

/// A site, and what its runs came through.
pub struct Scene<'a> {
    /// The unit.
    pub db: &'a Db<'a>,
    /// What the runs of the site showed.
    pub facts: &'a Facts,
    /// The runs that burn.
    pub shown: &'a Shown,
    /// The function the site stands in.
    pub home: &'a FnData,
    /// Its body.
    pub body: &'a Block,
    /// Its file.
    pub file: FileId,
    /// The text of its file.
    pub source: &'a Arc<Source>,
    /// Where the run that burns came through, in order.
    pub sights: Vec<Sight>,
    /// The same with 401, 403, 429 and 503, for the values that names have there.
    runs: Vec<(Scenario, Vec<Sight>)>,
    /// The closure or async block that the site stands in; `None` for the function itself.
    pub frame: Option<Span>,
}

/// A failure by the name it has at a sight.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Its name.
    pub name: Name,
    /// Its value with 401, or with 403 where only that burns.
    pub value: Value,
    /// The name is a reference to it.
    pub by_ref: bool,
}

impl<'a> Scene<'a> {
    /// Runs the site again, watched.
    pub fn of(db: &'a Db<'a>, facts: &'a Facts) -> Option<Scene<'a>> {
        let home = db.program().function(facts.home);
        let body = home.def.body.as_ref()?;
        let only_forbidden = !facts.dead.burns() && facts.forbidden.burns();
        let (shown, main) = match only_forbidden {
            false => (&facts.dead, Scenario::DeadKey),
            true => (&facts.forbidden, Scenario::Forbidden),
        };
        let runs = [Scenario::DeadKey, Scenario::Forbidden, Scenario::RateLimited, Scenario::ServerError]
            .map(|scenario| {
                let conduct = again::conduct(db, facts, scenario);
                (scenario, again::watch(db, facts, scenario, &conduct))
            })
            .map(|(scenario, mut sights)| {
                name_unnamed(db, home, &mut sights);
                (scenario, sights)
            })
            .to_vec();
        let sights = runs.iter().find(|(s, _)| *s == main).map(|(_, sights)| sights.clone())?;
        let source = &db.program().file(home.file).source;
        let frame = frame_of(body, facts.site);
        Some(Scene { db, facts, shown, home, body, file: home.file, source, sights, runs, frame })
    }

    /// An edit of the site's file.
    pub fn edit(&self, span: Span, text: String) -> Edit {
        Edit { place: Place { source: self.source.clone(), span }, text }
    }

    /// The text at a range of the site's file.
    pub fn text(&self, span: Span) -> &'a str {
        self.source.slice(span)
    }

    /// The `_` to be replaced by a name so that the failure has this name at a sight.
    pub fn rename_at(&self, index: usize, name: Name) -> Option<Span> {
        let before = self.sights[..index].iter().rev().find(|s| matches!(s.kind, SightKind::Unnamed(_)))?;
        let given = self.sights[index].names.last().filter(|(last, _)| *last == name)?;
        is_given(given.0, self.text(self.home.span)).then_some(before.span)
    }

    /// The value of a name at a sight in another scenario, where that one comes through it too.
    pub fn value_in(&self, scenario: Scenario, at: Span, name: Name) -> Option<Value> {
        let (_, sights) = self.runs.iter().find(|(s, _)| *s == scenario)?;
        let sight = sights.iter().rev().find(|s| s.span == at)?;
        sight.names.iter().rev().find(|(n, _)| *n == name).map(|(_, value)| value.clone())
    }

    /// The sights at which to leave, the best first: right before what waits, the outermost statement first; then what
    /// comes before that, the latest first. Where nothing waits, all of them, the latest first.
    pub fn places(&self) -> Vec<usize> {
        let events = &self.shown.run.events;
        let is_wait = |e: &Event| matches!(e, Event::Delay(..) | Event::Tick(_));
        let waits = |i: usize| {
            let span = self.sights[i].span;
            let here = |e: &Event| matches!(e, Event::Delay(at, _) | Event::Tick(at) if at.file == self.file && span.contains(at.span));
            // A helper or a closure that was handed in may wait somewhere else.
            let next = self.sights.get(i + 1).map_or(self.sights[i].events, |s| s.events);
            let elsewhere = events.get(self.sights[i].events..next).is_some_and(|e| e.iter().any(is_wait));
            elsewhere || self.shown.run.last_round().iter().any(here) || self.db.is_delay_within(self.facts.home, span)
        };
        let outside = |i: usize| {
            let sight = &self.sights[i];
            !sight.span.contains(self.facts.attempt) && self.facts.site.contains(sight.span)
        };
        let waiting: Vec<usize> = (0..self.sights.len()).filter(|i| outside(*i) && waits(*i)).collect();
        let last = waiting.last().map_or(self.sights.len(), |i| i + 1);
        let mut out: Vec<usize> = Vec::new();
        for mut index in waiting {
            while index > 0 && outside(index - 1) && self.announces(index - 1, index) {
                index -= 1;
            }
            out.push(index);
        }
        out.extend((0..last).rev().filter(|i| outside(*i)));
        let mut seen: Vec<usize> = Vec::new();
        out.retain(|i| {
            !seen.contains(i) && {
                seen.push(*i);
                true
            }
        });
        out
    }

    /// The statement right before another one that only says or computes how long the wait is.
    fn announces(&self, index: usize, next: usize) -> bool {
        let (before, after) = (&self.sights[index], &self.sights[next]);
        let between = Span { start: before.span.end, end: after.span.start };
        if !matches!(before.kind, SightKind::Statement)
            || !self.text(between).chars().all(|c| c.is_whitespace() || c == ';')
        {
            return false;
        }
        let text = self.text(before.span);
        let name = |text: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("").to_owned();
        if let Some(bound) = text.strip_prefix("let ") {
            let words = crate::models::split_words(&name(bound.trim_start_matches("mut ")));
            return words
                .iter()
                .any(|w| matches!(w.as_str(), "delay" | "wait" | "backoff" | "sleep" | "jitter" | "pause"));
        }
        let path = text.split('!').next().unwrap_or("");
        let last = path.rsplit("::").next().unwrap_or("");
        text.len() > path.len() && name(last) == last && self.db.lookup.models.words.has("log", last)
    }

    /// The failures that can be named at a sight and are still whole there, the latest first.
    pub fn failures_at(&self, index: usize) -> Vec<Failed> {
        let sight = &self.sights[index];
        let mut seen: Vec<Name> = Vec::new();
        let mut out = Vec::new();
        for (name, value) in sight.names.iter().rev() {
            if seen.contains(name) {
                continue;
            }
            seen.push(*name);
            let is_known = |value: &Value| value.is_tainted() || self.is_own_error(value);
            let bound = (!is_known(value)).then(|| self.bound_error(*name)).flatten();
            let value = bound.as_ref().unwrap_or(value);
            if is_known(value) && !self.is_moved(*name, value, index) {
                out.push(Failed { name: *name, value: value.clone(), by_ref: self.is_reference(*name, sight.span) });
            }
        }
        out
    }

    /// An error that the code itself made of the refusal: `ApiError::Unauthorized` holds nothing of it any more.
    fn is_own_error(&self, value: &Value) -> bool {
        let (declared, _) = self.declared_error();
        matches!(value, Value::Struct(s) if s.variant.is_some() && crate::engine::pattern::same_type(&s.ty, &declared))
    }

    /// `Err(name)` of what holds the attempt: the failure, though the run lost sight of it.
    fn bound_error(&self, name: Name) -> Option<Value> {
        let (declared, _) = self.declared_error();
        let mut found = false;
        visit::block(self.body, &mut |node| {
            let Node::Expr(e) = node else { return true };
            let (given, pats): (&Expr, Vec<&crate::ir::Pat>) = match &e.kind {
                ExprKind::Match { scrutinee, arms } => (scrutinee, arms.iter().map(|arm| &arm.pat).collect()),
                ExprKind::Let { pat, expr } => (expr, vec![pat]),
                _ => return true,
            };
            let binds = |pat: &crate::ir::Pat| match &pat.kind {
                PatKind::TupleStruct(path, parts) => {
                    path.last() == "Err"
                        && matches!(parts.as_slice(), [one] if matches!(&one.kind, PatKind::Bind { name: n, .. } if *n == name))
                }
                _ => false,
            };
            found |= given.span.contains(self.facts.attempt) && pats.into_iter().any(binds);
            true
        });
        let status = self.shown.run.status;
        let is_known = found && declared.is_known();
        is_known.then_some(Value::Failure(Failure { ty: declared, status, response: false, text: None }))
    }

    /// Whether statements before a sight, on the way that was run, use a name up.
    fn is_moved(&self, name: Name, value: &Value, index: usize) -> bool {
        if is_copy(value) {
            return false;
        }
        let from = self.facts.attempt.end;
        let until = self.sights[index].span.start;
        let mut moved = false;
        for sight in self.sights[..index].iter().filter(|s| s.span.start >= from && s.span.end <= until) {
            moved |= self.text(sight.span).trim_end().ends_with(&format!("= {name};"));
            // What a statement holds that was not taken has no sight of its own; being careful costs a candidate only.
            visit::block(self.body, &mut |node| match node {
                Node::Expr(e) if sight.span.contains(e.span) => {
                    moved |= consumes(self, e, name);
                    !matches!(e.kind, ExprKind::Return(_) | ExprKind::Break { .. })
                }
                Node::Expr(e) => e.span.contains(sight.span),
                _ => true,
            });
        }
        moved
    }

    /// The pattern that binds a name binds a reference: `ref e`, or the matched value is borrowed.
    fn is_reference(&self, name: Name, at: Span) -> bool {
        let mut borrowed = false;
        visit::block(self.body, &mut |node| {
            let Node::Expr(e) = node else { return true };
            if !self.facts.site.contains(e.span) && !e.span.contains(self.facts.site) {
                return false;
            }
            let (scrutinee, pats): (&Expr, Vec<_>) = match &e.kind {
                ExprKind::Match { scrutinee, arms } => {
                    (scrutinee, arms.iter().filter(|a| a.body.span.contains(at)).map(|a| &a.pat).collect())
                }
                ExprKind::Let { pat, expr } => (expr, vec![&**pat]),
                _ => return true,
            };
            for pat in pats {
                let mut binds = false;
                visit::pat(pat, &mut |node| {
                    if let Node::Pat(p) = node {
                        binds |= matches!(&p.kind, PatKind::Bind { name: n, .. } if *n == name);
                    }
                    true
                });
                let text = self.text(pat.span);
                let by_ref = matches!(&scrutinee.kind, ExprKind::Ref { .. })
                    || matches!(&scrutinee.kind, ExprKind::Method { name, .. } if matches!(name.as_str(), "as_ref" | "iter"));
                borrowed |= binds && (by_ref || text.contains(&format!("ref {name}")));
            }
            true
        });
        borrowed
    }

    /// Whether code can stand at a sight that leaves the loop: in the loop's own function, closure or block.
    pub fn leaves_from(&self, at: Span) -> bool {
        frame_of(self.body, at) == self.frame
    }

    /// The innermost loop around a place is the site.
    pub fn is_in_own_loop(&self, at: Span) -> bool {
        let mut inner = false;
        visit::block(self.body, &mut |node| {
            if let Node::Expr(e) = node
                && matches!(e.kind, ExprKind::Loop { .. } | ExprKind::While { .. } | ExprKind::For { .. })
                && e.span.contains(at)
                && self.facts.site.contains(e.span)
            {
                inner |= e.span != self.facts.site;
            }
            true
        });
        !inner
    }

    /// What the attempted call is declared to fail with, and whether that is a box for any error.
    pub fn declared_error(&self) -> (Ty, bool) {
        let call = self.db.call(self.facts.home, self.facts.attempt);
        let ty = match self.db.static_type(self.facts.home, self.facts.attempt) {
            Ty::Result(_, error) => (*error).clone(),
            _ => Ty::Unknown,
        };
        let boxed = call.iter().flat_map(|c| &c.targets).any(|target| {
            let function = self.db.program().function(*target);
            self.db.program().file(function.file).source.slice(signature(function)).contains("dyn")
        });
        let any = matches!(&ty, Ty::Ext(path) if is_any_error(path.as_str()));
        (ty, boxed || any)
    }
}

/// The text of a function before its body.
pub fn signature(function: &FnData) -> Span {
    let end = function.def.body.as_ref().map_or(function.span.end, |body| body.span.start);
    Span { start: function.def.name_span.start, end }
}

/// A type that takes any error: `anyhow::Error`, `eyre::Report`.
pub fn is_any_error(path: &str) -> bool {
    matches!(path.split("::").next(), Some("anyhow" | "eyre" | "color_eyre"))
}

/// Using it does not use it up.
fn is_copy(value: &Value) -> bool {
    match value {
        Value::Failure(f) => match &f.ty {
            Ty::Int | Ty::Bool => true,
            Ty::Ext(path) => path.as_str().ends_with("StatusCode") || path.as_str().ends_with("::Code"),
            _ => false,
        },
        Value::Option(Some(inner)) => is_copy(inner),
        Value::Int(_) | Value::Bool(_) | Value::Status(_) => true,
        _ => false,
    }
}

/// Whether an expression takes a plain name by value.
fn consumes(scene: &Scene<'_>, e: &Expr, name: Name) -> bool {
    let is = |e: &Expr| matches!(&e.kind, ExprKind::Path(path) if path.single() == Some(name));
    let any = |list: &[Expr]| list.iter().any(is);
    match &e.kind {
        ExprKind::Call { args, .. } => any(args),
        ExprKind::Method { recv, name: method, args, .. } => any(args) || (is(recv) && !borrows(scene, recv, *method)),
        ExprKind::Struct { fields, .. } => fields.iter().any(|(_, value)| is(value)),
        ExprKind::Tuple(items) | ExprKind::Array(items) => any(items),
        ExprKind::Assign { value, op: None, .. } => is(value),
        ExprKind::Match { scrutinee, .. } | ExprKind::Try(scrutinee) | ExprKind::Await(scrutinee) => is(scrutinee),
        ExprKind::Let { expr, .. } => is(expr),
        ExprKind::Closure { body, .. } => is(body),
        ExprKind::Macro(call) => {
            let logs = scene.db.lookup.models.words.has("log", call.path.last().as_str());
            matches!(&call.body, MacroBody::Args(args) if !logs && call.path.last() != "format" && any(args))
        }
        ExprKind::Block { block, .. } => {
            matches!(block.stmts.last(), Some(crate::ir::Stmt::Expr { expr, semi: false }) if is(expr))
        }
        _ => false,
    }
}

/// Whether a method takes its receiver by reference.
fn borrows(scene: &Scene<'_>, recv: &Expr, method: Name) -> bool {
    const BORROW: &[&str] = &[
        "status",
        "status_code",
        "headers",
        "url",
        "version",
        "to_string",
        "clone",
        "code",
        "message",
        "kind",
        "source",
        "as_ref",
        "as_deref",
        "as_str",
        "remote_addr",
        "content_length",
        "metadata",
        "details",
        "root_cause",
        "chain",
        "downcast_ref",
        "error_for_status_ref",
        "description",
        "contains",
        "len",
        "extensions",
        "to_owned",
        "borrow",
    ];
    let name = method.as_str();
    let ty = scene.db.static_type(scene.facts.home, recv.span);
    let own = scene.db.lookup.methods(&ty, method, 0);
    let own = if own.is_empty() { scene.db.program().methods_named(method).to_vec() } else { own };
    if !own.is_empty() {
        return own.iter().all(|id| {
            let data = scene.db.program().function(*id);
            let text = |span| scene.db.program().file(data.file).source.slice(span);
            data.def.params.first().is_some_and(|p| text(p.pat.span).starts_with('&'))
        });
    }
    BORROW.contains(&name) || ["is_", "as_", "has_", "get_"].iter().any(|start| name.starts_with(start))
}

/// Names for a failure that has none.
const GIVEN: &[&str] = &["error", "refusal", "unnamed_error"];

/// Whether the name is one that a failure was given here, rather than one that stands in the code.
fn is_given(name: Name, code: &str) -> bool {
    Some(name.as_str()) == GIVEN.iter().copied().find(|given| !has_word(code, given))
}

fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_part(code[..at].chars().next_back()) && !is_part(code[at + word.len()..].chars().next())
    })
}

/// `Err(_) => ..`: the failure can be named there, so the arm sees it under that name.
fn name_unnamed(db: &Db<'_>, home: &FnData, sights: &mut [Sight]) {
    let text = &db.program().file(home.file).source;
    let Some(name) = GIVEN.iter().copied().find(|given| !has_word(text.slice(home.span), given)) else { return };
    for i in 1..sights.len() {
        let SightKind::Unnamed(value) = &sights[i - 1].kind else { continue };
        let before = Span { start: sights[i - 1].span.start.saturating_sub(4), end: sights[i - 1].span.start };
        if value.is_tainted() && text.slice(before) == "Err(" {
            let value = value.clone();
            sights[i].names.push((Name::new(name), value));
        }
    }
}

/// The innermost closure or async block around a place.
fn frame_of(body: &Block, at: Span) -> Option<Span> {
    let mut found = None;
    visit::block(body, &mut |node| {
        let Node::Expr(e) = node else { return true };
        if e.span.contains(at) && matches!(e.kind, ExprKind::Closure { .. } | ExprKind::Async(_)) {
            found = Some(e.span);
        }
        true
    });
    found
}
