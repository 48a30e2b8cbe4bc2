//! `retrylint check`: reports findings.

use clap::Args;

use super::Exit;
use super::console::Console;
use super::input::Input;
use super::output::Outputs;
use crate::finding::{Level, Outcome};

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
}

impl Check {
    pub(super) fn run(&self, console: &Console) -> Exit {
        if let Err(message) = self.outputs.check() {
            return console.fail(&message);
        }
        let (outcome, trouble) = match self.input.analyse(self.pedantic, console) {
            Ok(answer) => answer,
            Err(exit) => return exit,
        };
        let exit = if trouble == Exit::Trouble { trouble } else { verdict(&outcome) };
        self.outputs.write(&outcome, console, exit)
    }
}

/// Notes inform; they do not fail a run.
fn verdict(outcome: &Outcome) -> Exit {
    if outcome.findings.iter().any(|finding| finding.level >= Level::Warn) { Exit::Findings } else { Exit::Clean }
}
