//! Lists by key, each in order however it was filled, so that what is kept up to date is the same as what is built anew.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

/// Lists by key, each in order.
#[derive(Clone)]
pub struct Lists<K, V>(FxHashMap<K, Vec<V>>);

impl<K, V> Default for Lists<K, V> {
    fn default() -> Self {
        Lists(FxHashMap::default())
    }
}

impl<K: Eq + Hash, V: Ord + Hash> Lists<K, V> {
    /// The list of a key; empty where there is none.
    pub fn get(&self, key: &K) -> &[V] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// Adds a value in its place.
    pub fn add(&mut self, key: K, value: V) {
        let list = self.0.entry(key).or_default();
        match list.last() {
            Some(last) if *last > value => list.insert(list.partition_point(|other| *other < value), value),
            _ => list.push(value),
        }
    }

    /// Takes a value away, once.
    pub fn remove(&mut self, key: &K, value: &V) {
        let Some(list) = self.0.get_mut(key) else { return };
        if let Ok(at) = list.binary_search(value) {
            list.remove(at);
        }
        if list.is_empty() {
            self.0.remove(key);
        }
    }

    /// A number that changes with the list.
    pub fn fingerprint(&self, key: &K) -> u64 {
        let mut hasher = FxHasher::default();
        self.get(key).hash(&mut hasher);
        hasher.finish()
    }
}
