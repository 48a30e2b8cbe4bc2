//! What a site does in the scenarios beyond a plain dead key: those in which it could recover, and those in which it
//! must not give up.

use crate::engine::lab::Lab;
use crate::engine::scenario::Scenario;
use crate::engine::site::{ALLOWED, Facts, Shown};
use crate::engine::trace::Exit;
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
        let weighed = |scenario, mut shown: Shown| {
            shown.swayed = lab.is_swayed(scenario, &shown);
            shown
        };
        let or_dead = |scenario, is: bool, run: &dyn Fn(Scenario) -> Shown| {
            if is { weighed(scenario, run(scenario)) } else { dead.clone() }
        };
        let seek = |scenario| lab.seek(scenario, dead);
        let as_dead = |scenario| dead.with(lab.run(scenario, dead.forced(), None));
        Scenes {
            transient: or_dead(Scenario::TransientAuth, true, &seek),
            stale: or_dead(Scenario::StaleToken, heals, &seek),
            dead_refresh: or_dead(Scenario::DeadRefresh, heals, &as_dead),
            room: or_dead(Scenario::PoolWithRoom, pools, &seek),
            exhausted: or_dead(Scenario::PoolExhausted, pools, &as_dead),
            limited: weighed(Scenario::RateLimited, lab.furthest(Scenario::RateLimited)),
            server: weighed(Scenario::ServerError, lab.furthest(Scenario::ServerError)),
        }
    }
}

/// What a run shows, in a word.
fn behaviour(shown: &Shown) -> Behaviour {
    let run = &shown.run;
    if shown.is_event_driven() || !shown.open.is_empty() {
        return Behaviour::Undecided;
    }
    match run.exit {
        Exit::Budget | Exit::Unreached => Behaviour::Undecided,
        _ if run.recovered => Behaviour::Recovers,
        Exit::Going => Behaviour::Burns,
        // The credentials of a pool are tried one by one.
        Exit::Left if run.is_auth() && run.attempts > ALLOWED * (run.rotations + 1) => Behaviour::Burns,
        Exit::Left if shown.swayed => Behaviour::Undecided,
        Exit::Left => Behaviour::Stops,
    }
}

/// The behaviour of a site in every scenario, in the order in which they are shown; `None` where nothing shows that it
/// sends a credential.
pub fn behaviours(facts: &Facts) -> Option<[(&'static str, Behaviour); 8]> {
    let scenes = facts.scenes.as_ref()?;
    Some([
        ("dead-key", behaviour(&facts.dead)),
        ("forbidden", behaviour(&facts.forbidden)),
        ("transient-auth", behaviour(&scenes.transient)),
        ("stale-token", behaviour(&scenes.stale)),
        ("pool-with-room", behaviour(&scenes.room)),
        ("pool-exhausted", behaviour(&scenes.exhausted)),
        ("rate-limited", behaviour(&scenes.limited)),
        ("server-error", behaviour(&scenes.server)),
    ])
}
