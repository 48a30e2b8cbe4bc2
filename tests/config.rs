//! The configuration as users write it: every key, every fault, where it may stand, and what `retrylint config` shows.

mod support;

use serde_json::Value;
use support::quote;
use support::tree::{BAD, Ran, Tree};

/// A package with the bad loop, and this `retrylint.toml`.
fn with(config: &str) -> Tree {
    let tree = Tree::package();
    tree.write("retrylint.toml", config);
    tree
}

/// A workspace of two packages with the bad loop, with these tables in the manifests.
fn workspace(root: &str, a: &str, b: &str) -> Tree {
    let package = |name: &str, more: &str| format!("[package]\nname = '{name}'\nversion = '0.1.0'\n{more}");
    Tree::new(&[
        ("Cargo.toml", &format!("[workspace]\nmembers = ['a', 'b']\n{root}")),
        ("a/Cargo.toml", &package("a", a)),
        ("a/src/lib.rs", BAD),
        ("b/Cargo.toml", &package("b", b)),
        ("b/src/lib.rs", BAD),
    ])
}

/// The levels of the findings, by path.
fn levels(ran: &Ran) -> Vec<(String, String)> {
    let json = ran.json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    json["findings"].as_array().expect("findings").iter().map(|one| (text(&one["path"]), text(&one["level"]))).collect()
}

#[test]
fn levels_of_rules() {
    for (level, code, shown) in
        [("deny", 1, Some("deny")), ("warn", 1, Some("warn")), ("note", 0, Some("note")), ("allow", 0, None)]
    {
        for rule in ["catch-all-retry", "RL003"] {
            let ran = with(&format!("[rules]\n{rule} = '{level}'\n")).run(&["check", "--format", "json"]);
            let expected: Vec<_> = shown.iter().map(|level| ("src/bad.rs".to_owned(), (*level).to_owned())).collect();
            assert_eq!((ran.code, levels(&ran)), (Some(code), expected), "{rule} = {level}");
        }
    }
}

#[test]
fn what_a_diagnosis_lowers_stays_lowered() {
    // Only 403 burns: one level below the rule's.
    let text = BAD.replace(
        "Err(error) => {",
        "Err(error) if error.status() == Some(reqwest::StatusCode::UNAUTHORIZED) => return Err(error),\n            Err(error) => {",
    );
    for (config, level) in [("", "warn"), ("auth-backoff = 'deny'\n", "warn"), ("auth-backoff = 'warn'\n", "note")] {
        let tree = with(&format!("[rules]\n{config}"));
        tree.write("src/bad.rs", &text);
        let ran = tree.run(&["check", "--format", "json"]);
        assert_eq!(levels(&ran), [("src/bad.rs".to_owned(), level.to_owned())], "{config}");
    }
}

#[test]
fn an_allowed_rule_makes_no_suppression_unused() {
    let tree = with("rules = { RL003 = 'allow' }\n");
    tree.write("src/bad.rs", BAD.replace("    loop", "    // retrylint: allow(RL003) by hand\n    loop"));
    tree.run(&["check"]).is(0, &[]);
}

#[test]
fn include_and_exclude() {
    for (config, expected) in [
        ("exclude = ['src/bad.rs']\n", vec!["gen/other.rs"]),
        ("exclude = ['gen/']\n", vec!["src/bad.rs"]),
        ("exclude = ['*', '!src/bad.rs']\n", vec!["src/bad.rs"]),
        ("include = ['src/']\n", vec!["src/bad.rs"]),
        ("include = ['*.rs']\nexclude = ['bad.rs']\n", vec!["gen/other.rs"]),
    ] {
        let tree = with(config);
        tree.write("gen/other.rs", BAD);
        assert_eq!(tree.run(&["check", "--format", "json"]).found(), expected, "{config}");
        assert_eq!(tree.run_below("src", &["check", "--format", "json", ".."], &[]).found().len(), 1, "{config}");
    }
    // Naming an excluded file does not bring it back: hooks name every file that was changed.
    with("exclude = ['src/bad.rs']\n").run(&["check", "src/bad.rs"]).is(0, &[]);
}

#[test]
fn test_code_can_be_switched_on() {
    let tree = with("tests = true\n");
    tree.write("tests/api.rs", BAD);
    assert_eq!(tree.run(&["check", "--format", "json"]).found(), ["src/bad.rs", "tests/api.rs"]);
}

#[test]
fn no_retry_at_all_can_be_asked_for() {
    let twice = BAD.replace("loop {", "for _ in 0..2 {").replace("    }\n}\n", "    }\n    unreachable!()\n}\n");
    for (config, found) in [("", 0), ("fresh-retries = 1\n", 0), ("fresh-retries = 0\n", 1)] {
        let tree = with(config);
        tree.write("src/bad.rs", &twice);
        assert_eq!(tree.run(&["check", "--format", "json"]).found().len(), found, "{config}");
    }
    with("fresh-retries = 10\n").run(&["check"]).is(1, &[]);
}

