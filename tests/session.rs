//! A session says what a fresh check of the same texts would say, after any edits.

// The long soak prints what memory it holds.
#![allow(clippy::print_stdout)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use retrylint::config::Configs;
use retrylint::finding::{Finding, Outcome, Problem, Site, Style};
use retrylint::session::Session;
use retrylint::workspace::source::Place;
use retrylint::{Options, check_workspace, workspace};
use support::workspace::{File, Random, edited, generate, real, write};
use tempfile::TempDir;

/// A session of a folder, what was said of each file when it was last told to look, and the texts of the editor.
struct Editor {
    dir: TempDir,
    session: Session,
    shown: BTreeMap<PathBuf, String>,
    texts: BTreeMap<PathBuf, String>,
}

impl Editor {
    fn open(files: &[(&str, &str)]) -> Editor {
        let dir = TempDir::new().expect("a temporary folder");
        let files: Vec<File> =
            files.iter().map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() }).collect();
        write(dir.path(), &files);
        Editor::in_folder(dir)
    }

    fn in_folder(dir: TempDir) -> Editor {
        let session = Session::open(&[dir.path().to_owned()], options(), &|_, _| {}).expect("it can be read");
        let mut editor = Editor { dir, session, shown: BTreeMap::new(), texts: BTreeMap::new() };
        for file in editor.session.files() {
            editor.look(&file);
        }
        editor
    }

    fn path(&self, path: &str) -> PathBuf {
        real(self.dir.path(), path)
    }

    fn look(&mut self, file: &Path) {
        let session = &self.session;
        let text = told(&session.findings(file), &session.sites(file), &session.problems(file));
        if text.is_empty() {
            self.shown.remove(file)
        } else {
            self.shown.insert(file.to_owned(), text)
        };
    }

    /// Types a text, and answers the files that are to be looked at again, below the folder.
    fn set(&mut self, path: &str, text: &str) -> Vec<String> {
        let path = self.path(path);
        self.texts.insert(path.clone(), text.to_owned());
        self.session.set_text(&path, Some(text.to_owned()));
        self.update()
    }

    fn close(&mut self, path: &str) -> Vec<String> {
        let path = self.path(path);
        self.texts.remove(&path);
        self.session.set_text(&path, None);
        self.update()
    }

    /// Writes a file on disk, or removes it.
    fn disk(&mut self, path: &str, text: Option<&str>) -> Vec<String> {
        let path = self.path(path);
        match text {
            Some(text) => {
                fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
                fs::write(&path, text).expect("files can be written");
            }
            None => fs::remove_file(&path).expect("files can be removed"),
        }
        self.session.touched(&[path]);
        self.update()
    }

    fn update(&mut self) -> Vec<String> {
        let changed = self.session.update();
        for file in &changed {
            self.look(file);
        }
        let root = self.dir.path().canonicalize().expect("the folder is there");
        changed.iter().filter_map(|file| Some(file.strip_prefix(&root).ok()?.display().to_string())).collect()
    }

    /// What is shown of a file.
    fn of(&self, path: &str) -> &str {
        self.shown.get(&self.path(path)).map_or("", String::as_str)
    }

    /// What a fresh check says, file by file.
    fn fresh(&self) -> BTreeMap<PathBuf, String> {
        let mut input = workspace::load(&[self.dir.path().to_owned()], None);
        let configs = Configs::read(&input).expect("the configuration is right");
        for file in input.units.iter_mut().flat_map(|unit| &mut unit.files) {
            file.text = self.texts.get(&file.path).cloned();
        }
        let paths: BTreeMap<String, PathBuf> = input
            .units
            .iter()
            .flat_map(|unit| &unit.files)
            .map(|file| (file.display.clone(), file.path.clone()))
            .collect();
        let options = Options { configs, ..options() };
        by_file(&check_workspace(input, &options, &|_, _| {}).expect("it can be checked"), &paths)
    }

    #[track_caller]
    fn is_fresh(&self) {
        let fresh = self.fresh();
        let files: BTreeSet<&PathBuf> = fresh.keys().chain(self.shown.keys()).collect();
        for file in files {
            let nothing = String::new();
            let (expected, shown) = (fresh.get(file).unwrap_or(&nothing), self.shown.get(file).unwrap_or(&nothing));
            assert_eq!(shown, expected, "{}", file.display());
        }
    }
}

