//! `retrylint fix --style runtime`: what it puts into the code, that this compiles, and how `failfast` becomes a
//! dependency.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use retrylint::finding::{Edit, Finding, Style};
use retrylint::{Options, check_source};
use support::markdown::Page;
use support::{copy, files, read, repository, stem};
use tempfile::TempDir;

fn options() -> Options {
    Options { fixes: true, style: Style::Runtime, ..Options::default() }
}

/// The bad blocks of all rule pages, by page and line.
fn blocks() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for path in files("rules", "md") {
        let name = stem(&path);
        for block in Page::parse(&read(&format!("rules/{name}.md"))).blocks {
            if block.info == "rust,bad" {
                let lines = block.text.lines().map(|line| line.split("//~").next().unwrap_or("").trim_end());
                let text = lines.map(|line| format!("{line}\n")).collect();
                out.push((format!("{}_{}", name.replace('-', "_"), block.line), text));
            }
        }
    }
    out
}

fn applied(text: &str, edits: &[Edit]) -> String {
    retrylint::fix::edit::apply(text, edits)
}

fn has_guard(finding: &Finding) -> bool {
    finding.fixes.iter().any(|fix| fix.style == Style::Runtime)
}

#[test]
fn a_block_with_a_guard_is_no_longer_reported_and_gets_no_second_one() {
    let mut repaired = 0;
    for (name, text) in blocks() {
        let before = check_source("example.rs", &text, &options());
        for finding in before.findings.iter().filter(|finding| has_guard(finding)) {
            let fix = &finding.fixes[0];
            repaired += 1;
            let new = applied(&text, &fix.edits);
            assert!(new.contains(".on_refusal("), "{name}: {new}");
            let kept = text.lines().filter(|line| line.contains("//")).all(|line| new.contains(line));
            assert!(kept, "{name}: a comment is lost:\n{new}");
            let after = check_source("example.rs", &new, &options());
            assert!(after.problems.is_empty(), "{name}: {}\n{new}", after.problems[0].message);
            assert!(after.findings.len() < before.findings.len(), "{name} is still reported:\n{new}");
            let left = |findings: &[Finding]| findings.iter().filter(|f| has_guard(f)).count();
            assert!(left(&after.findings) < left(&before.findings), "{name}: a second guard:\n{new}");
        }
        for finding in before.findings.iter().filter(|finding| finding.fixes.is_empty()) {
            assert!(finding.unfixable.is_some(), "{name}: no repair, and no reason");
        }
    }
    assert!(repaired >= 25, "only {repaired} of the blocks are repaired");
}

/// The one long test: everything that gets a guard, in one crate, against the real crates.
#[test]
fn what_is_put_in_compiles() {
    let folder = TempDir::new().expect("a temporary folder");
    let root = folder.path();
    copy(&repository("fixtures/blocks"), root);
    let mut lib = read("fixtures/blocks/src/lib.rs");
    for (name, text) in blocks() {
        let outcome = check_source("example.rs", &text, &options());
        if outcome.findings.iter().any(has_guard) {
            lib.push_str(&format!("#[expect(clippy::all)]\npub mod {name};\n").replace("#[expect(clippy::all)]\n", ""));
            fs::write(root.join(format!("src/{name}.rs")), text).expect("files can be written");
        }
    }
    fs::write(root.join("src/lib.rs"), lib).expect("files can be written");
    let tree = Tree { dir: folder };
    let (code, out, err) = tree.run(&["fix", "--style", "runtime", "--unsafe-fixes", "--allow-no-vcs"]);
    assert!(matches!(code, Some(0 | 1)) && err.is_empty(), "{out}{err}");
    let of_shapes: Vec<&str> = out.lines().filter(|line| line.contains("src/shapes.rs")).collect();
    assert_eq!(of_shapes.len(), 6, "{out}");
    assert!(of_shapes.iter().all(|line| line.starts_with("fixed: ") && !line.contains("not shown")), "{of_shapes:#?}");
    let check = Command::new(env!("CARGO"))
        .args(["check", "--quiet"])
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("blocks"))
        .env("RUSTFLAGS", "-Awarnings")
        .current_dir(tree.path())
        .output()
        .expect("cargo starts");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

