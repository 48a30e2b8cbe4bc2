//! `retrylint check`: reports findings.

use clap::Args;

use super::Exit;
use super::console::Console;
use super::fix::Fixing;
use super::input::Input;
use super::output::Outputs;
use crate::finding::{Finding, Level, Outcome};
use crate::report::words::count;
use crate::suppress::{self, Added};

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    outputs: Outputs,

    /// Report findings that rest on an unanswered question about the failure too
    #[arg(long)]
    pedantic: bool,

    /// Repair what can be repaired, and report the rest
    #[arg(long)]
    fix: bool,

    #[command(flatten, next_help_heading = "With --fix")]
    fixing: Fixing,

    /// Write a suppression with this reason above every loop that is reported, instead of a report
    #[arg(long, value_name = "REASON", require_equals = true, conflicts_with_all = ["format", "output"])]
    add_allow: Option<String>,
}

impl Check {
    pub(super) fn run(&self, console: &Console) -> Exit {
        if let Err(message) = self.outputs.check() {
            return console.fail(&message);
        }
        let (outcome, exit) = match self.outcome(console) {
            Ok(answer) => answer,
            Err(exit) => return exit,
        };
        match &self.add_allow {
            Some(reason) => {
                let exit = if exit == Exit::Trouble { exit } else { Exit::Clean };
                self.add(&outcome, reason, exit, console)
            }
            None => self.outputs.write(&outcome, console, exit),
        }
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

    fn outcome(&self, console: &Console) -> Result<(Outcome, Exit), Exit> {
        if !self.fix {
            let (outcome, trouble) = self.input.analyse(self.pedantic, self.outputs.offer_fixes(), console)?;
            let verdict = if outcome.findings.iter().any(fails) { Exit::Findings } else { Exit::Clean };
            return Ok((outcome, if trouble == Exit::Trouble { trouble } else { verdict }));
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
