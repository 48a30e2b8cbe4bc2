//! One crate: what the program reports, laid on the labels.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::support::tree::program;

/// What a reader says about a retry site.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The crate and its version: `name-1.2.3`.
    pub source: String,
    /// The file, from the crate's folder.
    pub path: String,
    /// The first line of the loop, call or policy.
    pub start: u64,
    /// The last.
    pub end: u64,
    /// `loop`, `combinator`, `policy`, `recursion`
    pub kind: String,
    /// `BAD-..`: it keeps trying a dead key. `OK-..`, `NA-..`: it does not. `UNSURE`.
    pub verdict: String,
    /// How sure the reader was: `high`, `med`, `low`.
    pub confidence: String,
    /// Every retry site of the crate has a label.
    pub exhaustive: bool,
}

/// The side that a label is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Bad,
    Healthy,
    Unsure,
}

impl Label {
    pub fn side(&self) -> Side {
        match self.verdict.split('-').next() {
            Some("BAD") => Side::Bad,
            Some("OK" | "NA") => Side::Healthy,
            _ => Side::Unsure,
        }
    }

    /// The lines in both by the lines in either.
    fn overlap(&self, site: &Reported) -> f64 {
        if self.path != site.path || self.end.min(site.end) < self.start.max(site.start) {
            return 0.0;
        }
        let both = self.end.min(site.end) - self.start.max(site.start) + 1;
        let either = self.end.max(site.end) - self.start.min(site.start) + 1;
        both as f64 / either as f64
    }
}

/// A site that a finding speaks for.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Reported {
    path: String,
    start: u64,
    end: u64,
}

/// A label, and the rules that report its site.
#[derive(Debug)]
pub struct Row {
    pub label: Label,
    pub rules: Vec<String>,
}

impl Row {
    pub fn is_reported(&self) -> bool {
        !self.rules.is_empty()
    }
}

/// How a crate came out.
#[derive(Debug)]
pub struct Score {
    source: String,
    pub is_exhaustive: bool,
    pub rows: Vec<Row>,
    /// What is reported where no label is, and the rule.
    unlabelled: BTreeMap<Reported, String>,
}

impl Score {
    /// Runs the program in the crate's folder. Findings that are mere notes do not count.
    pub fn of(root: &Path, labels: Vec<Label>) -> Result<Score, String> {
        let output = program(root, &["check", "--format", "json"]).output().map_err(|e| e.to_string())?;
        let report: Value = serde_json::from_slice(&output.stdout)
            .map_err(|e| format!("no report ({e}): {}", String::from_utf8_lossy(&output.stderr)))?;
        let mut score = Score {
            source: labels[0].source.clone(),
            is_exhaustive: labels.iter().any(|label| label.exhaustive),
            rows: labels.into_iter().map(|label| Row { label, rules: Vec::new() }).collect(),
            unlabelled: BTreeMap::new(),
        };
        for finding in report["findings"].as_array().ok_or("a report without `findings`")? {
            if finding["level"] == "note" {
                continue;
            }
            let rule = finding["rule"].as_str().ok_or("a finding without `rule`")?;
            for site in finding["sites"].as_array().ok_or("a finding without `sites`")? {
                score.lay(Reported::read(site).ok_or("a site without path and lines")?, rule);
            }
        }
        Ok(score)
    }

    /// On the label that it covers best: a loop in a loop is not its parent.
    fn lay(&mut self, site: Reported, rule: &str) {
        let shares = self.rows.iter_mut().map(|row| (row.label.overlap(&site), row));
        match shares.filter(|(share, _)| *share > 0.0).max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((_, row)) if row.rules.iter().any(|known| known == rule) => {}
            Some((_, row)) => row.rules.push(rule.to_owned()),
            None => drop(self.unlabelled.insert(site, rule.to_owned())),
        }
    }

    /// How many labels of a side are reported.
    pub fn reported(&self, side: Side) -> usize {
        self.rows.iter().filter(|row| row.label.side() == side && row.is_reported()).count()
    }

    /// How many labels are on a side.
    pub fn labelled(&self, side: Side) -> usize {
        self.rows.iter().filter(|row| row.label.side() == side).count()
    }

    pub fn unlabelled(&self) -> usize {
        self.unlabelled.len()
    }

    /// What is wrong with it, if so many bad sites and nothing else should be reported.
    pub fn departs_from(&self, hits: usize) -> Option<String> {
        let found = self.reported(Side::Bad);
        let wrong = self.reported(Side::Healthy) + self.unlabelled();
        let lines = self.disagreements().join("\n");
        match (found, wrong) {
            (_, wrong) if wrong > 0 => Some(format!("what is not labelled bad is reported:\n{lines}")),
            (found, _) if found < hits => Some(format!("bad sites reported: {found}, {hits} before:\n{lines}")),
            (found, _) if found > hits => {
                Some(format!("bad sites reported: {found}, {hits} before: write {found} into tests/corpus/fixed.txt"))
            }
            _ => None,
        }
    }

    /// A line for each label that the program contradicts, and for what it reports without one.
    pub fn disagreements(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for Row { label, rules } in &self.rows {
            let what = match (label.side(), rules.is_empty()) {
                (Side::Bad, true) => "missed",
                (Side::Healthy, false) => "false alarm",
                _ => continue,
            };
            let Label { source, path, start, end, kind, verdict, .. } = label;
            lines.push(format!("{what}: {source} {path}:{start}-{end} {kind} {verdict} {}", rules.join(", ")));
        }
        for (Reported { path, start, end }, rule) in &self.unlabelled {
            lines.push(format!("no label: {} {path}:{start}-{end} {rule}", self.source));
        }
        lines.iter().map(|line| line.trim_end().to_owned()).collect()
    }
}

impl Reported {
    fn read(site: &Value) -> Option<Reported> {
        Some(Reported {
            path: site["path"].as_str()?.to_owned(),
            start: site["start_line"].as_u64()?,
            end: site["end_line"].as_u64()?,
        })
    }
}
