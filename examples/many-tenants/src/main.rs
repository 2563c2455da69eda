//! Each tenant has an account and a secret: the verifier is looked up per request.

use std::{
    collections::HashMap, env, error::Error, io, process::ExitCode, sync::Arc, time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use tokio::{net::TcpListener, signal, time::sleep};
use tracing_subscriber::filter::LevelFilter;
use trackingmore_webhook::{Delivery, Event, Verifier};

/// The account of whoever runs this server, whose path names no tenant.
const OWN: &str = "own";

/// The largest body that is read: as much as a verifier takes by default.
const BODY_LIMIT: usize = 256 * 1024;

/// The verifier of every tenant, made once. Stands for a table in a database.
struct Tenants {
    verifiers: HashMap<String, Verifier>,
    /// Has a secret that nobody knows and judges for tenants that do not exist. What is sent to
    /// them is answered as a forgery is, so that trying names does not tell who is a customer.
    nobody: Verifier,
}

impl Tenants {
    fn verifier(&self, tenant: &str) -> &Verifier {
        self.verifiers.get(tenant).unwrap_or(&self.nobody)
    }
}

async fn receive(
    State(tenants): State<Arc<Tenants>>,
    tenant: Option<Path<String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let tenant = tenant.as_ref().map_or(OWN, |Path(tenant)| tenant);
    match tenants.verifier(tenant).receive::<Event>(&headers, body) {
        Ok(delivery) => shipment(tenant, &delivery).into_response(),
        Err(error) => error.to_response().map(Body::from),
    }
}

fn shipment(tenant: &str, delivery: &Delivery) -> StatusCode {
    let tracking = &delivery.event.tracking;
    // Quoted, so that one event stays on one line, whatever was sent.
    println!(
        "tenant {tenant:?} parcel {:?} courier {:?} status {:?} substatus {:?}",
        tracking.tracking_number,
        tracking.courier_code,
        tracking.delivery_status,
        tracking.substatus
    );
    StatusCode::NO_CONTENT
}

fn tenants() -> Result<Tenants, Box<dyn Error>> {
    let own = env::var("TRACKINGMORE_WEBHOOK_SECRET")
        .map_err(|_| "set TRACKINGMORE_WEBHOOK_SECRET to the webhook secret of the dashboard")?;
    let mut verifiers = HashMap::from([(OWN.to_owned(), Verifier::new(own)?)]);
    let others = env::var("TENANTS").unwrap_or_default();
    for entry in others.split_whitespace() {
        let (tenant, secret) = entry
            .split_once('=')
            .ok_or("write TENANTS as name=secret, with spaces between the tenants")?;
        verifiers.insert(tenant.to_owned(), Verifier::new(secret)?);
    }

    let mut unknowable = [0; 32];
    getrandom::fill(&mut unknowable)?;
    Ok(Tenants {
        verifiers,
        nobody: Verifier::new(hex::encode(unknowable))?,
    })
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let app = Router::new()
        .route("/webhooks/trackingmore", post(receive))
        .route("/webhooks/trackingmore/{tenant}", post(receive))
        // `Bytes` reads the whole body before anything is verified.
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Arc::new(tenants()?));

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
