//! Findings and sites for programs. The form is documented in `docs/json.md` and versioned: fields may be added, but
//! none changes its meaning or goes away without a new version.

use std::io::{self, Write};

use serde::Serialize;

use super::words::{code, shorten};
use crate::finding::{
    Allow, Attempts, Behaviour, Dependency, Edit, Finding, Fix, Outcome, Problem, Site, SiteRef, Slept, Step, Summary,
    Verdict,
};
use crate::fix::dependency;
use crate::workspace::source::Place;

/// The version of the form.
pub const VERSION: u32 = 1;

/// An attempt's text is cut after this many characters; its place tells the rest.
const LONGEST_ATTEMPT: usize = 200;

/// Writes what `check` found.
pub fn check(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    write(
        out,
        &CheckReport {
            version: VERSION,
            findings: outcome.findings.iter().map(FindingRow::from).collect(),
            summary: Figures::of(outcome),
            problems: outcome.problems.iter().map(ProblemRow::from).collect(),
        },
    )
}

/// Writes what `sites` found.
pub fn sites(outcome: &Outcome, sites: &[&Site], out: &mut dyn Write) -> io::Result<()> {
    write(
        out,
        &SitesReport {
            version: VERSION,
            sites: sites.iter().map(|site| SiteRow::from(*site)).collect(),
            summary: Figures::of(outcome),
            problems: outcome.problems.iter().map(ProblemRow::from).collect(),
        },
    )
}

/// Writes the suppressions.
pub fn allows(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    write(
        out,
        &AllowsReport {
            version: VERSION,
            allows: outcome.allows.iter().map(AllowRow::from).collect(),
            summary: Figures::of(outcome),
            problems: outcome.problems.iter().map(ProblemRow::from).collect(),
        },
    )
}

fn write(out: &mut dyn Write, report: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct CheckReport<'a> {
    version: u32,
    findings: Vec<FindingRow<'a>>,
    summary: Figures,
    problems: Vec<ProblemRow<'a>>,
}

#[derive(Serialize)]
struct SitesReport<'a> {
    version: u32,
    sites: Vec<SiteRow<'a>>,
    summary: Figures,
    problems: Vec<ProblemRow<'a>>,
}

#[derive(Serialize)]
struct AllowsReport<'a> {
    version: u32,
    allows: Vec<AllowRow<'a>>,
    summary: Figures,
    problems: Vec<ProblemRow<'a>>,
}

#[derive(Serialize)]
struct AllowRow<'a> {
    path: &'a str,
    line: u32,
    rules: Vec<&'a str>,
    reason: &'a str,
    uses: usize,
}

impl<'a> From<&'a Allow> for AllowRow<'a> {
    fn from(allow: &'a Allow) -> AllowRow<'a> {
        AllowRow {
            path: &allow.place.source.path,
            line: allow.place.start_line(),
            rules: allow.rules.iter().map(|rule| rule.name).collect(),
            reason: &allow.reason,
            uses: allow.uses,
        }
    }
}

#[derive(Serialize)]
struct FindingRow<'a> {
    code: &'a str,
    rule: &'a str,
    level: &'a str,
    certainty: &'a str,
    message: &'a str,
    path: &'a str,
    start_line: u32,
    end_line: u32,
    #[serde(flatten)]
    cost: Cost<'a>,
    sites: Vec<SiteRefRow<'a>>,
    witness: Vec<StepRow<'a>>,
    assumed: &'a [String],
    help: &'a str,
    fixes: Vec<FixRow<'a>>,
    unfixable: Option<&'a str>,
}

