//! `retrylint allows`: lists the suppressions in the code, with their reasons.

use clap::Args;

use super::Exit;
use super::console::Console;
use super::input::Input;
use super::sites::Format;
use crate::report::{allows, json};

/// Arguments of `allows`.
#[derive(Debug, Args)]
pub(super) struct Allows {
    #[command(flatten)]
    input: Input,

    /// The form of the list
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

impl Allows {
    pub(super) fn run(&self, console: &Console) -> Exit {
        let (outcome, exit) = match self.input.analyse(false, None, console) {
            Ok(answer) => answer,
            Err(exit) => return exit,
        };
        console.print(exit, |out| match self.format {
            Format::Json => json::allows(&outcome, out),
            Format::Human => out.write_all(allows::table(&outcome.allows, console.out).as_bytes()),
        })
    }
}
