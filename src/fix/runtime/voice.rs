//! How a loop speaks to people: with which macro, and how it shows the failure.

use crate::fix::scene::Scene;
use crate::ir::visit::{self, Node};
use crate::ir::{ExprKind, Name};

/// Macros that take a text for people and nothing before it.
const PLAIN: &[&str] = &["error", "warn", "info", "debug", "trace", "eprintln", "println"];

/// The loop's way of speaking.
pub struct Voice {
    /// The macros, as the loop calls them: `tracing::warn`
    paths: Vec<String>,
    /// How a text ends that shows the failure: `: {error}`; empty where the loop does not show it.
    pub shown: String,
}

/// How grave it is.
#[derive(Clone, Copy, Debug)]
pub enum Tone {
    /// The loop goes on.
    Warn,
    /// It gives up.
    Error,
}

impl Voice {
    /// As the loop speaks; `None` where it does not.
    pub fn of(scene: &Scene<'_>, name: Name) -> Option<Voice> {
        let mut voice = Voice { paths: Vec::new(), shown: String::new() };
        visit::block(scene.body, &mut |node| {
            let Node::Expr(e) = node else { return true };
            if let ExprKind::Macro(call) = &e.kind
                && scene.facts.site.contains(e.span)
                && PLAIN.contains(&call.path.last().as_str())
            {
                let path: Vec<&str> = call.path.segments.iter().map(|s| s.as_str()).collect();
                voice.paths.push(path.join("::"));
                if voice.shown.is_empty() {
                    voice.shown = shown(scene.text(e.span), name);
                }
            }
            true
        });
        (!voice.paths.is_empty()).then_some(voice)
    }

    /// A statement that says a text: with the macro of that tone if the loop has it, else with the one it uses first.
    pub fn say(&self, tone: Tone, text: &str) -> String {
        let wanted = match tone {
            Tone::Warn => "warn",
            Tone::Error => "error",
        };
        let is_it = |path: &&String| path.rsplit("::").next() == Some(wanted);
        let path = self.paths.iter().find(is_it).or(self.paths.first()).map_or("eprintln", String::as_str);
        format!("{path}!(\"{text}\");")
    }
}

/// The failure in a call of a logging macro: in the text, or as an argument or field.
fn shown(call: &str, name: Name) -> String {
    let has = |part: String| call.contains(&part);
    let ends = [",", ")", " "];
    if has(format!("{{{name}}}")) || has(format!("%{name}")) || ends.iter().any(|end| has(format!(", {name}{end}"))) {
        format!(": {{{name}}}")
    } else if has(format!("{{{name}:?}}")) || has(format!("?{name}")) {
        format!(": {{{name}:?}}")
    } else {
        String::new()
    }
}
