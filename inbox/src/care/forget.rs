use std::collections::HashSet;

use serde_json::Value;

use crate::{
    Engine, Inbox, InboxError, body,
    store::{Arg, Purpose, Tx},
};

/// Deliveries that are looked through in one transaction.
const STEP: i64 = 256;

impl<DB: Engine> Inbox<DB> {
    /// Erases what is stored about this account's parcels with this number: bodies, states and
    /// errors, with each of their couriers. The ids that stop duplicates stay. What comes for them
    /// later is accepted and not kept, for as long as ids are.
    ///
    /// In SQLite, what is erased is gone from the file and its log when this returns. PostgreSQL
    /// keeps it until it vacuums the tables, and in its log.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::InboxErrorKind::Database), and in SQLite
    /// [`LogNotEmptied`](crate::InboxErrorKind::LogNotEmptied).
    pub async fn forget(&self, tracking_number: &str) -> Result<(), InboxError> {
        let base = &self.shared().base;
        let number = body::key(tracking_number);
        let numbers = HashSet::from([number.as_str()]);
        let account = self.account_name();

        // From now on nothing more is kept, so that what is found after this is all there is.
        let mut tx = DB::begin(base, Purpose::Care).await?;
        let key = Arg::Text(body::forgotten_key(account, &number));
        tx.run(DB::sql().add_forgotten, vec![key, Arg::In(0)])
            .await?;
        tx.commit().await?;

        let mut after = 0;
        loop {
            let mut tx = DB::begin(base, Purpose::Care).await?;
            let args = vec![Arg::text(account), Arg::Int(after), Arg::Int(STEP)];
            let rows = tx.run(DB::sql().fresh_of, args).await?;
            for row in &rows {
                after = row.int(0)?;
                leave_out(&mut tx, after, &numbers).await?;
            }
            tx.commit().await?;
            if rows.is_empty() {
                break;
            }
        }

        let mut tx = DB::begin(base, Purpose::Care).await?;
        let args = vec![Arg::text(account), Arg::text(&number)];
        let rows = tx.run(DB::sql().parcels_named, args).await?;
        let ids = rows.iter().map(|row| row.int(0));
        let ids = Arg::Ints(ids.collect::<Result<_, _>>()?);
        for row in tx.run(DB::sql().deliveries_of, vec![ids.clone()]).await? {
            leave_out(&mut tx, row.int(0)?, &numbers).await?;
        }
        for sql in [
            DB::sql().erase_news,
            DB::sql().erase_known,
            DB::sql().erase_parcels,
        ] {
            tx.run(sql, vec![ids.clone()]).await?;
        }
        tx.commit().await?;
        DB::scrub(base).await
    }
}

/// Erases what a delivery says about these tracking numbers.
///
/// Of a body with other parcels too, their places stay as they are.
pub(crate) async fn leave_out<DB: Engine>(
    tx: &mut Tx<DB>,
    seq: i64,
    numbers: &HashSet<&str>,
) -> Result<(), sqlx::Error> {
    let rows = tx.run(DB::sql().delivery, vec![Arg::Int(seq)]).await?;
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let names: Vec<(String, String)> =
        serde_json::from_str(&row.text(0)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
    if !names.iter().any(|(number, _)| numbers.contains(&**number)) {
        return Ok(());
    }
    let others = row.maybe_bytes(1)?.and_then(|body| without(&body, numbers));
    let args = match others {
        Some(others) => {
            let names: Vec<_> = names
                .into_iter()
                .map(|(number, courier)| {
                    if numbers.contains(&*number) {
                        (String::new(), String::new())
                    } else {
                        (number, courier)
                    }
                })
                .collect();
            let names = serde_json::json!(names).to_string();
            vec![Arg::Int(seq), Arg::Text(names), Arg::Bytes(others)]
        }
        None => return tx.run(DB::sql().erase, vec![Arg::Int(seq)]).await.map(drop),
    };
    tx.run(DB::sql().rewrite, args).await.map(drop)
}

/// The body without these parcels, if others are in it.
fn without(bytes: &[u8], numbers: &HashSet<&str>) -> Option<Vec<u8>> {
    let parcels = body::parcels(bytes)?;
    let is_kept = |number: &str| !numbers.contains(body::key(number).as_str());
    if !parcels.iter().any(|it| is_kept(&it.tracking_number)) {
        return None;
    }
    let parcels: Option<Vec<Value>> = parcels
        .iter()
        .map(|parcel| {
            if is_kept(&parcel.tracking_number) {
                serde_json::to_value(parcel).ok()
            } else {
                Some(serde_json::json!({"tracking_number": "forgotten"}))
            }
        })
        .collect();
    serde_json::to_vec(&serde_json::json!({"data": parcels?})).ok()
}
