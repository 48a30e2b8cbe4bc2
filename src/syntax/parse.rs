//! Parses one file, whatever its text is, and lowers it.
//!
//! Spans have to be bytes of the original text, so a byte order mark, a shebang, and whatever cannot be parsed are
//! blanked with spaces rather than cut off: every later offset stays true.

use std::borrow::Cow;
use std::ops::Range;
use std::panic::catch_unwind;

use proc_macro2::TokenStream;

use super::{depth, lower, recover, scan};
use crate::ir::{File, Span};

/// The stack that parsing a file of any shape fits in. [`parse`] starts a thread with this stack for a file that needs
/// a deep one; the threads of the engine, which recurses over the IR, want it too.
pub const STACK_SIZE: usize = 64 << 20;

/// A file that needs less than this is parsed on the caller's own stack.
const SMALL: u32 = 1 << 20;

/// `proc_macro2` numbers the bytes of all texts of a thread with 32 bits, and a text that does not lex is lexed thrice.
const MAX_BYTES: usize = u32::MAX as usize / 4;

/// A file as far as it parsed.
#[derive(Debug, Default)]
pub struct Parsed {
    /// What it holds. `skipped` has the ranges that are missing from it.
    pub file: File,
    /// Why something is missing: the first thing that went wrong, for people.
    pub problem: Option<String>,
}

/// Parses and lowers a file. Never panics, never overflows the stack, for any text.
pub fn parse(text: &str) -> Parsed {
    if text.len() > MAX_BYTES {
        return failed(0..0, "the file is larger than 1 GiB");
    }
    let depth = depth::measure(text);
    let guarded = || {
        // A bug in a parser must not take the run down with it.
        let parsed = catch_unwind(|| read(text, &depth.too_deep));
        // The spans of this thread go stale here, and the memory of its source map with them.
        proc_macro2::extra::invalidate_current_thread_spans();
        parsed.unwrap_or_else(|_| failed(0..text.len(), "the parser failed on this file"))
    };
    if depth.cost < SMALL {
        return guarded();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_SIZE).spawn_scoped(scope, guarded);
        let parsed = thread.ok().and_then(|thread| thread.join().ok());
        parsed.unwrap_or_else(|| failed(0..text.len(), "no thread to parse this deeply nested file on"))
    })
}

fn failed(skipped: Range<usize>, problem: &str) -> Parsed {
    let skipped = if skipped.is_empty() { Vec::new() } else { vec![span(&skipped)] };
    Parsed { file: File { items: Vec::new(), skipped }, problem: Some(problem.to_owned()) }
}

fn span(range: &Range<usize>) -> Span {
    // `parse` refuses texts whose offsets would not fit.
    Span { start: range.start as u32, end: range.end as u32 }
}

fn read(text: &str, too_deep: &[Range<usize>]) -> Parsed {
    let mut skipped: Vec<Span> = too_deep.iter().map(span).collect();
    let mut problem = (!too_deep.is_empty()).then(|| "nested too deeply".to_owned());

    let mut text = Cow::Borrowed(text);
    let prelude = 0..prelude(&text);
    blank(&mut text, [prelude].iter().chain(too_deep));
    let tokens = text.parse::<TokenStream>().unwrap_or_else(|error| {
        let failing = scan::pieces_that_fail(&text, |piece| piece.parse::<TokenStream>().is_ok());
        skipped.extend(failing.iter().map(span));
        problem.get_or_insert(error.to_string());
        blank(&mut text, failing.iter());
        text.parse().unwrap_or_else(|_| {
            skipped = vec![span(&(0..text.len()))];
            TokenStream::new()
        })
    });
    let file = syn::parse2::<syn::File>(tokens.clone()).or_else(|error| {
        let before = skipped.len();
        let mended = recover::file(tokens, text.len(), &mut skipped);
        if skipped.len() > before {
            problem.get_or_insert(error.to_string());
        }
        syn::parse2(mended)
    });
    let mut lowered = match file {
        Ok(file) => lower::file(&file, &text),
        Err(error) => {
            skipped = vec![span(&(0..text.len()))];
            problem.get_or_insert(error.to_string());
            File::default()
        }
    };
    if !lowered.skipped.is_empty() {
        problem.get_or_insert_with(|| "nested too deeply".to_owned());
    }
    lowered.skipped.append(&mut skipped);
    lowered.skipped.sort();
    Parsed { file: lowered, problem }
}

/// Replaces ranges that start and end at characters with spaces, as many as they have bytes. They come in order and
/// do not overlap.
fn blank<'a>(text: &mut Cow<'_, str>, ranges: impl Iterator<Item = &'a Range<usize>>) {
    let mut blanked = String::new();
    let mut from = 0;
    for range in ranges.filter(|range| !range.is_empty()) {
        // What is too deep may have started in what comes before the program.
        let start = range.start.max(from);
        blanked.push_str(&text[from..start]);
        from = range.end.max(start);
        blanked.extend(std::iter::repeat_n(' ', from - start));
    }
    if from > 0 {
        blanked.push_str(&text[from..]);
        *text = Cow::Owned(blanked);
    }
}

/// The length of what may stand before a program: a byte order mark, a shebang, the manifest of a cargo script.
fn prelude(text: &str) -> usize {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    if rest.starts_with("#!") && !rest[2..].trim_start().starts_with('[') {
        rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
    }
    let script = rest.trim_start();
    let dashes = script.len() - script.trim_start_matches('-').len();
    if dashes >= 3 {
        let fence = &script[..dashes];
        let close = script.match_indices('\n').find(|(at, _)| script[at + 1..].starts_with(fence));
        if let Some((at, _)) = close {
            rest = &script[at + 1..];
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        }
    }
    text.len() - rest.len()
}
