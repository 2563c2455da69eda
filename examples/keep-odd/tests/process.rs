//! The example as its user runs it.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "../../process.rs"]
mod process;

use std::{fs, os::unix::fs::PermissionsExt as _};

use process::Example;
use trackingmore_webhook::testing::{SECRET, conformance::PATH};

const ODD: &[u8] = b"not JSON";
/// The output of `sha256sum` for it.
const ODD_ID: &str = "62b8125a6f6d924ec53345b5fcd58ca3ed3f5e7d51e2e146e5f1346508acce69";

#[test]
fn keeps_deliveries_with_a_valid_signature_that_do_not_parse() {
    let folder = tempfile::tempdir().unwrap();
    let example = Example {
        folder: folder.path(),
        accepts_unread: true,
        ..Example::new(env!("CARGO_BIN_EXE_keep-odd"))
    };
    example.check();

    let kept = folder.path().join("odd-deliveries");
    fs::remove_dir_all(&kept).unwrap();
    let server = example.start();
    assert_eq!(server.send(PATH, "wrong", ODD).status, 401);
    assert_eq!(fs::read_dir(&kept).unwrap().count(), 0);
    for _ in ["first attempt", "retry"] {
        assert_eq!(server.send(PATH, SECRET, ODD).status, 200);
    }
    assert_eq!(fs::read_dir(&kept).unwrap().count(), 1);
    let file = kept.join(ODD_ID);
    assert_eq!(fs::read(&file).unwrap(), ODD);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    // A delivery that cannot be kept must be resent.
    fs::remove_dir_all(kept).unwrap();
    assert_eq!(server.send(PATH, SECRET, ODD).status, 503);
    assert!(
        server
            .stop()
            .contains(&format!("kept {ODD_ID}: body is not JSON"))
    );
}
