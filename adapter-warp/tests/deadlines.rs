//! The deadlines that README names.

#![allow(clippy::unwrap_used)]

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tower_http::timeout::RequestBodyDeadline;
use trackingmore_webhook::{
    Error, ErrorKind, Scheme, Signer,
    testing::{Connection, SECRET, conformance::PATH},
};
use trackingmore_webhook_warp::{Delivery, Verifier, recover, webhook};
use warp::{Filter as _, http::StatusCode};

const EVENT: &[u8] = br#"{"data":{"tracking_number":"LX405512873SE"}}  "#;

const SHORT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(3_600);

fn serve(head: Duration, body: Duration, handled: &Arc<AtomicUsize>) -> SocketAddr {
    let handled = Arc::clone(handled);
    let routes = warp::path!("webhooks" / "trackingmore")
        .and(webhook(Verifier::new(SECRET).unwrap()))
        .map(move |_: Delivery| {
            handled.fetch_add(1, Ordering::Relaxed);
            StatusCode::NO_CONTENT
        })
        .recover(recover);
    let service = RequestBodyDeadline::new(warp::service(routes), body);

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = TowerToHyperService::new(service.clone());
                let mut server = http1::Builder::new();
                server.timer(TokioTimer::new()).header_read_timeout(head);
                tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        })
    });
    addr
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
    let short = serve(LONG, SHORT, &handled);
    let mut connection = send(short, &EVENT[..EVENT.len() - 1]);
    let answer = connection.read_answer().unwrap();
    let error = Error::from(ErrorKind::BodyUnreadable);
    assert_eq!(answer.status, 400);
    assert_eq!(String::from_utf8_lossy(&answer.body), error.problem());
    assert!(connection.is_closed());
    assert_eq!(handled.load(Ordering::Relaxed), 0);

    let long = serve(LONG, LONG, &handled);
    assert_eq!(send(long, EVENT).read_answer().unwrap().status, 204);
    assert_eq!(handled.load(Ordering::Relaxed), 1);
}

#[test]
fn a_late_head_is_cut_off() {
    let handled = Arc::new(AtomicUsize::new(0));
    let mut connection = Connection::open(serve(SHORT, LONG, &handled)).unwrap();
    connection
        .send(b"POST /webhooks/trackingmore HTTP/1.1\r\n")
        .unwrap();
    assert!(connection.is_closed());
}
