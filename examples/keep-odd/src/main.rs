//! Deliveries with a valid signature that do not parse are kept, instead of being refused and sent again.

use std::{
    env,
    error::Error,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::{FromRef, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::post,
};
use tempfile::NamedTempFile;
use tokio::{net::TcpListener, signal, task, time::sleep};
use tracing_subscriber::filter::LevelFilter;
use trackingmore_webhook_axum::{Delivery, VerifiedBody, Verifier, Webhook, WebhookRejection};

#[derive(Clone, FromRef)]
struct App {
    verifier: Verifier,
    folder: Arc<PathBuf>,
}

async fn receive(
    State(folder): State<Arc<PathBuf>>,
    webhook: Result<Webhook, WebhookRejection>,
) -> Response {
    match webhook {
        Ok(Webhook(delivery)) => shipment(&delivery).into_response(),
        Err(rejection) => match rejection.verified_body() {
            Some(body) => odd(&folder, body, &rejection).into_response(),
            None => rejection.into_response(),
        },
    }
}

fn shipment(delivery: &Delivery) -> StatusCode {
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

fn odd(folder: &Path, body: &VerifiedBody, why: &WebhookRejection) -> StatusCode {
    match task::block_in_place(|| keep(folder, body)) {
        Ok(()) => {
            println!("kept {}: {why}", body.id());
            StatusCode::OK
        }
        // It is not kept, and so it must be sent again.
        Err(error) => {
            eprintln!("cannot keep {}: {error}", body.id());
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// Writes a file that only its owner can read, since a body holds customer data. It gets its name
/// when it is whole: the same delivery, sent again, gets the same.
fn keep(folder: &Path, body: &VerifiedBody) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(body.bytes())?;
    file.as_file().sync_all()?;
    file.persist(folder.join(body.id().to_string()))?;
    Ok(())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let secret = env::var("TRACKINGMORE_WEBHOOK_SECRET")
        .map_err(|_| "set TRACKINGMORE_WEBHOOK_SECRET to the webhook secret of the dashboard")?;
    let verifier = Verifier::new(secret)?;
    let folder = PathBuf::from(env::var_os("ODD_DIR").unwrap_or_else(|| "odd-deliveries".into()));
    fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make the folder {}: {error}", folder.display()))?;
    let app = Router::new()
        .route("/webhooks/trackingmore", post(receive))
        .with_state(App {
            verifier,
            folder: Arc::new(folder),
        });

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
