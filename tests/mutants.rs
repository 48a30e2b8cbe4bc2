//! The repaired agent of `fixtures/agent/good`, and what becomes of it with one thing broken: the agent passes every
//! scenario, and every mutant is reported by exactly the rule that it is for.

mod support;

use std::path::Path;

use serde_json::Value;
use support::quote;
use support::repository;
use tempfile::TempDir;

const AGENT: &str = "fixtures/agent/good";
const LOOP: &str = "src/conversation.rs";

/// One change of the agent's code. The text that is replaced stands there once.
struct Mutant {
    name: &'static str,
    rule: &'static str,
    changes: &'static [(&'static str, &'static str, &'static str)],
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "the flag of the refresh is declared in the loop",
        rule: "one-shot-reset",
        changes: &[
            (LOOP, "        let mut refresh_tried = false;\n", ""),
            (LOOP, "        loop {\n", "        loop {\n            let mut refresh_tried = false;\n"),
        ],
    },
    Mutant {
        name: "the flag of the fresh connection is declared in the loop",
        rule: "one-shot-reset",
        changes: &[
            (LOOP, "        let mut fresh_connection_tried = false;\n", ""),
            (LOOP, "        loop {\n", "        loop {\n            let mut fresh_connection_tried = false;\n"),
        ],
    },
    Mutant {
        name: "the flag of the refresh is set back after it",
        rule: "one-shot-reset",
        changes: &[(
            LOOP,
            "credential = self.pool.renew(&credential, token);\n",
            "credential = self.pool.renew(&credential, token);\n                            refresh_tried = false;\n",
        )],
    },
    Mutant {
        name: "nothing sets the flag of the refresh",
        rule: "one-shot-never-set",
        changes: &[(LOOP, "                    refresh_tried = true;\n", "")],
    },
    Mutant {
        name: "nothing sets the flag of the fresh connection",
        rule: "one-shot-never-set",
        changes: &[(LOOP, "                    fresh_connection_tried = true;\n", "")],
    },
    Mutant {
        name: "the gate is open to everything that can be retried",
        rule: "one-shot-too-wide",
        changes: &[(
            LOOP,
            "if classified.reason == Reason::Auth {",
            "if classified.reason == Reason::Auth || classified.retryable {",
        )],
    },
    Mutant {
        name: "the pool forgets what was rejected",
        rule: "rotation-unchecked",
        changes: &[("src/pool.rs", "        self.rejected.insert(sent.id);\n", "")],
    },
    Mutant {
        name: "nobody checks whether the pool has another credential",
        rule: "rotation-unchecked",
        changes: &[(
            LOOP,
            "if let Some(next) = self.pool.rotate(&credential) {",
            "{\n                    let next = self.pool.rotate(&credential).unwrap_or_else(|| credential.clone());",
        )],
    },
    Mutant {
        name: "the pool is rotated and not asked",
        rule: "rotation-unchecked",
        changes: &[(
            LOOP,
            "if let Some(next) = self.pool.rotate(&credential) {",
            "self.pool.rotate(&credential);\n                if let Some(next) = self.pool.begin_turn() {",
        )],
    },
    Mutant {
        name: "every failure sleeps before the pool is asked",
        rule: "backoff-before-rotate",
        changes: &[(
            LOOP,
            "                if let Some(next) = self.pool.rotate(&credential) {",
            "                self.clock.sleep(backoff::delay(1)).await;\n                if let Some(next) = self.pool.rotate(&credential) {",
        )],
    },
    Mutant {
        name: "the refresh has no flag",
        rule: "refresh-unbounded",
        changes: &[(LOOP, "                    && !refresh_tried\n", "")],
    },
    Mutant {
        name: "the arm that gives up comes first",
        rule: "refresh-after-abort",
        changes: &[(
            LOOP,
            "            if classified.reason == Reason::Auth {",
            "            if !classified.retryable {\n                return Err(err);\n            }\n            if classified.reason == Reason::Auth {",
        )],
    },
    Mutant {
        name: "the final error has no model",
        rule: "abort-loses-context",
        changes: &[("src/abort.rs", "model: last.model().to_owned(),", "model: String::new(),")],
    },
    Mutant {
        name: "the final error has no status",
        rule: "abort-loses-context",
        changes: &[("src/abort.rs", "status: last.status(),", "status: None,")],
    },
    Mutant {
        name: "the final error has no provider",
        rule: "abort-loses-context",
        changes: &[("src/abort.rs", "provider: last.provider().to_owned(),", "provider: String::new(),")],
    },
    Mutant {
        name: "the final error says nothing where the provider said nothing",
        rule: "abort-loses-context",
        changes: &[(
            "src/abort.rs",
            "        if message.is_empty() {\n            message = NO_MESSAGE.to_owned();\n        }\n",
            "",
        )],
    },
    Mutant {
        name: "it sleeps before it gives up",
        rule: "sleep-before-abort",
        changes: &[(
            LOOP,
            "                return Err(AuthPermanent::upgrade",
            "                self.clock.sleep(backoff::delay(3)).await;\n                return Err(AuthPermanent::upgrade",
        )],
    },
    Mutant {
        name: "the retry after a refresh says nothing",
        rule: "silent-auth-retry",
        changes: &[(LOOP, "                            info!(\"{err}; the token was renewed\");\n", "")],
    },
];

