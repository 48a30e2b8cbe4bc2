//! What is configured, as TOML that could be a configuration, with a remark on each line where it comes from.

use crate::config::{Config, Configs, FRESH_RETRIES, Given, Layer};
use crate::finding::Level;
use crate::rules::RULES;
use crate::workspace::source::Place;

/// What holds for each unit. Units that say nothing hold by the defaults, and are shown once.
pub fn show(configs: &Configs) -> String {
    let (said, silent): (Vec<_>, Vec<_>) = configs.all().partition(|(_, config)| says_something(config));
    let mut out = String::new();
    if said.is_empty() || !silent.is_empty() {
        out.push_str("# nothing is configured: the defaults hold\n");
        out.push_str(&layer(&Layer::default(), true));
    }
    for (root, config) in said {
        out.push_str(&format!("{}# {}\n", if out.is_empty() { "" } else { "\n" }, root.display()));
        out.push_str(&layer(&config.base, true));
        for package in &config.packages {
            out.push_str(&format!("\n# {}, on top of that\n{}", package.dir.display(), layer(package, false)));
        }
    }
    out
}

fn says_something(config: &Config) -> bool {
    let Layer { rules, fresh_retries, tests, models, include, exclude, .. } = &config.base;
    let keys = fresh_retries.is_some() || tests.is_some() || models.is_some();
    !config.packages.is_empty() || !rules.is_empty() || keys || include.is_some() || exclude.is_some()
}

/// A line for each key; those that are not given only where the defaults are to be shown.
fn layer(layer: &Layer, with_defaults: bool) -> String {
    let mut rows = Vec::new();
    let texts = |list: &[String]| format!("{list:?}");
    let models = layer
        .models
        .as_ref()
        .map(|given| given.value.iter().map(|path| path.display().to_string()).collect::<Vec<_>>());
    rows.push(row("fresh-retries", layer.fresh_retries.as_ref(), |n| n.to_string(), &FRESH_RETRIES.to_string()));
    rows.push(row("tests", layer.tests.as_ref(), |is| is.to_string(), "false"));
    rows.push(row("models", layer.models.as_ref(), |_| texts(models.as_deref().unwrap_or_default()), "[]"));
    rows.push(row("include", layer.include.as_ref(), |list| texts(&list.lines), "[\"*\"]"));
    rows.push(row("exclude", layer.exclude.as_ref(), |list| texts(&list.lines), "[]"));
    let split = rows.len();
    for rule in RULES {
        let level = |level: &Option<Level>| format!("{:?}", level.map_or("allow", Level::as_str));
        let default = format!("{:?}", rule.level.as_str());
        rows.push(row(rule.name, layer.rules.get(rule.code), level, &default));
    }
    let is_shown = |row: &&(String, String)| with_defaults || row.1 != "default";
    let width = rows.iter().filter(is_shown).map(|(text, _)| text.chars().count()).max().unwrap_or(0);
    let lines = |rows: &[(String, String)]| -> String {
        rows.iter().filter(is_shown).map(|(text, from)| format!("{text:width$}  # {from}\n")).collect()
    };
    let (keys, rules) = (lines(&rows[..split]), lines(&rows[split..]));
    let head = if rules.is_empty() { "" } else { "[rules]\n" };
    let gap = if keys.is_empty() || rules.is_empty() { "" } else { "\n" };
    format!("{keys}{gap}{head}{rules}")
}

fn row<T>(key: &str, given: Option<&Given<T>>, shown: impl Fn(&T) -> String, default: &str) -> (String, String) {
    match given {
        Some(given) => (format!("{key} = {}", shown(&given.value)), origin(&given.place)),
        None => (format!("{key} = {default}"), "default".to_owned()),
    }
}

fn origin(place: &Place) -> String {
    format!("{}:{}", place.source.path, place.start_line())
}
