//! Retries inside retries: the operation of one burning loop runs another one.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

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
pub fn link(db: &Db<'_>, examined: &mut [Arc<Examined>]) {
    let is_burning = |e: &Examined| e.facts.dead.burns() && !e.facts.is_worker();
    let mut burning: FxHashMap<FnId, usize> = FxHashMap::default();
    let mut count = 0;
    for (at, one) in examined.iter().enumerate().filter(|(_, e)| is_burning(e) && e.facts.evidence.is_some()) {
        // Of several in one function the first.
        burning.entry(one.home).or_insert(at);
        count += 1;
    }
    if count < 2 {
        return;
    }
    let inner: Vec<(usize, usize)> = examined
        .iter()
        .enumerate()
        .filter(|(_, e)| is_burning(e))
        .filter_map(|(at, outer)| Some((at, reached(db, outer.home, outer.facts.attempt, &burning)?)))
        .collect();
    for (at, inner) in inner {
        let inner = Inner { home: examined[inner].home, dead: examined[inner].facts.dead.clone() };
        Arc::make_mut(&mut examined[at]).facts.inner = Some(inner);
    }
}

/// The nearest of these functions that a call leads to, over calls that mean one function.
fn reached(db: &Db<'_>, home: FnId, call: Span, burning: &FxHashMap<FnId, usize>) -> Option<usize> {
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
        // The first in the order of the unit.
        if let Some(found) = front.iter().filter_map(|id| burning.get(id)).min() {
            return Some(*found);
        }
        front = front.iter().flat_map(|id| only(&mut db.summary(*id).calls.iter())).collect();
    }
    None
}
