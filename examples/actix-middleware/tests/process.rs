//! The example as its user runs it.

#![cfg(unix)]

#[path = "../../process.rs"]
mod process;

const PROGRAM: &str = env!("CARGO_BIN_EXE_actix-middleware");

#[test]
fn receives_genuine_deliveries_only() {
    process::check(PROGRAM, &[]);
}
