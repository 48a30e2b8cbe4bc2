//! The few lines of source that a finding shows, with what is marked in them.
//!
//! Rendering must not cost more in a large file, so lines are found by the line index and copied: a finding carries
//! a small text of its own. Lines are cut where they are very long, and made harmless to terminals.

use std::ops::Range;
use std::sync::Arc;

use super::words::visible;
use crate::finding::{Role, Step};
use crate::workspace::source::Source;

/// Lines shown around a marked line.
const AROUND: u32 = 1;
/// Windows this many lines apart are joined.
const GAP: u32 = 4;
/// Longer lines are cut, in characters.
const LONGEST: usize = 140;
/// What is kept in front of the first mark of a line that is cut.
const LEAD: usize = 50;

/// Lines of several files, as one text.
#[derive(Debug, Default)]
pub(super) struct Excerpts {
    /// The lines of all windows, one after the other.
    pub(super) text: String,
    /// In order of `text`; windows of one file follow each other.
    pub(super) windows: Vec<Window>,
    /// In order of `text`.
    pub(super) marks: Vec<Mark>,
}

/// Consecutive lines of a file.
#[derive(Debug)]
pub(super) struct Window {
    /// The part of the text.
    pub(super) range: Range<usize>,
    /// How the file is called.
    pub(super) path: String,
    /// The number of the first line.
    pub(super) first: u32,
    /// The number of the last line.
    pub(super) last: u32,
    /// The place to name above the first window of a file: line and column, from 1.
    pub(super) head: (u32, u32),
}

/// A marked part of one line.
#[derive(Debug)]
pub(super) struct Mark {
    /// The part of the text.
    pub(super) range: Range<usize>,
    /// What to say there.
    pub(super) label: String,
    /// What it is.
    pub(super) role: Role,
    /// It is the attempt that the finding is about.
    pub(super) primary: bool,
}

/// A mark that still knows its place in its file.
struct Raw {
    source: Arc<Source>,
    line: u32,
    /// Bytes from the start of the line.
    start: usize,
    end: usize,
    label: String,
    role: Role,
    primary: bool,
}

impl Excerpts {
    /// The lines that the steps of a witness point at. The first step is the primary mark, its file comes first.
    pub(super) fn of(steps: &[Step]) -> Excerpts {
        let mut files: Vec<Vec<Raw>> = Vec::new();
        for (n, step) in steps.iter().enumerate() {
            let label = if steps.len() > 1 { format!("{}. {}", n + 1, step.what) } else { step.what.clone() };
            let raw = Raw::of(step, label, n == 0);
            match files.iter_mut().find(|file| file[0].source.path == raw.source.path) {
                None => files.push(vec![raw]),
                Some(file) => match file
                    .iter_mut()
                    .find(|known| (known.line, known.start, known.end) == (raw.line, raw.start, raw.end))
                {
                    Some(known) => known.label = format!("{}\n{}", known.label, raw.label),
                    None => file.push(raw),
                },
            }
        }
        let mut excerpts = Excerpts::default();
        for file in files {
            excerpts.add(file);
        }
        excerpts
    }

    /// Adds the marks of one file.
    fn add(&mut self, mut file: Vec<Raw>) {
        let source = Arc::clone(&file[0].source);
        // The first mark is the earliest step; the others are shown by place.
        let head = (file[0].line, file[0].column());
        file.sort_by_key(|raw| (raw.line, raw.start, raw.end));
        part(&mut file);
        let mut rest = file.as_slice();
        while let Some(raw) = rest.first() {
            let joined = rest.windows(2).take_while(|pair| pair[1].line - pair[0].line <= GAP + 2 * AROUND).count() + 1;
            let (these, others) = rest.split_at(joined);
            rest = others;
            let shown = |line: &u32| *line <= source.lines() && !source.line_text(*line).trim().is_empty();
            let last_mark = these.last().map_or(raw.line, |last| last.line);
            let first = Some(raw.line.saturating_sub(AROUND).max(1)).filter(shown).unwrap_or(raw.line);
            let last = Some(last_mark + AROUND).filter(shown).unwrap_or(last_mark);
            let start = self.text.len();
            for line in first..=last {
                let marks: Vec<&Raw> = these.iter().filter(|raw| raw.line == line).collect();
                self.line(source.line_text(line), &marks);
            }
            self.windows.push(Window { range: start..self.text.len(), path: source.path.clone(), first, last, head });
        }
    }

    /// Adds a line and the marks in it.
    fn line(&mut self, line: &str, marks: &[&Raw]) {
        let mut cut = 0..line.len();
        if line.char_indices().nth(LONGEST).is_some() {
            let first = floor(line, marks.first().map_or(0, |raw| raw.start));
            cut.start = line[..first].char_indices().rev().nth(LEAD).map_or(0, |(at, _)| at);
            cut.end = line[cut.start..].char_indices().nth(LONGEST).map_or(line.len(), |(at, _)| cut.start + at);
        }
        if cut.start > 0 {
            self.text.push('…');
        }
        let base = self.text.len();
        let kept = &line[cut.clone()];
        let place = |at: usize| {
            let at = floor(kept, at.saturating_sub(cut.start));
            base + kept[..at].chars().map(|c| visible(c).len_utf8()).sum::<usize>()
        };
        for raw in marks {
            let range = place(raw.start)..place(raw.end);
            self.marks.push(Mark { range, label: raw.label.clone(), role: raw.role, primary: raw.primary });
        }
        self.text.extend(kept.chars().map(visible));
        if cut.end < line.len() {
            self.text.push('…');
        }
        self.text.push('\n');
    }
}

impl Raw {
    /// Only the first line of what a step points at is marked: a loop is shown by its head.
    fn of(step: &Step, label: String, primary: bool) -> Raw {
        let source = Arc::clone(&step.place.source);
        let line = step.place.start_line();
        let text = source.line_text(line);
        let begin = source.line_start(line) + hidden(&source, line);
        let start = (step.place.span.start.saturating_sub(begin) as usize).min(text.len());
        let end = (step.place.span.end.saturating_sub(begin) as usize).clamp(start, text.len());
        let end = start + text.get(start..end).map_or(0, |marked| marked.trim_end().len());
        Raw { source, line, start, end, label, role: step.role, primary }
    }

    /// From 1, in characters.
    fn column(&self) -> u32 {
        self.source.column(self.source.line_start(self.line) + hidden(&self.source, self.line) + self.start as u32)
    }
}

/// Underlines cannot overlap: a mark that holds the next one ends where that starts (`while` in front of the attempt),
/// and of two that start together the longer one starts where the shorter ends.
fn part(file: &mut [Raw]) {
    for at in 1..file.len() {
        let (before, rest) = file.split_at_mut(at);
        if let (Some(one), Some(next)) = (before.last_mut(), rest.first_mut())
            && one.line == next.line
            && one.end > next.start
        {
            if one.start < next.start {
                let kept = one.source.line_text(one.line).get(one.start..next.start).unwrap_or("");
                one.end = one.start + kept.trim_end().len();
            } else {
                next.start = one.end;
            }
        }
    }
}

/// The bytes of the BOM in front of this line.
fn hidden(source: &Source, line: u32) -> u32 {
    if line == 1 && source.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() as u32 } else { 0 }
}

/// The character boundary at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
