use std::time::SystemTime;

use crate::Scheme;

/// What was proved about a request. Only a [`Verifier`](crate::Verifier) can create it.
#[derive(Clone, Copy, Debug)]
pub struct Verified {
    pub(crate) scheme: Scheme,
    pub(crate) timestamp: Option<SystemTime>,
    pub(crate) secret_index: usize,
}

impl Verified {
    /// Returns the documented form in which the signature was made.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns whether the signature covers the body. In [`Scheme::Timestamp`] it does not: ask
    /// TrackingMore's API before you act on such a body in a way that costs money.
    #[must_use]
    pub fn covers_body(&self) -> bool {
        self.scheme == Scheme::Body
    }

    /// Returns the time that was signed; `None` in [`Scheme::Body`], where a timestamp proves
    /// nothing.
    #[must_use]
    pub fn timestamp(&self) -> Option<SystemTime> {
        self.timestamp
    }

    /// Returns the index of the secret that matched, counted from 0 in the order of configuration.
    #[must_use]
    pub fn secret_index(&self) -> usize {
        self.secret_index
    }
}
