//! Findings as SARIF 2.1.0, the form that code scanning services take.
//!
//! Beyond the schema it keeps to what those services ask for: URIs from the repository's root, fingerprints without line
//! numbers, help in Markdown for each rule, and a region on one attempt, not on a whole loop. The way from a failed
//! attempt to the next is a code flow.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::fingerprint;
use super::paths::Root;
use super::words::{about, body};
use crate::finding::{Certainty, Finding, Fix, Level, Outcome, SiteRef, Step};
use crate::rules::{RULES, Rule};
use crate::workspace::source::Place;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Services show this many steps of one flow.
const MOST_STEPS: usize = 100;

/// Writes the report.
pub fn report(outcome: &Outcome, root: &Root, out: &mut dyn Write) -> io::Result<()> {
    let results: Vec<Value> = outcome
        .findings
        .iter()
        .zip(fingerprint::all(outcome))
        .map(|(finding, fingerprint)| result(outcome, finding, &fingerprint, root))
        .collect();
    let notifications: Vec<Value> = outcome
        .problems
        .iter()
        .map(|problem| {
            let text = format!("{}: {}", problem.path, problem.message);
            json!({ "level": if problem.fatal { "error" } else { "warning" }, "message": { "text": text } })
        })
        .collect();
    let report = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "retrylint",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { "%SRCROOT%": { "description": { "text": "The root of the repository." } } },
            "invocations": [{
                "executionSuccessful": !outcome.problems.iter().any(|problem| problem.fatal),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &report)?;
    out.write_all(b"\n")
}

fn descriptor(rule: &Rule) -> Value {
    let about = about(rule.page);
    let page = body(rule.page).trim();
    json!({
        "id": rule.code,
        "name": pascal(rule.name),
        "shortDescription": { "text": about },
        "fullDescription": { "text": about },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": level(rule.level) },
        "properties": { "tags": ["reliability", "security"], "problem.severity": severity(rule.level) },
    })
}

/// `AuthBackoff`, as the form recommends for names.
fn pascal(name: &str) -> String {
    name.split('-')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters)
        })
        .collect()
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Note => "note",
    }
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Note => "recommendation",
    }
}

/// How a service orders findings, of 100.
fn rank(certainty: Certainty) -> f64 {
    match certainty {
        Certainty::Certain => 100.0,
        Certainty::Likely => 70.0,
        Certainty::Possible => 30.0,
    }
}

fn result(outcome: &Outcome, finding: &Finding, fingerprint: &str, root: &Root) -> Value {
    let rule_index = RULES.iter().position(|rule| *rule == finding.rule);
    let mut place = location(finding.place(), root);
    let function = outcome.function(finding);
    if !function.is_empty() {
        place["logicalLocations"] = json!([{ "fullyQualifiedName": function, "kind": "function" }]);
    }
    json!({
        "ruleId": finding.rule.code,
        "ruleIndex": rule_index,
        "level": level(finding.level),
        "rank": rank(finding.certainty),
        "message": { "text": format!("{}. {}.", capital(&finding.message), capital(&finding.help)) },
        "locations": [place],
        "relatedLocations": finding.sites.iter().enumerate().map(|(n, site)| related(n, site, root)).collect::<Vec<_>>(),
        "codeFlows": [{ "threadFlows": [{
            "locations": finding.witness.iter().take(MOST_STEPS).map(|one| step(one, root)).collect::<Vec<_>>(),
        }]}],
        "fixes": finding.fixes.iter().map(|one| fix(one, root)).collect::<Vec<_>>(),
        "partialFingerprints": { fingerprint::NAME: fingerprint },
        "properties": { "certainty": finding.certainty.as_str(), "assumed": finding.assumed },
    })
}

/// SARIF's messages are sentences.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

fn related(n: usize, site: &SiteRef, root: &Root) -> Value {
    let mut place = location(&site.place, root);
    place["id"] = json!(n + 1);
    place["message"] = json!({ "text": format!("The whole {}.", site.kind.as_str()) });
    place
}

fn step(step: &Step, root: &Root) -> Value {
    let mut place = location(&step.place, root);
    place["message"] = json!({ "text": format!("{}.", capital(&step.what)) });
    json!({ "location": place, "kinds": [step.role.as_str()] })
}

/// A repair: what goes and what comes, file by file.
fn fix(fix: &Fix, root: &Root) -> Value {
    let changes = fix.edits.chunk_by(|a, b| a.place.source.path == b.place.source.path).map(|edits| {
        let replacements = edits
            .iter()
            .map(|edit| json!({ "deletedRegion": region(&edit.place), "insertedContent": { "text": edit.text } }));
        json!({
            "artifactLocation": artifact(&edits[0].place, root),
            "replacements": replacements.collect::<Vec<_>>(),
        })
    });
    let doubt = fix.doubt.iter().map(|doubt| format!(" Not shown: {doubt}."));
    let description = format!("{}.{}", capital(&fix.message), doubt.collect::<String>());
    json!({
        "description": { "text": description },
        "artifactChanges": changes.collect::<Vec<_>>(),
    })
}

fn location(place: &Place, root: &Root) -> Value {
    json!({ "physicalLocation": { "artifactLocation": artifact(place, root), "region": region(place) } })
}

fn artifact(place: &Place, root: &Root) -> Value {
    match root.uri(&place.source) {
        (uri, true) => json!({ "uri": uri, "uriBaseId": "%SRCROOT%" }),
        (uri, false) => json!({ "uri": uri }),
    }
}

fn region(place: &Place) -> Value {
    json!({
        "startLine": place.start_line(),
        "startColumn": place.column(),
        "endLine": place.end_line(),
        "endColumn": place.end_column(),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_and_sentences() {
        assert_eq!(super::pascal("auth-is-retryable"), "AuthIsRetryable");
        assert_eq!(super::capital("ünder"), "Ünder");
    }
}
