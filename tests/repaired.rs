//! The agent in `fixtures`, repaired by the tool, built, and run against its provider: six requests become one, or two
//! with `failfast`, which tries once more.
//!
//! The copy is built with the lock file of the fixture, in a folder that later runs use again.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use support::{copy, repository};
use tempfile::TempDir;

/// What `bad/tests/scenarios.rs` says of the agent as it is, for the repaired one.
const SCENARIOS: &str = r#"
use std::time::Duration;

use agent_bad::{AgentError, Clock, Config, Conversation};
use agent_server::{Scenario, Server};

/// Requests, seconds waited, and the status that the turn ended with.
async fn play(scenario: Scenario) -> (usize, Duration, Option<u16>) {
    let server = Server::start(scenario.script()).unwrap();
    let config = Config { base_url: server.base_url(), api_keys: scenario.keys(), ..Config::default() };
    let mut conversation = Conversation::new(config, Clock::scaled(0.0).unwrap()).unwrap();
    let status = match conversation.turn("Hello?").await {
        Ok(_) => None,
        Err(AgentError::Api { status, .. }) => Some(status.as_u16()),
        Err(other) => panic!("{scenario}: {other}"),
    };
    (server.chat_requests().len(), conversation.clock().slept(), status)
}

#[tokio::test]
async fn what_can_pass_is_waited_out_as_before() {
    assert_eq!(play(Scenario::RateLimited).await, (6, Duration::from_secs(5 * 7), Some(429)));
    assert_eq!(play(Scenario::ServerError).await, (6, Duration::from_secs(155), Some(503)));
    assert_eq!(play(Scenario::Success).await, (1, Duration::ZERO, None));
}
"#;

/// A dead key costs one request and no wait.
const INLINE: &str = "
#[tokio::test]
async fn a_dead_key_costs_one_request_and_no_wait() {
    assert_eq!(play(Scenario::DeadKey).await, (1, Duration::ZERO, Some(401)));
    assert_eq!(play(Scenario::DeadKey403).await, (1, Duration::ZERO, Some(403)));
}
";

/// A dead key costs two requests and no wait.
const RUNTIME: &str = "
#[tokio::test]
async fn a_dead_key_costs_two_requests_and_no_wait() {
    assert_eq!(play(Scenario::DeadKey).await, (2, Duration::ZERO, Some(401)));
    assert_eq!(play(Scenario::DeadKey403).await, (2, Duration::ZERO, Some(403)));
}

#[tokio::test]
async fn a_single_refusal_passes_without_a_wait() {
    assert_eq!(play(Scenario::TransientAuth).await, (2, Duration::ZERO, None));
}
";

/// With a pool of keys each is asked, and the last one twice.
const POOL: &str = "
#[tokio::test]
async fn the_keys_of_the_pool_are_tried_in_turn() {
    assert_eq!(play(Scenario::PoolWithRoom).await, (2, Duration::ZERO, None));
    assert_eq!(play(Scenario::PoolExhausted).await, (3, Duration::ZERO, Some(401)));
}
";

