//! Retry libraries: how a call of one looks, who decides, and what its schedules are where nothing is set.
//!
//! A library is one file of `rules/models`. `[[retry]]` describes a way to call it, `[[schedule]]` a type that says how
//! often and how far apart.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::Deserialize;

/// Where a call has something: in front of the dot, or among its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Place {
    /// The argument with this index.
    Argument(usize),
    /// The receiver.
    Receiver(Receiver),
}

/// The word for the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Receiver {
    /// `receiver`
    Receiver,
}

/// What a method behind the call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Its argument decides: `fn(&error) -> bool`.
    Predicate,
    /// Its argument decides and may change the delay: `fn(&error, Option<Duration>) -> Option<Duration>`.
    Adjust,
    /// Its argument decides and gives the delay: `fn(attempt, &error) -> impl Into<Option<Duration>>`.
    Delay,
    /// Its argument is handed to the operation.
    Context,
    /// Its argument is the schedule.
    Schedule,
    /// It runs the whole.
    Run,
    /// It changes nothing that matters here.
    Neutral,
}

/// What a name that wraps an error says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marker {
    /// A constructor or variant: this error ends it.
    Stop,
    /// A constructor or variant: this error is retried.
    Again,
    /// A function that gives `Err` of an error that ends it.
    StopResult,
    /// A function that gives `Err` of an error that is retried.
    AgainResult,
    /// A method of `Result` that makes its error end it.
    StopMethod,
    /// A method of `Result` that makes its error be retried.
    AgainMethod,
}

impl Marker {
    /// It ends the retrying.
    pub fn stops(self) -> bool {
        matches!(self, Marker::Stop | Marker::StopResult | Marker::StopMethod)
    }
}

/// A way to call a retry library.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Retry {
    /// Functions, by their whole paths.
    #[serde(default)]
    pub calls: Vec<String>,
    /// A method.
    pub method: Option<String>,
    /// The types that have the method.
    #[serde(default)]
    pub of: Vec<String>,
    /// The traits that give the method to every function: one of them is imported, or the schedule is the library's.
    #[serde(default)]
    pub traits: Vec<String>,
    /// The operation.
    pub operation: Place,
    /// The method that runs the operation, where that is a value of a type rather than a function.
    pub action: Option<String>,
    /// The schedule.
    pub schedule: Option<Place>,
    /// The schedule that the call starts from, and whose methods may follow the call.
    pub starts: Option<String>,
    /// The argument that decides: `fn(&error) -> bool`.
    pub condition: Option<usize>,
    /// The method that decides, where the condition is a value of a type rather than a function.
    pub predicate: Option<String>,
    /// Methods that may follow the call.
    #[serde(default)]
    pub methods: BTreeMap<String, Role>,
    /// Names that wrap the error and decide.
    #[serde(default)]
    pub errors: BTreeMap<String, Marker>,
    /// `?` in the operation makes every error one that is retried.
    #[serde(default)]
    pub question_mark: bool,
    /// The call itself runs it, rather than `.await` or a method.
    #[serde(default)]
    pub runs: bool,
    /// What to do about a call that retries a refused key, for people.
    pub advice: Option<String>,
    /// How the call is told what not to retry.
    pub repair: Option<Repair>,
}

/// How a call is told what not to retry. In the texts `{refused}` is the test for a refused credential, `{keep}` its
/// opposite, `{error}` the name of the error and `{type}` its type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Repair {
    /// By a method behind the call: `.when(|error| {keep})`.
    Behind(String),
    /// By another function with one more argument.
    Argument {
        /// The name in the path of the call, and the one that takes its place.
        rename: (String, String),
        /// The argument, at the end.
        argument: String,
    },
    /// By what the error is wrapped in.
    Error {
        /// Where it is not retried: an expression that wraps `{error}`.
        stop: String,
        /// Where it is.
        again: String,
    },
}

/// How delays grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Curve {
    /// They do not.
    #[default]
    Constant,
    /// First, first + step, first + 2·step, ..
    Linear,
    /// First, first·factor, first·factor², ..
    Exponential,
    /// First, first, 2·first, 3·first, 5·first, ..
    Fibonacci,
}

