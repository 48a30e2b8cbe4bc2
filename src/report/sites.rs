//! Every retry site for people, grouped by what it does with a dead key: two lines each, the doubt included, and a line
//! with what it does in every scenario.

use super::words::{attempts, code, count, one_line, shorten, slept, visible};
use super::{Look, style};
use crate::finding::{Site, SiteKind, Verdict};

/// The groups in the order they are shown: what to look at first comes first.
const GROUPS: [(&str, &str); 5] = [
    ("burns", "keeps trying a dead key"),
    ("worker", "success loops too: a dead key is tried for as long as the process lives"),
    ("undecided", "not decided, and why"),
    ("stops", "leaves with the error"),
    ("no-credential", "nothing shows that a credential is sent: not judged"),
];

/// The places are aligned up to this width.
const WIDEST_PLACE: usize = 52;
/// As wide as the longest name of a scenario.
const COLUMN: usize = 14;

/// The sites, and how many of each sort at the end.
pub fn table(sites: &[&Site], look: Look) -> String {
    let mut out = String::new();
    let mut counts = Vec::new();
    for (word, meaning) in GROUPS {
        let group: Vec<&Site> = sites.iter().copied().filter(|site| site.verdict.as_str() == word).collect();
        if group.is_empty() {
            continue;
        }
        let style = match word {
            "burns" => style::BAD,
            "worker" | "undecided" => style::WARN,
            "stops" => style::GOOD,
            _ => style::DIM,
        };
        counts.push(format!("{} {word}", group.len()));
        out.push_str(&format!(
            "{} {}\n",
            look.paint(style, word),
            look.paint(style::DIM, &format!("({}): {meaning}", group.len()))
        ));
        if let Some(site) = group.iter().find(|site| !site.scenarios.is_empty()) {
            let heads: Vec<&str> = site.scenarios.iter().map(|(name, _)| *name).collect();
            out.push_str(&format!("{}\n", look.paint(style::DIM, &columns(&heads))));
        }
        let widest =
            group.iter().map(|site| place(site).chars().count()).filter(|w| *w <= WIDEST_PLACE).max().unwrap_or(0);
        for site in group {
            row(site, widest, look, &mut out);
        }
        out.push('\n');
    }
    let details = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    out.push_str(&format!("{}{details}\n", count(sites.len(), "retry site")));
    out
}

fn place(site: &Site) -> String {
    format!("{}:{}", site.place.source.path, site.place.start_line())
}

/// First where, then what is known.
fn row(site: &Site, widest: usize, look: Look, out: &mut String) {
    let place = place(site);
    let padding = " ".repeat(widest.saturating_sub(place.chars().count()));
    let test = if site.is_test { "  (test)" } else { "" };
    let kind = format!("{:<10}", site.kind.as_str());
    let first = format!("  {}{padding}  {kind}  {}{test}", look.paint(style::BOLD, &place), site.function);
    let mut facts = Vec::new();
    match &site.verdict {
        Verdict::Burns(_) if site.kind == SiteKind::Policy => facts.push("answers yes".to_owned()),
        Verdict::Stops(_) if site.kind == SiteKind::Policy => {}
        Verdict::Burns(n) => facts.push(attempts(n)),
        Verdict::Stops(n) => facts.push(format!("after {}", count(*n as usize, "attempt"))),
        Verdict::Undecided(why) => facts.push(one_line(why)),
        Verdict::Worker | Verdict::NoCredential => {}
    }
    facts.extend(site.slept.map(|time| format!("sleeps {}", slept(time))));
    facts.extend(site.credential.as_ref().map(|evidence| format!("credential: {}", one_line(evidence))));
    let facts = facts.join(" · ");
    // The attempt's text is what can be cut: its place is known.
    let room = look.width.saturating_sub(facts.chars().count() + 11).max(24);
    let attempt = match &site.attempt {
        Some(attempt) => format!("`{}`", shorten(&code(attempt.text()), room)),
        None if site.kind == SiteKind::Policy => "whether to try again".to_owned(),
        None => "no attempt found".to_owned(),
    };
    let second = if facts.is_empty() { attempt } else { format!("{attempt} · {facts}") };
    let second: String = second.chars().map(visible).collect();
    out.push_str(&format!("{first}\n      {}\n", look.paint(style::DIM, &second)));
    if !site.scenarios.is_empty() {
        let words: Vec<&str> = site.scenarios.iter().map(|(_, behaviour)| behaviour.as_str()).collect();
        out.push_str(&format!("{}\n", columns(&words)));
    }
}

