use std::time::SystemTime;

use bytes::Bytes;
use trackingmore_webhook::DeliveryId;

use crate::{
    Engine, Inbox, InboxError, body,
    store::{Arg, Record},
    time::system_time,
};

/// The most that are listed.
const MOST: i64 = 1_000;

/// One delivery about a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// Its id.
    pub id: DeliveryId,
    /// When it arrived.
    pub received_at: SystemTime,
    /// The vendor's code for the parcel's courier, if one is known.
    pub courier: Option<String>,
    /// Its outcome.
    pub outcome: Outcome,
    /// Whether its body is still kept.
    pub has_body: bool,
}

/// The outcome of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It waits for a handler, is being handled, or belongs to a dead parcel.
    Waiting,
    /// A handler was called with its news.
    Handled,
    /// It had no news: what was known already is newer or the same.
    Superseded,
}

impl<DB: Engine> Inbox<DB> {
    /// Lists the deliveries to this account about a tracking number, newest first, up to 1,000. It
    /// leaves out those that no worker has seen yet.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::InboxErrorKind::Database).
    pub async fn history(&self, tracking_number: &str) -> Result<Vec<HistoryEntry>, InboxError> {
        let mut connection = DB::pool(&self.shared().base).acquire().await?;
        let args = vec![
            Arg::text(self.account_name()),
            Arg::Text(body::key(tracking_number)),
            Arg::Int(MOST),
        ];
        let rows = DB::run(&mut connection, DB::sql().history, args).await?;
        let entries = rows.iter().map(HistoryEntry::read);
        Ok(entries.collect::<Result<_, sqlx::Error>>()?)
    }

    /// Returns the body of a delivery to this account, byte for byte, if it is still kept.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::InboxErrorKind::Database).
    pub async fn body(&self, id: &DeliveryId) -> Result<Option<Bytes>, InboxError> {
        let mut connection = DB::pool(&self.shared().base).acquire().await?;
        let account = Arg::text(self.account_name());
        let args = vec![account, Arg::Bytes(id.as_bytes().to_vec())];
        let rows = DB::run(&mut connection, DB::sql().body, args).await?;
        let body = rows.first().map(|row| row.bytes(0)).transpose()?;
        Ok(body.map(Bytes::from))
    }
}

impl HistoryEntry {
    fn read(row: &Record) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: read_id(&row.bytes(0)?)?,
            received_at: system_time(row.int(1)?),
            courier: Some(row.text(2)?).filter(|courier| !courier.is_empty()),
            outcome: match row.int(3)? {
                0 => Outcome::Waiting,
                1 => Outcome::Handled,
                _ => Outcome::Superseded,
            },
            has_body: row.flag(4)?,
        })
    }
}

pub(super) fn read_id(bytes: &[u8]) -> Result<DeliveryId, sqlx::Error> {
    DeliveryId::try_from(bytes).map_err(|error| sqlx::Error::Decode(error.into()))
}
