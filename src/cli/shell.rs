//! `retrylint completions` and `retrylint man`: what a shell and a manual want to know of the command line.

use clap::{Args, Command};
use clap_complete::Shell;

use super::Exit;
use super::console::Console;

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, mut command: Command, console: &Console) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "retrylint", &mut script);
        console.print(Exit::Clean, |out| out.write_all(&script))
    }
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub(super) struct Man {
    /// The command whose page is printed [default: the program's own page]
    command: Option<String>,
}

impl Man {
    pub(super) fn run(&self, mut command: Command, console: &Console) -> Exit {
        command.build();
        if let Some(name) = &self.command {
            let found = command.get_subcommands().find(|known| known.get_name() == name).cloned();
            let Some(found) = found else {
                let known = command.get_subcommands().map(Command::get_name);
                return console.fail(&crate::suggest::unknown("command", name, known));
            };
            command = found;
        }
        let mut page = Vec::new();
        match clap_mangen::Man::new(command).render(&mut page) {
            Ok(()) => console.print(Exit::Clean, |out| out.write_all(&page)),
            Err(e) => console.fail(&format!("cannot write the page: {e}")),
        }
    }
}
