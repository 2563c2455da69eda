//! The example as its user runs it.

#![cfg(unix)]

#[path = "../../process.rs"]
mod process;

#[test]
fn receives_genuine_deliveries_only() {
    process::Example::new(env!("CARGO_BIN_EXE_actix-extractor")).check();
}
