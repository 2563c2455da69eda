//! The example as its user runs it.

#![cfg(unix)]

#[path = "../../process.rs"]
mod process;

#[test]
fn receives_only_genuine_deliveries() {
    process::Example::new(env!("CARGO_BIN_EXE_actix-middleware")).check();
}