fn options() -> Options {
    Options { jobs: Some(2), ..Options::default() }
}

/// What is said of a file.
type Said = (Vec<Finding>, Vec<Site>, Vec<Problem>);

fn by_file(outcome: &Outcome, paths: &BTreeMap<String, PathBuf>) -> BTreeMap<PathBuf, String> {
    let mut files: BTreeMap<&PathBuf, Said> = BTreeMap::new();
    for finding in &outcome.findings {
        files.entry(&finding.sites[0].place.source.file).or_default().0.push(finding.clone());
    }
    for site in &outcome.sites {
        files.entry(&site.place.source.file).or_default().1.push(site.clone());
    }
    for problem in &outcome.problems {
        files.entry(&paths[&problem.path]).or_default().2.push(problem.clone());
    }
    files
        .into_iter()
        .map(|(file, (findings, sites, problems))| (file.clone(), told(&findings, &sites, &problems)))
        .collect()
}

/// All that is said, as text.
fn told(findings: &[Finding], sites: &[Site], problems: &[Problem]) -> String {
    let mut out = String::new();
    let at = |place: &Place| {
        let span = place.span;
        let (line, column) = (place.start_line(), place.column());
        let name = place.source.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        format!("{name}:{line}:{column}[{}..{}]", span.start, span.end)
    };
    for f in findings {
        let _ = writeln!(out, "{} {:?} {:?} {}; {}", f.rule.name, f.level, f.certainty, f.message, f.help);
        let _ = writeln!(out, "  {:?} {:?} {:?}", f.attempts, f.slept, f.assumed);
        for site in &f.sites {
            let _ = writeln!(out, "  {:?} {}", site.kind, at(&site.place));
        }
        for step in &f.witness {
            let _ = writeln!(out, "  {:?} {} {}", step.role, at(&step.place), step.what);
        }
    }
    for s in sites {
        let attempt = s.attempt.as_ref().map(&at);
        let _ = writeln!(out, "{:?} {} {} {attempt:?} {:?}", s.kind, at(&s.place), s.function, s.verdict);
        let _ = writeln!(out, "  {:?} {:?} {:?} {}", s.credential, s.slept, s.scenarios, s.is_test);
    }
    for problem in problems {
        let _ = writeln!(out, "{} {}", problem.fatal, problem.message);
    }
    out
}

const MANIFEST: &str = "[package]\nname = 'app'\n\n[dependencies]\nreqwest = '0.12'\ntokio = '1'\n";

const LIB: &str = "pub mod error;\npub mod fetch;\n";

/// A refused key is tried again: the classifier only knows one status that is final.
const ERROR: &str = "pub enum ApiError {
    Status(u16),
    Network(reqwest::Error),
}

impl ApiError {
    pub fn is_retryable(&self) -> bool {
        match self {
            ApiError::Network(_) => true,
            ApiError::Status(status) => *status != 404,
        }
    }
}

impl From<reqwest::Error> for ApiError {
    fn from(error: reqwest::Error) -> Self {
        ApiError::Network(error)
    }
}
";

const FETCH: &str = "use crate::error::ApiError;

pub struct Api {
    http: reqwest::Client,
    api_key: String,
}

impl Api {
    async fn get(&self, url: &str) -> Result<String, ApiError> {
        let response = self.http.get(url).bearer_auth(&self.api_key).send().await?;
        let status = response.status().as_u16();
        if status >= 400 {
            return Err(ApiError::Status(status));
        }
        Ok(response.text().await?)
    }