fn agent() -> TempDir {
    let dir = TempDir::new().expect("a temporary folder");
    let to = dir.path();
    std::fs::create_dir(to.join("src")).expect("a new folder");
    std::fs::copy(repository(AGENT).join("Cargo.toml"), to.join("Cargo.toml")).expect("the agent has a manifest");
    for file in std::fs::read_dir(repository(AGENT).join("src")).expect("the agent has sources") {
        let from = file.expect("an entry").path();
        std::fs::copy(&from, to.join("src").join(from.file_name().expect("a file name")))
            .expect("a file can be copied");
    }
    dir
}

fn change(dir: &Path, file: &str, old: &str, new: &str) {
    let path = dir.join(file);
    let text = std::fs::read_to_string(&path).expect("the file is there");
    assert_eq!(text.matches(old).count(), 1, "this stands once in {file}: {old}");
    std::fs::write(path, text.replace(old, new)).expect("the file can be written");
}

fn json(command: &str, dir: &Path) -> Value {
    let dir = dir.to_str().expect("a path in UTF-8");
    let (out, _) = quote::run(&[command, dir, "--format", "json"]);
    serde_json::from_str(&out).unwrap_or_else(|e| panic!("{command} prints no JSON: {e}\n{out}"))
}

fn rules(dir: &Path) -> Vec<String> {
    let report = json("check", dir);
    let findings = report["findings"].as_array().expect("findings are a list");
    findings.iter().map(|f| f["rule"].as_str().expect("a rule has a name").to_owned()).collect()
}

/// The agent's one loop; its policies are sites of their own.
fn the_loop(report: &Value) -> &Value {
    let sites = report["sites"].as_array().expect("sites are a list");
    let loops: Vec<&Value> = sites.iter().filter(|site| site["kind"] == "loop").collect();
    assert_eq!(loops.len(), 1, "the agent has one loop");
    loops[0]
}

#[test]
fn the_repaired_agent_passes_every_scenario() {
    let dir = agent();
    assert_eq!(rules(dir.path()), Vec::<String>::new());
    let report = json("sites", dir.path());
    let site = the_loop(&report);
    let scenarios = site["scenarios"].as_object().expect("scenarios are an object");
    let shown: Vec<(&str, &str)> = scenarios.iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap_or(""))).collect();
    for expected in [
        ("dead-key", "stops"),
        ("forbidden", "stops"),
        ("transient-auth", "recovers"),
        ("stale-token", "recovers"),
        ("pool-with-room", "recovers"),
        ("pool-exhausted", "stops"),
        ("rate-limited", "stops"),
        ("server-error", "stops"),
    ] {
        assert!(shown.contains(&expected), "{expected:?} is not among {shown:?}");
    }
}

#[test]
fn the_broken_agent_fails_where_it_is_broken() {
    let report = json("sites", &repository("fixtures/agent/bad"));
    let scenarios = &the_loop(&report)["scenarios"];
    for burning in ["dead-key", "forbidden", "stale-token", "pool-with-room", "pool-exhausted"] {
        assert_eq!(scenarios[burning], "burns", "{burning}");
    }
    assert_eq!(scenarios["transient-auth"], "recovers");
    assert_eq!(scenarios["rate-limited"], "stops");
}

#[test]
fn every_mutant_is_reported_by_its_rule_and_no_other() {
    let mut wrong = Vec::new();
    for mutant in MUTANTS {
        let dir = agent();
        for (file, old, new) in mutant.changes {
            change(dir.path(), file, old, new);
        }
        let found = rules(dir.path());
        if found != [mutant.rule] {
            wrong.push(format!("{}: expected {}, found {found:?}", mutant.name, mutant.rule));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
