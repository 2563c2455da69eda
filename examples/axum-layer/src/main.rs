//! A layer that lets only genuine deliveries through to the routes behind it.

use std::{env, error::Error};

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use tokio::{net::TcpListener, signal::ctrl_c};
use trackingmore_webhook_axum::{Verifier, VerifyLayer, Webhook};

/// The layer has verified the request, so the extractor does not verify it again.
async fn shipment(Webhook(delivery): Webhook) -> StatusCode {
    let parcel = &delivery.event.tracking;
    println!(
        "parcel {:?} status {:?}",
        parcel.tracking_number, parcel.delivery_status
    );
    StatusCode::NO_CONTENT
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init();
    let secret = env::var("TRACKINGMORE_WEBHOOK_SECRET")
        .map_err(|_| "set TRACKINGMORE_WEBHOOK_SECRET to the webhook secret of the dashboard")?;
    let verifier = Verifier::new(secret)?;
    let app = Router::new()
        .route("/webhooks/trackingmore", post(shipment))
        .layer(VerifyLayer::new(verifier.clone()))
        // Added after the layer, so it is not behind it, where it would be answered 401.
        .route("/health", get("healthy\n"))
        .with_state(verifier);

    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(addr).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = axum::serve(listener, app);
    server
        .with_graceful_shutdown(async { _ = ctrl_c().await })
        .await?;
    Ok(())
}
