//! `retrylint lsp`: the language server. It ends as the protocol says: with 0 after a shutdown, else with 1.

use clap::Args;

use super::Exit;
use super::console::Console;
use crate::lsp::{self, Ending};

/// Arguments of `lsp`.
#[derive(Debug, Args)]
pub(super) struct Lsp {
    /// Speak over standard input and output, which it does anyway: some editors say so
    #[arg(long)]
    stdio: bool,
}

impl Lsp {
    pub(super) fn run(&self, console: &Console) -> Exit {
        match lsp::run() {
            Ok(Ending::Orderly) => Exit::Clean,
            Ok(Ending::Abrupt) => Exit::Findings,
            Err(message) => console.fail(&message),
        }
    }
}
