use std::time::SystemTime;

use crate::Scheme;

/// What was proved about a request. Comes only from a [`Verifier`](crate::Verifier).
#[derive(Clone, Copy, Debug)]
pub struct Verified {
    pub(crate) scheme: Scheme,
    pub(crate) timestamp: Option<SystemTime>,
    pub(crate) secret_index: usize,
}

impl Verified {
    /// Returns which of the two documented forms the signature was made in.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns whether the signature covers the body. It does not in [`Scheme::Timestamp`]: there,
    /// ask TrackingMore's API before you act on a body in a way that costs money.
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

    /// Returns which secret matched, counted from 0 in the order in which they were configured.
    #[must_use]
    pub fn secret_index(&self) -> usize {
        self.secret_index
    }
}
