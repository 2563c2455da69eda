//! The example as its user runs it.

#![cfg(unix)]

#[path = "../../process.rs"]
mod process;

use trackingmore_webhook::testing::{SECRET, conformance::PATH};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rotation");

#[test]
fn receives_genuine_deliveries_only() {
    process::check(PROGRAM, &[]);
}

#[test]
fn tells_which_secret_matched() {
    let previous = ("TRACKINGMORE_WEBHOOK_SECRET_PREVIOUS", "another secret");
    let mut server = process::Server::start(PROGRAM, &[previous]);
    for (secret, name) in [(SECRET, "current"), (previous.1, "previous")] {
        assert_eq!(
            server.send(PATH, Some(secret), process::DELIVERY).status,
            204
        );
        let line = server.line();
        assert!(line.ends_with(&format!(" secret {name}")), "{line}");
    }
    server.stop();
}
