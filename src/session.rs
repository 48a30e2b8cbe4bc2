//! A workspace held in memory and checked again after each edit: the door for editors.
//!
//! This one checks everything again; what it promises is that the findings are those of a fresh check.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::config::Configs;
use crate::finding::{Finding, Outcome, Problem, Site};
use crate::{Options, check_workspace, workspace};

/// A workspace held in memory and checked again after each edit. Paths are absolute and have no links in them.
#[derive(Debug)]
pub struct Session {
    roots: Vec<PathBuf>,
    options: Options,
    /// Texts that an editor holds.
    texts: BTreeMap<PathBuf, String>,
    outcome: Outcome,
    /// Files whose text may have changed since the last check.
    changed: BTreeSet<PathBuf>,
}

impl Session {
    /// Reads and checks everything under the roots, as `check` with these paths would. `progress(done, total)`.
    ///
    /// # Errors
    /// A configuration or a model file that cannot be used: what is wrong with it.
    pub fn open(
        roots: &[PathBuf],
        options: Options,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Session, String> {
        let mut session = Session {
            roots: roots.to_vec(),
            options,
            texts: BTreeMap::new(),
            outcome: Outcome::default(),
            changed: BTreeSet::new(),
        };
        session.outcome = session.check(false, progress)?;
        Ok(session)
    }

    /// An editor's text of a file, which wins over the disk; `None` gives the file back to the disk.
    pub fn set_text(&mut self, path: &Path, text: Option<String>) {
        match text {
            Some(text) => self.texts.insert(path.to_owned(), text),
            None => self.texts.remove(path),
        };
        self.changed.insert(path.to_owned());
    }

    /// Files that changed, came or went on disk; a manifest or a configuration among them reloads what it governs.
    pub fn touched(&mut self, paths: &[PathBuf]) {
        self.changed.extend(paths.iter().cloned());
    }

    /// Brings the findings up to date; answers the files whose findings or sites may not be what they were.
    pub fn update(&mut self) -> Vec<PathBuf> {
        if self.changed.is_empty() {
            return Vec::new();
        }
        let mut files: BTreeSet<PathBuf> = std::mem::take(&mut self.changed);
        files.extend(self.files());
        // With a configuration that is wrong, what was found before stands.
        if let Ok(outcome) = self.check(false, &|_, _| {}) {
            self.outcome = outcome;
            files.extend(self.files());
        }
        files.into_iter().collect()
    }

    /// The files that have findings, sites or problems.
    pub fn files(&self) -> Vec<PathBuf> {
        let Outcome { sites, findings, problems, checked, .. } = &self.outcome;
        let with_problems = checked.iter().filter(|source| problems.iter().any(|problem| problem.path == source.path));
        let places = sites.iter().map(|site| &site.place).chain(findings.iter().map(|finding| &finding.sites[0].place));
        let files: BTreeSet<&PathBuf> =
            places.map(|place| &place.source.file).chain(with_problems.map(|source| &source.file)).collect();
        files.into_iter().cloned().collect()
    }

    /// Findings whose first site stands in a file, without repairs.
    pub fn findings(&self, path: &Path) -> Vec<Finding> {
        of(&self.outcome.findings, path)
    }

    /// The retry sites of a file with their verdicts.
    pub fn sites(&self, path: &Path) -> Vec<Site> {
        self.outcome.sites.iter().filter(|site| site.place.source.file == path).cloned().collect()
    }

    /// Problems of a file: it does not parse, it is not UTF-8.
    pub fn problems(&self, path: &Path) -> Vec<Problem> {
        let shown = self.outcome.checked.iter().find(|source| source.file == path).map(|source| &source.path);
        self.outcome.problems.iter().filter(|problem| Some(&problem.path) == shown).cloned().collect()
    }

    /// The findings of a file with their repairs, proved.
    pub fn with_fixes(&mut self, path: &Path) -> Vec<Finding> {
        self.check(true, &|_, _| {}).map_or_else(|_| Vec::new(), |outcome| of(&outcome.findings, path))
    }

    fn check(&self, fixes: bool, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<Outcome, String> {
        let mut input = workspace::load(&self.roots, None);
        let configs = Configs::read(&input).map_err(|faults| faults[0].message.clone())?;
        for file in input.units.iter_mut().flat_map(|unit| &mut unit.files) {
            file.text = self.texts.get(&file.path).cloned();
        }
        check_workspace(input, &Options { fixes, configs, ..self.options.clone() }, progress)
    }
}

fn of(findings: &[Finding], path: &Path) -> Vec<Finding> {
    findings.iter().filter(|finding| finding.sites[0].place.source.file == path).cloned().collect()
}