/// A line of the columns: one per scenario.
fn columns(words: &[&str]) -> String {
    let padded: Vec<String> = words.iter().map(|word| format!("{word:<COLUMN$}")).collect();
    format!("      {}", padded.join(" ").trim_end())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::finding::{Attempts, Behaviour, Slept};
    use crate::ir::Span;
    use crate::workspace::source::{Place, Source};

    fn site(path: &str, verdict: Verdict) -> Site {
        let text = "\n\nloop {\n    client\n        .send(request)\n        .await\n}\n".to_owned();
        let source = Arc::new(Source::new(path.to_owned(), PathBuf::from(path), text));
        let place = |start, end| Place { source: Arc::clone(&source), span: Span { start, end } };
        Site {
            kind: SiteKind::Loop,
            place: place(2, 60),
            function: "net::Client::call".to_owned(),
            attempt: Some(place(13, 57)),
            credential: Some("`bearer_auth` in src/http.rs".to_owned()),
            verdict,
            slept: None,
            scenarios: Vec::new(),
            is_test: false,
        }
    }

    #[test]
    fn sites_are_grouped_by_verdict_and_counted() {
        let mut all = [
            site("src/net.rs", Verdict::Burns(Attempts::Exactly(6))),
            site("src/a.rs", Verdict::Stops(1)),
            site("src/retry/policy.rs", Verdict::Burns(Attempts::Until("max_retries".to_owned()))),
            site("src/b.rs", Verdict::Undecided("the step budget ran out".to_owned())),
            site("src/c.rs", Verdict::NoCredential),
            site("src/d.rs", Verdict::Worker),
        ];
        all[0].slept = Some(Slept { least: 155.0, most: 155.0, partial: false });
        all[2].slept = Some(Slept { least: 30.0, most: 45.0, partial: true });
        all[2].kind = SiteKind::Combinator;
        all[3].attempt = None;
        all[4].credential = None;
        all[1].scenarios = vec![("dead-key", Behaviour::Stops), ("transient-auth", Behaviour::Recovers)];
        all[5].is_test = true;
        let expected = "\
burns (2): keeps trying a dead key
  src/net.rs:3           loop        net::Client::call
      `client.send(request).aw…` · 6 attempts · sleeps 155 s · credential: `bearer_auth` in src/http.rs
  src/retry/policy.rs:3  combinator  net::Client::call
      `client.send(request).aw…` · attempts up to `max_retries` · sleeps at least 30-45 s · credential: `bearer_auth` in src/http.rs

worker (1): success loops too: a dead key is tried for as long as the process lives
  src/d.rs:3  loop        net::Client::call  (test)
      `client.send(request).await` · credential: `bearer_auth` in src/http.rs

undecided (1): not decided, and why
  src/b.rs:3  loop        net::Client::call
      no attempt found · the step budget ran out · credential: `bearer_auth` in src/http.rs

stops (1): leaves with the error
      dead-key       transient-auth
  src/a.rs:3  loop        net::Client::call
      `client.send(request).await` · after 1 attempt · credential: `bearer_auth` in src/http.rs
      stops          recovers

no-credential (1): nothing shows that a credential is sent: not judged
  src/c.rs:3  loop        net::Client::call
      `client.send(request).await`

6 retry sites: 2 burns, 1 worker, 1 undecided, 1 stops, 1 no-credential
";
        assert_eq!(table(&all.iter().collect::<Vec<_>>(), Look::PLAIN), expected);
        assert_eq!(table(&[], Look::PLAIN), "0 retry sites\n");
    }
}
