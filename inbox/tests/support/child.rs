//! Processes to be killed: this test program again, in another role.

use std::{
    env,
    process::{Command, Stdio},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child as Process, ChildStdin, ChildStdout},
};

use super::{faults::Faults, wait::soon};

const ROLE: &str = "INBOX_TEST_ROLE";
/// Before each line of a child, to tell it from those of the test program.
const MARK: &str = "> ";

pub(crate) struct Child {
    process: Process,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Child {
    pub(crate) fn start(role: &Value) -> Self {
        Self::start_with(role, None)
    }

    /// Starts one whose system calls fail as it is told.
    pub(crate) fn start_with(role: &Value, faults: Option<&Faults>) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["support::child::child", "--exact", "--nocapture"])
            .env(ROLE, role.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(faults) = faults {
            faults.apply_to(&mut command);
        }
        let mut command = tokio::process::Command::from(command);
        let mut process = command.kill_on_drop(true).spawn().unwrap();
        let output = process.stdout.take().unwrap();
        Self {
            input: process.stdin.take(),
            output: BufReader::new(output).lines(),
            process,
        }
    }

    /// Gives its next line; `None` when it has ended.
    pub(crate) async fn line(&mut self) -> Option<String> {
        soon("the process says something", async {
            while let Some(line) = self.output.next_line().await.unwrap() {
                // The test program says that it runs the test without ending the line.
                if let Some((_, line)) = line.split_once(MARK) {
                    return Some(line.to_owned());
                }
            }
            None
        })
        .await
    }

    pub(crate) async fn expect(&mut self, line: &str) {
        assert_eq!(self.line().await.as_deref(), Some(line));
    }

    /// Writes a line to it, if it still is there.
    pub(crate) async fn tell(&mut self, line: &str) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(format!("{line}\n").as_bytes()).await;
        }
    }

    /// Writes lines to it while its answers are read, and ends its input.
    pub(crate) fn feed(&mut self, lines: Vec<String>) {
        let mut input = self.input.take().unwrap();
        tokio::spawn(async move {
            for line in lines {
                if input
                    .write_all(format!("{line}\n").as_bytes())
                    .await
                    .is_err()
                {
                    // It was killed.
                    break;
                }
            }
        });
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let Some(id) = self.process.id() else { return };
        let kill = Command::new("kill")
            .args(["-s", name, &id.to_string()])
            .status();
        assert!(kill.unwrap().success());
    }

    /// Kills it, and gives what it said until then.
    pub(crate) async fn kill(mut self) -> Vec<String> {
        let _ = self.process.start_kill();
        self.rest().await
    }

    /// Waits for its end, and gives what it said until then.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.line().await {
            lines.push(line);
        }
        soon("the process ends", self.process.wait()).await.unwrap();
        lines
    }
}

pub(crate) fn say(line: &str) {
    println!("{MARK}{line}");
}

/// Plays the role that a parent gave. Without one it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    if let Ok(role) = env::var(ROLE) {
        super::roles::play(&role.parse().unwrap()).await;
    }
}
