//! Carries a plan out: what belongs together is written together or not at all, and taken back where it turns out not
//! to compile.
//!
//! First what makes `failfast` a dependency, then the repaired sources in groups: files that one fix touches are in one
//! group. Whatever is taken back takes with it the dependency that no other repair needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::fix::apply::{Changed, Plan};
use crate::fix::dependency::{self, Source};
use crate::fix::{compile, write};

/// A file that stayed as it was, or is again.
#[derive(Clone, Debug)]
pub struct Undone {
    /// As in [`Changed::display`].
    pub display: String,
    /// As in [`Changed::path`].
    pub path: PathBuf,
    /// Why.
    pub why: String,
    /// It could not be written; else it was taken back after it was.
    pub failed: bool,
}

/// Writes a plan. With `verify` each changed package is compiled, and taken back where that brings a new error or
/// cannot be done. Answers which files are as they were.
pub fn out(plan: &Plan, runtime: &Source, verify: bool) -> Vec<Undone> {
    let locks = locks(plan);
    let groups = groups(plan);
    let mut undone = Vec::new();
    if let Err((failed, why)) = put_all(&plan.support.iter().collect::<Vec<_>>()) {
        // Without the dependency only the repairs that do without it are made.
        let why = format!("`failfast` could not be made a dependency: {failed}: {why}");
        for group in groups {
            match plan.needs_of(&group).is_empty() {
                true => write_group(&group, &mut undone),
                false => undone.extend(group.iter().map(|changed| given_up(changed, &why, true))),
            }
        }
        return undone;
    }
    for group in &groups {
        write_group(group, &mut undone);
    }
    if verify {
        let left: Vec<&Vec<&Changed>> = groups.iter().filter(|group| !is_undone(&undone, group)).collect();
        take_back_errors(&left, &mut undone);
    }
    if !undone.is_empty() && !plan.support.is_empty() {
        let left = groups.iter().filter(|group| !is_undone(&undone, group));
        let needs: Vec<_> = left.flat_map(|group| plan.needs_of(group)).collect();
        let support = plan.support.iter().rev().collect::<Vec<_>>();
        undone.extend(support.iter().filter_map(|changed| take_back(changed).err().map(|why| stuck(changed, &why))));
        if needs.is_empty() {
            locks.into_iter().for_each(|(path, text)| restore(&path, text.as_deref()));
        } else if let Ok(support) = dependency::plan(&needs, runtime) {
            let _ = put_all(&support.iter().collect::<Vec<_>>());
        }
    }
    undone
}

