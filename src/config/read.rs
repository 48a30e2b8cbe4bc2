//! From TOML to a [`Layer`], key by key, so that every fault has its place in the file.

use std::ops::Range;
use std::path::{Path, PathBuf};

use ignore::gitignore::GitignoreBuilder;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{KEYS, LEVELS};
use super::{Fault, Given, Layer, Patterns};
use crate::finding::Level;
use crate::ir::Span;
use crate::rules;
use crate::suggest;
use crate::workspace::Settings;
use crate::workspace::source::Place;

/// The layer that a text describes, and the place of its table. What is wrong is left out of it.
pub(super) fn layer(settings: &Settings, is_base: bool, faults: &mut Vec<Fault>) -> (Layer, Place) {
    let text = &settings.source.text;
    // A BOM is no part of TOML.
    let hidden = text.len() - text.trim_start_matches('\u{feff}').len();
    let mut reader = Reader { settings, hidden, is_base, faults };
    let mut layer = Layer { dir: settings.dir.clone(), ..Layer::default() };
    let whole = reader.place(0..0);
    match DeTable::parse(&text[hidden..]) {
        Err(e) => {
            let what = e.message().lines().collect::<Vec<_>>().join("; ");
            reader.fault(e.span().unwrap_or(0..0), format!("not valid TOML: {what}"), "here", "repair the file");
            (layer, whole)
        }
        Ok(document) => {
            let Some((table, span)) = descend(&document, settings.table) else { return (layer, whole) };
            reader.table(table, &mut layer);
            (layer, reader.place(span))
        }
    }
}

fn descend<'a, 'i>(document: &'a Spanned<DeTable<'i>>, keys: &[&str]) -> Option<(&'a DeTable<'i>, Range<usize>)> {
    let mut at = (document.get_ref(), document.span());
    for key in keys {
        let (name, value) = at.0.iter().find(|(name, _)| name.get_ref() == key)?;
        at = (value.get_ref().as_table()?, name.span());
    }
    Some(at)
}

struct Reader<'a> {
    settings: &'a Settings,
    hidden: usize,
    is_base: bool,
    faults: &'a mut Vec<Fault>,
}

impl Reader<'_> {
    fn place(&self, range: Range<usize>) -> Place {
        let offset = |at: usize| (at + self.hidden) as u32;
        Place {
            source: self.settings.source.clone(),
            span: Span { start: offset(range.start), end: offset(range.end) },
        }
    }

    fn fault(&mut self, at: Range<usize>, message: String, label: &str, help: &str) {
        let place = self.place(at);
        self.faults.push(Fault { place, message, label: label.to_owned(), help: help.to_owned() });
    }

    /// A value of the wrong form.
    fn wrong<T>(&mut self, at: Range<usize>, key: &str, form: &str) -> Option<T> {
        self.fault(at, format!("`{key}` has the wrong form"), &format!("this is to be {form}"), "mend the value");
        None
    }

    fn given<T>(&self, at: Range<usize>, value: Option<T>) -> Option<Given<T>> {
        Some(Given { value: value?, place: self.place(at) })
    }

    fn table(&mut self, table: &DeTable<'_>, layer: &mut Layer) {
        for (name, value) in table {
            let (key, at) = (name.get_ref().as_ref(), name.span());
            let Some(known) = KEYS.iter().find(|known| known.name == key) else {
                let message = suggest::unknown("key", key, KEYS.iter().map(|key| key.name));
                let known: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
                self.fault(at, message, "this key", &format!("the keys are {}", known.join(", ")));
                continue;
            };
            if !self.is_base && !known.for_packages {
                let help = "put it into retrylint.toml or [workspace.metadata.retrylint] at the root of the workspace";
                self.fault(at, format!("`{key}` holds for a whole workspace"), "not for one package", help);
                continue;
            }
            let span = value.span();
            match key {
                "rules" => self.rules(value, layer),
                "include" => layer.include = self.patterns(value, key).and_then(|list| self.given(span, Some(list))),
                "exclude" => layer.exclude = self.patterns(value, key).and_then(|list| self.given(span, Some(list))),
                "fresh-retries" => {
                    let number = match value.get_ref() {
                        DeValue::Integer(number) => number.as_str().parse().ok().filter(|n| *n <= 10),
                        _ => None,
                    };
                    let number = number.or_else(|| self.wrong(span.clone(), key, "a number from 0 to 10"));
                    layer.fresh_retries = self.given(span, number);
                }
                "tests" => {
                    let is = value.get_ref().as_bool();
                    let is = is.or_else(|| self.wrong(span.clone(), key, "`true` or `false`"));
                    layer.tests = self.given(span, is);
                }
                // The last of KEYS.
                _ => {
                    let dir = &self.settings.dir;
                    let files: Option<Vec<PathBuf>> =
                        texts(value).map(|list| list.iter().map(|path| dir.join(Path::new(path))).collect());
                    let files = files.or_else(|| self.wrong(span.clone(), key, "a list of paths"));
                    layer.models = self.given(span, files);
                }
            }
        }
    }

    fn rules(&mut self, value: &Spanned<DeValue<'_>>, layer: &mut Layer) {
        let Some(table) = value.get_ref().as_table() else {
            return self.wrong(value.span(), "rules", "a table: `auth-backoff = \"warn\"`").unwrap_or_default();
        };
        for (name, value) in table {
            let Some(rule) = rules::find(name.get_ref()) else {
                let message = suggest::unknown("rule", name.get_ref(), rules::names());
                self.fault(name.span(), message, "this rule", "`retrylint explain` lists the rules");
                continue;
            };
            let level = match value.get_ref().as_str() {
                Some("allow") => None,
                Some("note") => Some(Level::Note),
                Some("warn") => Some(Level::Warn),
                Some("deny") => Some(Level::Deny),
                other => {
                    let message = match other.and_then(|word| suggest::nearest(word, LEVELS)) {
                        Some(level) => format!("there is no such level: did you mean `{level}`?"),
                        None => "there is no such level".to_owned(),
                    };
                    let help = "a level is \"allow\", \"note\", \"warn\" or \"deny\"";
                    self.fault(value.span(), message, "this level", help);
                    continue;
                }
            };
            let given = Given { value: level, place: self.place(name.span()) };
            if layer.rules.insert(rule.code, given).is_some() {
                let message = format!("`{}` is {}, whose level is given already", name.get_ref(), rule.name);
                self.fault(name.span(), message, "the second time", "keep one of the two");
            }
        }
    }

    fn patterns(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Option<Patterns> {
        let Some(lines) = texts(value) else {
            return self.wrong(value.span(), key, "a list of patterns as in .gitignore");
        };
        let mut builder = GitignoreBuilder::new(&self.settings.dir);
        let items = value.get_ref().as_array().map(|list| list.iter().map(Spanned::span).collect::<Vec<_>>());
        for (line, at) in lines.iter().zip(items.unwrap_or_default()) {
            if builder.add_line(None, line).is_err() {
                self.fault(at, format!("`{line}` is no pattern"), "this one", "write it as in a .gitignore file");
            }
        }
        // Lines that do not parse were told above.
        Some(Patterns { matcher: builder.build().ok()?, lines })
    }
}

fn texts(value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    let list = value.get_ref().as_array()?.iter();
    list.map(|item| item.get_ref().as_str().filter(|text| !text.is_empty()).map(str::to_owned)).collect()
}