/// What an argument sets. `-ms` and `-s`: a number of milliseconds or seconds; elsewhere a `Duration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// The first delay.
    First,
    /// The first delay.
    FirstMs,
    /// The first delay.
    FirstS,
    /// The first delay and the factor: a number of milliseconds.
    BaseMs,
    /// What is added each time.
    Step,
    /// What is added each time.
    StepMs,
    /// What is added each time.
    StepS,
    /// The factor of an exponential schedule.
    Factor,
    /// What every delay is multiplied with.
    Scale,
    /// The longest delay.
    Cap,
    /// The longest delay.
    CapMs,
    /// No longest delay.
    NoCap,
    /// How often it tries again.
    Retries,
    /// How often it tries.
    Attempts,
    /// It tries again for ever.
    NoRetries,
    /// The time after which it gives up.
    Total,
    /// The time after which it gives up.
    TotalMs,
    /// Jitter is on, unless the argument is `false`.
    Jitter,
    /// The share by which a delay may be longer or shorter.
    JitterShare,
    /// Every delay is this long.
    Constant,
    /// Delays grow by this.
    Linear,
    /// Delays start with this and double.
    Exponential,
    /// No delays.
    NoDelay,
    /// Another schedule, which this one wraps.
    Inner,
    /// A function of the result that decides.
    Condition,
    /// Nothing that matters here.
    Ignored,
}

/// A type that says how often and how far apart, with its defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScheduleModel {
    /// The type, or the module of the constructors, by all its paths.
    pub of: Vec<String>,
    /// Constructors and what their arguments set.
    #[serde(default)]
    pub new: BTreeMap<String, Vec<Setting>>,
    /// The type's name alone is a value.
    #[serde(default)]
    pub value: bool,
    /// Methods and what their arguments set.
    #[serde(default)]
    pub set: BTreeMap<String, Vec<Setting>>,
    /// The methods change their receiver rather than give a new value.
    #[serde(default)]
    pub in_place: bool,
    /// Public fields and what they set.
    #[serde(default)]
    pub fields: BTreeMap<String, Setting>,
    /// How delays grow.
    #[serde(default)]
    pub curve: Curve,
    /// The first delay in seconds.
    pub first: Option<f64>,
    /// Seconds added each time.
    pub step: Option<f64>,
    /// The factor.
    pub factor: Option<f64>,
    /// The longest delay in seconds.
    pub cap: Option<f64>,
    /// How often it tries again; for ever where this is absent.
    pub retries: Option<u32>,
    /// Seconds after which it gives up.
    pub total: Option<f64>,
    /// Every delay is multiplied with a random number between these two.
    pub jitter: Option<(f64, f64)>,
    /// The same once jitter is switched on.
    pub jittered: Option<(f64, f64)>,
    /// The method by which a loop asks it.
    pub decision: Option<Decision>,
    /// As an iterator it gives `Some(delay)` per attempt, and `None` for the last.
    #[serde(default)]
    pub optional: bool,
}

/// A method by which a loop asks a schedule whether to go on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Its name.
    pub method: String,
    /// The argument that counts the retries so far.
    pub count: usize,
    /// The variant that means "once more".
    pub again: String,
    /// The variant that means "no more".
    pub stop: String,
}

/// A function that makes a delay random: `.map(jitter)`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JitterModel {
    /// Its path.
    pub call: String,
    /// The numbers that it multiplies with.
    pub range: (f64, f64),
}

/// The retry libraries of a run.
#[derive(Default)]
pub struct RetryLibraries {
    retries: Vec<Retry>,
    schedules: Vec<ScheduleModel>,
    /// By whole path.
    calls: FxHashMap<String, usize>,
    /// By name: whose method it is, the receiver or an import decides.
    methods: FxHashMap<String, Vec<usize>>,
    /// By the whole path of the constructor.
    constructors: FxHashMap<String, (usize, String)>,
    /// By the whole path of the type.
    types: FxHashMap<String, usize>,
    markers: FxHashMap<String, Marker>,
    /// The variants that functions make: `permanent` makes `Permanent`.
    variants: FxHashMap<String, String>,
    jitters: FxHashMap<String, (f64, f64)>,
}

