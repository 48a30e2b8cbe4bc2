//! The pipeline: files to findings, one unit after the other.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::config::{Config, Configs, FRESH_RETRIES};
use crate::engine::combinator::{Combinator, combinators};
use crate::engine::db::Db;
use crate::engine::{nest, policy, site, stand_in};
use crate::finding::{Finding, Outcome, Problem, Site, Style, Verdict};
use crate::fix;
use crate::ir::{Name, Span};
use crate::models::Models;
use crate::rules;
use crate::suppress;
use crate::syntax::program::{FnId, Loaded, Program};
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
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs.unwrap_or(0))
        .stack_size(STACK_SIZE)
        .build()
        .map_err(|e| format!("cannot start the worker threads: {e}; try --jobs 1"))?;
    let total = input.units.iter().map(|u| u.files.len()).sum();
    let done = AtomicUsize::new(0);
    let mut outcome = Outcome { problems: input.problems, ..Outcome::default() };
    outcome.summary.skipped += outcome.problems.len();
    let mut known: BTreeMap<Vec<PathBuf>, Models> = BTreeMap::new();
    for unit in input.units {
        let config = options.configs.of(&unit.root);
        let files = config.base.models.iter().flat_map(|given| given.value.clone());
        let files: Vec<PathBuf> = options.models.iter().cloned().chain(files).collect();
        let models = match known.entry(files) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let models = Models::load(new.key())?;
                new.insert(models)
            }
        };
        let include_tests = options.include_tests || config.base.tests.as_ref().is_some_and(|given| given.value);
        let options = Options { include_tests, ..options.clone() };
        let part = pool.install(|| {
            check_unit(unit, models, &config, &options, &|| progress(done.fetch_add(1, Ordering::Relaxed) + 1, total))
        });
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

fn finish(outcome: &mut Outcome) {
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

fn check_unit(unit: Unit, models: &Models, config: &Config, options: &Options, tick: &(dyn Fn() + Sync)) -> Outcome {
    let mut outcome = Outcome::default();
    let read: Vec<Result<(Loaded, Option<Problem>), Problem>> = unit
        .files
        .into_par_iter()
        .map(|mut entry| {
            entry.reported &= config.reports(&entry.path);
            let loaded = load(entry);
            tick();
            loaded
        })
        .collect();
    let mut files = Vec::with_capacity(read.len());
    for result in read {
        match result {
            Ok((loaded, problem)) => {
                if loaded.reported {
                    outcome.summary.files += 1;
                    outcome.summary.lines += loaded.source.lines() as usize;
                    outcome.summary.skipped += loaded.file.skipped.len().max(usize::from(problem.is_some()));
                    outcome.problems.extend(problem);
                    outcome.checked.push(loaded.source.clone());
                }
                files.push(loaded);
            }
            Err(problem) => {
                outcome.summary.skipped += 1;
                outcome.problems.push(problem);
            }
        }
    }
    let files = stand_in::complete(files, &models.stand_ins);
    let suppressions = suppress::collect(&files, options);
    let kept = if options.fixes { files.clone() } else { Vec::new() };
    let program = Program::new(files);
    let fresh_retries = config.base.fresh_retries.as_ref().map_or(FRESH_RETRIES, |given| given.value);
    let db = Db::new(&program, models, 1 + fresh_retries);
    let functions: Vec<FnId> = program
        .functions()
        .filter(|id| {
            let data = program.function(*id);
            program.file(data.file).reported && (options.include_tests || !data.is_test)
        })
        .collect();
    let sites: Vec<(FnId, Span)> =
        functions.iter().flat_map(|id| site::sites(&db, *id).into_iter().map(move |span| (*id, span))).collect();
    let calls: Vec<(FnId, Combinator)> =
        functions.iter().flat_map(|id| combinators(&db, *id).into_iter().map(move |call| (*id, call))).collect();
    let mut examined: Vec<site::Examined> =
        sites.par_iter().filter_map(|(id, span)| site::analyse(&db, *id, *span)).collect();
    examined.par_extend(calls.par_iter().filter_map(|(id, call)| site::analyse_call(&db, *id, call)));
    let mut examined = site::innermost(examined);
    nest::link(&db, &mut examined);
    let mut findings = Vec::new();
    for entry in &examined {
        let (site, finding) = rules::judge(&db, entry, options);
        outcome.sites.push(Site { is_test: program.function(entry.home).is_test, ..site });
        findings.extend(finding);
    }
    let policies = policy::examine(&db, &functions);
    let loops: Vec<(&site::Examined, &Verdict)> =
        examined.iter().zip(outcome.sites.iter().map(|site| &site.verdict)).collect();
    let (sites, findings) = rules::judge_policies(&db, &policies, &loops, findings, options);
    outcome.sites.extend(sites);
    outcome.findings = findings;
    suppress::apply(suppressions, &program, options, &mut outcome);
    outcome.findings.retain_mut(|finding| config.level(finding));
    if options.fixes {
        fix::propose(&db, &kept, &examined, &mut outcome.findings, options);
    }
    outcome
}

fn load(entry: FileEntry) -> Result<(Loaded, Option<Problem>), Problem> {
    let source: Arc<Source> = entry.read()?;
    let parsed = syntax::parse(&source.text);
    let problem = parsed.problem.map(|message| Problem { path: source.path.clone(), message, fatal: false });
    let loaded = Loaded {
        source,
        package: entry.package,
        krate: entry.krate,
        module: entry.module,
        is_test: entry.is_test,
        reported: entry.reported,
        file: parsed.file,
    };
    Ok((loaded, problem))
}
