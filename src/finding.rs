//! What the analysis says: findings, and the verdict on every retry site. Reports only read these.

use std::path::PathBuf;
use std::sync::Arc;

use crate::rules::Rule;
use crate::workspace::source::{Place, Source};

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Shown, never fails a run.
    Note,
    /// Fails a run.
    Warn,
    /// Fails a run.
    Deny,
}

impl Level {
    /// One level lower; a note stays one.
    pub fn milder(self) -> Level {
        match self {
            Level::Deny => Level::Warn,
            Level::Warn | Level::Note => Level::Note,
        }
    }

    /// The word used in reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Note => "note",
            Level::Warn => "warn",
            Level::Deny => "deny",
        }
    }
}

/// How much had to be assumed on the way to a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// An opaque question about the failure itself was answered in the finding's favour; only with `--pedantic`.
    Possible,
    /// Two assumptions, or a name that the models know.
    Likely,
    /// At most one assumption.
    Certain,
}

impl Certainty {
    /// The word used in reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Certainty::Possible => "possible",
            Certainty::Likely => "likely",
            Certainty::Certain => "certain",
        }
    }
}

/// The kinds of code that attempts an operation again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SiteKind {
    /// `loop`, `while`, `for`
    Loop,
    /// A retry library's call, or a call of the workspace's own `retry(|| ..)`
    Combinator,
    /// A function or trait impl that decides for others
    Policy,
    /// A function that calls itself after a delay
    Recursion,
    /// No code: a comment that suppresses
    Comment,
}

impl SiteKind {
    /// The word used in reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            SiteKind::Loop => "loop",
            SiteKind::Combinator => "combinator",
            SiteKind::Policy => "policy",
            SiteKind::Recursion => "recursion",
            SiteKind::Comment => "comment",
        }
    }
}

/// How often the operation is attempted against a dead key.
#[derive(Clone, Debug, PartialEq)]
pub enum Attempts {
    /// This many times.
    Exactly(u32),
    /// Until a value that the code does not show: its name, for instance `max_retries`.
    Until(String),
    /// For as long as the process lives.
    Unbounded,
}

/// Seconds slept before the site gives up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slept {
    /// With the least jitter.
    pub least: f64,
    /// With the most jitter.
    pub most: f64,
    /// Some delay could not be evaluated, so these are lower bounds.
    pub partial: bool,
}

/// What a witness step shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The attempt that fails.
    Attempt,
    /// A test that lets the failure through: it said "retry", or it said "not this case".
    Test,
    /// A delay.
    Delay,
    /// Where control goes back to the next attempt.
    BackEdge,
    /// What the code does about the credential, or the test of a flag.
    Guard,
    /// A comment, where the finding is about one.
    Comment,
}

impl Role {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Attempt => "attempt",
            Role::Test => "test",
            Role::Delay => "delay",
            Role::BackEdge => "back-edge",
            Role::Guard => "guard",
            Role::Comment => "comment",
        }
    }
}

/// One step of the way from a failed attempt to the next attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What kind of step.
    pub role: Role,
    /// Where.
    pub place: Place,
    /// What happens there, as a short phrase in lower case.
    pub what: String,
}

/// A retry site that a finding speaks for. Its place is the whole loop, call or policy body.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteRef {
    /// Its kind.
    pub kind: SiteKind,
    /// The whole of it.
    pub place: Place,
}

/// One defect, with its proof.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule that reports it.
    pub rule: &'static Rule,
    /// After the rule's default and what the diagnosis lowered.
    pub level: Level,
    /// How sure.
    pub certainty: Certainty,
    /// What is wrong and what it costs, in lower case without a period.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Cost in attempts.
    pub attempts: Attempts,
    /// Cost in seconds; `None` where the loop never ends.
    pub slept: Option<Slept>,
    /// What is slept after each attempt, in order: the first ones where there is no end to them. Empty where the finding
    /// is about no run.
    pub pauses: Vec<Slept>,
    /// The sites it speaks for: the loop first, then a policy elsewhere that made it retry. Never empty.
    pub sites: Vec<SiteRef>,
    /// From the failed attempt to the next. Never empty; the first step is the attempt.
    pub witness: Vec<Step>,
    /// What could not be evaluated and was assumed, as short phrases.
    pub assumed: Vec<String>,
    /// How it can be repaired, the best first; empty unless [`crate::Options::fixes`] asks for them.
    pub fixes: Vec<Fix>,
    /// Why there is no fix, where one was looked for.
    pub unfixable: Option<String>,
}

/// The two ways to repair a loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// By the code's own means.
    #[default]
    Inline,
    /// With the crate `failfast`.
    Runtime,
}

impl Style {
    /// The word used on the command line and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Style::Inline => "inline",
            Style::Runtime => "runtime",
        }
    }
}

/// Whether a fix may be applied without looking at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// Something could not be shown; [`Fix::doubt`] says what.
    Unsafe,
    /// The repaired loop was run in every scenario, and its types are known; or only a comment changes.
    Safe,
}

