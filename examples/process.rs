//! Runs an example as its user does: as a process, over sockets. Every example's tests include this
//! file.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::SystemTime,
};

use trackingmore_webhook::{
    Scheme, Signer, Verifier,
    testing::{
        Answer, Connection, Framing, SECRET,
        conformance::{self, Receiver},
    },
};

/// A delivery with customer data, which no printed line may show.
pub(crate) const DELIVERY: &[u8] = include_bytes!("two-legs.json");

const LISTENING: &str = "listening on http://";

/// A program and its settings.
pub(crate) struct Example<'a> {
    pub(crate) program: &'a str,
    /// The environment. Without the first variable, the program does not start.
    pub(crate) settings: &'a [(&'a str, &'a str)],
    pub(crate) folder: &'a Path,
    /// The path on which it takes deliveries that are signed with [`SECRET`].
    pub(crate) path: &'a str,
    pub(crate) accepts_unread: bool,
}

impl<'a> Example<'a> {
    /// A program that needs only a secret.
    pub(crate) fn new(program: &'a str) -> Self {
        Self {
            program,
            settings: &[("TRACKINGMORE_WEBHOOK_SECRET", SECRET)],
            folder: Path::new("."),
            path: conformance::PATH,
            accepts_unread: false,
        }
    }

    /// Checks what all examples have in common.
    pub(crate) fn check(&self) {
        let required = self.settings[0].0;
        let output = self.command().env_remove(required).output();
        let output = output.expect("the example runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(stderr.contains(required), "{stderr}");

        let server = self.start();
        conformance::run_with_secret(&Served {
            addr: server.addr,
            example: self,
        });
        assert_eq!(server.send(self.path, SECRET, DELIVERY).status, 204);
        let lines = server.stop();
        assert!(lines.contains("parcel"), "{lines}");
        for private in ["Jane", "jane", "SW1A"] {
            assert!(!lines.contains(private), "{lines}");
        }
    }

    /// Starts the program and waits until it listens.
    pub(crate) fn start(&self) -> Server {
        let process = self.command().stdout(Stdio::piped()).spawn();
        let mut process = process.expect("the example starts");
        let stdout = process.stdout.take().expect("its output is piped");
        let (sender, lines) = mpsc::channel();
        // A server whose output nobody reads blocks once the pipe is full.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                _ = sender.send(line.expect("text"));
            }
        });
        let mut printed = Vec::new();
        while !printed
            .iter()
            .any(|line: &String| line.starts_with(LISTENING))
        {
            printed.push(lines.recv().expect("where it listens"));
        }
        let addr = printed.last().and_then(|line| line.strip_prefix(LISTENING));
        Server {
            process,
            lines,
            addr: addr.and_then(|addr| addr.parse().ok()).expect("an address"),
            printed,
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command
            .env("ADDR", "127.0.0.1:0")
            .env_remove("RUST_LOG")
            .env_remove("DATABASE_URL")
            .envs(self.settings.iter().copied())
            .current_dir(self.folder);
        command
    }
}

/// A running example. It is killed if the test does not stop it.
pub(crate) struct Server {
    process: Child,
    pub(crate) addr: SocketAddr,
    /// What it printed until it listened.
    pub(crate) printed: Vec<String>,
    lines: mpsc::Receiver<String>,
}

impl Server {
    /// Sends a delivery, signed now.
    pub(crate) fn send(&self, path: &str, secret: &str, body: &[u8]) -> Answer {
        let signer = Signer::new(secret).expect("a good secret");
        let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), body);
        Connection::open(self.addr)
            .and_then(|mut connection| connection.post(path, &headers, body, Framing::Length))
            .expect("an answer")
    }

    /// Presses Ctrl-C, checks that the server ends successfully, and returns everything that it
    /// printed.
    pub(crate) fn stop(mut self) -> String {
        let id = self.process.id().to_string();
        let kill = Command::new("kill").args(["-INT", &id]).status();
        assert!(kill.expect("kill runs").success());
        self.printed.extend(self.lines.iter());
        assert!(self.process.wait().expect("an end").success());
        self.printed.join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// The receiver for the conformance suite.
struct Served<'a> {
    addr: SocketAddr,
    example: &'a Example<'a>,
}

impl Receiver for Served<'_> {
    fn serve(&self, _: Verifier) -> SocketAddr {
        self.addr
    }

    fn path(&self) -> &str {
        self.example.path
    }

    fn accepts_unread(&self) -> bool {
        self.example.accepts_unread
    }
}
