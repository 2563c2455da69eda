//! Many deliveries at once, all judged by one verifier.

use std::{net::SocketAddr, thread};

use bytes::Bytes;
use trackingmore_webhook::testing::{Connection, Framing, conformance::PATH};

use crate::server::{Framework, Server, forged, genuine, handled};

const CONNECTIONS: usize = 64;
const DELIVERIES: usize = 100_000;

/// Every twentieth is forged.
fn is_forged(number: usize) -> bool {
    number % 20 == 7
}

fn body(number: usize) -> Bytes {
    format!(r#"{{"data":{{"tracking_number":"{number}"}}}}"#).into()
}

fn check(framework: Framework) {
    let server = Server::start(framework);
    let addr = server.addr();
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|first| thread::spawn(move || send(addr, (first..DELIVERIES).step_by(CONNECTIONS))))
        .collect();
    let refused: usize = senders
        .into_iter()
        .map(|sender| sender.join().unwrap())
        .sum();
    assert_eq!(refused, 5_000);

    let mut handled_bodies = server.handled();
    handled_bodies.sort_unstable();
    let genuine = (0..DELIVERIES).filter(|number| !is_forged(*number));
    let mut expected: Vec<_> = genuine.map(|number| handled(&body(number))).collect();
    expected.sort_unstable();
    assert_eq!(handled_bodies.len(), 95_000);
    assert!(handled_bodies == expected, "not each of them once");
    server.stop();
}

/// Sends deliveries on one connection, and returns how many were refused.
fn send(addr: SocketAddr, numbers: impl Iterator<Item = usize>) -> usize {
    let mut connection = Connection::open(addr).unwrap();
    let (genuine, forged) = (genuine(), forged());
    let mut refused = 0;
    for number in numbers {
        let headers = if is_forged(number) { &forged } else { &genuine };
        let answer = connection.post(PATH, headers, &body(number), Framing::Length);
        let status = answer.unwrap().status;
        assert_eq!(status, if is_forged(number) { 401 } else { 204 });
        refused += usize::from(status == 401);
    }
    refused
}

#[test]
fn axum_handles_each_of_100_000_deliveries_once_and_no_forged_one() {
    check(Framework::Axum);
}

#[test]
fn actix_handles_each_of_100_000_deliveries_once_and_no_forged_one() {
    check(Framework::Actix);
}

#[test]
fn warp_handles_each_of_100_000_deliveries_once_and_no_forged_one() {
    check(Framework::Warp);
}
