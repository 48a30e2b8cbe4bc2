//! How often the tool is right about published crates: its findings are laid on labels that a reader gave to their retry
//! sites.
//!
//! `tests/corpus/get.sh` brings the crates, to `target/corpus` or the folder in `CORPUS`. The program runs over each that
//! is there, as its users run it, and the figures are printed at the end. The few in `tests/corpus/fixed.txt` must come
//! out as it says there; with `CI_CORPUS` set they must be there too. If all crates are there, what `docs/accuracy.md` and
//! the README quote must be these figures, or is rewritten with `UPDATE=1`. Nothing outside of this test reads the labels.

#![expect(clippy::print_stdout, reason = "the figures are what it is run for")]

#[path = "corpus/figures.rs"]
mod figures;
#[path = "corpus/score.rs"]
mod score;
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use figures::Figures;
use libtest_mimic::{Arguments, Failed, Trial};
use score::{Label, Score};
use support::markdown::Page;
use support::{quote, read, repository};

const PAGE: &str = "docs/accuracy.md";
const README: &str = "README.md";
const MARK: &str = "<!-- accuracy -->\n";

type Scores = Arc<Mutex<BTreeMap<String, Score>>>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = std::env::var_os("CORPUS").map_or_else(|| repository("target/corpus"), PathBuf::from);
    let labels = labels();
    let known = labels.len();
    let scores = Scores::default();
    let conclusion = libtest_mimic::run(&arguments, trials(labels, &folder, &scores));
    if arguments.list {
        return conclusion.exit_code();
    }

    let scores: Vec<Score> = std::mem::take(&mut *scores.lock().expect("no trial broke off")).into_values().collect();
    if scores.is_empty() {
        println!(
            "nothing scored: of the {known} labelled crates none was run from {}; tests/corpus/get.sh brings them\n",
            folder.display()
        );
        return conclusion.exit_code();
    }
    let figures = Figures::of(&scores, known);
    println!("{figures}");
    if arguments.nocapture {
        scores.iter().flat_map(Score::disagreements).for_each(|line| println!("{line}"));
    }
    if scores.len() == known
        && let Err(message) = quoted(&figures)
    {
        println!("{message}");
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

/// By crate.
fn labels() -> BTreeMap<String, Vec<Label>> {
    let mut labels: BTreeMap<String, Vec<Label>> = BTreeMap::new();
    for line in read("tests/corpus/labels.jsonl").lines() {
        let label: Label = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in the label {line}"));
        labels.entry(label.source.clone()).or_default().push(label);
    }
    labels
}

/// The crates that CI checks, and how many of their bad sites are reported.
fn fixed() -> BTreeMap<String, usize> {
    let text = read("tests/corpus/fixed.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (source, hits) = line.split_once(' ').unwrap_or_else(|| panic!("no number in {line:?}"));
            (source.to_owned(), hits.parse().unwrap_or_else(|e| panic!("{e} in {line:?}")))
        })
        .collect()
}

/// One for each crate that is there, and for those that CI checks.
fn trials(labels: BTreeMap<String, Vec<Label>>, folder: &Path, scores: &Scores) -> Vec<Trial> {
    let is_required = std::env::var_os("CI_CORPUS").is_some();
    let fixed = fixed();
    if let Some(source) = fixed.keys().find(|source| !labels.contains_key(*source)) {
        panic!("tests/corpus/fixed.txt names {source}, and no label does");
    }
    let mut trials = Vec::new();
    for (source, labels) in labels {
        let root = folder.join(&source);
        let is_there = root.is_dir();
        let expected = fixed.get(&source).copied();
        if !is_there && expected.is_none() {
            continue;
        }
        let scores = Arc::clone(scores);
        let trial = Trial::test(source.clone(), move || {
            if !is_there {
                return Err(Failed::from(format!("no {}: tests/corpus/get.sh --fixed brings it", root.display())));
            }
            let score = Score::of(&root, labels)?;
            let fault = expected.and_then(|hits| score.departs_from(hits));
            scores.lock().expect("no trial broke off").insert(source, score);
            fault.map_or(Ok(()), |fault| Err(Failed::from(fault)))
        });
        trials.push(trial.with_ignored_flag(!is_there && !is_required));
    }
    trials
}

/// The page and the README quote these figures, or are made to.
fn quoted(figures: &Figures) -> Result<(), String> {
    let page = Page::parse(&read(PAGE));
    let table = page.blocks.iter().position(|block| block.info == "text").expect("the page quotes the figures");
    let readme = read(README);
    let start = readme.find(MARK).expect("README.md says where the figures belong") + MARK.len();
    let end = readme[start..].find("\n\n").map_or(readme.len(), |length| start + length + 1);
    let (printed, summary) = (figures.to_string(), figures.summary());
    if quote::is_update() {
        quote::rewrite(PAGE, &page.with(&[(table, printed)]));
        quote::rewrite(README, &format!("{}{summary}{}", &readme[..start], &readme[end..]));
        return Ok(());
    }
    for (path, old, new) in
        [(PAGE, &page.blocks[table].text, &printed), (README, &readme[start..end].to_owned(), &summary)]
    {
        if old != new {
            return Err(format!(
                "{path} quotes other figures:\n{}Look at the difference; with `UPDATE=1` they are written there",
                quote::difference(old, new)
            ));
        }
    }
    Ok(())
}
