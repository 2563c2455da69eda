use std::{fmt, time::SystemTime};

use crate::{
    Engine, Inbox, InboxError, body,
    store::{Arg, Purpose},
    time::system_time,
};

/// The most that are listed.
const MOST: i64 = 1_000;

/// A parcel whose last allowed attempt failed.
///
/// `Debug` shows neither the tracking number nor the error.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadParcel {
    /// The account it belongs to.
    pub account: String,
    /// Its tracking number.
    pub tracking_number: String,
    /// The vendor's code for its courier, if one is known.
    pub courier: Option<String>,
    /// The number of attempts.
    pub attempts: u32,
    /// The error of the last attempt, up to 1 KB.
    pub error: String,
    /// When its last delivery arrived.
    pub last_delivery: SystemTime,
}

impl<DB: Engine> Inbox<DB> {
    /// Lists the dead parcels of all accounts, up to 1,000, oldest news first.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::InboxErrorKind::Database).
    pub async fn dead(&self) -> Result<Vec<DeadParcel>, InboxError> {
        let mut connection = DB::pool(&self.shared().base).acquire().await?;
        let rows = DB::run(&mut connection, DB::sql().dead, vec![Arg::Int(MOST)]).await?;
        let parcels = rows.iter().map(|row| {
            Ok(DeadParcel {
                account: row.text(0)?,
                tracking_number: row.text(1)?,
                courier: Some(row.text(2)?).filter(|courier| !courier.is_empty()),
                attempts: u32::try_from(row.int(3)?).unwrap_or(u32::MAX),
                error: row.maybe_text(4)?.unwrap_or_default(),
                last_delivery: system_time(row.int(5)?),
            })
        });
        Ok(parcels.collect::<Result<_, sqlx::Error>>()?)
    }

    /// Retries this account's dead parcels with this number, with all attempts anew. Returns how
    /// many there were: one for each courier.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::InboxErrorKind::Database).
    pub async fn retry(&self, tracking_number: &str) -> Result<u64, InboxError> {
        let account = Arg::text(self.account_name());
        let args = vec![account, Arg::Text(body::key(tracking_number))];
        self.revive(DB::sql().retry, args).await
    }

    /// Retries all dead parcels, with all attempts anew. Returns how many there were.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::InboxErrorKind::Database).
    pub async fn retry_dead(&self) -> Result<u64, InboxError> {
        self.revive(DB::sql().retry_dead, Vec::new()).await
    }

    async fn revive(&self, sql: &'static str, args: Vec<Arg>) -> Result<u64, InboxError> {
        let mut tx = DB::begin(&self.shared().base, Purpose::Care).await?;
        let revived = tx.run(sql, args).await?.len();
        tx.commit().await?;
        self.shared().wake.all();
        Ok(u64::try_from(revived).unwrap_or(u64::MAX))
    }
}

impl fmt::Debug for DeadParcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadParcel")
            .field("account", &self.account)
            .field("attempts", &self.attempts)
            .field("last_delivery", &self.last_delivery)
            .finish_non_exhaustive()
    }
}