/// The first segment of a path.
fn krate(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

impl RetryLibraries {
    pub(super) fn add(&mut self, retries: Vec<Retry>, schedules: Vec<ScheduleModel>, jitters: Vec<JitterModel>) {
        for retry in retries {
            let index = self.retries.len();
            for call in &retry.calls {
                self.calls.insert(call.clone(), index);
            }
            if let Some(method) = &retry.method {
                self.methods.entry(method.clone()).or_default().push(index);
            }
            self.markers.extend(retry.errors.iter().map(|(name, marker)| (name.clone(), *marker)));
            let is_variant = |name: &str| name.starts_with(|c: char| c.is_uppercase());
            for (name, marker) in retry.errors.iter().filter(|(name, _)| !is_variant(name)) {
                let same = |other: &Marker| other.stops() == marker.stops();
                let variant = retry.errors.iter().find(|(other, m)| is_variant(other) && same(m));
                self.variants.extend(variant.map(|(variant, _)| (name.clone(), variant.clone())));
            }
            self.retries.push(retry);
        }
        for schedule in schedules {
            let index = self.schedules.len();
            for of in &schedule.of {
                for name in schedule.new.keys() {
                    self.constructors.insert(format!("{of}::{name}"), (index, name.clone()));
                }
                if schedule.value || !schedule.fields.is_empty() || !schedule.set.is_empty() {
                    self.types.insert(of.clone(), index);
                }
            }
            self.schedules.push(schedule);
        }
        self.jitters.extend(jitters.into_iter().map(|j| (j.call, j.range)));
    }

    /// A model by its index.
    pub fn retry(&self, index: usize) -> &Retry {
        &self.retries[index]
    }

    /// A schedule by its index.
    pub fn schedule(&self, index: usize) -> &ScheduleModel {
        &self.schedules[index]
    }

    /// Whether a path names something of a library.
    pub fn knows(&self, path: &str) -> bool {
        self.calls.contains_key(path) || self.constructors.contains_key(path) || self.types.contains_key(path)
    }

    /// The library call that a path names.
    pub fn call(&self, path: &str) -> Option<usize> {
        self.calls.get(path).copied()
    }

    /// The library methods of this name.
    pub fn methods(&self, name: &str) -> &[usize] {
        self.methods.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether a type belongs to the library of a call.
    pub fn is_of_library(&self, index: usize, ty: &str) -> bool {
        let retry = &self.retries[index];
        retry.traits.iter().chain(&retry.of).chain(&retry.calls).any(|path| krate(path) == krate(ty))
    }

    /// Whether `?` that makes an error of this type makes it transient.
    pub fn takes_for_transient(&self, ty: &str) -> bool {
        (0..self.retries.len()).any(|index| self.retries[index].question_mark && self.is_of_library(index, ty))
    }

    /// The schedule that a call makes, and what its arguments set.
    pub fn constructor(&self, path: &str) -> Option<(usize, &[Setting])> {
        let (index, name) = self.constructors.get(path)?;
        Some((*index, self.schedules[*index].new.get(name)?.as_slice()))
    }

    /// The schedule of a type.
    pub fn schedule_type(&self, path: &str) -> Option<usize> {
        self.types.get(path).copied()
    }

    /// What a name that wraps an error says.
    pub fn marker(&self, name: &str) -> Option<Marker> {
        self.markers.get(name).copied()
    }

    /// The variant that a function makes, or the variant itself.
    pub fn variant<'n>(&'n self, name: &'n str) -> &'n str {
        self.variants.get(name).map_or(name, String::as_str)
    }

    /// What a function multiplies a delay with.
    pub fn jitter(&self, path: &str) -> Option<(f64, f64)> {
        self.jitters.get(path).copied()
    }
}