    pub async fn fetch(&self, url: &str) -> Result<String, ApiError> {
        let mut attempt = 0;
        loop {
            match self.get(url).await {
                Ok(body) => return Ok(body),
                Err(error) if error.is_retryable() && attempt < 5 => {
                    attempt += 1;
                    tokio::time::sleep(std::time::Duration::from_secs(1 << attempt)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
";

fn app() -> Editor {
    Editor::open(&[("Cargo.toml", MANIFEST), ("src/lib.rs", LIB), ("src/error.rs", ERROR), ("src/fetch.rs", FETCH)])
}

const GOOD: &str = "ApiError::Status(status) => matches!(*status, 429 | 503),";

fn mended() -> String {
    ERROR.replace("ApiError::Status(status) => *status != 404,", GOOD)
}

#[test]
fn a_classifier_edited_in_one_file_changes_the_finding_in_another() {
    let mut editor = app();
    assert!(editor.of("src/fetch.rs").contains("sleeps"), "{}", editor.of("src/fetch.rs"));
    let changed = editor.set("src/error.rs", &mended());
    assert!(changed.contains(&"src/fetch.rs".to_owned()), "{changed:?}");
    assert!(editor.of("src/fetch.rs").contains("Stops("), "{}", editor.of("src/fetch.rs"));
    editor.is_fresh();
    editor.set("src/error.rs", ERROR);
    assert!(editor.of("src/fetch.rs").contains("sleeps"));
    editor.is_fresh();
}

#[test]
fn places_move_with_the_text_above_them() {
    let mut editor = app();
    let before = editor.of("src/fetch.rs").to_owned();
    let changed = editor.set("src/error.rs", &format!("// one\n// two\n{ERROR}"));
    // The finding stands in the other file, and names the classifier.
    assert!(changed.contains(&"src/fetch.rs".to_owned()), "{changed:?}");
    assert_ne!(editor.of("src/fetch.rs"), before);
    editor.is_fresh();
    // As many bytes, but another line.
    editor.set("src/error.rs", &format!("// one\n/ / two\n{ERROR}").replace("/ / two", "//\ntwo"));
    editor.is_fresh();
}

#[test]
fn an_edit_that_says_nothing_new_tells_of_no_other_file() {
    let mut editor = app();
    let changed = editor.set("src/lib.rs", &format!("{LIB}\npub fn beside() -> u32 {{\n    3\n}}\n"));
    assert!(!changed.contains(&"src/fetch.rs".to_owned()), "{changed:?}");
    assert_eq!(editor.set("src/lib.rs", &format!("{LIB}\npub fn beside() -> u32 {{\n    3\n}}\n")), [""; 0]);
    editor.is_fresh();
}

#[test]
fn text_that_does_not_parse_is_told_and_forgotten() {
    let mut editor = app();
    let half = FETCH.replace("let mut attempt = 0;", "let mut attempt = ;");
    editor.set("src/fetch.rs", &half);
    assert!(editor.of("src/fetch.rs").contains("\nfalse expected"), "{}", editor.of("src/fetch.rs"));
    editor.is_fresh();
    // The classifier is gone with what does not parse.
    editor.set("src/error.rs", &ERROR.replace("match self {", "match self {{"));
    editor.is_fresh();
    editor.set("src/error.rs", ERROR);
    editor.set("src/fetch.rs", FETCH);
    assert!(editor.of("src/fetch.rs").contains("sleeps"));
    editor.is_fresh();
}

#[test]
fn unsaved_text_wins_over_the_disk_until_it_is_closed() {
    let mut editor = app();
    editor.set("src/error.rs", &mended());
    // Something else writes the file: the editor's text holds.
    assert_eq!(editor.disk("src/error.rs", Some(&format!("{ERROR}\n"))), [""; 0]);
    assert!(editor.of("src/fetch.rs").contains("Stops("));
    editor.is_fresh();
    let changed = editor.close("src/error.rs");
    assert!(changed.contains(&"src/fetch.rs".to_owned()), "{changed:?}");
    assert!(editor.of("src/fetch.rs").contains("sleeps"));
    editor.is_fresh();
}

#[test]
fn files_come_and_go() {
    let mut editor = app();
    editor.disk("src/error.rs", None);
    editor.is_fresh();
    editor.disk("src/error.rs", Some(ERROR));
    assert!(editor.of("src/fetch.rs").contains("sleeps"));
    editor.is_fresh();
    // More new files than there are free places between two others.
    for name in ["again", "again_a", "again_b", "again_c"] {
        editor.disk(&format!("src/{name}.rs"), Some(&FETCH.replace("Api ", &format!("Api{name} "))));
        assert!(editor.of(&format!("src/{name}.rs")).contains("Loop "), "{name}");
        editor.is_fresh();
    }
    editor.disk("src/again_b.rs", None);
    assert_eq!(editor.of("src/again_b.rs"), "");
    editor.is_fresh();
}

#[test]
fn manifests_and_configurations_govern_from_then_on() {
    let mut editor = app();
    editor.disk("retrylint.toml", Some("[rules]\nauth-backoff = 'allow'\nauth-is-retryable = 'allow'\n"));
    assert!(!editor.of("src/fetch.rs").contains("auth-backoff"), "{}", editor.of("src/fetch.rs"));
    editor.is_fresh();
    // Nothing is healthy but a single attempt: other terms, so all is run again.
    editor.disk("retrylint.toml", Some("fresh-retries = 0\n"));
    editor.is_fresh();
    editor.disk("retrylint.toml", Some("exclude = ['src/fetch.rs']\n"));
    assert_eq!(editor.of("src/fetch.rs"), "");
    editor.is_fresh();
    // What cannot be read changes nothing until it is mended.
    let path = editor.path("retrylint.toml");
    fs::write(&path, "rules = 3\n").expect("files can be written");
    editor.session.touched(&[path]);
    editor.update();
    assert_eq!(editor.of("src/fetch.rs"), "");
    editor.disk("retrylint.toml", Some(""));
    assert!(editor.of("src/fetch.rs").contains("sleeps"));
    editor.is_fresh();
    // Another name of the package is another crate.
    editor.disk("Cargo.toml", Some(&MANIFEST.replace("app", "other")));
    editor.is_fresh();
}

#[test]
fn suppressions_follow_the_finding() {
    let mut editor = app();
    let allowed = FETCH.replace(
        "            match self.get",
        "            // retrylint: allow(auth-backoff) a test\n            match self.get",
    );
    editor.set("src/fetch.rs", &allowed);
    assert!(!editor.of("src/fetch.rs").contains("sleeps"), "{}", editor.of("src/fetch.rs"));
    editor.is_fresh();
    // Once the classifier is right, there is nothing to suppress.
    let changed = editor.set("src/error.rs", &mended());
    assert!(changed.contains(&"src/fetch.rs".to_owned()), "{changed:?}");
    assert!(editor.of("src/fetch.rs").contains("unused-suppression"), "{}", editor.of("src/fetch.rs"));
    editor.is_fresh();
}

#[test]
fn a_declaration_makes_another_file_test_code() {
    let mut editor = app();
    editor.set("src/lib.rs", "pub mod error;\n#[cfg(test)]\nmod fetch;\n");
    assert_eq!(editor.of("src/fetch.rs"), "");
    editor.is_fresh();
    editor.set("src/lib.rs", LIB);
    assert!(editor.of("src/fetch.rs").contains("sleeps"));
    editor.is_fresh();
}

#[test]
fn a_file_that_is_no_text_may_become_one() {
    let mut editor = app();
    let path = editor.path("src/error.rs");
    fs::write(&path, b"pub enum ApiError { \xff }").expect("files can be written");
    editor.session.touched(&[path]);
    editor.update();
    assert!(editor.of("src/error.rs").contains("UTF-8"), "{}", editor.of("src/error.rs"));
    editor.is_fresh();
    editor.set("src/error.rs", ERROR);
    assert!(editor.of("src/fetch.rs").contains("sleeps"));
    editor.is_fresh();
}

#[test]
fn repairs_are_those_of_the_text_that_is_held() {
    let mut editor = app();
    editor.set("src/fetch.rs", &FETCH.replace("error.is_retryable() && ", ""));
    let path = editor.path("src/fetch.rs");
    let findings = editor.session.with_fixes(&path, Style::Inline);
    let repaired: Vec<_> = findings.iter().filter(|finding| !finding.fixes.is_empty()).collect();
    assert!(!repaired.is_empty(), "{findings:?}");
    assert!(repaired[0].fixes[0].edits.iter().all(|edit| edit.place.source.text.contains("Err(error) if attempt < 5")));
    // Asking for repairs changes nothing.
    editor.look(&path);
    editor.is_fresh();
}

#[test]
fn a_crate_that_a_model_tells_in_rust_is_known_as_soon_as_it_is_named() {
    let mut editor = app();
    let burning = FETCH.replace("error.is_retryable() && ", "");
    editor.set("src/fetch.rs", &burning);
    assert!(
        editor.of("src/fetch.rs").contains("auth-backoff") || editor.of("src/fetch.rs").contains("catch-all-retry")
    );
    let path = editor.path("src/fetch.rs");
    let findings = editor.session.with_fixes(&path, Style::Runtime);
    let fix = findings.iter().flat_map(|finding| &finding.fixes).next().expect("it can be repaired with the crate");
    let edits: Vec<_> = fix.edits.iter().filter(|edit| edit.place.source.file == path).cloned().collect();
    let repaired = retrylint::fix::edit::apply(&burning, &edits);
    assert!(repaired.contains("failfast::AuthGuard"), "{repaired}");
    let elsewhere: Vec<_> = fix.edits.iter().filter(|edit| edit.place.source.file != path).cloned().collect();
    if !elsewhere.is_empty() {
        editor.set("src/error.rs", &retrylint::fix::edit::apply(ERROR, &elsewhere));
    }
    editor.set("src/fetch.rs", &repaired);
    assert!(!editor.of("src/fetch.rs").contains("dead key"), "{}", editor.of("src/fetch.rs"));
    editor.is_fresh();
    // And back, as with undo.
    editor.set("src/fetch.rs", &burning);
    editor.set("src/error.rs", ERROR);
    editor.is_fresh();
}

/// Random edits of a made-up workspace; every so many it is compared with a fresh check.
fn soak(files: usize, edits: usize, every: usize, seed: u64) {
    let all = generate(files);
    let dir = TempDir::new().expect("a temporary folder");
    write(dir.path(), &all);
    let mut editor = Editor::in_folder(dir);
    editor.is_fresh();
    let mut random = Random::new(seed);
    let sources: Vec<&File> = all.iter().filter(|file| file.path.ends_with(".rs")).collect();
    // What decides about others is edited more often.
    let telling: Vec<&File> = sources.iter().filter(|file| !file.path.contains("/m")).copied().collect();
    let mut on_disk: BTreeMap<&str, bool> = sources.iter().map(|file| (file.path.as_str(), true)).collect();
    for edit in 1..=edits {
        let among = if random.below(3) > 0 { &telling } else { &sources };
        let file = *random.one(among);
        let path = file.path.as_str();
        let is_there = on_disk[path];
        match random.below(40) {
            0 if is_there => {
                editor.disk(path, None);
                on_disk.insert(path, false);
            }
            _ if !is_there => {
                editor.disk(path, Some(&file.text));
                on_disk.insert(path, true);
            }
            1..4 => {
                editor.close(path);
            }
            4 => {
                let text = edited(&file.text, &mut random);
                editor.disk(path, Some(&text));
            }
            5 => {
                let levels = ["", "[rules]\nauth-backoff = 'note'\n", "[rules]\ncatch-all-retry = 'allow'\n"];
                let level = random.one(&levels);
                editor.disk("retrylint.toml", Some(level));
            }
            6..14 => {
                editor.set(path, &file.text);
            }
            _ => {
                let now = editor.texts.get(&editor.path(path)).unwrap_or(&file.text).clone();
                editor.set(path, &edited(&now, &mut random));
            }
        }
        if edit % every == 0 {
            editor.is_fresh();
        }
        if edits >= 1_000 && edit % (edits / 10) == 0 {
            println!("{edit} edits, {} MB", memory());
        }
    }
    editor.is_fresh();
}

/// Megabytes that this process holds, where the system says so.
fn memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok()).unwrap_or(0) / 1024
}

#[test]
fn random_edits_leave_what_a_fresh_check_says() {
    soak(60, 300, 10, 1);
}

/// The long one: `cargo test --release --test session -- --ignored --nocapture`. `RETRYLINT_SOAK` sets how many edits.
#[test]
#[ignore = "takes minutes"]
fn thousands_of_random_edits() {
    let edits = std::env::var("RETRYLINT_SOAK").ok().and_then(|n| n.parse().ok()).unwrap_or(5_000);
    let seed = std::env::var("RETRYLINT_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(7);
    soak(300, edits, 50, seed);
}
