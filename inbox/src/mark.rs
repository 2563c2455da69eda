//! Marking how an attempt ended. Each mark checks the claim number, which never resets, so that an
//! attempt that lost its parcel to a later one changes nothing.

use std::time::Duration;

use trackingmore_webhook::Update;

use crate::{
    Done, Engine, body,
    inbox::Shared,
    store::{Arg, Purpose, Store, answered},
};

/// The most of an error's text that is kept, in bytes.
const LONGEST_ERROR: usize = 1_024;

/// One attempt at one parcel.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) parcel: i64,
    pub(crate) claim: i64,
    pub(crate) attempt: u32,
    /// Whether nothing else runs in this process at the same time.
    pub(crate) alone: bool,
    /// How much news waited when the parcel was claimed, whether it was read or not.
    pub(crate) news: i64,
    pub(crate) taken: Taken,
}

/// The deliveries that an attempt has read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) handled: Vec<i64>,
    pub(crate) superseded: Vec<i64>,
    /// The number of states; a delivery can have several.
    pub(crate) count: i64,
}

/// The next state of a parcel whose attempt failed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Next {
    /// Retried after this delay, beside other jobs.
    Retry(Duration),
    /// Retried after this delay, with nothing else running.
    RetryAlone(Duration),
    Dead {
        alone: bool,
    },
}

impl Ticket {
    pub(crate) fn done(&self) -> Done {
        Done {
            parcel: self.parcel,
            claim: self.claim,
        }
    }

    pub(crate) fn is_proved_by(&self, done: &Done) -> bool {
        self.parcel == done.parcel && self.claim == done.claim
    }
}

/// The result of marking a parcel as handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marked {
    /// The attempt no longer holds its parcel: roll back.
    Lost,
    Idle,
    /// More news has arrived since it was claimed.
    MoreWaits,
}

/// Marks what was read as handled, and stores the state that is known now.
pub(crate) async fn done<DB: Store>(
    connection: &mut DB::Connection,
    ticket: &Ticket,
    update: Option<&Update>,
) -> Result<Marked, sqlx::Error> {
    let Ticket { parcel, claim, .. } = *ticket;
    let Taken {
        handled,
        superseded,
        count,
    } = &ticket.taken;
    let args = vec![
        Arg::Int(parcel),
        Arg::Int(claim),
        Arg::Int(*count),
        Arg::In(0),
    ];
    let marked = match DB::run(connection, DB::sql().done, args).await?.first() {
        None => return Ok(Marked::Lost),
        Some(row) if row.int(0)? == 0 => Marked::Idle,
        Some(_) => Marked::MoreWaits,
    };
    for (seqs, outcome) in [(handled, 1), (superseded, 2)] {
        if !seqs.is_empty() {
            let args = vec![Arg::Int(parcel), Arg::Ints(seqs.clone()), Arg::Int(outcome)];
            DB::run(connection, DB::sql().settle, args).await?;
        }
    }
    if let Some(update) = update {
        let mut tracking = update.tracking().clone();
        body::trim(&mut tracking);
        let tracking =
            serde_json::to_string(&tracking).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let args = vec![Arg::Int(parcel), Arg::Text(tracking)];
        DB::run(connection, DB::sql().know, args).await?;
    }
    Ok(marked)
}

/// Marks an attempt as failed. Returns whether it still held its parcel.
pub(crate) async fn failed<DB: Engine>(
    shared: &Shared<DB>,
    ticket: &Ticket,
    error: &str,
    next: Next,
) -> Result<bool, sqlx::Error> {
    let mut begun = DB::begin(&shared.base, Purpose::Work).await?;
    let had = fail::<DB>(&mut begun.transaction, ticket, error, next).await?;
    begun.commit().await?;
    Ok(had)
}

/// As [`failed`], in the caller's transaction.
pub(crate) async fn fail<DB: Store>(
    connection: &mut DB::Connection,
    ticket: &Ticket,
    error: &str,
    next: Next,
) -> Result<bool, sqlx::Error> {
    let (state, delay, alone) = match next {
        Next::Retry(delay) => (1, delay, false),
        Next::RetryAlone(delay) => (1, delay, true),
        Next::Dead { alone } => (3, Duration::ZERO, alone),
    };
    let args = vec![
        Arg::Int(ticket.parcel),
        Arg::Int(ticket.claim),
        Arg::Int(state),
        Arg::after(delay),
        Arg::Flag(alone),
        Arg::Text(storable(error)),
        Arg::Int(ticket.news),
    ];
    let changed = answered(DB::run(connection, DB::sql().failed, args)).await?;
    Ok(!changed.is_empty())
}

/// Replaces NUL, which PostgreSQL refuses in a text, and cuts the error to its limit.
fn storable(error: &str) -> String {
    let mut error = error.replace('\0', "\u{FFFD}");
    error.truncate(error.floor_char_boundary(LONGEST_ERROR));
    error
}
