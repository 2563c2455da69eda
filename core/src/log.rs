//! Log lines and metrics for the operator. Nothing here comes from a header or from the payload.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[cfg(feature = "metrics")]
use crate::metrics::Metrics;
use crate::{Error, ErrorKind, Verified};

const TARGET: &str = "trackingmore_webhook";

/// The log of a verifier, shared by its clones. Each decision is reported once, where it is made.
pub(crate) struct Log {
    name: Option<String>,
    /// How many requests in a row had a well-formed signature that matches no secret.
    mismatches: AtomicUsize,
    #[cfg(feature = "metrics")]
    metrics: Metrics,
}

impl Log {
    pub(crate) fn new(name: Option<String>) -> Self {
        Self {
            #[cfg(feature = "metrics")]
            metrics: Metrics::new(name.as_deref().unwrap_or_default()),
            mismatches: AtomicUsize::new(0),
            name,
        }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    #[inline]
    pub(crate) fn accepted(&self, verified: &Verified, age: Option<i64>) {
        self.end_mismatches();
        #[cfg(feature = "metrics")]
        self.metrics.accepted(age);
        tracing::debug!(
            target: TARGET,
            verifier = self.name(),
            scheme = ?verified.scheme,
            age_seconds = age,
            secret_index = verified.secret_index,
            "delivery accepted"
        );
    }

    /// Refuses a request without a valid signature. It may come from a scanner, and so may millions
    /// more.
    pub(crate) fn refused(&self, error: &Error) {
        #[cfg(feature = "metrics")]
        self.metrics.refused(error.kind(), None);
        tracing::debug!(
            target: TARGET,
            verifier = self.name(),
            code = error.code(),
            "request refused: {error}"
        );
        if error.kind() == ErrorKind::SignatureMismatch {
            self.count_mismatch();
        }
    }

    /// Refuses a request whose signature is valid: it may be a lost delivery.
    pub(crate) fn refused_though_valid(&self, error: &Error, age: Option<i64>) {
        self.end_mismatches();
        #[cfg(feature = "metrics")]
        self.metrics.refused(error.kind(), age);
        tracing::warn!(
            target: TARGET,
            verifier = self.name(),
            code = error.code(),
            age_seconds = age,
            "valid signature, but refused: {error}"
        );
    }

    /// Warns at 10 mismatches, 100, 1,000 and so on, so that a scanner cannot fill the log.
    fn count_mismatch(&self) {
        let count = self.mismatches.fetch_add(1, Relaxed).wrapping_add(1);
        if count >= 10 && count == 10_usize.pow(count.ilog10()) {
            tracing::warn!(
                target: TARGET,
                verifier = self.name(),
                in_a_row = count,
                "signatures match no configured secret, {count} in a row: check that the secret \
                 is that of this webhook and environment"
            );
        }
    }

    #[inline]
    fn end_mismatches(&self) {
        // Reads first, since a write at each delivery would move the cache line between processors.
        if self.mismatches.load(Relaxed) != 0 {
            self.mismatches.store(0, Relaxed);
        }
    }
}

pub(crate) fn not_configured(error: &Error, advice: &str) {
    #[cfg(feature = "metrics")]
    Metrics::new("").refused(error.kind(), None);
    tracing::error!(target: TARGET, code = error.code(), "{error}: {advice}");
}
