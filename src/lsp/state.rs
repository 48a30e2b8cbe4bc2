//! Everything that is known while the server runs: the client, its open texts, and what is checked. Only the worker
//! touches it, so each request sees the edits that came before it, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use gen_lsp_types::{
    DiagnosticRefreshRequest, InlayHintRefreshRequest, MessageType, PublishDiagnosticsNotification,
    PublishDiagnosticsParams, ShowMessageNotification, ShowMessageParams, Uri,
};

use super::capabilities::Client;
use super::diagnostics::{self, Report};
use super::documents::{Document, Documents};
use super::outbox::Outbox;
use super::pages::Pages;
use super::progress::Progress;
use super::roots::{Failure, Root};
use super::settings::Settings;
use super::uri::{self, Folder};
use super::view::View;
use crate::Options;
use crate::config::Configs;
use crate::finding::{Finding, Site, Style};
use crate::report::words::count;

/// The state of the server.
pub(super) struct State {
    pub(super) client: Client,
    pub(super) outbox: Outbox,
    pub(super) settings: Settings,
    pub(super) documents: Documents,
    /// Folders that stand in none of the others, and open files that stand in none of the folders or are not saved yet.
    roots: Vec<Root>,
    folders: Vec<Folder>,
    pages: Pages,
    /// Something changed since the last check.
    is_stale: bool,
    /// Files whose diagnostics are to be sent again, whatever the check says.
    edited: BTreeSet<PathBuf>,
    /// Files for which the client holds diagnostics.
    published: BTreeSet<PathBuf>,
    /// What clients were told that ask; some ask every other second.
    reports: BTreeMap<PathBuf, Report>,
    /// Findings with their repairs, as of the last check.
    repairs: BTreeMap<PathBuf, Vec<Finding>>,
    /// Why roots are not checked, as the user was told.
    faults: BTreeMap<PathBuf, String>,
}

impl State {
    pub(super) fn new(client: Client, outbox: Outbox, settings: Settings, folders: Vec<Uri>, pages: Pages) -> State {
        let mut state = State {
            client,
            outbox,
            settings,
            documents: Documents::default(),
            roots: Vec::new(),
            folders: folders.into_iter().filter_map(Folder::new).collect(),
            pages,
            is_stale: true,
            edited: BTreeSet::new(),
            published: BTreeSet::new(),
            reports: BTreeMap::new(),
            repairs: BTreeMap::new(),
            faults: BTreeMap::new(),
        };
        state.settle();
        state
    }

