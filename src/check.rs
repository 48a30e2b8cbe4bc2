//! The pipeline: files to findings, one unit after the other.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::analysis::{Analysis, Read, Terms};
use crate::config::Configs;
use crate::finding::{Finding, Outcome, Problem, Style, Verdict};
use crate::ir::Name;
use crate::models::Models;
use crate::syntax::program::Loaded;
use crate::syntax::{self, STACK_SIZE};
use crate::workspace::source::Source;
use crate::workspace::{FileEntry, Input, Unit};

/// How to check.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Report sites in test code too.
    pub include_tests: bool,
    /// Report findings that rest on an opaque question about the failure too.
    pub pedantic: bool,
    /// Threads; as many as there are cores where not given.
    pub jobs: Option<usize>,
    /// Look for a repair of each finding, and prove it.
    pub fixes: bool,
    /// In which style.
    pub style: Style,
    /// Model files of the user's, in the form of `rules/models/*.toml`.
    pub models: Vec<PathBuf>,
    /// What users configured.
    pub configs: Configs,
    /// The folders of the packages to report on, where not all are meant.
    pub packages: Option<Vec<PathBuf>>,
}

/// Checks what [`crate::workspace::load`] found. `progress` is told how many of all files are done.
///
/// # Errors
/// A model file that cannot be read, or a thread pool that cannot be started: one message.
pub fn check_workspace(
    mut input: Input,
    options: &Options,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Outcome, String> {
    if let Some(packages) = &options.packages {
        input.select(packages);
    }
    let pool = workers(options)?;
    let total = input.units.iter().map(|u| u.files.len()).sum();
    let done = AtomicUsize::new(0);
    let mut outcome = Outcome { problems: input.problems, ..Outcome::default() };
    outcome.summary.skipped += outcome.problems.len();
    let mut known = KnownModels::default();
    for unit in input.units {
        let terms = known.terms(&unit, options)?;
        let tick = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
        let part = pool.install(|| check_unit(unit, terms, &tick));
        outcome.findings.extend(part.findings);
        outcome.sites.extend(part.sites);
        outcome.allows.extend(part.allows);
        outcome.checked.extend(part.checked);
        outcome.problems.extend(part.problems);
        outcome.summary.suppressed += part.summary.suppressed;
        outcome.summary.files += part.summary.files;
        outcome.summary.lines += part.summary.lines;
        outcome.summary.skipped += part.summary.skipped;
    }
    finish(&mut outcome);
    Ok(outcome)
}

/// Checks one source text on its own, with the built-in models.
pub fn check_source(path: &str, text: &str, options: &Options) -> Outcome {
    let entry = FileEntry {
        display: path.to_owned(),
        path: PathBuf::from(path),
        package: None,
        module: Vec::new(),
        krate: Name::new("source"),
        is_test: false,
        reported: true,
        named: true,
        text: Some(text.to_owned()),
    };
    let input = Input {
        units: vec![Unit { root: PathBuf::new(), files: vec![entry], settings: Vec::new() }],
        problems: Vec::new(),
    };
    let options = Options { jobs: Some(1), ..options.clone() };
    check_workspace(input, &options, &|_, _| {}).unwrap_or_else(|message| Outcome {
        problems: vec![Problem { path: path.to_owned(), message, fatal: true }],
        ..Outcome::default()
    })
}

/// Threads with the stack that files and runs of any depth need.
pub(crate) fn workers(options: &Options) -> Result<rayon::ThreadPool, String> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs.unwrap_or(0))
        .stack_size(STACK_SIZE)
        .build()
        .map_err(|e| format!("cannot start the worker threads: {e}; try --jobs 1"))
}

/// Models, read once for all units that name the same files.
#[derive(Default)]
pub(crate) struct KnownModels(BTreeMap<Vec<PathBuf>, Arc<Models>>);

impl KnownModels {
    /// A file changed: what was read from it is not what it says. Whether anything was.
    pub(crate) fn forget(&mut self, file: &Path) -> bool {
        let before = self.0.len();
        self.0.retain(|files, _| !files.iter().any(|known| known == file));
        before > self.0.len()
    }

    /// How a unit is checked.
    ///
    /// # Errors
    /// A model file that cannot be read: one message.
    pub(crate) fn terms(&mut self, unit: &Unit, options: &Options) -> Result<Terms, String> {
        let config = options.configs.of(&unit.root);
        let files = config.base.models.iter().flat_map(|given| given.value.clone());
        let files: Vec<PathBuf> = options.models.iter().cloned().chain(files).collect();
        let models = match self.0.entry(files) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let models = Arc::new(Models::load(new.key())?);
                new.insert(models)
            }
        };
        let models = models.clone();
        let include_tests = options.include_tests || config.base.tests.as_ref().is_some_and(|given| given.value);
        Ok(Terms { models, config, options: Options { include_tests, ..options.clone() } })
    }
}

pub(crate) fn finish(outcome: &mut Outcome) {
    outcome.problems.sort_by(|a, b| (&a.path, &a.message).cmp(&(&b.path, &b.message)));
    outcome.sites.sort_by(|a, b| (&a.place.source.path, a.place.span).cmp(&(&b.place.source.path, b.place.span)));
    outcome.allows.sort_by(|a, b| (&a.place.source.path, a.place.span).cmp(&(&b.place.source.path, b.place.span)));
    outcome.findings.sort_by(|a, b| {
        let key = |f: &Finding| (f.sites[0].place.source.path.clone(), f.sites[0].place.span, f.rule.code);
        key(a).cmp(&key(b))
    });
    outcome.summary.sites = outcome.sites.len();
    outcome.summary.undecided = outcome.sites.iter().filter(|s| matches!(s.verdict, Verdict::Undecided(_))).count();
}

fn check_unit(unit: Unit, terms: Terms, tick: &(dyn Fn() + Sync)) -> Outcome {
    let read: Vec<Result<Read, Problem>> = unit
        .files
        .into_par_iter()
        .map(|mut entry| {
            entry.reported &= terms.config.reports(&entry.path);
            let read = read(&entry);
            tick();
            read
        })
        .collect();
    let (mut files, mut unread) = (Vec::with_capacity(read.len()), Vec::new());
    for result in read {
        match result {
            Ok(read) => files.push(Some(read)),
            Err(problem) => unread.push(problem),
        }
    }
    let (fixes, style) = (terms.options.fixes, terms.options.style);
    // A proof edits a copy of the unit.
    let analysis = if fixes { Analysis::tracked(files, terms) } else { Analysis::once(files, terms) };
    let mut said = analysis.say();
    if fixes {
        analysis.repair(&mut said, &|_| true, style);
    }
    let mut outcome = said.outcome;
    outcome.summary.skipped += unread.len();
    outcome.problems.extend(unread);
    outcome
}

/// Reads and lowers a file.
pub(crate) fn read(entry: &FileEntry) -> Result<Read, Problem> {
    let source: Arc<Source> = entry.read()?;
    let parsed = syntax::parse(&source.text);
    let problem = parsed.problem.map(|message| Problem { path: source.path.clone(), message, fatal: false });
    let loaded = Loaded {
        source,
        package: entry.package.clone(),
        krate: entry.krate,
        module: entry.module.clone(),
        is_test: entry.is_test,
        reported: entry.reported,
        file: parsed.file,
    };
    Ok(Read { loaded, problem })
}
