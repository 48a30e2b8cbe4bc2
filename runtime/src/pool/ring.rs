//! The ready-made pool: a ring of keys with cooldowns, shared by all operations of a process.

use super::{CredentialPool, Tried};
use crate::backoff::Random;
use crate::{lock, Class, Clock, Credential, Failure};
use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A 401 may be a hiccup of the provider's login service; it is worth a look again soon.
const REST_AFTER_401: Duration = Duration::from_secs(5 * 60);

/// Rate limits, billing and 403 rarely change within minutes.
const REST_OTHERWISE: Duration = Duration::from_secs(60 * 60);

/// With no other key to fall back on, a long rest would be an outage of our own making.
const LONGEST_REST_OF_A_SOLE_KEY: Duration = Duration::from_secs(60);

/// No quota runs longer than a month; a server that asks for more must not bury the key.
const LONGEST_REST: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// The keys of one provider, shared by many operations and threads.
///
/// A refused key rests: 5 minutes after a 401, 1 hour otherwise, but a sole key for at most 60 s unless
/// its account needs paying. What the service says itself (`Retry-After`, reset of a limit) overrides
/// all of these. A revoked key is dead until [`replace`](KeyRing::replace)d. One success clears a rest.
/// The figures are those of the credential pool of NousResearch/hermes-agent.
///
/// ```
/// # use failfast::{AuthGuard, Backoff, Class, Failure, KeyRing};
/// let ring = KeyRing::new("openai", [("KEY_A", "sk-dead-0123456789"), ("KEY_B", "sk-good-0123456789")]);
///
/// let answer = failfast::retry(AuthGuard::with_pool(&ring)?, |attempt| {
///     match attempt.secret() {
///         "sk-good-0123456789" => Ok("hello"),
///         _ => Err(Failure::from_http(401, &[], "")),
///     }
/// })?;
/// assert_eq!(answer, "hello");
/// # Ok::<(), failfast::Permanent>(())
/// ```
pub struct KeyRing {
    provider: String,
    strategy: Strategy,
    clock: Clock,
    state: Mutex<State>,
}

/// Which of the fit keys [`KeyRing`] hands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// The first fit key in the order given: use one up before touching the next. The default.
    FillFirst,
    /// Each key in turn.
    RoundRobin,
    /// Any fit key, by a generator with this seed, so that tests can repeat it.
    Random(u64),
    /// The key handed out least often so far; the first of them if several tie.
    LeastUsed,
}

/// What [`KeyRing::states`] says about one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Fit for use.
    Ready,
    /// Refused a while ago; fit again after this long.
    Resting(Duration),
    /// Revoked: not used again until replaced.
    Dead,
}

struct State {
    entries: Vec<Entry>,
    /// Where round-robin goes on: one past the entry it gave last.
    turn: usize,
    random: Random,
}

struct Entry {
    credential: Credential,
    health: Health,
    uses: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Health {
    Ready,
    RestsUntil(Instant),
    Dead,
}

impl State {
    fn is_sole(&self, credential: &Credential) -> bool {
        let mut living = self.entries.iter().filter(|entry| entry.health != Health::Dead);
        living.all(|entry| entry.credential.is_same_secret(credential))
    }
}

impl Entry {
    /// A rest ends by itself: nobody has to come and lift it.
    fn is_fit(&self, now: Instant) -> bool {
        match self.health {
            Health::Ready => true,
            Health::RestsUntil(end) => end <= now,
            Health::Dead => false,
        }
    }
}

impl KeyRing {
    /// A ring of `(id, secret)` pairs for one provider. Of several pairs with the same id the first
    /// counts.
    pub fn new<I, S>(provider: impl Into<String>, keys: impl IntoIterator<Item = (I, S)>) -> Self
    where
        I: Into<String>,
        S: Into<String>,
    {
        let provider = provider.into();
        let mut entries: Vec<Entry> = Vec::new();
        for (id, secret) in keys {
            let credential = Credential::new(provider.clone(), id, secret);
            if entries.iter().all(|entry| !entry.credential.is_same_entry(&credential)) {
                entries.push(Entry { credential, health: Health::Ready, uses: 0 });
            }
        }
        KeyRing {
            provider,
            strategy: Strategy::FillFirst,
            clock: Clock::system(),
            state: Mutex::new(State { entries, turn: 0, random: Random::new(Some(0)) }),
        }
    }

