//! Findings as the compiler would write them, one JSON object a line: bare as from `rustc --error-format=json`, or
//! wrapped as from `cargo --message-format=json`. Editors and tools that read those read these.

use std::io::{self, Write};
use std::path::Path;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use super::words::body;
use super::{Look, human};
use crate::finding::{Applicability, Finding, Fix, Level, Outcome};
use crate::workspace::Package;
use crate::workspace::source::Place;

/// Writes bare diagnostics.
pub fn bare(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    outcome.findings.iter().try_for_each(|finding| line(out, &Diagnostic::of(finding)))
}

/// Writes cargo's messages. None is bare: to rust-analyzer that means that what came before is out of date, so it would
/// drop what the compiler said.
pub fn wrapped(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    outcome.findings.iter().try_for_each(|finding| line(out, &Message::of(finding)))
}

fn line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Message<'a> {
    reason: &'static str,
    package_id: String,
    manifest_path: String,
    target: Target,
    message: Diagnostic<'a>,
}

impl<'a> Message<'a> {
    fn of(finding: &'a Finding) -> Message<'a> {
        let source = &finding.place().source;
        let (package_id, manifest, target) = match &source.package {
            Some(package) => (package_id(package), &package.manifest, Target::of(package, &source.file)),
            None => {
                let target = Target::script(&source.file);
                (format!("{}#{}@0.0.0", source_id(&source.file), target.name), &source.file, target)
            }
        };
        let manifest_path = manifest.to_string_lossy().into_owned();
        Message { reason: "compiler-message", package_id, manifest_path, target, message: Diagnostic::of(finding) }
    }
}

/// What the URL standard encodes in a path. Ids are compared as text, so no more than that may be.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// The address of a package in this folder, or of a script.
fn source_id(path: &Path) -> String {
    let path = path.to_string_lossy();
    let path = if cfg!(windows) { format!("/{}", path.replace('\\', "/")) } else { path.into_owned() };
    format!("path+file://{}", utf8_percent_encode(&path, ENCODED))
}

/// As `cargo pkgid` writes it: the name is left out where the folder is called the same.
fn package_id(package: &Package) -> String {
    let folder = package.manifest.parent().unwrap_or(Path::new(""));
    let version = package.version.as_deref().unwrap_or("0.0.0");
    let id = source_id(folder);
    if folder.file_name().is_some_and(|name| *name == *package.name) {
        format!("{id}#{version}")
    } else {
        format!("{id}#{}@{version}", package.name)
    }
}

/// What cargo reads a script as that does not say.
const SCRIPT_EDITION: &str = "2024";

#[derive(Serialize)]
struct Target {
    kind: [&'static str; 1],
    crate_types: [&'static str; 1],
    name: String,
    src_path: String,
    edition: String,
    doc: bool,
    doctest: bool,
    test: bool,
}

impl Target {
    /// The target whose sources the file is among, by its folder.
    fn of(package: &Package, file: &Path) -> Target {
        let folder = package.manifest.parent().unwrap_or(Path::new(""));
        let inside = file.strip_prefix(folder).unwrap_or(file);
        let kind = match inside.components().next().and_then(|first| first.as_os_str().to_str()) {
            Some("tests") => "test",
            Some("benches") => "bench",
            Some("examples") => "example",
            _ if inside.starts_with("src/bin") || package.root.ends_with("main.rs") => "bin",
            _ => "lib",
        };
        let is_main = kind == "lib" || package.root.ends_with("main.rs") && !inside.starts_with("src/bin");
        let (name, root) = if is_main {
            (package.krate.clone(), package.root.as_path())
        } else {
            (file.file_stem().unwrap_or_default().to_string_lossy().into_owned(), file)
        };
        Target::new(kind, name, root, &package.edition)
    }

    /// A loose file: to cargo, the whole of a package that is a script.
    fn script(file: &Path) -> Target {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let name = name.replace(|c: char| !c.is_alphanumeric() && c != '_', "-");
        Target::new("bin", name, file, SCRIPT_EDITION)
    }

    fn new(kind: &'static str, name: String, root: &Path, edition: &str) -> Target {
        Target {
            kind: [kind],
            crate_types: [if kind == "lib" { "lib" } else { "bin" }],
            name,
            src_path: root.to_string_lossy().into_owned(),
            edition: edition.to_owned(),
            doc: true,
            doctest: kind == "lib",
            test: true,
        }
    }
}

#[derive(Serialize)]
struct Diagnostic<'a> {
    #[serde(rename = "$message_type")]
    message_type: &'static str,
    message: &'a str,
    code: Option<Code>,
    level: &'static str,
    spans: Vec<Span<'a>>,
    children: Vec<Diagnostic<'a>>,
    rendered: Option<String>,
}

#[derive(Serialize)]
struct Code {
    code: String,
    explanation: Option<&'static str>,
}

impl<'a> Diagnostic<'a> {
    fn of(finding: &'a Finding) -> Diagnostic<'a> {
        let steps = finding.witness.iter().enumerate();
        Diagnostic {
            message_type: "diagnostic",
            message: &finding.message,
            code: Some(Code {
                code: format!("retrylint::{}", finding.rule.name),
                explanation: Some(body(finding.rule.page).trim()),
            }),
            level: level(finding.level),
            spans: steps.map(|(n, step)| Span::of(&step.place, n == 0, &step.what)).collect(),
            children: std::iter::once(Diagnostic::note("help", &finding.help))
                .chain(finding.fixes.iter().map(|fix| Diagnostic::suggestion(fix, finding.place())))
                .collect(),
            rendered: Some(human::finding(finding, Look::PLAIN)),
        }
    }

    /// A repair: all its edits together, then the finding's own place. That one changes nothing, but rust-analyzer offers
    /// a repair at the places that it names, and the finding is where the user looks for it.
    fn suggestion(fix: &'a Fix, place: &'a Place) -> Diagnostic<'a> {
        let applicability = match fix.applicability {
            Applicability::Safe => "MachineApplicable",
            Applicability::Unsafe => "MaybeIncorrect",
        };
        let spans = fix.edits.iter().map(|edit| Span {
            label: None,
            suggested_replacement: Some(&edit.text),
            suggestion_applicability: Some(applicability),
            ..Span::of(&edit.place, true, "")
        });
        let own = Span { label: None, ..Span::of(place, true, "") };
        Diagnostic { spans: spans.chain([own]).collect(), ..Diagnostic::note("help", &fix.message) }
    }

