//! One unit of a session: which file stands where in its analysis, and what was said last.
//!
//! The order of the files decides where two things are alike, so a file that comes later needs a place between those
//! that are there. Between any two there is a free one; where that is taken, the unit is opened anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::analysis::{Analysis, Read, Terms};
use crate::check::{finish, read};
use crate::finding::{Finding, Outcome, Problem, Site, Style};
use crate::syntax::program::FileId;
use crate::workspace::source::Place;
use crate::workspace::{FileEntry, Unit};

/// A unit.
pub(super) struct Held {
    root: PathBuf,
    /// By their places in the analysis; `None` is a free place.
    slots: Vec<Option<FileEntry>>,
    places: FxHashMap<PathBuf, FileId>,
    /// Files that could not be read.
    unread: FxHashMap<PathBuf, Problem>,
    analysis: Analysis,
    outcome: Outcome,
}

impl Held {
    /// A unit as it is now, with what was known of it before.
    pub(super) fn again(
        known: Option<Held>,
        unit: Unit,
        terms: Terms,
        texts: &BTreeMap<PathBuf, String>,
        changed: &mut BTreeSet<PathBuf>,
        tick: &(dyn Fn() + Sync),
    ) -> Held {
        let mut files = unit.files;
        for entry in &mut files {
            entry.reported &= terms.config.reports(&entry.path);
            entry.text = texts.get(&entry.path).cloned();
        }
        let mut known = match known {
            Some(known) if known.analysis.terms().is_like(&terms) => known,
            other => {
                changed.extend(other.iter().flat_map(Held::told).cloned());
                let held = Held::open(unit.root, files, terms, tick);
                changed.extend(held.told().cloned());
                return held;
            }
        };
        let Some(edits) = known.moves(files) else {
            changed.extend(known.told().cloned());
            let mut files: Vec<FileEntry> = known.slots.into_iter().flatten().collect();
            for entry in &mut files {
                entry.text = texts.get(&entry.path).cloned();
            }
            let held = Held::open(unit.root, files, terms, tick);
            changed.extend(held.told().cloned());
            return held;
        };
        known.analysis.configure(terms.config);
        changed.extend(known.bring_in(edits, texts, true));
        known
    }

    fn open(root: PathBuf, files: Vec<FileEntry>, terms: Terms, tick: &(dyn Fn() + Sync)) -> Held {
        let mut slots: Vec<Option<FileEntry>> = files.into_iter().flat_map(|entry| [None, Some(entry)]).collect();
        slots.push(None);
        let reads: Vec<Option<Result<Read, Problem>>> = slots
            .par_iter()
            .map(|slot| {
                let entry = slot.as_ref()?;
                let read = read(entry);
                tick();
                Some(read)
            })
            .collect();
        let (mut places, mut unread) = (FxHashMap::default(), FxHashMap::default());
        let mut files = Vec::with_capacity(reads.len());
        for (at, (read, slot)) in reads.into_iter().zip(&mut slots).enumerate() {
            if let Some(entry) = slot {
                // The analysis has it from here on.
                entry.text = None;
                places.insert(entry.path.clone(), FileId::at(at));
            }
            match (read, slot) {
                (Some(Err(problem)), Some(entry)) => {
                    unread.insert(entry.path.clone(), problem);
                    files.push(None);
                }
                (read, _) => files.push(read.and_then(Result::ok)),
            }
        }
        let analysis = Analysis::tracked(files, terms);
        let mut held = Held { root, slots, places, unread, analysis, outcome: Outcome::default() };
        held.outcome = held.say();
        held
    }

    /// Opens the unit anew, with the files that are there.
    fn open_again(&mut self, texts: &BTreeMap<PathBuf, String>) {
        let mut files: Vec<FileEntry> = std::mem::take(&mut self.slots).into_iter().flatten().collect();
        for entry in &mut files {
            entry.text = texts.get(&entry.path).cloned();
        }
        *self = Held::open(std::mem::take(&mut self.root), files, self.analysis.terms().clone(), &|| {});
    }

