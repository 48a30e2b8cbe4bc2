//! What is checked: each folder of the workspace, and each open file outside of them, with its session.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::documents::Documents;
use super::guard::guard;
use crate::Options;
use crate::finding::{Finding, Outcome, Problem, Site};
use crate::session::Session;

/// A folder or file that is checked.
pub(super) struct Root {
    /// Its path, without links in it.
    pub(super) path: PathBuf,
    /// A folder of the workspace; else a file outside of it, checked as long as it is open.
    pub(super) is_folder: bool,
    state: State,
}

enum State {
    /// Not read yet, or what was read cannot be relied on.
    Unread,
    Read(Box<Session>),
    /// It cannot be checked as long as nothing changes on disk.
    Failed,
    /// Text that is in no file, checked by itself.
    Alone(Box<Outcome>),
}

/// What became of bringing a root up to date.
pub(super) struct Updated {
    /// Files whose findings may not be what they were.
    pub(super) changed: Vec<PathBuf>,
    /// What kept it from being checked, for the user.
    pub(super) failure: Option<Failure>,
    /// All of it was read.
    pub(super) is_new: bool,
}

/// Why a root is not checked.
pub(super) enum Failure {
    /// A configuration or a model file is wrong: what to mend.
    Input(String),
    /// The tool has a defect.
    Panic(String),
}

impl Root {
    pub(super) fn new(path: PathBuf, is_folder: bool) -> Root {
        Root { path, is_folder, state: State::Unread }
    }

    /// Whether a file is for it to check.
    pub(super) fn holds(&self, path: &Path) -> bool {
        if self.is_folder { path.starts_with(&self.path) } else { path == self.path }
    }

    /// It is text that was in no file when it was checked.
    pub(super) fn is_alone(&self) -> bool {
        matches!(self.state, State::Alone(_))
    }

    pub(super) fn set_text(&mut self, path: &Path, text: Option<&str>) {
        match &mut self.state {
            State::Read(session) => session.set_text(path, text.map(str::to_owned)),
            State::Alone(_) => self.state = State::Unread,
            State::Unread | State::Failed => {}
        }
    }

    /// Files on disk changed.
    pub(super) fn touched(&mut self, paths: &[PathBuf]) {
        match &mut self.state {
            State::Read(session) => session.touched(paths),
            // It was no source that it failed for.
            State::Failed if paths.iter().all(|path| path.extension().is_some_and(|extension| extension == "rs")) => {}
            State::Failed | State::Alone(_) => self.state = State::Unread,
            State::Unread => {}
        }
    }

    /// Everything is to be read again.
    pub(super) fn forget(&mut self) {
        self.state = State::Unread;
    }

    /// Brings it up to date, reading it first where that has not been done.
    pub(super) fn update(
        &mut self,
        documents: &Documents,
        options: &Options,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Updated {
        let mut before = self.files();
        let is_new = matches!(self.state, State::Unread);
        let changed = guard(|| match &mut self.state {
            #[cfg(test)]
            _ if documents.all().any(|document| document.text.contains(super::tests::PANIC)) => {
                panic!("as the test wants it")
            }
            State::Read(session) => Ok(session.update()),
            State::Failed | State::Alone(_) => Ok(Vec::new()),
            State::Unread => {
                self.read(documents, options, progress)?;
                before.extend(self.files());
                Ok(before.iter().cloned().collect())
            }
        });
        let failure = match changed {
            Ok(Ok(changed)) => return Updated { changed, failure: None, is_new },
            Ok(Err(message)) => {
                self.state = State::Failed;
                Failure::Input(message)
            }
            Err(message) => {
                self.state = State::Unread;
                Failure::Panic(message)
            }
        };
        Updated { changed: before.into_iter().collect(), failure: Some(failure), is_new }
    }

    fn read(
        &mut self,
        documents: &Documents,
        options: &Options,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<(), String> {
        if !self.is_folder
            && !self.path.is_file()
            && let Some(document) = documents.at(&self.path)
        {
            let outcome = crate::check_source(&self.path.to_string_lossy(), &document.text, options);
            self.state = State::Alone(Box::new(outcome));
            return Ok(());
        }
        let mut session = Session::open(std::slice::from_ref(&self.path), options.clone(), progress)?;
        for document in documents.all().filter(|document| document.is_rust && self.holds(&document.path)) {
            session.set_text(&document.path, Some(document.text.clone()));
        }
        session.update();
        self.state = State::Read(Box::new(session));
        Ok(())
    }

    /// The files about which something is to be said.
    pub(super) fn files(&self) -> BTreeSet<PathBuf> {
        match &self.state {
            State::Read(session) => session.files().into_iter().collect(),
            State::Alone(_) => BTreeSet::from([self.path.clone()]),
            State::Unread | State::Failed => BTreeSet::new(),
        }
    }

    pub(super) fn findings(&self, path: &Path) -> Vec<Finding> {
        match &self.state {
            State::Read(session) => session.findings(path),
            State::Alone(outcome) => outcome.findings.clone(),
            State::Unread | State::Failed => Vec::new(),
        }
    }

    pub(super) fn sites(&self, path: &Path) -> Vec<Site> {
        match &self.state {
            State::Read(session) => session.sites(path),
            State::Alone(outcome) => outcome.sites.clone(),
            State::Unread | State::Failed => Vec::new(),
        }
    }

    pub(super) fn problems(&self, path: &Path) -> Vec<Problem> {
        match &self.state {
            State::Read(session) => session.problems(path),
            State::Alone(outcome) => outcome.problems.clone(),
            State::Unread | State::Failed => Vec::new(),
        }
    }

    /// The findings of a file with their repairs in the style of the options.
    pub(super) fn with_fixes(&mut self, documents: &Documents, options: &Options, path: &Path) -> Vec<Finding> {
        match (&mut self.state, documents.at(path)) {
            (State::Read(session), _) => session.with_fixes(path, options.style),
            (State::Alone(_), Some(document)) => {
                let options = Options { fixes: true, ..options.clone() };
                crate::check_source(&path.to_string_lossy(), &document.text, &options).findings
            }
            (State::Alone(_) | State::Unread | State::Failed, _) => Vec::new(),
        }
    }
}
