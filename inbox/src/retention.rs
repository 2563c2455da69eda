//! Retention: erases what is old enough, in small steps.

use std::{sync::Arc, time::Duration};

use crate::{
    Engine, Inbox, InboxError, InboxOptions,
    inbox::Shared,
    store::{Arg, Purpose, Tx},
};

/// How often a worker prunes.
const INTERVAL: Duration = Duration::from_secs(60);

/// Rows that one transaction erases.
const STEP: i64 = 256;

/// What [`Inbox::prune`] erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// Bodies of deliveries whose ids are still kept.
    pub bodies: u64,
    /// Deliveries, with their ids.
    pub deliveries: u64,
    /// Parcels, with the state that was handled last.
    pub parcels: u64,
}

impl<DB: Engine> Inbox<DB> {
    /// Erases what has been kept for long enough, in small transactions, and returns how much that
    /// was. A worker does so once a minute.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::InboxErrorKind::Database).
    pub async fn prune(&self) -> Result<Pruned, InboxError> {
        Ok(prune(self.shared()).await?)
    }
}

/// Prunes for as long as this future is polled.
pub(crate) async fn keep_pruning<DB: Engine>(shared: Arc<Shared<DB>>) {
    loop {
        if let Err(error) = prune(&shared).await {
            tracing::warn!(%error, "the inbox could not be pruned");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn prune<DB: Engine>(shared: &Shared<DB>) -> Result<Pruned, sqlx::Error> {
    let InboxOptions {
        keep_ids,
        keep_bodies,
        keep_parcels,
        ..
    } = shared.options;
    let mut pruned = Pruned::default();
    let statements = [
        // Without its parcel, a body could not be forgotten.
        (
            DB::sql().drop_bodies,
            keep_bodies.min(keep_parcels),
            &mut pruned.bodies,
        ),
        (DB::sql().drop_unread, keep_parcels, &mut pruned.deliveries),
        (DB::sql().drop_forgotten, keep_ids, &mut 0),
    ];
    for (sql, keep, count) in statements {
        loop {
            let mut tx = DB::begin(&shared.base, Purpose::Work).await?;
            let args = vec![Arg::before(keep), Arg::Int(STEP)];
            let dropped = tx.run(sql, args).await?.len();
            tx.commit().await?;
            *count += dropped as u64;
            if dropped < STEP as usize {
                break;
            }
        }
    }
    loop {
        let dropped = drop_parcels(shared, keep_parcels).await?;
        pruned.parcels += dropped as u64;
        if dropped < STEP as usize {
            break;
        }
    }
    let mut after = Some(0);
    while let Some(seq) = after {
        let dropped;
        (after, dropped) = drop_deliveries(shared, seq, keep_ids).await?;
        pruned.deliveries += dropped as u64;
    }
    Ok(pruned)
}

/// Erases the oldest parcels, at most [`STEP`]. Returns how many.
async fn drop_parcels<DB: Engine>(
    shared: &Shared<DB>,
    keep: Duration,
) -> Result<usize, sqlx::Error> {
    let mut tx = DB::begin(&shared.base, Purpose::Work).await?;
    let args = vec![Arg::before(keep), Arg::Int(STEP)];
    let rows = tx.run(DB::sql().old_parcels, args).await?;
    let ids = rows.iter().map(|row| row.int(0));
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    let dropped = ids.len();
    run_each(
        &mut tx,
        [
            DB::sql().erase_news,
            DB::sql().erase_known,
            DB::sql().erase_parcels,
        ],
        ids,
    )
    .await?;
    tx.commit().await?;
    Ok(dropped)
}

/// Erases the next deliveries that are old and completely handled. Returns the number after which
/// to go on, and how many were erased.
async fn drop_deliveries<DB: Engine>(
    shared: &Shared<DB>,
    after: i64,
    keep: Duration,
) -> Result<(Option<i64>, usize), sqlx::Error> {
    let mut tx = DB::begin(&shared.base, Purpose::Work).await?;
    let args = vec![Arg::Int(after), Arg::Int(STEP), Arg::before(keep)];
    let mut next = None;
    let mut seqs = Vec::new();
    for row in tx.run(DB::sql().oldest_deliveries, args).await? {
        let (is_old, is_free) = (row.flag(1)?, row.flag(2)?);
        if !is_old {
            next = None;
            break;
        }
        next = Some(row.int(0)?);
        if is_free {
            seqs.push(row.int(0)?);
        }
    }
    let dropped = seqs.len();
    let statements = [DB::sql().drop_news, DB::sql().drop_deliveries];
    run_each(&mut tx, statements, seqs).await?;
    tx.commit().await?;
    Ok((next, dropped))
}

async fn run_each<DB: Engine, const N: usize>(
    tx: &mut Tx<DB>,
    statements: [&'static str; N],
    rows: Vec<i64>,
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    for sql in statements {
        tx.run(sql, vec![Arg::Ints(rows.clone())]).await?;
    }
    Ok(())
}
