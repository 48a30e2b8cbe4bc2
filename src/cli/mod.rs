//! The command line: one file per subcommand. The only part that names clap.

mod allows;
mod baseline;
mod cargo;
mod check;
mod config;
mod console;
mod explain;
mod fix;
mod input;
mod lsp;
mod output;
mod progress;
mod settings;
mod shell;
mod sites;
mod with;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use console::{Color, Console};

/// Finds retry loops that burn a dead API key, and shows what they cost.
#[derive(Debug, Parser)]
#[command(name = "retrylint", version, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// When to use colours; `auto` obeys NO_COLOR, CLICOLOR_FORCE and FORCE_COLOR
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    color: Color,
}

const AFTER_HELP: &str = "Exit codes: 0 clean, 1 findings at level warn or deny, 2 wrong usage or unreadable input.

Examples:
  retrylint check                 check the code in this folder
  retrylint check src/client.rs   check one file; the rest of its workspace is read as context
  retrylint fix --diff            show what would be repaired, and how
  retrylint sites                 list every retry loop, decided or not
  retrylint explain auth-backoff  read about a rule";

#[derive(Debug, Subcommand)]
enum Command {
    /// Report retry loops that keep trying a dead key
    Check(check::Check),
    /// Repair findings, after proving that the repaired code stops
    Fix(fix::Fix),
    /// List every retry site, what it does with a dead key, and what is not known about it
    Sites(sites::Sites),
    /// List the suppressions in the code, with their reasons
    Allows(allows::Allows),
    /// Show what is configured, and where
    Config(config::Config),
    /// Speak with an editor over standard input and output (Language Server Protocol)
    Lsp(lsp::Lsp),
    /// Print a script that completes commands and flags in a shell
    Completions(shell::Completions),
    /// Print a manual page
    Man(shell::Man),
    /// Show a rule's page; without a rule, list the rules
    Explain(explain::Explain),
}

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Clean,
    Findings,
    Trouble,
    /// As the command that `--with` names ended.
    As(u8),
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Trouble => 2,
            Exit::As(code) => code,
        }
    }

    fn or_worse(self, other: Exit) -> Exit {
        if other.code() > self.code() { other } else { self }
    }
}

/// Runs the program with these arguments, the program's name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match parse::<Cli>(args) {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    let console = Console::new(cli.color);
    let exit = match cli.command {
        Command::Check(check) => check.run(&console),
        Command::Fix(fix) => fix.run(&console),
        Command::Sites(sites) => sites.run(&console),
        Command::Allows(allows) => allows.run(&console),
        Command::Config(config) => config.run(&console),
        Command::Lsp(lsp) => lsp.run(&console),
        Command::Completions(completions) => completions.run(Cli::command(), &console),
        Command::Man(man) => man.run(Cli::command(), &console),
        Command::Explain(explain) => explain.run(&console),
    };
    ExitCode::from(exit.code())
}

/// Runs the program as `cargo retrylint`, with the arguments that cargo gives it.
pub fn run_for_cargo(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match parse::<cargo::Cargo>(cargo::arguments(args)) {
        Ok(cargo) => ExitCode::from(cargo.run().code()),
        Err(exit) => exit,
    }
}

/// Help and version go to standard output, wrong usage to standard error. If nobody listens, so be it.
fn parse<T: Parser>(args: impl IntoIterator<Item = OsString>) -> Result<T, ExitCode> {
    T::try_parse_from(args).map_err(|usage| {
        let _ = usage.print();
        ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(Exit::Trouble.code()))
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