#[test]
fn models_of_ones_own() {
    let tree = with("models = ['lint/courier.toml']\n");
    let text = BAD.replace(
        "client.get(\"https://api.example.com/v1/models\").bearer_auth(api_key).send().await",
        "courier::deliver(api_key).await",
    );
    tree.write("src/bad.rs", text.replace("client: &reqwest::Client, ", ""));
    tree.write("lint/courier.toml", "[[network]]\nof = 'courier'\nfunctions = ['courier::deliver']\nanswer = 'error'\nerror = 'courier::Error'\nlogin = true\n");
    tree.run(&["check"]).is(1, &[]);
    tree.write("retrylint.toml", "");
    tree.run(&["check"]).is(0, &[]);
    tree.write("retrylint.toml", "models = ['nowhere.toml']\n");
    let ran = tree.run(&["check"]);
    assert!(ran.is(2, &["error: "]).err.contains("nowhere.toml"), "{ran:#?}");
    tree.write("retrylint.toml", "models = ['m.toml']\n");
    tree.write("m.toml", "[[network]]\n");
    let ran = tree.run(&["check"]);
    assert!(
        ran.is(2, &["error: the model file "]).err.contains("m.toml is not valid TOML at line 1, column 1: "),
        "{ran:#?}"
    );
}

#[test]
fn a_workspace_and_its_packages() {
    let tree = workspace(
        "[workspace.metadata.retrylint.rules]\ncatch-all-retry = 'warn'\n",
        "[package.metadata.retrylint]\nrules = { RL003 = 'note' }\n",
        "",
    );
    let note_and_warn =
        [("a/src/lib.rs".to_owned(), "note".to_owned()), ("b/src/lib.rs".to_owned(), "warn".to_owned())];
    assert_eq!(levels(&tree.run(&["check", "--format", "json"])), note_and_warn);
    // From wherever it is run.
    assert_eq!(
        levels(&tree.run_below("a", &["check", "--format", "json"], &[])),
        [("src/lib.rs".to_owned(), "note".to_owned())]
    );
    let tree = workspace("", "[package.metadata.retrylint]\nexclude = ['lib.rs']\n", "");
    assert_eq!(tree.run(&["check", "--format", "json"]).found(), ["b/src/lib.rs"]);
    // A package that is its own workspace may say everything.
    let tree = Tree::package();
    tree.write("Cargo.toml", "[package]\nname = 'sample'\n[package.metadata.retrylint]\ntests = true\n[package.metadata.retrylint.rules]\nRL003 = 'allow'\n");
    tree.run(&["check"]).is(0, &[]);
}

#[test]
fn the_nearest_file_above_counts() {
    let tree = Tree::new(&[("retrylint.toml", "rules.RL003 = 'allow'\n"), ("a/b/x.rs", BAD)]);
    tree.run(&["check"]).is(0, &[]);
    tree.run_below("a/b", &["check", "x.rs"], &[]).is(0, &[]);
    // Not from outside of the repository.
    tree.write("a/.git/HEAD", "ref: refs/heads/main\n");
    tree.run_below("a/b", &["check", "x.rs"], &[]).is(1, &[]);
}

#[test]
fn flags_choose_the_configuration() {
    let tree = with("rules.RL003 = 'allow'\n");
    tree.write("other.toml", "rules.RL003 = 'note'\n");
    tree.run(&["check", "--no-config"]).is(1, &[]).says("1 finding, ");
    tree.run(&["check", "--config", "other.toml"]).is(0, &[]).says("1 finding, ");
    tree.run(&["check", "--config", "nowhere.toml"])
        .is(2, &["error: cannot read the configuration nowhere.toml: no such file"]);
    tree.write("latin.toml", b"# caf\xe9\n");
    let message = "error: cannot read the configuration latin.toml: not UTF-8 text: save it as UTF-8";
    tree.run(&["check", "--config", "latin.toml"]).is(2, &[message]);
    tree.write("retrylint.toml", b"# caf\xe9\n");
    tree.run(&["check"]).is(2, &["error: retrylint.toml: not UTF-8 text: save it as UTF-8"]);
    assert_eq!(tree.run(&["check", "--config", "other.toml", "--no-config"]).code, Some(2));
}

