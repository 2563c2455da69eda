//! Keeps deliveries that have a valid signature but do not parse, so that they are not resent.

use std::{env, error::Error, fs, io, io::Write as _, path::Path};

use axum::{Router, http::StatusCode, routing::post};
use tempfile::NamedTempFile;
use tokio::{net::TcpListener, signal::ctrl_c, task::block_in_place};
use trackingmore_webhook_axum::{ErrorKind, VerifiedBody, Verifier, Webhook, WebhookRejection};

const FOLDER: &str = "odd-deliveries";

async fn receive(
    webhook: Result<Webhook, WebhookRejection>,
) -> Result<StatusCode, WebhookRejection> {
    let rejection = match webhook {
        Ok(Webhook(delivery)) => {
            println!("parcel {:?}", delivery.event.tracking.tracking_number);
            return Ok(StatusCode::NO_CONTENT);
        }
        Err(rejection) => rejection,
    };
    let Some(body) = rejection.verified_body() else {
        return Err(rejection);
    };
    if let Err(error) = block_in_place(|| keep(body)) {
        tracing::error!(%error, "could not keep an odd delivery: TrackingMore must resend it");
        return Err(trackingmore_webhook_axum::Error::from(ErrorKind::NotStored).into());
    }
    println!("kept {}: {rejection}", body.id());
    Ok(StatusCode::OK)
}

/// Writes a file that only its owner can read, since a body holds customer data. The file gets its
/// name once it is complete; the same delivery gets the same name when it is resent.
fn keep(body: &VerifiedBody) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(FOLDER)?;
    file.write_all(body.bytes())?;
    file.as_file().sync_all()?;
    file.persist(Path::new(FOLDER).join(body.id().to_string()))?;
    fs::File::open(FOLDER)?.sync_all()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init();
    let secret = env::var("TRACKINGMORE_WEBHOOK_SECRET")
        .map_err(|_| "set TRACKINGMORE_WEBHOOK_SECRET to the webhook secret of the dashboard")?;
    fs::create_dir_all(FOLDER)?;
    let app = Router::new().route("/webhooks/trackingmore", post(receive));
    let app = app.with_state(Verifier::new(secret)?);

    let addr = env::var("ADDR");
    let listener = TcpListener::bind(addr.as_deref().unwrap_or("127.0.0.1:3000")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = axum::serve(listener, app);
    server
        .with_graceful_shutdown(async { _ = ctrl_c().await })
        .await?;
    Ok(())
}
