//! The program as its user runs it.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use trackingmore_webhook::testing::SECRET;

const PROGRAM: &str = env!("CARGO_BIN_EXE_trackingmore-webhook");

/// What a run came to.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Reads the lines of `--json`.
    pub(crate) fn records(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Checks that the program was used wrongly, and said so in one line.
    #[track_caller]
    pub(crate) fn is_wrong_usage(&self, what: &str) {
        assert_eq!(self.code, Some(2), "{}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        assert!(self.stderr.starts_with("error: "), "{}", self.stderr);
        assert!(self.stderr.contains(what), "{}", self.stderr);
        assert_eq!(self.stdout, "");
    }
}

/// Runs the program with the secret in its environment.
pub(crate) fn run(args: &[&str]) -> Ended {
    run_with(args, b"", |command| {
        command.env("TRACKINGMORE_WEBHOOK_SECRET", SECRET);
    })
}

/// Runs the program without a secret but for what `prepare` sets.
pub(crate) fn run_with(args: &[&str], input: &[u8], prepare: impl FnOnce(&mut Command)) -> Ended {
    let mut command = Command::new(PROGRAM);
    command
        .args(args)
        .env_remove("TRACKINGMORE_WEBHOOK_SECRET")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    prepare(&mut command);
    let mut process = command.spawn().unwrap();
    // A program that reads no input may have ended.
    _ = process.stdin.take().unwrap().write_all(input);
    let Output {
        status,
        stdout,
        stderr,
    } = process.wait_with_output().unwrap();
    Ended {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}
