//! From what a service said to a [`Class`](crate::Class): one file per language services speak.
//!
//! The order of evidence is the same everywhere: typed status first, then machine-readable codes, then
//! narrow phrases of text. Text alone is asked last, when there is no status at all.

mod body;
mod evidence;
mod grpc;
mod http;
mod oauth;
mod retry_after;
mod text;

pub use self::grpc::grpc;
pub use self::http::HttpAnswer;
pub use self::oauth::oauth;
pub use self::retry_after::{http_date, retry_after};
pub use self::text::text;
