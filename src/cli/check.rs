//! `retrylint check`: reports findings.

use clap::Args;

use super::console::Console;
use super::fix::Fixing;
use super::input::Input;
use super::{Exit, Format};
use crate::finding::{Finding, Level, Outcome};
use crate::report::{human, json};

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    input: Input,

    /// Report findings that rest on an unanswered question about the failure too
    #[arg(long)]
    pedantic: bool,

    /// Repair what can be repaired, and report the rest
    #[arg(long)]
    fix: bool,

    #[command(flatten, next_help_heading = "With --fix")]
    fixing: Fixing,
}

impl Check {
    pub(super) fn run(&self, console: &Console) -> Exit {
        let (outcome, exit) = match self.outcome(console) {
            Ok(answer) => answer,
            Err(exit) => return exit,
        };
        console.print(exit, |mut out| match self.input.format {
            Format::Json => json::check(&outcome, &mut out),
            Format::Human => {
                for finding in &outcome.findings {
                    writeln!(out, "{}", human::finding(finding, console.out))?;
                }
                out.write_all(human::summary(&outcome, console.out).as_bytes())?;
                out.write_all(human::more(&outcome).as_bytes())
            }
        })
    }

    fn outcome(&self, console: &Console) -> Result<(Outcome, Exit), Exit> {
        if !self.fix {
            let (outcome, trouble) = self.input.analyse(self.pedantic, console)?;
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