    /// A remark without a place of its own.
    fn note(level: &'static str, message: &'a str) -> Diagnostic<'a> {
        Diagnostic {
            message_type: "diagnostic",
            message,
            code: None,
            level,
            spans: Vec::new(),
            children: Vec::new(),
            rendered: None,
        }
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Note => "note",
    }
}

#[derive(Serialize)]
struct Span<'a> {
    file_name: &'a str,
    byte_start: u32,
    byte_end: u32,
    line_start: u32,
    line_end: u32,
    column_start: u32,
    column_end: u32,
    is_primary: bool,
    text: Vec<Line<'a>>,
    label: Option<&'a str>,
    suggested_replacement: Option<&'a str>,
    suggestion_applicability: Option<&'static str>,
    expansion: Option<()>,
}

#[derive(Serialize)]
struct Line<'a> {
    text: &'a str,
    highlight_start: u32,
    highlight_end: u32,
}

impl<'a> Span<'a> {
    fn of(place: &'a Place, is_primary: bool, label: &'a str) -> Span<'a> {
        let (first, last) = (place.start_line(), place.end_line());
        let (from, to) = (place.column(), place.end_column());
        let text = (first..=last).map(|number| {
            let text = place.source.line_text(number);
            Line {
                text,
                highlight_start: if number == first { from } else { 1 },
                highlight_end: if number == last { to } else { text.chars().count() as u32 + 1 },
            }
        });
        Span {
            file_name: &place.source.path,
            byte_start: place.span.start,
            byte_end: place.span.end,
            line_start: first,
            line_end: last,
            column_start: from,
            column_end: to,
            is_primary,
            text: text.collect(),
            label: Some(label),
            suggested_replacement: None,
            suggestion_applicability: None,
            expansion: None,
        }
    }
}
