//! Retries inside retries: the operation of one burning loop runs another one.

use rustc_hash::FxHashSet;

use crate::engine::db::Db;
use crate::engine::site::{Examined, Shown};
use crate::ir::Span;
use crate::syntax::program::FnId;

/// Calls followed from the attempt of the outer loop.
const HOPS: u32 = 5;

/// The loop inside.
#[derive(Clone, Debug)]
pub struct Inner {
    /// The function it stands in.
    pub home: FnId,
    /// What it does with a dead key.
    pub dead: Shown,
}

/// Tells every burning loop about the burning loop that its attempt runs, if there is one.
pub fn link(db: &Db<'_>, examined: &mut [Examined]) {
    let burning: Vec<Inner> = examined
        .iter()
        .filter(|e| e.facts.dead.burns() && !e.facts.is_worker() && e.facts.evidence.is_some())
        .map(|e| Inner { home: e.home, dead: e.facts.dead.clone() })
        .collect();
    if burning.len() < 2 {
        return;
    }
    for outer in examined.iter_mut().filter(|e| e.facts.dead.burns() && !e.facts.is_worker()) {
        let inner = reached(db, outer.home, outer.facts.attempt, &burning).cloned();
        outer.facts.inner = inner;
    }
}

/// The nearest of these functions that a call leads to, over calls that mean one function.
fn reached<'b>(db: &Db<'_>, home: FnId, call: Span, burning: &'b [Inner]) -> Option<&'b Inner> {
    let only = |calls: &mut dyn Iterator<Item = (&Span, &crate::engine::summary::Call)>| -> Vec<FnId> {
        let mut found: Vec<FnId> =
            calls.filter_map(|(_, c)| if let [one] = c.targets.as_slice() { Some(*one) } else { None }).collect();
        found.sort();
        found
    };
    let mut front = only(&mut db.summary(home).calls.iter().filter(|(at, _)| call.contains(**at)));
    let mut seen: FxHashSet<FnId> = FxHashSet::from_iter([home]);
    for _ in 0..HOPS {
        front.retain(|id| seen.insert(*id));
        if let Some(found) = burning.iter().find(|inner| front.contains(&inner.home)) {
            return Some(found);
        }
        front = front.iter().flat_map(|id| only(&mut db.summary(*id).calls.iter())).collect();
    }
    None
}
