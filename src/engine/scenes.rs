//! What a site does in the scenarios beyond a plain dead key: those in which it could recover, and those in which it
//! must not give up.

use crate::engine::lab::Lab;
use crate::engine::scenario::Scenario;
use crate::engine::site::{ALLOWED, Facts, Shown};
use crate::engine::trace::{Exit, Run};
use crate::finding::Behaviour;

/// The further runs of a site.
#[derive(Clone, Debug)]
pub struct Scenes {
    /// 401 once, then success.
    pub transient: Shown,
    /// 401 until a refresh. Where the site refreshes nothing, this is the run on a dead key.
    pub stale: Shown,
    /// 401, and a refresh fails. The same.
    pub dead_refresh: Shown,
    /// 401 until a rotation. Where the site has no pool, this is the run on a dead key.
    pub room: Shown,
    /// 401 from every credential of a pool. The same.
    pub exhausted: Shown,
    /// 429 every time.
    pub limited: Shown,
    /// 503 every time.
    pub server: Shown,
}

impl Scenes {
    /// Runs them.
    pub(super) fn of(lab: &Lab<'_, '_>, dead: &Shown) -> Scenes {
        let heals = lab.refreshes(dead);
        let pools = lab.rotates(dead);
        let or_dead = |scenario, is: bool| if is { lab.seek(scenario, dead) } else { dead.clone() };
        let as_dead = |scenario, is: bool| {
            if is { dead.with(lab.run(scenario, dead.forced(), None)) } else { dead.clone() }
        };
        Scenes {
            transient: lab.seek(Scenario::TransientAuth, dead),
            stale: or_dead(Scenario::StaleToken, heals),
            dead_refresh: as_dead(Scenario::DeadRefresh, heals),
            room: or_dead(Scenario::PoolWithRoom, pools),
            exhausted: as_dead(Scenario::PoolExhausted, pools),
            limited: lab.furthest(Scenario::RateLimited),
            server: lab.furthest(Scenario::ServerError),
        }
    }
}

/// What a run shows, in a word.
pub fn behaviour(run: &Run) -> Behaviour {
    let last_asked = run.decisions.iter().any(|d| d.tainted && !d.in_attempt && d.attempts == run.attempts);
    match run.exit {
        Exit::Budget | Exit::Unreached => Behaviour::Undecided,
        _ if run.recovered => Behaviour::Recovers,
        Exit::Going => Behaviour::Burns,
        // The credentials of a pool are tried one by one.
        Exit::Left if run.is_auth() && run.attempts > ALLOWED * (run.rotations + 1) => Behaviour::Burns,
        Exit::Left if last_asked => Behaviour::Undecided,
        Exit::Left => Behaviour::Stops,
    }
}

/// The behaviour of a site in every scenario, in the order in which they are shown; `None` where nothing shows that it
/// sends a credential.
pub fn behaviours(facts: &Facts) -> Option<[(&'static str, Behaviour); 8]> {
    let scenes = facts.scenes.as_ref()?;
    let shown = |shown: &Shown| {
        if shown.is_event_driven() || !shown.open.is_empty() { Behaviour::Undecided } else { behaviour(&shown.run) }
    };
    Some([
        ("dead-key", shown(&facts.dead)),
        ("forbidden", shown(&facts.forbidden)),
        ("transient-auth", shown(&scenes.transient)),
        ("stale-token", shown(&scenes.stale)),
        ("pool-with-room", shown(&scenes.room)),
        ("pool-exhausted", shown(&scenes.exhausted)),
        ("rate-limited", shown(&scenes.limited)),
        ("server-error", shown(&scenes.server)),
    ])
}
