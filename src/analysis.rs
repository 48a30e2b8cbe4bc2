//! One unit held in memory: from its files to what is said of them, and again after edits.
//!
//! What a site, a policy or a file shows is kept with what it read, so that an edit runs again only what saw it. What
//! looks at the whole unit (which loop speaks for nested ones, which policy is named, which comment suppresses) is done
//! each time. [`crate::check_workspace`] opens a unit, asks once and drops it.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::Options;
use crate::config::{Config, FRESH_RETRIES};
use crate::engine::combinator::{Combinator, combinators};
use crate::engine::db::Db;
use crate::engine::policy::{self, Policy};
use crate::engine::site::{self, Examined};
use crate::engine::store::Store;
use crate::engine::{Lookup, Memo, nest, stand_in};
use crate::finding::{Finding, Outcome, Problem, Site, Style, Verdict};
use crate::fix;
use crate::ir::{Name, Span};
use crate::models::{Models, StandIn};
use crate::rules;
use crate::suppress::{self, Found};
use crate::syntax::program::reads::{Changed, Reads, recorded};
use crate::syntax::program::{FileId, FnId, Loaded, Program};
use crate::workspace::source::{Place, Source};

/// A file as it was read: what enters the program, and what is wrong with its text.
pub(crate) struct Read {
    pub(crate) loaded: Loaded,
    pub(crate) problem: Option<Problem>,
}

/// How a unit is checked.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) models: Arc<Models>,
    pub(crate) config: Config,
    /// With what the unit's configuration says of tests.
    pub(crate) options: Options,
}

impl Terms {
    /// Whether what runs show under the other terms is what they show under these.
    pub(crate) fn is_like(&self, other: &Terms) -> bool {
        Arc::ptr_eq(&self.models, &other.models)
            && self.options.include_tests == other.options.include_tests
            && self.allowed() == other.allowed()
    }

    /// Attempts with a dead key that a healthy loop may make.
    fn allowed(&self) -> u32 {
        1 + self.config.base.fresh_retries.as_ref().map_or(FRESH_RETRIES, |given| given.value)
    }
}

/// The files with the stand-ins that they need behind them, and free places for the others. Files that those take the
/// place of leave a free place too.
fn with_stand_ins(mut files: Vec<Option<Read>>, models: &Models) -> Vec<Option<Read>> {
    let needed = stand_in::needed(|| files.iter().flatten().map(|read| &read.loaded), &models.stand_ins);
    for loaded in needed {
        for slot in &mut files {
            if loaded.as_ref().is_some_and(|new| slot.as_ref().is_some_and(|read| read.loaded.krate == new.krate)) {
                *slot = None;
            }
        }
        files.push(loaded.map(|loaded| Read { loaded, problem: None }));
    }
    files
}

/// A unit.
pub(crate) struct Analysis {
    terms: Terms,
    program: Program,
    store: Store,
    files: Vec<FileNotes>,
    by_path: FxHashMap<String, FileId>,
    spots: Vec<Spots>,
    seen: Memo<Spot, Option<Arc<Seen>>>,
    policies: Memo<FnId, Arc<[Policy]>>,
}

/// What is to be said of a file besides its sites.
#[derive(Default)]
struct FileNotes {
    is_there: bool,
    skipped: usize,
    problem: Option<Problem>,
    suppressions: Vec<Found>,
}

/// The places of a file that are to be run.
#[derive(Default)]
struct Spots {
    /// Loops, then calls of retry libraries.
    sites: Vec<Spot>,
    policies: Vec<FnId>,
    reads: Reads,
}

/// A place that is to be run: a loop, or a call of a retry library.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Spot {
    home: FnId,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Loop(Span),
    Call(Combinator),
}

/// What a site showed, and what follows from it by itself.
struct Seen {
    examined: Arc<Examined>,
    site: Site,
    finding: Option<Finding>,
}

/// What a unit said, with the runs that it rests on.
pub(crate) struct Said {
    pub(crate) outcome: Outcome,
    pub(crate) examined: Vec<Arc<Examined>>,
}

impl Analysis {
    /// Takes up the files of a unit.
    pub(crate) fn once(files: Vec<Option<Read>>, terms: Terms) -> Analysis {
        let files = with_stand_ins(files, &terms.models).into_iter().filter(Option::is_some).collect();
        Analysis::open(files, terms, Program::new)
    }

    /// Takes up the files of a unit, to be edited. Where there is `None`, a file may come later.
    pub(crate) fn tracked(files: Vec<Option<Read>>, terms: Terms) -> Analysis {
        let files = with_stand_ins(files, &terms.models);
        Analysis::open(files, terms, Program::tracked)
    }

