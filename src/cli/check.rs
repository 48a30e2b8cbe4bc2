//! `retrylint check`: reports findings.

use clap::Args;

use super::Exit;
use super::baseline::Known;
use super::console::Console;
use super::fix::Fixing;
use super::input::Input;
use super::output::{Format, Outputs};
use super::with::{self, CommandLine};
use crate::finding::{Finding, Level, Outcome};
use crate::report::words::count;
use crate::since::Changes;
use crate::suppress::{self, Added};

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) input: Input,

    #[command(flatten)]
    pub(super) outputs: Outputs,

    /// Report findings that rest on an unanswered question about the failure too
    #[arg(long)]
    pedantic: bool,

    /// Run this command too, and write its lines and ours (as `--output cargo` does) to standard output; the exit code
    /// is the worse of both
    #[arg(long, value_name = "COMMAND", value_parser = with::parse, conflicts_with_all = ["format", "output", "add_allow", "fix"])]
    with: Option<CommandLine>,

    #[command(flatten)]
    known: Known,

    /// Report only findings that touch lines changed since this git revision
    #[arg(long, value_name = "REVISION")]
    since: Option<String>,

    /// Write a suppression with this reason above every loop that is reported, instead of a report
    #[arg(long, value_name = "REASON", require_equals = true, conflicts_with_all = ["format", "output"])]
    add_allow: Option<String>,

    /// Repair what can be repaired, and report the rest
    #[arg(long, conflicts_with_all = ["baseline", "since", "add_allow"])]
    fix: bool,

    #[command(flatten, next_help_heading = "With --fix")]
    fixing: Fixing,
}

impl Check {
    pub(super) fn run(mut self, console: &Console) -> Exit {
        let Some(command) = &self.with else { return self.report(console) };
        let other = match command.start() {
            Ok(other) => other,
            Err(message) => return console.fail(&message),
        };
        self.outputs.set(Format::Cargo);
        let ours = self.report(console);
        other.finish(console).or_worse(ours)
    }

    fn report(&self, console: &Console) -> Exit {
        if let Err(message) = self.outputs.check() {
            return console.fail(&message);
        }
        let changes = match self.since.as_deref().map(Changes::since).transpose() {
            Ok(changes) => changes,
            Err(message) => return console.fail(&message),
        };
        let (mut outcome, mut exit) = match self.outcome(console) {
            Ok(answer) => answer,
            Err(exit) => return exit,
        };
        let stale = match self.known.apply(&mut outcome, self.input.names_paths(), console) {
            Ok(exit) => exit,
            Err(exit) => return exit,
        };
        if let Some(changes) = changes {
            changes.apply(&mut outcome);
        }
        if let Some(reason) = &self.add_allow {
            return self.add(&outcome, reason, exit, console);
        }
        if exit != Exit::Trouble {
            exit = if outcome.findings.iter().any(fails) { Exit::Findings } else { stale };
        }
        self.outputs.write(&outcome, console, exit)
    }

    fn add(&self, outcome: &Outcome, reason: &str, exit: Exit, console: &Console) -> Exit {
        if self.input.reads_stdin() {
            return console.fail("--add-allow writes into files, and standard input is none: name the file instead");
        }
        match suppress::add(outcome, reason) {
            Ok(Added { comments, files }) => console.print(exit, |out| {
                writeln!(out, "added {} in {}", count(comments, "suppression"), count(files, "file"))
            }),
            Err(message) => console.fail(&message),
        }
    }

    /// What is found, or what is left after repairs.
    fn outcome(&self, console: &Console) -> Result<(Outcome, Exit), Exit> {
        if !self.fix {
            let style = self.outputs.offer_fixes().then(|| self.fixing.style());
            return self.input.analyse(self.pedantic, style, console);
        }
        let done = self.fixing.repair(&self.input, self.pedantic, console)?;
        console.tell(&done.summary);
        if self.fixing.is_diff() {
            return Err(console.print(done.exit, |out| out.write_all(done.diff.as_bytes())));
        }
        Ok((done.left, done.exit))
    }
}

/// Notes inform; they do not fail a run.
pub(super) fn fails(finding: &Finding) -> bool {
    finding.level >= Level::Warn
}
