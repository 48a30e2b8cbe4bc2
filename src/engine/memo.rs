//! Results that are computed when they are asked for, once, and again when something that they read changed.

use std::hash::{BuildHasher, Hash};
use std::sync::Mutex;

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::syntax::program::reads::{Changed, Reads, note_all, recorded};

/// Locks that the results are spread over.
const SHARDS: usize = 64;

/// Results by key, for all threads.
pub struct Memo<K, V> {
    shards: Vec<Mutex<FxHashMap<K, (V, Reads)>>>,
    /// What computations read is kept with their results.
    is_tracked: bool,
}

/// A copy is empty: it is made to hold other results.
impl<K, V> Clone for Memo<K, V> {
    fn clone(&self) -> Self {
        Memo { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), is_tracked: self.is_tracked }
    }
}

impl<K: Copy + Eq + Hash, V: Clone> Memo<K, V> {
    /// Without results.
    pub fn new(is_tracked: bool) -> Memo<K, V> {
        Memo { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), is_tracked }
    }

    /// The result for a key. Two threads that ask at once may both compute it.
    pub fn get(&self, key: K, compute: impl FnOnce() -> V) -> V {
        let shard = &self.shards[(FxBuildHasher.hash_one(key) >> 32) as usize % SHARDS];
        // A poisoned lock still holds valid entries: inserting is the only write.
        if let Some((value, reads)) = shard.lock().unwrap_or_else(|e| e.into_inner()).get(&key) {
            note_all(reads);
            return value.clone();
        }
        let (value, reads) = if self.is_tracked { recorded(compute) } else { (compute(), Reads::default()) };
        shard.lock().unwrap_or_else(|e| e.into_inner()).insert(key, (value.clone(), reads));
        value
    }

    /// Drops the results that may be others now.
    pub fn evict(&mut self, changed: &Changed) {
        for shard in &mut self.shards {
            let shard = shard.get_mut().unwrap_or_else(|e| e.into_inner());
            shard.retain(|_, (_, reads)| !changed.touches(reads));
        }
    }

    /// Drops the results for other keys.
    pub fn keep(&mut self, wanted: impl Fn(&K) -> bool) {
        for shard in &mut self.shards {
            shard.get_mut().unwrap_or_else(|e| e.into_inner()).retain(|key, _| wanted(key));
        }
    }

    /// Drops all results.
    pub fn clear(&mut self) {
        self.keep(|_| false);
    }
}
