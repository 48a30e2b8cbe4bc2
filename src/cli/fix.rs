//! `retrylint fix` and `check --fix`: repairs findings.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::console::Console;
use super::input::Input;
use super::{Exit, check};
use crate::finding::{self, Outcome};
use crate::fix::apply::{Changed, Choice, Plan};
use crate::fix::{compile, vcs, write};
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
            plan.changed.iter().for_each(|changed| diff.push_str(&fixes::diff(changed, console.out)));
        } else {
            let undone = write_all(&plan, console);
            let taken_back = if self.verify { verify(&plan, console) } else { Vec::new() };
            if !undone.is_empty() {
                trouble = Exit::Trouble;
            }
            for (path, why) in undone.into_iter().chain(taken_back) {
                plan.undo(&path, &why);
            }
        }
        let is_left = if self.diff { !diff.is_empty() } else { plan.left.findings.iter().any(check::fails) };
        let exit = if is_left { Exit::Findings } else { Exit::Clean };
        let look = if self.diff { console.err } else { console.out };
        let summary = fixes::summary(&plan, &choice, !self.diff, look);
        let exit = if trouble == Exit::Trouble { trouble } else { exit };
        Ok(Done { exit, diff, summary, left: plan.left })
    }

    fn choice(&self) -> Result<Choice, String> {
        let style = match self.style {
            Style::Inline => finding::Style::Inline,
            Style::Runtime => finding::Style::Runtime,
        };
        let mut chosen = Vec::new();
        for name in &self.rules {
            chosen.push(rules::find(name).ok_or_else(|| super::explain::unknown(name))?);
        }
        Ok(Choice { rules: chosen, style, unsafe_fixes: self.unsafe_fixes })
    }
}

/// Writes each changed file; answers which could not be written, and why. The others still are.
fn write_all(plan: &Plan, console: &Console) -> Vec<(PathBuf, String)> {
    let mut undone = Vec::new();
    for changed in &plan.changed {
        if let Err(why) = write::replace(&changed.path, &changed.before, &changed.after) {
            console.fail(&format!("{} is not changed: {why}", changed.display));
            undone.push((changed.path.clone(), why));
        }
    }
    undone
}

/// Compiles each changed package, and takes its changes back where that brings a new error, or cannot be done. Answers
/// which files are as they were, and why.
fn verify(plan: &Plan, console: &Console) -> Vec<(PathBuf, String)> {
    let mut packages: Vec<PathBuf> = plan.changed.iter().filter_map(|c| compile::manifest_of(&c.path)).collect();
    packages.sort();
    packages.dedup();
    let mut undone = Vec::new();
    for manifest in packages {
        let changed: Vec<&Changed> =
            plan.changed.iter().filter(|c| compile::manifest_of(&c.path).as_ref() == Some(&manifest)).collect();
        let after = compile::errors(&manifest);
        if after.as_ref().is_ok_and(Vec::is_empty) || !rewrite(&changed, console, |c| (&c.after, &c.before)) {
            continue;
        }
        // Errors that were there before say nothing about the repair.
        let why = match (after, compile::errors(&manifest)) {
            (Ok(after), Ok(before)) => match compile::new(&before, &after).into_iter().next() {
                Some(error) => format!("its repair does not compile: {error}"),
                None => {
                    rewrite(&changed, console, |c| (&c.before, &c.after));
                    continue;
                }
            },
            (Err(why), _) | (_, Err(why)) => format!("its repair could not be compiled: {why}"),
        };
        for changed in changed {
            console.fail(&format!("{} is as it was: {why}", changed.display));
            undone.push((changed.path.clone(), why.clone()));
        }
    }
    undone
}

/// Writes the second text over the first.
fn rewrite<'c>(
    changed: &[&'c Changed],
    console: &Console,
    texts: impl Fn(&'c Changed) -> (&'c String, &'c String),
) -> bool {
    let mut all = true;
    for changed in changed {
        let (from, to) = texts(changed);
        if let Err(why) = write::replace(&changed.path, from, to) {
            all = false;
            console.fail(&format!("{} cannot be written: {why}", changed.display));
        }
    }
    all
}
