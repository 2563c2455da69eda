//! A handler whose argument is a verified event.

use std::{env, error::Error, io, process::ExitCode};

use axum::{Router, http::StatusCode, routing::post};
use tokio::{net::TcpListener, signal};
use tracing_subscriber::filter::LevelFilter;
use trackingmore_webhook_axum::{Verifier, Webhook};

async fn shipment(Webhook(delivery): Webhook) -> StatusCode {
    let tracking = &delivery.event.tracking;
    // Quoted, so that one event stays on one line, whatever the sender wrote.
    println!("parcel {:?}", tracking.tracking_number);
    StatusCode::NO_CONTENT
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let secret = env::var("TRACKINGMORE_WEBHOOK_SECRET")
        .map_err(|_| "set TRACKINGMORE_WEBHOOK_SECRET to the webhook secret of the dashboard")?;
    let app = Router::new()
        .route("/webhooks/trackingmore", post(shipment))
        .with_state(Verifier::new(secret)?);

    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(&addr)
        .await
        .map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app)
        .with_graceful_shutdown(async { _ = signal::ctrl_c().await })
        .await?;
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        // Shows every refusal. INFO shows those of rightly signed deliveries only.
        .with_max_level(LevelFilter::DEBUG)
        .init();
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
