//! Runs the program as its user does: as a process, over sockets.

#![allow(clippy::unwrap_used, dead_code)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::{Duration, SystemTime},
};

use serde_json::Value;
use trackingmore_webhook::{
    Scheme, Signer,
    testing::{Answer, Connection, Framing},
};

pub(crate) const PATH: &str = "/webhooks/trackingmore";
pub(crate) const SECRET: &str = "c1f0a1de-5ec4-4e7b-9c1e-70b0d1e55ec4";
pub(crate) const DELIVERY: &[u8] = include_bytes!("../../samples/delivered.json");

/// The program, with the secret in its environment.
pub(crate) fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trackingmore-webhook"));
    command
        .args(args)
        .env("TRACKINGMORE_WEBHOOK_SECRET", SECRET)
        .env("TZ", "UTC");
    command
}

/// How a run of the program ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        let ended = Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!ended.out.contains(SECRET) && !ended.err.contains(SECRET));
        ended
    }

    /// Asserts that the program was refused with one line that has `reason` in it.
    #[track_caller]
    pub(crate) fn assert_wrong_usage(&self, reason: &str) {
        assert_eq!(self.code, 2, "{}", self.err);
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        assert!(self.err.starts_with("error: "), "{}", self.err);
        assert!(self.err.contains(reason), "{}", self.err);
        assert_eq!(self.out, "");
    }

    pub(crate) fn json(&self) -> Vec<Value> {
        self.out.lines().map(record).collect()
    }
}

/// Parses a line of `--json`. Whatever the command, it first says what it is about.
fn record(line: &str) -> Value {
    let record: Value = serde_json::from_str(line).unwrap();
    assert!(line.starts_with("{\"event\":\""), "{line}");
    record
}

/// Runs the program to its end.
pub(crate) fn run(args: &[&str]) -> Ended {
    Ended::of(program(args).output().unwrap())
}

/// Runs the program with something on its standard input, and without a secret elsewhere.
pub(crate) fn run_with_input(args: &[&str], input: &[u8]) -> Ended {
    let mut command = program(args);
    command.env_remove("TRACKINGMORE_WEBHOOK_SECRET");
    feed(command, input)
}

/// Runs a command to its end, with something on its standard input.
pub(crate) fn feed(mut command: Command, input: &[u8]) -> Ended {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that reads no input may have ended.
    _ = child.stdin.take().unwrap().write_all(input);
    Ended::of(child.wait_with_output().unwrap())
}

/// Asserts that the program refuses these arguments with one line that has `reason` in it.
#[track_caller]
pub(crate) fn assert_wrong_usage(args: &[&str], reason: &str) {
    run(args).assert_wrong_usage(reason);
}

/// A running `listen`.
pub(crate) struct Listen {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
    /// The page of the inspector, or nothing.
    pub(crate) inspect: String,
}

impl Listen {
    /// Starts on a free port, and waits until it listens.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut command = program(&["listen", "--addr", "127.0.0.1:0"]);
        command.args(args);
        Self::spawn(command)
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut line = || lines.next().unwrap().unwrap();
        let first = line();
        let (url, inspect) = match serde_json::from_str::<Value>(&first) {
            Ok(first) => {
                assert_eq!(first["event"], "listening");
                let url = first["url"].as_str().unwrap().to_owned();
                (
                    url,
                    first["inspect"].as_str().unwrap_or_default().to_owned(),
                )
            }
            Err(_) => {
                let url = first.strip_prefix("listening on ").unwrap().to_owned();
                let inspects = command.get_args().any(|arg| arg == "--inspect");
                let second = if inspects { line() } else { String::new() };
                (url, second.replace("inspect at ", ""))
            }
        };
        Self {
            process,
            lines,
            url,
            inspect,
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        addr(&self.url)
    }

    /// Sends a body with these headers.
    pub(crate) fn post(&self, headers: &[(String, String)], body: &[u8]) -> Answer {
        let mut connection = Connection::open(self.addr()).unwrap();
        connection
            .post(PATH, headers, body, Framing::Length)
            .unwrap()
    }

