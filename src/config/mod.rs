//! What users configured: `retrylint.toml`, or `metadata.retrylint` tables in the manifests of a workspace and its packages.
//!
//! `workspace` finds the texts; here they become a [`Config`] for each unit. What is wrong with one is a [`Fault`] with a
//! place in the file, and nothing is checked then: a typo must not turn a rule off.

mod keys;
mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ignore::gitignore::Gitignore;

use crate::finding::{Finding, Level};
use crate::rules::Rule;
use crate::workspace::source::{Place, Source};
use crate::workspace::{self, Input, Settings};

pub use keys::schema;

/// Attempts with a dead key beyond the first that are healthy: one, on a fresh connection.
pub const FRESH_RETRIES: u32 = 1;

/// A value, and where it was given.
#[derive(Clone, Debug)]
pub struct Given<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub place: Place,
}

/// What one text says.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    /// The folder that its paths are told from, and that it speaks for.
    pub dir: PathBuf,
    /// Levels of rules, by code; `None` is `allow`.
    pub rules: BTreeMap<&'static str, Given<Option<Level>>>,
    /// Attempts with a dead key beyond the first.
    pub fresh_retries: Option<Given<u32>>,
    /// Test code is looked at too.
    pub tests: Option<Given<bool>>,
    /// Model files.
    pub models: Option<Given<Vec<PathBuf>>>,
    /// Files to report on, all where not given.
    pub include: Option<Given<Patterns>>,
    /// Files not to report on.
    pub exclude: Option<Given<Patterns>>,
}

/// Lines as in `.gitignore`.
#[derive(Clone, Debug)]
pub struct Patterns {
    /// As they were written.
    pub lines: Vec<String>,
    matcher: Gitignore,
}

impl Patterns {
    fn matches(&self, file: &Path) -> bool {
        file.starts_with(self.matcher.path()) && self.matcher.matched_path_or_any_parents(file, false).is_ignore()
    }
}

/// What holds for a unit.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// For all of it.
    pub base: Layer,
    /// For packages of it, on top of that.
    pub packages: Vec<Layer>,
}

/// The configuration of every unit, by its root.
#[derive(Clone, Debug, Default)]
pub struct Configs(BTreeMap<PathBuf, Config>);

/// Something wrong in a configuration.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What is wrong, in lower case without a period.
    pub message: String,
    /// What to say at the place.
    pub label: String,
    /// What to do.
    pub help: String,
}

impl Configs {
    /// Reads all configurations.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read(input: &Input) -> Result<Configs, Vec<Fault>> {
        let (mut configs, mut faults) = (Configs::default(), Vec::new());
        for unit in &input.units {
            let config = Config::read(&unit.root, &unit.settings, &mut faults);
            configs.0.insert(unit.root.clone(), config);
        }
        // A file above several units is read for each.
        let mut seen: Vec<Place> = Vec::new();
        faults.retain(|fault| {
            let is_new = !seen.contains(&fault.place);
            seen.push(fault.place.clone());
            is_new
        });
        if faults.is_empty() { Ok(configs) } else { Err(faults) }
    }

    /// What is wrong with the configurations in a text that an editor holds for a file of this name.
    pub fn faults(path: &Path, text: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        for settings in workspace::settings_in(path, text) {
            Config::read(&settings.dir, std::slice::from_ref(&settings), &mut faults);
        }
        faults
    }

    /// What holds for a unit.
    pub fn of(&self, root: &Path) -> Config {
        self.0.get(root).cloned().unwrap_or_default()
    }

    /// All units that have a configuration or could have one.
    pub fn all(&self) -> impl Iterator<Item = (&Path, &Config)> {
        self.0.iter().map(|(root, config)| (root.as_path(), config))
    }
}

impl Config {
    fn read(root: &Path, settings: &[Settings], faults: &mut Vec<Fault>) -> Config {
        let mut config = Config::default();
        let mut base: Option<&Settings> = None;
        for one in settings {
            let is_base = !one.for_package || one.dir == root && base.is_none();
            let (layer, place) = read::layer(one, is_base, faults);
            if !is_base {
                config.packages.push(layer);
            } else if let Some(first) = base {
                faults.push(Fault {
                    place,
                    message: format!("{} configures this workspace too", first.source.path),
                    label: "this is the second configuration".to_owned(),
                    help: "keep one of the two".to_owned(),
                });
            } else {
                config.base = layer;
                base = Some(one);
            }
        }
        config
    }

    /// The layers that speak about a file, the one that counts most first.
    fn layers(&self, file: &Path) -> impl Iterator<Item = &Layer> {
        let mut own: Vec<&Layer> = self.packages.iter().filter(|layer| file.starts_with(&layer.dir)).collect();
        own.sort_by_key(|layer| std::cmp::Reverse(layer.dir.components().count()));
        own.into_iter().chain(std::iter::once(&self.base))
    }

    /// Whether a file is reported on.
    pub fn reports(&self, file: &Path) -> bool {
        self.layers(file).all(|layer| {
            let is = |patterns: &Given<Patterns>| patterns.value.matches(file);
            layer.include.as_ref().is_none_or(is) && !layer.exclude.as_ref().is_some_and(is)
        })
    }

    /// Gives a finding its level; answers whether it is reported at all.
    pub fn level(&self, finding: &mut Finding) -> bool {
        let source: &Source = &finding.sites[0].place.source;
        match self.rule(finding.rule, &source.file).map(|given| given.value) {
            None => true,
            Some(None) => false,
            Some(Some(level)) => {
                // What the diagnosis lowered stays lowered.
                let steps = finding.rule.level as u8 - finding.level.min(finding.rule.level) as u8;
                finding.level = (0..steps).fold(level, |level, _| level.milder());
                true
            }
        }
    }

    /// The level that is given for a rule, for a file.
    pub fn rule(&self, rule: &Rule, file: &Path) -> Option<&Given<Option<Level>>> {
        self.layers(file).find_map(|layer| layer.rules.get(rule.code))
    }
}
