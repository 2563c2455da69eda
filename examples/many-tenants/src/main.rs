//! Each tenant has an account and a secret: the verifier is looked up for each request.

use std::{collections::HashMap, env, error::Error, sync::Arc};

use axum::{
    Router,
    extract::{FromRequest as _, Path, Request, State},
    http::StatusCode,
    routing::post,
};
use tokio::{net::TcpListener, signal::ctrl_c};
use trackingmore_webhook_axum::{Verifier, Webhook, WebhookRejection};

/// Verifiers by tenant name; the entry `""` is for unknown tenants.
type Tenants = Arc<HashMap<String, Verifier>>;

async fn shipment(
    State(tenants): State<Tenants>,
    Path(tenant): Path<String>,
    request: Request,
) -> Result<StatusCode, WebhookRejection> {
    let verifier = tenants.get(&tenant).unwrap_or(&tenants[""]);
    let Webhook(delivery) = <Webhook>::from_request(request, verifier).await?;
    let number = &delivery.event.tracking.tracking_number;
    println!("{tenant}: parcel {number:?}");
    Ok(StatusCode::NO_CONTENT)
}

/// Reads `name=secret name=secret`, in place of a database.
fn tenants(list: &str) -> Result<Tenants, Box<dyn Error>> {
    // A secret that nobody knows: trying names does not reveal which tenants exist.
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    let mut tenants = HashMap::from([(String::new(), Verifier::new(format!("{random:?}"))?)]);
    for tenant in list.split_whitespace() {
        let named = tenant.split_once('=');
        let (name, secret) = named.ok_or("write TENANTS as name=secret")?;
        let verifier = Verifier::builder().name(name).secret(secret).build()?;
        tenants.insert(name.to_owned(), verifier);
    }
    Ok(Arc::new(tenants))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init();
    let list = env::var("TENANTS").map_err(|_| "set TENANTS to name=secret name=secret")?;
    let app = Router::new()
        .route("/webhooks/trackingmore/{tenant}", post(shipment))
        .with_state(tenants(&list)?);

    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(addr).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = axum::serve(listener, app);
    server
        .with_graceful_shutdown(async { _ = ctrl_c().await })
        .await?;
    Ok(())
}
