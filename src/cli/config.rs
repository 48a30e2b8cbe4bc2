//! `retrylint config`: shows what is configured and where, or the schema.

use std::path::PathBuf;

use clap::Args;

use super::Exit;
use super::console::Console;
use super::settings::Choice;
use crate::config::schema;
use crate::report::config;
use crate::workspace;

/// Arguments of `config`.
#[derive(Debug, Args)]
pub(super) struct Config {
    /// Files and folders whose configuration is shown [default: the current folder]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    choice: Choice,

    /// Print the JSON schema of retrylint.toml
    #[arg(long, conflicts_with_all = ["paths", "config", "no_config"])]
    schema: bool,
}

impl Config {
    pub(super) fn run(&self, console: &Console) -> Exit {
        if self.schema {
            return console.print(Exit::Clean, |out| out.write_all(schema().as_bytes()));
        }
        let mut input = workspace::load(&self.paths, None);
        let configs = match self.choice.configs(&mut input, console) {
            Ok(configs) => configs,
            Err(exit) => return exit,
        };
        let mut exit = Exit::Clean;
        for problem in &input.problems {
            exit = if problem.fatal { Exit::Trouble } else { exit };
            console.tell(&crate::report::human::problem(problem, console.err));
        }
        console.print(exit, |out| out.write_all(config::show(&configs).as_bytes()))
    }
}
