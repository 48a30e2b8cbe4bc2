//! Findings for people, drawn by miette. The only file that names it, so that it can be replaced.
//!
//! miette scans a source from its start for every label; it gets excerpts instead, which hold just the lines to
//! show, so a finding costs the same in a file of any size. One excerpt spans several files, and what miette draws as
//! separate boxes is joined to one.

use std::fmt;
use std::io::{self, Write};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, Severity,
    SourceCode, SourceSpan, SpanContents,
};

use super::excerpt::{Excerpts, Window};
use super::words::{self, code, count, one_line, shorten, thousands, visible, wrap};
use super::{Look, style};
use crate::config::Fault;
use crate::finding::{Certainty, Finding, Level, Outcome, Problem, Role, Step};

/// Everything that a run says: the findings, the figures, where to read more.
pub fn report(outcome: &Outcome, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for found in &outcome.findings {
        writeln!(out, "{}", finding(found, look))?;
    }
    out.write_all(summary(outcome, look).as_bytes())?;
    out.write_all(more(outcome).as_bytes())
}

/// A finding with its snippets and what to do; ends with a line end.
pub fn finding(finding: &Finding, look: Look) -> String {
    let report = Report {
        code: format!("retrylint::{} ({})", finding.rule.name, finding.rule.code),
        severity: match finding.level {
            Level::Deny => Severity::Error,
            Level::Warn => Severity::Warning,
            Level::Note => Severity::Advice,
        },
        message: &finding.message,
        help: &finding.help,
        excerpts: Excerpts::of(&finding.witness),
        look,
    };
    // If miette cannot draw what we give it, the finding still counts.
    let drawn = if look.graphics { report.draw().ok() } else { None };
    let mut out = drawn.unwrap_or_else(|| tell(finding));
    if finding.certainty != Certainty::Certain {
        out.push_str(&doubt(finding, look));
    }
    out
}

/// What is wrong with a configuration, with its place in the file.
pub fn fault(fault: &Fault, look: Look) -> String {
    let Fault { place, message, label, help } = fault;
    let step = Step { role: Role::Attempt, place: place.clone(), what: label.clone() };
    let report = Report {
        code: "retrylint::config".to_owned(),
        severity: Severity::Error,
        message,
        help,
        excerpts: Excerpts::of(std::slice::from_ref(&step)),
        look,
    };
    let drawn = if look.graphics { report.draw().ok() } else { None };
    drawn.unwrap_or_else(|| {
        let (path, line, column) = (&place.source.path, place.start_line(), place.column());
        format!("error: {path}:{line}:{column}: {message}\n  help: {help}\n")
    })
}

/// A finding in sentences.
fn tell(finding: &Finding) -> String {
    let Finding { rule, level, message, witness, help, .. } = finding;
    let mut out = format!("{}: {message} (retrylint::{}, {})\n", level.as_str(), rule.name, rule.code);
    for (n, step) in witness.iter().enumerate() {
        let place = &step.place;
        let mut line =
            format!("  {}. {}:{}:{}: {}", n + 1, place.source.path, place.start_line(), place.column(), step.what);
        // The brace at which a loop starts over says nothing.
        let text = shorten(&code(place.text()), 80);
        if text.contains(char::is_alphanumeric) {
            line.push_str(&format!(": {text}"));
        }
        out.extend(line.chars().map(visible));
        out.push('\n');
    }
    format!("{out}  help: {}\n", one_line(help))
}

/// Why a finding is not certain.
fn doubt(finding: &Finding, look: Look) -> String {
    let lines = wrap(&words::doubt(finding), look.width.saturating_sub(8)).join("\n        ");
    format!("  {} {lines}\n", look.paint(style::HINT, "note:"))
}

/// The last line: what was looked at, and what came of it.
fn summary(outcome: &Outcome, look: Look) -> String {
    let figures = &outcome.summary;
    let findings = outcome.findings.len();
    let worst = outcome.findings.iter().map(|finding| finding.level).max();
    let style = match worst {
        None => style::GOOD,
        Some(Level::Note) => style::HINT,
        Some(Level::Warn) => style::WARN,
        Some(Level::Deny) => style::BAD,
    };
    let left_out = [
        (figures.suppressed, "suppressed"),
        (figures.baselined, "in the baseline"),
        (figures.untouched, "outside of the change"),
    ];
    let left_out: String =
        left_out.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!(", {} {why}", thousands(*n))).collect();
    format!(
        "checked {} ({}), {}: {}, {} undecided, {} skipped{left_out}\n",
        count(figures.files, "file"),
        count(figures.lines, "line"),
        count(figures.sites, "retry site"),
        look.paint(style, &count(findings, "finding")),
        thousands(figures.undecided),
        thousands(figures.skipped),
    )
}

