//! `retrylint explain`: prints a rule's page, or the list of rules.

use clap::Args;

use super::Exit;
use super::console::Console;
use crate::report::words::{about, body};
use crate::rules::{self, Rule};
use crate::suggest;

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A rule's code (RL001) or name (auth-backoff)
    rule: Option<String>,
}

impl Explain {
    pub(super) fn run(&self, console: &Console) -> Exit {
        let Some(asked) = &self.rule else {
            return console.print(Exit::Clean, |out| out.write_all(list().as_bytes()));
        };
        match rules::find(asked) {
            Some(rule) => console.print(Exit::Clean, |out| out.write_all(page(rule).as_bytes())),
            None => console.fail(&unknown(asked)),
        }
    }
}

/// The page without its front matter, which is for programs.
fn page(rule: &Rule) -> String {
    let body = body(rule.page).trim();
    format!("{} {}, {} by default\n\n{body}\n", rule.code, rule.name, rule.level.as_str())
}

/// Every rule with the first sentence of its page.
fn list() -> String {
    let widest = rules::RULES.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for rule in rules::RULES {
        let about = about(rule.page);
        out.push_str(&format!("{}  {:widest$}  {:4}  {about}\n", rule.code, rule.name, rule.level.as_str()));
    }
    out.push_str("\n`retrylint explain RULE` shows a rule's page\n");
    out
}

/// Says that there is no such rule, and which was meant.
pub(super) fn unknown(asked: &str) -> String {
    let told = suggest::unknown("rule", asked, rules::names());
    if told.ends_with('?') { told } else { format!("{told}: `retrylint explain` lists the rules") }
}
