//! What `check` and `sites` have in common: which code is looked at, and how the analysis is run on it.

use std::io::{IsTerminal, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Exit;
use super::console::Console;
use super::progress::Progress;
use super::settings::Choice;
use crate::finding::{Outcome, Style};
use crate::fix::apply::{self, Plan};
use crate::workspace::{self, Stdin};
use crate::{Options, report};

/// Flags about the input.
#[derive(Debug, Args)]
pub(super) struct Input {
    /// Files and folders; `-` is standard input [default: the current folder]
    paths: Vec<PathBuf>,

    /// Look at test code too: tests/, benches/, examples/, #[cfg(test)], #[test]
    #[arg(long)]
    pub(super) include_tests: bool,

    /// Use at most this many threads [default: one per core]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Add what library calls mean, in the form of rules/models/*.toml
    #[arg(long, value_name = "FILE")]
    models: Vec<PathBuf>,

    #[command(flatten)]
    choice: Choice,

    /// The folders of the packages that are meant, where they were chosen by name.
    #[arg(skip)]
    packages: Option<Vec<PathBuf>>,

    /// The file that standard input stands for; gives it its package, modules and name in reports
    #[arg(long, value_name = "FILE")]
    stdin_filename: Option<PathBuf>,
}

impl Input {
    /// Reads and analyses the input, with a repair of this style for each finding where one is given. Problems are told
    /// on standard error; the exit is that of trouble, if there was any that must fail the run.
    pub(super) fn analyse(
        &self,
        pedantic: bool,
        fixes: Option<Style>,
        console: &Console,
    ) -> Result<(Outcome, Exit), Exit> {
        let stdin = if self.reads_stdin() {
            Some(self.read_stdin().map_err(|message| console.fail(&message))?)
        } else if self.stdin_filename.is_some() {
            return Err(console.fail("--stdin-filename says what standard input stands for: give `-` as a path too"));
        } else {
            None
        };
        let paths: Vec<PathBuf> = self.paths.iter().filter(|path| *path != Path::new("-")).cloned().collect();
        let mut input = workspace::load(&paths, stdin);
        let style = fixes.unwrap_or_default();
        let options = Options { pedantic, fixes: fixes.is_some(), style, ..self.options(&mut input, console)? };
        let progress = Progress::new();
        let outcome = crate::check_workspace(input, &options, &|done, total| progress.show(done, total));
        progress.finish();
        let outcome = outcome.map_err(|message| console.fail(&message))?;
        let exit = tell_problems(&outcome, console);
        Ok((outcome, exit))
    }

    /// Reports on these packages of the workspace in this folder, unless paths are given.
    pub(super) fn select(&mut self, (root, packages): (PathBuf, Vec<PathBuf>)) {
        if self.paths.is_empty() {
            self.paths.push(root);
            self.packages = Some(packages);
        }
    }

    /// Whether a part is checked, as far as the user says so.
    pub(super) fn names_paths(&self) -> bool {
        !self.paths.is_empty()
    }

    pub(super) fn reads_stdin(&self) -> bool {
        self.paths.iter().any(|path| path == Path::new("-"))
    }

    /// The options that the flags and the configuration of this input make.
    fn options(&self, input: &mut workspace::Input, console: &Console) -> Result<Options, Exit> {
        Ok(Options {
            include_tests: self.include_tests,
            jobs: self.jobs.map(NonZeroUsize::get),
            models: self.models.clone(),
            packages: self.packages.clone(),
            configs: self.choice.configs(input, console)?,
            ..Options::default()
        })
    }

    /// The paths, where all of them stand for something that can be written to.
    pub(super) fn on_disk(&self) -> Result<Vec<PathBuf>, String> {
        if self.stdin_filename.is_some() || self.reads_stdin() {
            return Err("a fix is written to files: name them instead of `-`".to_owned());
        }
        Ok(if self.paths.is_empty() { vec![PathBuf::from(".")] } else { self.paths.clone() })
    }

    /// Repairs the input in memory.
    pub(super) fn plan(
        &self,
        paths: &[PathBuf],
        pedantic: bool,
        repairs: &apply::Choice,
        console: &Console,
    ) -> Result<(Plan, Exit), Exit> {
        let options = Options { pedantic, ..self.options(&mut workspace::load(paths, None), console)? };
        let progress = Progress::new();
        let plan = apply::plan(paths, &options, repairs, &|done, total| progress.show(done, total));
        progress.finish();
        let plan = plan.map_err(|message| console.fail(&message))?;
        let exit = tell_problems(&plan.left, console);
        Ok((plan, exit))
    }

    fn read_stdin(&self) -> Result<Stdin, String> {
        let mut stdin = std::io::stdin().lock();
        if stdin.is_terminal() {
            return Err(
                "`-` reads Rust source from standard input, but that is the terminal: pipe a file into it".to_owned()
            );
        }
        let mut bytes = Vec::new();
        stdin.read_to_end(&mut bytes).map_err(|e| format!("cannot read standard input: {e}"))?;
        Ok(Stdin { filename: self.stdin_filename.clone(), bytes })
    }
}

/// Tells what could not be read, and whether that fails the run.
fn tell_problems(outcome: &Outcome, console: &Console) -> Exit {
    for problem in &outcome.problems {
        console.tell(&report::human::problem(problem, console.err));
    }
    if outcome.problems.iter().any(|problem| problem.fatal) { Exit::Trouble } else { Exit::Clean }
}
