//! Flags about a baseline: reading it, telling what is stale in it, writing it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Exit;
use super::console::Console;
use crate::baseline::{Baseline, Stale};
use crate::finding::{Outcome, Problem};
use crate::fix::write;
use crate::report::human;
use crate::report::words::count;
use crate::workspace;

/// Flags about a baseline.
#[derive(Debug, Args)]
pub(super) struct Known {
    /// Do not report the findings in this file
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write the baseline: with all findings where there is none yet, else without what is stale in it
    #[arg(long, requires = "baseline")]
    write_baseline: bool,
}

impl Known {
    /// Takes the known findings out. `partly` says that the user named paths, so that other files may be known too.
    pub(super) fn apply(&self, outcome: &mut Outcome, partly: bool, console: &Console) -> Result<Exit, Exit> {
        let Some(path) = &self.baseline else { return Ok(Exit::Clean) };
        let mut before = String::new();
        let mut baseline = match fs::read_to_string(path) {
            Ok(text) => {
                before = text;
                Baseline::parse(&before).map_err(|why| fail("read", path, &why, console))?
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound && self.write_baseline => {
                let new = Baseline::of(outcome);
                fs::write(path, new.text()).map_err(|e| fail("write", path, &workspace::unreadable(&e), console))?;
                console.tell(&format!("wrote {} to {}\n", count(new.len(), "finding"), path.display()));
                new
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(fail("read", path, "no such file: `--write-baseline` makes one", console));
            }
            Err(e) => return Err(fail("read", path, &workspace::unreadable(&e), console)),
        };
        let stale = baseline.apply(outcome, !partly && is_here(path));
        if stale.is_empty() {
            return Ok(Exit::Clean);
        }
        if self.write_baseline {
            baseline.shrink(&stale);
            write::replace(path, &before, &baseline.text()).map_err(|why| fail("write", path, &why, console))?;
            console.tell(&format!("took {} out of {}\n", count(gone(&stale), "finding"), path.display()));
            return Ok(Exit::Clean);
        }
        Ok(tell(&stale, path, console))
    }
}

/// A baseline beside which the run is started is meant for all that the run sees.
fn is_here(path: &Path) -> bool {
    path.parent().is_some_and(|folder| folder == Path::new("") || folder == Path::new("."))
}

fn gone(stale: &[Stale]) -> usize {
    stale.iter().map(|stale| stale.known - stale.found).sum()
}

/// In CI stale entries fail the run: nobody reads the warnings of a green one.
fn tell(stale: &[Stale], path: &Path, console: &Console) -> Exit {
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    for Stale { identity, known, found } in stale {
        let what = match found {
            0 => "is not found any more".to_owned(),
            _ => format!("was found {known} times, and {found} are left"),
        };
        let message = format!(
            "`{}` in `{}` of {} {what}: `--write-baseline` takes out what is gone",
            identity.rule, identity.function, identity.path
        );
        let problem = Problem { path: path.display().to_string(), message, fatal: in_ci };
        console.tell(&human::problem(&problem, console.err));
    }
    if in_ci { Exit::Findings } else { Exit::Clean }
}

fn fail(what: &str, path: &Path, why: &str, console: &Console) -> Exit {
    console.fail(&format!("cannot {what} the baseline {}: {why}", path.display()))
}
