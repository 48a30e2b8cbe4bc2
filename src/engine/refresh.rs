//! Refreshers that cannot help: the loop gives up before it gets to them, or sends the old credential after them.

use crate::engine::amend::Amend;
use crate::engine::evidence;
use crate::engine::lab::{self, Lab};
use crate::engine::named::called;
use crate::engine::scenario::Scenario;
use crate::engine::site::Facts;
use crate::engine::trace::{Event, Exit, MarkKind};
use crate::ir::visit::{self, Node};
use crate::ir::{Block, Expr, ExprKind, Name, Pat, PatKind, Span, Stmt};

/// Tests tried as the one that gives up.
const TESTS: usize = 4;

/// Why a refresh does not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshFault {
    /// This test gives up before the refresh, which stands below it.
    AfterAbort(Span),
    /// What is sent was made of the old token, before the loop, and goes by this name.
    StaleCredential(Name),
}

/// The fault of a site that has a refresher.
pub(super) fn find(lab: &Lab<'_, '_>, facts: &Facts) -> Option<RefreshFault> {
    let stale = &facts.scenes.as_ref()?.stale;
    let body = lab.db.program().function(facts.home).def.body.as_ref()?;
    let is_refreshed = stale.run.events.iter().any(|e| matches!(e, Event::Refresh(_, true)));
    if is_refreshed {
        let goes_on = stale.run.attempts > 1;
        return if goes_on { stale_credential(lab, facts, body) } else { None };
    }
    after_abort(lab, facts, body)
}

/// The first refusal ends the loop, and without the test that ended it a refresher would have brought it back.
fn after_abort(lab: &Lab<'_, '_>, facts: &Facts, body: &Block) -> Option<RefreshFault> {
    let stale = &facts.scenes.as_ref()?.stale;
    let run = &stale.run;
    let is_decided = run.exit == Exit::Left && run.attempts == 1 && !stale.swayed;
    if !is_decided || facts.is_worker() {
        return None;
    }
    let refreshers = refreshers(lab, facts, body);
    let mut tests: Vec<Span> = Vec::new();
    for mark in run.marks.iter().rev() {
        if let MarkKind::Test(test, _) = mark.kind
            && !tests.contains(&test)
            && tests.len() < TESTS
            && refreshers.iter().any(|call| call.start > test.end)
        {
            tests.push(test);
        }
    }
    tests.into_iter().find_map(|test| {
        let other = lab.search(Scenario::StaleToken, stale, Some(Amend::Flip(test)));
        let helps = other.recovered && other.events.iter().any(|e| matches!(e, Event::Refresh(_, true)));
        helps.then_some(RefreshFault::AfterAbort(test))
    })
}

/// The calls for a new token in the site.
fn refreshers(lab: &Lab<'_, '_>, facts: &Facts, body: &Block) -> Vec<Span> {
    let mut out = Vec::new();
    visit::block(body, &mut |node| {
        if let Node::Expr(e) = node
            && facts.site.contains(e.span)
            && called(e).is_some()
            && lab::is_refresh(lab.db, facts.home, e.span)
        {
            out.push(e.span);
        }
        true
    });
    out
}

/// Every place in the loop that puts a credential into the request takes it from a variable that the loop never writes.
fn stale_credential(lab: &Lab<'_, '_>, facts: &Facts, body: &Block) -> Option<RefreshFault> {
    let refreshers = refreshers(lab, facts, body);
    let code = Loop { body, site: facts.site, refreshers: &refreshers };
    // What the attempt calls puts the credential in: its own, which may be new, or one that it is handed.
    if evidence::downwards(lab.db, facts.home, facts.attempt).is_some() {
        return handed_down(lab, facts, &code).map(RefreshFault::StaleCredential);
    }
    let signs: Vec<Span> = lab.db.summary(facts.home).signs.iter().filter(|s| s.strong).map(|s| s.span).collect();
    let inside: Vec<&Expr> = code.signing(&signs);
    let elsewhere = |sign: &Span| {
        facts.site.contains(*sign)
            && !refreshers.iter().any(|call| call.contains(*sign))
            && !inside.iter().any(|call| call.span.contains(*sign))
    };
    if signs.iter().any(elsewhere) {
        return None;
    }
    if !inside.is_empty() {
        let mut name = None;
        for call in inside {
            // Each of them has to be stale.
            name = Some(code.stale_argument(call)?);
        }
        return name.map(RefreshFault::StaleCredential);
    }
    if evidence::within(lab.db, facts.home, facts.attempt).is_some() {
        return None;
    }
    let made = code.made_before(&signs);
    made.into_iter().find(|name| code.reads(*name) && !code.writes(*name)).map(RefreshFault::StaleCredential)
}

/// The variable that the loop hands to the function it calls, where that one puts its parameter into the request and no
/// other credential, and the loop never writes the variable.
fn handed_down(lab: &Lab<'_, '_>, facts: &Facts, code: &Loop<'_>) -> Option<Name> {
    let [callee] = lab.db.call(facts.home, facts.attempt)?.targets.as_slice() else { return None };
    let data = lab.db.program().function(*callee);
    let body = data.def.body.as_ref()?;
    if evidence::downwards(lab.db, *callee, body.span).is_some() {
        return None;
    }
    let signs: Vec<Span> = lab.db.summary(*callee).signs.iter().filter(|s| s.strong).map(|s| s.span).collect();
    let inside = Loop { body, site: body.span, refreshers: &[] };
    let mut args = None;
    code.see(&mut |e| {
        if let ExprKind::Method { args: given, .. } | ExprKind::Call { args: given, .. } = &e.kind
            && e.span == facts.attempt
        {
            args = Some(given);
        }
    });
    let args = args?;
    let has_self = data.def.params.len() == args.len() + 1;
    let mut stale = None;
    for call in inside.signing(&signs) {
        let param = inside.stale_argument(call)?;
        let is_it = |pat: &Pat| bound(pat) == Some(param);
        let index = data.def.params.iter().position(|p| is_it(&p.pat))?.checked_sub(usize::from(has_self))?;
        let name = plain(args.get(index)?)?;
        if code.writes(name) {
            return None;
        }
        stale = Some(name);
    }
    stale
}