/// Changed files that hang together: one fix touches them.
fn groups(plan: &Plan) -> Vec<Vec<&Changed>> {
    let mut group_of: Vec<usize> = (0..plan.changed.len()).collect();
    for (_, fix) in &plan.fixed {
        let touched: Vec<usize> = (0..plan.changed.len())
            .filter(|i| fix.edits.iter().any(|edit| edit.place.source.file == plan.changed[*i].path))
            .collect();
        if let [first, rest @ ..] = touched.as_slice() {
            let to = group_of[*first];
            for other in rest.iter().map(|i| group_of[*i]).collect::<Vec<_>>() {
                group_of.iter_mut().filter(|group| **group == other).for_each(|group| *group = to);
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<&Changed>> = BTreeMap::new();
    for (group, changed) in group_of.into_iter().zip(&plan.changed) {
        groups.entry(group).or_default().push(changed);
    }
    groups.into_values().collect()
}

fn is_undone(undone: &[Undone], group: &[&Changed]) -> bool {
    group.iter().any(|changed| undone.iter().any(|undone| undone.path == changed.path))
}

fn write_group(group: &[&Changed], undone: &mut Vec<Undone>) {
    if let Err((failed, why)) = put_all(group) {
        undone.extend(group.iter().map(|changed| match changed.display == failed {
            true => given_up(changed, &why, true),
            false => given_up(changed, &format!("its repair belongs to one in {failed}: {why}"), true),
        }));
    }
}

/// Compiles the packages that were changed, together where a group is in more than one.
fn take_back_errors(groups: &[&Vec<&Changed>], undone: &mut Vec<Undone>) {
    let mut batches: Vec<(Vec<PathBuf>, Vec<&Changed>)> = Vec::new();
    for group in groups {
        let mut manifests: Vec<PathBuf> = group.iter().filter_map(|c| compile::manifest_of(&c.path)).collect();
        let mut changed = (*group).clone();
        let (near, far): (Vec<_>, Vec<_>) =
            batches.into_iter().partition(|(known, _)| known.iter().any(|manifest| manifests.contains(manifest)));
        batches = far;
        for (known, more) in near {
            manifests.extend(known);
            changed.extend(more);
        }
        manifests.sort();
        manifests.dedup();
        batches.push((manifests, changed));
    }
    batches.sort_by(|a, b| a.0.cmp(&b.0));
    for (manifests, changed) in batches {
        let Some(why) = fault(&manifests, &changed) else { continue };
        undone.extend(changed.into_iter().map(|changed| given_up(changed, &why, false)));
    }
}

/// Why changed packages do not do: they are as they were then.
fn fault(manifests: &[PathBuf], changed: &[&Changed]) -> Option<String> {
    let errors = || manifests.iter().map(|manifest| compile::errors(manifest)).collect::<Result<Vec<_>, _>>();
    let after = errors();
    if after.as_ref().is_ok_and(|all| all.iter().all(Vec::is_empty)) {
        return None;
    }
    for changed in changed.iter().rev() {
        if let Err(why) = take_back(changed) {
            return Some(format!("its repair does not compile, and could not be taken back: {why}"));
        }
    }
    // Errors that were there before say nothing about the repair.
    match (after, errors()) {
        (Ok(after), Ok(before)) => match compile::new(&before.concat(), &after.concat()).into_iter().next() {
            Some(error) => Some(format!("its repair does not compile: {error}")),
            None => put_all(changed).err().map(|(failed, why)| format!("{failed} could not be written: {why}")),
        },
        (Err(why), _) | (_, Err(why)) => Some(format!("its repair could not be compiled: {why}")),
    }
}

/// Writes all, or none: which could not be written, and why.
fn put_all(all: &[&Changed]) -> Result<(), (String, String)> {
    for (n, changed) in all.iter().enumerate() {
        let written = match &changed.before {
            Some(before) => write::replace(&changed.path, before, &changed.after),
            None => write::create(&changed.path, &changed.after),
        };
        if let Err(why) = written {
            all[..n].iter().rev().for_each(|changed| drop(take_back(changed)));
            return Err((changed.display.clone(), why));
        }
    }
    Ok(())
}

fn take_back(changed: &Changed) -> Result<(), String> {
    match &changed.before {
        Some(before) => write::replace(&changed.path, &changed.after, before),
        None => write::remove(&changed.path, &changed.after),
    }
}

fn given_up(changed: &Changed, why: &str, failed: bool) -> Undone {
    Undone { display: changed.display.clone(), path: changed.path.clone(), why: why.to_owned(), failed }
}

fn stuck(changed: &Changed, why: &str) -> Undone {
    given_up(changed, &format!("what was written there could not be taken back: {why}"), true)
}

/// The lock files beside the manifests that change, as they are: compiling writes them.
fn locks(plan: &Plan) -> Vec<(PathBuf, Option<String>)> {
    let manifests = plan.support.iter().filter(|changed| changed.before.is_some());
    let paths = manifests.map(|changed| changed.path.with_file_name("Cargo.lock"));
    paths.map(|path| (path.clone(), std::fs::read_to_string(&path).ok())).collect()
}

fn restore(lock: &Path, before: Option<&str>) {
    let now = std::fs::read_to_string(lock).ok();
    match (now, before) {
        (Some(now), Some(before)) if now != before => drop(write::replace(lock, &now, before)),
        (Some(now), None) => drop(write::remove(lock, &now)),
        _ => {}
    }
}
