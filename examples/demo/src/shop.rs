//! From the answer to the effect: accepted deliveries go through an inbox.

use std::{error::Error, time::Duration};

use tokio::{
    task,
    time::{Instant, sleep},
};
use trackingmore_webhook::testing::{
    self, Connection, EventBuilder, Framing, SECRET, conformance::PATH,
};
use trackingmore_webhook_inbox::{
    Accepted, BoxError, Done, Job, SqliteInbox,
    sqlx::{self, Sqlite},
};

use crate::receivers::Receiver;

const PARCEL: &str = "LX405512873SE";

/// Sends the states of a parcel to each receiver, and prints the news that a shop gets.
pub(crate) async fn print_news(receivers: &[Receiver]) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let inbox = SqliteInbox::open(folder.path().join("deliveries.db")).await?;
    sqlx::query("CREATE TABLE message (text TEXT NOT NULL)")
        .execute(inbox.pool())
        .await?;

    let (mut accepted, mut duplicates) = (0, 0);
    for event in life() {
        for receiver in receivers {
            task::block_in_place(|| send(&event, receiver))?;
            for body in receiver.handled.try_iter() {
                accepted += 1;
                duplicates += i32::from(inbox.accept(&body).await? == Accepted::Duplicate);
            }
        }
    }
    let worker = inbox.worker(handle);
    let worker = worker.retry_delays(Duration::from_millis(10), Duration::from_millis(10));
    worker.run_until(nothing_waits(&inbox)).await?;

    println!("\nparcel {PARCEL}: {accepted} deliveries accepted, {duplicates} of them duplicates,");
    println!("and the first attempt to handle them failed; the shop gets");
    let messages = sqlx::query_scalar::<_, String>("SELECT text FROM message ORDER BY rowid");
    for text in messages.fetch_all(inbox.pool()).await? {
        println!("  {text}");
    }
    Ok(())
}

/// What TrackingMore sends about a parcel: the last state comes before the second.
fn life() -> [EventBuilder; 3] {
    let handed_over = testing::event(PARCEL)
        .courier("postnord")
        .status("transit")
        .checkpoint("2026-03-01 15:20", "Handed over to the carrier")
        .update_at("2026-03-01T16:00:00+00:00");
    let arrived = handed_over
        .clone()
        .checkpoint("2026-03-02 06:41", "Arrived at the terminal")
        .update_at("2026-03-02T07:00:00+00:00");
    let delivered = arrived
        .clone()
        .status("delivered")
        .checkpoint("2026-03-03 11:05", "Delivered")
        .update_at("2026-03-03T12:00:00+00:00");
    [handed_over, delivered, arrived]
}

fn send(event: &EventBuilder, receiver: &Receiver) -> std::io::Result<()> {
    let signed = event.signed_request(SECRET);
    let mut connection = Connection::open(receiver.addr)?;
    connection.post(PATH, &signed.headers, &signed.body, Framing::Length)?;
    Ok(())
}

/// Writes a message for each new checkpoint. The first attempt fails, and its rows are rolled back.
async fn handle(job: Job<Sqlite>) -> Result<Done, BoxError> {
    let mut transaction = job.begin().await?;
    for checkpoint in job.update().checkpoints() {
        let time = checkpoint
            .checkpoint_date
            .as_ref()
            .map_or("", |time| time.as_str());
        let detail = checkpoint.tracking_detail.as_deref().unwrap_or_default();
        sqlx::query("INSERT INTO message VALUES ($1)")
            .bind(format!("{time}  {detail}"))
            .execute(&mut *transaction)
            .await?;
    }
    if job.attempt() == 1 {
        return Err("a failure after the effect".into());
    }
    Ok(job.done_in(transaction).await?)
}

/// Gives up after a while: news that is not handled by then is missing from the output.
async fn nothing_waits(inbox: &SqliteInbox) {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(30) {
        let stats = inbox.stats().await;
        if stats.is_ok_and(|stats| stats.pending + stats.running == 0) {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
}
