//! Flags about the configuration, and how it is read.

use std::path::PathBuf;

use clap::Args;

use super::Exit;
use super::console::Console;
use crate::config::Configs;
use crate::report::human;
use crate::workspace::{self, Input};

/// Which configuration counts.
#[derive(Debug, Args)]
pub(super) struct Choice {
    /// Use this file for everything, and no other configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Use no configuration
    #[arg(long, conflicts_with = "config")]
    no_config: bool,
}

impl Choice {
    /// The configuration of each unit. What is wrong with one is told.
    pub(super) fn configs(&self, input: &mut Input, console: &Console) -> Result<Configs, Exit> {
        if self.no_config {
            input.units.iter_mut().for_each(|unit| unit.settings.clear());
        }
        if let Some(path) = &self.config {
            let settings = workspace::settings(path).map_err(|message| console.fail(&message))?;
            input.units.iter_mut().for_each(|unit| unit.settings = vec![settings.clone()]);
        }
        Configs::read(input).map_err(|faults| {
            for fault in &faults {
                console.tell(&human::fault(fault, console.err));
            }
            Exit::Trouble
        })
    }
}
