//! Small source trees of their own, and the program run in them as users run it.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A loop that must be reported, whatever the rules are called: it keeps sending a dead key, with a growing delay.
pub const BAD: &str = r#"use std::time::Duration;

pub async fn call(client: &reqwest::Client, api_key: &str) -> Result<String, reqwest::Error> {
    let mut delay = Duration::from_secs(1);
    loop {
        let sent = client.get("https://api.example.com/v1/models").bearer_auth(api_key).send().await;
        match sent.and_then(|response| response.error_for_status()) {
            Ok(response) => return response.text().await,
            Err(error) => {
                eprintln!("trying again: {error}");
                tokio::time::sleep(delay).await;
                delay *= 2;
            }
        }
    }
}
"#;

pub const CLEAN: &str = "pub fn add(a: u32, b: u32) -> u32 {\n    a + b\n}\n";

/// No run in these tests takes long; one that does hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder of its own, outside any repository.
pub struct Tree {
    dir: TempDir,
}

impl Tree {
    pub fn new(files: &[(&str, &str)]) -> Tree {
        let tree = Tree { dir: TempDir::new().expect("a temporary folder") };
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    /// A package with the bad loop in `src/bad.rs`.
    pub fn package() -> Tree {
        Tree::new(&[
            (
                "Cargo.toml",
                "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nreqwest = \"0.12\"\ntokio = \"1\"\n",
            ),
            ("src/lib.rs", "pub mod bad;\npub mod clean;\n"),
            ("src/bad.rs", BAD),
            ("src/clean.rs", CLEAN),
        ])
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
        fs::write(path, bytes).expect("files can be written");
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, b"", &[])
    }

    pub fn run_with(&self, args: &[&str], stdin: &[u8], vars: &[(&str, &str)]) -> Ran {
        self.finish(program(self.dir.path(), args), stdin, vars)
    }

    /// Runs in a folder below.
    pub fn run_below(&self, folder: &str, args: &[&str], vars: &[(&str, &str)]) -> Ran {
        self.finish(program(&self.path(folder), args), b"", vars)
    }

    pub fn finish(&self, mut command: Command, stdin: &[u8], vars: &[(&str, &str)]) -> Ran {
        let args: Vec<_> = command.get_args().map(|arg| arg.to_owned()).collect();
        command.envs(vars.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut input = child.stdin.take().expect("standard input");
        let text = stdin.to_owned();
        // Ignored where the program does not read it all.
        let writer = std::thread::spawn(move || input.write_all(&text));
        let read = |mut from: Box<dyn Read + Send>| {
            std::thread::spawn(move || {
                let mut text = String::new();
                from.read_to_string(&mut text).map(|_| text)
            })
        };
        let out = read(Box::new(child.stdout.take().expect("standard output")));
        let err = read(Box::new(child.stderr.take().expect("standard error")));
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("the program can be waited for") {
                break status;
            }
            if start.elapsed() > PATIENCE {
                child.kill().expect("it can be ended");
                panic!("{args:?} hangs");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let _ = writer.join().expect("the writer ends");
        let text = |thread: std::thread::JoinHandle<std::io::Result<String>>| {
            thread.join().expect("the reader ends").expect("output is UTF-8")
        };
        Ran { code: status.code(), out: text(out), err: text(err) }
    }
}

/// The program in a folder, without what the test runner's environment says.
pub fn program(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retrylint"));
    command.args(args).current_dir(dir);
    without_our_variables(command)
}

/// A command that a CI or a colourful terminal around the tests does not change.
pub fn without_our_variables(mut command: Command) -> Command {
    const OURS: [&str; 10] = [
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "FORCE_COLOR",
        "NO_GRAPHICS",
        "CI",
        "GITHUB_ACTIONS",
        "GITHUB_STEP_SUMMARY",
        "GITHUB_WORKSPACE",
        "CI_PROJECT_DIR",
    ];
    for var in OURS {
        command.env_remove(var);
    }
    command
}

#[derive(Debug, PartialEq)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The exit code is this, and standard error is exactly one line per message: each starts like this.
    #[track_caller]
    pub fn is(&self, code: i32, messages: &[&str]) -> &Ran {
        assert_eq!(self.code, Some(code), "{self:#?}");
        let lines: Vec<&str> = self.err.lines().collect();
        assert_eq!(lines.len(), messages.len(), "{self:#?}");
        for (line, message) in lines.iter().zip(messages) {
            assert!(line.starts_with(message), "{line:?} does not start with {message:?}");
        }
        self
    }

    #[track_caller]
    pub fn says(&self, text: &str) -> &Ran {
        assert!(self.out.contains(text), "no {text:?} in {self:#?}");
        self
    }

    #[track_caller]
    pub fn lacks(&self, text: &str) -> &Ran {
        assert!(!self.out.contains(text), "{text:?} in {self:#?}");
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("no JSON ({e}): {self:#?}"))
    }

    /// The paths of the findings.
    pub fn found(&self) -> Vec<String> {
        let json = self.json();
        let findings = json["findings"].as_array().expect("findings");
        findings.iter().map(|finding| finding["path"].as_str().expect("a path").to_owned()).collect()
    }
}