    /// The edits that make the files those that are there now; `None` where a new one has no place, and then `slots`
    /// are all files that are there.
    fn moves(&mut self, files: Vec<FileEntry>) -> Option<Vec<FileId>> {
        let mut edits = Vec::new();
        let mut gone: BTreeSet<FileId> = self.places.values().copied().collect();
        let mut new = Vec::new();
        for mut entry in files {
            let Some(place) = self.places.get(&entry.path) else {
                new.push(entry);
                continue;
            };
            gone.remove(place);
            entry.text = None;
            let slot = &mut self.slots[place.index()];
            if slot.as_ref() != Some(&entry) {
                edits.push(*place);
                *slot = Some(entry);
            }
        }
        for place in gone {
            if let Some(entry) = self.slots[place.index()].take() {
                self.places.remove(&entry.path);
                self.unread.remove(&entry.path);
            }
            edits.push(place);
        }
        let mut is_full = false;
        for mut entry in new {
            entry.text = None;
            let after = self.slots.iter().position(|slot| slot.as_ref().is_some_and(|s| s.display > entry.display));
            let at = after.unwrap_or(self.slots.len());
            if at > 0 && self.slots[at - 1].is_none() && !is_full {
                self.places.insert(entry.path.clone(), FileId::at(at - 1));
                self.slots[at - 1] = Some(entry);
                edits.push(FileId::at(at - 1));
            } else {
                is_full = true;
                self.slots.insert(at, Some(entry));
            }
        }
        (!is_full).then_some(edits)
    }

    /// Brings in the texts of files that were edited; answers the files about which something else may be said now.
    pub(super) fn edit(&mut self, edited: &BTreeSet<PathBuf>, texts: &BTreeMap<PathBuf, String>) -> BTreeSet<PathBuf> {
        let mut edits = Vec::new();
        for path in edited {
            let Some(place) = self.places.get(path) else { continue };
            let is_same = texts.get(path).is_some_and(|text| *text == self.analysis.source(*place).text);
            if !is_same || self.unread.contains_key(path) {
                edits.push(*place);
            }
        }
        if edits.is_empty() { BTreeSet::new() } else { self.bring_in(edits, texts, false) }
    }

    fn bring_in(
        &mut self,
        edits: Vec<FileId>,
        texts: &BTreeMap<PathBuf, String>,
        is_configured: bool,
    ) -> BTreeSet<PathBuf> {
        for place in &edits {
            if let Some(entry) = &mut self.slots[place.index()] {
                entry.text = texts.get(&entry.path).cloned();
            }
        }
        let reads: Vec<(FileId, Option<Result<Read, Problem>>)> =
            edits.par_iter().map(|place| (*place, self.slots[place.index()].as_ref().map(read))).collect();
        let mut files = Vec::with_capacity(reads.len());
        let mut touched: BTreeSet<PathBuf> = BTreeSet::new();
        for (place, result) in reads {
            let Some(entry) = &mut self.slots[place.index()] else {
                touched.insert(self.analysis.source(place).file.clone());
                files.push((place, None));
                continue;
            };
            entry.text = None;
            touched.insert(entry.path.clone());
            let read = match result {
                Some(Ok(read)) => {
                    self.unread.remove(&entry.path);
                    // A file that was only saved.
                    let old = self.analysis.source(place);
                    if !is_configured && self.analysis.is_there(place) && old.text == read.loaded.source.text {
                        touched.remove(&entry.path);
                        continue;
                    }
                    Some(read)
                }
                Some(Err(problem)) => {
                    self.unread.insert(entry.path.clone(), problem);
                    None
                }
                None => None,
            };
            files.push((place, read));
        }
        if files.is_empty() && !is_configured {
            return touched;
        }
        let before = std::mem::take(&mut self.outcome);
        if files.iter().any(|(place, read)| self.analysis.needs_others(*place, read.as_ref())) {
            self.open_again(texts);
        } else {
            if !files.is_empty() {
                self.analysis.edit(files);
            }
            self.outcome = self.say();
        }
        self.differences(&before, touched)
    }

