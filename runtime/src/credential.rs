//! A key and what to call it. The one place that holds a secret, and the one that masks it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A secret, the provider it opens, and an id that may be logged.
///
/// Cloning is cheap and allocates nothing. `Debug` and `Display` show the id and at most the first four
/// characters of the secret; [`expose_secret`](Credential::expose_secret) is the only way to all of it.
///
/// ```
/// # use failfast::Credential;
/// let key = Credential::new("openai", "OPENAI_API_KEY", "sk-proj-0123456789abcdef");
/// assert_eq!(key.to_string(), "OPENAI_API_KEY (sk-p…)");
/// ```
#[derive(Clone)]
pub struct Credential(Arc<Parts>);

struct Parts {
    provider: String,
    id: String,
    secret: String,
}

impl Credential {
    /// A credential of `provider`, called `id` in logs and messages: an environment variable's name, say,
    /// or a row id. Within one provider, ids must differ; limits and flags are kept per (provider, id).
    ///
    /// Should `id` contain the secret itself, it is masked there too.
    pub fn new(provider: impl Into<String>, id: impl Into<String>, secret: impl Into<String>) -> Self {
        let (provider, id, secret) = (provider.into(), id.into(), secret.into());
        let id = match mask_in(&id, &secret) {
            Cow::Owned(masked) => masked,
            Cow::Borrowed(_) => id,
        };
        Credential(Arc::new(Parts { provider, id, secret }))
    }

    /// A credential whose secret the client keeps to itself, as a cloud SDK does.
    ///
    /// Its [`expose_secret`](Credential::expose_secret) is empty, and messages cannot be searched for it.
    pub fn ambient(provider: impl Into<String>, id: impl Into<String>) -> Self {
        Credential::new(provider, id, "")
    }

    /// The same provider and id with a new secret: what a refresh yields.
    pub fn renewed(&self, secret: impl Into<String>) -> Self {
        Credential::new(self.provider(), self.id(), secret)
    }

    /// The service this credential opens.
    #[inline]
    pub fn provider(&self) -> &str {
        &self.0.provider
    }

    /// The name that may be logged.
    #[inline]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The secret itself, for the `Authorization` header. Never log it.
    #[inline]
    pub fn expose_secret(&self) -> &str {
        &self.0.secret
    }

    /// Whether both are the same entry: provider and id agree. Their secrets may differ after a refresh.
    pub fn is_same_entry(&self, other: &Credential) -> bool {
        self.provider() == other.provider() && self.id() == other.id()
    }

    /// Whether a refusal of one is a refusal of the other: the same provider, and the same secret.
    ///
    /// Two entries may share a secret. Ambient credentials share nothing: for them the ids must agree.
    pub fn is_same_secret(&self, other: &Credential) -> bool {
        self.provider() == other.provider()
            && self.0.secret == other.0.secret
            && (!self.0.secret.is_empty() || self.id() == other.id())
    }

    /// `text` with every occurrence of the secret masked: servers echo keys, and URLs carry them.
    pub(crate) fn mask_in<'t>(&self, text: &'t str) -> Cow<'t, str> {
        mask_in(text, &self.0.secret)
    }
}

/// A shorter secret would mask ordinary words, and is not one a remote service hands out.
const SHORTEST_MASKED: usize = 4;

/// Below this length even four characters give too much away.
const SHORTEST_SHOWN: usize = 16;

fn mask_in<'t>(text: &'t str, secret: &str) -> Cow<'t, str> {
    if text.is_empty() || secret.len() < SHORTEST_MASKED {
        return Cow::Borrowed(text);
    }
    let mut masked = Cow::Borrowed(text);
    let spellings = [Cow::Borrowed(secret), percent_encoded(secret), on_one_line(secret)];
    for (n, spelling) in spellings.iter().enumerate() {
        if spellings[..n].contains(spelling) {
            continue;
        }
        if masked.contains(&**spelling) {
            masked = Cow::Owned(masked.replace(&**spelling, &mask(secret)));
        }
        if let Some(start) = cut_off_in(&masked, spelling) {
            masked = Cow::Owned(format!("{}{}", &masked[..start], mask(secret)));
        }
    }
    masked
}

/// Where the beginning of a secret stands at the end of a text that was cut off within it.
fn cut_off_in(text: &str, secret: &str) -> Option<usize> {
    let kept = text.strip_suffix('…')?;
    let ends = secret.char_indices().map(|(end, _)| end).filter(|end| *end > SHORTEST_MASKED);
    let longest = ends.rev().find(|end| kept.ends_with(&secret[..*end]))?;
    Some(kept.len() - longest)
}

/// As it stands in a URL.
fn percent_encoded(secret: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if secret.bytes().all(is_plain) {
        return Cow::Borrowed(secret);
    }
    let encode = |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{:02X}", byte) };
    Cow::Owned(secret.bytes().map(encode).collect())
}

/// As it stands in a message, whose line breaks have become spaces: a private key has many.
fn on_one_line(secret: &str) -> Cow<'_, str> {
    if !secret.contains(char::is_whitespace) {
        return Cow::Borrowed(secret);
    }
    Cow::Owned(secret.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn mask(secret: &str) -> String {
    let shown = if secret.chars().count() < SHORTEST_SHOWN { 0 } else { 4 };
    secret.chars().take(shown).chain(Some('…')).collect()
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.secret.is_empty() {
            f.write_str(self.id())
        } else {
            write!(f, "{} ({})", self.id(), mask(&self.0.secret))
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("provider", &self.provider())
            .field("id", &self.id())
            .field("secret", &mask(&self.0.secret))
            .finish()
    }
}

// Lets `AuthGuard::new` take `&Credential` (one per client, many operations) and `Credential` alike.
impl<'a> From<&'a Credential> for Cow<'a, Credential> {
    #[inline]
    fn from(credential: &'a Credential) -> Self {
        Cow::Borrowed(credential)
    }
}

impl From<Credential> for Cow<'_, Credential> {
    #[inline]
    fn from(credential: Credential) -> Self {
        Cow::Owned(credential)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "sk-proj-0123456789abcdef";

    #[test]
    fn no_way_of_printing_shows_the_secret() {
        let key = Credential::new("openai", format!("id of {}", SECRET), SECRET);
        for shown in [format!("{:?}", key), format!("{:#?}", key), format!("{}", key)] {
            assert!(!shown.contains(SECRET), "{}", shown);
            assert!(shown.contains("sk-p…"), "{}", shown);
        }
    }

    #[test]
    fn a_short_secret_shows_nothing_at_all() {
        assert_eq!(Credential::new("p", "id", "hunter2").to_string(), "id (…)");
        assert_eq!(Credential::ambient("p", "id").to_string(), "id");
    }

    #[test]
    fn entries_and_secrets_are_different_identities() {
        let a = Credential::new("p", "a", SECRET);
        assert!(a.is_same_entry(&a.renewed("other")));
        assert!(!a.is_same_secret(&a.renewed("other")));
        assert!(a.is_same_secret(&Credential::new("p", "b", SECRET)));
        assert!(!a.is_same_secret(&Credential::new("q", "a", SECRET)));
        let ambient = Credential::ambient("p", "a");
        assert!(ambient.is_same_secret(&ambient.clone()));
        assert!(!ambient.is_same_secret(&Credential::ambient("p", "b")));
    }
}
