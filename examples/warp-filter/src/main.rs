//! A filter that extracts a verified event.

use std::{env, error::Error};

use tokio::{net::TcpListener, signal::ctrl_c};
use trackingmore_webhook_warp::{Delivery, Verifier, recover, webhook};
use warp::{Filter, http::StatusCode};

fn shipment(delivery: Delivery) -> StatusCode {
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
    let routes = warp::path!("webhooks" / "trackingmore")
        .and(warp::post())
        .and(webhook(Verifier::new(secret)?))
        .map(shipment)
        .recover(recover);

    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(addr).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = warp::serve(routes).incoming(listener);
    server.graceful(async { _ = ctrl_c().await }).run().await;
    Ok(())
}
