//! `retrylint sites`: lists every retry site, decided or not.

use clap::Args;

use super::console::Console;
use super::input::Input;
use super::{Exit, Format};
use crate::report::{json, sites};

/// Arguments of `sites`.
#[derive(Debug, Args)]
pub(super) struct Sites {
    #[command(flatten)]
    input: Input,
}

impl Sites {
    pub(super) fn run(&self, console: &Console) -> Exit {
        let (outcome, exit) = match self.input.analyse(false, console) {
            Ok(answer) => answer,
            Err(exit) => return exit,
        };
        let shown: Vec<_> = outcome.sites.iter().filter(|site| self.input.include_tests || !site.is_test).collect();
        console.print(exit, |mut out| match self.input.format {
            Format::Json => json::sites(&outcome, &shown, &mut out),
            Format::Human => out.write_all(sites::table(&shown, console.out).as_bytes()),
        })
    }
}