/// Which rules spoke, and how to read about them. Empty without findings.
fn more(outcome: &Outcome) -> String {
    let mut rules: Vec<_> = outcome.findings.iter().map(|finding| finding.rule).collect();
    rules.sort_by_key(|rule| rule.code);
    rules.dedup();
    match rules.as_slice() {
        [] => String::new(),
        [one] => format!("`retrylint explain {}` says why and what to do\n", one.name),
        many => format!(
            "`retrylint explain RULE` says why and what to do: {}\n",
            many.iter().map(|rule| rule.name).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// `warning: path: message`, for standard error.
pub fn problem(problem: &Problem, look: Look) -> String {
    let word = if problem.fatal { look.paint(style::BAD, "error:") } else { look.paint(style::WARN, "warning:") };
    let text = if problem.path.is_empty() {
        problem.message.clone()
    } else {
        format!("{}: {}", problem.path, problem.message)
    };
    format!("{word} {}\n", one_line(&text.chars().map(visible).collect::<String>()))
}

/// A finding in the form that miette reads.
struct Report<'a> {
    code: String,
    severity: Severity,
    message: &'a str,
    help: &'a str,
    excerpts: Excerpts,
    look: Look,
}

impl Report<'_> {
    fn draw(&self) -> Result<String, fmt::Error> {
        let mut theme = if self.look.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let styles = &mut theme.styles;
        let of = |role| match role {
            Role::Attempt | Role::Comment => styles.error,
            Role::Test => styles.warning,
            Role::Guard => styles.help,
            Role::Delay => styles.advice,
            Role::BackEdge => styles.highlights[0],
        };
        // miette deals out these styles to labels in the order of their places.
        let dealt: Vec<_> = self.excerpts.marks.iter().map(|mark| of(mark.role)).collect();
        styles.highlights = dealt;
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_links(false)
            // Text is wrapped here, at spaces only: miette would break paths.
            .with_wrap_lines(false)
            .without_syntax_highlighting();
        let mut drawn = String::new();
        handler.render_report(&mut drawn, self)?;
        Ok(join_boxes(&drawn, &self.excerpts.windows))
    }
}

/// miette draws a box for each window. Boxes of one file become one with a gap, those of other files follow it, and
/// line numbers are aligned.
fn join_boxes(drawn: &str, windows: &[Window]) -> String {
    let digits = |window: &Window| window.last.to_string().len();
    let widest = windows.iter().map(digits).max().unwrap_or(0);
    let mut out = String::with_capacity(drawn.len());
    let mut index = 0;
    let mut inside = false;
    for line in drawn.lines() {
        let bare = line.trim_start();
        let margin = " ".repeat(widest + 2);
        if !inside && bare.starts_with("╭─[") {
            inside = true;
            let same_file =
                index > 0 && windows.get(index).zip(windows.get(index - 1)).is_some_and(|(a, b)| a.path == b.path);
            match (index, same_file) {
                (0, _) => out.push_str(&format!("{margin}{bare}\n")),
                (_, true) => out.push_str(&format!("{margin}⋮\n")),
                (_, false) => out.push_str(&format!("{margin}├─[{}\n", bare.trim_start_matches("╭─["))),
            }
        } else if inside && bare.starts_with("╰────") {
            inside = false;
            index += 1;
            if index == windows.len() {
                out.push_str(&format!("{margin}{bare}\n"));
            }
        } else {
            let missing = windows.get(index).filter(|_| inside).map_or(0, |window| widest - digits(window));
            out.push_str(&" ".repeat(missing));
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&wrap(self.message, self.look.width.saturating_sub(6)).join("\n"))
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl std::error::Error for Report<'_> {}

impl Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(wrap(self.help, self.look.width.saturating_sub(10)).join("\n")))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpts)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.excerpts.marks.iter().map(|mark| {
            let span = (mark.range.start, mark.range.len());
            let label = Some(mark.label.clone());
            if mark.primary {
                LabeledSpan::new_primary_with_span(label, span)
            } else {
                LabeledSpan::new_with_span(label, span)
            }
        })))
    }
}

impl SourceCode for Excerpts {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        let window =
            self.windows.iter().find(|window| window.range.contains(&start)).ok_or(MietteError::OutOfBounds)?;
        // A span over two windows is miette asking whether they can be drawn as one.
        if end > window.range.end {
            return Err(MietteError::OutOfBounds);
        }
        let is_for_head = (context_lines_before, context_lines_after) == (0, 0);
        let (range, line, column) = if is_for_head {
            (start..end, window.head.0, window.head.1)
        } else {
            (window.range.clone(), window.first, 1)
        };
        let at = SourceSpan::from((range.start, range.len()));
        let lines = (window.last - window.first + 1) as usize;
        let data = self.text.as_bytes().get(range).ok_or(MietteError::OutOfBounds)?;
        let (line, column) = (line as usize - 1, column as usize - 1);
        Ok(Box::new(MietteSpanContents::new_named(window.path.clone(), data, at, line, column, lines)))
    }
}

#[cfg(test)]
mod tests;
