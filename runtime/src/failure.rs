//! What is known about one failed attempt, and how an error type says it.

use crate::credential::Credential;
use crate::Class;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Longer messages are cut: they are server pages, not sentences.
const LONGEST_MESSAGE: usize = 500;

/// How an error says what failed: its [`Class`], and whatever else it knows.
///
/// `Failure` and `std::io::Error` implement it here, HTTP and gRPC types behind features, and an
/// application's own error in a few lines:
///
/// ```
/// use failfast::{Class, Classify, Failure};
///
/// #[derive(Debug)]
/// enum ChatError { Status(u16, String), Timeout }
/// # impl std::fmt::Display for ChatError {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{:?}", self) }
/// # }
/// # impl std::error::Error for ChatError {}
///
/// impl Classify for ChatError {
///     fn classify(&self) -> Failure {
///         match self {
///             ChatError::Status(status, body) => Failure::from_http(*status, &[], body),
///             ChatError::Timeout => Failure::new(Class::Transient).with_message("timed out"),
///         }
///     }
/// }
///
/// assert_eq!(ChatError::Status(401, String::new()).classify().class(), Class::Auth);
/// ```
pub trait Classify {
    /// What failed.
    fn classify(&self) -> Failure;

    /// The same, keeping the error itself as the failure's source.
    fn into_failure(self) -> Failure
    where
        Self: Error + Send + Sync + Sized + 'static,
    {
        let failure = self.classify();
        if failure.0.source.is_some() {
            failure
        } else {
            failure.with_source(self)
        }
    }
}

/// One failed attempt: its class, and everything worth telling a person about it.
///
/// A `Failure` can be an application's error type by itself, or what its error type turns into
/// through [`Classify`]. It is one pointer wide, and cheap to clone.
#[derive(Clone)]
pub struct Failure(Box<Facts>);

#[derive(Clone)]
struct Facts {
    class: Class,
    status: Option<u16>,
    provider: Option<String>,
    model: Option<String>,
    endpoint: Option<String>,
    message: String,
    context: Vec<(String, String)>,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure of this class with nothing else known about it.
    pub fn new(class: Class) -> Self {
        Failure(Box::new(Facts {
            class,
            status: None,
            provider: None,
            model: None,
            endpoint: None,
            message: String::new(),
            context: Vec::new(),
            retry_after: None,
            source: None,
        }))
    }

    /// A failed HTTP answer, classified by [`HttpAnswer`](crate::HttpAnswer).
    ///
    /// Header names are compared without regard to case. Without the body a 403 cannot be told apart:
    /// pass what there is of it.
    pub fn from_http(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        crate::HttpAnswer { status, headers, body }.classify()
    }

    /// A failure of which at most the HTTP status is known; without one no answer came, and that may pass.
    ///
    /// ```
    /// # use failfast::{Class, Failure};
    /// assert_eq!(Failure::from_status(401).class(), Class::Auth);
    /// assert_eq!(Failure::from_status(None).class(), Class::Transient);
    /// ```
    pub fn from_status(status: impl Into<Option<u16>>) -> Self {
        match status.into() {
            Some(status) => Failure::from_http(status, &[], ""),
            None => Failure::new(Class::Transient),
        }
    }

    /// Replaces the class: for a caller who knows better.
    pub fn with_class(mut self, class: Class) -> Self {
        self.0.class = class;
        self
    }

    /// The HTTP status, 100 to 999.
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The service that failed. A guard fills it in from the credential if it is missing.
    pub fn with_provider(mut self, provider: impl Into<String>) -> Self {
        self.0.provider = Some(provider.into());
        self
    }

    /// The model, table, bucket or whatever else the provider was asked for.
    pub fn with_model(mut self, model: impl Into<String>) -> Self {
        self.0.model = Some(model.into());
        self
    }

    /// Where the request went. The query, the fragment and any `user:password@` are dropped:
    /// they carry secrets.
    pub fn with_endpoint(mut self, url: impl AsRef<str>) -> Self {
        self.0.endpoint = Some(without_secret_parts(url.as_ref()));
        self
    }

    /// What the service said. Line breaks become spaces; all after 500 characters is cut.
    pub fn with_message(mut self, message: impl AsRef<str>) -> Self {
        self.0.message = one_line(message.as_ref());
        self
    }

    /// One more fact to keep, a request id for example.
    pub fn with_context(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.context.push((name.into(), value.into()));
        self
    }

    /// How long the service asked to be left alone (`Retry-After`, or the reset of a limit).
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// The error underneath.
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// What kind of failure this is.
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// The HTTP status, if the service answered with one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The service that failed.
    pub fn provider(&self) -> Option<&str> {
        self.0.provider.as_deref()
    }

    /// The model, or whatever else was asked for.
    pub fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    /// Where the request went, without query and user info.
    pub fn endpoint(&self) -> Option<&str> {
        self.0.endpoint.as_deref()
    }

