//! The handlers' effect: a message to the customer for each checkpoint, in a table beside
//! the inbox's own.

use sqlx::{Row as _, Transaction};
use trackingmore_webhook_inbox::{BoxError, Done, Job, sqlx};

use crate::{
    database::{Database, Db},
    support::delivery::minute,
};

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) account: String,
    pub(crate) tracking_number: String,
    pub(crate) minute: i64,
    /// Whether it was backfilled: earlier than a checkpoint that had its message already.
    pub(crate) is_late: bool,
    pub(crate) status: String,
}

/// Writes messages for the new checkpoints and marks the job as handled, in one transaction.
pub(crate) async fn handle(job: Job<Db>) -> Result<Done, BoxError> {
    let mut transaction = job.begin().await?;
    write(&mut transaction, &job).await?;
    Ok(job.done_in(transaction).await?)
}

/// Writes messages for the new checkpoints in a transaction, which stays open, like the job.
pub(crate) async fn write(
    transaction: &mut Transaction<'_, Db>,
    job: &Job<Db>,
) -> Result<(), sqlx::Error> {
    let update = job.update();
    let status = update.tracking().delivery_status.as_ref();
    let status = status.map_or("", |status| status.as_str());
    let new = update.checkpoints().iter().map(|it| (it, false));
    let late = update.backfilled().iter().map(|it| (it, true));
    for (checkpoint, is_late) in late.chain(new) {
        sqlx::query(
            "INSERT INTO message (account, tracking_number, minute, is_late, status)
            VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(job.account())
        .bind(&update.tracking().tracking_number)
        .bind(minute(checkpoint))
        .bind(is_late)
        .bind(status)
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// Returns all rows, in the order in which they were written.
pub(crate) async fn messages(database: &Database) -> Vec<Message> {
    let rows = sqlx::query(
        "SELECT account, tracking_number, minute, is_late, status FROM message ORDER BY n",
    )
    .fetch_all(&mut database.raw().await)
    .await
    .expect("the table of effects");
    rows.iter()
        .map(|row| Message {
            account: row.get(0),
            tracking_number: row.get(1),
            minute: row.get(2),
            is_late: row.get(3),
            status: row.get(4),
        })
        .collect()
}

/// Returns the minutes of the messages about a parcel.
pub(crate) async fn minutes(database: &Database, tracking_number: &str) -> Vec<i64> {
    let messages = messages(database).await.into_iter();
    let of_parcel = messages.filter(|it| it.tracking_number == tracking_number);
    of_parcel.map(|it| it.minute).collect()
}
