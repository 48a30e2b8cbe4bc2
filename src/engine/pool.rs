//! Pools that are asked for another credential, and whose answer does not end the loop when they have none.

use crate::engine::lab::Lab;
use crate::engine::named::{called, holder};
use crate::engine::site::Facts;
use crate::engine::trace::{Event, Handed};
use crate::ir::visit::{self, Node};
use crate::ir::{Block, Expr, ExprKind, Name, PatKind, Span, Stmt};

/// What is wrong with the way a site uses its pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolFault {
    /// Whether there is another credential is asked before the loop only.
    CheckedOutside,
    /// Nobody looks at what the pool hands out.
    Dropped,
    /// The pool said that it has no other credential, and the loop goes on with nothing new.
    Ignored,
    /// What the pool hands out does not say whether there was another credential.
    Unsaid,
    /// The pool hands out the same credential again.
    Same,
}

/// The fault of a burning site that has a pool, if its pool is why it burns.
pub(super) fn find(lab: &Lab<'_, '_>, facts: &Facts) -> Option<(PoolFault, Name)> {
    let shown = if facts.dead.burns() { &facts.dead } else { &facts.forbidden };
    if !shown.burns() {
        return None;
    }
    let body = lab.db.program().function(facts.home).def.body.as_ref()?;
    let rotation = shown.run.last_round().iter().rev().find_map(|e| match e {
        Event::Rotate(at, handed) => Some((*at, *handed)),
        _ => None,
    });
    let is_refreshed = shown.run.last_round().iter().any(|e| matches!(e, Event::Refresh(_, true)));
    let in_site = |call: &Call<'_>| facts.site.contains(call.span);
    let words = &lab.db.lookup.models.words;
    let calls = calls(body);
    let asks = |call: &Call<'_>| {
        words.names("spare", call.name) || words.names("no_spare", call.name) || call.name == "is_empty"
    };
    let before = calls
        .iter()
        .find(|call| call.span.end <= facts.site.start && asks(call) && words.names("pool", call.on.as_str()));
    if let Some(before) = before {
        let on_it = |call: &&Call<'_>| in_site(call) && call.on == before.on;
        let is_used = calls.iter().filter(on_it).any(|call| !asks(call));
        if is_used && !calls.iter().filter(on_it).any(asks) {
            return Some((PoolFault::CheckedOutside, before.on));
        }
    }
    let (at, handed) = rotation?;
    let call = calls.iter().find(|call| call.span == at.span)?;
    match handed {
        Handed::Same => Some((PoolFault::Same, call.on)),
        _ if is_dropped(body, at.span) => Some((PoolFault::Dropped, call.on)),
        Handed::Unsaid => Some((PoolFault::Unsaid, call.on)),
        Handed::Nothing if !is_refreshed => Some((PoolFault::Ignored, call.on)),
        Handed::Next | Handed::Nothing => None,
    }
}

struct Call<'c> {
    span: Span,
    name: &'c str,
    on: Name,
}

/// The method calls of a function, with what they are called on.
fn calls(body: &Block) -> Vec<Call<'_>> {
    let mut out = Vec::new();
    visit::block(body, &mut |node| {
        if let Node::Expr(e) = node
            && let ExprKind::Method { recv, .. } = &e.kind
            && let (Some(name), Some(on)) = (called(e), holder(recv))
        {
            out.push(Call { span: e.span, name, on });
        }
        true
    });
    out
}

/// The value of a call is dropped: it is a statement, or bound to `_`.
fn is_dropped(body: &Block, call: Span) -> bool {
    let mut dropped = false;
    visit::block(body, &mut |node| {
        dropped |= match node {
            Node::Stmt(Stmt::Expr { expr, semi: true }) => through(expr).span == call,
            Node::Stmt(Stmt::Let { pat, init: Some(init), .. }) => {
                let unread = match &pat.kind {
                    PatKind::Wild => true,
                    PatKind::Bind { name, .. } => name.as_str().starts_with('_'),
                    _ => false,
                };
                unread && through(init).span == call
            }
            _ => false,
        };
        true
    });
    dropped
}

fn through(e: &Expr) -> &Expr {
    match &e.kind {
        ExprKind::Await(inner) => through(inner),
        ExprKind::Method { recv, name, args, .. } if args.is_empty() && matches!(name.as_str(), "ok" | "is_some") => {
            through(recv)
        }
        _ => e,
    }
}
