use std::time::Duration;

use crate::{InboxError, InboxErrorKind};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Retries take up to 5.7 days (`RetrySchedule::formula`). The vendor's dashboard shows the last 30
/// days of webhooks; whether it can send one again is not documented.
const LEAST_IDS: Duration = DAY.saturating_mul(30);

/// How an inbox accepts deliveries, and how long it keeps them.
///
/// Opening an inbox checks them.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use trackingmore_webhook_inbox::InboxOptions;
///
/// let options = InboxOptions::new()
///     .accept_deadline(Duration::from_secs(3))
///     .keep_bodies(Duration::from_secs(7 * 24 * 60 * 60));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct InboxOptions {
    pub(crate) accept_deadline: Duration,
    pub(crate) queue_count: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) keep_ids: Duration,
    pub(crate) keep_bodies: Duration,
    pub(crate) keep_parcels: Duration,
}

impl InboxOptions {
    /// The defaults, which suit most receivers.
    pub fn new() -> Self {
        Self {
            accept_deadline: Duration::from_secs(5),
            queue_count: 4_096,
            queue_bytes: 64 * 1024 * 1024,
            keep_ids: LEAST_IDS,
            keep_bodies: LEAST_IDS,
            keep_parcels: DAY * 365,
        }
    }

    /// Sets how long storing a delivery may take before it is an error; 5 seconds by default.
    ///
    /// This includes waiting in the queue, for the database's lock and for its commit.
    pub fn accept_deadline(mut self, deadline: Duration) -> Self {
        self.accept_deadline = deadline;
        self
    }

    /// Sets how many deliveries, and how many bytes of them, may wait to be stored; 4,096 and 64
    /// MiB by default. The bytes are those of the body, and those of its tracking numbers and
    /// couriers again. If the queue is full, accepting a delivery fails at once.
    pub fn queue(mut self, count: usize, bytes: usize) -> Self {
        self.queue_count = count;
        self.queue_bytes = bytes;
        self
    }

    /// Sets how long the ids of deliveries are kept, by which duplicates are recognised; 30 days by
    /// default, which is also the minimum.
    pub fn keep_ids(mut self, keep: Duration) -> Self {
        self.keep_ids = keep;
        self
    }

    /// Sets how long the bodies of handled deliveries are kept; 30 days by default, and never
    /// longer than their parcels.
    pub fn keep_bodies(mut self, keep: Duration) -> Self {
        self.keep_bodies = keep;
        self
    }

    /// Sets how long the state of a parcel is kept after its last delivery; 365 days by default. It
    /// must be at least as long as ids are kept. Without the state, a late delivery of an old state
    /// would look like the first one.
    pub fn keep_parcels(mut self, keep: Duration) -> Self {
        self.keep_parcels = keep;
        self
    }

    /// The accept deadline, limited to what the databases' clocks can add to now.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn patience(&self) -> Duration {
        self.accept_deadline.min(DAY)
    }

    pub(crate) fn check(&self) -> Result<(), InboxError> {
        let wrong = if self.accept_deadline.is_zero() {
            "the accept deadline is 0: set at least some milliseconds"
        } else if self.queue_count == 0 || self.queue_bytes == 0 {
            "the queue has no room: allow at least one delivery and its bytes"
        } else if self.keep_ids < LEAST_IDS {
            "keep_ids is less than 30 days, and a delivery might come again until then"
        } else if self.keep_parcels < self.keep_ids {
            "keep_parcels is less than keep_ids, so that old deliveries would look new"
        } else {
            return Ok(());
        };
        Err(InboxError::with_detail(
            InboxErrorKind::InvalidOptions,
            wrong,
        ))
    }
}

impl Default for InboxOptions {
    fn default() -> Self {
        Self::new()
    }
}
