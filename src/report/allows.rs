//! Every suppression for people: where it is, which rules it names, and why.

use super::words::{count, one_line, visible};
use super::{Look, style};
use crate::finding::Allow;

/// One line each, and how many there are.
pub fn table(allows: &[Allow], look: Look) -> String {
    let rows: Vec<[String; 3]> = allows.iter().map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let mut out = String::new();
    for [place, rules, reason] in &rows {
        let line = format!("{place:first$}  {rules:second$}  {}", look.paint(style::DIM, reason));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    let unused = allows.iter().filter(|allow| allow.uses == 0).count();
    let remark = if unused == 0 { String::new() } else { format!(", {unused} of them unused") };
    out.push_str(&format!("{}{remark}\n", count(allows.len(), "suppression")));
    out
}

fn row(allow: &Allow) -> [String; 3] {
    let rules: Vec<&str> = allow.rules.iter().map(|rule| rule.name).collect();
    let reason = if allow.reason.is_empty() { "(no reason)".to_owned() } else { one_line(&allow.reason) };
    [
        format!("{}:{}", allow.place.source.path, allow.place.start_line()),
        if rules.is_empty() { "(no rule)".to_owned() } else { rules.join(", ") },
        if allow.uses == 0 { format!("{reason} (unused)") } else { reason },
    ]
    .map(|text| text.chars().map(visible).collect())
}
