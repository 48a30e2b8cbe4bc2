//! `retrylint check`: reports findings.

use clap::Args;

use super::console::Console;
use super::input::Input;
use super::{Exit, Format};
use crate::finding::{Level, Outcome};
use crate::report::{human, json};

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    input: Input,

    /// Report findings that rest on an unanswered question about the failure too
    #[arg(long)]
    pedantic: bool,
}

impl Check {
    pub(super) fn run(&self, console: &Console) -> Exit {
        let (outcome, trouble) = match self.input.analyse(self.pedantic, console) {
            Ok(answer) => answer,
            Err(exit) => return exit,
        };
        let exit = if trouble == Exit::Trouble { trouble } else { verdict(&outcome) };
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
}

/// Notes inform; they do not fail a run.
fn verdict(outcome: &Outcome) -> Exit {
    if outcome.findings.iter().any(|finding| finding.level >= Level::Warn) { Exit::Findings } else { Exit::Clean }
}
