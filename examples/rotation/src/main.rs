//! A secret is replaced without losing a delivery: the previous one is accepted as well.

use std::{env, error::Error, io, net::TcpListener, process::ExitCode};

use actix_web::{App, HttpResponse, HttpServer, rt::signal, web};
use tracing_subscriber::filter::LevelFilter;
use trackingmore_webhook_actix::{Verifier, Webhook};

async fn shipment(Webhook(delivery): Webhook) -> HttpResponse {
    let secret = match delivery.verified.secret_index() {
        0 => "current",
        _ => "previous",
    };
    let tracking = &delivery.event.tracking;
    // Quoted, so that one event stays on one line, whatever was sent.
    println!(
        "parcel {:?} courier {:?} status {:?} substatus {:?} secret {secret}",
        tracking.tracking_number,
        tracking.courier_code,
        tracking.delivery_status,
        tracking.substatus,
    );
    HttpResponse::NoContent().finish()
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let current = env::var("TRACKINGMORE_WEBHOOK_SECRET")
        .map_err(|_| "set TRACKINGMORE_WEBHOOK_SECRET to the webhook secret of the dashboard")?;
    let mut builder = Verifier::builder().secret(current);
    if let Ok(previous) = env::var("TRACKINGMORE_WEBHOOK_SECRET_PREVIOUS") {
        builder = builder.secret(previous);
    }
    let verifier = builder.build()?;
    let app = move || {
        App::new()
            .app_data(verifier.clone())
            .route("/webhooks/trackingmore", web::post().to(shipment))
    };

    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener =
        TcpListener::bind(&addr).map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    println!("listening on http://{}", listener.local_addr()?);
    HttpServer::new(app)
        // What has arrived is answered, but a client that sends slowly does not hold up the exit.
        .shutdown_timeout(3)
        .shutdown_signal(async { _ = signal::ctrl_c().await })
        .listen(listener)?
        .run()
        .await?;
    Ok(())
}

#[actix_web::main]
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
