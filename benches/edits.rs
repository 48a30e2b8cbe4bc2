//! How long it takes from an edit to what is said of it, in a made-up workspace:
//! `cargo bench --bench edits -- [FILES] [EDITS] [KIND]` (10,000 files and 40 edits of each kind where nothing is said).

// Printing is what it is for.
#![allow(clippy::print_stdout)]

#[path = "../tests/support/workspace.rs"]
#[allow(dead_code)]
mod workspace;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use retrylint::config::Configs;
use retrylint::session::Session;
use retrylint::{Options, check_workspace};
use workspace::{File, generate, real, write};

/// A kind of edit: the file for the n-th one, and what becomes of its text.
struct Kind {
    name: &'static str,
    file: fn(usize) -> String,
    edit: fn(&str, usize) -> String,
}

fn package(n: usize) -> String {
    format!("crates/p{:03}/src", n * 7 % 100)
}

fn plain(n: usize) -> String {
    format!("{}/m{:02}.rs", package(n), n * 3 % 40)
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the made-up file has `{from}`");
    text.replacen(from, to, 1)
}

const KINDS: &[Kind] = &[
    Kind {
        name: "body of a plain function",
        file: plain,
        edit: |text, n| {
            replaced(text, "    let mut count = 0;\n", &format!("    let mut count = {n};\n    drop({n});\n"))
        },
    },
    Kind {
        name: "body of a retry loop",
        file: |n| format!("{}/jobs.rs", package(n)),
        edit: |text, n| replaced(text, "from_millis(500)", &format!("from_millis({})", 600 + n)),
    },
    Kind {
        name: "classifier of another file's loop",
        file: |n| format!("crates/p{:03}/src/error.rs", n * 3 % 99),
        edit: |text, n| {
            let to = if n.is_multiple_of(2) { "!matches!(*status, 401 | 403)" } else { "*status < 600" };
            replaced(text, "*status != 404", to)
        },
    },
    Kind {
        name: "classifier that all packages share",
        file: |_| "crates/base/src/verdict.rs".to_owned(),
        edit: |text, n| {
            if n.is_multiple_of(2) {
                replaced(text, "401 | 403 => Verdict::GiveUp", "401 | 403 => Verdict::Retry")
            } else {
                text.to_owned()
            }
        },
    },
    Kind {
        name: "function that all loops call",
        file: |_| "crates/base/src/lib.rs".to_owned(),
        edit: |text, n| replaced(text, "attempt.min(6)", &format!("attempt.min({})", 3 + n % 5)),
    },
    Kind {
        name: "text that does not parse, plain file",
        file: plain,
        edit: |text, _| replaced(text, "    let mut count = 0;\n", "    let mut count = ;\n    if {\n"),
    },
    Kind {
        name: "text that does not parse, client",
        file: |n| format!("{}/client.rs", package(n)),
        edit: |text, n| {
            replaced(text, "        if status >= 400 {\n", ["        if status >= \n", "        if status \"\n"][n % 2])
        },
    },
    Kind {
        name: "a function added, first in its file",
        file: plain,
        edit: |text, n| {
            replaced(
                text,
                "/// A record.\n",
                &format!("pub fn added_{n}(n: u32) -> u32 {{\n    n\n}}\n\n/// A record.\n"),
            )
        },
    },
    Kind {
        name: "a function removed",
        file: |n| format!("{}/client.rs", package(n)),
        edit: |text, _| {
            let from = text.find("    pub async fn put").expect("it is there");
            format!("{}}}\n", &text[..from])
        },
    },
    Kind {
        name: "a `use` added",
        file: |n| format!("{}/sync.rs", package(n)),
        edit: |text, _| {
            replaced(text, "use crate::error::ApiError;\n", "use crate::error::ApiError;\nuse crate::m00::*;\n")
        },
    },
    Kind {
        name: "a line at the top of a client",
        file: |n| format!("{}/client.rs", package(n)),
        edit: |text, n| format!("// {n}\n{text}"),
    },
    Kind {
        name: "a type that its package uses",
        file: |n| format!("{}/error.rs", package(n)),
        edit: |text, n| replaced(text, "    Decode(String),\n", &format!("    Decode(String),\n    Other{n}(u16),\n")),
    },
];

