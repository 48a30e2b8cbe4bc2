//! What the attempted operation answers while a site runs.

/// A hypothesis about the attempted operation, and about what the code does to heal it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// It succeeds.
    Success,
    /// The key is dead: 401 every time, also after a refresh.
    DeadKey,
    /// The key is refused with 403 every time.
    Forbidden,
    /// 401 once, then success.
    TransientAuth,
    /// 401 until the code refreshes its token, then success.
    StaleToken,
    /// 401 every time, and a refresh fails too.
    DeadRefresh,
    /// 401 for this credential, success for the next one that the pool hands out.
    PoolWithRoom,
    /// 401 for every credential; the pool hands out [`SPARE`] others and then none.
    PoolExhausted,
    /// 429 every time.
    RateLimited,
    /// 503 every time.
    ServerError,
}

/// Credentials that an exhausted pool still hands out before it has none.
pub const SPARE: u32 = 2;

impl Scenario {
    /// The status that the operation fails with when it fails; `None` where it never does.
    pub fn status(self) -> Option<u16> {
        match self {
            Scenario::Success => None,
            Scenario::DeadKey
            | Scenario::TransientAuth
            | Scenario::StaleToken
            | Scenario::DeadRefresh
            | Scenario::PoolWithRoom
            | Scenario::PoolExhausted => Some(401),
            Scenario::Forbidden => Some(403),
            Scenario::RateLimited => Some(429),
            Scenario::ServerError => Some(503),
        }
    }

    /// What the operation answers at an attempt, after so many attempts, refreshes and rotations; `None` is success.
    pub fn answer(self, done: Done) -> Option<u16> {
        let healed = match self {
            Scenario::TransientAuth => done.attempts > 1,
            Scenario::StaleToken => done.refreshes > 0,
            Scenario::PoolWithRoom => done.rotations > 0,
            _ => false,
        };
        if healed { None } else { self.status() }
    }

    /// How many credentials a pool has in all.
    pub fn stock(self) -> u32 {
        match self {
            Scenario::PoolWithRoom => 2,
            Scenario::PoolExhausted => 1 + SPARE,
            _ => 1,
        }
    }

    /// Whether a pool that has handed out so many other credentials has one more.
    pub fn has_spare(self, rotations: u32) -> bool {
        match self {
            Scenario::PoolWithRoom => rotations == 0,
            Scenario::PoolExhausted => rotations < SPARE,
            _ => false,
        }
    }
}

/// What a run has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Attempts begun, this one included.
    pub attempts: u32,
    /// Refreshes that handed out something new.
    pub refreshes: u32,
    /// Other credentials handed out by a pool.
    pub rotations: u32,
}
