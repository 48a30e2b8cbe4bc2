//! The keys of a configuration, and the JSON schema that is made of them.

use serde_json::{Map, Value, json};

use crate::rules::RULES;

/// The levels, as they are written.
pub(super) const LEVELS: [&str; 4] = ["allow", "note", "warn", "deny"];

/// A key at the top of a configuration.
pub(super) struct Key {
    pub(super) name: &'static str,
    about: &'static str,
    form: fn() -> Value,
    /// It may stand in `[package.metadata.retrylint]` of one package among others.
    pub(super) for_packages: bool,
}

/// Every key.
pub(super) static KEYS: [Key; 6] = [
    Key {
        name: "rules",
        about: "The level of each rule, by its name or code. `allow` turns it off; `note` is shown and does not fail a run.",
        form: rules,
        for_packages: true,
    },
    Key {
        name: "include",
        about: "Files to report on, as in .gitignore, from the folder of this file. All where not given.",
        form: texts,
        for_packages: true,
    },
    Key {
        name: "exclude",
        about: "Files not to report on, as in .gitignore, from the folder of this file. They are still read for what others call.",
        form: texts,
        for_packages: true,
    },
    Key {
        name: "fresh-retries",
        about: "Attempts with a dead key beyond the first that are no finding.",
        form: || json!({ "type": "integer", "minimum": 0, "maximum": 10, "default": super::FRESH_RETRIES }),
        for_packages: false,
    },
    Key {
        name: "tests",
        about: "Look at test code too.",
        form: || json!({ "type": "boolean", "default": false }),
        for_packages: false,
    },
    Key {
        name: "models",
        about: "Files that say what the calls of libraries mean, from the folder of this file.",
        form: texts,
        for_packages: false,
    },
];

fn texts() -> Value {
    json!({ "type": "array", "items": { "type": "string", "minLength": 1 }, "default": [] })
}

fn rules() -> Value {
    let levels = json!({ "enum": LEVELS });
    let names = RULES.iter().flat_map(|rule| [rule.name, rule.code]);
    let properties: Map<String, Value> = names.map(|name| (name.to_owned(), levels.clone())).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

/// The JSON schema of `retrylint.toml`, for editors.
pub fn schema() -> String {
    let properties: Map<String, Value> = KEYS
        .iter()
        .map(|key| {
            let mut form = (key.form)();
            form["description"] = json!(key.about);
            (key.name.to_owned(), form)
        })
        .collect();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "retrylint.toml",
        "description": "The configuration of retrylint.",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    format!("{schema:#}\n")
}
