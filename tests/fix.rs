//! `retrylint fix`: what it writes, what it refuses, and that no repair does harm.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use proptest::prelude::*;
use retrylint::finding::{Edit, Finding};
use retrylint::{Options, check_source};
use support::markdown::Page;
use support::{files, read, stem};
use tempfile::TempDir;

/// A loop that can be repaired, with what has to survive that: a comment inside, a tab, a macro.
const BAD: &str = "use std::time::Duration;

pub async fn call(client: &reqwest::Client, api_key: &str) -> Result<String, reqwest::Error> {
    let mut delay = Duration::from_secs(1);
    loop {
        let sent = client.get(\"https://api.example.com/v1/models\").bearer_auth(api_key).send().await;
        match sent.and_then(|response| response.error_for_status()) {
            Ok(response) => return response.text().await,
            Err(error) => {
                // Say it, then wait.
                eprintln!(\"trying again: {error}\");
                tokio::time::sleep(delay).await;
                delay *= 2;
            }
        }
    }
}
";

fn options() -> Options {
    Options { fixes: true, ..Options::default() }
}

/// The bad blocks of all rule pages, by page and line.
fn blocks() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for path in files("rules", "md") {
        let name = format!("rules/{}.md", stem(&path));
        for block in Page::parse(&read(&name)).blocks {
            if block.info == "rust,bad" {
                let lines = block.text.lines().map(|line| line.split("//~").next().unwrap_or("").trim_end());
                out.push((format!("{name}:{}", block.line), lines.map(|line| format!("{line}\n")).collect()));
            }
        }
    }
    out
}

fn applied(text: &str, edits: &[Edit]) -> String {
    retrylint::fix::edit::apply(text, edits)
}

/// A repair only adds text or replaces what it says, and takes out no comment but a suppression; what is left of the old text stays in order.
fn keeps_the_rest(old: &str, new: &str, edits: &[Edit]) -> bool {
    let mut rest = new;
    let mut at = 0;
    for edit in edits {
        let (start, end) = (edit.place.span.start as usize, edit.place.span.end as usize);
        let (Some(kept), true) = (old.get(at..start), old.is_char_boundary(end)) else { return false };
        let Some(after) = rest.strip_prefix(kept).and_then(|rest| rest.strip_prefix(edit.text.as_str())) else {
            return false;
        };
        let gone = &old[start..end];
        if (gone.contains("//") || gone.contains("/*")) && !gone.trim_start().starts_with("// retrylint:") {
            return false;
        }
        (rest, at) = (after, end);
    }
    old.get(at..) == Some(rest)
}

#[test]
fn a_repaired_block_is_no_longer_reported_and_has_nothing_left_to_repair() {
    let mut repaired = 0;
    for (name, text) in blocks() {
        let before = check_source("example.rs", &text, &options());
        for finding in &before.findings {
            let Some(fix) = finding.fixes.first() else {
                assert!(finding.unfixable.is_some(), "{name}: no repair, and no reason");
                continue;
            };
            repaired += 1;
            let new = applied(&text, &fix.edits);
            assert!(keeps_the_rest(&text, &new, &fix.edits), "{name}: something else changed:\n{new}");
            let after = check_source("example.rs", &new, &options());
            assert!(after.problems.is_empty(), "{name}: {}\n{new}", after.problems[0].message);
            assert!(after.findings.len() < before.findings.len(), "{name} is still reported:\n{new}");
            // With one fewer repaired, another rule may speak about what is left, but there is less of it.
            let repairable = |findings: &[Finding]| findings.iter().filter(|f| !f.fixes.is_empty()).count();
            let (first, second) = (repairable(&before.findings), repairable(&after.findings));
            assert!(second < first, "{name}: a second repair:\n{new}");
        }
    }
    assert!(repaired >= 50, "only {repaired} of the blocks are repaired");
}

/// What the text of a block is made to look like.
#[derive(Clone, Copy, Debug)]
struct Look {
    tabs: bool,
    crlf: bool,
    /// Which lines get a comment of their own; none for 0.
    comments: u8,
    /// Some lines end with a comment.
    trailing: bool,
}

fn look() -> impl Strategy<Value = Look> {
    (any::<bool>(), any::<bool>(), 0u8..8, any::<bool>()).prop_map(|(tabs, crlf, comments, trailing)| Look {
        tabs,
        crlf,
        comments,
        trailing,
    })
}

/// The names that repairs go by, by other names: those of Rust's own among them, and one that is no ASCII.
fn renamed(text: &str, names: u8) -> String {
    const OTHERS: [[&str; 2]; 5] =
        [["error", "e"], ["response", "error"], ["attempt", "r#try"], ["delay", "größe"], ["status", "refused_once"]];
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let end = rest[start..].find(|c| !is_part(c)).map_or(rest.len(), |n| start + n);
        let word = &rest[start..end];
        let new = OTHERS.iter().enumerate().find(|(n, [old, _])| names >> n & 1 == 1 && *old == word);
        out.push_str(&rest[..start]);
        out.push_str(new.map_or(word, |(_, [_, new])| new));
        rest = &rest[end..];
    }
    out + rest
}