/// What is said about a fault: in the box, and the exit code.
#[track_caller]
fn fault(config: &str, place: &str, parts: &[&str]) {
    for command in ["check", "sites", "allows", "config"] {
        let ran = with(config).run(&[command]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{config}");
        let place = format!("[retrylint.toml:{place}]");
        for part in parts.iter().chain(&[place.as_str(), "retrylint::config", "help: "]) {
            assert!(ran.err.contains(part), "no {part:?} for {config:?} in\n{}", ran.err);
        }
    }
}

#[test]
fn faults_have_a_place_and_a_suggestion() {
    fault("ruls = {}\n", "1:1", &["no key is called `ruls`: did you mean `rules`?", "the keys are rules, include, "]);
    fault("\nx = 1\n", "2:1", &["no key is called `x`"]);
    fault("[rules]\nauth-backof = 'warn'\n", "2:1", &["no rule is called `auth-backof`: did you mean `auth-backoff`?"]);
    fault(
        "[rules]\nauth-backoff = 'warning'\n",
        "2:16",
        &["no such level: did you mean `warn`?", "\"allow\", \"note\""],
    );
    fault("rules = 3\n", "1:9", &["`rules` has the wrong form", "a table"]);
    fault(
        "[rules]\nRL001 = 'warn'\nauth-backoff = 'deny'\n",
        "3:1",
        &["is auth-backoff, whose level is given already"],
    );
    fault("fresh-retries = -1\n", "1:17", &["`fresh-retries` has the wrong form", "a number from 0 to 10"]);
    fault("fresh-retries = 'one'\n", "1:17", &["a number from 0 to 10"]);
    fault("tests = 1\n", "1:9", &["`true` or `false`"]);
    fault("exclude = 'gen'\n", "1:11", &["a list of patterns as in .gitignore"]);
    fault("include = ['']\n", "1:11", &["a list of patterns as in .gitignore"]);
    fault("exclude = ['ok', 'a{b']\n", "1:18", &["`a{b` is no pattern"]);
    fault("models = [1]\n", "1:10", &["a list of paths"]);
    fault("tests = \n", "1:9", &["not valid TOML: "]);
    // All of them at once.
    let ran = with("a = 1\nb = 2\n").run(&["check"]);
    assert!(ran.err.contains("`a`") && ran.err.contains("`b`"), "{}", ran.err);
    let plain = with("tests = 1\n").run_with(&["check"], b"", &[("NO_GRAPHICS", "1")]);
    plain.is(2, &["error: retrylint.toml:1:9: `tests` has the wrong form", "  help: mend the value"]);
}

#[test]
fn faults_of_workspaces() {
    let tree = workspace("[workspace.metadata.retrylint]\n", "[package.metadata.retrylint]\ntests = true\n", "");
    let ran = tree.run(&["check"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("`tests` holds for a whole workspace") && ran.err.contains("[a/Cargo.toml:5:1]"),
        "{}",
        ran.err
    );
    let tree = workspace("[workspace.metadata.retrylint]\n", "", "");
    tree.write("retrylint.toml", "");
    let ran = tree.run(&["check"]);
    assert!(ran.err.contains("retrylint.toml configures this workspace too"), "{}", ran.err);
    assert!(ran.err.contains("[Cargo.toml:3:21]"), "{}", ran.err);
}

#[test]
fn what_holds_is_shown_with_its_origin() {
    let tree = with("exclude = ['gen/']\n\n[rules]\nRL001 = 'warn'\n");
    let shown = tree.run(&["config"]);
    let root = tree.path("").canonicalize().expect("it exists").display().to_string();
    shown.is(0, &[]).says(&format!("# {root}\n"));
    let line = |text: &str| shown.out.lines().find(|line| line.starts_with(text)).unwrap_or_default().to_owned();
    assert!(line("exclude = [\"gen/\"]").ends_with("# retrylint.toml:1"), "{}", shown.out);
    assert!(line("auth-backoff = \"warn\"").ends_with("# retrylint.toml:4"), "{}", shown.out);
    assert!(line("fresh-retries = 1").ends_with("# default"), "{}", shown.out);
    // It is itself a configuration.
    let again = with(&shown.out);
    again.run(&["config"]).is(0, &[]).says("auth-backoff = \"warn\"");
    Tree::package().run(&["config"]).is(0, &[]).says("# nothing is configured: the defaults hold\n");
    let tree = workspace("", "[package.metadata.retrylint.rules]\nRL003 = 'note'\n", "");
    tree.run(&["config"]).is(0, &[]).says("a, on top of that\n[rules]\ncatch-all-retry = \"note\"  # a/Cargo.toml:5\n");
}

#[test]
fn the_schema_is_the_one_that_is_committed() {
    let now = Tree::new(&[]).run(&["config", "--schema"]).is(0, &[]).out.clone();
    if quote::is_update() {
        quote::rewrite("docs/retrylint.schema.json", &now);
    }
    assert!(
        now == support::read("docs/retrylint.schema.json"),
        "docs/retrylint.schema.json has drifted: `UPDATE=1 cargo test --test config` writes it"
    );
}

#[test]
fn the_schema_accepts_what_the_program_accepts() {
    let schema = serde_json::from_str(&support::read("docs/retrylint.schema.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for config in [
        "",
        "tests = true\nfresh-retries = 0\nmodels = []\ninclude = ['a']\n[rules]\nRL001 = 'note'\nauth-hammer = 'allow'\n",
        "tests = 1\n",
        "fresh-retries = 11\n",
        "exclude = ['']\n",
        "models = 'x'\n",
        "other = 1\n",
        "[rules]\nauth-backof = 'deny'\n",
        "[rules]\nauth-backoff = 'error'\n",
    ] {
        let value: Value = toml::from_str(config).expect("TOML");
        assert_eq!(validator.is_valid(&value), with(config).run(&["config"]).code == Some(0), "{config}");
    }
}