impl Applicability {
    /// The word used in reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Applicability::Unsafe => "unsafe",
            Applicability::Safe => "safe",
        }
    }
}

/// A repair: edits that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// Inline or runtime.
    pub style: Style,
    /// What it does, as an order in lower case.
    pub message: String,
    /// The edits: none overlaps another, and within a file they are in order.
    pub edits: Vec<Edit>,
    /// Whether it may be applied unseen.
    pub applicability: Applicability,
    /// What could not be shown; `None` for a safe fix.
    pub doubt: Option<String>,
    /// What packages have to depend on for it; empty for an inline fix.
    pub needs: Vec<Dependency>,
}

/// A package that has to depend on `failfast`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// The package's `Cargo.toml`.
    pub manifest: PathBuf,
    /// The features of `failfast` that the edits use.
    pub features: Vec<&'static str>,
}

/// A range of a file, and the text that takes its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// What goes; empty where text is only put in.
    pub place: Place,
    /// What comes.
    pub text: String,
}

impl Finding {
    /// The attempt that it is about: what a short report points at.
    pub fn place(&self) -> &Place {
        self.witness.first().map_or(&self.sites[0].place, |step| &step.place)
    }
}

/// What a retry site does against a dead key.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Leaves with the error after this many attempts.
    Stops(u32),
    /// Keeps trying.
    Burns(Attempts),
    /// Success loops too: a worker that meets a dead key for ever.
    Worker,
    /// Nothing shows that the operation carries a credential.
    NoCredential,
    /// Not decided, and why.
    Undecided(String),
}

impl Verdict {
    /// The word used in reports and JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Verdict::Stops(_) => "stops",
            Verdict::Burns(_) => "burns",
            Verdict::Worker => "worker",
            Verdict::NoCredential => "no-credential",
            Verdict::Undecided(_) => "undecided",
        }
    }
}

/// What a retry site does in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// It is left without success.
    Stops,
    /// It keeps trying.
    Burns,
    /// An attempt succeeds.
    Recovers,
    /// Not decided.
    Undecided,
}

impl Behaviour {
    /// The word used in reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Behaviour::Stops => "stops",
            Behaviour::Burns => "burns",
            Behaviour::Recovers => "recovers",
            Behaviour::Undecided => "undecided",
        }
    }
}

/// A retry site, decided or not: what `retrylint sites` lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Its kind.
    pub kind: SiteKind,
    /// The whole of it.
    pub place: Place,
    /// The function it stands in: `module::Type::name`.
    pub function: String,
    /// The call that is attempted again.
    pub attempt: Option<Place>,
    /// Why it is believed to carry a credential.
    pub credential: Option<String>,
    /// What it does against a dead key.
    pub verdict: Verdict,
    /// Seconds slept on a dead key, where evaluated.
    pub slept: Option<Slept>,
    /// What it does in every scenario, by the scenario's name; empty where nothing shows that it sends a credential.
    pub scenarios: Vec<(&'static str, Behaviour)>,
    /// It stands in test code.
    pub is_test: bool,
}

/// A suppression in a comment.
#[derive(Clone, Debug)]
pub struct Allow {
    /// The comment.
    pub place: Place,
    /// The rules that it names.
    pub rules: Vec<&'static Rule>,
    /// Why; empty where it does not say.
    pub reason: String,
    /// How many findings it suppresses.
    pub uses: usize,
}

/// Something that kept a part of the input from being analysed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file or folder, as the user would write it.
    pub path: String,
    /// What happened and what to do, one line.
    pub message: String,
    /// It makes the run fail with exit code 2 (input that was asked for and could not be read).
    pub fatal: bool,
}

/// The figures of the summary line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files read.
    pub files: usize,
    /// Lines in them.
    pub lines: usize,
    /// Retry sites found, test code left out unless it was asked for.
    pub sites: usize,
    /// Of those, not decided.
    pub undecided: usize,
    /// Files, or parts of files, that could not be parsed or read.
    pub skipped: usize,
    /// Findings that a comment suppresses.
    pub suppressed: usize,
    /// Findings that a baseline knows.
    pub baselined: usize,
    /// Findings that touch no changed line.
    pub untouched: usize,
}

/// All that a run says.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Ordered by path, then place, then rule.
    pub findings: Vec<Finding>,
    /// Ordered by path, then place.
    pub sites: Vec<Site>,
    /// Suppressions, ordered by path, then place.
    pub allows: Vec<Allow>,
    /// Ordered by path.
    pub problems: Vec<Problem>,
    /// The files that are reported on.
    pub checked: Vec<Arc<Source>>,
    /// Counts.
    pub summary: Summary,
}

impl Outcome {
    /// The function that a finding's first site stands in; empty where it stands in none.
    pub fn function(&self, finding: &Finding) -> &str {
        let site = &finding.sites[0].place;
        self.sites.iter().find(|known| known.place == *site).map_or("", |known| &known.function)
    }
}