/// A loop that can be repaired, in a package.
const LOOP: &str = "use std::time::Duration;

pub async fn call(client: &reqwest::Client, api_key: &str) -> Result<String, reqwest::Error> {
    let mut delay = Duration::from_secs(1);
    loop {
        let sent = client.get(\"https://api.example.com/v1/models\").bearer_auth(api_key).send().await;
        match sent.and_then(|response| response.error_for_status()) {
            Ok(response) => return response.text().await,
            Err(error) => {
                tokio::time::sleep(delay).await;
                delay *= 2;
            }
        }
    }
}
";

struct Tree {
    dir: TempDir,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Tree {
        let tree = Tree { dir: TempDir::new().expect("a temporary folder") };
        for (path, text) in files {
            let path = tree.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
            fs::write(path, text).expect("files can be written");
        }
        tree
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// Every file with its text.
    fn all(&self) -> Vec<(String, String)> {
        fn walk(folder: &Path, out: &mut Vec<(String, String)>) {
            for entry in fs::read_dir(folder).expect("a readable folder") {
                let path = entry.expect("an entry").path();
                match path.is_dir() {
                    true => walk(&path, out),
                    false => out.push((path.display().to_string(), fs::read_to_string(&path).expect("text"))),
                }
            }
        }
        let mut out = Vec::new();
        walk(self.path(), &mut out);
        out.sort();
        out
    }

    fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retrylint"));
        let Output { status, stdout, stderr } =
            command.current_dir(self.path()).args(args).output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (status.code(), text(stdout), text(stderr))
    }

    fn fix(&self, args: &[&str]) {
        let (code, out, err) = self.run(&[&["fix", "--style", "runtime", "--allow-no-vcs"], args].concat());
        assert!(code == Some(0) && err.is_empty(), "{out}{err}");
    }
}

const LONE: &str = "# An agent.
[package]
name = \"agent\"
version = \"0.1.0\"
edition = \"2021\"

[dependencies] # few
reqwest = \"0.13\"    # no TLS
tokio = { version = \"1\", features = [\"time\"] }

[profile.release]
debug = true
";

#[test]
fn a_package_that_stands_alone_gets_a_copy_below_it_and_nothing_else_changes() {
    let tree = Tree::new(&[("Cargo.toml", LONE), ("src/lib.rs", LOOP)]);
    tree.fix(&[]);
    let added = "failfast = { path = \"failfast\", features = [\"reqwest\"] }\n";
    let expected = LONE.replace("reqwest = \"0.13\"", &format!("{added}reqwest = \"0.13\""));
    assert_eq!(tree.read("Cargo.toml"), expected);
    let source = tree.read("src/lib.rs");
    assert!(source.contains("    let mut guard = failfast::AuthGuard::ambient(\"api.example.com\", \"api_key\");\n"));
    assert!(source.contains("match guard.on_refusal(&error) {\n"), "{source}");
    let manifest = tree.read("failfast/Cargo.toml");
    assert!(manifest.contains("reqwest = { version = \"0.13\"") && !manifest.contains("tonic ="), "{manifest}");
    assert_eq!(tree.read("failfast/src/guard.rs"), read("runtime/src/guard.rs"));
    let once = tree.all();
    tree.fix(&[]);
    assert_eq!(tree.all(), once);
    // Another loop needs no more than what is there.
    fs::write(tree.path().join("src/other.rs"), LOOP).expect("files can be written");
    tree.fix(&[]);
    assert!(tree.read("src/other.rs").contains("guard.on_refusal"));
    assert_eq!(tree.read("Cargo.toml"), expected);
}

#[test]
fn a_diff_shows_the_manifests_too_and_writes_nothing() {
    let tree = Tree::new(&[("Cargo.toml", LONE), ("src/lib.rs", LOOP)]);
    let before = tree.all();
    let (code, out, err) = tree.run(&["fix", "--style", "runtime", "--diff"]);
    assert_eq!(code, Some(1), "{err}");
    for file in ["--- src/lib.rs", "--- Cargo.toml", "--- /dev/null\n+++ failfast/Cargo.toml"] {
        assert!(out.contains(file), "{file} is missing:\n{out}");
    }
    assert!(!out.contains("failfast/src/lib.rs"), "{out}");
    assert!(err.contains("would write: failfast, a copy of `failfast` in "), "{err}");
    assert!(err.contains("would change: Cargo.toml\n"), "{err}");
    assert_eq!(tree.all(), before);
}

#[test]
fn a_workspace_gets_a_member_beside_the_others_and_its_packages_inherit() {
    let root = "[workspace]
members = [
    \"crates/agent\", # the agent
    \"crates/kit\",
]
resolver = \"2\"

[workspace.dependencies]
reqwest = { version = \"0.13\", default-features = false }
tokio = \"1\"
";
    let member = |name: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nreqwest.workspace = true\ntokio.workspace = true\n"
        )
    };
    let (agent, kit) = (member("agent"), member("kit"));
    let other = LOOP
        .replace("reqwest::Error> {", "Error> {")
        .replace("use std", "#[derive(Debug)]\npub struct Error {\n    pub status: u16,\n}\n\nuse std");
    let other = other.replace(
        ".and_then(|response| response.error_for_status())",
        ".map_err(|_| Error { status: 0 }).and_then(|r| match r.status().as_u16() {\n            200 => Ok(r),\n            status => Err(Error { status }),\n        })",
    );
    let other = other.replace("response.text().await", "response.text().await.map_err(|_| Error { status: 0 })");
    let tree = Tree::new(&[
        ("Cargo.toml", root),
        ("crates/agent/Cargo.toml", &agent),
        ("crates/agent/src/lib.rs", LOOP),
        ("crates/kit/Cargo.toml", &kit),
        ("crates/kit/src/lib.rs", &other),
    ]);
    tree.fix(&[]);
    let new = tree.read("Cargo.toml");
    assert!(
        new.contains("    \"crates/agent\", # the agent\n    \"crates/kit\",\n    \"crates/failfast\",\n]"),
        "{new}"
    );
    assert!(new.contains("[workspace.dependencies]\nfailfast = { path = \"crates/failfast\" }\nreqwest"), "{new}");
    let agent = tree.read("crates/agent/Cargo.toml");
    assert!(agent.contains("failfast = { workspace = true, features = [\"reqwest\"] }\nreqwest"), "{agent}");
    let kit = tree.read("crates/kit/Cargo.toml");
    assert!(kit.contains("[dependencies]\nfailfast.workspace = true\nreqwest"), "{kit}");
    assert!(tree.read("crates/kit/src/lib.rs").contains("impl failfast::Classify for Error {\n"));
    assert!(tree.path().join("crates/failfast/src/lib.rs").is_file());
    let once = tree.all();
    tree.fix(&[]);
    assert_eq!(tree.all(), once);
}

#[test]
fn the_version_or_a_folder_is_named_where_that_is_wanted() {
    let tree = Tree::new(&[("Cargo.toml", LONE), ("src/lib.rs", LOOP)]);
    tree.fix(&["--runtime", "registry"]);
    let entry = "failfast = { version = \"0.1\", features = [\"reqwest\"] }\n";
    assert!(tree.read("Cargo.toml").contains(entry), "{}", tree.read("Cargo.toml"));
    assert!(!tree.path().join("failfast").exists());

    let tree = Tree::new(&[("a/Cargo.toml", LONE), ("a/src/lib.rs", LOOP)]);
    tree.fix(&["--runtime", &format!("path={}", repository("runtime").display()), "a"]);
    let manifest = tree.read("a/Cargo.toml");
    assert!(
        manifest.contains("runtime\", features = [\"reqwest\"] }\n") && manifest.contains("path = \"../../"),
        "{manifest}"
    );
}

#[test]
fn an_entry_that_is_there_is_extended() {
    for (entry, extended) in [
        ("failfast = \"0.1\"", "failfast = { version = \"0.1\", features = [\"reqwest\"] }"),
        (
            "failfast = { version = \"0.1\", features = [\"tracing\"] } # ours",
            "failfast = { version = \"0.1\", features = [\"tracing\", \"reqwest\"] } # ours",
        ),
        (
            "failfast = { version = \"0.1\", features = [\"reqwest\"] }",
            "failfast = { version = \"0.1\", features = [\"reqwest\"] }",
        ),
    ] {
        let manifest = LONE.replace("tokio =", &format!("{entry}\ntokio ="));
        let tree = Tree::new(&[("Cargo.toml", &manifest), ("src/lib.rs", LOOP)]);
        tree.fix(&[]);
        assert_eq!(tree.read("Cargo.toml"), manifest.replace(entry, extended));
        assert!(!tree.path().join("failfast").exists());
    }
}

#[test]
fn what_stands_in_the_way_is_told_and_nothing_is_written() {
    let folder = ("failfast/notes.txt", "mine");
    for (files, args, said) in [
        (vec![("Cargo.toml", LONE), ("src/lib.rs", LOOP), folder], vec![], "failfast is there already and is no copy"),
        (
            vec![("Cargo.toml", LONE), ("src/lib.rs", LOOP)],
            vec!["--runtime", "path=nowhere"],
            "nowhere/Cargo.toml: No such file",
        ),
        (
            vec![("Cargo.toml", LONE), ("src/lib.rs", LOOP)],
            vec!["--runtime", "path=."],
            "is not the manifest of `failfast`",
        ),
    ] {
        let tree = Tree::new(&files);
        let before = tree.all();
        let (code, out, err) = tree.run(&[&["fix", "--style", "runtime", "--allow-no-vcs"], &args[..]].concat());
        assert!(code == Some(2) && err.contains(said), "{out}{err}");
        assert_eq!(tree.all(), before);
    }
    let tree = Tree::new(&[("Cargo.toml", LONE), ("src/lib.rs", LOOP)]);
    let (code, _, err) = tree.run(&["fix", "--runtime", "registry", "--allow-no-vcs"]);
    assert!(code == Some(2) && err.contains("use it with `--style runtime`"), "{err}");
    let (code, _, err) = tree.run(&["fix", "--style", "runtime", "--runtime", "git"]);
    assert!(code == Some(2) && err.contains("`vendor`, `registry` or `path=DIR`"), "{err}");
}

#[test]
fn a_file_that_cannot_be_written_leaves_no_dependency_behind() {
    let tree = Tree::new(&[("Cargo.toml", LONE), ("src/lib.rs", LOOP)]);
    let path = tree.path().join("src/lib.rs");
    let mut permissions = fs::metadata(&path).expect("metadata").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).expect("permissions can be set");
    let before = tree.all();
    let (code, out, err) = tree.run(&["fix", "--style", "runtime", "--allow-no-vcs"]);
    assert!(code == Some(2) && err.contains("src/lib.rs is not changed: it is read-only"), "{out}{err}");
    assert_eq!(tree.all(), before);
}

