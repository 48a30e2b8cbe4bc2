//! Every form of report, read back by a reader that was not written here where there is one, and what the flags about
//! reports say.

mod support;

use std::fs;

use serde_json::Value;
use support::tree::{BAD, CLEAN, Ran, Tree};

/// One finding, with the same loop again in a file whose name and text need care.
fn two() -> Tree {
    let tree = Tree::package();
    let odd = BAD
        .replace("    let mut delay", "    let mut /* ключ, \u{1f511} */ delay")
        .replace("        let sent = client", "        /* ü */ let sent = client");
    tree.write("src/a b, 100%.rs", format!("\u{feff}{}", odd.replace('\n', "\r\n")));
    tree
}

const ODD: &str = "src/a b, 100%.rs";

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn rustc_lines_are_the_compilers() {
    let tree = two();
    let ran = tree.run(&["check", "--format", "rustc"]);
    let all: Vec<cargo_metadata::diagnostic::Diagnostic> =
        ran.is(1, &[]).out.lines().map(|line| serde_json::from_str(line).expect("a diagnostic")).collect();
    assert_eq!(all.len(), 2);
    for diagnostic in &all {
        assert_eq!(diagnostic.code.as_ref().map(|code| code.code.as_str()), Some("retrylint::catch-all-retry"));
        assert_eq!(diagnostic.level, cargo_metadata::diagnostic::DiagnosticLevel::Error);
        assert_eq!(diagnostic.spans.iter().filter(|span| span.is_primary).count(), 1);
        let span = &diagnostic.spans[0];
        let text = fs::read_to_string(tree.path(&span.file_name)).expect("the file is there");
        let marked = &text[span.byte_start as usize..span.byte_end as usize];
        assert!(marked.starts_with("client.get(") && marked.ends_with("send()"), "{marked:?}");
        // Columns count characters in the line that is quoted.
        let line = &span.text[0];
        let quoted: String =
            line.text.chars().skip(span.column_start - 1).take(span.column_end - span.column_start).collect();
        assert_eq!(quoted, marked);
        assert!(diagnostic.rendered.as_ref().is_some_and(|text| text.contains("1. this attempt is refused with 401")));
    }
    assert_eq!(all[0].spans[0].file_name, ODD);
}

#[test]
fn cargo_lines_name_their_package() {
    let tree = two();
    tree.write("loose/x.rs", BAD);
    let ran = tree.run(&["check", "--format", "cargo", "src"]);
    let read: Vec<cargo_metadata::Message> = cargo_metadata::Message::parse_stream(ran.is(1, &[]).out.as_bytes())
        .collect::<Result<_, _>>()
        .expect("cargo's messages");
    assert_eq!(read.len(), 2);
    for message in read {
        let cargo_metadata::Message::CompilerMessage(message) = message else { panic!("{message:?}") };
        let folder = tree.path("").canonicalize().expect("it exists");
        assert!(message.package_id.repr.starts_with("path+file:///"), "{}", message.package_id);
        assert!(message.package_id.repr.ends_with("#sample@0.1.0"), "{}", message.package_id);
        assert_eq!(
            (message.target.name.as_str(), message.target.src_path.as_std_path()),
            ("sample", &*folder.join("src/lib.rs"))
        );
    }
    // A file that is in no package is a script, as it would be to cargo.
    let alone = Tree::new(&[("a b.rs", BAD)]);
    let line = &lines(&alone.run(&["check", "--format", "cargo"]).is(1, &[]).out)[0];
    let id = line["package_id"].as_str().expect("a name");
    assert!(id.starts_with("path+file:///") && id.ends_with("/a%20b.rs#a-b@0.0.0"), "{id}");
    assert_eq!((&line["target"]["name"], &line["target"]["edition"]), (&"a-b".into(), &"2024".into()));
}

