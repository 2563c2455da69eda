//! Two shops that message their customers about each new checkpoint, exactly once: a complete
//! receiver, as it runs in production.

mod database;
mod messages;
mod secrets;
mod web;

use std::{env, time::Duration};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::{net::TcpListener, signal, time::sleep};
use trackingmore_webhook_inbox::{BoxError, Inbox, PgInbox, SqliteInbox};

use crate::database::Database;

/// Each has a TrackingMore account, and a file with its name in the folder `SECRETS`.
const SHOPS: [&str; 2] = ["shoes", "books"];

/// How long running work may take when the program is told to end. Then it is released for later.
const GRACE: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    tracing_subscriber::fmt::init();
    // Installed first, so that inboxes and verifiers describe their metrics to it.
    let metrics = PrometheusBuilder::new().install_recorder()?;
    match env::var("DATABASE_URL") {
        Ok(url) => run(PgInbox::connect(&url).await?, metrics).await,
        Err(_) => run(SqliteInbox::open("shop.db").await?, metrics).await,
    }
}

async fn run<DB: Database>(inbox: Inbox<DB>, metrics: PrometheusHandle) -> Result<(), BoxError> {
    messages::create_table(&inbox).await?;
    let operations = web::operations(inbox.clone(), metrics);
    let webhooks = web::webhooks(&inbox)?;
    // In PostgreSQL, another process takes over the jobs of one that was killed after this time.
    let lease = Duration::from_secs(10);
    let worker = inbox.worker(messages::write).lease(lease).grace(GRACE);
    let for_operations = listen("metrics", "METRICS_ADDR", "127.0.0.1:9000").await?;
    let for_webhooks = listen("listening", "ADDR", "127.0.0.1:3000").await?;
    let receive = axum::serve(for_webhooks, webhooks).with_graceful_shutdown(stop());
    let receive = async { receive.await.map_err(BoxError::from) };
    let work = async { worker.run_until(stop()).await.map_err(BoxError::from) };
    tokio::select! {
        ended = async { tokio::try_join!(receive, work) } => { ended?; }
        failed = axum::serve(for_operations, operations) => failed?,
        () = async { stop().await; sleep(2 * GRACE).await } => tracing::warn!("ended by force"),
    }
    inbox.close().await;
    Ok(())
}

async fn listen(what: &str, variable: &str, addr: &str) -> Result<TcpListener, BoxError> {
    let listener = TcpListener::bind(env::var(variable).as_deref().unwrap_or(addr)).await?;
    println!("{what} on http://{}", listener.local_addr()?);
    Ok(listener)
}

/// Waits for Ctrl-C, or for SIGTERM, which ends a service.
async fn stop() {
    let stopped = signal::ctrl_c();
    #[cfg(unix)]
    let stopped = async {
        let mut terminated = signal::unix::signal(signal::unix::SignalKind::terminate())?;
        tokio::select! { result = stopped => result, _ = terminated.recv() => Ok(()) }
    };
    stopped.await.expect("signals can be received");
}
