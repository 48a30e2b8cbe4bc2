//! What one request needs to know: which key to carry, and whether to trust the old connection.

use crate::Credential;
use std::borrow::Cow;
use std::fmt;

/// One request about to be sent. Build the request from it, every time: that is how a rotated or
/// refreshed key reaches the wire.
#[derive(Clone)]
pub struct Attempt<'a> {
    pub(crate) credential: Cow<'a, Credential>,
    pub(crate) number: u32,
    pub(crate) fresh_connection: bool,
}

impl Attempt<'_> {
    /// The credential to send.
    #[inline]
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Its secret, for the `Authorization` header. Never log it.
    #[inline]
    pub fn secret(&self) -> &str {
        self.credential.expose_secret()
    }

    /// Which request of the operation this is, from 1.
    #[inline]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Whether to use a new connection: a pooled one may end at a server that is itself the trouble.
    #[inline]
    pub fn fresh_connection(&self) -> bool {
        self.fresh_connection
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("credential", &*self.credential)
            .field("number", &self.number)
            .field("fresh_connection", &self.fresh_connection)
            .finish()
    }
}