#[test]
fn sarif_is_valid_by_its_schema() {
    let schema: Value = serde_json::from_str(&support::read("tests/data/sarif-2.1.0.schema.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let tree = two();
    tree.write("src/broken.rs", "fn f( {\n");
    let sarif = tree.run(&["check", "--format", "sarif"]).is(1, &["warning: src/broken.rs: "]).json();
    let clean = tree.run(&["check", "--format", "sarif", "src/clean.rs"]).is(0, &[]).json();
    for report in [&sarif, &clean] {
        let faults: Vec<String> =
            validator.iter_errors(report).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 2);
    for result in results {
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("an index") as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["help"]["markdown"].as_str().is_some_and(|text| text.starts_with("# ")), "{rule}");
        assert_eq!(result["level"], "error");
        let text = result["message"]["text"].as_str().expect("a text");
        assert!(text.starts_with("Retries every failure, ") && text.contains(". Ask what failed "), "{text}");
        assert!(result["codeFlows"][0]["threadFlows"][0]["locations"].as_array().is_some_and(|steps| steps.len() > 1));
    }
    let odd = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(odd["artifactLocation"]["uri"], "src/a%20b%2C%20100%25.rs");
    assert_eq!((&odd["region"]["startLine"], &odd["region"]["startColumn"]), (&6.into(), &28.into()));
    assert_ne!(results[0]["partialFingerprints"], results[1]["partialFingerprints"]);
    assert_eq!(run["invocations"][0]["toolExecutionNotifications"][0]["level"], "warning");
}

#[test]
fn fingerprints_survive_moved_lines() {
    let tree = Tree::package();
    let print = || {
        let sarif = tree.run(&["check", "--format", "sarif"]).json();
        sarif["runs"][0]["results"][0]["partialFingerprints"].clone()
    };
    let before = print();
    tree.write("src/bad.rs", format!("// one\n// two\n{BAD}"));
    assert_eq!(print(), before);
    tree.write("src/bad.rs", BAD.replace("fn call", "fn other"));
    assert_ne!(print(), before);
}

#[test]
fn github_commands_stay_whole() {
    let ran = two().run(&["check", "--format", "github"]);
    let commands: Vec<&str> = ran.is(1, &[]).out.lines().collect();
    assert_eq!(commands.len(), 2);
    let start = "::error file=src/a b%2C 100%25.rs,line=6,endLine=6,col=28,endColumn=";
    assert!(commands[0].starts_with(start), "{}", commands[0]);
    assert!(commands[1].contains(",title=catch-all-retry (RL003)::retries "), "{}", commands[1]);
    assert!(commands[1].contains("%0A"), "{}", commands[1]);
}

#[test]
fn on_github_annotations_and_a_summary_come_by_themselves() {
    let tree = two();
    let summary = tree.path("summary.md");
    tree.write("summary.md", "before\n");
    let vars = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", summary.to_str().expect("UTF-8"))];
    let ran = tree.run_with(&["check"], b"", &vars);
    ran.is(1, &[]).says("src/bad.rs:6:").says("\n::error file=src/bad.rs,line=6,");
    let text = fs::read_to_string(&summary).expect("it is there");
    assert!(text.starts_with("before\n### retrylint: 2 findings in 2 retry sites\n"), "{text}");
    assert!(text.contains("| deny | `catch-all-retry` | `src/bad.rs:6` | retries "), "{text}");
    // Who asks for one form gets that one.
    tree.run_with(&["check", "--format", "json"], b"", &vars[..1]).is(1, &[]).lacks("::error");
    let ran = tree.run_with(&["check"], b"", &[vars[0], ("GITHUB_STEP_SUMMARY", "/no/where/at/all")]);
    ran.is(2, &["error: cannot write to the file that GITHUB_STEP_SUMMARY names: no such file or directory"]);
}

#[test]
fn services_get_paths_from_the_root_of_the_repository() {
    let tree = Tree::new(&[("sub/src/bad.rs", BAD), (".git/HEAD", "ref: refs/heads/main\n")]);
    let here = |vars: &[(&str, &str)], format: &str| tree.run_below("sub", &["check", "--format", format], vars).out;
    assert!(here(&[], "github").starts_with("::error file=sub/src/bad.rs,"));
    assert!(here(&[], "sarif").contains(r#""uri": "sub/src/bad.rs""#));
    assert!(here(&[], "human").contains("[src/bad.rs:6:"));
    let sub = tree.path("sub");
    let said = [("GITHUB_WORKSPACE", sub.to_str().expect("UTF-8"))];
    assert!(here(&said, "github").starts_with("::error file=src/bad.rs,"));
}

#[test]
fn gitlab_has_the_fields_that_it_asks_for() {
    let tree = two();
    let report = tree.run(&["check", "--format", "gitlab"]).is(1, &[]).json();
    let rows = report.as_array().expect("an array");
    assert_eq!(rows.len(), 2);
    for row in rows {
        let text = |key: &str| row[key].as_str().is_some_and(|text| !text.is_empty());
        assert!(["description", "check_name", "fingerprint"].iter().all(|key| text(key)), "{row}");
        assert!(["info", "minor", "major", "critical", "blocker"].iter().any(|known| row["severity"] == *known));
        let path = row["location"]["path"].as_str().expect("a path");
        assert!(!path.starts_with("./") && tree.path(path).is_file());
        assert!(row["location"]["lines"]["begin"].is_u64());
    }
    assert_ne!(rows[0]["fingerprint"], rows[1]["fingerprint"]);
    assert_eq!(tree.run(&["check", "--format", "gitlab", "src/clean.rs"]).is(0, &[]).out, "[]\n");
}

#[test]
fn junit_is_read_by_a_junit_reader() {
    let tree = two();
    let read = |ran: &Ran| junit_parser::from_reader(ran.out.as_bytes()).expect("JUnit");
    let report = read(tree.run(&["check", "--format", "junit"]).is(1, &[]));
    assert_eq!((report.tests, report.failures, report.suites.len()), (2, 2, 2));
    let case = &report.suites[0].cases[0];
    assert_eq!(
        (case.name.as_str(), report.suites[0].name.as_str()),
        (format!("{ODD}::catch-all-retry at line 6").as_str(), ODD)
    );
    assert!(case.status.is_failure());
    let clean = read(tree.run(&["check", "--format", "junit", "src/clean.rs"]).is(0, &[]));
    assert_eq!((clean.tests, clean.failures), (1, 0));
}

#[test]
fn several_reports_in_one_run() {
    let tree = Tree::package();
    let args = ["check", "--output", "sarif=out/a.sarif", "--output=json=b.json", "--output", "human"];
    tree.run(&args).is(1, &[]).says("src/bad.rs:6:").lacks("\"runs\"");
    let read = |path: &str| fs::read_to_string(tree.path(path)).expect("it was written");
    assert_eq!(read("b.json"), tree.run(&["check", "--format", "json"]).out);
    assert_eq!(read("out/a.sarif"), tree.run(&["check", "--format", "sarif"]).out);
    // Nothing on standard output where all reports go to files, and no colours in a file.
    let ran = tree.run(&["check", "--color", "always", "--output", "human=c.txt"]);
    assert_eq!(ran.is(1, &[]).out, "");
    assert_eq!(read("c.txt"), tree.run(&["check"]).out);
}

#[test]
fn every_form_is_the_same_with_any_number_of_threads() {
    let tree = two();
    for i in 0..20 {
        tree.write(&format!("src/part{i}.rs"), if i % 3 == 0 { CLEAN } else { BAD });
    }
    for format in ["rustc", "cargo", "sarif", "github", "gitlab", "junit"] {
        let one = tree.run(&["check", "--format", format, "-j", "1"]);
        assert_eq!(one, tree.run(&["check", "--format", format, "-j", "8"]), "{format}");
        assert_eq!(one.code, Some(1));
    }
}

#[test]
fn flags_that_make_no_sense() {
    let tree = Tree::package();
    let mixed = "error: several reports would be mixed on standard output: give all but one a file, as in `--output sarif=retrylint.sarif`";
    tree.run(&["check", "--output", "json", "--output", "sarif"]).is(2, &[mixed]);
    let same = "error: two reports would be written to a.json: give each a file of its own";
    tree.run(&["check", "--output", "json=a.json", "--output", "gitlab=a.json"]).is(2, &[same]);
    tree.run(&["check", "--output", "json=src"]).is(2, &["error: cannot write the report to src: is a directory"]);
    for (given, why) in [
        ("xml", "there is no format `xml`: use one of human, json, rustc, cargo, sarif, github, gitlab, junit"),
        ("json=", "the path after `json=` is missing"),
    ] {
        let ran = tree.run(&["check", "--output", given]);
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.starts_with("error: ") && ran.err.contains(why), "{}", ran.err);
    }
    assert_eq!(tree.run(&["check", "--format", "json", "--output", "human"]).code, Some(2));
}

/// What a reader of the compiler's suggestions makes of ours is what `fix` writes.
#[test]
fn rustfix_repairs_as_fix_does() {
    let tree = Tree::new(&[
        ("Cargo.toml", "[package]\nname = 'x'\n[dependencies]\nreqwest = '0.12'\ntokio = '1'\n"),
        ("src/lib.rs", &REPAIRABLE.replace('\n', "\r\n")),
    ]);
    let ran = tree.run(&["check", "--format", "rustc"]);
    let json = &ran.is(1, &[]).out;
    let only = std::collections::HashSet::new();
    let safe =
        rustfix::get_suggestions_from_json(json, &only, rustfix::Filter::MachineApplicableOnly).expect("suggestions");
    assert_eq!(safe.len(), 2, "{json}");
    let text = fs::read_to_string(tree.path("src/lib.rs")).expect("it is there");
    let repaired = rustfix::apply_suggestions(&text, &safe).expect("edits that fit");
    assert_ne!(repaired, text);
    let sarif = tree.run(&["check", "--format", "sarif"]).json();
    let change = &sarif["runs"][0]["results"][0]["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "src/lib.rs");
    assert!(change["replacements"].as_array().is_some_and(|edits| !edits.is_empty()));
    let ran = tree.run(&["fix", "--allow-no-vcs"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(fs::read_to_string(tree.path("src/lib.rs")).expect("it is there"), repaired);
}

const REPAIRABLE: &str = r#"use std::time::Duration;
// retrylint: allow(nested-retry) it was nested once

pub async fn call(client: &reqwest::Client, key: &str) -> Result<String, reqwest::Error> {
    let mut delay = Duration::from_secs(1);
    for _ in 0..5 {
        match client.get("https://api.example.com/v1").bearer_auth(key).send().await.and_then(|r| r.error_for_status()) {
            Ok(response) => return response.text().await,
            Err(error) => {
                eprintln!("again: {error}");
                tokio::time::sleep(delay).await;
                delay *= 2;
            }
        }
    }
    client.get("https://api.example.com/v1").send().await?.text().await
}
"#;
