//! `retrylint explain`: prints a rule's page, or the list of rules.

use clap::Args;

use super::Exit;
use super::console::Console;
use crate::report::words::{about, body};
use crate::rules::{self, Rule};

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A rule's code (RL001) or name (auth-backoff)
    rule: Option<String>,
}

/// A name less like any rule than this gets no suggestion.
const ALIKE: f64 = 0.7;

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

fn unknown(asked: &str) -> String {
    let likeness = |name: &str| strsim::jaro_winkler(&asked.to_lowercase(), &name.to_lowercase());
    let names = rules::RULES.iter().flat_map(|rule| [rule.code, rule.name]);
    let best = names.map(|name| (likeness(name), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((likeness, name)) if likeness >= ALIKE => {
            format!("no rule is called `{asked}`: did you mean `{name}`?")
        }
        _ => format!("no rule is called `{asked}`: `retrylint explain` lists the rules"),
    }
}
