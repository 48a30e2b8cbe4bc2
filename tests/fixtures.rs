//! `retrylint check` on the whole agents in `fixtures`: the broken one is reported, the repaired one is not.

mod support;

use serde_json::Value;
use support::quote;

fn json(args: &[&str]) -> (Value, Option<i32>) {
    let (out, code) = quote::run(args);
    (serde_json::from_str(&out).unwrap_or_else(|e| panic!("{args:?} prints no JSON: {e}\n{out}")), code)
}

#[test]
fn the_bad_agent_is_reported_once_with_its_cost() {
    let (report, code) = json(&["check", "fixtures/agent", "--format", "json"]);
    let findings = report["findings"].as_array().expect("findings are a list");
    assert_eq!(findings.len(), 1, "one loop of the two agents burns the key: {findings:#?}");
    let finding = &findings[0];
    assert_eq!(finding["rule"], "auth-backoff");
    assert_eq!(finding["level"], "deny");
    assert_eq!(finding["path"], "fixtures/agent/bad/src/conversation.rs");
    assert_eq!(finding["attempts"], 6);
    assert_eq!(finding["slept_seconds"], 155.0);
    assert_eq!(finding["slept_seconds_least"], 155.0);
    assert_eq!(finding["slept_partial"], false);
    assert_eq!(code, Some(1));
}

#[test]
fn the_witness_goes_through_the_classifier() {
    let (report, _) = json(&["check", "fixtures/agent/bad", "--format", "json"]);
    let finding = &report["findings"][0];
    let steps: Vec<(&str, &str)> = finding["witness"]
        .as_array()
        .expect("a witness is a list")
        .iter()
        .map(|step| (step["role"].as_str().expect("a role"), step["path"].as_str().expect("a path")))
        .collect();
    let conversation = "fixtures/agent/bad/src/conversation.rs";
    assert_eq!(steps.first(), Some(&("attempt", conversation)));
    assert!(steps.contains(&("test", "fixtures/agent/bad/src/classify.rs")), "{steps:?}");
    assert!(steps.contains(&("delay", conversation)), "{steps:?}");
    assert_eq!(steps.last(), Some(&("back-edge", conversation)));
    let sites: Vec<(&Value, &Value)> = finding["sites"]
        .as_array()
        .expect("sites are a list")
        .iter()
        .map(|site| (&site["kind"], &site["path"]))
        .collect();
    assert_eq!(sites[0], (&"loop".into(), &conversation.into()));
    assert!(
        sites.contains(&(&"policy".into(), &"fixtures/agent/bad/src/classify.rs".into())),
        "the classifier decided, so the finding speaks for it too: {sites:?}"
    );
}

#[test]
fn the_good_agent_is_clean_and_its_loop_is_seen_to_stop() {
    let (report, code) = json(&["check", "fixtures/agent/good", "--format", "json", "--pedantic"]);
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    assert_eq!(code, Some(0));
    let (report, _) = json(&["sites", "fixtures/agent/good", "--format", "json"]);
    let sites = report["sites"].as_array().expect("sites are a list");
    let turn = sites.iter().find(|site| site["path"] == "fixtures/agent/good/src/conversation.rs");
    let turn = turn.unwrap_or_else(|| panic!("the conversation's loop is not among the sites: {sites:#?}"));
    assert_eq!(turn["verdict"], "stops");
    assert_eq!(turn["slept_seconds"], 0.0);
}

#[test]
fn the_readme_shows_what_is_printed() {
    quote::check_console("README.md");
}

#[test]
fn the_page_on_failfast_shows_what_is_printed() {
    quote::check_console("docs/failfast.md");
}
