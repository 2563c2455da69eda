//! The demo as its user runs it.

use std::process::Command;

#[test]
fn every_answer_is_right() {
    let output = Command::new(env!("CARGO_BIN_EXE_demo")).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{table}");
    assert!(table.ends_with(" right, 0 wrong\n"), "{table}");
}
