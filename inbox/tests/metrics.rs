//! The metrics, as a recorder receives them.

#![cfg(all(feature = "metrics", feature = "sqlite"))]
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, time::Duration};

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use trackingmore_webhook::{Scheme, Signer, VerifiedBody, Verifier};
use trackingmore_webhook_inbox::{BoxError, Done, Job, SqliteInbox, sqlx::Sqlite};

const SECRET: &str = "a secret";

fn sent(body: &'static str) -> VerifiedBody {
    let now = std::time::SystemTime::now();
    let headers = Signer::new(SECRET).unwrap();
    let headers = headers.headers(Scheme::Body, now, body.as_bytes());
    let mut incoming = Verifier::new(SECRET).unwrap().begin(&headers).unwrap();
    incoming.push(body.into()).unwrap();
    incoming.finish().unwrap()
}

/// Returns the value of each counter and gauge, by name and label. A histogram counts its records.
fn values(snapshotter: &Snapshotter) -> BTreeMap<String, f64> {
    let mut values = BTreeMap::new();
    for (key, unit, description, value) in snapshotter.snapshot().into_vec() {
        let key = key.key();
        // Core has metrics too, if its own feature is enabled.
        let Some(name) = key.name().strip_prefix("trackingmore_inbox_") else {
            continue;
        };
        assert!(unit.is_some() && description.is_some(), "{key:?}");
        let labels = key
            .labels()
            .map(|label| format!(" {}={}", label.key(), label.value()));
        let value = match value {
            DebugValue::Counter(count) => count as f64,
            DebugValue::Gauge(value) => value.into_inner(),
            DebugValue::Histogram(times) => times.len() as f64,
        };
        values.insert(format!("{name}{}", labels.collect::<String>()), value);
    }
    values
}

async fn handle(job: Job<Sqlite>) -> Result<Done, BoxError> {
    if job.update().tracking().tracking_number == "BAD" {
        return Err("no".into());
    }
    Ok(job.done().await?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_and_jobs_are_counted_by_result() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();

    let place = tempfile::tempdir().unwrap();
    let inbox = SqliteInbox::open(place.path().join("deliveries.db"))
        .await
        .unwrap();
    let good = sent(r#"{"data":{"tracking_number":"GOOD","delivery_status":"transit"}}"#);
    let bad = sent(r#"{"data":{"tracking_number":"BAD","delivery_status":"transit"}}"#);
    for delivery in [&good, &good, &bad, &sent("not an event")] {
        inbox.accept(delivery).await.unwrap();
    }
    let idle = async {
        loop {
            let stats = inbox.stats().await.unwrap();
            if stats.pending + stats.running == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let worker = inbox.worker(handle).max_attempts(1);
    worker.run_until(idle).await.unwrap();
    inbox.close().await;
    assert!(inbox.accept(&good).await.is_err());

    let values = values(&snapshotter);
    for (name, value) in [
        ("deliveries_total result=new", 2.0),
        ("deliveries_total result=duplicate", 1.0),
        ("deliveries_total result=unread", 1.0),
        ("deliveries_total result=not_stored", 1.0),
        ("jobs_total result=done", 1.0),
        ("jobs_total result=dead", 1.0),
        ("handle_seconds", 2.0),
        ("unread", 1.0),
    ] {
        assert_eq!(values.get(name), Some(&value), "{name} in {values:?}");
    }
    for gauge in ["pending", "running", "dead", "oldest_pending_seconds"] {
        assert!(values.contains_key(gauge), "{gauge} in {values:?}");
    }
}
