use std::time::Duration;

use crate::{
    Engine, Inbox, InboxError,
    inbox::Shared,
    time::wall_clock,
};

/// How much there is in an inbox, over all accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Parcels with news that waits for a worker, or for the time of a retry.
    pub pending: u64,
    /// Parcels whose handler runs.
    pub running: u64,
    /// Parcels whose last allowed attempt failed.
    pub dead: u64,
    /// Deliveries that are no events.
    pub unread: u64,
    /// Deliveries that are kept, or whose ids are.
    pub stored: u64,
    /// How long ago the oldest news arrived that is pending or running.
    pub oldest_pending: Option<Duration>,
}

impl<DB: Engine> Inbox<DB> {
    /// Counts what is in the inbox.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::InboxErrorKind::Database).
    pub async fn stats(&self) -> Result<Stats, InboxError> {
        Ok(count(self.shared()).await?)
    }
}

pub(crate) async fn count<DB: Engine>(shared: &Shared<DB>) -> Result<Stats, sqlx::Error> {
    let mut connection = DB::reader(&shared.base).acquire().await?;
    let mut one = async |sql| {
        let rows = DB::run(&mut connection, sql, Vec::new()).await?;
        rows.into_iter().next().ok_or(sqlx::Error::RowNotFound)
    };
    let parcels = one(DB::sql().count_parcels).await?;
    let fresh = one(DB::sql().count_fresh).await?;
    let deliveries = one(DB::sql().count_deliveries).await?;
    let count = |count: i64| u64::try_from(count).unwrap_or_default();
    let oldest = [parcels.maybe_int(3)?, fresh.maybe_int(1)?];
    let oldest = oldest.into_iter().flatten().min();
    Ok(Stats {
        pending: count(parcels.int(0)?) + count(fresh.int(0)?),
        running: count(parcels.int(1)?),
        dead: count(parcels.int(2)?),
        unread: count(deliveries.int(0)?),
        stored: count(deliveries.int(1)?),
        oldest_pending: oldest.map(|since| Duration::from_millis(count(wall_clock() - since))),
    })
}
