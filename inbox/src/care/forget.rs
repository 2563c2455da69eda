use std::collections::HashSet;

use serde_json::{Value, json};

use crate::{
    Engine, Inbox, InboxError, body,
    store::{Arg, Purpose, Tx, answered},
};

/// Deliveries that one transaction looks through.
const STEP: i64 = 256;

/// What [`Inbox::forget`] erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forgotten {
    /// Parcels with the number: one for each courier.
    pub parcels: u64,
    /// Deliveries about them. What they say about other parcels is kept.
    pub deliveries: u64,
}

impl<DB: Engine> Inbox<DB> {
    /// Erases what is stored about this account's parcels with this number, of every courier:
    /// bodies, states and errors. Their ids stay, so that duplicates are recognised. Later
    /// deliveries about them are accepted and not kept, for as long as ids are. Returns how much
    /// was erased.
    ///
    /// In SQLite, the content is gone from the file and its log when this returns. PostgreSQL keeps
    /// it in the tables until a vacuum, and in its log.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::InboxErrorKind::Database), and in SQLite
    /// [`LogNotEmptied`](crate::InboxErrorKind::LogNotEmptied).
    pub async fn forget(&self, tracking_number: &str) -> Result<Forgotten, InboxError> {
        let base = &self.shared().base;
        let number = body::key(tracking_number);
        let is_forgotten = |other: &str| other == number;
        let account = self.account_name();

        // From now on, nothing more is stored, so that the search below finds everything.
        let mut tx = DB::begin(base, Purpose::Care).await?;
        let key = Arg::Text(body::forgotten_key(account, &number));
        tx.run(DB::sql().add_forgotten, vec![key, Arg::In(0)])
            .await?;
        tx.commit().await?;

        let mut deliveries = 0;
        let mut after = 0;
        loop {
            let mut tx = DB::begin(base, Purpose::Care).await?;
            tx.run(DB::sql().stop_routing, Vec::new()).await?;
            let args = vec![Arg::text(account), Arg::Int(after), Arg::Int(STEP)];
            let rows = tx.run(DB::sql().fresh_of, args).await?;
            for row in &rows {
                after = row.int(0)?;
                deliveries += u64::from(leave_out(&mut tx, after, is_forgotten).await?);
            }
            tx.commit().await?;
            if rows.is_empty() {
                break;
            }
        }

        let mut tx = DB::begin(base, Purpose::Care).await?;
        tx.run(DB::sql().stop_routing, Vec::new()).await?;
        let args = vec![Arg::text(account), Arg::text(&number)];
        let rows = tx.run(DB::sql().parcels_named, args).await?;
        let parcels = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let ids = rows.iter().map(|row| row.int(0));
        let ids = Arg::Ints(ids.collect::<Result<_, _>>()?);
        for row in tx.run(DB::sql().deliveries_of, vec![ids.clone()]).await? {
            deliveries += u64::from(leave_out(&mut tx, row.int(0)?, is_forgotten).await?);
        }
        for sql in [
            DB::sql().erase_news,
            DB::sql().erase_known,
            DB::sql().erase_parcels,
        ] {
            tx.run(sql, vec![ids.clone()]).await?;
        }
        tx.commit().await?;
        DB::scrub(base).await?;
        Ok(Forgotten {
            parcels,
            deliveries,
        })
    }
}

/// Returns which of the parcels with these [keys](body::forgotten_key) were forgotten.
pub(crate) async fn forgotten<DB: Engine>(
    connection: &mut DB::Connection,
    keys: Vec<String>,
) -> Result<HashSet<String>, sqlx::Error> {
    let args = vec![Arg::Texts(keys)];
    let rows = answered(DB::run(connection, DB::sql().forgotten, args)).await?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// Erases what a stored delivery says about forgotten parcels. Returns whether it said anything.
pub(crate) async fn leave_out<DB: Engine>(
    tx: &mut Tx<DB>,
    seq: i64,
    is_forgotten: impl Fn(&str) -> bool,
) -> Result<bool, sqlx::Error> {
    let rows = tx.run(DB::sql().delivery, vec![Arg::Int(seq)]).await?;
    let Some(row) = rows.first() else {
        return Ok(false);
    };
    let mut names: Vec<(String, String)> =
        serde_json::from_str(&row.text(0)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let mut body = row.maybe_bytes(1)?;
    if !leave_out_of(&mut names, &mut body, is_forgotten) {
        return Ok(false);
    }
    if names.is_empty() {
        tx.run(DB::sql().routed, vec![Arg::Ints(vec![seq])]).await?;
    }
    let args = vec![
        Arg::Int(seq),
        Arg::Text(json!(names).to_string()),
        Arg::MaybeBytes(body),
    ];
    tx.run(DB::sql().rewrite, args).await?;
    Ok(true)
}

/// Removes from a delivery what it says about forgotten parcels. Returns whether it said anything.
/// The other parcels keep their positions in the body. If there are none, no body is left.
pub(crate) fn leave_out_of(
    names: &mut Vec<(String, String)>,
    body: &mut Option<Vec<u8>>,
    is_forgotten: impl Fn(&str) -> bool,
) -> bool {
    let is_out: Vec<bool> = names
        .iter()
        .map(|(number, _)| !number.is_empty() && is_forgotten(number))
        .collect();
    if !is_out.contains(&true) {
        return false;
    }
    for (name, _) in names.iter_mut().zip(&is_out).filter(|(_, is_out)| **is_out) {
        *name = Default::default();
    }
    let any_left = names.iter().any(|(number, _)| !number.is_empty());
    *body = body
        .take()
        .filter(|_| any_left)
        .and_then(|body| without(&body, &is_out));
    if body.is_none() {
        names.clear();
    }
    true
}

/// Returns the body without the parcels at these positions.
fn without(bytes: &[u8], is_out: &[bool]) -> Option<Vec<u8>> {
    let parcels = body::parcels(bytes)?;
    let parcels = parcels.iter().zip(is_out).map(|(parcel, is_out)| {
        if *is_out {
            Ok(json!({"tracking_number": "forgotten"}))
        } else {
            serde_json::to_value(parcel)
        }
    });
    let parcels: Vec<Value> = parcels.collect::<Result<_, _>>().ok()?;
    serde_json::to_vec(&json!({ "data": parcels })).ok()
}
