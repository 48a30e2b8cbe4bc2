//! What the attempted operation answers while a site runs.

/// A hypothesis about the attempted operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// It succeeds.
    Success,
    /// The key is dead: 401 every time.
    DeadKey,
    /// The key is refused with 403 every time.
    Forbidden,
    /// 429 every time.
    RateLimited,
    /// 503 every time.
    ServerError,
}

impl Scenario {
    /// The status that the operation fails with; `None` where it succeeds.
    pub fn status(self) -> Option<u16> {
        match self {
            Scenario::Success => None,
            Scenario::DeadKey => Some(401),
            Scenario::Forbidden => Some(403),
            Scenario::RateLimited => Some(429),
            Scenario::ServerError => Some(503),
        }
    }
}
