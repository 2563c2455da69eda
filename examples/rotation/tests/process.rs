//! The example as its user runs it.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "../../process.rs"]
mod process;

use std::{fs, path::Path, thread, time::Duration};

use process::{DELIVERY, Example, Server};
use trackingmore_webhook::testing::{SECRET, conformance::PATH};

/// Replaces the secrets in one step, so that no half-written file is read.
fn replace(file: &Path, secrets: &str) {
    let new = file.with_extension("new");
    fs::write(&new, secrets).unwrap();
    fs::rename(new, file).unwrap();
}

fn wait_until_answered(server: &Server, secret: &str, status: u16) {
    while server.send(PATH, secret, DELIVERY).status != status {
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn secrets_are_replaced_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, SECRET).unwrap();
    let example = Example {
        settings: &[("SECRET_FILE", file.to_str().unwrap())],
        ..Example::new(env!("CARGO_BIN_EXE_rotation"))
    };
    example.check();

    let server = example.start();
    assert_eq!(server.send(PATH, "the next", DELIVERY).status, 401);
    replace(&file, &format!("the next\n{SECRET}\n"));
    wait_until_answered(&server, "the next", 204);
    // Retries that the previous secret signed are accepted.
    assert_eq!(server.send(PATH, SECRET, DELIVERY).status, 204);
    replace(&file, "the next\n");
    wait_until_answered(&server, SECRET, 401);
    assert_eq!(server.send(PATH, "the next", DELIVERY).status, 204);
    let lines = server.stop();
    assert!(
        lines.contains("by secret 0") && lines.contains("by secret 1"),
        "{lines}"
    );
}
