//! From proved repairs to changed texts: what was chosen is applied in memory, the result is analysed again, until
//! nothing more is to be done. Nothing is written here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::finding::{Applicability, Dependency, Edit, Finding, Fix, Outcome, Style};
use crate::fix::dependency::{self, Source};
use crate::fix::edit;
use crate::rules::Rule;
use crate::{Options, workspace};

/// Rounds, at most. A repair may bring another finding of the same loop to light.
const ROUNDS: usize = 10;

/// Which repairs are wanted.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Of these rules only; of all where empty.
    pub rules: Vec<&'static Rule>,
    /// In this style.
    pub style: Style,
    /// Those too that are not proved in every respect.
    pub unsafe_fixes: bool,
    /// Where `failfast` comes from.
    pub runtime: Source,
}

impl Choice {
    /// Whether findings of its rule are to be repaired.
    pub fn takes_rule(&self, finding: &Finding) -> bool {
        self.rules.is_empty() || self.rules.contains(&finding.rule)
    }

    /// Whether a repair is of the style that is wanted. Comments, policies and broken guards are repaired in one way only.
    pub fn takes_style(&self, finding: &Finding, fix: &Fix) -> bool {
        fix.style == self.style || finding.fixes.iter().all(|other| other.style != self.style)
    }

    /// The repair of a finding that is to be applied.
    pub fn pick<'f>(&self, finding: &'f Finding) -> Option<&'f Fix> {
        let least = if self.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe };
        let fits = |fix: &&Fix| self.takes_style(finding, fix) && fix.applicability >= least;
        finding.fixes.iter().find(fits).filter(|_| self.takes_rule(finding))
    }
}

/// A file whose text is to change.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The path as the user would write it.
    pub display: String,
    /// The path to open it by.
    pub path: PathBuf,
    /// What was read; `None` for a file that is new.
    pub before: Option<String>,
    /// What is to be written.
    pub after: String,
}

/// What was repaired, and what is left.
#[derive(Debug)]
pub struct Plan {
    /// By path.
    pub changed: Vec<Changed>,
    /// What makes `failfast` a dependency where these need it: new files, then manifests.
    pub support: Vec<Changed>,
    /// The repaired findings, in the order of repair, with the repair.
    pub fixed: Vec<(Finding, Fix)>,
    /// The analysis of the repaired texts.
    pub left: Outcome,
}

impl Plan {
    /// What the repairs in some of the files need.
    pub fn needs_of(&self, files: &[&Changed]) -> Vec<Dependency> {
        let touches =
            |fix: &Fix| fix.edits.iter().any(|edit| files.iter().any(|changed| changed.path == edit.place.source.file));
        self.fixed.iter().filter(|(_, fix)| touches(fix)).flat_map(|(_, fix)| fix.needs.clone()).collect()
    }

    /// A file stays as it was: its findings are left, with the reason.
    pub fn undo(&mut self, path: &Path, why: &str) {
        let touches = |fix: &Fix| fix.edits.iter().any(|edit| edit.place.source.file == path);
        let (undone, fixed) = std::mem::take(&mut self.fixed).into_iter().partition(|(_, fix)| touches(fix));
        self.fixed = fixed;
        let undone: Vec<(Finding, Fix)> = undone;
        self.left.findings.extend(undone.into_iter().map(|(finding, _)| Finding {
            fixes: Vec::new(),
            unfixable: Some(why.to_owned()),
            ..finding
        }));
    }
}

/// Repairs in memory what is chosen.
///
/// # Errors
/// As [`crate::check_workspace`], and where `failfast` cannot be made a dependency.
pub fn plan(
    paths: &[PathBuf],
    options: &Options,
    choice: &Choice,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Plan, String> {
    let options = Options { fixes: true, style: choice.style, ..options.clone() };
    let mut changed: BTreeMap<PathBuf, Changed> = BTreeMap::new();
    let mut fixed: Vec<(Finding, Fix)> = Vec::new();
    for round in 0.. {
        let mut input = workspace::load(paths, None);
        for file in input.units.iter_mut().flat_map(|unit| &mut unit.files) {
            if let Some(changed) = changed.get(&file.path) {
                file.text = Some(changed.after.clone());
            }
        }
        let left = crate::check_workspace(input, &options, progress)?;
        let mut taken: Vec<Edit> = Vec::new();
        for finding in &left.findings {
            if let Some(fix) = choice.pick(finding)
                && round < ROUNDS
                && !edit::overlap(&taken, &fix.edits)
            {
                edit::join(&mut taken, &fix.edits);
                fixed.push((finding.clone(), fix.clone()));
            }
        }
        if taken.is_empty() {
            let changed = changed.into_values().collect();
            let needs: Vec<Dependency> = fixed.iter().flat_map(|(_, fix)| fix.needs.clone()).collect();
            let support = dependency::plan(&needs, &choice.runtime)?;
            return Ok(Plan { changed, support, fixed, left });
        }
        let mut files: BTreeMap<PathBuf, Vec<Edit>> = BTreeMap::new();
        for edit in taken {
            files.entry(edit.place.source.file.clone()).or_default().push(edit);
        }
        for (path, edits) in files {
            let source = &edits[0].place.source;
            let after = edit::apply(&source.text, &edits);
            let entry = changed.entry(path.clone()).or_insert_with(|| Changed {
                display: source.path.clone(),
                path,
                before: Some(source.text.clone()),
                after: String::new(),
            });
            entry.after = after;
        }
    }
    unreachable!("the last round takes nothing")
}
