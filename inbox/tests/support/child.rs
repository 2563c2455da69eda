//! Child processes to kill: this test program again, in another role.

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
/// Marks a line of a child, to distinguish it from those of the test harness.
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

    /// Starts a child whose system calls fail as `faults` says.
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

    /// Returns its next line, or `None` once it has ended.
    pub(crate) async fn line(&mut self) -> Option<String> {
        soon("the process prints a line", async {
            while let Some(line) = self.output.next_line().await.unwrap() {
                // The test harness prints the name of the test without ending the line.
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

    /// Writes a line to its input, if it is still running.
    pub(crate) async fn write_line(&mut self, line: &str) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(format!("{line}\n").as_bytes()).await;
        }
    }

    /// Writes lines to its input in the background, then closes it.
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

    /// Sends a signal, given by name.
    pub(crate) fn signal(&self, name: &str) {
        let Some(id) = self.process.id() else { return };
        let kill = Command::new("kill")
            .args(["-s", name, &id.to_string()])
            .status();
        assert!(kill.unwrap().success());
    }

    /// Kills it. Returns the lines that it had still printed.
    pub(crate) async fn kill(mut self) -> Vec<String> {
        let _ = self.process.start_kill();
        self.rest().await
    }

    /// Waits until it ends. Returns the lines that it printed until then.
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

/// Plays the role that the parent process gave. Without one, it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    if let Ok(role) = env::var(ROLE) {
        super::roles::play(&role.parse().unwrap()).await;
    }
}