    fn say(&self) -> Outcome {
        let mut outcome = self.analysis.say().outcome;
        outcome.problems.extend(self.unread.values().cloned());
        finish(&mut outcome);
        outcome
    }

    /// The files about which something else is said than before. `edited` are those whose text is another.
    fn differences(&self, before: &Outcome, edited: BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
        let mut changed = BTreeSet::new();
        let is_edited = |place: &Place| edited.contains(&place.source.file);
        let of_finding = |finding: &Finding| finding.sites[0].place.source.file.clone();
        let shows_edited = |finding: &&Finding| {
            finding.sites.iter().any(|site| is_edited(&site.place))
                || finding.witness.iter().any(|step| is_edited(&step.place))
        };
        for outcome in [before, &self.outcome] {
            changed.extend(outcome.findings.iter().filter(shows_edited).map(of_finding));
            let sites = outcome.sites.iter().filter(|site| is_edited(&site.place));
            changed.extend(sites.map(|site| site.place.source.file.clone()));
        }
        let of_site = |site: &Site| site.place.source.file.clone();
        changed.extend(unlike(&before.findings, &self.outcome.findings, of_finding));
        changed.extend(unlike(&before.sites, &self.outcome.sites, of_site));
        // What a problem says moves with the text.
        changed.extend(edited);
        changed
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn holds(&self, path: &Path) -> bool {
        self.places.contains_key(path)
    }

    /// The files about which something is said.
    pub(super) fn told(&self) -> impl Iterator<Item = &PathBuf> {
        let findings = self.outcome.findings.iter().map(|finding| &finding.sites[0].place.source.file);
        let sites = self.outcome.sites.iter().map(|site| &site.place.source.file);
        let problems = self.outcome.problems.iter().filter_map(|problem| self.path_of(&problem.path));
        findings.chain(sites).chain(problems)
    }

    fn path_of(&self, display: &str) -> Option<&PathBuf> {
        self.slots.iter().flatten().find(|entry| entry.display == display).map(|entry| &entry.path)
    }

    pub(super) fn findings(&self, path: &Path) -> impl Iterator<Item = &Finding> {
        self.outcome.findings.iter().filter(move |finding| finding.sites[0].place.source.file == path)
    }

    pub(super) fn sites(&self, path: &Path) -> impl Iterator<Item = &Site> {
        self.outcome.sites.iter().filter(move |site| site.place.source.file == path)
    }

    pub(super) fn problems(&self, path: &Path) -> impl Iterator<Item = &Problem> {
        let place = self.places.get(path).and_then(|place| self.slots[place.index()].as_ref());
        let shown = place.map(|entry| entry.display.as_str());
        self.outcome.problems.iter().filter(move |problem| Some(problem.path.as_str()) == shown)
    }

    pub(super) fn with_fixes(&self, path: &Path, style: Style) -> Vec<Finding> {
        if self.findings(path).next().is_none() {
            return Vec::new();
        }
        let is_here = |finding: &Finding| finding.sites[0].place.source.file == path;
        let mut said = self.analysis.say_with_fixes();
        self.analysis.repair(&mut said, &is_here, style);
        finish(&mut said.outcome);
        said.outcome.findings.into_iter().filter(is_here).collect()
    }
}

/// Where two lists that are in order are not alike, file by file.
fn unlike<T: PartialEq>(before: &[T], after: &[T], file: impl Fn(&T) -> PathBuf) -> BTreeSet<PathBuf> {
    let mut files: BTreeMap<PathBuf, [Vec<&T>; 2]> = BTreeMap::new();
    for (list, all) in [before, after].into_iter().enumerate() {
        for one in all {
            files.entry(file(one)).or_default()[list].push(one);
        }
    }
    files.into_iter().filter(|(_, [before, after])| before != after).map(|(file, _)| file).collect()
}