impl<'a> From<&'a Finding> for FindingRow<'a> {
    fn from(finding: &'a Finding) -> FindingRow<'a> {
        // A finding without a site would be a defect of the engine; its witness still has a place.
        let place =
            finding.sites.first().map(|site| &site.place).or_else(|| finding.witness.first().map(|step| &step.place));
        FindingRow {
            code: finding.rule.code,
            rule: finding.rule.name,
            level: finding.level.as_str(),
            certainty: finding.certainty.as_str(),
            message: &finding.message,
            path: place.map_or("", |place| &place.source.path),
            start_line: place.map_or(0, Place::start_line),
            end_line: place.map_or(0, Place::end_line),
            cost: Cost::of(numbers(&finding.attempts), finding.slept),
            sites: finding.sites.iter().map(SiteRefRow::from).collect(),
            witness: finding.witness.iter().map(StepRow::from).collect(),
            assumed: &finding.assumed,
            help: &finding.help,
            fixes: finding.fixes.iter().map(FixRow::from).collect(),
            unfixable: finding.unfixable.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct FixRow<'a> {
    style: &'a str,
    applicability: &'a str,
    message: &'a str,
    doubt: Option<&'a str>,
    edits: Vec<EditRow<'a>>,
    needs: Vec<NeedRow<'a>>,
}

/// A package that has to depend on `failfast` for a fix.
#[derive(Serialize)]
struct NeedRow<'a> {
    manifest: String,
    features: &'a [&'a str],
}

impl<'a> From<&'a Fix> for FixRow<'a> {
    fn from(fix: &'a Fix) -> FixRow<'a> {
        FixRow {
            style: fix.style.as_str(),
            applicability: fix.applicability.as_str(),
            message: &fix.message,
            doubt: fix.doubt.as_deref(),
            edits: fix.edits.iter().map(EditRow::from).collect(),
            needs: fix.needs.iter().map(NeedRow::from).collect(),
        }
    }
}

impl<'a> From<&'a Dependency> for NeedRow<'a> {
    fn from(need: &'a Dependency) -> NeedRow<'a> {
        NeedRow { manifest: dependency::show(&need.manifest), features: &need.features }
    }
}

#[derive(Serialize)]
struct EditRow<'a> {
    path: &'a str,
    start_byte: u32,
    end_byte: u32,
    text: &'a str,
}

impl<'a> From<&'a Edit> for EditRow<'a> {
    fn from(edit: &'a Edit) -> EditRow<'a> {
        let Place { source, span } = &edit.place;
        EditRow { path: &source.path, start_byte: span.start, end_byte: span.end, text: &edit.text }
    }
}

/// What a dead key costs.
#[derive(Serialize)]
struct Cost<'a> {
    attempts: Option<u32>,
    attempts_until: Option<&'a str>,
    slept_seconds: Option<f64>,
    slept_seconds_least: Option<f64>,
    slept_partial: bool,
}

impl<'a> Cost<'a> {
    fn of((attempts, attempts_until): (Option<u32>, Option<&'a str>), slept: Option<Slept>) -> Cost<'a> {
        Cost {
            attempts,
            attempts_until,
            slept_seconds: slept.map(|slept| round(slept.most)),
            slept_seconds_least: slept.map(|slept| round(slept.least)),
            slept_partial: slept.is_some_and(|slept| slept.partial),
        }
    }
}

/// A number of attempts, or what ends them.
fn numbers(attempts: &Attempts) -> (Option<u32>, Option<&str>) {
    match attempts {
        Attempts::Exactly(n) => (Some(*n), None),
        Attempts::Until(name) => (None, Some(name)),
        Attempts::Unbounded => (None, Some("forever")),
    }
}

/// To milliseconds: sums of floats would otherwise print their noise.
fn round(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[derive(Serialize)]
struct SiteRefRow<'a> {
    path: &'a str,
    kind: &'a str,
    start_line: u32,
    end_line: u32,
}

impl<'a> From<&'a SiteRef> for SiteRefRow<'a> {
    fn from(site: &'a SiteRef) -> SiteRefRow<'a> {
        SiteRefRow {
            path: &site.place.source.path,
            kind: site.kind.as_str(),
            start_line: site.place.start_line(),
            end_line: site.place.end_line(),
        }
    }
}

#[derive(Serialize)]
struct StepRow<'a> {
    path: &'a str,
    line: u32,
    column: u32,
    role: &'a str,
    what: &'a str,
}

impl<'a> From<&'a Step> for StepRow<'a> {
    fn from(step: &'a Step) -> StepRow<'a> {
        StepRow {
            path: &step.place.source.path,
            line: step.place.start_line(),
            column: step.place.column(),
            role: step.role.as_str(),
            what: &step.what,
        }
    }
}

#[derive(Serialize)]
struct SiteRow<'a> {
    kind: &'a str,
    path: &'a str,
    start_line: u32,
    end_line: u32,
    function: &'a str,
    attempt: Option<AttemptRow<'a>>,
    credential: Option<&'a str>,
    verdict: &'a str,
    why: Option<&'a str>,
    #[serde(flatten)]
    cost: Cost<'a>,
    #[serde(serialize_with = "by_name")]
    scenarios: &'a [(&'static str, Behaviour)],
    is_test: bool,
}

