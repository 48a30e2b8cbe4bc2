//! A timer that only adds up what it is told to wait.

use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// All naps taken so far.
#[derive(Debug, Clone, Default)]
pub struct Naps(Arc<Mutex<Vec<Duration>>>);

impl Naps {
    /// What to pass to `retry_async` in place of a runtime's timer.
    pub fn timer(&self) -> impl Fn(Duration) -> Ready<()> + Clone + Send + Sync + use<> {
        let naps = self.0.clone();
        move |nap| {
            naps.lock().unwrap().push(nap);
            ready(())
        }
    }

    /// Each nap, in whole seconds.
    pub fn seconds(&self) -> Vec<u64> {
        self.0.lock().unwrap().iter().map(Duration::as_secs).collect()
    }

    /// All naps together.
    pub fn total(&self) -> Duration {
        self.0.lock().unwrap().iter().sum()
    }
}