fn run(command: &mut Command) -> (bool, String) {
    let out = command.output().expect("the program starts");
    let text = [out.stdout, out.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (out.status.success(), text.concat())
}

/// A copy of the agent's workspace. Cargo does not tell one copy from another in a target folder, so there is one at a
/// time.
struct Agent {
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Agent {
    fn new() -> Agent {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = TempDir::new().expect("a temporary folder");
        copy(&repository("fixtures/agent"), folder.path());
        Agent { folder, _alone: alone }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Builds the copy where earlier runs have built most of it.
fn cargo(program: &str, agent: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("agent")).current_dir(agent);
    command
}

/// Repairs the agent.
fn fix(agent: &Path, args: &[&str]) {
    let mut command = cargo(env!("CARGO_BIN_EXE_retrylint"), agent);
    let (fixed, said) = run(command.args(["fix", "bad", "--allow-no-vcs", "--verify"]).args(args));
    assert!(fixed && said.contains("fixed 1, 0 with an unsafe fix, 0 not fixable"), "{said}");
}

/// Runs the tests on the repaired agent, instead of those on the agent as it was.
fn play(agent: &Path, tests: &[&str]) {
    fs::remove_dir_all(agent.join("bad/tests")).expect("the copy can be changed");
    fs::create_dir(agent.join("bad/tests")).expect("the copy can be changed");
    fs::write(agent.join("bad/tests/repaired.rs"), tests.concat()).expect("the copy can be changed");
    let mut command = cargo(env!("CARGO"), agent);
    let (passed, said) = run(command.args(["test", "--quiet", "-p", "agent-bad", "--test", "repaired"]));
    assert!(passed, "{said}");
}

#[test]
fn the_repaired_agent_stops_at_a_dead_key_and_waits_for_what_can_pass() {
    let agent = Agent::new();
    let agent = agent.path();
    fix(agent, &[]);
    play(agent, &[SCENARIOS, INLINE]);
}

#[test]
fn the_agent_repaired_with_failfast_tries_once_more_and_stops() {
    let agent = Agent::new();
    let agent = agent.path();
    fix(agent, &["--style", "runtime"]);
    let read = |path: &str| fs::read_to_string(agent.join(path)).expect("the file is there");
    assert!(read("Cargo.toml").contains("members = [\"bad\", \"good\", \"server\", \"failfast\"]"));
    assert!(read("bad/Cargo.toml").contains("failfast = { workspace = true, features = [\"reqwest\"] }\nlog"));
    play(agent, &[SCENARIOS, RUNTIME]);
}

#[test]
fn an_agent_with_several_keys_goes_on_to_the_next_one() {
    let agent = Agent::new();
    let agent = agent.path();
    let change = |path: &str, from: &str, to: &str| {
        let path = agent.join(path);
        let text = fs::read_to_string(&path).expect("the file is there");
        assert_eq!(text.matches(from).count(), 1, "{from}");
        fs::write(&path, text.replace(from, to)).expect("the copy can be changed");
    };
    let use_key = "    /// Sends this key from now on.
    pub fn use_key(&mut self, key: String) {
        self.api_key = key;
    }

    async fn api_error(";
    change("bad/src/client.rs", "    async fn api_error(", use_key);
    let pool = "/// The keys, and which one is in use.
struct KeyPool {
    keys: Vec<String>,
    used: usize,
}

impl KeyPool {
    fn next_key(&mut self) -> Option<String> {
        self.used += 1;
        self.keys.get(self.used).cloned()
    }
}

/// A conversation with one model.
";
    let conversation = "bad/src/conversation.rs";
    change(conversation, "/// A conversation with one model.\n", pool);
    change(conversation, "    client: LlmClient,\n", "    client: LlmClient,\n    pool: KeyPool,\n");
    let filled = "            pool: KeyPool { keys: config.api_keys.clone(), used: 0 },\n            config,\n";
    change(conversation, "            config,\n", filled);
    let rotates = "            let classified = classify(&err);
            if classified.reason == Reason::Auth
                && let Some(key) = self.pool.next_key()
            {
                warn!(\"{err}; going on with the next key\");
                self.client.use_key(key);
                continue;
            }
";
    change(conversation, "            let classified = classify(&err);\n", rotates);
    change(conversation, "use crate::classify::classify;", "use crate::classify::{Reason, classify};");
    fix(agent, &["--style", "runtime"]);
    play(agent, &[SCENARIOS, RUNTIME, POOL]);
}

#[test]
fn a_repair_that_does_not_compile_is_taken_back() {
    const LOOP: &str = "pub fn call(client: &reqwest::Client, api_key: &str) -> Result<(), reqwest::Error> {
    let mut attempt = 0;
    loop {
        match client.get(\"https://api.example.com\").bearer_auth(api_key).send().and_then(|response| response.error_for_status()) {
            Ok(_) => return Ok(()),
            Err(error) if attempt > 4 => return Err(error),
            Err(_) => {
                attempt += 1;
                std::thread::sleep(std::time::Duration::from_secs(attempt));
            }
        }
    }
}
";
    // A crate by the name of reqwest, whose errors have no status: nothing in the text of the loop tells.
    const STUB: &str = "pub struct Client;
pub struct Error;
impl Client {
    pub fn get(&self, _: &str) -> Self { Client }
    pub fn bearer_auth(self, _: &str) -> Self { self }
    pub fn send(self) -> Result<Response, Error> { Err(Error) }
}
pub struct Response;
impl Response {
    pub fn error_for_status(self) -> Result<Response, Error> { Err(Error) }
}
";
    let folder = TempDir::new().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    };
    let manifest = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{rest}")
    };
    let agent = manifest("agent", "[dependencies]\nreqwest = \"0.1.0\"\n");
    write("Cargo.toml", &agent);
    write(".cargo/config.toml", "[source.crates-io]\nreplace-with = \"stub\"\n[source.stub]\ndirectory = \"stub\"\n");
    write("stub/reqwest/Cargo.toml", &manifest("reqwest", ""));
    write("stub/reqwest/.cargo-checksum.json", "{\"files\":{}}");
    write("stub/reqwest/src/lib.rs", STUB);
    write("src/lib.rs", LOOP);
    let before = names(folder.path());
    for style in ["inline", "runtime"] {
        let (passed, said) = run(Command::new(env!("CARGO_BIN_EXE_retrylint"))
            .args(["fix", "src", "--allow-no-vcs", "--unsafe-fixes", "--verify", "--style", style])
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("stub"))
            .current_dir(folder.path()));
        let told = "src/lib.rs is as it was: its repair does not compile: error[E0599]";
        assert!(!passed && said.contains(told), "{style}: {said}");
        let read = |path: &str| fs::read_to_string(folder.path().join(path)).expect("the file is there");
        assert_eq!((read("src/lib.rs").as_str(), read("Cargo.toml")), (LOOP, agent.clone()), "{style}");
        let after: Vec<_> = names(folder.path()).into_iter().filter(|name| name != "Cargo.lock").collect();
        assert_eq!(after, before, "{style}");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a readable folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
