//! What waits is bounded in number and in bytes: beyond, it is an error and not memory.

use serde_json::json;
use tokio::{sync::mpsc, task::JoinSet};
use trackingmore_webhook::VerifiedBody;
use trackingmore_webhook_inbox::{Inbox, InboxOptions};

use super::{handle_pending, quick};
use crate::{
    database::{Database, Db},
    support::{
        child::Child,
        delivery::{sent, state},
        effect::{handle, messages},
        ms,
        wait::{next, soon, until},
    },
};

/// How many of them are stored while the database is blocked, and released after a while.
async fn stored(inbox: &Inbox<Db>, database: &Database, sent: Vec<VerifiedBody>) -> usize {
    let blocked = database.block().await;
    let accepting: Vec<_> = sent
        .into_iter()
        .map(|delivery| {
            let inbox = inbox.clone();
            tokio::spawn(async move { inbox.accept(&delivery).await.is_ok() })
        })
        .collect();
    tokio::time::sleep(ms(300)).await;
    blocked.release().await;
    let mut stored = 0;
    for accepted in accepting {
        stored += usize::from(soon("each is answered", accepted).await.unwrap());
    }
    stored
}

fn deliveries(count: u32, size: usize) -> Vec<VerifiedBody> {
    let note = "x".repeat(size);
    let deliveries = (0..count).map(|number| state(format!("AB{number}"), 1));
    deliveries
        .map(|state| state.with("note", note.as_str()).sent())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_holds_the_configured_number_of_deliveries() {
    let Some(database) = Database::new().await else {
        return;
    };
    let options = InboxOptions::new()
        .queue(10, 1 << 30)
        .accept_deadline(ms(30_000));
    let inbox = database.open_with(options).await;
    let stored = stored(&inbox, &database, deliveries(100, 10)).await;
    assert!((10..=11).contains(&stored), "{stored} were stored");
    assert_eq!(inbox.stats().await.unwrap().stored, stored as u64);
    // It is empty again.
    inbox.accept(&state("AB1", 2).sent()).await.unwrap();
    handle_pending(&inbox).await;
    assert!(messages(&database).await.len() >= stored);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_holds_the_configured_number_of_bytes() {
    let Some(database) = Database::new().await else {
        return;
    };
    let options = InboxOptions::new()
        .queue(10_000, 100_000)
        .accept_deadline(ms(30_000));
    let inbox = database.open_with(options).await;
    let stored = stored(&inbox, &database, deliveries(100, 9_000)).await;
    assert!((10..=11).contains(&stored), "{stored} were stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_counts_what_the_parcels_of_a_body_cost() {
    let Some(database) = Database::new().await else {
        return;
    };
    let options = InboxOptions::new()
        .queue(10_000, 300_000)
        .accept_deadline(ms(30_000));
    let inbox = database.open_with(options).await;
    // Bodies of 24 KB, with a thousand parcels that take 50 KB more.
    let bodies = (0..20).map(|body| {
        let parcels = (0..1_000).map(|parcel| json!({"tracking_number": body * 1_000 + parcel}));
        json!({"data": parcels.collect::<Vec<_>>()}).to_string()
    });
    let stored = stored(&inbox, &database, bodies.map(sent).collect()).await;
    assert!((3..=5).contains(&stored), "{stored} were stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handling_begins_before_everything_is_routed() {
    let Some(database) = Database::new().await else {
        return;
    };
    database.note_unrouted_at_claims().await;
    let options = InboxOptions::new()
        .queue(6_000, 1 << 30)
        .accept_deadline(ms(60_000));
    let inbox = database.open_with(options).await;
    let accepting = deliveries(6_000, 10).into_iter().map(|delivery| {
        let inbox = inbox.clone();
        async move { inbox.accept(&delivery).await.unwrap() }
    });
    accepting.collect::<JoinSet<_>>().join_all().await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let worker = inbox.worker_with(begun, async |begun, job| {
        begun.send(())?;
        Ok(job.done().await?)
    });
    worker.run_until(next(&mut begins)).await.unwrap();
    assert!(database.unrouted_at_a_claim().await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_larger_than_the_queue_is_stored_when_nothing_else_waits() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database
        .open_with(InboxOptions::new().queue(10, 1_000))
        .await;
    let large = deliveries(1, 50_000).remove(0);
    let accepted = inbox.accept(&large).await;
    // To refuse it for good would lose it, since it never gets smaller.
    assert!(accepted.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_of_routing_takes_256_deliveries() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    for minute in 1..=300 {
        let small = state("AB1", minute).without("origin_info");
        inbox.accept(&small.sent()).await.unwrap();
    }
    // What the first step has routed stays if the second fails.
    let more = "(SELECT count(*) FROM @news) >= 256";
    database.refuse("INSERT", "@news", more).await;
    let routed = until("something is routed", || async {
        database.routed().await > 0
    });
    quick(inbox.worker(handle)).run_until(routed).await.unwrap();
    assert_eq!(database.routed().await, 256);
    database.refuse_no_more().await;
    handle_pending(&inbox).await;
    assert_eq!(database.routed().await, 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_waiting_deliveries_cost_less_than_200_mb() {
    const MOST: u64 = 200 * 1_000;
    if !cfg!(target_os = "linux") {
        return crate::support::skip(
            "the test of memory reads what a process used: run it on Linux",
        );
    }
    let Some(database) = Database::new().await else {
        return;
    };
    // Beyond what the queue holds they only take their time, of which a debug build needs much.
    let count = if crate::support::deliveries() < 10_000 {
        6_000
    } else {
        20_000
    };
    let role = json!({
        "role": "wait", "count": count, "deadline": 2_000, "target": database.target(),
    });
    let mut child = Child::start(&role);
    child.expect("ready").await;
    let blocked = database.block().await;
    child.write_line("start").await;
    let line = child.line().await.unwrap();
    let (stored, memory) = line.split_once(' ').unwrap();
    assert_eq!(
        stored, "0",
        "none was stored while the database was blocked"
    );
    let memory: u64 = memory.parse().unwrap();
    assert!(memory < MOST, "{memory} KB");
    blocked.release().await;
}
