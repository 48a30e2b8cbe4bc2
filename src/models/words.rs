//! Reading names: which words an identifier is made of, and what they mean.

use rustc_hash::{FxHashMap, FxHashSet};

/// The word lists of `rules/models/words.toml`, by list name.
#[derive(Default)]
pub struct Words {
    lists: FxHashMap<String, FxHashSet<String>>,
}

impl Words {
    pub(super) fn add(&mut self, lists: FxHashMap<String, Vec<String>>) {
        for (list, words) in lists {
            self.lists.entry(list).or_default().extend(words);
        }
    }

    /// Whether a list holds exactly this word.
    pub fn has(&self, list: &str, word: &str) -> bool {
        self.lists.get(list).is_some_and(|l| l.contains(word))
    }

    /// Whether a text contains any entry of a list.
    pub fn within(&self, list: &str, text: &str) -> bool {
        self.lists.get(list).is_some_and(|l| l.iter().any(|word| text.contains(word.as_str())))
    }

    /// Whether the text is, or is a part of, an entry of a list.
    pub fn covers(&self, list: &str, text: &str) -> bool {
        self.lists.get(list).is_some_and(|l| l.iter().any(|word| word == text || text.contains(word.as_str())))
    }

    /// Whether a name is made of words of a list: one word, or two or three that stand together.
    pub fn names(&self, list: &str, name: &str) -> bool {
        let Some(list) = self.lists.get(list) else { return false };
        let parts = split(name);
        (1..=3).any(|n| parts.windows(n).any(|w| list.contains(&w.join(" ")) || (n > 1 && list.contains(&w.concat()))))
    }

    /// Whether a call by this name waits for work or news, so that every round is about something else.
    pub fn is_event(&self, name: &str) -> bool {
        if self.has("event", name) {
            return true;
        }
        let parts = split(name);
        let awaits = |word: &String| self.has("await", word);
        let Some(at) = parts.iter().position(awaits) else { return false };
        // `wait_for_event`, `get_next_job`
        (at == 0 || parts[at] == "next") && parts[at..].iter().any(|word| self.has("news", word))
    }

    /// Whether a value by this name bounds how often something is done.
    pub fn is_bound(&self, name: &str) -> bool {
        self.names("bound", name)
    }

    /// Whether a call by this name takes the next piece of work for itself.
    pub fn is_claim(&self, name: &str) -> bool {
        split(name).first().is_some_and(|first| self.has("claim", first))
    }

    /// Whether a name is one of a credential.
    pub fn is_credential(&self, name: &str) -> bool {
        self.names("credential", name) && !self.names("not_credential", name)
    }
}

/// The words of an identifier, in lower case: `InvalidApiKey` and `invalid_api_key` give `invalid api key`.
pub fn split(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut upper = true;
    let chars: Vec<char> = name.chars().collect();
    for (i, c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            upper = true;
            continue;
        }
        let next_lower = chars.get(i + 1).is_some_and(|n| n.is_lowercase());
        if c.is_uppercase() && (!upper || next_lower) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        upper = c.is_uppercase();
        word.extend(c.to_lowercase());
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
