//! A filter that extracts a verified event.

use std::{env, error::Error, io, process::ExitCode, time::Duration};

use tokio::{net::TcpListener, signal, time::sleep};
use tracing_subscriber::filter::LevelFilter;
use trackingmore_webhook_warp::{Delivery, Verifier, recover, webhook};
use warp::{Filter, http::StatusCode};

fn shipment(delivery: Delivery) -> StatusCode {
    let tracking = &delivery.event.tracking;
    // Quoted, so that one event stays on one line, whatever was sent.
    println!(
        "parcel {:?} courier {:?} status {:?} substatus {:?}",
        tracking.tracking_number,
        tracking.courier_code,
        tracking.delivery_status,
        tracking.substatus
    );
    StatusCode::NO_CONTENT
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let secret = env::var("TRACKINGMORE_WEBHOOK_SECRET")
        .map_err(|_| "set TRACKINGMORE_WEBHOOK_SECRET to the webhook secret of the dashboard")?;
    let routes = warp::path!("webhooks" / "trackingmore")
        .and(warp::post())
        .and(webhook(Verifier::new(secret)?))
        .map(shipment)
        .recover(recover);

    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(&addr)
        .await
        .map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = warp::serve(routes)
        .incoming(listener)
        .graceful(async { _ = signal::ctrl_c().await })
        .run();
    // What has arrived is answered, but a client that sends slowly does not hold up the exit.
    tokio::select! {
        () = server => {}
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
