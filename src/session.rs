//! A workspace held in memory and checked again after each edit: the door for editors.
//!
//! What it says is what a fresh check of the same texts would say. An edit of a file is brought in by the unit that
//! holds it (`unit`); whatever may change which files there are, or how they are checked, is read anew from the disk
//! and compared with what is held, so that only what is different is done again.

mod unit;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::ThreadPool;

use crate::Options;
use crate::check::{KnownModels, workers};
use crate::config::{Configs, Fault};
use crate::finding::{Finding, Problem, Site, Style};
use crate::workspace;
use unit::Held;

/// A workspace held in memory. Paths are absolute and have no links in them.
pub struct Session {
    roots: Vec<PathBuf>,
    options: Options,
    pool: ThreadPool,
    models: KnownModels,
    /// Texts that an editor holds.
    texts: BTreeMap<PathBuf, String>,
    units: Vec<Held>,
    /// Files whose text may not be the one that is held.
    edited: BTreeSet<PathBuf>,
    /// Which files there are, or how they are checked, may be otherwise.
    is_moved: bool,
    /// They could not be found out when that was last tried.
    is_faulty: bool,
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
        let options = Options { fixes: false, ..options };
        let mut session = Session {
            roots: roots.to_vec(),
            pool: workers(&options)?,
            options,
            models: KnownModels::default(),
            texts: BTreeMap::new(),
            units: Vec::new(),
            edited: BTreeSet::new(),
            is_moved: false,
            is_faulty: false,
        };
        session.reload(&mut BTreeSet::new(), progress)?;
        Ok(session)
    }

    /// An editor's text of a file, which wins over the disk; `None` gives the file back to the disk.
    pub fn set_text(&mut self, path: &Path, text: Option<String>) {
        match text {
            Some(text) => self.texts.insert(path.to_owned(), text),
            None => self.texts.remove(path),
        };
        self.edited.insert(path.to_owned());
    }

    /// Files that changed, came or went on disk; a manifest or a configuration among them reloads what it governs.
    pub fn touched(&mut self, paths: &[PathBuf]) {
        for path in paths {
            let is_held = self.units.iter().any(|unit| unit.holds(path));
            if is_held {
                self.edited.insert(path.clone());
            }
            self.is_moved |= match path.extension().and_then(|extension| extension.to_str()) {
                Some("rs") => is_held != path.is_file(),
                Some("toml") | None => true,
                Some(_) => path.is_dir(),
            };
            // Whatever it is may mend what could not be used.
            self.is_moved |= self.models.forget(path) || self.is_faulty;
        }
    }

    /// Brings the findings up to date; answers the files whose findings, sites or problems may not be what they were.
    /// Where a configuration cannot be used now, what it said before holds on.
    pub fn update(&mut self) -> Vec<PathBuf> {
        let mut changed = BTreeSet::new();
        if std::mem::take(&mut self.is_moved) {
            self.is_faulty = self.reload(&mut changed, &|_, _| {}).is_err();
        }
        let edited = std::mem::take(&mut self.edited);
        for unit in &mut self.units {
            let texts = &self.texts;
            changed.extend(self.pool.install(|| unit.edit(&edited, texts)));
        }
        changed.into_iter().collect()
    }

    /// The files that have findings, sites or problems.
    pub fn files(&self) -> Vec<PathBuf> {
        let files: BTreeSet<&PathBuf> = self.units.iter().flat_map(Held::told).collect();
        files.into_iter().cloned().collect()
    }

    /// Findings whose first site stands in a file, without repairs.
    pub fn findings(&self, path: &Path) -> Vec<Finding> {
        self.units.iter().flat_map(|unit| unit.findings(path)).cloned().collect()
    }

    /// The retry sites of a file with their verdicts.
    pub fn sites(&self, path: &Path) -> Vec<Site> {
        self.units.iter().flat_map(|unit| unit.sites(path)).cloned().collect()
    }

    /// Problems of a file: it does not parse, it is not UTF-8.
    pub fn problems(&self, path: &Path) -> Vec<Problem> {
        self.units.iter().flat_map(|unit| unit.problems(path)).cloned().collect()
    }

    /// The findings of a file with their repairs in a style, proved. A proof runs the loop many times.
    pub fn with_fixes(&mut self, path: &Path, style: Style) -> Vec<Finding> {
        self.pool.install(|| self.units.iter().flat_map(|unit| unit.with_fixes(path, style)).collect())
    }

    /// Looks anew which files there are and how they are checked.
    fn reload(
        &mut self,
        changed: &mut BTreeSet<PathBuf>,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<(), String> {
        let mut input = workspace::load(&self.roots, None);
        let configs = Configs::read(&input).map_err(|faults| told(&faults))?;
        if let Some(packages) = &self.options.packages {
            input.select(packages);
        }
        let options = Options { configs, ..self.options.clone() };
        let mut planned = Vec::with_capacity(input.units.len());
        for unit in input.units {
            planned.push((self.models.terms(&unit, &options)?, unit));
        }
        let total = planned.iter().map(|(_, unit)| unit.files.len()).sum();
        let done = std::sync::atomic::AtomicUsize::new(0);
        let tick = || progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, total);
        let mut before: BTreeMap<PathBuf, Held> =
            std::mem::take(&mut self.units).into_iter().map(|held| (held.root().to_owned(), held)).collect();
        for (terms, unit) in planned {
            let known = before.remove(&unit.root);
            let (texts, pool) = (&self.texts, &self.pool);
            let held = pool.install(|| Held::again(known, unit, terms, texts, changed, &tick));
            self.units.push(held);
        }
        changed.extend(before.values().flat_map(Held::told).cloned());
        Ok(())
    }
}

/// The first thing that is wrong with a configuration, with its place.
fn told(faults: &[Fault]) -> String {
    faults.first().map_or_else(String::new, |Fault { place, message, help, .. }| {
        format!("{}:{}: {message}; {help}", place.source.path, place.start_line())
    })
}
