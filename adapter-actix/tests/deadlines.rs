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

use actix_web::{
    HttpResponse,
    error::ErrorRequestTimeout,
    middleware::{Next, from_fn},
    rt::time::timeout,
    web,
};
use trackingmore_webhook::{
    Scheme, Signer,
    testing::{Connection, SECRET, conformance::PATH},
};
use trackingmore_webhook_actix::{Verifier, Webhook};

const EVENT: &[u8] = br#"{"data":{"tracking_number":"LX405512873SE"}}  "#;

async fn handler(handled: web::Data<AtomicUsize>, _: Webhook) -> HttpResponse {
    handled.fetch_add(1, Ordering::Relaxed);
    HttpResponse::NoContent().finish()
}

fn serve(deadline: Duration, handled: &Arc<AtomicUsize>) -> SocketAddr {
    let handled = web::Data::from(Arc::clone(handled));
    serve::in_background(move |config| {
        let deadline = from_fn(move |request, next: Next<_>| async move {
            let response = timeout(deadline, next.call(request)).await;
            response.map_err(|_| ErrorRequestTimeout("too slow"))?
        });
        config
            .app_data(Verifier::new(SECRET).unwrap())
            .app_data(handled.clone())
            .service(web::resource(PATH).wrap(deadline).post(handler));
    })
}

fn send(addr: SocketAddr, part: &[u8]) -> Connection {
    let length = format!("content-length: {}", EVENT.len());
    let mut connection = Connection::open(addr).unwrap();
    begin(&mut connection, &length);
    connection.send(part).unwrap();
    connection
}

fn begin(connection: &mut Connection, framing: &str) {
    let signer = Signer::new(SECRET).unwrap();
    let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), EVENT);
    connection.send_head(PATH, &headers, &[framing]).unwrap();
}

#[test]
fn a_late_body_is_refused_and_one_in_time_is_not() {
    let handled = Arc::new(AtomicUsize::new(0));
    let short = serve(Duration::from_millis(10), &handled);
    let mut connection = send(short, &EVENT[..EVENT.len() - 1]);
    let answer = connection.read_answer().unwrap();
    assert_eq!(answer.status, 408);
    assert!(connection.is_closed());
    assert_eq!(handled.load(Ordering::Relaxed), 0);

    let long = serve(Duration::from_secs(3_600), &handled);
    assert_eq!(send(long, EVENT).read_answer().unwrap().status, 204);
    assert_eq!(handled.load(Ordering::Relaxed), 1);
}

#[test]
fn the_connection_stays_open_after_a_late_chunked_body() {
    let handled = Arc::new(AtomicUsize::new(0));
    let addr = serve(Duration::from_millis(10), &handled);
    let mut connection = Connection::open(addr).unwrap();
    for _ in 0..2 {
        begin(&mut connection, "transfer-encoding: chunked");
        connection.send(b"1\r\n{\r\n").unwrap();
        assert_eq!(connection.read_answer().unwrap().status, 408);
        connection.send(b"0\r\n\r\n").unwrap();
    }
    assert_eq!(handled.load(Ordering::Relaxed), 0);
}
