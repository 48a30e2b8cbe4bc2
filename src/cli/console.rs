//! Standard output and standard error: whether they take colours, how wide they are, and what happens when nobody
//! reads them any more.

use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;

use super::Exit;
use crate::report::Look;

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless the environment says otherwise
    Auto,
    Always,
    Never,
}

/// Narrower terminals do not get narrower text, and on wider ones long lines are hard to read.
const WIDTHS: (usize, usize) = (60, 120);

/// Where a run writes to.
pub(super) struct Console {
    /// How text on standard output is to look.
    pub(super) out: Look,
    /// How text on standard error is to look.
    pub(super) err: Look,
}

impl Console {
    pub(super) fn new(color: Color) -> Console {
        let var = |name: &str| std::env::var_os(name);
        let graphics = var("NO_GRAPHICS").is_none_or(|value| value == "0");
        let width = terminal_size::terminal_size_of(io::stdout())
            .map_or(Look::PLAIN.width, |(width, _)| usize::from(width.0).clamp(WIDTHS.0, WIDTHS.1));
        let look = |is_terminal| Look { color: is_colored(color, is_terminal, var), graphics, width };
        Console { out: look(io::stdout().is_terminal()), err: look(io::stderr().is_terminal()) }
    }

    /// Writes a report to standard output; answers how the run ends. A reader that has seen enough (`| head`) does not
    /// change that.
    pub(super) fn print(&self, exit: Exit, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Exit {
        let stream = AutoStream::new(io::stdout().lock(), choice(self.out));
        let mut out = BufWriter::new(stream);
        match write(&mut out).and_then(|()| out.flush()) {
            Ok(()) => exit,
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {
                // Dropping the buffer would try to write once more.
                let _ = out.into_parts();
                exit
            }
            Err(e) => self.fail(&format!("cannot write to standard output: {e}")),
        }
    }

    /// Writes to standard error. If that cannot be written to, there is nobody to tell.
    pub(super) fn tell(&self, text: &str) {
        let mut err = AutoStream::new(io::stderr().lock(), choice(self.err));
        let _ = err.write_all(text.as_bytes());
    }

    /// Says why the run must not go on, in as many lines as that takes.
    pub(super) fn refuse(&self, message: &str) -> Exit {
        self.tell(&format!("error: {}\n", message.trim_end()));
        Exit::Trouble
    }

    /// Says why the run cannot go on.
    pub(super) fn fail(&self, message: &str) -> Exit {
        let problem = crate::finding::Problem { path: String::new(), message: message.to_owned(), fatal: true };
        self.tell(&crate::report::human::problem(&problem, self.err));
        Exit::Trouble
    }
}

/// Reports hold colours or do not; the stream translates them for old Windows consoles.
fn choice(look: Look) -> ColorChoice {
    if look.color { ColorChoice::Always } else { ColorChoice::Never }
}

/// The flag, then NO_COLOR, then CLICOLOR_FORCE and FORCE_COLOR, then whether it is a terminal that takes colours.
fn is_colored(flag: Color, is_terminal: bool, var: impl Fn(&str) -> Option<OsString>) -> bool {
    let on = |name: &str| var(name).is_some_and(|value| !value.is_empty() && value != "0");
    match flag {
        Color::Always => true,
        Color::Never => false,
        // By no-color.org any value but the empty one counts, `0` too.
        Color::Auto if var("NO_COLOR").is_some_and(|value| !value.is_empty()) => false,
        Color::Auto if on("CLICOLOR_FORCE") || on("FORCE_COLOR") => true,
        Color::Auto => {
            is_terminal
                && var("TERM").is_none_or(|term| term != "dumb")
                && var("CLICOLOR").is_none_or(|value| value != "0")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colored(flag: Color, is_terminal: bool, vars: &[(&str, &str)]) -> bool {
        is_colored(flag, is_terminal, |name| {
            vars.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_flag_wins_then_no_color_then_force_then_the_terminal() {
        let (no, force) = (("NO_COLOR", "1"), ("FORCE_COLOR", "1"));
        assert!(colored(Color::Always, false, &[no]));
        assert!(!colored(Color::Never, true, &[force]));
        assert!(!colored(Color::Auto, true, &[no, force]));
        assert!(colored(Color::Auto, false, &[force]));
        assert!(colored(Color::Auto, false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")]));
        assert!(!colored(Color::Auto, false, &[("FORCE_COLOR", "0")]));
        assert!(colored(Color::Auto, true, &[]));
        assert!(!colored(Color::Auto, true, &[("TERM", "dumb")]));
        assert!(!colored(Color::Auto, false, &[]));
    }
}