    fn open(files: Vec<Option<Read>>, terms: Terms, program: impl FnOnce(Vec<Option<Loaded>>) -> Program) -> Analysis {
        let (mut notes, mut by_path) = (Vec::with_capacity(files.len()), FxHashMap::default());
        for (at, read) in files.iter().enumerate() {
            let file = FileId::at(at);
            if let Some(read) = read {
                by_path.insert(read.loaded.source.path.clone(), file);
            }
            notes.push(FileNotes::of(read.as_ref(), file, &terms.options));
        }
        let program = program(files.into_iter().map(|read| read.map(|read| read.loaded)).collect());
        let is_tracked = program.is_tracked();
        let store = Store::new(Lookup { program: &program, models: &terms.models });
        let mut analysis = Analysis {
            terms,
            program,
            store,
            files: notes,
            by_path,
            spots: Vec::new(),
            seen: Memo::new(is_tracked),
            policies: Memo::new(is_tracked),
        };
        let all: Vec<FileId> = analysis.program.files().collect();
        analysis.spots = analysis.find_spots(&all);
        analysis
    }

    /// Puts new texts in the place of old ones; `None` takes a file away.
    pub(crate) fn edit(&mut self, files: Vec<(FileId, Option<Read>)>) {
        let mut changed = Changed::default();
        let mut loaded = Vec::with_capacity(files.len());
        for (file, read) in files {
            if let Some(read) = &read {
                self.by_path.insert(read.loaded.source.path.clone(), file);
            }
            self.files[file.index()] = FileNotes::of(read.as_ref(), file, &self.terms.options);
            loaded.push((file, read.map(|read| read.loaded)));
        }
        let edited = self.program.update(loaded, &mut changed);
        let lookup = Lookup { program: &self.program, models: &self.terms.models };
        self.store.update(lookup, &edited, &mut changed);
        let again: Vec<FileId> = self
            .program
            .files()
            .filter(|file| edited.contains(file) || changed.touches(&self.spots[file.index()].reads))
            .collect();
        let spots = self.find_spots(&again);
        for (file, spots) in again.into_iter().zip(spots) {
            self.spots[file.index()] = spots;
        }
        self.seen.evict(&changed);
        self.policies.evict(&changed);
    }

    /// Whether the unit may need other stand-ins with a new file in a place, or with none.
    pub(crate) fn needs_others(&self, file: FileId, new: Option<&Read>) -> bool {
        self.terms.models.stand_ins.iter().any(|StandIn { krate, .. }| {
            let before = self.is_there(file) && stand_in::names(self.source(file), krate);
            let after = new.is_some_and(|read| stand_in::names(&read.loaded.source, krate));
            before != after || new.is_some_and(|read| read.loaded.krate == Name::new(krate))
        })
    }

    /// Says under which configuration findings are reported from now on. What is looked at stays the same.
    pub(crate) fn configure(&mut self, config: Config) {
        self.terms.config = config;
    }

    /// How it is checked.
    pub(crate) fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Whether there is a file at a place that may be free.
    pub(crate) fn is_there(&self, file: FileId) -> bool {
        self.files[file.index()].is_there
    }

    /// The text of a file as it is now.
    pub(crate) fn source(&self, file: FileId) -> &Arc<Source> {
        &self.program.file(file).source
    }

