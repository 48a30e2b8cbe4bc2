//! The program that `cargo retrylint` runs.

use std::process::ExitCode;

fn main() -> ExitCode {
    retrylint::cli::run_for_cargo(std::env::args_os())
}
