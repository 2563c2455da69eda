//! Refusals: how fast they are, and what those who only announce a body can make a server hold.

use std::{
    io::Write as _,
    net::TcpStream,
    thread,
    time::{Duration, SystemTime},
};

use trackingmore_webhook::{Scheme, Signer};

use crate::{
    SECRET, load,
    server::{Framework, OURS, PINNED, REFUSED, Server},
    table::{Goal, Ratio, Table},
};

const ROUNDS: usize = 7;
const CONNECTIONS: usize = 1000;

pub fn measure(table: &mut Table) {
    for framework in Framework::ALL {
        measure_rate(table, framework);
        measure_memory(table, framework);
    }
}

/// Forged requests that announce 250 KB and send nothing, against a handler that refuses whatever
/// comes. The connection closes with each answer, since the body would still be to come.
fn measure_rate(table: &mut Table, framework: Framework) {
    let server = Server::start(framework);
    let mut headers = genuine_headers();
    headers[1].1 = "0".repeat(64);
    let send = |path| {
        let load = load::send(server.address(), path, &headers, "250000");
        assert_eq!(
            load.refused, load.requests,
            "{path} accepted a forged request"
        );
        load.requests_per_second
    };
    let rounds = (0..ROUNDS).map(|_| (send(PINNED), send(REFUSED)));
    let name = format!(
        "{}, forged, 250 KB announced / refusing all",
        framework.name()
    );
    table.add(name, "requests/s", Ratio::of_pairs(rounds), Goal::None);
}

/// What each of many open connections makes the server hold, by what it announced.
fn measure_memory(table: &mut Table, framework: Framework) {
    for (size, announced) in [("250 KB", 250_000), ("1 TB", 1_000_000_000_000)] {
        let rounds = (0..3).map(|_| (held(framework, announced), held(framework, 1_000)));
        let name = format!(
            "{}, held per connection, {size} / 1 KB announced",
            framework.name()
        );
        table.add(name, "KB", Ratio::of_pairs(rounds), Goal::AtMost(1.1));
    }
}

fn held(framework: Framework, announced: u64) -> f64 {
    let server = Server::start(framework);
    let mut request = format!("POST {OURS} HTTP/1.1\r\nhost: localhost\r\n");
    for (name, value) in genuine_headers() {
        request += &format!("{name}: {value}\r\n");
    }
    request += &format!("content-type: application/json\r\ncontent-length: {announced}\r\n\r\n{{");
    let before = server.resident();
    let connections: Vec<TcpStream> = (0..CONNECTIONS)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address()).expect("a connection");
            stream.write_all(request.as_bytes()).expect("a connection");
            stream
        })
        .collect();
    // Nothing tells from outside when the server has read all that was sent to it.
    thread::sleep(Duration::from_secs(1));
    let after = server.resident();
    drop(connections);
    after.saturating_sub(before) as f64 / CONNECTIONS as f64
}

fn genuine_headers() -> Vec<(String, String)> {
    let signer = Signer::new(SECRET).expect("a usable secret");
    signer.headers(Scheme::Timestamp, SystemTime::now(), b"")
}
