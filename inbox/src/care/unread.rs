use std::{fmt, time::SystemTime};

use bytes::Bytes;
use serde_json::json;
use trackingmore_webhook::DeliveryId;

use super::history::read_id;
use crate::{
    Engine, Inbox, InboxError, body,
    store::{Arg, Purpose, Record},
    time::system_time,
};

/// The most that are listed.
const MOST: i64 = 100;

/// A delivery that this version of the library cannot read as an event.
///
/// `Debug` shows the length of the body, but not its content.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnreadDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// The account it was sent to.
    pub account: String,
    /// When it arrived.
    pub received_at: SystemTime,
    /// Its body, byte for byte.
    pub body: Bytes,
    seq: i64,
}

impl<DB: Engine> Inbox<DB> {
    /// Lists the deliveries that are not events, oldest first, up to 100.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::InboxErrorKind::Database).
    pub async fn unread(&self) -> Result<Vec<UnreadDelivery>, InboxError> {
        Ok(self.unread_after(0).await?)
    }

    /// Reads the unread deliveries again. Call it after an update of this library. Returns how many
    /// are read now; they are handled as if they had just arrived.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::InboxErrorKind::Database).
    pub async fn reread(&self) -> Result<u64, InboxError> {
        let mut read = 0;
        let mut after = 0;
        loop {
            let unread = self.unread_after(after).await?;
            let Some(last) = unread.last() else {
                return Ok(read);
            };
            after = last.seq;
            let mut tx = DB::begin(&self.shared().base, Purpose::Care).await?;
            for delivery in &unread {
                let Some(parcels) = body::parcels(&delivery.body) else {
                    continue;
                };
                let names: Vec<_> = parcels.iter().map(body::name).collect();
                let args = vec![Arg::Int(delivery.seq), Arg::Text(json!(names).to_string())];
                if !tx.run(DB::sql().read, args).await?.is_empty() {
                    let args = vec![Arg::Int(delivery.seq)];
                    tx.run(DB::sql().add_fresh, args).await?;
                    read += 1;
                }
            }
            tx.commit().await?;
            self.shared().wake.all();
        }
    }

    async fn unread_after(&self, seq: i64) -> Result<Vec<UnreadDelivery>, sqlx::Error> {
        let mut connection = DB::pool(&self.shared().base).acquire().await?;
        let args = vec![Arg::Int(seq), Arg::Int(MOST)];
        let rows = DB::run(&mut connection, DB::sql().unread, args).await?;
        rows.iter().map(UnreadDelivery::read).collect()
    }
}

impl UnreadDelivery {
    fn read(row: &Record) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: row.int(0)?,
            account: row.text(1)?,
            id: read_id(&row.bytes(2)?)?,
            received_at: system_time(row.int(3)?),
            body: row.maybe_bytes(4)?.unwrap_or_default().into(),
        })
    }
}

impl fmt::Debug for UnreadDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadDelivery")
            .field("id", &self.id)
            .field("account", &self.account)
            .field("received_at", &self.received_at)
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}
