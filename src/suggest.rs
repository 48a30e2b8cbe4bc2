//! "Did you mean": the known name that a mistyped one is most like.

/// A name less like any known one than this gets no suggestion.
const ALIKE: f64 = 0.7;

/// The known name most like this one, if any is like it.
pub(crate) fn nearest<'a>(asked: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |name: &str| strsim::jaro_winkler(&asked.to_lowercase(), &name.to_lowercase());
    let best = known.into_iter().map(|name| (likeness(name), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, name)| name)
}

/// Says that there is no such thing, and which one was probably meant.
pub(crate) fn unknown<'a>(what: &str, asked: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(asked, known) {
        Some(name) => format!("no {what} is called `{asked}`: did you mean `{name}`?"),
        None => format!("no {what} is called `{asked}`"),
    }
}
