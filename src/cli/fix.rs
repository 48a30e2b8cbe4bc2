//! `retrylint fix` and `check --fix`: repairs findings.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::console::Console;
use super::input::Input;
use super::{Exit, check};
use crate::finding::{self, Outcome};
use crate::fix::apply::{Changed, Choice};
use crate::fix::dependency::Source;
use crate::fix::{carry, vcs};
use crate::report::fixes;
use crate::rules;

/// The two ways to repair a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Style {
    /// By the code's own means
    Inline,
    /// With the crate `failfast`, which becomes a dependency
    Runtime,
}

fn source(text: &str) -> Result<Source, String> {
    match (text, text.strip_prefix("path=")) {
        ("vendor", _) => Ok(Source::Vendor),
        ("registry", _) => Ok(Source::Registry),
        (_, Some(folder)) if !folder.is_empty() => Ok(Source::Path(PathBuf::from(folder))),
        _ => Err("it is `vendor`, `registry` or `path=DIR`".to_owned()),
    }
}

/// Flags about repairs.
#[derive(Debug, Args)]
pub(super) struct Fixing {
    /// Show what would change as a unified diff, and write nothing
    #[arg(long)]
    diff: bool,

    /// Repair findings of this rule only, by its name or code
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<String>,

    /// How to repair
    #[arg(long, value_name = "STYLE", default_value = "inline")]
    style: Style,

    /// Where `failfast` comes from with `--style runtime`: `vendor` writes its sources into the workspace, `registry`
    /// names its version, `path=DIR` the folder that holds it [default: vendor]
    #[arg(long, value_name = "SOURCE", value_parser = source)]
    runtime: Option<Source>,

    /// Apply repairs too of which something could not be shown
    #[arg(long)]
    unsafe_fixes: bool,

    /// Compile each changed package with `cargo check`, and take back what brings a new error
    #[arg(long)]
    verify: bool,

    /// Write even if the working directory has uncommitted changes
    #[arg(long)]
    allow_dirty: bool,

    /// Write even if the working directory has staged changes
    #[arg(long)]
    allow_staged: bool,

    /// Write even if no version control is found
    #[arg(long)]
    allow_no_vcs: bool,
}

/// Arguments of `fix`.
#[derive(Debug, Args)]
pub(super) struct Fix {
    #[command(flatten)]
    input: Input,

    /// Repair findings too that rest on an unanswered question about the failure
    #[arg(long)]
    pedantic: bool,

    #[command(flatten)]
    fixing: Fixing,
}

impl Fix {
    pub(super) fn run(&self, console: &Console) -> Exit {
        match self.fixing.repair(&self.input, self.pedantic, console) {
            Err(exit) => exit,
            Ok(done) if self.fixing.diff => {
                let exit = console.print(done.exit, |out| out.write_all(done.diff.as_bytes()));
                console.tell(&done.summary);
                exit
            }
            Ok(done) => console.print(done.exit, |out| out.write_all(done.summary.as_bytes())),
        }
    }
}

/// What a repair came to.
pub(super) struct Done {
    /// As ruff has it: with `--diff` 1 when there is one; else 1 when findings are left.
    pub(super) exit: Exit,
    /// The diff, with `--diff`.
    pub(super) diff: String,
    /// What became of each finding.
    pub(super) summary: String,
    /// What is left.
    pub(super) left: Outcome,
}

impl Fixing {
    /// Only the diff is wanted.
    pub(super) fn is_diff(&self) -> bool {
        self.diff
    }

    /// Repairs, and writes unless only the diff is wanted.
    pub(super) fn repair(&self, input: &Input, pedantic: bool, console: &Console) -> Result<Done, Exit> {
        let choice = self.choice().map_err(|message| console.fail(&message))?;
        let paths = input.on_disk().map_err(|message| console.fail(&message))?;
        if !self.diff {
            let allow = vcs::Allow { dirty: self.allow_dirty, staged: self.allow_staged, no_vcs: self.allow_no_vcs };
            vcs::check(&paths, allow).map_err(|message| console.refuse(&message))?;
        }
        let (mut plan, mut trouble) = input.plan(&paths, pedantic, &choice, console)?;
        let mut diff = String::new();
        if self.diff {
            // The sources of a copy are many, and no change to the user's code: the summary counts them.
            let is_shown = |changed: &&Changed| changed.before.is_some() || changed.path.ends_with("Cargo.toml");
            let shown = plan.changed.iter().chain(plan.support.iter().rev().filter(is_shown));
            shown.for_each(|changed| diff.push_str(&fixes::diff(changed, console.out)));
        } else {
            for undone in carry::out(&plan, &choice.runtime, self.verify) {
                let state = if undone.failed { "is not changed" } else { "is as it was" };
                console.fail(&format!("{} {state}: {}", undone.display, undone.why));
                if undone.failed {
                    trouble = Exit::Trouble;
                }
                plan.undo(&undone.path, &undone.why);
            }
        }
        let is_left = if self.diff { !diff.is_empty() } else { plan.left.findings.iter().any(check::fails) };
        let exit = if is_left { Exit::Findings } else { Exit::Clean };
        let look = if self.diff { console.err } else { console.out };
        let summary = fixes::summary(&plan, &choice, !self.diff, look);
        let exit = if trouble == Exit::Trouble { trouble } else { exit };
        Ok(Done { exit, diff, summary, left: plan.left })
    }

    /// How to repair.
    pub(super) fn style(&self) -> finding::Style {
        match self.style {
            Style::Inline => finding::Style::Inline,
            Style::Runtime => finding::Style::Runtime,
        }
    }

    fn choice(&self) -> Result<Choice, String> {
        let style = self.style();
        let mut chosen = Vec::new();
        for name in &self.rules {
            chosen.push(rules::find(name).ok_or_else(|| super::explain::unknown(name))?);
        }
        if self.runtime.is_some() && style != finding::Style::Runtime {
            return Err("`--runtime` says where `failfast` comes from: use it with `--style runtime`".to_owned());
        }
        let runtime = self.runtime.clone().unwrap_or_default();
        Ok(Choice { rules: chosen, style, unsafe_fixes: self.unsafe_fixes, runtime })
    }
}
