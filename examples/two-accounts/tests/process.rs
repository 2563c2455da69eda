//! The example as its user runs it.

#![cfg(unix)]

#[path = "../../process.rs"]
mod process;

use process::{DELIVERY, Example};
use trackingmore_webhook::testing::{SECRET, conformance::PATH};

const PROGRAM: &str = env!("CARGO_BIN_EXE_two-accounts");
const SECOND: &str = "/webhooks/trackingmore/second";

#[test]
fn each_account_is_verified_with_its_own_secret() {
    let first = ("TRACKINGMORE_WEBHOOK_SECRET", SECRET);
    let second = ("TRACKINGMORE_WEBHOOK_SECRET_2", "another");
    let example = Example {
        settings: &[first, second],
        ..Example::new(PROGRAM)
    };
    example.check();

    let server = example.start();
    assert_eq!(server.send(PATH, "another", DELIVERY).status, 401);
    assert_eq!(server.send(SECOND, SECRET, DELIVERY).status, 401);
    assert_eq!(server.send(SECOND, "another", DELIVERY).status, 204);
    assert!(server.stop().contains("second: parcel"));
}

#[test]
fn the_second_account_receives_only_genuine_deliveries() {
    let first = ("TRACKINGMORE_WEBHOOK_SECRET", "another");
    let second = ("TRACKINGMORE_WEBHOOK_SECRET_2", SECRET);
    let example = Example {
        settings: &[second, first],
        path: SECOND,
        ..Example::new(PROGRAM)
    };
    example.check();
}
