//! `check --with COMMAND`: the lines of another checker pass through while ours are made, so that one command in the
//! settings of an editor gives both.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use super::Exit;
use super::console::Console;

const EXAMPLE: &str = "--with \"cargo check --message-format=json\"";

/// The program and its arguments.
#[derive(Clone, Debug)]
pub(super) struct CommandLine {
    program: String,
    arguments: Vec<String>,
}

/// Splits a command line by the rules of a POSIX shell; no shell runs it.
pub(super) fn parse(text: &str) -> Result<CommandLine, String> {
    let words = shell_words::split(text).map_err(|_| "a quote in the command is not closed".to_owned())?;
    let mut words = words.into_iter();
    let program = words.next().ok_or_else(|| format!("the command is missing: give one, as in {EXAMPLE}"))?;
    Ok(CommandLine { program, arguments: words.collect() })
}

/// The other checker while it runs.
pub(super) struct Companion {
    program: String,
    child: Child,
    copier: JoinHandle<io::Result<()>>,
}

impl CommandLine {
    /// Starts the command. Its standard error is ours; what it writes to standard output appears there line by line.
    pub(super) fn start(&self) -> Result<Companion, String> {
        let spawned =
            Command::new(&self.program).args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => format!(
                "--with: there is no program `{}`: give a command that can be run here, as in {EXAMPLE}",
                self.program
            ),
            _ => format!("--with: cannot run `{}`: {e}", self.program),
        })?;
        let out = child.stdout.take();
        let copier = std::thread::spawn(move || out.map_or(Ok(()), copy_lines));
        Ok(Companion { program: self.program.clone(), child, copier })
    }
}

impl Companion {
    /// Waits for the end of the command; answers how it ended.
    pub(super) fn finish(mut self, console: &Console) -> Exit {
        match self.copier.join() {
            Ok(Ok(())) => {}
            // Nobody reads any more, so nobody needs the rest of its work. It may have ended by itself.
            Ok(Err(e)) if e.kind() == io::ErrorKind::BrokenPipe => {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return Exit::Clean;
            }
            Ok(Err(e)) => return console.fail(&format!("--with: cannot pass on what `{}` says: {e}", self.program)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        match self.child.wait() {
            Ok(status) => match status.code() {
                Some(code) => u8::try_from(code).map_or(Exit::Trouble, Exit::As),
                None => console.fail(&format!(
                    "--with: `{}` was ended before it was done ({status}), so what it would have found is missing",
                    self.program
                )),
            },
            Err(e) => console.fail(&format!("--with: cannot wait for `{}`: {e}", self.program)),
        }
    }
}

/// Copies to standard output in whole lines, since ours are written there at the same time.
fn copy_lines(from: impl Read) -> io::Result<()> {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        if line.last() != Some(&b'\n') {
            line.push(b'\n');
        }
        let mut out = io::stdout().lock();
        out.write_all(&line)?;
        out.flush()?;
        line.clear();
    }
    Ok(())
}
