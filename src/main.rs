//! The `retrylint` program. All it does is in the library, where tests reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    retrylint::cli::run(std::env::args_os())
}
