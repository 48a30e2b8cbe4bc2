//! `retrylint check` on calls of retry libraries and on policies of clients. `fixtures/libraries` holds one module per
//! library, which `.ci/run` compiles against the real crates, and `fixtures/heavy-libraries` one per cloud client, which
//! `.ci/heavy-libraries.sh` compiles; here both are only read.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{files, quote, read, stem};

const FOLDERS: [&str; 2] = ["fixtures/libraries", "fixtures/heavy-libraries"];
const MARK: &str = "//~ ";

/// Path, line of the attempt and rule.
type Reported = (String, u64, String);

fn json(args: &[&str]) -> Value {
    let (out, _) = quote::run(args);
    serde_json::from_str(&out).unwrap_or_else(|e| panic!("{args:?} prints no JSON: {e}\n{out}"))
}

fn marked(folder: &str) -> BTreeSet<Reported> {
    let mut out = BTreeSet::new();
    for file in files(&format!("{folder}/src"), "rs") {
        let path = format!("{folder}/src/{}.rs", stem(&file));
        for (line, text) in (1..).zip(read(&path).lines()) {
            if let Some((_, rule)) = text.split_once(MARK) {
                out.insert((path.clone(), line, rule.to_owned()));
            }
        }
    }
    out
}

fn reported(folder: &str) -> BTreeSet<Reported> {
    let report = json(&["check", folder, "--format", "json"]);
    report["findings"]
        .as_array()
        .expect("findings are a list")
        .iter()
        .map(|finding| {
            let attempt = &finding["witness"][0];
            let path = attempt["path"].as_str().expect("a path").to_owned();
            (path, attempt["line"].as_u64().expect("a line"), finding["rule"].as_str().expect("a rule").to_owned())
        })
        .collect()
}

#[test]
fn every_library_is_reported_where_it_says_and_nowhere_else() {
    for folder in FOLDERS {
        let (marked, reported) = (marked(folder), reported(folder));
        assert!(!marked.is_empty(), "{folder} marks nothing");
        let missing: Vec<&Reported> = marked.difference(&reported).collect();
        let noisy: Vec<&Reported> = reported.difference(&marked).collect();
        assert!(missing.is_empty() && noisy.is_empty(), "{folder}: missing: {missing:#?}\nnoisy: {noisy:#?}");
    }
}

/// The site in a function.
fn site<'s>(sites: &'s [Value], function: &str) -> &'s Value {
    sites
        .iter()
        .find(|site| site["function"] == function)
        .unwrap_or_else(|| panic!("no site stands in `{function}`: {sites:#?}"))
}

#[test]
fn schedules_are_evaluated_with_the_defaults_of_the_libraries() {
    let report = json(&["sites", "fixtures/libraries", "--format", "json"]);
    let sites = report["sites"].as_array().expect("sites are a list");
    for (function, attempts, least, most) in [
        // 1 + 2 + 4
        ("backon::no_predicate", 4, 7.0, 7.0),
        // 2 + 4 + 8 + 16 + 32
        ("backon::a_variable", 6, 62.0, 62.0),
        // up to twice 1 + 2 + 4
        ("backon::a_predicate_that_lets_it_through", 4, 7.0, 14.0),
        ("backon::blocking_without_predicate", 4, 15.0, 15.0),
        // 1 + 1.5 + 2.25 + .. within 30 s
        ("backoff::question_mark_blocking", 7, 20.78125, 20.78125),
        // 1 + 10 + 100 + 1000, any part of it
        ("tokio_retry::every_error", 5, 0.0, 1111.0),
        // 0.2 + 0.2 + 0.4 + 0.6 + 1
        ("tokio_retry::an_action_and_a_condition", 6, 2.4, 2.4),
        // 2 + 4 + 6 + 8
        ("tokio_retry2::a_condition_that_lets_it_through", 5, 20.0, 20.0),
        // 1 + 2 + 4 + 8 + 16
        ("again::every_error", 6, 31.0, 31.0),
        // 0.5 + 1 + 2 + 3 + 3
        ("tryhard::every_error", 6, 9.5, 9.5),
        // 1 + 2 + 3 + 4
        ("tryhard::a_config", 5, 10.0, 10.0),
        ("retry::every_error", 6, 2.5, 2.5),
        ("fure::every_error", 5, 12.0, 12.0),
        // 1 + 2 + 4 + .. + 128, but none longer than 60
        ("ways::a_static", 9, 183.0, 183.0),
        ("ways::a_constant", 3, 2.0, 2.0),
        ("ways::a_function", 5, 15.0, 15.0),
        ("ways::a_list", 4, 36.0, 36.0),
    ] {
        let site = site(sites, function);
        assert_eq!(site["kind"], "combinator", "{function}");
        assert_eq!(site["verdict"], "burns", "{function}");
        assert_eq!(site["attempts"], attempts, "{function}");
        let seconds = |key: &str| site[key].as_f64().unwrap_or_else(|| panic!("{function} has no {key}: {site}"));
        let near = |a: f64, b: f64| (a - b).abs() < 0.01;
        assert!(near(seconds("slept_seconds_least"), least), "{function}: {site}");
        assert!(near(seconds("slept_seconds"), most), "{function}: {site}");
    }
    assert_eq!(site(sites, "tokio_retry::for_ever")["attempts_until"], "forever");
    assert_eq!(site(sites, "retry_policies::every_error")["attempts"], 5);
}

