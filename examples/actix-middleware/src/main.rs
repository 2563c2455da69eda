//! A middleware that lets only genuine deliveries through to what it wraps.

use std::{env, error::Error, net::TcpListener};

use actix_web::{App, HttpResponse, HttpServer, web};
use trackingmore_webhook_actix::{Verifier, VerifyWebhook, Webhook};

/// The middleware has verified the request, so the extractor does not verify it again.
async fn shipment(Webhook(delivery): Webhook) -> HttpResponse {
    let parcel = &delivery.event.tracking;
    println!(
        "parcel {:?} status {:?}",
        parcel.tracking_number, parcel.delivery_status
    );
    HttpResponse::NoContent().finish()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init();
    let secret = env::var("TRACKINGMORE_WEBHOOK_SECRET")
        .map_err(|_| "set TRACKINGMORE_WEBHOOK_SECRET to the webhook secret of the dashboard")?;
    let verifier = Verifier::new(secret)?;
    let app = move || {
        let webhook = web::resource("/webhooks/trackingmore")
            .wrap(VerifyWebhook::new(verifier.clone()))
            .route(web::post().to(shipment));
        let health = web::get().to(async || "healthy\n");
        // Not inside the middleware, where it would be answered 401.
        App::new().service(webhook).route("/health", health)
    };

    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(addr)?;
    println!("listening on http://{}", listener.local_addr()?);
    HttpServer::new(app).listen(listener)?.run().await?;
    Ok(())
}
