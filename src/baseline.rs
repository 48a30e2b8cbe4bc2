//! Baselines: the findings that were there when a team began, by identity and number. They are not reported; what is new
//! is. A baseline only shrinks: what was repaired is stale in it, and told, since its place would hide the next defect.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::finding::Outcome;
use crate::identity::{self, Identity};

/// The version of the file's form.
const VERSION: u32 = 1;

/// A baseline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    counts: BTreeMap<Identity, usize>,
}

/// An entry of which there are fewer findings than it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Stale {
    /// The entry.
    pub identity: Identity,
    /// How many it says.
    pub known: usize,
    /// How many there are.
    pub found: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    findings: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    identity: Identity,
    count: usize,
}

impl Baseline {
    /// The baseline of these findings.
    pub fn of(outcome: &Outcome) -> Baseline {
        let mut baseline = Baseline::default();
        for finding in &outcome.findings {
            *baseline.counts.entry(Identity::of(outcome, finding)).or_default() += 1;
        }
        baseline
    }

    /// Reads a baseline.
    ///
    /// # Errors
    /// What is wrong with the text, and what to do.
    pub fn parse(text: &str) -> Result<Baseline, String> {
        let file: File = serde_json::from_str(text)
            .map_err(|e| format!("it is no baseline ({e}): write it anew with --write-baseline"))?;
        if file.version != VERSION {
            return Err(format!("it is of version {}, and this program reads version {VERSION}", file.version));
        }
        let mut baseline = Baseline::default();
        for Entry { identity, count } in file.findings {
            *baseline.counts.entry(identity).or_default() += count;
        }
        Ok(baseline)
    }

    /// The text of the file: an entry a line, in order, so that merges are easy.
    pub fn text(&self) -> String {
        let entry = |(identity, count): (&Identity, &usize)| {
            let entry = Entry { identity: identity.clone(), count: *count };
            // Texts and numbers can always be written.
            serde_json::to_string(&entry).map_or_else(|_| String::new(), |text| format!("\n    {text}"))
        };
        let entries: Vec<String> = self.counts.iter().map(entry).collect();
        let end = if entries.is_empty() { "" } else { "\n  " };
        format!("{{\n  \"version\": {VERSION},\n  \"findings\": [{}{end}]\n}}\n", entries.join(","))
    }

    /// How many findings it knows.
    pub fn len(&self) -> usize {
        self.counts.values().sum()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Takes the known findings out, and answers which entries are stale: of the files that were checked, or of all where
    /// `whole` says that there are no others.
    pub fn apply(&self, outcome: &mut Outcome, whole: bool) -> Vec<Stale> {
        let mut found: BTreeMap<Identity, usize> = BTreeMap::new();
        let identities: Vec<Identity> = outcome.findings.iter().map(|finding| Identity::of(outcome, finding)).collect();
        let mut of = identities.into_iter();
        outcome.findings.retain(|_| {
            let Some(identity) = of.next() else { return true };
            let known = self.counts.get(&identity).copied().unwrap_or(0);
            let found = found.entry(identity).or_default();
            *found += 1;
            outcome.summary.baselined += usize::from(*found <= known);
            *found > known
        });
        let checked: BTreeSet<(String, String)> = outcome.checked.iter().map(|source| identity::file(source)).collect();
        let stale = self.counts.iter().map(|(identity, known)| Stale {
            identity: identity.clone(),
            known: *known,
            found: found.get(identity).copied().unwrap_or(0),
        });
        stale
            .filter(|stale| stale.found < stale.known)
            .filter(|stale| whole || checked.contains(&(stale.identity.package.clone(), stale.identity.path.clone())))
            .collect()
    }

    /// Takes out what is stale.
    pub fn shrink(&mut self, stale: &[Stale]) {
        for Stale { identity, found, .. } in stale {
            match found {
                0 => drop(self.counts.remove(identity)),
                found => drop(self.counts.insert(identity.clone(), *found)),
            }
        }
    }
}
