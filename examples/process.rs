//! Runs an example as its user does: as a process, over a socket. The tests of every example
//! include this file.

use std::{
    io::{BufRead as _, BufReader, Lines},
    net::{SocketAddr, TcpListener},
    process::{Child, ChildStdout, Command, Stdio},
    time::SystemTime,
};

use trackingmore_webhook::{
    Scheme, Signer,
    testing::{Answer, Connection, Framing, SECRET, conformance::PATH},
};

/// A delivery with customer data, which no line that is printed may show.
pub(crate) const DELIVERY: &[u8] = include_bytes!("two-legs.json");

/// Checks what all servers have in common. `settings` are what this one needs besides.
pub(crate) fn check(program: &str, settings: &[(&str, &str)]) {
    let mut unset = command(program, settings);
    unset.env_remove("TRACKINGMORE_WEBHOOK_SECRET");
    assert_does_not_start(unset, "TRACKINGMORE_WEBHOOK_SECRET");

    let mut empty = command(program, settings);
    empty.env("TRACKINGMORE_WEBHOOK_SECRET", "");
    assert_does_not_start(empty, "secret 1 is empty");

    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().expect("its address").to_string();
    for addr in ["nowhere", &taken] {
        let mut misplaced = command(program, settings);
        misplaced.env("ADDR", addr);
        assert_does_not_start(misplaced, addr);
    }

    let mut server = Server::start(program, settings);
    assert_refused(&server.send(PATH, None, DELIVERY), "missing_header");
    let forged = server.send(PATH, Some("wrong"), DELIVERY);
    assert_refused(&forged, "signature_mismatch");
    assert_eq!(server.send(PATH, Some(SECRET), DELIVERY).status, 204);
    let line = server.line();
    assert!(line.contains(r#"parcel "RB550418273HK""#), "{line}");
    for private in ["Jane", "jane", "SW1A"] {
        assert!(!line.contains(private), "{line}");
    }
    server.stop();
}

pub(crate) fn assert_does_not_start(mut command: Command, reason: &str) {
    let output = command.output().expect("the example runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains(reason), "{stderr}");
    assert!(output.stdout.is_empty());
}

pub(crate) fn assert_refused(answer: &Answer, code: &str) {
    assert_eq!(answer.status, 401);
    let problem = String::from_utf8_lossy(&answer.body);
    assert!(
        problem.contains(&format!(r#""code":"{code}""#)),
        "{problem}"
    );
}

/// The program with all it needs, on a free port.
pub(crate) fn command(program: &str, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command
        .env("TRACKINGMORE_WEBHOOK_SECRET", SECRET)
        .env("ADDR", "127.0.0.1:0")
        .envs(settings.iter().copied());
    command
}

/// A running example.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) lines: Lines<BufReader<ChildStdout>>,
    pub(crate) addr: SocketAddr,
}

/// Ends with the test, also where that failed.
pub(crate) struct Process(Child);

impl Server {
    /// Waits until the server listens.
    pub(crate) fn start(program: &str, settings: &[(&str, &str)]) -> Self {
        let process = command(program, settings)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process = Process(process.expect("the example starts"));
        let stdout = process.0.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(stdout).lines();
        let listening = lines.next().expect("a line").expect("of text");
        let addr = listening.strip_prefix("listening on http://");
        Self {
            process,
            lines,
            addr: addr.expect("where it listens").parse().expect("an address"),
        }
    }

    /// Sends a delivery, signed with a secret or not at all.
    pub(crate) fn send(&self, path: &str, secret: Option<&str>, body: &[u8]) -> Answer {
        let headers = secret.map(|secret| {
            let signer = Signer::new(secret).expect("a good secret");
            signer.headers(Scheme::Timestamp, SystemTime::now(), body)
        });
        let headers = headers.unwrap_or_default();
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone().into_bytes()))
            .collect();
        Connection::open(self.addr)
            .and_then(|mut connection| connection.post(path, &headers, body, Framing::Length))
            .expect("an answer")
    }

    /// Waits for the next line that the server prints.
    pub(crate) fn line(&mut self) -> String {
        self.lines.next().expect("a line").expect("of text")
    }

    /// Presses Ctrl-C: the server ends well, and has nothing more to print.
    pub(crate) fn stop(mut self) {
        let id = self.process.0.id().to_string();
        let kill = Command::new("kill").args(["-INT", &id]).status();
        assert!(kill.expect("kill runs").success());
        assert!(self.lines.next().is_none());
        assert!(self.process.0.wait().expect("an end").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}
