//! The example as its user runs it.

#![cfg(unix)]

#[path = "../../process.rs"]
mod process;

use process::{DELIVERY, Example};
use trackingmore_webhook::testing::SECRET;

const ACME: &str = "/webhooks/trackingmore/acme";
const GLOBEX: &str = "/webhooks/trackingmore/globex";
const MISSING: &str = "/webhooks/trackingmore/initech";

#[test]
fn each_tenant_is_verified_with_its_own_secret() {
    let tenants = format!("acme={SECRET} globex=another");
    let example = Example {
        settings: &[("TENANTS", tenants.as_str())],
        path: ACME,
        ..Example::new(env!("CARGO_BIN_EXE_many-tenants"))
    };
    example.check();

    let server = example.start();
    assert_eq!(server.send(ACME, "another", DELIVERY).status, 401);
    assert_eq!(server.send(GLOBEX, "another", DELIVERY).status, 204);

    // A forgery for an unknown tenant gets the same answer as for a known one.
    let [existing, missing] = [GLOBEX, MISSING].map(|path| {
        let mut answer = server.send(path, "wrong", DELIVERY);
        answer.headers.retain(|(name, _)| name != "date");
        answer
    });
    assert_eq!(existing, missing);
    server.stop();
}