struct Loop<'c> {
    body: &'c Block,
    site: Span,
    refreshers: &'c [Span],
}

impl<'c> Loop<'c> {
    fn see(&self, see: &mut impl FnMut(&'c Expr)) {
        visit::block(self.body, &mut |node| {
            if let Node::Expr(e) = node
                && self.site.contains(e.span)
                && !self.refreshers.iter().any(|call| call.contains(e.span))
            {
                see(e);
            }
            true
        });
    }

    /// The innermost calls with arguments in the loop that hold a sign of a credential.
    fn signing(&self, signs: &[Span]) -> Vec<&'c Expr> {
        let mut out: Vec<&'c Expr> = Vec::new();
        self.see(&mut |e| {
            let args = match &e.kind {
                ExprKind::Method { args, .. } | ExprKind::Call { args, .. } => args,
                _ => return,
            };
            let is_signing = signs.iter().any(|sign| *sign == e.span || args.iter().any(|a| a.span.contains(*sign)));
            if is_signing && !args.is_empty() {
                // Calls are met from the outside in.
                out.retain(|outer| !outer.span.contains(e.span));
                out.push(e);
            }
        });
        out
    }

    /// The variable that a call takes the credential from, if nothing in the loop writes it and it is no more than text.
    fn stale_argument(&self, call: &'c Expr) -> Option<Name> {
        let (ExprKind::Method { args, .. } | ExprKind::Call { args, .. }) = &call.kind else { return None };
        let name = plain(args.last()?)?;
        (!self.writes(name) && self.is_bound_before(name)).then_some(name)
    }

    /// Variables made before the loop of something that puts a credential in.
    fn made_before(&self, signs: &[Span]) -> Vec<Name> {
        let mut out = Vec::new();
        for stmt in &self.body.stmts {
            if let Stmt::Let { pat, init: Some(init), .. } = stmt
                && init.span.end <= self.site.start
                && signs.iter().any(|sign| init.span.contains(*sign))
                && let Some(name) = bound(pat)
            {
                out.push(name);
            }
        }
        out
    }

    fn is_bound_before(&self, name: Name) -> bool {
        let in_loop = std::cell::Cell::new(false);
        visit::block(self.body, &mut |node| {
            if let Node::Pat(pat) = node
                && self.site.contains(pat.span)
                && bound(pat) == Some(name)
            {
                in_loop.set(true);
            }
            true
        });
        !in_loop.get()
    }

    fn reads(&self, name: Name) -> bool {
        let mut found = false;
        self.see(&mut |e| found |= matches!(&e.kind, ExprKind::Path(path) if path.single() == Some(name)));
        found
    }

    /// The loop assigns to it, borrows it mutably, calls something on it that may change it, or binds it anew.
    fn writes(&self, name: Name) -> bool {
        let is = |e: &Expr| root(e) == Some(name);
        let mut found = !self.is_bound_before(name);
        visit::block(self.body, &mut |node| {
            if let Node::Expr(e) = node
                && self.site.contains(e.span)
            {
                found |= match &e.kind {
                    ExprKind::Assign { place, .. } => is(place),
                    ExprKind::Ref { mutable: true, expr } => is(expr),
                    ExprKind::Method { recv, name, .. } => {
                        is(recv)
                            && matches!(
                                name.as_str(),
                                "insert"
                                    | "append"
                                    | "clear"
                                    | "push_str"
                                    | "store"
                                    | "set"
                                    | "lock"
                                    | "write"
                                    | "read"
                                    | "borrow"
                                    | "replace"
                                    | "clone_from"
                                    | "load"
                                    | "get"
                                    | "headers_mut"
                            )
                    }
                    _ => false,
                };
            }
            true
        });
        found
    }
}

fn bound(pat: &Pat) -> Option<Name> {
    match &pat.kind {
        PatKind::Bind { name, .. } => Some(*name),
        PatKind::Ref(inner) => bound(inner),
        _ => None,
    }
}

fn root(e: &Expr) -> Option<Name> {
    match &e.kind {
        ExprKind::Path(path) => path.single(),
        ExprKind::Field(inner, _) | ExprKind::Unary(_, inner) | ExprKind::Index(inner, _) => root(inner),
        _ => None,
    }
}

/// A variable, and nothing that could make something else of it: `token`, `&token`, `token.clone()`.
fn plain(e: &Expr) -> Option<Name> {
    match &e.kind {
        ExprKind::Path(path) => path.single().filter(|n| n.as_str().starts_with(|c: char| c.is_lowercase())),
        ExprKind::Ref { mutable: false, expr: inner } | ExprKind::Unary(_, inner) => plain(inner),
        ExprKind::Method { recv, name, args, .. }
            if args.is_empty() && matches!(name.as_str(), "clone" | "as_str" | "to_owned" | "to_string" | "as_ref") =>
        {
            plain(recv)
        }
        _ => None,
    }
}
