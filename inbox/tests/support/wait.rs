use std::{
    fmt::Debug,
    future::Future,
    time::{Duration, Instant},
};

use trackingmore_webhook_inbox::Inbox;

use crate::database::Db;

/// How long a test waits for an event before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// As [`PATIENCE`], until all work is done.
const PATIENCE_WITH_WORK: Duration = Duration::from_secs(10 * 60);

/// Polls a condition until it holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, condition: impl FnMut() -> F) {
    until_within(PATIENCE, what, condition).await;
}

async fn until_within<F: Future<Output = bool>>(
    patience: Duration,
    what: &str,
    mut condition: impl FnMut() -> F,
) {
    let deadline = Instant::now() + patience;
    while !condition().await {
        assert!(Instant::now() < deadline, "timed out waiting until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until nothing is pending or running.
pub(crate) async fn until_idle(inbox: &Inbox<Db>) {
    until_within(PATIENCE_WITH_WORK, "the inbox is idle", || is_idle(inbox)).await;
}

async fn is_idle(inbox: &Inbox<Db>) -> bool {
    let stats = inbox.stats().await;
    stats.is_ok_and(|stats| stats.pending == 0 && stats.running == 0)
}

/// Waits for a future. Fails the test if that takes too long.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("timed out waiting until {what}"),
    }
}

/// Waits for the next value of a channel that a handler sends to.
pub(crate) async fn next<T: Debug>(receiver: &mut tokio::sync::mpsc::UnboundedReceiver<T>) -> T {
    let value = soon("the handler is called", receiver.recv()).await;
    value.expect("a handler that is still running")
}
