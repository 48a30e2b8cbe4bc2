//! What names of other crates mean: delays, network calls, wrappers, credential words.
//!
//! All of it is data in `rules/models/*.toml`; a user's own file has the same form. Nothing here knows the engine.

use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

use crate::ir::Name;
use crate::workspace::toml_error;

mod retry;
mod words;
pub use retry::{Curve, Marker, Place, Repair, Retry, RetryLibraries, Role, ScheduleModel, Setting};
pub use words::{Words, split as split_words};

static BUILT_IN: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/models.rs"));

/// One model file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    /// What the file describes: for people, and for a stand-in the crate's name in code.
    #[serde(rename = "crate")]
    krate: Option<String>,
    stand_in: Option<StandInEntry>,
    #[serde(default)]
    delay: Vec<DelayEntry>,
    #[serde(default)]
    spawn: Vec<SpawnEntry>,
    #[serde(default)]
    wrapper: Vec<WrapperEntry>,
    #[serde(default)]
    constructor: Vec<ConstructorEntry>,
    #[serde(default)]
    network: Vec<NetworkEntry>,
    #[serde(default)]
    refused: Vec<RefusedEntry>,
    #[serde(default)]
    sdk: Vec<SdkEntry>,
    #[serde(default)]
    policy: Vec<PolicyEntry>,
    #[serde(default)]
    decider: Vec<DeciderEntry>,
    /// Types of errors that say by themselves whether to go on.
    #[serde(default)]
    marked: Vec<String>,
    /// Errors that no answer of a server arrives as.
    #[serde(default)]
    transport: Vec<String>,
    credential: Option<CredentialEntry>,
    words: Option<FxHashMap<String, Vec<String>>>,
    #[serde(default)]
    retry: Vec<Retry>,
    #[serde(default)]
    schedule: Vec<ScheduleModel>,
    #[serde(default)]
    jitter: Vec<retry::JitterModel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StandInEntry {
    /// A text by which the crate's own sources are known.
    known_by: String,
    /// What the crate does, in Rust.
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DelayEntry {
    call: Option<String>,
    of: Option<String>,
    method: Option<String>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    until: bool,
    #[serde(default)]
    interval: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpawnEntry {
    call: String,
    #[serde(default)]
    closure: bool,
    #[serde(default)]
    wraps_ok: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrapperEntry {
    call: Option<String>,
    of: Option<String>,
    #[serde(default)]
    methods: Vec<String>,
    argument: usize,
    #[serde(default)]
    wraps_ok: bool,
    wraps_err: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConstructorEntry {
    call: String,
    gives: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkEntry {
    of: String,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    functions: Vec<String>,
    answer: Answer,
    response: Option<String>,
    error: String,
    #[serde(default)]
    login: bool,
    #[serde(default)]
    connects: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusedEntry {
    of: Vec<String>,
    test: String,
    doubt: Option<String>,
    /// The doubt is gone where the package depends on this crate, under this name, in this major version where one
    /// is named: `ureq 3`.
    #[serde(default)]
    depends: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SdkEntry {
    crates: Vec<String>,
    #[serde(default)]
    prefixes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyEntry {
    /// The trait, by its last name.
    #[serde(rename = "trait")]
    trait_: String,
    /// Its method that decides.
    method: String,
    #[serde(default)]
    none_retries: bool,
    #[serde(default)]
    lists: bool,
    #[serde(default)]
    amends: bool,
    signed: Option<String>,
    /// The type that it gives back, by its last name, and the variant that all its functions make.
    verdict: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialEntry {
    methods: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeciderEntry {
    crates: Vec<String>,
    method: String,
    takes: Takes,
}

/// What a function is asked about that a library is handed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Takes {
    /// The error.
    Error,
    /// The response.
    Response,
    /// The attempt, with a status where it was answered and a method for each verdict.
    Attempt,
}

/// How a client tells a refused credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// `Ok(response)` whose status says it.
    Response,
    /// `Err(error)`.
    Error,
}

/// How long a modelled delay is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelayUnit {
    /// The first argument is a `Duration`.
    Duration,
    /// The first argument counts milliseconds.
    Millis,
    /// It waits until an instant, or for the next tick: unknown.
    Unknown,
}

/// A network call of a modelled client.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// How it answers.
    pub answer: Answer,
    /// The type of the response.
    pub response: Option<Name>,
    /// The type of the error.
    pub error: Name,
    /// The call itself is a login: it always carries a credential.
    pub login: bool,
    /// It opens a connection, or works on one that logged in before: its errors seldom are a refusal.
    pub connects: bool,
}

/// A trait whose implementations decide whether to try again.
#[derive(Clone, Debug)]
pub struct PolicyTrait {
    /// `None` means "again", and `Some` that it is done.
    pub none_retries: bool,
    /// It is not asked about a failure: it lists the statuses that are retried.
    pub lists: bool,
    /// It may change the request before the next attempt.
    pub amends: bool,
    /// Whose requests it decides about, where all of them carry a credential, for people.
    pub signed: Option<String>,
}

/// What a crate does, in Rust.
#[derive(Clone, Debug)]
pub struct StandIn {
    /// The crate's name in code.
    pub krate: String,
    /// A text by which the crate's own sources are known.
    pub known_by: String,
    /// What takes their place.
    pub source: String,
}

/// How to ask a response or error whether the credential was refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The test, with `{}` for the value or a reference to it.
    pub test: String,
    /// When the test may not compile.
    pub doubt: Option<String>,
    /// The doubt is gone where the package depends on this crate, under this name, in this major version where one
    /// is named: `ureq 3`.
    pub depends: Option<String>,
}

/// A call that runs a closure or future, here and now as far as the engine is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Runs {
    /// Which argument.
    pub argument: usize,
    /// Its result arrives inside one more `Ok`.
    pub wraps_ok: bool,
    /// Its error arrives inside this variant.
    pub wraps_err: Option<Name>,
}

/// All models of a run.
#[derive(Default)]
pub struct Models {
    delays: FxHashMap<String, DelayUnit>,
    delay_methods: FxHashMap<(String, String), DelayUnit>,
    runs: FxHashMap<String, Runs>,
    runs_methods: FxHashMap<(String, String), Runs>,
    constructors: FxHashMap<String, Name>,
    network: FxHashMap<(String, String), Network>,
    network_fns: FxHashMap<String, Network>,
    refused: FxHashMap<String, Refused>,
    sdks: FxHashSet<String>,
    sdk_prefixes: Vec<String>,
    policies: FxHashMap<(String, String), PolicyTrait>,
    verdicts: FxHashMap<String, Name>,
    /// By the crate and the method.
    deciders: FxHashMap<(String, String), Takes>,
    marked: FxHashSet<String>,
    /// By the crate and the last name.
    transport: FxHashSet<(String, String)>,
    credential_methods: FxHashSet<String>,
    /// Crates whose behaviour is told in Rust.
    pub stand_ins: Vec<StandIn>,
    /// Words.
    pub words: Words,
    /// Retry libraries.
    pub retry: RetryLibraries,
}

impl Models {
    /// The built-in models and then the user's files, in order.
    ///
    /// # Errors
    /// One message per file that cannot be read or is not of the form of `rules/models/*.toml`.
    pub fn load(files: &[std::path::PathBuf]) -> Result<Models, String> {
        let mut models = Models::default();
        for (name, text) in BUILT_IN {
            models.add(text).map_err(|e| format!("{name}: {e}"))?;
        }
        for file in files {
            models.add_file(file)?;
        }
        Ok(models)
    }

    fn add_file(&mut self, file: &Path) -> Result<(), String> {
        let text =
            std::fs::read_to_string(file).map_err(|e| format!("cannot read the model file {}: {e}", file.display()))?;
        self.add(&text).map_err(|e| {
            let known = "see rules/models/reqwest.toml for the form";
            format!("the model file {} is {}; {known}", file.display(), toml_error(&text, &e))
        })
    }

    fn add(&mut self, text: &str) -> Result<(), toml::de::Error> {
        let file: ModelFile = toml::from_str(text)?;
        for entry in file.delay {
            let unit = match entry.unit.as_deref() {
                Some("ms") => DelayUnit::Millis,
                _ if entry.until || entry.interval => DelayUnit::Unknown,
                _ => DelayUnit::Duration,
            };
            if let Some(call) = entry.call {
                self.delays.insert(call, unit);
            }
            if let (Some(of), Some(method)) = (entry.of, entry.method) {
                self.delay_methods.insert((of, method), unit);
            }
        }
        for entry in file.spawn {
            let wraps_ok = !entry.closure || entry.wraps_ok;
            self.runs.insert(entry.call, Runs { argument: 0, wraps_ok, wraps_err: None });
        }
        for entry in file.wrapper {
            let wraps_err = entry.wraps_err.as_deref().map(Name::new);
            let runs = Runs { argument: entry.argument, wraps_ok: entry.wraps_ok, wraps_err };
            if let Some(call) = entry.call {
                self.runs.insert(call, runs);
            }
            for method in entry.methods {
                self.runs_methods.insert((entry.of.clone().unwrap_or_default(), method), runs);
            }
        }
        for entry in file.constructor {
            self.constructors.insert(entry.call, Name::new(&entry.gives));
        }
        for entry in file.network {
            let network = Network {
                answer: entry.answer,
                response: entry.response.as_deref().map(Name::new),
                error: Name::new(&entry.error),
                login: entry.login,
                connects: entry.connects,
            };
            for method in entry.methods {
                self.network.insert((entry.of.clone(), method), network.clone());
            }
            for function in entry.functions {
                self.network_fns.insert(function, network.clone());
            }
        }
        for entry in file.refused {
            let refused = Refused { test: entry.test, doubt: entry.doubt, depends: entry.depends };
            self.refused.extend(entry.of.into_iter().map(|of| (of, refused.clone())));
        }
        for entry in file.sdk {
            self.sdks.extend(entry.crates);
            self.sdk_prefixes.extend(entry.prefixes);
        }
        if let (Some(krate), Some(StandInEntry { known_by, source })) = (file.krate, file.stand_in) {
            self.stand_ins.push(StandIn { krate, known_by, source });
        }
        for DeciderEntry { crates, method, takes } in file.decider {
            self.deciders.extend(crates.into_iter().map(|krate| ((krate, method.clone()), takes)));
        }
        self.marked.extend(file.marked);
        self.transport.extend(file.transport.iter().map(|path| ends(path)));
        for entry in file.policy {
            let PolicyEntry { trait_, method, none_retries, lists, amends, signed, verdict } = entry;
            let policy = PolicyTrait { none_retries, lists, amends, signed };
            self.policies.insert((trait_, method), policy);
            let verdict = verdict.as_deref().and_then(|verdict| verdict.split_once("::"));
            self.verdicts.extend(verdict.map(|(ty, variant)| (ty.to_owned(), Name::new(variant))));
        }
        if let Some(entry) = file.credential {
            self.credential_methods.extend(entry.methods);
        }
        if let Some(words) = file.words {
            self.words.add(words);
        }
        self.retry.add(file.retry, file.schedule, file.jitter);
        Ok(())
    }

    /// The delay that a path names.
    pub fn delay(&self, path: &str) -> Option<DelayUnit> {
        self.delays.get(path).copied()
    }

    /// The delay that a method of an external type is.
    pub fn delay_method(&self, of: &str, method: &str) -> Option<DelayUnit> {
        self.delay_methods.get(&(of.to_owned(), method.to_owned())).copied()
    }

    /// The call runs one of its arguments.
    pub fn runs(&self, path: &str) -> Option<Runs> {
        self.runs.get(path).copied()
    }

    /// The method of an external type runs one of its arguments. The type's crate decides.
    pub fn runs_method(&self, of: &str, method: &str) -> Option<Runs> {
        let krate = of.split("::").next().unwrap_or(of);
        self.runs_methods.get(&(krate.to_owned(), method.to_owned())).copied()
    }

    /// The type that an external function returns, where a model says so.
    pub fn constructor(&self, path: &str) -> Option<Name> {
        self.constructors.get(path).copied()
    }

    /// The network call that a method of an external type is. The type's crate decides.
    pub fn network_method(&self, of: &str, method: &str) -> Option<&Network> {
        let krate = of.split("::").next().unwrap_or(of);
        self.network.get(&(krate.to_owned(), method.to_owned()))
    }

    /// The network call that a path names.
    pub fn network_fn(&self, path: &str) -> Option<&Network> {
        self.network_fns.get(path)
    }

    /// How to ask a value of an external type whether the credential was refused.
    pub fn refused(&self, of: &str) -> Option<&Refused> {
        self.refused.get(of)
    }

    /// Whether a crate is the client of one authenticated service.
    pub fn is_sdk(&self, path: &str) -> bool {
        let krate = path.split("::").next().unwrap_or(path);
        self.sdks.contains(krate) || self.sdk_prefixes.iter().any(|p| krate.starts_with(p.as_str()))
    }

    /// The policy that a method of a trait is, both by their last names.
    pub fn policy(&self, trait_: &str, method: &str) -> Option<&PolicyTrait> {
        self.policies.get(&(trait_.to_owned(), method.to_owned()))
    }

    /// Whether a builder of some crate has a method by this name that takes a function to decide.
    pub fn is_decider(&self, method: &str) -> bool {
        self.deciders.keys().any(|(_, name)| name == method)
    }

    /// What a function is asked about that is handed to this method of a crate's builder; `true` means "again".
    pub fn decider(&self, krate: &str, method: &str) -> Option<Takes> {
        self.deciders.get(&(krate.to_owned(), method.to_owned())).copied()
    }

    /// The variant that the functions of a type of verdicts, by its last name, make.
    pub fn verdict(&self, ty: &str) -> Option<Name> {
        self.verdicts.get(ty).copied()
    }

    /// Whether a type, by its path, says by itself whether to go on.
    pub fn is_marked(&self, path: &str) -> bool {
        self.marked.contains(path)
    }

    /// Whether an error is about the connection or the program, so that no answer of a server arrives as it.
    pub fn is_transport(&self, path: &str) -> bool {
        self.transport.contains(&ends(path))
    }

    /// Whether every request of some client tells a refused credential by this error.
    pub fn refuses_as(&self, path: &str) -> bool {
        let mut networks = self.network.values().chain(self.network_fns.values());
        let is_error = || {
            let last = path.rsplit("::").next().unwrap_or(path);
            ["Error", "Status", "Exception", "Fault"].iter().any(|end| last.ends_with(end))
        };
        (self.is_sdk(path) && is_error())
            || networks.any(|n| n.answer == Answer::Error && !n.connects && ends(n.error.as_str()) == ends(path))
    }

    /// A method that puts a credential into a request.
    pub fn credential_method(&self, method: &str) -> bool {
        self.credential_methods.contains(method)
    }
}

/// The crate and the last name of a path: crates export a type at several paths.
fn ends(path: &str) -> (String, String) {
    let last = path.rsplit("::").next().unwrap_or(path);
    (path.split("::").next().unwrap_or(path).to_owned(), last.to_owned())
}