#[test]
fn json_names_the_edits_and_what_they_need() {
    let tree = Tree::new(&[("Cargo.toml", LONE), ("src/lib.rs", LOOP)]);
    let (_, out, _) = tree.run(&["check", "--style", "runtime", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let fix = &report["findings"][0]["fixes"][0];
    assert_eq!((fix["style"].as_str(), fix["applicability"].as_str()), (Some("runtime"), Some("safe")), "{out}");
    assert_eq!(fix["edits"].as_array().map(Vec::len), Some(2));
    assert_eq!(fix["needs"][0]["features"], serde_json::json!(["reqwest"]));
    assert!(fix["needs"][0]["manifest"].as_str().is_some_and(|path| path.ends_with("Cargo.toml")));
}

/// Code that uses `failfast` by itself is run as it is written: its own `Classify` decides.
#[test]
fn a_loop_with_a_guard_is_run_with_its_own_classification() {
    const GUARDED: &str = "pub enum ApiError {
    Status(u16),
    Lost(reqwest::Error),
}

impl failfast::Classify for ApiError {
    fn classify(&self) -> failfast::Failure {
        match self {
            Self::Status(status) => STATUS,
            Self::Lost(inner) => failfast::Classify::classify(inner),
        }
    }
}

async fn send(client: &reqwest::Client, api_key: &str) -> Result<String, ApiError> {
    let response = client.get(\"https://api.example.com\").bearer_auth(api_key).send().await.map_err(ApiError::Lost)?;
    if !response.status().is_success() {
        return Err(ApiError::Status(response.status().as_u16()));
    }
    response.text().await.map_err(ApiError::Lost)
}

pub async fn call(client: &reqwest::Client, api_key: &str) -> Result<String, ApiError> {
    let mut guard = failfast::AuthGuard::ambient(\"api.example.com\", \"api_key\");
    loop {
        match send(client, api_key).await {
            Ok(text) => return Ok(text),
            Err(error) => match guard.on_refusal(&error) {
                Some(failfast::Next::Abort(_)) => return Err(error),
                Some(_) => {}
                None => tokio::time::sleep(std::time::Duration::from_secs(5)).await,
            },
        }
    }
}
";
    for (status, reported) in [
        ("failfast::Failure::from_http(*status, &[], \"\")", 0),
        ("failfast::Failure::new(failfast::Class::Transient)", 1),
    ] {
        let outcome = check_source("a.rs", &GUARDED.replace("STATUS", status), &Options::default());
        assert_eq!(outcome.findings.len(), reported, "{status}: {:#?}", outcome.findings);
        assert_eq!(outcome.sites.len(), 1, "what stands in for the crate is no site of the user's");
    }
}

/// A workspace may have a crate of that name that is another one: it is read as any other.
#[test]
fn another_crate_of_that_name_is_still_checked() {
    let manifest = LONE.replace("name = \"agent\"", "name = \"failfast\"");
    let tree = Tree::new(&[("Cargo.toml", &manifest), ("src/lib.rs", LOOP), ("src/other.rs", "use failfast::call;\n")]);
    let (code, out, _) = tree.run(&["check"]);
    assert_eq!(code, Some(1), "{out}");
}

/// A variant that only some builds have is named under the same condition, so that the others compile too.
#[test]
fn a_variant_under_a_condition_gets_an_arm_under_it() {
    const GATED: &str = "#[derive(Debug)]
pub enum ApiError {
    Status(u16),
    Unauthorized,
    #[cfg(feature = \"signing\")]
    SignatureAuth(String),
    Lost(reqwest::Error),
}

async fn send(client: &reqwest::Client, api_key: &str) -> Result<String, ApiError> {
    let response = client.get(\"https://api.example.com\").bearer_auth(api_key).send().await.map_err(ApiError::Lost)?;
    if !response.status().is_success() {
        return Err(ApiError::Status(response.status().as_u16()));
    }
    response.text().await.map_err(ApiError::Lost)
}

pub async fn call(client: &reqwest::Client, api_key: &str) -> Result<String, ApiError> {
    let mut attempt = 0;
    loop {
        match send(client, api_key).await {
            Ok(text) => return Ok(text),
            Err(error) if attempt >= 5 => return Err(error),
            Err(_) => tokio::time::sleep(std::time::Duration::from_secs(5)).await,
        }
        attempt += 1;
    }
}
";
    let outcome = check_source("a.rs", GATED, &options());
    let fix = outcome.findings[0].fixes.first().expect("a repair");
    let new = applied(GATED, &fix.edits);
    let gate = "#[cfg(feature = \"signing\")]\n            Self::SignatureAuth(..) =>";
    assert!(new.contains(gate), "{new}");
    assert_eq!(new.matches("SignatureAuth").count(), 2, "{new}");
    assert!(check_source("a.rs", &new, &options()).findings.is_empty(), "{new}");
}
