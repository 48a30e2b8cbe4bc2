//! How long to wait after a failure that waiting can cure, and when to stop waiting.

use crate::Clock;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant};

/// Capped exponential backoff with jitter, a budget, and a ceiling for `Retry-After`.
///
/// The n-th delay lies between `(1 - jitter) * d` and `d`, where `d = min(base * 2^(n-1), cap)`: jitter
/// only ever shortens a delay, so the cap holds after jitter too.
///
/// Only [`Transient`](crate::Class::Transient) and [`RateLimited`](crate::Class::RateLimited) failures
/// spend any of it. The defaults: base 1 s, cap 60 s, jitter 0.5, 5 attempts, no limit of time,
/// `Retry-After` up to 600 s.
///
/// ```
/// # use failfast::Backoff;
/// # use std::time::{Duration, Instant};
/// let backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(120))
///     .jitter(0.0)
///     .max_attempts(6);
/// let seconds: Vec<u64> = backoff.delays().map(|delay| delay.as_secs()).collect();
/// assert_eq!(seconds, [5, 10, 20, 40, 80]);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a Backoff does nothing until a guard gets it"]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    jitter: f64,
    max_attempts: u32,
    max_elapsed: Option<Duration>,
    retry_after_ceiling: Duration,
    seed: Option<u64>,
    clock: Clock,
}

/// What a guard uses that was given none.
pub(crate) static DEFAULT: Backoff = Backoff {
    base: Duration::from_secs(1),
    cap: Duration::from_secs(60),
    jitter: 0.5,
    max_attempts: 5,
    max_elapsed: None,
    retry_after_ceiling: Duration::from_secs(600),
    seed: None,
    clock: Clock::SYSTEM,
};

impl Default for Backoff {
    fn default() -> Self {
        DEFAULT.clone()
    }
}

impl Backoff {
    /// Delays that start at `base`, double each time, and never exceed `cap`. All else is as in the default.
    pub fn new(base: Duration, cap: Duration) -> Self {
        Backoff { base, cap, ..DEFAULT.clone() }
    }

    /// How much of each delay is left to chance, from 0.0 (none) to 1.0 (all of it). Values outside are
    /// clamped; NaN counts as 0.
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = if fraction > 0.0 { fraction.min(1.0) } else { 0.0 };
        self
    }

    /// How many attempts may fail for want of waiting, the first one included: there is one wait fewer.
    /// 0 counts as 1. Rotations, refreshes and the fresh-connection retry are not counted.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// How long the whole operation may take, measured from the guard's start. A wait that would end
    /// later is not begun: the operation ends at once.
    pub fn max_elapsed(mut self, limit: Duration) -> Self {
        self.max_elapsed = Some(limit);
        self
    }

    /// The longest `Retry-After` to sit through. A service that asks for more ends the operation at
    /// once: to wait less than it asked is to send a request that is known to fail.
    pub fn retry_after_ceiling(mut self, ceiling: Duration) -> Self {
        self.retry_after_ceiling = ceiling;
        self
    }

    /// Where to take the time from. It is asked only if there is a [`max_elapsed`](Backoff::max_elapsed).
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the jitter repeatable. Without it each operation draws its own seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The delays of one operation, in order; one fewer than the attempts.
    pub fn delays(&self) -> Delays {
        Delays {
            next: self.base.min(self.cap),
            cap: self.cap,
            jitter: self.jitter,
            left: self.max_attempts - 1,
            random: Random::new(self.seed),
        }
    }

    /// The start of an operation, if there is a limit to measure from it.
    pub(crate) fn start(&self) -> Option<Instant> {
        self.max_elapsed.map(|_| self.clock.now())
    }

    /// Whether a wait of `delay` from now would end too late for an operation begun at `start`.
    pub(crate) fn ends_too_late(&self, start: Option<Instant>, delay: Duration) -> bool {
        match (self.max_elapsed, start) {
            (Some(limit), Some(start)) => {
                let elapsed = self.clock.now().saturating_duration_since(start);
                elapsed.saturating_add(delay) > limit
            }
            _ => false,
        }
    }

    pub(crate) fn longest_retry_after(&self) -> Duration {
        self.retry_after_ceiling
    }
}

/// The delays of one operation; made by [`Backoff::delays`].
#[derive(Debug, Clone)]
pub struct Delays {
    next: Duration,
    cap: Duration,
    jitter: f64,
    left: u32,
    random: Random,
}

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let full = self.next;
        // `checked_mul`: a cap near `Duration::MAX` must not overflow.
        self.next = full.checked_mul(2).unwrap_or(self.cap).min(self.cap);
        let cut = full.as_secs_f64() * self.jitter * self.random.fraction();
        // The cut is at most `full`, but rounding may lift it above, or above what a Duration holds.
        let cut = if cut < full.as_secs_f64() { Duration::from_secs_f64(cut) } else { full };
        Some(full.saturating_sub(cut))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

/// SplitMix64: one multiplication-heavy step per number, which is plenty to spread out retries.
///
/// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// Without a seed, takes one from the standard library's per-process random hash keys.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Random(seed.unwrap_or_else(|| RandomState::new().build_hasher().finish()))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0.0 up to, but not including, 1.0.
    fn fraction(&mut self) -> f64 {
        // The 53 bits an f64 can hold exactly.
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_gives_the_published_numbers() {
        // The reference implementation's first outputs for seed 1234567.
        let mut random = Random::new(Some(1_234_567));
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn equal_seeds_give_equal_delays_and_no_seed_gives_others() {
        let seeded = Backoff::default().max_attempts(20).seed(7);
        assert!(seeded.delays().eq(seeded.delays()));
        assert!(!seeded.delays().eq(seeded.seed(8).delays()));
        let unseeded = Backoff::default().max_attempts(20);
        assert!(!unseeded.delays().eq(unseeded.delays()));
    }

    #[test]
    fn extreme_settings_neither_panic_nor_pass_the_cap() {
        for &cap in &[Duration::from_secs(0), Duration::from_nanos(1), Duration::MAX] {
            for &base in &[Duration::from_secs(0), Duration::from_secs(3), Duration::MAX] {
                for &jitter in &[f64::NAN, -1.0, 0.0, 0.3, 1.0, f64::INFINITY] {
                    let backoff = Backoff::new(base, cap).jitter(jitter).max_attempts(200);
                    assert_eq!(backoff.delays().count(), 199);
                    assert!(backoff.delays().all(|delay| delay <= cap));
                }
            }
        }
    }

    #[test]
    fn the_number_of_delays_left_is_known() {
        let mut delays = Backoff::default().max_attempts(4).delays();
        assert_eq!(delays.size_hint(), (3, Some(3)));
        delays.next();
        assert_eq!(delays.size_hint(), (2, Some(2)));
    }

    #[test]
    fn one_attempt_means_no_wait() {
        assert_eq!(Backoff::default().max_attempts(0).delays().next(), None);
        assert_eq!(Backoff::default().max_attempts(1).delays().next(), None);
    }
}
