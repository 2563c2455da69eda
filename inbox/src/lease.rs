//! Leases: a running job belongs to this process for a limited time, which it renews. The jobs of a
//! process that died are free when their leases end.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    Engine,
    inbox::Shared,
    mark::{self, Next, Taken, Ticket},
    store::{Arg, Purpose},
    worker::Settings,
};

/// How many parcels of dead processes one transaction frees.
const STEP: i64 = 100;

/// The attempts that run in this process, each a parcel and its claim.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Arc<Mutex<HashSet<(i64, i64)>>>);

/// Keeps the lease of one attempt for as long as it lives; a panic drops it too.
#[derive(Debug)]
pub(crate) struct Hold {
    held: Held,
    attempt: (i64, i64),
}

impl Held {
    pub(crate) fn hold(&self, ticket: &Ticket) -> Hold {
        let attempt = (ticket.parcel, ticket.claim);
        self.lock().insert(attempt);
        let held = self.clone();
        Hold { held, attempt }
    }

    fn parcels(&self) -> Vec<i64> {
        self.lock().iter().map(|(parcel, _)| *parcel).collect()
    }

    fn rows(&self) -> Vec<Value> {
        let held = self.lock();
        let rows = held.iter().map(|(parcel, claim)| json!([parcel, claim]));
        rows.collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<(i64, i64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.held.lock().remove(&self.attempt);
    }
}

/// Renews the leases of running jobs for as long as this future is polled.
pub(crate) async fn keep<DB: Engine>(shared: Arc<Shared<DB>>, held: Held, lease: Duration) {
    loop {
        tokio::time::sleep(lease / 3).await;
        let rows = held.rows();
        if rows.is_empty() {
            continue;
        }
        if let Err(error) = renew(&shared, rows, lease).await {
            tracing::warn!(%error, "the leases of running jobs could not be renewed");
        }
    }
}

async fn renew<DB: Engine>(
    shared: &Shared<DB>,
    rows: Vec<Value>,
    lease: Duration,
) -> Result<(), sqlx::Error> {
    let mut tx = DB::begin(&shared.base, Purpose::Renew).await?;
    let args = vec![Arg::Text(Value::from(rows).to_string()), Arg::after(lease)];
    tx.run(DB::sql().renew, args).await?;
    tx.commit().await
}

/// Which running attempts count as those of a process that died.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Orphans {
    /// All.
    All,
    /// Those whose lease has ended.
    Expired,
}

/// Retries the jobs of processes that died, each alone: one of them may have killed the process,
/// and must not take the others with it again.
pub(crate) async fn free<DB: Engine>(
    shared: &Shared<DB>,
    held: &Held,
    settings: &Settings,
    orphans: Orphans,
) -> Result<(), sqlx::Error> {
    let until = match orphans {
        Orphans::All => Arg::after(Duration::MAX),
        Orphans::Expired => Arg::In(0),
    };
    if let Orphans::All = orphans {
        // A process whose clock was wrong may have set a retry far into the future.
        let mut tx = DB::begin(&shared.base, Purpose::Work).await?;
        let args = vec![Arg::after(settings.longest_delay())];
        tx.run(DB::sql().bring_forward, args).await?;
        tx.commit().await?;
    }
    loop {
        let mut tx = DB::begin(&shared.base, Purpose::Work).await?;
        let args = vec![until.clone(), Arg::Ints(held.parcels()), Arg::Int(STEP)];
        let rows = tx.run(DB::sql().expired, args).await?;
        for row in &rows {
            let ticket = Ticket {
                parcel: row.int(0)?,
                claim: row.int(1)?,
                attempt: u32::try_from(row.int(2)?).unwrap_or(u32::MAX),
                alone: row.flag(3)?,
                // News that arrived since is not counted.
                news: i64::MAX,
                taken: Taken::default(),
            };
            // Only a job that ran alone is known to have killed its process.
            let next = if ticket.alone && ticket.attempt >= settings.max_attempts {
                Next::Dead { alone: true }
            } else {
                Next::RetryAlone(settings.delay(ticket.attempt))
            };
            let error = "the process died or was suspended while the job ran";
            mark::fail::<DB>(&mut tx.transaction, &ticket, error, next).await?;
            tracing::warn!(
                attempt = ticket.attempt,
                is_dead = matches!(next, Next::Dead { .. }),
                "a process died while it ran this job",
            );
        }
        tx.commit().await?;
        if rows.len() < usize::try_from(STEP).unwrap_or_default() {
            return Ok(());
        }
    }
}
