use std::time::UNIX_EPOCH;

use trackingmore_webhook::VerifiedBody;
use trackingmore_webhook_inbox::{BoxError, Done, Engine, Inbox, Job};

/// A new database with an inbox in it, and the same written by hand.
pub trait Database: Clone + Send + Sync + 'static {
    type Engine: Engine;

    const NAME: &str;
    /// How a delivery is stored by hand.
    const BY_HAND: &str;

    fn inbox(&self) -> &Inbox<Self::Engine>;

    /// Stores a delivery by hand.
    fn store(&self, body: VerifiedBody) -> impl Future<Output = ()> + Send;

    /// Handles a job of the inbox, with an effect in its transaction.
    fn handle(job: Job<Self::Engine>) -> impl Future<Output = Result<Done, BoxError>> + Send;

    /// Claims, reads and marks one delivery that was stored by hand, with the same effect.
    fn handle_by_hand(&self) -> impl Future<Output = ()> + Send;

    /// Puts `count` deliveries into the inbox, each about its own parcel.
    fn fill(&self, count: u64, content: Content) -> impl Future<Output = ()> + Send;

    /// The size of the inbox on the disk, in bytes.
    fn size(&self) -> impl Future<Output = f64> + Send;
}

/// What a database is filled with.
#[derive(Clone, Copy, PartialEq)]
pub enum Content {
    /// Parcels that wait for a worker.
    Waiting,
    /// Deliveries that were handled.
    Handled,
    /// Deliveries that were handled so long ago that pruning erases everything about them.
    Old,
}

impl Content {
    pub fn received_at(self) -> i64 {
        const TWO_YEARS: i64 = 2 * 365 * 24 * 60 * 60 * 1000;
        match self {
            Self::Waiting | Self::Handled => now(),
            Self::Old => now() - TWO_YEARS,
        }
    }
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    let since = UNIX_EPOCH.elapsed().expect("a clock");
    i64::try_from(since.as_millis()).expect("a clock")
}
