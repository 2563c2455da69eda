//! The demo as its user runs it.

use std::process::Command;

#[test]
fn every_answer_is_right_and_the_shop_gets_each_scan_once() {
    let output = Command::new(env!("CARGO_BIN_EXE_demo")).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains(" right, 0 wrong\n"), "{printed}");
    let (_, messages) = printed.split_once("the shop gets\n").unwrap();
    assert_eq!(
        messages.lines().collect::<Vec<_>>(),
        [
            "  2026-03-01 15:20  Handed over to the carrier",
            "  2026-03-02 06:41  Arrived at the terminal",
            "  2026-03-03 11:05  Delivered",
        ]
    );
}
