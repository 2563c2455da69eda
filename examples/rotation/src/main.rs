//! Replaces a secret without a restart: reads its file again when it changes.

use std::{env, error::Error, fs, net::TcpListener, time::Duration};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt, web};
use tokio::sync::watch;
use trackingmore_webhook_actix::{Verifier, Webhook, WebhookError};

async fn shipment(
    verifier: web::Data<watch::Receiver<Verifier>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, WebhookError> {
    let (verifier, mut payload) = (verifier.borrow().clone(), payload.into_inner());
    let webhook = <Webhook>::from_request_with(&request, &mut payload, &verifier);
    let Webhook(delivery) = webhook.await?;
    println!("parcel by secret {}", delivery.verified.secret_index());
    Ok(HttpResponse::NoContent().finish())
}

/// The current secret is in the first line. The previous one follows until its last retry is over.
fn read(file: &str) -> Result<Verifier, Box<dyn Error>> {
    let mut builder = Verifier::builder();
    for secret in fs::read_to_string(file)?.lines() {
        builder = builder.secret(secret);
    }
    Ok(builder.build()?)
}

async fn follow(file: String, verifier: watch::Sender<Verifier>) {
    let mut known = None;
    loop {
        let modified = fs::metadata(&file).and_then(|file| file.modified()).ok();
        if modified != known {
            match read(&file) {
                Ok(new) => _ = verifier.send_replace(new),
                Err(error) => tracing::error!(error, "the old secrets stay"),
            }
            known = modified;
        }
        rt::time::sleep(Duration::from_secs(1)).await;
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init();
    let file = env::var("SECRET_FILE").map_err(|_| "set SECRET_FILE")?;
    let (sender, receiver) = watch::channel(read(&file)?);
    rt::spawn(follow(file, sender));
    let app = move || {
        let verifier = web::Data::new(receiver.clone());
        let webhook = web::resource("/webhooks/trackingmore").post(shipment);
        App::new().app_data(verifier).service(webhook)
    };
    let listener = TcpListener::bind(env::var("ADDR").as_deref().unwrap_or("127.0.0.1:3000"))?;
    println!("listening on http://{}", listener.local_addr()?);
    HttpServer::new(app).listen(listener)?.run().await?;
    Ok(())
}
