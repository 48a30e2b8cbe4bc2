//! Repairs of suppressions that do not hold: what suppresses nothing goes, the comment as a whole or a rule of its list.
//! A reason cannot be made up.

use super::{FORM, directive, named, parts};
use crate::finding::{Applicability, Edit, Fix, Style};
use crate::ir::Span;
use crate::rules::{self, Rule};
use crate::suggest;
use crate::syntax::Comment;
use crate::workspace::source::Place;

/// What is known about the place of a suppression.
pub(super) struct Here<'a> {
    /// The rules that it names and that are not reported; none where nobody can say.
    pub(super) unused: &'a [&'static Rule],
    /// The rules that are reported in spite of it; `None` where nobody can say.
    pub(super) reported: Option<&'a [&'static Rule]>,
}

impl Here<'_> {
    /// The name in the list does nothing.
    fn is_idle(&self, name: &str) -> bool {
        match rules::find(name) {
            Some(rule) => self.unused.contains(&rule),
            // Where nobody can say what is reported, a name that is almost a rule's may be needed.
            None if self.reported.is_none() => suggest::nearest(name, rules::names()).is_none(),
            None => self.meant(name).is_none(),
        }
    }

    /// The rule that is reported here, and whose name this one is like.
    fn meant(&self, name: &str) -> Option<&'static Rule> {
        let near = suggest::nearest(name, rules::names()).and_then(rules::find);
        near.filter(|rule| rules::find(name).is_none() && self.reported.is_some_and(|reported| reported.contains(rule)))
    }
}

/// The repair of a suppression that does not hold, or why there is none.
pub(super) fn fix(comment: &Comment, place: &Place, here: &Here<'_>) -> Result<Fix, String> {
    let Some((list, _)) = directive(place.text()).and_then(parts) else {
        return Err(FORM.to_owned());
    };
    let names: Vec<&str> = named(list).collect();
    let (gone, kept): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| here.is_idle(name));
    if kept.is_empty() && !gone.is_empty() {
        return Ok(safe("remove this comment".to_owned(), removal(comment, place)));
    }
    let rewritten = |names: &[&str]| Edit {
        place: Place { span: list_span(place, list), ..place.clone() },
        text: names.join(", "),
    };
    if !gone.is_empty() {
        return Ok(safe(format!("take `{}` out of the list", gone.join("`, `")), rewritten(&kept)));
    }
    if let Some((slip, rule)) = names.iter().find_map(|name| Some((*name, here.meant(name)?))) {
        let names: Vec<&str> = names.iter().map(|name| if *name == slip { rule.name } else { name }).collect();
        return Ok(Fix {
            applicability: Applicability::Unsafe,
            doubt: Some(format!("that `{slip}` is a slip")),
            needs: Vec::new(),
            ..safe(format!("write `{}`", rule.name), rewritten(&names))
        });
    }
    let says_which = !names.is_empty() && names.iter().all(|name| rules::find(name).is_some());
    Err(if says_which { "write down why" } else { "write down which rule it is about" }.to_owned())
}

/// A comment is no code: nothing has to be shown.
fn safe(message: String, edit: Edit) -> Fix {
    Fix {
        style: Style::Inline,
        message,
        edits: vec![edit],
        applicability: Applicability::Safe,
        doubt: None,
        needs: Vec::new(),
    }
}

/// Where the list stands: after the first parenthesis of the comment, for only a word stands before that.
fn list_span(place: &Place, list: &str) -> Span {
    let before = place.text().find('(').map_or(0, |at| at + 1) as u32;
    let start = place.span.start + before;
    Span { start, end: start + list.len() as u32 }
}

/// Takes out the comment, and with it its line where it stands alone, else the blanks that set it off.
fn removal(comment: &Comment, place: &Place) -> Edit {
    let text = place.source.text.as_str();
    let (from, to) = (comment.span.start as usize, comment.span.end as usize);
    let blanks = [' ', '\t'];
    let before = text.get(..from).unwrap_or("");
    let rest = text.get(to..).unwrap_or("").trim_start_matches(blanks);
    let (mut start, mut end) = (before.trim_end_matches(blanks).len(), text.len() - rest.len());
    let mut put = "";
    if !rest.is_empty() && !rest.starts_with(['\n', '\r']) {
        // Code follows: what stands before it keeps its place, and two words stay two.
        put = if comment.trails && start == from { " " } else { "" };
        start = from;
    } else if !comment.trails {
        // The line end before it goes, so that the range ends where a line does; in the first line the one after it.
        let line = &before[..start];
        let above = line.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).len());
        let below = [2, 1].into_iter().find(|n| rest.get(..*n).is_some_and(|end| end == "\r\n" || end == "\n"));
        match above {
            Some(above) => start = above,
            None => end += below.unwrap_or(0),
        }
    }
    let span = Span { start: start as u32, end: end as u32 };
    Edit { place: Place { span, ..place.clone() }, text: put.to_owned() }
}