    /// Which fit key to hand out.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        if let Strategy::Random(seed) = strategy {
            lock(&self.state).random = Random::new(Some(seed));
        }
        self.strategy = strategy;
        self
    }

    /// Where the ring takes the time from.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Puts a new secret under `id`, fit for use at once, and says whether there is such an id.
    pub fn replace(&self, id: &str, secret: impl Into<String>) -> bool {
        let mut state = lock(&self.state);
        match state.entries.iter_mut().find(|entry| entry.credential.id() == id) {
            Some(entry) => {
                entry.credential = entry.credential.renewed(secret);
                entry.health = Health::Ready;
                true
            }
            None => false,
        }
    }

    /// Every key and how it fares, in the order given: for a status page.
    pub fn states(&self) -> Vec<(Credential, KeyState)> {
        let now = self.clock.now();
        lock(&self.state)
            .entries
            .iter()
            .map(|entry| {
                let state = match entry.health {
                    Health::Dead => KeyState::Dead,
                    Health::RestsUntil(end) if end > now => KeyState::Resting(end - now),
                    _ => KeyState::Ready,
                };
                (entry.credential.clone(), state)
            })
            .collect()
    }
}

impl CredentialPool for KeyRing {
    fn provider(&self) -> &str {
        &self.provider
    }

    fn select(&self, tried: &Tried<'_>) -> Option<Credential> {
        let now = self.clock.now();
        let state = &mut *lock(&self.state);
        let usable = |entry: &Entry| entry.is_fit(now) && !tried.contains(&entry.credential);
        let index = match self.strategy {
            Strategy::FillFirst => state.entries.iter().position(usable),
            Strategy::RoundRobin => {
                let len = state.entries.len();
                let turn = state.turn;
                (0..len).map(|step| (turn + step) % len).find(|&index| usable(&state.entries[index]))
            }
            Strategy::Random(_) => {
                let count = state.entries.iter().filter(|entry| usable(entry)).count();
                // `max`: with none usable, `nth` finds none either.
                let pick = state.random.next() % count.max(1) as u64;
                let usable = (0..state.entries.len()).filter(|&index| usable(&state.entries[index]));
                usable.into_iter().nth(pick as usize)
            }
            Strategy::LeastUsed => (0..state.entries.len())
                .filter(|&index| usable(&state.entries[index]))
                .min_by_key(|&index| state.entries[index].uses),
        }?;
        state.turn = index + 1;
        let entry = &mut state.entries[index];
        entry.uses += 1;
        Some(entry.credential.clone())
    }

    fn refused(&self, sent: &Credential, failure: &Failure) {
        let now = self.clock.now();
        let state = &mut *lock(&self.state);
        if failure.class() == Class::Revoked {
            for entry in siblings(&mut state.entries, sent) {
                entry.health = Health::Dead;
            }
            return;
        }
        let sole = state.is_sole(sent);
        let health = Health::RestsUntil(now + rest(failure, sole));
        for entry in siblings(&mut state.entries, sent) {
            if entry.health != Health::Dead {
                entry.health = health;
            }
        }
    }

    fn accepted(&self, sent: &Credential) {
        let state = &mut *lock(&self.state);
        for entry in siblings(&mut state.entries, sent) {
            // The answer may be older than the revocation: only a new secret revives the dead.
            if entry.health != Health::Dead {
                entry.health = Health::Ready;
            }
        }
    }

    fn renewed(&self, fresh: &Credential) {
        if fresh.provider() == self.provider {
            self.replace(fresh.id(), fresh.expose_secret());
        }
    }

    fn is_sole(&self, credential: &Credential) -> bool {
        lock(&self.state).is_sole(credential)
    }

    fn ready_in(&self) -> Option<Duration> {
        let now = self.clock.now();
        let state = lock(&self.state);
        let ends = state.entries.iter().filter_map(|entry| match entry.health {
            Health::RestsUntil(end) if end > now => Some(end - now),
            _ => None,
        });
        ends.min()
    }
}

/// All entries that hold the secret that was sent. An entry renewed since then is none of them.
fn siblings<'e>(entries: &'e mut [Entry], sent: &'e Credential) -> impl Iterator<Item = &'e mut Entry> {
    entries.iter_mut().filter(move |entry| entry.credential.is_same_secret(sent))
}

fn rest(failure: &Failure, sole: bool) -> Duration {
    // A reset that has passed already says nothing about how long.
    if let Some(asked) = failure.retry_after().filter(|asked| *asked > Duration::from_secs(0)) {
        return asked.min(LONGEST_REST);
    }
    let usual = match (failure.class(), failure.status()) {
        (Class::Auth, status) if status != Some(403) => REST_AFTER_401,
        _ => REST_OTHERWISE,
    };
    if sole && failure.class() != Class::Billing {
        usual.min(LONGEST_REST_OF_A_SOLE_KEY)
    } else {
        usual
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("provider", &self.provider)
            .field("strategy", &self.strategy)
            .field("states", &self.states())
            .finish()
    }
}