    /// What the service said, on one line. May be empty.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Further facts, in the order they were added.
    pub fn context(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.context.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How long the service asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// A copy with `credential`'s secret masked wherever a server or a URL repeated it.
    ///
    /// [`AuthGuard`](crate::AuthGuard) does this to all it returns. A source that would print the secret
    /// is replaced by its text, masked, and can no longer be downcast; any other stays as it is.
    pub fn without_secret_of(mut self, credential: &Credential) -> Self {
        let facts = &mut *self.0;
        let texts = [&mut facts.provider, &mut facts.model, &mut facts.endpoint];
        for text in texts.into_iter().flatten() {
            mask(text, credential);
        }
        mask(&mut facts.message, credential);
        for (name, value) in &mut facts.context {
            mask(name, credential);
            mask(value, credential);
        }
        if let Some(masked) = facts.source.as_deref().and_then(|source| MaskedSource::of(source, credential)) {
            facts.source = Some(Arc::new(masked));
        }
        self
    }
}

/// What is left of a source, and of the sources below it, that would have printed a secret.
struct MaskedSource(String);

impl MaskedSource {
    fn of(source: &(dyn Error + 'static), credential: &Credential) -> Option<Self> {
        let mut prints_secret = false;
        let mut texts = Vec::new();
        let mut below = Some(source);
        while let Some(error) = below {
            below = error.source();
            let text = error.to_string();
            prints_secret |= matches!(credential.mask_in(&text), Cow::Owned(_));
            prints_secret |= matches!(credential.mask_in(&format!("{:?}", error)), Cow::Owned(_));
            texts.push(text);
        }
        prints_secret.then(|| MaskedSource(credential.mask_in(&texts.join(": ")).into_owned()))
    }
}

impl fmt::Display for MaskedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MaskedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for MaskedSource {}

fn mask(text: &mut String, credential: &Credential) {
    if let Cow::Owned(masked) = credential.mask_in(text) {
        *text = masked;
    }
}

fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > 4 * LONGEST_MESSAGE {
            break;
        }
    }
    match line.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => {
            line.truncate(end);
            line.push('…');
            line
        }
        None => line,
    }
}

fn without_secret_parts(url: &str) -> String {
    let path = url.split(|c| c == '?' || c == '#').next().unwrap_or("");
    let (scheme, rest) = match path.find("://") {
        Some(end) => path.split_at(end + 3),
        None => ("", path),
    };
    let authority_end = rest.find('/').unwrap_or(rest.len());
    match rest[..authority_end].rfind('@') {
        Some(at) => format!("{}{}", scheme, &rest[at + 1..]),
        None => path.to_owned(),
    }
}

impl Classify for Failure {
    fn classify(&self) -> Failure {
        self.clone()
    }

    fn into_failure(self) -> Failure {
        self
    }
}

/// Failures of a connection are transient; all others (a missing file, a full disk) are fatal.
impl Classify for std::io::Error {
    fn classify(&self) -> Failure {
        use std::io::ErrorKind::*;
        let class = match self.kind() {
            ConnectionRefused | ConnectionReset | ConnectionAborted | NotConnected | BrokenPipe | TimedOut
            | WouldBlock | Interrupted | UnexpectedEof => Class::Transient,
            _ => Class::Fatal,
        };
        Failure::new(class).with_message(self.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status() {
            Some(status) => write!(f, "HTTP {}", status)?,
            None => write!(f, "{}", self.class())?,
        }
        if !self.message().is_empty() {
            write!(f, ": {}", self.message())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = &*self.0;
        // Not the source: its text may hold a URL or a header, and with it the key.
        f.debug_struct("Failure")
            .field("class", &facts.class)
            .field("status", &facts.status)
            .field("provider", &facts.provider)
            .field("model", &facts.model)
            .field("endpoint", &facts.endpoint)
            .field("message", &facts.message)
            .field("context", &facts.context)
            .field("retry_after", &facts.retry_after)
            .finish_non_exhaustive()
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_keeps_no_place_where_keys_live() {
        let cases = [
            ("https://h/v1/x?key=SECRET#frag", "https://h/v1/x"),
            ("https://user:SECRET@h:8080/v1", "https://h:8080/v1"),
            ("https://h/@scope/package", "https://h/@scope/package"),
            ("https://h", "https://h"),
            ("SECRET@h/path", "h/path"),
            ("/v1/chat", "/v1/chat"),
            ("", ""),
        ];
        for (url, kept) in cases {
            let failure = Failure::new(Class::Fatal).with_endpoint(url);
            assert_eq!(failure.endpoint(), Some(kept));
        }
    }

    #[test]
    fn a_message_is_one_line_of_bounded_length() {
        let failure = Failure::new(Class::Fatal).with_message("  a\r\n b\t\tc ");
        assert_eq!(failure.message(), "a b c");
        let failure = Failure::new(Class::Fatal).with_message("ü".repeat(10_000));
        assert_eq!(failure.message().chars().count(), LONGEST_MESSAGE + 1);
        let failure = Failure::new(Class::Fatal).with_message("ü ".repeat(10_000));
        assert_eq!(failure.message().chars().count(), LONGEST_MESSAGE + 1);
    }

    #[test]
    fn an_error_becomes_its_failures_source_unless_it_brought_one() {
        let error = std::io::Error::new(std::io::ErrorKind::TimedOut, "slow");
        let failure = error.into_failure();
        assert_eq!(failure.class(), Class::Transient);
        let source = failure.source().and_then(|s| s.downcast_ref::<std::io::Error>());
        assert_eq!(source.map(|e| e.kind()), Some(std::io::ErrorKind::TimedOut));

        assert!(Failure::new(Class::Auth).into_failure().source().is_none());
    }

    #[test]
    fn a_masked_failure_shows_the_secret_nowhere() {
        let secret = "sk-live-abcdefghijkl";
        let key = Credential::new("p", "id", secret);
        let failure = Failure::new(Class::Auth)
            .with_provider(secret)
            .with_model(format!("m-{}", secret))
            .with_endpoint(format!("https://h/{}/x", secret))
            .with_message(format!("bad key {} {}", secret, secret))
            .with_context(secret, secret)
            .without_secret_of(&key);
        let shown = format!("{:?} {}", failure, failure);
        assert!(!shown.contains(secret), "{}", shown);
        assert!(shown.contains("bad key sk-l… sk-l…"), "{}", shown);
    }
}
