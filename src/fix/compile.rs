//! Whether a package still compiles: `cargo check`, asked only with `--verify`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// The manifest of the package that a file belongs to.
pub fn manifest_of(file: &Path) -> Option<PathBuf> {
    let file = std::fs::canonicalize(file).ok()?;
    file.ancestors().skip(1).map(|folder| folder.join("Cargo.toml")).find(|manifest| manifest.is_file())
}

/// The errors of `cargo check` on a package with its default features, as `error[E0382]: use of moved value: `e``.
///
/// # Errors
/// Cargo could not be run, or it failed without an error of the compiler: what it said.
pub fn errors(manifest: &Path) -> Result<Vec<String>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .args(["check", "--quiet", "--message-format=json", "--manifest-path"])
        .arg(manifest)
        .output()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    let text = String::from_utf8_lossy(&out.stdout);
    let mut errors: Vec<String> = text.lines().filter_map(error).collect();
    errors.sort();
    if errors.is_empty() && !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        return Err(format!("cargo check failed: {}", said.trim().lines().next().unwrap_or("it did not say why")));
    }
    Ok(errors)
}

/// Those of the second list that are not in the first, or more often.
pub fn new(before: &[String], after: &[String]) -> Vec<String> {
    let mut known = before.to_vec();
    let mut new = Vec::new();
    for error in after {
        match known.iter().position(|k| k == error) {
            Some(at) => drop(known.swap_remove(at)),
            None => new.push(error.clone()),
        }
    }
    new
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    message: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    code: Option<Code>,
    spans: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

fn error(line: &str) -> Option<String> {
    let message: Message = serde_json::from_str(line).ok()?;
    let diagnostic = message.message.filter(|m| message.reason == "compiler-message" && m.level == "error")?;
    // The last line, "aborting due to 2 previous errors", stands nowhere.
    let code = diagnostic.code.map_or(String::new(), |code| format!("[{}]", code.code));
    (!diagnostic.spans.is_empty()).then(|| format!("error{code}: {}", diagnostic.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_and_compared() {
        let line = r#"{"reason":"compiler-message","message":{"level":"error","message":"use of moved value: `e`","code":{"code":"E0382"},"spans":[{}]}}"#;
        assert_eq!(error(line).as_deref(), Some("error[E0382]: use of moved value: `e`"));
        assert_eq!(error(r#"{"reason":"build-finished","success":false}"#), None);
        let (a, b) = ("a".to_owned(), "b".to_owned());
        let before = vec![a.clone()];
        assert_eq!(new(&before, &[a.clone(), b.clone(), a.clone()]), [b, a]);
    }
}