/// An object from scenarios to behaviours, in their order.
fn by_name<S: serde::Serializer>(rows: &[(&'static str, Behaviour)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(rows.iter().map(|(name, behaviour)| (name, behaviour.as_str())))
}

impl<'a> From<&'a Site> for SiteRow<'a> {
    fn from(site: &'a Site) -> SiteRow<'a> {
        let (attempts, why) = match &site.verdict {
            Verdict::Stops(n) => ((Some(*n), None), None),
            Verdict::Burns(attempts) => (numbers(attempts), None),
            Verdict::Undecided(why) => ((None, None), Some(why.as_str())),
            Verdict::Worker | Verdict::NoCredential => ((None, None), None),
        };
        SiteRow {
            kind: site.kind.as_str(),
            path: &site.place.source.path,
            start_line: site.place.start_line(),
            end_line: site.place.end_line(),
            function: &site.function,
            attempt: site.attempt.as_ref().map(AttemptRow::from),
            credential: site.credential.as_deref(),
            verdict: site.verdict.as_str(),
            why,
            cost: Cost::of(attempts, site.slept),
            scenarios: &site.scenarios,
            is_test: site.is_test,
        }
    }
}

#[derive(Serialize)]
struct AttemptRow<'a> {
    path: &'a str,
    line: u32,
    column: u32,
    text: String,
}

impl<'a> From<&'a Place> for AttemptRow<'a> {
    fn from(place: &'a Place) -> AttemptRow<'a> {
        AttemptRow {
            path: &place.source.path,
            line: place.start_line(),
            column: place.column(),
            text: shorten(&code(place.text()), LONGEST_ATTEMPT),
        }
    }
}

#[derive(Serialize)]
struct Figures {
    files: usize,
    lines: usize,
    sites: usize,
    findings: usize,
    undecided: usize,
    skipped: usize,
    suppressed: usize,
    baselined: usize,
    untouched: usize,
}

impl Figures {
    fn of(outcome: &Outcome) -> Figures {
        let Summary { files, lines, sites, undecided, skipped, suppressed, baselined, untouched } = outcome.summary;
        Figures {
            files,
            lines,
            sites,
            findings: outcome.findings.len(),
            undecided,
            skipped,
            suppressed,
            baselined,
            untouched,
        }
    }
}

#[derive(Serialize)]
struct ProblemRow<'a> {
    path: &'a str,
    message: &'a str,
    fatal: bool,
}

