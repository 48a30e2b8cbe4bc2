//! Where the time comes from, so that no test has to wait for it.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// The source of the current time: the system's, unless a test puts in its own.
///
/// ```
/// # use failfast::Clock;
/// # use std::{sync::{Arc, Mutex}, time::{Duration, Instant}};
/// let now = Arc::new(Mutex::new(Instant::now()));
/// let clock = Clock::from_fn({ let now = now.clone(); move || *now.lock().unwrap() });
/// let before = clock.now();
/// *now.lock().unwrap() += Duration::from_secs(300);
/// assert_eq!(clock.now() - before, Duration::from_secs(300));
/// ```
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<dyn Fn() -> Instant + Send + Sync>>);

impl Clock {
    pub(crate) const SYSTEM: Clock = Clock(None);

    /// The system's monotonic clock; the default.
    pub fn system() -> Self {
        Clock::SYSTEM
    }

    /// A clock that asks `now`. The answers must not go backwards.
    pub fn from_fn(now: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        Clock(Some(Arc::new(now)))
    }

    /// The current time.
    pub fn now(&self) -> Instant {
        match &self.0 {
            Some(now) => now(),
            None => Instant::now(),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Clock::from_fn" } else { "Clock::system" })
    }
}