    pub(super) fn view(&self) -> View<'_> {
        View { client: &self.client, documents: &self.documents, folders: &self.folders, pages: &self.pages }
    }

    /// The path of a file, open or not.
    pub(super) fn path(&self, uri: &Uri) -> Option<PathBuf> {
        let open = self.documents.get(uri).map(|document| document.path.clone());
        open.or_else(|| uri::path(uri).map(|path| uri::real(&path)))
    }

    pub(super) fn open(&mut self, document: Document) {
        let path = document.path.clone();
        self.documents.open(document);
        self.settle();
        self.edited(&path);
    }

    pub(super) fn close(&mut self, uri: &Uri) {
        if let Some(document) = self.documents.close(uri) {
            self.settle();
            self.edited(&document.path);
        }
    }

    /// An open text changed, or became one, or is none any more.
    pub(super) fn edited(&mut self, path: &Path) {
        let document = self.documents.at(path).filter(|document| document.is_rust);
        for root in self.roots.iter_mut().filter(|root| root.holds(path)) {
            root.set_text(path, document.map(|document| document.text.as_str()));
        }
        self.edited.insert(path.to_owned());
        self.is_stale = true;
    }

    /// Files changed on disk.
    pub(super) fn touched(&mut self, paths: &[PathBuf]) {
        self.roots.iter_mut().for_each(|root| root.touched(paths));
        self.settle();
        self.is_stale = true;
    }

    /// An open text was written to disk. Of Rust only a text that was in no file before is news.
    pub(super) fn saved(&mut self, uri: &Uri) {
        let Some(document) = self.documents.get(uri) else { return };
        let path = document.path.clone();
        if !document.is_rust || self.root(&path).is_some_and(Root::is_alone) {
            self.touched(&[path]);
        }
    }

    pub(super) fn change_folders(&mut self, added: Vec<Uri>, removed: Vec<Uri>) {
        let gone: Vec<Folder> = added.iter().cloned().chain(removed).filter_map(Folder::new).collect();
        self.folders.retain(|folder| !gone.contains(folder));
        self.folders.extend(added.into_iter().filter_map(Folder::new));
        self.settle();
        self.is_stale = true;
    }

    pub(super) fn set(&mut self, settings: Settings) {
        if settings == self.settings {
            return;
        }
        let before = std::mem::replace(&mut self.settings, settings);
        if !settings.checks_like(before) {
            self.recover();
        }
        if settings.inlay_hints != before.inlay_hints && self.client.refreshes_hints {
            self.outbox.ask::<InlayHintRefreshRequest>(());
        }
    }

    /// Makes the roots those that the folders and the open texts call for. How places are told depends on these, too.
    fn settle(&mut self) {
        self.reports.clear();
        let mut folders: Vec<&Path> = self.folders.iter().map(|folder| folder.path.as_path()).collect();
        folders.sort_unstable();
        folders.dedup_by(|inner, outer| inner.starts_with(&**outer));
        let mut before = std::mem::take(&mut self.roots);
        let mut root = |path: &Path, is_folder: bool| {
            let known = before.iter().position(|root| root.path == path && root.is_folder == is_folder);
            known.map_or_else(|| Root::new(path.to_owned(), is_folder), |at| before.swap_remove(at))
        };
        for folder in folders {
            self.roots.push(root(folder, true));
        }
        for document in self.documents.all().filter(|document| document.is_rust) {
            let path = &document.path;
            // A folder's session knows the files that are on disk.
            if !path.is_file() || !self.roots.iter().any(|root| root.holds(path)) {
                self.roots.push(root(path, false));
            }
        }
        // What is checked no more has no findings any more.
        for gone in before {
            self.edited.extend(gone.files());
        }
    }

    /// Brings everything up to date and tells the client, where something changed.
    pub(super) fn update(&mut self) {
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        self.repairs.clear();
        let options = self.settings.options();
        let edited = std::mem::take(&mut self.edited);
        let mut changed = edited.clone();
        let mut is_new = false;
        let mut failures = Vec::new();
        for root in &mut self.roots {
            let start = Instant::now();
            let progress = Progress::new(&self.outbox, self.client.progress);
            let updated = root.update(&self.documents, &options, &|done, total| progress.show(done, total));
            progress.finish();
            if updated.is_new && root.is_folder && updated.failure.is_none() {
                let (path, time) = (root.path.display(), start.elapsed().as_secs_f64());
                let said = format!(
                    "retrylint read {path} in {time:.1} s: {} with retry sites",
                    count(root.files().len(), "file")
                );
                self.outbox.log(MessageType::Log, said);
            }
            changed.extend(updated.changed);
            is_new |= updated.is_new && root.is_folder;
            match updated.failure {
                Some(failure) => failures.push((root.path.clone(), failure)),
                None if updated.is_new => drop(self.faults.remove(&root.path)),
                None => {}
            }
        }
        for (path, failure) in failures {
            self.failed(path, failure);
        }
        changed.iter().for_each(|path| drop(self.reports.remove(path)));
        let elsewhere = is_new || changed.iter().any(|path| !edited.contains(path));
        if self.client.pulls {
            if elsewhere {
                self.outbox.ask::<DiagnosticRefreshRequest>(());
            }
        } else {
            changed.iter().for_each(|path| self.publish(path));
        }
        if elsewhere && self.settings.inlay_hints && self.client.refreshes_hints {
            self.outbox.ask::<InlayHintRefreshRequest>(());
        }
    }

    /// Tells why a root is not checked: the user what can be mended, and once.
    fn failed(&mut self, path: PathBuf, failure: Failure) {
        let shown = path.display();
        match failure {
            Failure::Panic(why) => {
                self.outbox.log(MessageType::Error, format!("retrylint has a defect; {shown} is not checked: {why}"));
            }
            Failure::Input(why) => {
                let message = format!("retrylint checks nothing in {shown}: {why}");
                let before = self.faults.insert(path, why.clone());
                if before != Some(why) {
                    show(&self.outbox, message);
                }
            }
        }
    }

    /// Sends the diagnostics of a file. One that has none, and had none, is only told of where it is open.
    fn publish(&mut self, path: &Path) {
        let items = self.diagnostics(path);
        let document = self.documents.at(path);
        let is_news = !items.is_empty() || document.is_some_and(|document| document.is_rust);
        let was_told =
            if items.is_empty() { self.published.remove(path) } else { !self.published.insert(path.to_owned()) };
        if is_news || was_told {
            self.outbox.notify::<PublishDiagnosticsNotification>(PublishDiagnosticsParams {
                uri: self.view().uri(path),
                version: document.map(|document| document.version),
                diagnostics: items,
            });
        }
    }

    /// The diagnostics of a file, as of the last check.
    pub(super) fn diagnostics(&self, path: &Path) -> Vec<gen_lsp_types::Diagnostic> {
        let view = self.view();
        if let Some(document) = view.document(path).filter(|document| !document.is_rust) {
            return Configs::faults(path, &document.text).iter().map(|fault| diagnostics::fault(fault, view)).collect();
        }
        let Some(root) = self.root(path) else { return Vec::new() };
        let findings = root.findings(path);
        let problems = root.problems(path);
        let findings = findings.iter().map(|finding| diagnostics::finding(finding, view));
        findings.chain(problems.iter().map(diagnostics::problem)).collect()
    }

    /// The same, as it was said before where nothing changed.
    pub(super) fn report(&mut self, path: &Path) -> Report {
        if let Some(known) = self.reports.get(path) {
            return known.clone();
        }
        let report = Report::of(self.diagnostics(path));
        self.reports.insert(path.to_owned(), report.clone());
        report
    }

    /// The files about which something is to be said.
    pub(super) fn files(&self) -> BTreeSet<PathBuf> {
        self.roots.iter().flat_map(Root::files).collect()
    }

    pub(super) fn findings(&self, path: &Path) -> Vec<Finding> {
        self.root(path).map_or_else(Vec::new, |root| root.findings(path))
    }

    pub(super) fn sites(&self, path: &Path) -> Vec<Site> {
        self.root(path).map_or_else(Vec::new, |root| root.sites(path))
    }

    /// The findings of a file with their repairs in a style. Proving them takes time, so those by the code's own means,
    /// which are asked for with every move of the cursor, are kept until something changes.
    pub(super) fn with_fixes(&mut self, path: &Path, style: Style) -> Vec<Finding> {
        if style == Style::Inline
            && let Some(known) = self.repairs.get(path)
        {
            return known.clone();
        }
        let options = Options { style, ..self.settings.options() };
        let root = self.root_at(path);
        let found = root.map_or_else(Vec::new, |at| self.roots[at].with_fixes(&self.documents, &options, path));
        if style == Style::Inline {
            self.repairs.insert(path.to_owned(), found.clone());
        }
        found
    }

    /// Whether the repairs of a file are known already.
    pub(super) fn is_proved(&self, path: &Path) -> bool {
        self.repairs.contains_key(path)
    }

    /// What was read cannot be relied on, for a panic left it half done or it was for other settings: it is read again.
    pub(super) fn recover(&mut self) {
        self.roots.iter_mut().for_each(Root::forget);
        self.is_stale = true;
    }

    fn root(&self, path: &Path) -> Option<&Root> {
        self.roots.get(self.root_at(path)?)
    }

    /// A file that is a root itself is nobody else's.
    fn root_at(&self, path: &Path) -> Option<usize> {
        let own = self.roots.iter().position(|root| !root.is_folder && root.holds(path));
        own.or_else(|| self.roots.iter().position(|root| root.holds(path)))
    }
}

/// A message that the user should see.
pub(super) fn show(outbox: &Outbox, message: String) {
    outbox.notify::<ShowMessageNotification>(ShowMessageParams { kind: MessageType::Error, message });
}
