//! Runs the rule pages: every block of `rules/*.md` is a test.
//!
//! - `rust,bad`: reports exactly what its `//~ rule-name` comments say, each on the line of the attempt;
//! - `rust,good`: no rule reports anything;
//! - `output` right after a bad block: what is printed for it. `UPDATE=1 cargo test --test rules` rewrites these;
//! - `rust,fixed` after a bad block and its output: the same block, repaired. It is clean, and rewritten as well.
//!
//! The words for what can go wrong are ast-grep's: a good block that is reported is *noisy*, a bad block that is not is
//! *missing* a finding.

mod support;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use retrylint::finding::{Outcome, Site, Verdict};
use retrylint::report::{Look, human};
use retrylint::{Options, check_source};
use support::markdown::{Block, Page};
use support::{files, quote, read, stem};

/// What follows an example, and starts the name of the rule that reports the line.
const MARK: &str = "//~";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for path in files("rules", "md") {
        let rule = stem(&path).to_owned();
        let name = format!("rules/{rule}.md");
        let mut page = Page::parse(&read(&name));
        if quote::is_update() && !arguments.list {
            quote::rewrite(&name, &page.with(&outputs(&page)));
            page = Page::parse(&read(&name));
        }
        trials.extend(of_page(&rule, &name, &page));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// One trial per block: `auth-backoff::status_match::bad_1`.
fn of_page(rule: &str, file: &str, page: &Page) -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for (n, block) in page.blocks.iter().enumerate() {
        let kind = block.info.rsplit(',').next().unwrap_or_default().to_owned();
        let place = format!("{rule}::{}::{kind}", slug(&block.heading));
        names.push(place.clone());
        let count = names.iter().filter(|name| **name == place).count();
        let before = n.checked_sub(1).map(|n| page.blocks[n].clone());
        let of = broken(page, n).cloned();
        let (file, block) = (file.to_owned(), block.clone());
        trials.push(Trial::test(format!("{place}_{count}"), move || {
            let check = match block.info.as_str() {
                "rust,bad" => bad(&block),
                "rust,good" => good(&block),
                "output" => output(&block, before.as_ref()),
                "rust,fixed" => fixed(&block, of.as_ref()),
                // Text in another language illustrates.
                other if !other.starts_with("rust") && !other.is_empty() => Ok(()),
                other => Err(format!(
                    "a block marked `{other}` is not tested: mark it `rust,bad`, `rust,good`, `rust,fixed`, `output` or `text`"
                )),
            };
            check.map_err(|message| Failed::from(format!("{file}:{}: {message}", block.line)))
        }));
    }
    trials
}

fn slug(heading: &str) -> String {
    let mut out = String::new();
    for c in heading.to_lowercase().chars() {
        match c.is_alphanumeric() {
            true => out.push(c),
            false if !out.ends_with('_') && !out.is_empty() => out.push('_'),
            false => {}
        }
    }
    out.trim_end_matches('_').to_owned()
}

/// The block's findings are those that its marks name, no more and no less.
fn bad(block: &Block) -> Result<(), String> {
    let (text, mut expected) = without_marks(&block.text);
    if expected.is_empty() {
        return Err(format!(
            "a bad block says nowhere what is reported: end the line of the attempt with `{MARK} RULE`"
        ));
    }
    let outcome = check(&text)?;
    let mut noisy: Vec<(u32, &str)> = Vec::new();
    for finding in &outcome.findings {
        let found = (finding.witness[0].place.start_line(), finding.rule.name);
        match expected.iter().position(|(line, rule)| (*line, rule.as_str()) == found) {
            Some(n) => drop(expected.remove(n)),
            None => noisy.push(found),
        }
    }
    if noisy.is_empty() && expected.is_empty() {
        return Ok(());
    }
    let mut message = String::new();
    for (line, rule) in expected {
        message.push_str(&format!("Missing: `{rule}` does not report line {line} of the block\n"));
    }
    for (line, rule) in noisy {
        message.push_str(&format!(
            "Noisy: `{rule}` reports line {line} of the block, and no `{MARK} {rule}` stands there\n"
        ));
    }
    Err(format!("{message}{}", shown(&outcome)))
}

/// No rule reports anything.
fn good(block: &Block) -> Result<(), String> {
    if block.text.contains(MARK) {
        return Err(format!("a good block has a `{MARK}` comment: remove it, or mark the block `rust,bad`"));
    }
    let outcome = check(&block.text)?;
    match outcome.findings.as_slice() {
        [] => Ok(()),
        findings => {
            let rules: Vec<_> = findings.iter().map(|finding| finding.rule.name).collect();
            Err(format!("Noisy: a good block is reported by {}\n{}", rules.join(", "), shown(&outcome)))
        }
    }
}

