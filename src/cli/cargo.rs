//! `cargo retrylint`: `check` for those who name packages, with the flags that cargo's own checks take, so that it can stand
//! where `cargo clippy` stands, in an editor's settings too.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser};

use super::Exit;
use super::check::Check;
use super::console::{Color, Console};
use super::output::Format;
use crate::suggest;
use crate::workspace::Members;

/// Finds retry loops that burn a dead API key, in the packages of a workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo-retrylint", bin_name = "cargo retrylint", version)]
pub(super) struct Cargo {
    #[command(flatten)]
    packages: Packages,

    #[command(flatten)]
    check: Check,

    #[command(flatten)]
    ignored: Ignored,

    /// When to use colours; `auto` obeys NO_COLOR, CLICOLOR_FORCE and FORCE_COLOR
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

/// Flags about packages.
#[derive(Debug, Args)]
struct Packages {
    /// Check this package; may be given several times
    #[arg(short, long, value_name = "SPEC", conflicts_with = "paths")]
    package: Vec<String>,

    /// Check all packages of the workspace
    #[arg(long, visible_alias = "all", conflicts_with_all = ["package", "paths"])]
    workspace: bool,

    /// Do not check this package
    #[arg(long, value_name = "SPEC", requires = "workspace")]
    exclude: Vec<String>,

    /// The Cargo.toml to start from
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,

    /// Look at tests, benches and examples too: the same as `--include-tests`
    #[arg(long)]
    all_targets: bool,

    #[command(flatten)]
    targets: Targets,

    /// `human`, or one that starts with `json`: short for `--output cargo`
    #[arg(long, value_name = "FORMAT", conflicts_with_all = ["format", "output"])]
    message_format: Option<String>,
}

/// Flags about targets. A loop is judged with the rest of its package, so they choose no more than whether test code is
/// looked at.
#[derive(Debug, Args)]
#[command(next_help_heading = "Targets: the same as --include-tests")]
struct Targets {
    #[arg(long)]
    tests: bool,
    #[arg(long, value_name = "NAME")]
    test: Vec<String>,
    #[arg(long)]
    benches: bool,
    #[arg(long, value_name = "NAME")]
    bench: Vec<String>,
    #[arg(long)]
    examples: bool,
    #[arg(long, value_name = "NAME")]
    example: Vec<String>,
}

impl Targets {
    fn hold_tests(&self) -> bool {
        self.tests
            || self.benches
            || self.examples
            || [&self.test, &self.bench, &self.example].iter().any(|names| !names.is_empty())
    }
}

/// What cargo's checks take and a reader of source has no use for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Taken for cargo's sake, without effect")]
struct Ignored {
    #[arg(long)]
    lib: bool,
    #[arg(long)]
    bins: bool,
    #[arg(long, value_name = "NAME")]
    bin: Vec<String>,
    #[arg(long)]
    keep_going: bool,
    #[arg(long)]
    all_features: bool,
    #[arg(long)]
    no_default_features: bool,
    #[arg(short = 'F', long, value_name = "FEATURES")]
    features: Vec<String>,
    #[arg(long, value_name = "TRIPLE")]
    target: Vec<String>,
    #[arg(long, value_name = "FOLDER")]
    target_dir: Option<PathBuf>,
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    #[arg(short, long)]
    release: bool,
    #[arg(short, long)]
    quiet: bool,
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
    #[arg(long)]
    offline: bool,
    #[arg(long)]
    locked: bool,
    #[arg(long)]
    frozen: bool,
}

/// The arguments as `cargo` hands them on: the subcommand's name comes first, unless the program is started by itself.
pub(super) fn arguments(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_some_and(|first| first == "retrylint") {
        args.remove(1);
    }
    args
}

impl Cargo {
    pub(super) fn run(self) -> Exit {
        let console = Console::new(self.color);
        // They are there to be accepted.
        let Ignored { .. } = self.ignored;
        let mut check = self.check;
        let folders = match self.packages.folders() {
            Ok(folders) => folders,
            Err(message) => return console.fail(&message),
        };
        check.input.select(folders);
        check.input.include_tests |= self.packages.all_targets || self.packages.targets.hold_tests();
        if let Some(format) = &self.packages.message_format {
            let is_json = format.starts_with("json");
            if !is_json && !matches!(format.as_str(), "human" | "short") {
                return console.fail(&format!("--message-format {format}: use `human` or `json`"));
            }
            check.outputs.set(if is_json { Format::Cargo } else { Format::Human });
        }
        check.run(&console)
    }
}

impl Packages {
    /// The workspace's folder, and those of the packages that are meant.
    fn folders(&self) -> Result<(PathBuf, Vec<PathBuf>), String> {
        let members = Members::from(self.manifest_path.as_deref())?;
        let find = |spec: &String| {
            let name = name(spec);
            members.packages.get_key_value(name).map(|(name, _)| name.clone()).ok_or_else(|| {
                suggest::unknown("package of this workspace", name, members.packages.keys().map(String::as_str))
            })
        };
        let named = self.package.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let excluded = self.exclude.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let is_meant = |name: &String| match (&members.current, named.is_empty()) {
            _ if self.workspace => !excluded.contains(name),
            (Some(current), true) => name == current,
            (None, true) => true,
            (_, false) => named.contains(name),
        };
        let folders = members.packages.iter().filter(|(name, _)| is_meant(name)).map(|(_, dir)| dir.clone());
        Ok((members.root.clone(), folders.collect()))
    }
}

/// The name in a package's id: `kit`, `kit@1.2.3`, `path+file:///code/kit#1.2.3`, `path+file:///code/a#kit@1.2.3`.
fn name(spec: &str) -> &str {
    match spec.rsplit_once('#') {
        Some((_, id)) if id.contains('@') || !id.starts_with(|c: char| c.is_ascii_digit()) => {
            id.split('@').next().unwrap_or(id)
        }
        Some((url, _)) => url.rsplit('/').next().unwrap_or(url),
        None => spec.split('@').next().unwrap_or(spec),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cargo::command().debug_assert();
    }

    #[test]
    fn names_in_ids() {
        for spec in
            ["kit", "kit@1.2.3", "path+file:///code/kit#1.2.3", "path+file:///code/a#kit@1.2.3", "file:///code/a#kit"]
        {
            assert_eq!(super::name(spec), "kit", "{spec}");
        }
    }
}