    /// Sends a genuine delivery.
    pub(crate) fn deliver(&self, body: &[u8]) -> Answer {
        self.post(&signed(Scheme::Timestamp, Duration::ZERO, body), body)
    }

    pub(crate) fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    /// What is printed of a request: when it comes, and when it is answered; without the times.
    pub(crate) fn exchange(&mut self) -> (String, String) {
        let mut side = |arrow| {
            let line = self.line();
            let (time, rest) = line.split_once(arrow).unwrap();
            assert_eq!(time.split(':').count(), 3, "{line}");
            let (number, rest) = rest.split_once(' ').unwrap();
            assert!(number.starts_with('#'), "{line}");
            rest.to_owned()
        };
        (side(" → "), side(" ← "))
    }

    pub(crate) fn json(&mut self) -> Value {
        record(&self.line())
    }

    /// The same as JSON.
    pub(crate) fn exchange_json(&mut self) -> (Value, Value) {
        let (arrived, answered) = (self.json(), self.json());
        assert_eq!(answered["event"], "answered");
        assert_eq!(arrived["number"], answered["number"]);
        (arrived, answered)
    }

    /// Presses Ctrl-C, and gives what is still printed.
    pub(crate) fn stop(&mut self) -> Vec<String> {
        self.end("INT")
    }

    /// Sends a signal, and gives what is still printed.
    pub(crate) fn end(&mut self, signal: &str) -> Vec<String> {
        send_signal(&self.process, signal);
        let rest = self.lines.by_ref().map(Result::unwrap).collect();
        assert!(self.process.wait().unwrap().success());
        rest
    }
}

impl Listen {
    /// Presses Ctrl-C without reading what is printed, and gives the exit code.
    pub(crate) fn end_unread(&mut self) -> Option<i32> {
        interrupt(&self.process);
        self.process.wait().unwrap().code()
    }
}

/// The address that a URL leads to.
pub(crate) fn addr(url: &str) -> SocketAddr {
    let rest = url.strip_prefix("http://").unwrap();
    rest.split('/').next().unwrap().parse().unwrap()
}

impl Drop for Listen {
    fn drop(&mut self) {
        // Matters only where the test did not stop it.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Presses Ctrl-C.
pub(crate) fn interrupt(process: &Child) {
    send_signal(process, "INT");
}

fn send_signal(process: &Child, signal: &str) {
    let id = process.id().to_string();
    let kill = Command::new("kill").args(["-s", signal, &id]).status();
    assert!(kill.unwrap().success());
}

/// Signs as of some time ago.
pub(crate) fn signed(scheme: Scheme, age: Duration, body: &[u8]) -> Vec<(String, String)> {
    let signer = Signer::new(SECRET).unwrap();
    signer.headers(scheme, SystemTime::now() - age, body)
}

/// Gives the files that a `--save` directory has, in the order in which they came.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    // The number behind the time is that of the delivery.
    files.sort_by_key(|path| {
        path.to_str()
            .unwrap()
            .rsplit('-')
            .next()
            .unwrap()
            .to_owned()
    });
    files
}

/// Takes a saved delivery apart: the first line with the notes, the lines of the headers, the body.
pub(crate) fn parts(path: &Path) -> (String, Vec<String>, Vec<u8>) {
    let file = fs::read(path).unwrap();
    let end = file
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = str::from_utf8(&file[..end]).unwrap();
    let (first, lines) = head.split_once("\r\n").unwrap();
    let (notes, headers): (Vec<_>, Vec<_>) = lines
        .split("\r\n")
        .partition(|line| line.starts_with("trackingmore-webhook-"));
    let headers = headers.into_iter().map(str::to_owned).collect();
    (
        format!("{first}\n{}", notes.join("\n")),
        headers,
        file[end + 4..].to_vec(),
    )
}
