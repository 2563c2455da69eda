//! The example as its user runs it.

#![cfg(unix)]

#[path = "../../process.rs"]
mod process;
#[path = "../../suite.rs"]
mod suite;

use trackingmore_webhook::testing::{SECRET, conformance::PATH};

const PROGRAM: &str = env!("CARGO_BIN_EXE_two-accounts");
const SECOND: (&str, &str) = ("TRACKINGMORE_WEBHOOK_SECRET_2", "another secret");
const SECOND_PATH: &str = "/webhooks/trackingmore/second";

#[test]
fn receives_genuine_deliveries_only() {
    process::check(PROGRAM, &[SECOND]);
}

#[test]
fn does_not_start_without_the_second_secret() {
    let mut command = process::command(PROGRAM, &[]);
    command.env_remove(SECOND.0);
    process::assert_does_not_start(command, SECOND.0);
}

#[test]
fn each_account_is_verified_with_its_own_secret() {
    let mut server = process::Server::start(PROGRAM, &[SECOND]);
    let refused = server.send(PATH, Some(SECOND.1), process::DELIVERY);
    process::assert_refused(&refused, "signature_mismatch");
    let refused = server.send(SECOND_PATH, Some(SECRET), process::DELIVERY);
    process::assert_refused(&refused, "signature_mismatch");

    let accepted = server.send(SECOND_PATH, Some(SECOND.1), process::DELIVERY);
    assert_eq!(accepted.status, 204);
    assert!(server.line().starts_with("second account, parcel"));
    server.stop();
}

#[test]
fn the_path_of_the_second_account_passes_the_suite() {
    let settings = [("TRACKINGMORE_WEBHOOK_SECRET", "first"), (SECOND.0, SECRET)];
    let server = process::Server::start(PROGRAM, &settings);
    suite::check(server, SECOND_PATH, false);
}
