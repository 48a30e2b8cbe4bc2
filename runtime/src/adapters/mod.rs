//! One thin file per foreign crate, each behind the feature of its name.
//!
//! They only translate: what a foreign error means is decided in `classify`, what follows from it in
//! `guard`.

#[cfg(feature = "backon")]
pub mod backon;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "reqwest")]
pub mod reqwest;
#[cfg(feature = "tonic")]
mod tonic;
#[cfg(feature = "tower")]
pub mod tower;

/// Of a longer body only the beginning is read: error bodies are short, and those that are not are no
/// error bodies.
#[cfg(any(feature = "http", feature = "reqwest"))]
const LONGEST_BODY: usize = 16 * 1024;

/// Classifies an answer whose headers and body are bytes. Headers that are no text are left out.
#[cfg(any(feature = "http", feature = "reqwest"))]
fn failure_of<'h>(status: u16, headers: impl Iterator<Item = (&'h str, &'h [u8])>, body: &[u8]) -> crate::Failure {
    let text = |(name, value)| Some((name, std::str::from_utf8(value).ok()?));
    let headers: Vec<(&str, &str)> = headers.filter_map(text).collect();
    let body = &body[..body.len().min(LONGEST_BODY)];
    crate::Failure::from_http(status, &headers, &String::from_utf8_lossy(body))
}
