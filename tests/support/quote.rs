//! Blocks that quote what the program prints: compared with what it prints now, or rewritten with `UPDATE=1`.

use std::process::Command;

use super::markdown::Page;
use super::{read, repository};

/// Whether quotations are to be rewritten.
pub fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Rewrites a file of the repository where its text changes.
pub fn rewrite(path: &str, text: &str) {
    if read(path) != text {
        std::fs::write(repository(path), text).unwrap_or_else(|e| panic!("cannot write {path}: {e}"));
    }
}

/// Two texts line by line: what both have at the start and the end is left out, but for three lines.
pub fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (mut old_end, mut new_end) = (old.len(), new.len());
    while old_end > head && new_end > head && old[old_end - 1] == new[new_end - 1] {
        (old_end, new_end) = (old_end - 1, new_end - 1);
    }
    let mut out = String::new();
    let mut show =
        |sign: char, lines: &[&str]| lines.iter().for_each(|line| out.push_str(&format!("  {sign} {line}\n")));
    show(' ', &old[head.saturating_sub(3)..head]);
    show('-', &old[head..old_end]);
    show('+', &new[head..new_end]);
    show(' ', &old[old_end..old.len().min(old_end + 3)]);
    out
}

/// Standard output and exit code of the program, run in the repository's root as if into a file.
pub fn run(args: &[&str]) -> (String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retrylint"));
    command.args(args).current_dir(repository(""));
    let mut command = super::tree::without_our_variables(command);
    let output = command.output().expect("the program starts");
    (String::from_utf8(output.stdout).expect("reports are UTF-8"), output.status.code())
}

/// Compares the `console` blocks of a page that show one command with what the command prints, or rewrites them.
pub fn check_console(path: &str) {
    let page = Page::parse(&read(path));
    let mut new = Vec::new();
    for (n, block) in page.blocks.iter().enumerate().filter(|(_, block)| block.info == "console") {
        let Some((prompt, quoted)) = block.text.split_once('\n') else { continue };
        let Some(args) = prompt.strip_prefix("$ cargo run -q -- ").or(prompt.strip_prefix("$ retrylint ")) else {
            continue;
        };
        let (printed, _) = run(&args.split_whitespace().collect::<Vec<_>>());
        if printed == quoted {
            continue;
        }
        assert!(
            is_update(),
            "{path}:{}: `{}` prints something else now:\n{}Look at the difference; if it is right, `UPDATE=1 cargo test` writes it there",
            block.line,
            prompt.trim_start_matches("$ "),
            difference(quoted, &printed),
        );
        new.push((n, format!("{prompt}\n{printed}")));
    }
    rewrite(path, &page.with(&new));
}
