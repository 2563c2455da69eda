//! Claiming: reserves parcels that are due for this process, and reads what waits for each.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use trackingmore_webhook::{DeliveryId, Tracking, Update};

use crate::{
    BoxError, Engine, body,
    inbox::Shared,
    mark::{Taken, Ticket},
    store::{self, Arg, Record, Tx},
};

/// How many deliveries of a job are in memory at once.
const PAGE: i64 = 16;

/// How many states one job can have. The deliveries that are left become the next job.
const MOST: i64 = 1_000;

/// A parcel that this process has claimed, with the first deliveries that wait for it.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) ticket: Ticket,
    account: String,
    known: Option<String>,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    seq: i64,
    /// The positions of the parcel in the body, which can have it more than once.
    positions: Vec<usize>,
    id: Vec<u8>,
    received_at: i64,
    body: Option<Vec<u8>>,
}

/// The news that a handler gets.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) account: Arc<str>,
    pub(crate) update: Update,
    pub(crate) id: DeliveryId,
    pub(crate) body: Bytes,
}

/// Claims up to `most` parcels that are due: those that must run alone, or the others.
pub(crate) async fn claim<DB: Engine>(
    mut tx: Tx<DB>,
    most: usize,
    alone: bool,
    lease: Duration,
) -> Result<Vec<Claimed>, sqlx::Error> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let args = vec![
        Arg::In(0),
        Arg::Flag(alone),
        Arg::Int(most),
        Arg::after(lease),
    ];
    let rows = tx.run(DB::sql().claim, args).await?;
    let mut claimed: HashMap<i64, Claimed> = HashMap::with_capacity(rows.len());
    for row in rows {
        let ticket = Ticket {
            parcel: row.int(0)?,
            claim: row.int(2)?,
            attempt: u32::try_from(row.int(3)?).unwrap_or(u32::MAX),
            alone,
            news: row.int(4)?,
            taken: Taken::default(),
        };
        let account = row.text(1)?;
        claimed.insert(
            ticket.parcel,
            Claimed {
                ticket,
                account,
                known: None,
                waiting: Vec::new(),
            },
        );
    }
    if claimed.is_empty() {
        return Ok(Vec::new());
    }
    // In separate statements, since one that claims does not see what was committed after it began.
    let ids = Arg::Ints(claimed.keys().copied().collect());
    for row in tx.run(DB::sql().known, vec![ids.clone()]).await? {
        if let Some(claimed) = claimed.get_mut(&row.int(0)?) {
            claimed.known = Some(row.text(1)?);
        }
    }
    let args = vec![ids, Arg::Int(PAGE)];
    for row in tx.run(DB::sql().first_news, args).await? {
        if let Some(claimed) = claimed.get_mut(&row.int(0)?) {
            claimed.waiting.push(Waiting::read(&row)?);
        }
    }
    tx.commit().await?;
    Ok(claimed.into_values().collect())
}

/// Returns whether a parcel that must run alone is due.
pub(crate) async fn is_any_alone<DB: Engine>(shared: &Shared<DB>) -> Result<bool, sqlx::Error> {
    let rows = store::read::<DB>(&shared.base, DB::sql().alone_due, vec![Arg::In(0)]).await?;
    Ok(!rows.is_empty())
}

impl Claimed {
    /// Reads all that waits, a page at a time. Returns `None` if nothing waits any more.
    pub(crate) async fn read_news<DB: Engine>(
        mut self,
        shared: &Shared<DB>,
        ticket: &mut Ticket,
    ) -> Result<Option<News>, BoxError> {
        let known = self.known.take().map(|known| serde_json::from_str(&known));
        let mut known: Option<Tracking> = known.transpose()?;
        let mut update: Option<Update> = None;
        let mut newest = None;
        while let Some(last) = self.waiting.last() {
            let after = last.seq;
            let is_last = self.waiting.len() < usize::try_from(PAGE).unwrap_or_default();
            for mut waiting in self.waiting.drain(..) {
                let Some(body) = waiting.body.take() else {
                    return Err("a body that was not handled is gone".into());
                };
                let mut brings_nothing = true;
                for sent in sent(&body, &waiting.positions, waiting.received_at)? {
                    let before = update
                        .as_ref()
                        .map(|update: &Update| update.tracking().clone());
                    let next = match update {
                        Some(update) => update.then(sent),
                        None => Update::new(known.take(), sent),
                    };
                    brings_nothing &= match before {
                        Some(before) => before == *next.tracking(),
                        None => !next.is_news(),
                    };
                    update = Some(next);
                    // A body of thousands of states must not block the other tasks of this thread.
                    tokio::task::yield_now().await;
                }
                ticket.taken.add(&waiting, brings_nothing);
                newest = Some((waiting.id, body));
            }
            if is_last || ticket.taken.count >= MOST {
                break;
            }
            self.waiting = page(shared, ticket.parcel, after).await?;
        }
        let (Some(update), Some((id, body))) = (update, newest) else {
            return Ok(None);
        };
        Ok(Some(News {
            account: self.account.into(),
            update,
            id: DeliveryId::try_from(id.as_slice())?,
            body: body.into(),
        }))
    }
}

async fn page<DB: Engine>(
    shared: &Shared<DB>,
    parcel: i64,
    after: i64,
) -> Result<Vec<Waiting>, sqlx::Error> {
    let args = vec![Arg::Int(parcel), Arg::Int(after), Arg::Int(PAGE)];
    let rows = store::read::<DB>(&shared.base, DB::sql().more_news, args).await?;
    rows.iter().map(Waiting::read).collect()
}

/// Reads the states at these positions in a body.
fn sent(bytes: &[u8], positions: &[usize], received_at: i64) -> Result<Vec<Tracking>, BoxError> {
    let parcels = body::parcels(bytes).ok_or("the body cannot be read any more")?;
    let parcels = parcels.into_iter().enumerate();
    let mut sent: Vec<Tracking> = parcels
        .filter(|(position, _)| positions.binary_search(position).is_ok())
        .map(|(_, parcel)| parcel)
        .collect();
    if sent.len() != positions.len() {
        return Err("the body has fewer parcels than before".into());
    }
    for sent in &mut sent {
        distrust(sent, received_at);
    }
    Ok(sent)
}

/// Drops what no genuine delivery has.
fn distrust(sent: &mut Tracking, received_at: i64) {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    // The timestamp form of the signature does not authenticate the body. One that claims to be
    // from the future would make all genuine deliveries look old.
    let updated = sent.update_at.as_ref().and_then(|time| time.instant());
    if updated.is_some_and(|updated| updated.as_millisecond() > received_at + DAY) {
        sent.update_at = None;
    }
    body::trim(sent);
}

impl Taken {
    fn add(&mut self, delivery: &Waiting, brings_nothing: bool) {
        let seqs = if brings_nothing {
            &mut self.superseded
        } else {
            &mut self.handled
        };
        seqs.push(delivery.seq);
        self.count += i64::try_from(delivery.positions.len()).unwrap_or(i64::MAX);
    }
}

impl Waiting {
    fn read(row: &Record) -> Result<Self, sqlx::Error> {
        let mut positions: Vec<usize> = serde_json::from_str(&row.text(2)?)
            .map_err(|error| sqlx::Error::Decode(error.into()))?;
        positions.sort_unstable();
        Ok(Self {
            seq: row.int(1)?,
            positions,
            id: row.bytes(3)?,
            received_at: row.int(4)?,
            body: row.maybe_bytes(5)?,
        })
    }
}