/// Makes a block into another one that means the same, more or less: what people's files look like.
fn mutate(text: &str, (look, names, cut): (Look, u8, usize)) -> String {
    let Look { tabs, crlf, comments, trailing } = look;
    let text = renamed(text, names);
    let mut out = String::new();
    for (n, line) in text.lines().enumerate() {
        if n % 7 == usize::from(comments) % 7 && comments > 0 {
            out.push_str(if crlf { "// retries are \"hard\" {\r\n" } else { "// retries are \"hard\" {\n" });
        }
        let line = if tabs { line.replace("    ", "\t") } else { line.to_owned() };
        out.push_str(&line);
        if trailing && n % 3 == 0 && !line.contains('"') {
            out.push_str(" /* so far */  ");
        }
        out.push_str(if crlf { "\r\n" } else { "\n" });
    }
    // Now and then something is missing, so that the text does not parse as a whole.
    if cut % 5 == 0 {
        let at = out.char_indices().map(|(at, _)| at).nth(cut % out.len()).unwrap_or(0);
        out.truncate(at);
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn no_repair_of_a_mutated_block_breaks_parsing_or_touches_anything_else(
        which in 0usize..1000,
        choice in (look(), any::<u8>(), any::<u16>().prop_map(usize::from)),
    ) {
        let all = blocks();
        let text = mutate(&all[which % all.len()].1, choice);
        let before = check_source("example.rs", &text, &options());
        for fix in before.findings.iter().flat_map(|f| &f.fixes) {
            let new = applied(&text, &fix.edits);
            prop_assert!(keeps_the_rest(&text, &new, &fix.edits), "something else changed:\n{new}");
            let after = check_source("example.rs", &new, &Options::default());
            prop_assert!(after.summary.skipped <= before.summary.skipped, "no longer parses:\n{new}");
            if choice.0.crlf {
                prop_assert_eq!(new.matches('\n').count(), new.matches("\r\n").count());
            }
        }
    }
}

struct Tree {
    dir: TempDir,
}

impl Tree {
    fn new(text: impl AsRef<[u8]>) -> Tree {
        let tree = Tree { dir: TempDir::new().expect("a temporary folder") };
        tree.write("a.rs", text);
        tree
    }

    /// A git checkout with everything committed.
    fn committed(text: &str) -> Tree {
        let tree = Tree::new(text);
        tree.git(&["init", "-q"]);
        tree.git(&["add", "."]);
        tree.git(&["commit", "-qm", "first"]);
        tree
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), text).expect("files can be written");
    }

    fn read(&self) -> String {
        fs::read_to_string(self.path().join("a.rs")).expect("the file is there")
    }

    fn git(&self, args: &[&str]) {
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
        let status = Command::new("git").current_dir(self.path()).args(who).args(args).status();
        assert!(status.is_ok_and(|s| s.success()), "git {args:?}");
    }

    fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retrylint"));
        let Output { status, stdout, stderr } =
            command.current_dir(self.path()).args(args).output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (status.code(), text(stdout), text(stderr))
    }
}

