//! The inbox's metrics, with the feature `metrics`.

use std::time::Duration;

/// Counts a delivery by what became of it.
pub(crate) fn delivery(result: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("trackingmore_inbox_deliveries_total", "result" => result).increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = result;
}

/// Counts an attempt by how it ended.
pub(crate) fn job(result: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("trackingmore_inbox_jobs_total", "result" => result).increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = result;
}

/// Records how long a handler took.
pub(crate) fn handled_in(time: Duration) {
    #[cfg(feature = "metrics")]
    metrics::histogram!("trackingmore_inbox_handle_seconds").record(time);
    #[cfg(not(feature = "metrics"))]
    let _ = time;
}