fn main() {
    // `cargo bench` adds a flag of its own.
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let (files, edits) = (numbers.first().copied().unwrap_or(10_000), numbers.get(1).copied().unwrap_or(40));
    let only = std::env::args().skip(1).find(|arg| !arg.starts_with('-') && arg.parse::<usize>().is_err());
    let dir = tempfile::tempdir().expect("a temporary folder");
    let all = generate(files);
    write(dir.path(), &all);
    let lines: usize = all.iter().map(|file| file.text.lines().count()).sum();
    println!("{} files, {lines} lines", all.iter().filter(|file| file.path.ends_with(".rs")).count());

    if let Some(keep) = std::env::var_os("RETRYLINT_KEEP") {
        write(Path::new(&keep), &all);
    }
    let cold = cold(dir.path());
    println!("cold check                              {:>9.1} ms   processor {:.1} ms", ms(cold), ms(processor()));
    let start = Instant::now();
    let mut session =
        Session::open(&[dir.path().to_owned()], Options::default(), &|_, _| {}).expect("it can be checked");
    println!("opening a session                       {:>9.1} ms   memory {} MB", ms(start.elapsed()), memory());
    println!("{:<40}{:>9} {:>9} {:>9} {:>9}   told", "edit to diagnostics, ms", "p50", "p95", "max", "cpu");
    let mut slowest = Duration::ZERO;
    for kind in KINDS.iter().filter(|kind| only.as_ref().is_none_or(|only| kind.name.contains(only.as_str()))) {
        let mut times = Vec::new();
        let mut told = 0;
        let used = processor();
        for n in 0..edits {
            let path = (kind.file)(n);
            let Some(file) = all.iter().find(|file| file.path == path) else { continue };
            let real = real(dir.path(), &path);
            for text in [(kind.edit)(&file.text, n), file.text.clone()] {
                let (time, changed) = edit(&mut session, &real, text);
                times.push(time);
                told += changed.len();
            }
        }
        times.sort();
        let at = |part: usize| ms(times[(times.len() * part / 100).min(times.len() - 1)]);
        slowest = slowest.max(times[times.len() - 1]);
        let used = ms(processor().saturating_sub(used)) / times.len() as f64;
        println!("{:<40}{:>9.1} {:>9.1} {:>9.1} {used:>9.1}   {told}", kind.name, at(50), at(95), at(100));
    }
    typed(&mut session, dir.path(), &all);
    println!(
        "slowest: {:.1} ms, {:.1}% of a cold check; memory {} MB",
        ms(slowest),
        100.0 * slowest.as_secs_f64() / cold.as_secs_f64(),
        memory()
    );
}

/// A statement typed key by key into the body of a loop.
fn typed(session: &mut Session, root: &Path, all: &[File]) {
    let path = "crates/p003/src/sync.rs";
    let file = all.iter().find(|file| file.path == path).expect("the file was made");
    let (before, after) = file.text.split_once("                attempt += 1;\n").expect("the loop counts");
    let statement = "                attempt += 1;\n                if matches!(error, ApiError::Status(401 | 403)) {\n                    return Err(error);\n                }\n";
    let mut times: Vec<Duration> = (0..=statement.len())
        .map(|at| edit(session, &real(root, path), format!("{before}{}{after}", &statement[..at])).0)
        .collect();
    edit(session, &real(root, path), file.text.clone());
    times.sort();
    let at = |part: usize| ms(times[(times.len() * part / 100).min(times.len() - 1)]);
    println!("{:<40}{:>9.1} {:>9.1} {:>9.1}", "keys of a statement in a loop", at(50), at(95), at(100));
}

fn edit(session: &mut Session, path: &Path, text: String) -> (Duration, Vec<PathBuf>) {
    let start = Instant::now();
    session.set_text(path, Some(text));
    let changed = session.update();
    let findings: usize = changed.iter().map(|file| session.findings(file).len()).sum();
    let time = start.elapsed();
    std::hint::black_box(findings);
    (time, changed)
}

fn cold(root: &Path) -> Duration {
    let start = Instant::now();
    let input = retrylint::workspace::load(&[root.to_owned()], None);
    let configs = Configs::read(&input).expect("there is no configuration");
    let outcome =
        check_workspace(input, &Options { configs, ..Options::default() }, &|_, _| {}).expect("it can be checked");
    let time = start.elapsed();
    println!("{} sites, {} findings", outcome.sites.len(), outcome.findings.len());
    time
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Processor time of all threads so far, where the system says so.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// Megabytes that the process holds, where the system says so.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok()).unwrap_or(0) / 1024
}
