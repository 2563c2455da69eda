//! The example as its user runs it.

#![cfg(unix)]

#[path = "../../process.rs"]
mod process;

use trackingmore_webhook::testing::{SECRET, conformance::PATH};

const PROGRAM: &str = env!("CARGO_BIN_EXE_many-tenants");

#[test]
fn receives_genuine_deliveries_only() {
    process::check(PROGRAM, &[]);
}

#[test]
fn each_tenant_is_verified_with_its_own_secret() {
    let tenants = ("TENANTS", "acme=first globex=second");
    let mut server = process::Server::start(PROGRAM, &[tenants]);
    for (tenant, secret, other) in [("acme", "first", "second"), ("globex", "second", SECRET)] {
        let path = format!("{PATH}/{tenant}");
        let refused = server.send(&path, Some(other), process::DELIVERY);
        process::assert_refused(&refused, "signature_mismatch");
        assert_eq!(
            server.send(&path, Some(secret), process::DELIVERY).status,
            204
        );
        assert!(
            server
                .line()
                .starts_with(&format!("tenant {tenant:?} parcel"))
        );
    }
    server.stop();
}

#[test]
fn a_tenant_that_does_not_exist_is_answered_as_one_that_does() {
    let server = process::Server::start(PROGRAM, &[]);
    let nobodys = format!("{PATH}/initech");
    for secret in [None, Some("wrong")] {
        let [existing, missing] = [PATH, &nobodys].map(|path| {
            let mut answer = server.send(path, secret, process::DELIVERY);
            answer.headers.retain(|(name, _)| name != "date");
            answer
        });
        assert_eq!(existing, missing);
    }
    server.stop();
}

#[test]
fn does_not_start_with_tenants_that_cannot_be_read() {
    let command = process::command(PROGRAM, &[("TENANTS", "acme")]);
    process::assert_does_not_start(command, "TENANTS");
}