    fn db(&self) -> Db<'_> {
        let lookup = Lookup { program: &self.program, models: &self.terms.models };
        Db::new(lookup, &self.store, self.terms.allowed())
    }

    fn find_spots(&self, files: &[FileId]) -> Vec<Spots> {
        let db = self.db();
        let find = |file: FileId| {
            let program = &self.program;
            let mut spots = Spots::default();
            if !program.file(file).reported {
                return spots;
            }
            let is_looked_at = |id: &FnId| self.terms.options.include_tests || !program.signature(*id).is_test();
            let functions: Vec<FnId> = program.functions_in(file).filter(is_looked_at).collect();
            for home in &functions {
                let loops = site::sites(&db, *home).into_iter().map(What::Loop);
                spots.sites.extend(loops.map(|what| Spot { home: *home, what }));
            }
            for home in &functions {
                let calls = combinators(&db, *home).into_iter().map(What::Call);
                spots.sites.extend(calls.map(|what| Spot { home: *home, what }));
            }
            spots.policies = functions.into_iter().filter(|id| policy::has_policy(&db, *id)).collect();
            spots
        };
        let find = |file: &FileId| {
            if !self.program.is_tracked() {
                return find(*file);
            }
            let (spots, reads) = recorded(|| find(*file));
            Spots { reads, ..spots }
        };
        files.par_iter().map(find).collect()
    }

    fn see(&self, db: &Db<'_>, spot: &Spot) -> Option<Arc<Seen>> {
        self.seen.get(*spot, || {
            let examined = match &spot.what {
                What::Loop(span) => site::analyse(db, spot.home, *span),
                What::Call(call) => site::analyse_call(db, spot.home, call),
            };
            let examined = Arc::new(examined?);
            let (site, finding) = rules::judge(db, &examined, &self.terms.options);
            let site = Site { is_test: self.program.signature(examined.home).is_test(), ..site };
            Some(Arc::new(Seen { examined, site, finding }))
        })
    }

    /// Everything that is to be said of the unit.
    pub(crate) fn say(&self) -> Said {
        self.say_under(&self.terms.options)
    }

    /// The same, with repairs of what comments say; those of code are for [`Analysis::repair`].
    pub(crate) fn say_with_fixes(&self) -> Said {
        self.say_under(&Options { fixes: true, ..self.terms.options.clone() })
    }

    fn say_under(&self, options: &Options) -> Said {
        let db = self.db();
        let mut outcome = Outcome::default();
        for (at, notes) in self.files.iter().enumerate() {
            let file = self.program.file(FileId::at(at));
            if notes.is_there && file.reported {
                outcome.summary.files += 1;
                outcome.summary.lines += file.source.lines() as usize;
                outcome.summary.skipped += notes.skipped;
                outcome.problems.extend(notes.problem.clone());
                outcome.checked.push(file.source.clone());
            }
        }
        let is_loop = |spot: &&&Spot| matches!(spot.what, What::Loop(_));
        let all: Vec<&Spot> = self.spots.iter().flat_map(|spots| &spots.sites).collect();
        // Loops first, then calls.
        let all: Vec<&Spot> =
            all.iter().filter(|s| is_loop(s)).chain(all.iter().filter(|s| !is_loop(s))).copied().collect();
        let seen: Vec<Arc<Seen>> = all.par_iter().filter_map(|spot| self.see(&db, spot)).collect();
        let examined: Vec<Arc<Examined>> = seen.iter().map(|seen| seen.examined.clone()).collect();
        let mut examined = site::innermost(examined);
        nest::link(&db, &mut examined);
        let mut findings = Vec::new();
        let mut known = seen.iter();
        for one in &mut examined {
            // What is left is in the same order.
            let place = (one.home, one.site);
            let seen = known.find(|seen| (seen.examined.home, seen.examined.site) == place);
            let (site, finding) = match seen {
                Some(seen) if Arc::ptr_eq(&seen.examined, one) => (seen.site.clone(), seen.finding.clone()),
                // It runs another one.
                _ => rules::judge(&db, one, options),
            };
            let is_test = self.program.signature(one.home).is_test();
            outcome.sites.push(Site { is_test, ..site });
            findings.extend(finding);
        }
        let functions: Vec<FnId> = self.spots.iter().flat_map(|spots| spots.policies.iter().copied()).collect();
        policy::prepare(&db, &functions);
        let policies: Vec<Arc<[Policy]>> =
            functions.par_iter().map(|id| self.policies.get(*id, || policy::examine(&db, *id))).collect();
        let policies: Vec<&Policy> = policies.iter().flat_map(|of_one| of_one.iter()).collect();
        let loops: Vec<(&Examined, &Verdict)> =
            examined.iter().map(Arc::as_ref).zip(outcome.sites.iter().map(|site| &site.verdict)).collect();
        let (sites, findings) = rules::judge_policies(&db, &policies, &loops, findings, options);
        outcome.sites.extend(sites);
        outcome.findings = findings;
        if self.program.is_tracked() {
            self.refresh(&mut outcome);
        }
        let suppressions = self.files.iter().flat_map(|notes| notes.suppressions.iter().cloned()).collect();
        suppress::apply(suppressions, &self.program, options, &mut outcome);
        outcome.findings.retain_mut(|finding| self.terms.config.level(finding));
        Said { outcome, examined }
    }

    /// Looks for a repair of each finding that is wanted, in a style. The unit is one that can be edited.
    pub(crate) fn repair(&self, said: &mut Said, wanted: &(dyn Fn(&Finding) -> bool + Sync), style: Style) {
        let options = Options { style, ..self.terms.options.clone() };
        let Said { outcome, examined } = said;
        fix::propose(&self.db(), examined, &mut outcome.findings, wanted, &options);
    }
}

impl Analysis {
    /// Texts are replaced while what stands elsewhere is kept: places are given the text that is there now.
    fn refresh(&self, outcome: &mut Outcome) {
        let fresh = |place: &mut Place| {
            if let Some(file) = self.by_path.get(&place.source.path) {
                place.source.clone_from(&self.program.file(*file).source);
            }
        };
        for finding in &mut outcome.findings {
            finding.sites.iter_mut().for_each(|site| fresh(&mut site.place));
            finding.witness.iter_mut().for_each(|step| fresh(&mut step.place));
        }
        for site in &mut outcome.sites {
            fresh(&mut site.place);
            site.attempt.iter_mut().for_each(fresh);
        }
    }
}

impl FileNotes {
    fn of(read: Option<&Read>, file: FileId, options: &Options) -> FileNotes {
        let Some(read) = read else { return FileNotes::default() };
        FileNotes {
            is_there: true,
            skipped: read.loaded.file.skipped.len().max(usize::from(read.problem.is_some())),
            problem: read.problem.clone(),
            suppressions: suppress::collect(&read.loaded, file, options),
        }
    }
}
