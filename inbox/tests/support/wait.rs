use std::{
    fmt::Debug,
    future::Future,
    time::{Duration, Instant},
};

use trackingmore_webhook_inbox::Inbox;

use crate::database::Db;

/// How long a test waits for what must happen before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for a condition, which it asks again and again.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until nothing waits and nothing runs.
pub(crate) async fn until_idle(inbox: &Inbox<Db>) {
    until("the inbox is idle", || is_idle(inbox)).await;
}

async fn is_idle(inbox: &Inbox<Db>) -> bool {
    let stats = inbox.stats().await;
    stats.is_ok_and(|stats| stats.pending == 0 && stats.running == 0)
}

/// Fails instead of waiting forever.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain until {what}"),
    }
}

/// Waits for the next value of a channel.
pub(crate) async fn next<T: Debug>(receiver: &mut tokio::sync::mpsc::UnboundedReceiver<T>) -> T {
    let value = soon("the handler is called", receiver.recv()).await;
    value.expect("a handler that goes on")
}
