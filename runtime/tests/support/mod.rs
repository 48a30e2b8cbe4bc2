//! A clock that only moves when told to, and sleeps that cost nothing: shared by the tests beside it.

use failfast::{Class, Clock, Failure};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[derive(Clone)]
pub struct VirtualTime(Arc<Mutex<Instant>>);

#[allow(dead_code, reason = "each test file uses its part")]
impl VirtualTime {
    pub fn new() -> Self {
        VirtualTime(Arc::new(Mutex::new(Instant::now())))
    }

    pub fn clock(&self) -> Clock {
        let now = self.0.clone();
        Clock::from_fn(move || *now.lock().unwrap())
    }

    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

/// A failure of `class` with the status it usually comes with.
#[allow(dead_code, reason = "each test file uses its part")]
pub fn failure(class: Class) -> Failure {
    let failure = Failure::new(class);
    match class {
        Class::Auth => failure.with_status(401),
        Class::Revoked => failure.with_status(400),
        Class::Billing => failure.with_status(402),
        Class::Entitlement | Class::Blocked | Class::ClockSkew => failure.with_status(403),
        Class::RateLimited => failure.with_status(429),
        Class::Transient => failure.with_status(503),
        _ => failure,
    }
}
