//! Lays out the code of an `impl` as rustfmt does with its defaults.

/// A line's width, less the indentation of an arm in an `impl`.
const LINE: usize = 100 - 12;
/// A chain of calls on one line.
const CHAIN: usize = 60;
/// The fields of a pattern on one line.
const FIELDS: usize = 18;

type Lines = Vec<(usize, String)>;

/// One arm.
pub fn arm(pattern: &str, root: &str, calls: &[String]) -> Lines {
    let mut out = wrapped(pattern);
    let Some((depth, last)) = out.pop() else { return out };
    debug_assert_eq!(depth, 0);
    let head = format!("{last} => ");
    if head.len() + root.len() + usize::from(calls.is_empty()) > LINE {
        out.push((0, format!("{head}{{")));
        out.extend(chain("", root, calls, "").into_iter().map(|(depth, line)| (depth + 1, line)));
        out.push((0, "}".to_owned()));
    } else {
        out.extend(chain(&head, root, calls, ","));
    }
    out
}

/// One arm of several patterns without fields.
pub fn arms(patterns: &[String], root: &str, calls: &[String]) -> Lines {
    let all = patterns.join(" | ");
    if patterns.len() == 1 || all.len() + " => {".len() <= LINE {
        return arm(&all, root, calls);
    }
    let mut out: Lines = Vec::new();
    for (n, pattern) in patterns.iter().enumerate() {
        out.push((0, if n == 0 { pattern.clone() } else { format!("| {pattern}") }));
    }
    let last = out.pop().map_or_else(String::new, |(_, last)| last);
    out.extend(arm(&last, root, calls));
    out
}

/// An expression with calls on it: on one line where it is short.
pub fn chain(head: &str, root: &str, calls: &[String], tail: &str) -> Lines {
    let whole = format!("{root}{}", calls.concat());
    if calls.is_empty() || (whole.len() <= CHAIN && head.len() + whole.len() + tail.len() <= LINE) {
        return vec![(0, format!("{head}{whole}{tail}"))];
    }
    let mut out = vec![(0, format!("{head}{root}"))];
    out.extend(calls.iter().map(|call| (1, call.clone())));
    if let Some((_, last)) = out.last_mut() {
        last.push_str(tail);
    }
    out
}

/// A pattern, over several lines where it has long fields.
fn wrapped(pattern: &str) -> Lines {
    let parts = pattern.split_once(" { ").and_then(|(head, rest)| Some((head, rest.strip_suffix(" }")?)));
    match parts {
        Some((head, fields)) if fields.len() > FIELDS => {
            let mut out = vec![(0, format!("{head} {{"))];
            let comma = |field: &str| if field == ".." { field.to_owned() } else { format!("{field},") };
            out.extend(fields.split(", ").map(|field| (1, comma(field))));
            out.push((0, "}".to_owned()));
            out
        }
        _ => vec![(0, pattern.to_owned())],
    }
}
