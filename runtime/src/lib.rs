//! Stop retrying with a dead API key.
