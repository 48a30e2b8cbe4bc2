//! Small wordings that several reports share: counts, durations, wrapped text.

use crate::finding::{Attempts, Finding, Slept};

/// `1 finding`, `2 findings`, `2,310 lines`
pub(crate) fn count(n: usize, what: &str) -> String {
    format!("{} {what}{}", thousands(n), if n == 1 { "" } else { "s" })
}

/// `2,310`
pub(super) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `6 attempts`, `attempts until max_retries`, `attempts without end`
pub(crate) fn attempts(attempts: &Attempts) -> String {
    match attempts {
        Attempts::Exactly(n) => count(*n as usize, "attempt"),
        Attempts::Until(name) => format!("attempts up to `{name}`"),
        Attempts::Unbounded => "attempts without end".to_owned(),
    }
}

/// `155 s`, `100-155 s`, `at least 30 s`, `no sleep`
pub(crate) fn slept(slept: Slept) -> String {
    let Slept { least, most, partial } = slept;
    let range =
        if (most - least).abs() < 0.05 { seconds(most) } else { format!("{}-{}", number(least), seconds(most)) };
    match (partial, most > 0.0) {
        (true, true) => format!("at least {range}"),
        (true, false) => "an unknown time".to_owned(),
        (false, true) => range,
        (false, false) => "no time".to_owned(),
    }
}

fn seconds(s: f64) -> String {
    if s > 0.0 && s < 1.0 { format!("{} ms", number(s * 1000.0)) } else { format!("{} s", number(s)) }
}

/// At most one decimal, and none where it says nothing.
fn number(n: f64) -> String {
    let rounded = (n * 10.0).round() / 10.0;
    if rounded.fract() == 0.0 { thousands(rounded as usize) } else { format!("{rounded}") }
}

/// `likely, not certain: assumed ..`
pub(crate) fn doubt(finding: &Finding) -> String {
    let text = format!("{}, not certain", finding.certainty.as_str());
    if finding.assumed.is_empty() { text } else { format!("{text}: assumed {}", finding.assumed.join("; ")) }
}

/// Text on one line: runs of white space become one space.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Code on one line; a chain of calls loses the spaces that its line ends became.
pub(crate) fn code(text: &str) -> String {
    one_line(text).replace(" .", ".").replace(" ?", "?")
}

/// At most `most` characters of text; what is cut shows as `…`.
pub(super) fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Lines of at most `width` characters, broken at spaces only, so that paths and code stay whole.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        let mut used = 0;
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let length = word.chars().count();
            if used > 0 && used + 1 + length > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += length;
        }
        lines.push(line);
    }
    lines
}

/// A rule's page without its front matter, which is for programs.
pub(crate) fn body(page: &str) -> &str {
    let inside = page.strip_prefix("---\n");
    inside.and_then(|rest| rest.split_once("\n---\n")).map_or(page, |(_, body)| body)
}

/// The sentence under the title of a rule's page.
pub(crate) fn about(page: &str) -> &str {
    let mut lines = body(page).lines().map(str::trim);
    lines.find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default()
}

/// What a terminal would obey instead of show: control characters, and those that turn the direction of writing.
pub(super) fn visible(c: char) -> char {
    match c {
        '\t' => c,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!((count(1, "site"), count(0, "site")), ("1 site".to_owned(), "0 sites".to_owned()));
    }

    #[test]
    fn durations() {
        let all = [
            (155.0, 155.0, false),
            (100.0, 155.5, false),
            (30.0, 30.0, true),
            (0.0, 0.0, false),
            (0.0, 0.0, true),
            (0.25, 0.25, false),
        ];
        let said = all.map(|(least, most, partial)| slept(Slept { least, most, partial }));
        assert_eq!(said, ["155 s", "100-155.5 s", "at least 30 s", "no time", "an unknown time", "250 ms"]);
    }

    #[test]
    fn front_matter_is_not_shown() {
        assert_eq!(body("---\ncode: RL001\n---\n# Title\n"), "# Title\n");
        assert_eq!(body("# Title\n---\n"), "# Title\n---\n");
        assert_eq!(about("---\ncode: RL001\n---\n\n# Title\n\nSays so.\n"), "Says so.");
    }

    #[test]
    fn wrapping_keeps_words_whole() {
        assert_eq!(wrap("see src/a/very/long/path.rs for it", 10), ["see", "src/a/very/long/path.rs", "for it"]);
        assert_eq!(wrap("a\nb", 10), ["a", "b"]);
        assert_eq!(code("a\n    .b()?\n    .await"), "a.b()?.await");
        assert_eq!(shorten("abcdef", 4), "abc…");
        assert_eq!(shorten("abcd", 4), "abcd");
    }
}
