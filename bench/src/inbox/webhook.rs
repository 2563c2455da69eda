//! Whole requests: an axum server in this process, and its clients.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Router, http::StatusCode, routing::post};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use trackingmore_webhook::{Scheme, Signer, Verifier};
use trackingmore_webhook_axum::{RawWebhook, WebhookRejection};

use super::{DELIVERIES, SENDERS, at_once, database::Database, some_bodies};
use crate::SECRET;

/// Returns requests per second, with deliveries that are verified and accepted.
pub async fn requests<D: Database>(database: &D) -> f64 {
    let inbox = database.inbox().clone();
    let receive = async move |RawWebhook(body): RawWebhook| {
        inbox.accept(&body).await?;
        Ok::<_, WebhookRejection>(StatusCode::NO_CONTENT)
    };
    let verifier = Verifier::new(SECRET).expect("a usable secret");
    let app = Router::new().route("/", post(receive)).with_state(verifier);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(axum::serve(listener, app).into_future());

    let connections = connections(address).await;
    let send = |request: String| {
        let connections = Arc::clone(&connections);
        async move {
            let connection = connections.lock().expect("no panic").pop();
            let mut connection = connection.expect("one for each that is sent at once");
            exchange(&mut connection, request.as_bytes()).await;
            connections.lock().expect("no panic").push(connection);
        }
    };
    let rate = at_once(SENDERS, some_requests(), send).await;
    server.abort();
    rate
}

async fn connections(address: SocketAddr) -> Arc<Mutex<Vec<TcpStream>>> {
    let mut connections = Vec::with_capacity(SENDERS);
    for _ in 0..SENDERS {
        let connection = TcpStream::connect(address).await.expect("a server");
        connection.set_nodelay(true).expect("a socket");
        connections.push(connection);
    }
    Arc::new(Mutex::new(connections))
}

fn some_requests() -> Vec<String> {
    let signer = Signer::new(SECRET).expect("a usable secret");
    let headers = signer.headers(Scheme::Timestamp, std::time::SystemTime::now(), b"");
    let headers = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    let headers: String = headers.collect();
    let request = |body: String| {
        let length = body.len();
        format!("POST / HTTP/1.1\r\nhost: bench\r\n{headers}content-length: {length}\r\n\r\n{body}")
    };
    some_bodies(DELIVERIES).into_iter().map(request).collect()
}

async fn exchange(connection: &mut TcpStream, request: &[u8]) {
    connection.write_all(request).await.expect("a connection");
    let mut answer = Vec::with_capacity(512);
    while !answer.ends_with(b"\r\n\r\n") {
        let read = connection.read_buf(&mut answer).await;
        assert!(read.is_ok_and(|read| read > 0), "the server closed");
    }
    assert!(answer.starts_with(b"HTTP/1.1 204 "), "not accepted");
}