#[test]
fn one_finding_speaks_for_a_helper_and_its_callers() {
    let report = json(&["check", "fixtures/libraries/src", "--format", "json"]);
    let findings = report["findings"].as_array().expect("findings are a list");
    let kinds_of = |finding: &Value| -> Vec<String> {
        let sites = finding["sites"].as_array().expect("sites are a list");
        sites.iter().filter_map(|site| Some(site["kind"].as_str()?.to_owned())).collect()
    };
    let in_house = |f: &&Value| f["path"].as_str().is_some_and(|p| p.ends_with("in_house.rs"));
    let kinds: Vec<Vec<String>> = findings.iter().filter(in_house).map(kinds_of).collect();
    // The library's call with its two callers, the loop with the one that hands it a value of the trait, a call
    // that runs what stands beside it, and the loop with the one of its callers that asks nothing.
    let helper = vec!["loop", "combinator"];
    assert_eq!(kinds, [vec!["combinator"; 3], helper.clone(), vec!["combinator"], helper]);
}

/// A library of somebody's own: one model file, no more.
#[test]
fn a_model_file_teaches_another_library() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file in a temporary folder");
        path.to_str().expect("a temporary folder's name is UTF-8").to_owned()
    };
    let model = write(
        "steady.toml",
        r#"
[[retry]]
calls = ["steady::again"]
operation = 1
schedule = 0
advice = "call `steady::again_if`"

[[retry]]
calls = ["steady::again_if"]
operation = 1
schedule = 0
condition = 2

[[schedule]]
of = ["steady::Every"]
new = { seconds = ["first-s"] }
set = { times = ["attempts"] }
"#,
    );
    let source = write(
        "client.rs",
        r#"
use reqwest::{Client, Error, Response};
use steady::Every;

async fn get(client: &Client, api_key: &str) -> Result<Response, Error> {
    client.get("https://api.example.com").bearer_auth(api_key).send().await?.error_for_status()
}

pub async fn bad(client: &Client, api_key: &str) -> Option<Response> {
    steady::again(Every::seconds(7).times(4), || get(client, api_key)).await.ok()
}

pub async fn good(client: &Client, api_key: &str) -> Option<Response> {
    steady::again_if(Every::seconds(7).times(4), || get(client, api_key), |e: &Error| e.is_timeout()).await.ok()
}
"#,
    );
    let known = json(&["check", "--models", &model, "--format", "json", &source]);
    let findings = known["findings"].as_array().expect("findings are a list");
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0]["start_line"], 10);
    assert_eq!(findings[0]["attempts"], 4);
    assert_eq!(findings[0]["slept_seconds"], 21.0);
    assert!(findings[0]["help"].as_str().is_some_and(|help| help.contains("steady::again_if")), "{findings:#?}");
    let unknown = json(&["check", "--format", "json", &source]);
    assert_eq!(unknown["findings"], Value::Array(Vec::new()));
}
