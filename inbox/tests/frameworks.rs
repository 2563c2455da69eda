//! Calls `inbox.accept(&body).await?` in a handler of each framework, over sockets.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used)]

use std::{
    net::{SocketAddr, TcpListener},
    thread,
    time::SystemTime,
};

use tempfile::TempDir;
use trackingmore_webhook::{
    Scheme, Signer, Verifier,
    testing::{Answer, Connection, Framing},
};
use trackingmore_webhook_inbox::SqliteInbox;

const SECRET: &str = "a secret";

fn delivery(minute: u32) -> String {
    format!(
        r#"{{"code":200,"message":"Success","data":{{"tracking_number":"A","courier_code":"usps",
        "delivery_status":"transit","update_at":"2026-07-01T10:{minute:02}:00+00:00"}}}}"#
    )
}

fn inbox() -> (TempDir, SqliteInbox) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("deliveries.db");
    let opening = SqliteInbox::open(path);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let inbox = runtime.block_on(opening).unwrap();
    (place, inbox)
}

fn verifier() -> Verifier {
    Verifier::new(SECRET).unwrap()
}

/// Starts a server on a free port, in a runtime of its own. Returns its address.
fn serve<F: Future>(start: impl FnOnce(TcpListener) -> F + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async { start(listener).await });
    });
    address
}

fn post(address: SocketAddr, body: &str) -> Answer {
    let headers = Signer::new(SECRET).unwrap();
    let headers = headers.headers(Scheme::Body, SystemTime::now(), body.as_bytes());
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let mut connection = Connection::open(address).unwrap();
    connection
        .post("/hook", &headers, body.as_bytes(), Framing::Length)
        .unwrap()
}

/// Asserts that each genuine delivery is stored once, and that a failure to store it is a 503.
fn behaves(address: SocketAddr, inbox: &SqliteInbox) {
    let first = delivery(1);
    for _ in 0..2 {
        assert_eq!(post(address, &first).status, 204);
    }
    assert_eq!(post(address, "no event").status, 204);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stats = runtime.block_on(inbox.stats()).unwrap();
    assert_eq!((stats.stored, stats.unread, stats.pending), (2, 1, 1));
    runtime.block_on(inbox.close());
    let answer = post(address, &delivery(2));
    assert_eq!(answer.status, 503);
    let body = String::from_utf8(answer.body).unwrap();
    assert!(body.contains(r#""code":"not_stored""#), "{body}");
}

#[test]
fn in_axum() {
    use axum::{Router, extract::State, http::StatusCode, routing};
    use trackingmore_webhook_axum::{RawWebhook, WebhookRejection};

    async fn receive(
        State(inbox): State<SqliteInbox>,
        RawWebhook(body): RawWebhook,
    ) -> Result<StatusCode, WebhookRejection> {
        inbox.accept(&body).await?;
        Ok(StatusCode::NO_CONTENT)
    }

    #[derive(Clone, axum::extract::FromRef)]
    struct App {
        inbox: SqliteInbox,
        verifier: Verifier,
    }

    let (_place, inbox) = inbox();
    let app = App {
        inbox: inbox.clone(),
        verifier: verifier(),
    };
    let address = serve(move |listener| async {
        let router = Router::new()
            .route("/hook", routing::post(receive))
            .with_state(app);
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, router).await.unwrap();
    });
    behaves(address, &inbox);
}

#[test]
fn in_actix() {
    use actix_web::{App, HttpResponse, HttpServer, web};
    use trackingmore_webhook_actix::{RawWebhook, WebhookError};

    async fn receive(
        inbox: web::Data<SqliteInbox>,
        RawWebhook(body): RawWebhook,
    ) -> Result<HttpResponse, WebhookError> {
        inbox.accept(&body).await?;
        Ok(HttpResponse::NoContent().finish())
    }

    let (_place, inbox) = inbox();
    let data = web::Data::new(inbox.clone());
    let address = serve(move |listener| async {
        let app = move || {
            App::new()
                .app_data(verifier())
                .app_data(data.clone())
                .route("/hook", web::post().to(receive))
        };
        let server = HttpServer::new(app).workers(1).listen(listener).unwrap();
        server.run().await.unwrap();
    });
    behaves(address, &inbox);
}

#[test]
fn in_warp() {
    use trackingmore_webhook_warp::{VerifiedBody, WebhookRejection, raw_webhook, recover};
    use warp::{Filter as _, Rejection, http::StatusCode};

    async fn receive(body: VerifiedBody, inbox: SqliteInbox) -> Result<StatusCode, Rejection> {
        inbox.accept(&body).await.map_err(WebhookRejection::from)?;
        Ok(StatusCode::NO_CONTENT)
    }

    let (_place, inbox) = inbox();
    let with_inbox = inbox.clone();
    let address = serve(move |listener| async {
        let routes = warp::path("hook")
            .and(raw_webhook(verifier()))
            .and(warp::any().map(move || with_inbox.clone()))
            .and_then(receive)
            .recover(recover);
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        warp::serve(routes).incoming(listener).run().await;
    });
    behaves(address, &inbox);
}
