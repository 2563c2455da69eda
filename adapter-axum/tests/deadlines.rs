//! The deadline for bodies that README names.

#![allow(clippy::unwrap_used)]

mod serve;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use axum::{Router, http::StatusCode, routing::post};
use tower_http::timeout::RequestBodyDeadlineLayer;
use trackingmore_webhook::{
    Error, ErrorKind, Scheme, Signer,
    testing::{Connection, SECRET, conformance::PATH},
};
use trackingmore_webhook_axum::{Verifier, Webhook};

const EVENT: &[u8] = br#"{"data":{"tracking_number":"LX405512873SE"}}  "#;

fn serve(deadline: Duration, handled: &Arc<AtomicUsize>) -> SocketAddr {
    let handled = Arc::clone(handled);
    let handler = async move |_: Webhook| {
        handled.fetch_add(1, Ordering::Relaxed);
        StatusCode::NO_CONTENT
    };
    let app = Router::new()
        .route(PATH, post(handler))
        .with_state(Verifier::new(SECRET).unwrap());
    serve::in_background(app.layer(RequestBodyDeadlineLayer::new(deadline)))
}

fn send(addr: SocketAddr, part: &[u8]) -> Connection {
    let signer = Signer::new(SECRET).unwrap();
    let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), EVENT);
    let length = format!("content-length: {}", EVENT.len());
    let mut connection = Connection::open(addr).unwrap();
    connection.send_head(PATH, &headers, &[&length]).unwrap();
    connection.send(part).unwrap();
    connection
}

#[test]
fn a_late_body_is_refused_and_one_in_time_is_not() {
    let handled = Arc::new(AtomicUsize::new(0));
    let short = serve(Duration::from_millis(10), &handled);
    let mut connection = send(short, &EVENT[..EVENT.len() - 1]);
    let answer = connection.read_answer().unwrap();
    let error = Error::from(ErrorKind::BodyUnreadable);
    assert_eq!(answer.status, 400);
    assert_eq!(String::from_utf8_lossy(&answer.body), error.problem());
    assert!(connection.is_closed());
    assert_eq!(handled.load(Ordering::Relaxed), 0);

    let long = serve(Duration::from_secs(3_600), &handled);
    assert_eq!(send(long, EVENT).read_answer().unwrap().status, 204);
    assert_eq!(handled.load(Ordering::Relaxed), 1);
}
