//! How a loop speaks to people: with which macro, and how it shows the failure.

use crate::fix::scene::Scene;
use crate::ir::visit::{self, Node};
use crate::ir::{ExprKind, Name};

/// Macros that take a text for people and nothing before it.
const PLAIN: &[&str] = &["error", "warn", "info", "debug", "trace", "eprintln", "println"];

/// The loop's way of speaking.
pub struct Voice {
    /// `tracing::warn`
    path: String,
    /// How a text ends that shows the failure: `: {error}`; empty where the loop does not show it.
    pub shown: String,
}

impl Voice {
    /// As the loop speaks of the failure, else as it speaks at all.
    pub fn of(scene: &Scene<'_>, name: Name) -> Option<Voice> {
        let mut found: Option<Voice> = None;
        visit::block(scene.body, &mut |node| {
            let Node::Expr(e) = node else { return true };
            if let ExprKind::Macro(call) = &e.kind
                && scene.facts.site.contains(e.span)
                && PLAIN.contains(&call.path.last().as_str())
            {
                let path: Vec<&str> = call.path.segments.iter().map(|s| s.as_str()).collect();
                let shown = shown(scene.text(e.span), name);
                if found.as_ref().is_none_or(|known| known.shown.is_empty() && !shown.is_empty()) {
                    found = Some(Voice { path: path.join("::"), shown });
                }
            }
            true
        });
        found
    }

    /// A statement that says a text.
    pub fn say(&self, text: &str) -> String {
        format!("{}!(\"{text}\");", self.path)
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
