//! Refusals: how fast they are, and how much memory a client that only announces a body can make a
//! server hold.

use std::{
    env,
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use trackingmore_webhook::{Scheme, Signer};

use crate::{
    SECRET,
    server::{Framework, Handler, Server},
    table::{Goal, Ratio, Table},
};

const ROUNDS: usize = 8;
const CONNECTIONS: usize = 1000;

pub fn measure(table: &mut Table) {
    for framework in Framework::ALL {
        measure_rate(table, framework);
        measure_memory(table, framework);
    }
}

/// Forged requests that announce 250 KB and send nothing, compared with a handler that refuses
/// everything. Each uses a new connection, since the server still expects its body. Opening
/// connections takes longer than answering, so we compare the server's processor time.
fn measure_rate(table: &mut Table, framework: Framework) {
    let mut headers = genuine_headers();
    headers[1].1 = "0".repeat(64);
    let head = head(&headers, 250_000);
    let send = |handler| {
        let server = Server::start(framework, handler);
        let address = server.address().to_string();
        let program = env::current_exe().expect("the path of this program");
        let output = Command::new("taskset")
            .args(["--cpu-list", "1"])
            .arg(program)
            .args(["announce", &address, &head])
            .stderr(Stdio::inherit())
            .output()
            .expect("taskset, of util-linux");
        let answers = String::from_utf8_lossy(&output.stdout);
        let answers: f64 = answers.trim().parse().expect("a number");
        answers / (server.processor_time() / 1e6)
    };
    let rounds = (0..ROUNDS).map(|round| {
        if round % 2 == 0 {
            let ours = send(Handler::Pinned);
            (ours, send(Handler::Refusing))
        } else {
            let other = send(Handler::Refusing);
            (send(Handler::Pinned), other)
        }
    });
    let name = framework.name();
    table.add(
        format!("{name}, forged, 250 KB announced / refusing all"),
        "requests/s of a processor",
        Ratio::of_pairs(rounds),
        Goal::None,
    );
}

/// Sends the head of a request over and over for a second, each on its own connection, sixteen at a
/// time, and returns how often it was refused.
pub fn announce(address: &str, head: &str) -> usize {
    let start = Instant::now();
    let send = || {
        let mut refused = 0;
        while start.elapsed() < Duration::from_secs(1) {
            let mut stream = TcpStream::connect(address).expect("a connection");
            stream.write_all(head.as_bytes()).expect("a connection");
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).expect("an answer");
            assert_eq!(&answer, b"HTTP/1.1 401");
            refused += 1;
        }
        refused
    };
    thread::scope(|scope| {
        let senders: Vec<_> = (0..16).map(|_| scope.spawn(send)).collect();
        let refused = senders.into_iter().map(|sender| sender.join());
        refused.map(|refused| refused.expect("refusals")).sum()
    })
}

/// The memory that each of many connections makes the server hold, by the length that it announced.
/// One that announced 1 TB is refused at once.
fn measure_memory(table: &mut Table, framework: Framework) {
    for (size, announced) in [("250 KB", 250_000), ("1 TB", 1_000_000_000_000)] {
        let rounds = (0..3).map(|_| (held(framework, announced), held(framework, 1_000)));
        let name = format!(
            "{}, memory per connection, {size} / 1 KB announced",
            framework.name()
        );
        table.add(name, "KB", Ratio::of_pairs(rounds), Goal::AtMost(1.1));
    }
}

fn held(framework: Framework, announced: u64) -> f64 {
    let server = Server::start(framework, Handler::Ours);
    let request = head(&genuine_headers(), announced) + "{";
    let before = server.memory();
    let mut connections: Vec<TcpStream> = (0..CONNECTIONS)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address()).expect("a connection");
            stream.write_all(request.as_bytes()).expect("a connection");
            stream
        })
        .collect();
    // Nothing outside shows when the server has read everything that was sent to it.
    thread::sleep(Duration::from_secs(1));
    let after = server.memory();
    for connection in &mut connections {
        assert_eq!(is_answered(connection), announced > 1_000_000);
    }
    (after - before) / CONNECTIONS as f64
}

fn is_answered(connection: &mut TcpStream) -> bool {
    connection.set_nonblocking(true).expect("a socket");
    let mut answer = [0; 12];
    match connection.read_exact(&mut answer) {
        Ok(()) => {
            assert_eq!(&answer, b"HTTP/1.1 413");
            true
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
            false
        }
    }
}

fn head(headers: &[(String, String)], announced: u64) -> String {
    let mut head =
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n".to_owned();
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head + &format!("content-length: {announced}\r\n\r\n")
}

fn genuine_headers() -> Vec<(String, String)> {
    let signer = Signer::new(SECRET).expect("a usable secret");
    signer.headers(Scheme::Timestamp, SystemTime::now(), b"")
}
