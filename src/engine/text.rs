//! Text that is partly known: format strings, error messages, and what they contain.

use crate::models::Words;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Known.
    Literal(String),
    /// Not known, and nothing to do with the failure.
    Unknown,
    /// Not known, and computed from the failure: a response body.
    Asked,
    /// The message of an error with this status, as clients and servers word it.
    Message(u16),
    /// The same, of an error that carries the status as a number too.
    Typed(u16),
}

/// A text as a sequence of pieces.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Text(pub Vec<Piece>);

impl Text {
    /// A text that is known.
    pub fn literal(text: &str) -> Text {
        Text(vec![Piece::Literal(text.to_owned())])
    }

    /// The whole text, where it is known.
    pub fn known(&self) -> Option<String> {
        self.0
            .iter()
            .map(|p| match p {
                Piece::Literal(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// It is known to hold nothing.
    pub fn is_empty(&self) -> bool {
        self.known().is_some_and(|known| known.is_empty())
    }

    /// Whether any piece was computed from the failure.
    pub fn is_tainted(&self) -> bool {
        self.0.iter().any(|p| matches!(p, Piece::Asked | Piece::Message(_) | Piece::Typed(_)))
    }

    /// Adds a text at the end.
    pub fn push(&mut self, other: Text) {
        self.0.extend(other.0);
    }

    /// The same in lower case.
    pub fn lower(&self) -> Text {
        Text(
            self.0
                .iter()
                .map(|p| match p {
                    Piece::Literal(text) => Piece::Literal(text.to_lowercase()),
                    other => other.clone(),
                })
                .collect(),
        )
    }

    /// It begins with something that is known, and that is no beginning of this.
    pub fn begins_otherwise(&self, needle: &str) -> bool {
        matches!(self.0.first(), Some(Piece::Literal(known)) if !known.starts_with(needle) && !needle.starts_with(known.as_str()))
    }

    /// A part of the text, or the text with some of it replaced: its own words can no longer be told.
    pub fn reworded(&self) -> Text {
        let reword = |piece: &Piece| match piece {
            Piece::Literal(known) if !known.is_empty() => Piece::Unknown,
            other => other.clone(),
        };
        Text(self.0.iter().map(reword).collect())
    }

    /// Whether the text contains another. `None` where that cannot be told.
    ///
    /// A refused credential's message holds its status and words for a refusal, and nothing about rate limits,
    /// timeouts and the like: the word lists say which is which.
    pub fn contains(&self, needle: &str, words: &Words) -> Option<bool> {
        let lower = needle.to_lowercase();
        let mut joined = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => joined.push_str(text),
                _ => joined.push('\u{0}'),
            }
        }
        if joined.contains(needle) {
            return Some(true);
        }
        if lower.is_empty() {
            return Some(true);
        }
        let mut answer = Some(false);
        for piece in &self.0 {
            let here = match piece {
                Piece::Literal(_) => Some(false),
                Piece::Unknown => None,
                Piece::Message(status) | Piece::Typed(status) => Some(message_has(*status, &lower, words)),
                Piece::Asked if words.within("absent", &lower) => Some(false),
                Piece::Asked => None,
            };
            match here {
                Some(true) => return Some(true),
                None => answer = None,
                Some(false) => {}
            }
        }
        answer
    }
}

fn message_has(status: u16, needle: &str, words: &Words) -> bool {
    let (own, auth) = match status {
        401 => (words.has("present", needle), true),
        403 => (words.has("present403", needle), true),
        429 => (["429", "too many requests", "rate limit", "rate", "client error"].contains(&needle), false),
        503 => (["503", "service unavailable", "unavailable", "server error"].contains(&needle), false),
        _ => (false, false),
    };
    // A number that is not the status is not there.
    let number = needle.bytes().all(|b| b.is_ascii_digit());
    own || (auth && !number && !words.within("absent", needle) && words.names("auth", needle))
}