/// The report is the one for the block before.
fn output(block: &Block, before: Option<&Block>) -> Result<(), String> {
    let Some(before) = before.filter(|before| block.follows && before.info == "rust,bad") else {
        return Err("an `output` block belongs right after the bad block that it is the report of".to_owned());
    };
    let now = report(before)?;
    if now == block.text {
        return Ok(());
    }
    Err(format!(
        "the report reads otherwise now:\n{}Look at the difference; if it is right, `UPDATE=1 cargo test --test rules` writes it there",
        quote::difference(&block.text, &now)
    ))
}

/// The bad block that a `fixed` block belongs to: right before it, or with its output in between.
fn broken(page: &Page, n: usize) -> Option<&Block> {
    let before = page.blocks[..n].iter().rev();
    let mut follows = page.blocks[n].follows;
    for block in before {
        match block.info.as_str() {
            _ if !follows => return None,
            "rust,bad" => return Some(block),
            "output" => follows = block.follows,
            _ => return None,
        }
    }
    None
}

/// The block is the bad one, repaired, and clean.
fn fixed(block: &Block, broken: Option<&Block>) -> Result<(), String> {
    let broken = broken.ok_or("a `rust,fixed` block belongs after the bad block that it repairs")?;
    let now = repaired(broken)?;
    if now != block.text {
        return Err(format!(
            "the repair reads otherwise now:\n{}Look at the difference; if it is right, `UPDATE=1 cargo test --test rules` writes it there",
            quote::difference(&block.text, &now)
        ));
    }
    good(block)
}

/// The block with the first repair of each finding.
fn repaired(block: &Block) -> Result<String, String> {
    let text = without_marks(&block.text).0;
    let outcome = check_source("example.rs", &text, &Options { fixes: true, ..Options::default() });
    let mut edits = Vec::new();
    for finding in &outcome.findings {
        let why = || finding.unfixable.clone().unwrap_or_default();
        edits.extend(finding.fixes.first().ok_or_else(|| format!("there is no repair: {}", why()))?.edits.clone());
    }
    Ok(retrylint::fix::edit::apply(&text, &edits))
}

/// What the output blocks of a page must hold; a block that cannot be rewritten fails as a trial.
fn outputs(page: &Page) -> Vec<(usize, String)> {
    let fixed = page.blocks.iter().enumerate().filter(|(_, block)| block.info == "rust,fixed");
    let mut out: Vec<(usize, String)> =
        fixed.filter_map(|(n, _)| Some((n, repaired(broken(page, n)?).ok()?))).collect();
    let pairs = page.blocks.windows(2).enumerate();
    let outputs = pairs
        .filter(|(_, pair)| pair[0].info == "rust,bad" && pair[1].info == "output" && pair[1].follows)
        .filter_map(|(n, pair)| Some((n + 1, report(&pair[0]).ok()?)));
    out.extend(outputs);
    out.sort();
    out
}

fn report(block: &Block) -> Result<String, String> {
    let outcome = check(&without_marks(&block.text).0)?;
    let reports: Vec<String> = outcome.findings.iter().map(|finding| human::finding(finding, Look::PLAIN)).collect();
    Ok(reports.join("\n"))
}

fn check(text: &str) -> Result<Outcome, String> {
    let outcome = check_source("example.rs", text, &Options::default());
    match outcome.problems.as_slice() {
        [] => Ok(outcome),
        [problem, ..] => Err(format!("the block is not read as Rust: {}", problem.message)),
    }
}

/// The source without marks, and what they say: line and rule.
fn without_marks(text: &str) -> (String, Vec<(u32, String)>) {
    let mut expected = Vec::new();
    let mut out = String::with_capacity(text.len());
    for (line, n) in text.lines().zip(1..) {
        let (code, marks) = line.split_once(MARK).unwrap_or((line, ""));
        expected.extend(marks.split_whitespace().map(|rule| (n, rule.to_owned())));
        out.push_str(if marks.is_empty() { line } else { code.trim_end() });
        out.push('\n');
    }
    (out, expected)
}

/// What the program saw, for whoever reads a failure.
fn shown(outcome: &Outcome) -> String {
    let mut out = String::new();
    for finding in &outcome.findings {
        out.push_str(&human::finding(finding, Look::PLAIN));
    }
    for site in &outcome.sites {
        let Site { function, attempt, verdict, credential, place, .. } = site;
        let attempt = attempt.as_ref().map_or_else(|| "nothing".to_owned(), |a| format!("line {}", a.start_line()));
        let verdict = match verdict {
            Verdict::Undecided(why) => format!("undecided, {why}"),
            other => other.as_str().to_owned(),
        };
        out.push_str(&format!(
            "site: line {} in `{function}`, attempts {attempt}, credential {}: {verdict}\n",
            place.start_line(),
            credential.as_deref().unwrap_or("none"),
        ));
    }
    if outcome.sites.is_empty() {
        out.push_str("no retry site was found in the block\n");
    }
    out
}
