//! Which reports a run writes, and where to.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::Exit;
use super::console::Console;
use crate::finding::Outcome;
use crate::report::{Look, Root, github, gitlab, human, json, junit, rustc, sarif};

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Text with snippets, for people
    Human,
    /// One JSON document; see docs/json.md
    Json,
    /// A line of JSON for each finding, as rustc writes them
    Rustc,
    /// The same as cargo wraps them
    Cargo,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations on a pull request, and a table in the job's summary
    Github,
    /// GitLab's code quality report
    Gitlab,
    /// JUnit XML
    Junit,
}

/// Flags about reports.
#[derive(Debug, Args)]
pub(super) struct Outputs {
    /// The form of the report on standard output: short for `--output FORMAT`
    #[arg(long, value_name = "FORMAT", conflicts_with = "output")]
    format: Option<Format>,

    /// Write a report to standard output, or to a file; may be given several times [default: human, on GitHub with
    /// annotations]
    #[arg(long, value_name = "FORMAT[=PATH]", value_parser = parse)]
    output: Vec<Output>,
}

/// One report and where it goes to; standard output where no path is given.
#[derive(Clone, Debug, PartialEq)]
struct Output {
    format: Format,
    path: Option<PathBuf>,
}

fn parse(given: &str) -> Result<Output, String> {
    let (name, path) = given.split_once('=').map_or((given, None), |(name, path)| (name, Some(path)));
    let format = Format::from_str(name, false).map_err(|_| {
        let known = Format::value_variants().iter().filter_map(Format::to_possible_value);
        let known: Vec<String> = known.map(|value: PossibleValue| value.get_name().to_owned()).collect();
        format!("there is no format `{name}`: use one of {}", known.join(", "))
    })?;
    match path {
        Some("") => Err(format!("the path after `{name}=` is missing")),
        Some("-") | None => Ok(Output { format, path: None }),
        Some(path) => Ok(Output { format, path: Some(PathBuf::from(path)) }),
    }
}

impl Outputs {
    /// The reports to write. Only those for people and the annotations may share standard output.
    fn all(&self) -> Result<Vec<Output>, String> {
        let plain = |format| Output { format, path: None };
        let mut all = self.output.clone();
        all.extend(self.format.map(plain));
        if all.is_empty() {
            all.push(plain(Format::Human));
            if is_set("GITHUB_ACTIONS") {
                all.push(plain(Format::Github));
            }
        }
        let printed: Vec<Format> = all.iter().filter(|output| output.path.is_none()).map(|o| o.format).collect();
        if printed.len() > 1 && printed != [Format::Human, Format::Github] {
            return Err("several reports would be mixed on standard output: give all but one a file, as in \
                        `--output sarif=retrylint.sarif`"
                .to_owned());
        }
        for (n, output) in all.iter().enumerate() {
            if let Some(path) = &output.path
                && all[..n].iter().any(|other| other.path.as_ref() == Some(path))
            {
                return Err(format!("two reports would be written to {}: give each a file of its own", path.display()));
            }
        }
        Ok(all)
    }

    /// Chooses the one report on standard output.
    pub(super) fn set(&mut self, format: Format) {
        self.format = Some(format);
    }

    /// Whether a program reads a report that can offer repairs.
    pub(super) fn offer_fixes(&self) -> bool {
        let offers = |format: &Format| matches!(format, Format::Json | Format::Rustc | Format::Cargo | Format::Sarif);
        self.format.iter().chain(self.output.iter().map(|output| &output.format)).any(offers)
    }

    /// Whether the flags make sense; asked before the work is done.
    pub(super) fn check(&self) -> Result<(), String> {
        self.all().map(drop)
    }

    /// Writes all reports; answers how the run ends.
    pub(super) fn write(&self, outcome: &Outcome, console: &Console, exit: Exit) -> Exit {
        let outputs = match self.all() {
            Ok(outputs) => outputs,
            Err(message) => return console.fail(&message),
        };
        let root = Root::new(root());
        let mut exit = exit;
        for output in outputs {
            exit = match &output.path {
                None => console.print(exit, |out| write(output.format, outcome, console.out, &root, out)),
                Some(path) => match to_file(path, |out| write(output.format, outcome, Look::PLAIN, &root, out)) {
                    Ok(()) => exit,
                    Err(e) => console.fail(&format!("cannot write the report to {}: {}", path.display(), reason(&e))),
                },
            };
            if output.format == Format::Github
                && let Err(e) = add_summary(outcome, &root)
            {
                exit =
                    console.fail(&format!("cannot write to the file that GITHUB_STEP_SUMMARY names: {}", reason(&e)));
            }
        }
        exit
    }
}

fn write(format: Format, outcome: &Outcome, look: Look, root: &Root, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::report(outcome, look, out),
        Format::Json => json::check(outcome, out),
        Format::Rustc => rustc::bare(outcome, out),
        Format::Cargo => rustc::wrapped(outcome, out),
        Format::Sarif => sarif::report(outcome, root, out),
        Format::Github => github::annotations(outcome, root, out),
        Format::Gitlab => gitlab::report(outcome, root, out),
        Format::Junit => junit::report(outcome, root, out),
    }
}

/// Writes a file whole or not at all, as far as the report itself may fail.
fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes)
}

/// GitHub names a file to which steps append what the job's page is to show.
fn add_summary(outcome: &Outcome, root: &Root) -> io::Result<()> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else { return Ok(()) };
    let mut bytes = Vec::new();
    github::summary(outcome, root, &mut bytes)?;
    fs::OpenOptions::new().create(true).append(true).open(path)?.write_all(&bytes)
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| value == "true")
}

/// The folder that services take paths from: what the CI says, else the repository's root, else the working directory.
fn root() -> PathBuf {
    let Ok(here) = std::env::current_dir().and_then(|here| here.canonicalize()) else { return PathBuf::new() };
    let said = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"].iter().find_map(|name| {
        let folder = PathBuf::from(std::env::var_os(name)?).canonicalize().ok()?;
        here.starts_with(&folder).then_some(folder)
    });
    said.or_else(|| here.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned)).unwrap_or(here)
}

/// What the system said, without its error number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}
