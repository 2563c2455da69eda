//! Two accounts, each with its own secret, on two paths of one server.

use std::{env, error::Error};

use tokio::{net::TcpListener, signal::ctrl_c};
use trackingmore_webhook_warp::{Delivery, Verifier, recover, webhook};
use warp::{Filter, http::StatusCode};

fn shipment(account: &str, delivery: &Delivery) -> StatusCode {
    let parcel = &delivery.event.tracking;
    println!(
        "{account}: parcel {:?} status {:?}",
        parcel.tracking_number, parcel.delivery_status
    );
    StatusCode::NO_CONTENT
}

/// The name distinguishes the two in logs and metrics.
fn verifier(name: &str, variable: &str) -> Result<Verifier, Box<dyn Error>> {
    let secret = env::var(variable)
        .map_err(|_| format!("set {variable} to a webhook secret of the dashboard"))?;
    Ok(Verifier::builder().name(name).secret(secret).build()?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init();
    let first = warp::path!("webhooks" / "trackingmore")
        .and(warp::post())
        .and(webhook(verifier("first", "TRACKINGMORE_WEBHOOK_SECRET")?))
        .map(|delivery| shipment("first", &delivery));
    let second = warp::path!("webhooks" / "trackingmore" / "second")
        .and(warp::post())
        .and(webhook(verifier(
            "second",
            "TRACKINGMORE_WEBHOOK_SECRET_2",
        )?))
        .map(|delivery| shipment("second", &delivery));
    let routes = first.or(second).recover(recover);

    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(addr).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = warp::serve(routes).incoming(listener);
    server.graceful(async { _ = ctrl_c().await }).run().await;
    Ok(())
}
