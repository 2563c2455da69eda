use std::{sync::Arc, time::Duration};

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::{Engine, care, inbox::Shared};

/// How often a worker counts the contents of the inbox.
const INTERVAL: Duration = Duration::from_secs(15);

const DELIVERIES: &str = "trackingmore_inbox_deliveries_total";
const JOBS: &str = "trackingmore_inbox_jobs_total";
const HANDLING: &str = "trackingmore_inbox_handle_seconds";
const PENDING: &str = "trackingmore_inbox_pending";
const RUNNING: &str = "trackingmore_inbox_running";
const DEAD: &str = "trackingmore_inbox_dead";
const UNREAD: &str = "trackingmore_inbox_unread";
const OLDEST: &str = "trackingmore_inbox_oldest_pending_seconds";

pub(crate) fn describe() {
    describe_counter!(
        DELIVERIES,
        Unit::Count,
        "Deliveries by result: new, duplicate, unread or not_stored"
    );
    describe_counter!(
        JOBS,
        Unit::Count,
        "Attempts by result: done, failed, dead, lost or superseded"
    );
    describe_histogram!(HANDLING, Unit::Seconds, "How long handlers ran");
    describe_gauge!(
        PENDING,
        Unit::Count,
        "Parcels with news that waits for a worker or a retry"
    );
    describe_gauge!(RUNNING, Unit::Count, "Parcels that a handler is working on");
    describe_gauge!(
        DEAD,
        Unit::Count,
        "Parcels whose last allowed attempt failed"
    );
    describe_gauge!(UNREAD, Unit::Count, "Deliveries that are not events");
    describe_gauge!(
        OLDEST,
        Unit::Seconds,
        "Age of the oldest news that waits or runs"
    );
}

/// Counts a delivery by its result.
pub(crate) fn delivery(result: &'static str) {
    counter!(DELIVERIES, "result" => result).increment(1);
}

/// Counts an attempt by its result.
pub(crate) fn job(result: &'static str) {
    counter!(JOBS, "result" => result).increment(1);
}

pub(crate) fn handled_in(time: Duration) {
    histogram!(HANDLING).record(time);
}

/// Updates the gauges for as long as this future is polled.
pub(crate) async fn keep_measuring<DB: Engine>(shared: Arc<Shared<DB>>) {
    loop {
        match care::count(&shared, false).await {
            Ok(stats) => {
                gauge!(PENDING).set(stats.pending as f64);
                gauge!(RUNNING).set(stats.running as f64);
                gauge!(DEAD).set(stats.dead as f64);
                gauge!(UNREAD).set(stats.unread as f64);
                gauge!(OLDEST).set(stats.oldest_pending.unwrap_or_default().as_secs_f64());
            }
            Err(error) => tracing::debug!(%error, "the inbox could not be counted"),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
