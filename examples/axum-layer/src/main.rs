//! A layer that lets only genuine deliveries through to the routes behind it.

use std::{env, error::Error, io, process::ExitCode, time::Duration};

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use tokio::{net::TcpListener, signal, time::sleep};
use tracing_subscriber::filter::LevelFilter;
use trackingmore_webhook_axum::{Verifier, VerifyLayer, Webhook};

/// What the layer has accepted is not verified twice.
async fn shipment(Webhook(delivery): Webhook) -> StatusCode {
    let tracking = &delivery.event.tracking;
    // Quoted, so that one event stays on one line, whatever was sent.
    println!(
        "parcel {:?} courier {:?} status {:?} substatus {:?}",
        tracking.tracking_number,
        tracking.courier_code,
        tracking.delivery_status,
        tracking.substatus,
    );
    StatusCode::NO_CONTENT
}

async fn healthy() -> &'static str {
    "healthy\n"
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let secret = env::var("TRACKINGMORE_WEBHOOK_SECRET")
        .map_err(|_| "set TRACKINGMORE_WEBHOOK_SECRET to the webhook secret of the dashboard")?;
    let verifier = Verifier::new(secret)?;
    let app = Router::new()
        .route("/webhooks/trackingmore", post(shipment))
        .layer(VerifyLayer::new(verifier.clone()))
        // Added after the layer, and so not behind it, where it would be answered 401.
        .route("/health", get(healthy))
        .with_state(verifier);

    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(&addr)
        .await
        .map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    println!("listening on http://{}", listener.local_addr()?);
    let server =
        axum::serve(listener, app).with_graceful_shutdown(async { _ = signal::ctrl_c().await });
    // What has arrived is answered, but a client that sends slowly does not hold up the exit.
    tokio::select! {
        stopped = server => stopped?,
        () = async { _ = signal::ctrl_c().await; sleep(Duration::from_secs(3)).await } => {}
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        // Shows every refusal. INFO shows those of deliveries with a valid signature only.
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
