//! The example as its user runs it.

#![cfg(unix)]

#[path = "../../process.rs"]
mod process;

use trackingmore_webhook::testing::{SECRET, conformance::PATH};

const PROGRAM: &str = env!("CARGO_BIN_EXE_axum-extractor");

#[test]
fn receives_genuine_deliveries_only() {
    process::check(PROGRAM, &[]);
}

#[test]
fn prints_the_history_of_both_legs() {
    let mut server = process::Server::start(PROGRAM, &[]);
    server.send(PATH, Some(SECRET), process::DELIVERY);
    assert_eq!(
        server.line(),
        "parcel \"RB550418273HK\" courier Some(\"hong-kong-post\") status Some(Pickup) \
         substatus Some(Pickup001) history [\
         \"2026-03-09T07:12:00 GB pickup\", \
         \"2026-03-07T03:30:00 GB transit\", \
         \"2026-03-04T22:40:00 HK transit\", \
         \"2026-03-02T15:05:00 HK inforeceived\"]"
    );
    server.stop();
}
