//! What the operator is told. Nothing here is taken from a header or from the payload.

use crate::{Error, Verified};

const TARGET: &str = "trackingmore_webhook";

/// `proven` tells that the signature was right: such a refusal may be a lost delivery and deserves
/// a warning, while the others may be a scanner's and come by the million.
pub(crate) fn refused(error: &Error, proven: bool) {
    if proven {
        tracing::warn!(target: TARGET, code = error.code(), "rightly signed, but {error}");
    } else {
        tracing::debug!(target: TARGET, code = error.code(), "request refused: {error}");
    }
}

#[inline]
pub(crate) fn accepted(verified: &Verified, age: Option<i64>) {
    tracing::debug!(
        target: TARGET,
        scheme = ?verified.scheme,
        age_seconds = age,
        secret_index = verified.secret_index,
        "delivery accepted"
    );
}