#[test]
fn a_repair_is_written_and_then_there_is_nothing_left_to_do() {
    let tree = Tree::committed(BAD);
    let (code, out, err) = tree.run(&["fix", "--color", "never"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with("fixed: a.rs:6 "), "{out}");
    let once = tree.read();
    assert!(once.contains("return Err(error);") && once.contains("// Say it, then wait."), "{once}");
    let (code, out, _) = tree.run(&["fix", "--allow-dirty"]);
    assert_eq!((code, out.as_str()), (Some(0), "0 findings: fixed 0, 0 with an unsafe fix, 0 not fixable\n"));
    assert_eq!(tree.read(), once);
}

#[test]
fn a_diff_writes_nothing_and_fails_the_run() {
    let tree = Tree::new(BAD);
    let (code, out, err) = tree.run(&["fix", "--diff", "--color", "never"]);
    assert_eq!(code, Some(1));
    assert!(out.starts_with("--- a.rs\n+++ a.rs\n@@ "), "{out}");
    assert!(out.contains("\n+                    return Err(error);\n"), "{out}");
    assert!(err.contains("would fix: a.rs:6 "), "{err}");
    assert_eq!(tree.read(), BAD);
    let colored = tree.run(&["fix", "--diff", "--color", "always"]).1;
    assert!(colored.contains("\u{1b}[32m+"), "{colored}");
    let clean = Tree::new("pub fn a() {}\n");
    assert_eq!(clean.run(&["fix", "--diff"]).0, Some(0));
}

#[test]
fn check_can_fix_and_reports_the_rest() {
    let tree = Tree::committed(BAD);
    let (code, out, err) = tree.run(&["check", "--fix"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(err.starts_with("fixed: a.rs:6 ") && out.contains("0 findings"), "{out}{err}");
    assert_ne!(tree.read(), BAD);
}

/// What is left after a repair is no list of what was there before.
#[test]
fn check_cannot_fix_what_it_leaves_out() {
    let tree = Tree::committed(BAD);
    for (other, name) in [
        ("--baseline=b.json", "--baseline <FILE>"),
        ("--since=HEAD", "--since <REVISION>"),
        ("--add-allow=why", "--add-allow=<REASON>"),
    ] {
        let (code, out, err) = tree.run(&["check", "--fix", other]);
        assert_eq!((code, out.as_str(), tree.read().as_str()), (Some(2), "", BAD));
        assert!(err.starts_with(&format!("error: the argument '--fix' cannot be used with '{name}'\n")), "{err}");
    }
}

#[test]
fn rules_are_chosen_by_name_or_code() {
    let tree = Tree::committed(BAD);
    let (code, out, _) = tree.run(&["fix", "--rule", "RL002"]);
    assert_eq!((code, tree.read().as_str()), (Some(1), BAD));
    assert!(out.ends_with(" not fixable\n1 finding of other rules left alone\n"), "{out}");
    let (code, _, err) = tree.run(&["fix", "--rule", "catch-all-retr"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("did you mean `catch-all-retry`?"), "{err}");
    assert_eq!(tree.run(&["fix", "--rule", "catch-all-retry"]).0, Some(0));
    assert_ne!(tree.read(), BAD);
}

#[test]
fn what_cannot_be_brought_back_is_not_changed() {
    let none = Tree::new(BAD);
    let (code, _, err) = none.run(&["fix"]);
    assert_eq!((code, none.read().as_str()), (Some(2), BAD));
    assert!(err.starts_with("error: no VCS found for this package and `retrylint fix` can"), "{err}");
    assert_eq!(none.run(&["fix", "--allow-no-vcs"]).0, Some(0));

    let tree = Tree::committed("pub fn a() {}\n");
    tree.write("a.rs", BAD);
    let (code, _, err) = tree.run(&["fix"]);
    assert_eq!((code, tree.read().as_str()), (Some(2), BAD));
    assert!(err.contains("these files:\n\n  * a.rs (dirty)\n"), "{err}");
    tree.git(&["add", "."]);
    let (_, _, err) = tree.run(&["fix", "--allow-dirty"]);
    assert!(err.contains("  * a.rs (staged)\n"), "{err}");
    assert_eq!(tree.run(&["fix", "--allow-staged"]).0, Some(0));
    assert_ne!(tree.read(), BAD);
}

#[test]
fn line_ends_and_the_byte_order_mark_stay() {
    let text = format!("\u{feff}{}", BAD.replace('\n', "\r\n"));
    let tree = Tree::new(&text);
    assert_eq!(tree.run(&["fix", "--allow-no-vcs"]).0, Some(0));
    let new = tree.read();
    assert!(new.starts_with("\u{feff}use std"));
    assert_eq!(new.matches('\n').count(), new.matches("\r\n").count());
    assert!(new.len() > text.len());
}

#[test]
fn a_read_only_file_is_told_and_left_alone() {
    let tree = Tree::new(BAD);
    let path = tree.path().join("a.rs");
    let mut permissions = fs::metadata(&path).expect("metadata").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).expect("permissions can be set");
    let (code, _, err) = tree.run(&["fix", "--allow-no-vcs"]);
    assert_eq!((code, tree.read().as_str()), (Some(2), BAD));
    assert!(err.contains("a.rs is not changed: it is read-only"), "{err}");
    assert_eq!(fs::read_dir(tree.path()).expect("a folder").count(), 1, "a temporary file is left");
}

#[test]
fn standard_input_cannot_be_repaired() {
    let tree = Tree::new(BAD);
    let (code, _, err) = tree.run(&["fix", "-"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("name them instead of `-`"), "{err}");
}

/// A manifest that names the dependencies of the package.
fn package(dependencies: &str, text: &str) -> Tree {
    let tree = Tree::committed("");
    fs::remove_file(tree.path().join("a.rs")).expect("the file goes");
    let manifest = format!("[package]\nname = \"p\"\nversion = \"0.1.0\"\n\n[dependencies]\n{dependencies}\n");
    tree.write("Cargo.toml", &manifest);
    fs::create_dir(tree.path().join("src")).expect("a folder");
    tree.write("src/lib.rs", text);
    tree
}

/// What the manifest shows is no doubt: which version the test is written for.
#[test]
fn a_test_of_one_version_is_safe_where_the_manifest_asks_for_that_version() {
    let text = "pub fn call(key: &str) -> Result<(), ureq::Error> {
    loop {
        match ureq::get(\"https://api.example.com\").header(\"authorization\", key).call() {
            Ok(_) => return Ok(()),
            Err(error) => {
                eprintln!(\"trying again: {error}\");
                std::thread::sleep(std::time::Duration::from_secs(1));
            }
        }
    }
}
";
    for (asked, is_safe) in [
        ("ureq = \"3.1\"", true),
        ("ureq = { version = \"^3\", default-features = false }", true),
        ("ureq = \"2\"", false),
        ("ureq = \"3, <4\"", false),
        ("ureq = { path = \"../ureq\" }", false),
    ] {
        let tree = package(asked, text);
        let (_, out, err) = tree.run(&["fix", "--diff", "--color", "never"]);
        assert_eq!(out.contains("ureq::Error::StatusCode(401 | 403)"), is_safe, "{asked}: {out}{err}");
    }
}

/// A path that the manifest shows is no doubt.
#[test]
fn a_path_through_a_dependency_is_safe_where_the_manifest_names_it() {
    let text = "use std::time::Duration;

pub async fn connect(gateway: &str, token: &str) -> anyhow::Result<()> {
    let mut delay = Duration::from_secs(1);
    loop {
        match tokio_tungstenite::connect_async(format!(\"{gateway}?access_token={token}\")).await {
            Ok(_) => return Ok(()),
            Err(error) => {
                eprintln!(\"trying again: {error}\");
                tokio::time::sleep(delay).await;
                delay *= 2;
            }
        }
    }
}
";
    for (asked, is_safe) in [("tokio-tungstenite = \"0.28\"", true), ("tungstenite = \"0.28\"", false)] {
        let tree = package(asked, text);
        let (_, out, err) = tree.run(&["fix", "--diff", "--color", "never"]);
        assert_eq!(out.contains("tungstenite::Error::Http("), is_safe, "{asked}: {out}{err}");
    }
}

/// A status asked through a conversion is known in every scenario, so 429 is seen to be retried as before.
#[test]
fn a_status_turned_into_a_number_is_still_known() {
    let text = "use azure_core::credentials::TokenCredential;
use backon::{ExponentialBuilder, Retryable};

pub async fn token(credential: &dyn TokenCredential) -> Result<String, azure_core::Error> {
    let get = || async { credential.get_token(&[\"scope\"], None).await };
    let token = get.retry(ExponentialBuilder::default()).sleep(tokio::time::sleep).await?;
    Ok(token.token.secret().to_owned())
}
";
    let found = check_source("example.rs", text, &options());
    let [finding] = found.findings.as_slice() else { panic!("{:?}", found.findings) };
    let fix = finding.fixes.first().expect("a repair");
    assert_eq!(fix.doubt, None);
    assert!(applied(text, &fix.edits).contains("u16::from(status), 401 | 403"));
}

/// A `use` inside another function's body does not let the repaired one write the name.
#[test]
fn a_name_imported_in_another_body_is_written_in_full() {
    let text = "pub mod error {
    pub enum ApiError {
        Status(u16),
        Lost(reqwest::Error),
    }
}

mod call {
    pub fn is_lost(error: &crate::error::ApiError) -> bool {
        use crate::error::ApiError;
        matches!(error, ApiError::Lost(_))
    }

    async fn send(client: &reqwest::Client, api_key: &str) -> Result<String, crate::error::ApiError> {
        let sent = client.get(\"https://api.example.com\").bearer_auth(api_key).send().await;
        let response = sent.map_err(crate::error::ApiError::Lost)?;
        if !response.status().is_success() {
            return Err(crate::error::ApiError::Status(response.status().as_u16()));
        }
        response.text().await.map_err(crate::error::ApiError::Lost)
    }

    pub async fn call(client: &reqwest::Client, api_key: &str) -> Result<String, crate::error::ApiError> {
        for _ in 0..5 {
            match send(client, api_key).await {
                Ok(text) => return Ok(text),
                Err(error) => tokio::time::sleep(std::time::Duration::from_secs(5)).await,
            }
        }
        send(client, api_key).await
    }
}
";
    let repaired = |text: &str| {
        let outcome = check_source("src/lib.rs", text, &options());
        applied(text, &outcome.findings[0].fixes.first().expect("a repair").edits)
    };
    let new = repaired(text);
    assert!(new.contains("matches!(&error, crate::error::ApiError::Status(401 | 403))"), "{new}");
    let outside = text.replace("mod call {\n", "mod call {\n    use crate::error::ApiError;\n\n");
    let new = repaired(&outside);
    assert!(new.contains("matches!(&error, ApiError::Status(401 | 403))"), "{new}");
}
