//! Processes are killed with -9 at random moments: every acknowledged delivery has its effect
//! exactly once. `INBOX_TEST_DELIVERIES` sets the number of deliveries.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    database::{Database, IS_SQLITE},
    support::{child::Child, deliveries, effect::messages, ms, wait::until_idle},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receiver_and_workers_apart() {
    let Some(database) = Database::new().await else {
        return;
    };
    let target = database.target();
    let receiver = json!({"role": "receive", "target": target});
    // Leases are longer than a process lives, but shorter than the test.
    let worker = json!({
        "role": "work", "handler": "handle slowly", "lease": 1_000, "target": target,
    });
    let (end, ended) = watch::channel(false);
    let workers: Vec<_> = (0..if IS_SQLITE { 1 } else { 2 })
        .map(|_| tokio::spawn(work(worker.clone(), ended.clone())))
        .collect();
    receive(&receiver).await;
    until_idle(&database.open().await).await;
    end.send(true).unwrap();
    for worker in workers {
        worker.await.unwrap();
    }
    assert_each_is_told_once(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receiver_and_worker_together() {
    let Some(database) = Database::new().await else {
        return;
    };
    let both = json!({
        "role": "both", "handler": "handle slowly", "lease": 1_000, "target": database.target(),
    });
    receive(&both).await;
    let inbox = database.open().await;
    super::handle_pending(&inbox).await;
    assert_each_is_told_once(&database).await;
}

fn line(delivery: usize) -> String {
    let parcels = (deliveries() / 10).max(1);
    format!("AB{} {}", delivery % parcels, delivery / parcels + 1)
}

/// Sends each delivery until it is stored, as the vendor does, to receivers that are killed now and
/// then.
async fn receive(role: &Value) {
    let mut pending: BTreeSet<String> = (0..deliveries()).map(line).collect();
    let mut kills = 10;
    while !pending.is_empty() {
        let mut child = Child::start(role);
        while child.line().await.unwrap() != "receiving" {}
        child.feed(pending.iter().cloned().collect());
        let mut answers_to_live = if kills > 0 {
            kills -= 1;
            fastrand::usize(1..=deliveries() / 5)
        } else {
            usize::MAX
        };
        let mut said = Vec::new();
        while let Some(line) = child.line().await {
            said.push(line);
            answers_to_live -= 1;
            if answers_to_live == 0 {
                break;
            }
        }
        said.extend(child.kill().await);
        for line in said {
            if let Some(stored) = line.strip_prefix("stored ") {
                pending.remove(stored);
            }
        }
    }
}

async fn work(role: Value, mut ended: watch::Receiver<bool>) {
    while !*ended.borrow() {
        let mut child = Child::start(&role);
        child.expect("working").await;
        let life = ms(fastrand::u64(50..1_000));
        let _ = tokio::time::timeout(life, ended.wait_for(|ended| *ended)).await;
        child.kill().await;
    }
}

async fn assert_each_is_told_once(database: &Database) {
    let mut counts: HashMap<String, u32> = HashMap::new();
    for message in messages(database).await {
        *counts
            .entry(format!("{} {}", message.tracking_number, message.minute))
            .or_default() += 1;
    }
    for delivery in 0..deliveries() {
        let line = line(delivery);
        assert_eq!(counts.remove(&line), Some(1), "{line}");
    }
    assert!(counts.is_empty(), "{counts:?}");
}
