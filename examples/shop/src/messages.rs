//! Messages to customers. A sender reads them from this table, and uses the key as the idempotency
//! key of the message.

#[cfg(test)]
mod tests;

use trackingmore_webhook_inbox::{BoxError, Done, Inbox, Job, sqlx};

use crate::database::Database;

pub(crate) async fn create_table<DB: Database>(inbox: &Inbox<DB>) -> sqlx::Result<()> {
    let mut connection = inbox.pool().acquire().await?;
    let table = "CREATE TABLE IF NOT EXISTS message (
        shop TEXT NOT NULL, parcel TEXT NOT NULL, key TEXT NOT NULL, text TEXT NOT NULL
    )";
    DB::execute(&mut connection, table, &[]).await
}

/// Writes a message for each new checkpoint, and commits them together with the mark that the
/// parcel's news is handled. If the process dies before that, no message is written, and the next
/// attempt writes them all.
pub(crate) async fn write<DB: Database>(job: Job<DB>) -> Result<Done, BoxError> {
    let update = job.update();
    let parcel = &update.tracking().tracking_number;
    let mut transaction = job.begin().await?;
    // Not of `backfilled()`: a later checkpoint has been reported already.
    for checkpoint in update.checkpoints() {
        let message = "INSERT INTO message (shop, parcel, key, text) VALUES ($1, $2, $3, $4)";
        let key = checkpoint.key().to_string();
        let text = checkpoint.tracking_detail.as_deref().unwrap_or("Scanned");
        let values = [job.account(), parcel, &key, text];
        DB::execute(&mut transaction, message, &values).await?;
    }
    let (shop, messages) = (job.account(), update.checkpoints().len());
    tracing::info!(shop, messages, "news of a parcel");
    Ok(job.done_in(transaction).await?)
}
