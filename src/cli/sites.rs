//! `retrylint sites`: lists every retry site, decided or not.

use clap::{Args, ValueEnum};

use super::Exit;
use super::console::Console;
use super::input::Input;
use crate::report::{json, sites};

/// Arguments of `sites`.
#[derive(Debug, Args)]
pub(super) struct Sites {
    #[command(flatten)]
    input: Input,

    /// The form of the list
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

/// The form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Text, for people
    Human,
    /// One JSON document; see docs/json.md
    Json,
}

impl Sites {
    pub(super) fn run(&self, console: &Console) -> Exit {
        let (outcome, exit) = match self.input.analyse(false, None, console) {
            Ok(answer) => answer,
            Err(exit) => return exit,
        };
        let shown: Vec<_> = outcome.sites.iter().filter(|site| self.input.include_tests || !site.is_test).collect();
        console.print(exit, |out| match self.format {
            Format::Json => json::sites(&outcome, &shown, out),
            Format::Human => out.write_all(sites::table(&shown, console.out).as_bytes()),
        })
    }
}
