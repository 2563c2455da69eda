//! The example as its user runs it.

#![cfg(unix)]

#[path = "../../process.rs"]
mod process;
#[path = "../../suite.rs"]
mod suite;

use std::{fs, os::unix::fs::PermissionsExt as _};

use trackingmore_webhook::testing::{SECRET, conformance::PATH};

const PROGRAM: &str = env!("CARGO_BIN_EXE_keep-odd");
const ODD: &[u8] = b"not JSON";
/// What `sha256sum` says of it.
const ODD_ID: &str = "62b8125a6f6d924ec53345b5fcd58ca3ed3f5e7d51e2e146e5f1346508acce69";

#[test]
fn receives_genuine_deliveries_only() {
    let folder = tempfile::tempdir().unwrap();
    process::check(PROGRAM, &[("ODD_DIR", folder.path().to_str().unwrap())]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn keeps_rightly_signed_deliveries_that_do_not_parse() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made").join(ODD_ID);
    let setting = ("ODD_DIR", file.parent().unwrap().to_str().unwrap());
    let mut server = process::Server::start(PROGRAM, &[setting]);

    assert_eq!(server.send(PATH, Some("wrong"), ODD).status, 401);
    assert!(!file.exists());
    for _ in ["first attempt", "retry"] {
        assert_eq!(server.send(PATH, Some(SECRET), ODD).status, 200);
        assert_eq!(server.line(), format!("kept {ODD_ID}: body is not JSON"));
    }
    assert_eq!(fs::read(&file).unwrap(), ODD);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);

    // What cannot be kept must be sent again.
    fs::remove_dir_all(file.parent().unwrap()).unwrap();
    assert_eq!(server.send(PATH, Some(SECRET), ODD).status, 503);
    server.stop();
}

#[test]
fn passes_the_suite_with_odd_deliveries_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let setting = ("ODD_DIR", folder.path().to_str().unwrap());
    let server = process::Server::start(PROGRAM, &[setting]);
    suite::check(server, PATH, true);
}
