use std::time::Duration;

use crate::{Engine, Inbox, InboxError, inbox::Shared, store::Arg, time::wall_clock};

/// The contents of an inbox in numbers, over all accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Parcels with news that waits for a worker or a retry.
    pub pending: u64,
    /// Parcels that a handler is working on.
    pub running: u64,
    /// Parcels whose last allowed attempt failed.
    pub dead: u64,
    /// Deliveries that are not events.
    pub unread: u64,
    /// Deliveries that are kept, or whose ids are.
    pub stored: u64,
    /// The age of the oldest news that is pending or running.
    pub oldest_pending: Option<Duration>,
}

impl<DB: Engine> Inbox<DB> {
    /// Counts the contents of the inbox.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::InboxErrorKind::Database).
    pub async fn stats(&self) -> Result<Stats, InboxError> {
        Ok(count(self.shared(), true).await?)
    }
}

/// Counts the contents. With `with_stored`, this takes long if millions of deliveries are stored.
pub(crate) async fn count<DB: Engine>(
    shared: &Shared<DB>,
    with_stored: bool,
) -> Result<Stats, sqlx::Error> {
    let mut connection = DB::pool(&shared.base).acquire().await?;
    let args = vec![Arg::Flag(with_stored)];
    let rows = DB::run(&mut connection, DB::sql().stats, args).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let count = |count: i64| u64::try_from(count).unwrap_or_default();
    let oldest = [row.maybe_int(5)?, row.maybe_int(6)?];
    let oldest = oldest.into_iter().flatten().min();
    Ok(Stats {
        pending: count(row.int(0)?) + count(row.int(7)?),
        running: count(row.int(1)?),
        dead: count(row.int(2)?),
        unread: count(row.int(3)?),
        stored: count(row.int(4)?),
        oldest_pending: oldest.map(|since| Duration::from_millis(count(wall_clock() - since))),
    })
}