impl<'a> From<&'a Problem> for ProblemRow<'a> {
    fn from(problem: &'a Problem) -> ProblemRow<'a> {
        ProblemRow { path: &problem.path, message: &problem.message, fatal: problem.fatal }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::finding::{Applicability, Certainty, Level, Role, SiteKind, Style};
    use crate::ir::Span;
    use crate::rules::Rule;
    use crate::workspace::source::Source;

    static RULE: Rule = Rule { code: "RL001", name: "auth-backoff", level: Level::Deny, page: "", diagnose: |_| None };

    fn sample() -> Outcome {
        let source = Arc::new(Source::new("a.rs".to_owned(), PathBuf::from("a.rs"), "é loop {\n}\n".to_owned()));
        let place = Place { source, span: Span { start: 3, end: 11 } };
        let allowed = place.clone();
        let slept = Some(Slept { least: 0.1 + 0.2, most: 155.0, partial: true });
        Outcome {
            findings: vec![Finding {
                rule: &RULE,
                level: Level::Warn,
                certainty: Certainty::Likely,
                message: "m".to_owned(),
                help: "h".to_owned(),
                attempts: Attempts::Until("max_retries".to_owned()),
                slept,
                pauses: Vec::new(),
                sites: vec![SiteRef { kind: SiteKind::Loop, place: place.clone() }],
                witness: vec![Step { role: Role::BackEdge, place: place.clone(), what: "w".to_owned() }],
                assumed: vec!["x".to_owned()],
                fixes: vec![Fix {
                    style: Style::Inline,
                    message: "f".to_owned(),
                    edits: vec![Edit { place: place.clone(), text: "t".to_owned() }],
                    applicability: Applicability::Unsafe,
                    doubt: Some("d".to_owned()),
                    needs: vec![Dependency { manifest: "a/Cargo.toml".into(), features: vec!["reqwest"] }],
                }],
                unfixable: None,
            }],
            sites: vec![Site {
                kind: SiteKind::Loop,
                place: place.clone(),
                function: "f".to_owned(),
                attempt: Some(place),
                credential: None,
                verdict: Verdict::Burns(Attempts::Unbounded),
                slept: None,
                scenarios: vec![("dead-key", Behaviour::Burns), ("stale-token", Behaviour::Recovers)],
                is_test: false,
            }],
            allows: vec![Allow { place: allowed, rules: vec![&RULE], reason: "r".to_owned(), uses: 1 }],
            problems: vec![Problem { path: "b.rs".to_owned(), message: "p".to_owned(), fatal: true }],
            checked: Vec::new(),
            summary: Summary::default(),
        }
    }

    fn documents() -> [String; 3] {
        let outcome = sample();
        let (mut one, mut other, mut third) = (Vec::new(), Vec::new(), Vec::new());
        check(&outcome, &mut one).expect("memory takes all");
        sites(&outcome, &outcome.sites.iter().collect::<Vec<_>>(), &mut other).expect("memory takes all");
        allows(&outcome, &mut third).expect("memory takes all");
        [one, other, third].map(|bytes| String::from_utf8(bytes).expect("JSON is UTF-8"))
    }

    #[test]
    fn a_finding_in_full() {
        let expected = r#"{
  "version": 1,
  "findings": [
    {
      "code": "RL001",
      "rule": "auth-backoff",
      "level": "warn",
      "certainty": "likely",
      "message": "m",
      "path": "a.rs",
      "start_line": 1,
      "end_line": 2,
      "attempts": null,
      "attempts_until": "max_retries",
      "slept_seconds": 155.0,
      "slept_seconds_least": 0.3,
      "slept_partial": true,
      "sites": [
        {
          "path": "a.rs",
          "kind": "loop",
          "start_line": 1,
          "end_line": 2
        }
      ],
      "witness": [
        {
          "path": "a.rs",
          "line": 1,
          "column": 3,
          "role": "back-edge",
          "what": "w"
        }
      ],
      "assumed": [
        "x"
      ],
      "help": "h",
      "fixes": [
        {
          "style": "inline",
          "applicability": "unsafe",
          "message": "f",
          "doubt": "d",
          "edits": [
            {
              "path": "a.rs",
              "start_byte": 3,
              "end_byte": 11,
              "text": "t"
            }
          ],
          "needs": [
            {
              "manifest": "a/Cargo.toml",
              "features": [
                "reqwest"
              ]
            }
          ]
        }
      ],
      "unfixable": null
    }
  ],
  "summary": {
    "files": 0,
    "lines": 0,
    "sites": 0,
    "findings": 1,
    "undecided": 0,
    "skipped": 0,
    "suppressed": 0,
    "baselined": 0,
    "untouched": 0
  },
  "problems": [
    {
      "path": "b.rs",
      "message": "p",
      "fatal": true
    }
  ]
}
"#;
        assert_eq!(documents()[0], expected);
    }

    #[test]
    fn every_field_is_documented() {
        let page = include_str!("../../docs/json.md");
        for document in documents() {
            for key in document
                .lines()
                .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\": "))
                .map(|(key, _)| key)
            {
                assert!(page.contains(&format!("`{key}`")), "docs/json.md must explain `{key}`");
            }
        }
    }
}
