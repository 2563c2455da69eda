//! What slow, oversized, broken and unfinished requests can do: others are still served, no handler
//! runs for them, nothing panics, and the memory they cost is bounded, apart from what the server
//! itself needs.

use std::{io::Write as _, net::TcpStream};

use tokio::runtime::Runtime;
use trackingmore_webhook::{
    ErrorKind,
    testing::{Connection, conformance::PATH},
};

use crate::server::{DRAINED, Framework, LIMIT, PINNED, Server, forged, genuine, handled};

/// With spaces at the end, so that a large part of it is already a complete event.
const EVENT: &[u8] = br#"{"data":{"tracking_number":"LX405512873SE"}}      "#;

/// What an adapter may need for a request beyond what the server itself needs, in KiB.
const MARGIN: u64 = 64;
/// The same if it holds a body as long as the limit, in KiB.
pub(crate) const MARGIN_OF_LONG: u64 = 3 * LIMIT as u64 / 1024 + MARGIN;

/// Attacks [`PATH`], and for comparison [`DRAINED`]. `attack` returns how many of its deliveries
/// must have reached the handler; `margin` is what its requests may hold, in KiB.
fn check(name: &str, margin: u64, attack: impl Fn(&Server, &str) -> usize) {
    check_on(Server::start, name, margin, attack);
}

pub(crate) fn check_on(
    start: impl Fn(Framework) -> Server,
    name: &str,
    margin: u64,
    attack: impl Fn(&Server, &str) -> usize,
) {
    for framework in Framework::ALL {
        let [drained, webhook] =
            [DRAINED, PATH].map(|path| growth(start(framework), path, &attack));
        println!("{name}, {framework:?}: {webhook} KiB more, {drained} KiB by the server itself");
        assert!(
            webhook <= drained + margin,
            "{framework:?}: {webhook} KiB more, {drained} KiB by the server itself"
        );
    }
}

/// Attacks a server and returns the memory that this took, in KiB.
fn growth(server: Server, path: &str, attack: impl Fn(&Server, &str) -> usize) -> u64 {
    assert!(server.handled().is_empty());
    let before = server.peak_memory();
    let genuine = attack(&server, path);
    let expected = vec![handled(EVENT); genuine];
    assert_eq!(server.handled(), expected, "{:?}", server.framework());
    let growth = server.peak_memory() - before;
    server.stop();
    growth
}

/// The head of a delivery whose body is framed as this header says.
fn genuine_head(path: &str, framing: &str) -> String {
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{framing}\r\n");
    for (name, value) in genuine() {
        head += &format!("{name}: {value}\r\n");
    }
    head + "\r\n"
}

/// A body in both framings: the header that announces it, and the bytes to send.
fn framings(body: &[u8]) -> [(String, Vec<u8>); 2] {
    let mut chunked = format!("{:x}\r\n", body.len()).into_bytes();
    chunked.extend_from_slice(body);
    chunked.extend_from_slice(b"\r\n0\r\n\r\n");
    [
        (format!("content-length: {}", body.len()), body.to_vec()),
        ("transfer-encoding: chunked".to_owned(), chunked),
    ]
}

/// Reads the answer to an attack on [`PATH`]; on [`DRAINED`] there may be none.
fn assert_refused(path: &str, connection: &mut Connection, kind: ErrorKind) {
    if path == PATH {
        let answer = connection.read_answer().unwrap();
        let error = trackingmore_webhook::Error::from(kind);
        assert_eq!(String::from_utf8_lossy(&answer.body), error.problem());
    }
}

#[test]
fn deliveries_that_come_a_byte_at_a_time_are_served_and_so_are_others() {
    const CONNECTIONS: usize = 50;
    let margin = CONNECTIONS as u64 * MARGIN;
    check("a byte at a time", margin, |server, path| {
        let head = genuine_head(path, &format!("content-length: {}", EVENT.len()));
        let mut slow: Vec<_> = (0..CONNECTIONS).map(|_| server.connect()).collect();
        let mut quick = server.connect();
        for byte in [head.as_bytes(), EVENT].concat() {
            assert!(server.handled_before(&mut quick).is_empty());
            for connection in &mut slow {
                connection.send(&[byte]).unwrap();
            }
        }
        for connection in &mut slow {
            assert_eq!(connection.read_answer().unwrap().status, 204);
        }
        if path == PATH { CONNECTIONS } else { 0 }
    });
}

#[test]
fn a_terabyte_announced_500_times_is_refused_500_times() {
    check("1 TB announced", 500 * MARGIN, |server, path| {
        let mut connections: Vec<_> = (0..500).map(|_| server.connect()).collect();
        for (at, connection) in connections.iter_mut().enumerate() {
            let headers = if at % 2 == 0 { genuine() } else { forged() };
            let length = "content-length: 1000000000000";
            connection.send_head(path, &headers, &[length]).unwrap();
        }
        server.wait_until_all_is_read();
        assert!(server.handled().is_empty());
        for connection in &mut connections {
            assert_refused(path, connection, ErrorKind::BodyTooLarge);
        }
        0
    });
}

#[test]
fn bodies_without_their_last_byte_cost_their_length_in_memory() {
    const CONNECTIONS: usize = 100;
    let margin = CONNECTIONS as u64 * MARGIN_OF_LONG;
    let body = vec![b' '; LIMIT - 1];
    let body_length = format!("content-length: {LIMIT}");
    for framing in [body_length.as_str(), "transfer-encoding: chunked"] {
        let name = format!("a byte before the end, {framing}");
        check(&name, margin, |server, path| {
            let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| server.connect()).collect();
            for (at, connection) in connections.iter_mut().enumerate() {
                let headers = if at % 2 == 0 { genuine() } else { forged() };
                connection.send_head(path, &headers, &[framing]).unwrap();
                if framing == "transfer-encoding: chunked" {
                    let size = format!("{LIMIT:x}\r\n");
                    connection.send(size.as_bytes()).unwrap();
                }
                connection.send(&body).unwrap();
            }
            server.wait_until_all_is_read();
            0
        });
    }
}

/// As many zeros before the size of a chunk as fill most of the buffer that the server reads into;
/// actix-web does not take as many.
fn zeros(framework: Framework) -> String {
    "0".repeat(match framework {
        Framework::Axum | Framework::Warp => 420_000,
        Framework::Actix => 100_000,
    })
}

#[test]
fn chunks_in_long_frames_do_not_keep_the_buffers_they_came_in() {
    const CONNECTIONS: u64 = 4;
    let spaces = " ".repeat(0x1000);
    let name = "chunks in long frames";
    check(name, CONNECTIONS * MARGIN_OF_LONG, |server, path| {
        let zeros = zeros(server.framework());
        let chunks = format!("1000\r\n{spaces}\r\n{zeros}1\r\n \r\n");
        let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| server.connect()).collect();
        for connection in &mut connections {
            let chunked = "transfer-encoding: chunked";
            connection.send_head(path, &forged(), &[chunked]).unwrap();
            for _ in 1..LIMIT / 0x1000 {
                connection.send(chunks.as_bytes()).unwrap();
            }
        }
        server.wait_until_all_is_read();
        0
    });
}

/// The first chunk is not copied, since it may be the only one.
#[test]
fn a_single_byte_in_a_long_frame_keeps_one_buffer() {
    const CONNECTIONS: u64 = 20;
    const BUFFER: u64 = 512;
    let name = "a byte in a long frame";
    check(name, CONNECTIONS * (BUFFER + MARGIN), |server, path| {
        let zeros = zeros(server.framework());
        let one_and_a_half = format!("{zeros}1\r\n \r\n{zeros}");
        let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| server.connect()).collect();
        for connection in &mut connections {
            let chunked = "transfer-encoding: chunked";
            connection.send_head(path, &forged(), &[chunked]).unwrap();
            connection.send(one_and_a_half.as_bytes()).unwrap();
        }
        server.wait_until_all_is_read();
        0
    });
}

#[test]
fn a_chunked_body_without_an_end_is_refused_at_the_limit() {
    for (size, count) in [(1, 4), (64, 20), (1024, 20), (16 * 1024, 20)] {
        let chunk = format!("{size:x}\r\n{}\r\n", " ".repeat(size));
        let up_to_the_limit = chunk.repeat(LIMIT / size);
        let name = format!("chunks of {size} bytes");
        check(&name, count * MARGIN_OF_LONG, |server, path| {
            let mut connections: Vec<_> = (0..count).map(|_| server.connect()).collect();
            for connection in &mut connections {
                let chunked = "transfer-encoding: chunked";
                connection.send_head(path, &forged(), &[chunked]).unwrap();
                connection.send(up_to_the_limit.as_bytes()).unwrap();
            }
            server.wait_until_all_is_read();
            assert!(server.handled().is_empty());
            for connection in &mut connections {
                if path == PATH {
                    // Fails if the server closes the connection after the refusal.
                    _ = (0..8).try_for_each(|_| connection.send(up_to_the_limit.as_bytes()));
                }
                assert_refused(path, connection, ErrorKind::BodyTooLarge);
            }
            0
        });
    }
}

#[test]
fn as_many_headers_as_the_server_takes_cost_only_the_servers_own_memory() {
    const CONNECTIONS: usize = 100;
    let large = format!("signature: {}", "0".repeat(100_000));
    let many: Vec<_> = (0..90)
        .map(|at| format!("signature{at}: {}", "0".repeat(1_000)))
        .collect();
    for (lines, kind) in [
        (vec![large], ErrorKind::MalformedSignature),
        (many, ErrorKind::MissingHeader),
    ] {
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let name = format!("{} headers, 90 KB and more", lines.len());
        check(&name, CONNECTIONS as u64 * MARGIN, |server, path| {
            let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| server.connect()).collect();
            for connection in &mut connections {
                let none: [(&str, &str); 0] = [];
                connection.send_head(path, &none, &lines).unwrap();
            }
            assert!(server.handled().is_empty());
            for connection in &mut connections {
                assert_refused(path, connection, kind);
            }
            0
        });
    }
}

#[test]
fn the_server_itself_refuses_headers_that_are_too_large() {
    for framework in Framework::ALL {
        let server = Server::start(framework);
        let endless = format!("signature: {}", "0".repeat(1_000_000));
        let many = vec!["signature: 0"; 1_000];
        for lines in [vec![endless.as_str()], many] {
            let mut connection = server.connect();
            // Fails if the server closes the connection before everything is sent.
            _ = connection.send_head(PATH, &genuine(), &lines);
            if let Ok(answer) = connection.read_answer() {
                assert!([400, 431].contains(&answer.status), "{framework:?}");
            }
            assert!(server.handled().is_empty(), "{framework:?}");
        }
        server.stop();
    }
}

#[test]
fn a_delivery_that_is_cut_off_at_any_byte_does_not_reach_the_handler() {
    for framework in Framework::ALL {
        let server = Server::start(framework);
        for (framing, body) in framings(EVENT) {
            for cut in 0..body.len() {
                let mut connection = server.connect();
                let sent = connection.send_head(PATH, &genuine(), &[&framing]);
                sent.unwrap();
                connection.send(&body[..cut]).unwrap();
                connection.finish_sending().unwrap();
                // A client that is gone may get no answer. Reading to the end waits until the
                // server has noticed.
                while let Ok(answer) = connection.read_answer() {
                    assert_eq!(answer.status, 400, "{framework:?}, {framing}, cut at {cut}");
                }
            }
            assert!(server.handled().is_empty(), "{framework:?}, {framing}");
        }
        server.stop();
    }
}

#[test]
fn a_delivery_whose_client_is_gone_does_not_reach_the_handler() {
    let runtime = Runtime::new().unwrap();
    let _entered = runtime.enter();
    for framework in Framework::ALL {
        for (framing, body) in framings(EVENT) {
            let head = genuine_head(PATH, &framing);
            for resets in [false, true] {
                let server = Server::start(framework);
                let mut other = server.connect();
                assert!(server.handled_before(&mut other).is_empty());
                let open = server.open_files();
                let streams = (0..body.len()).map(|cut| {
                    let mut stream = TcpStream::connect(server.addr()).unwrap();
                    let part = [head.as_bytes(), &body[..cut]].concat();
                    stream.write_all(&part).unwrap();
                    stream
                });
                let streams: Vec<_> = streams.collect();
                // A reset discards what has not been read.
                server.wait_until_all_is_read();
                for stream in streams {
                    if resets {
                        stream.set_nonblocking(true).unwrap();
                        let stream = tokio::net::TcpStream::from_std(stream).unwrap();
                        stream.set_zero_linger().unwrap();
                    }
                }
                server.wait_until_open_files_are(open);
                let handled = server.handled_before(&mut other);
                assert!(handled.is_empty(), "{framework:?}, {framing}");
                server.stop();
            }
        }
    }
}

#[test]
fn a_request_pipelined_after_a_refusal_is_served_once_or_not_at_all() {
    let hidden = genuine_head(PATH, "content-length: 42");
    // The refused body looks like a genuine delivery: a server that loses its place would take it
    // for the next request.
    let hidden = hidden + r#"{"data":{"tracking_number":"smuggled in"}}"#;
    for framework in Framework::ALL {
        let server = Server::start(framework);
        for path in [PATH, PINNED] {
            for (framing, body) in framings(hidden.as_bytes()) {
                let mut connection = server.connect();
                for _ in 0..3 {
                    // Fails if the server closes the connection after the first refusal.
                    _ = connection
                        .send_head(path, &forged(), &[&framing])
                        .and_then(|()| connection.send(&body));
                }
                let length = format!("content-length: {}", EVENT.len());
                _ = connection
                    .send_head(PATH, &genuine(), &[&length])
                    .and_then(|()| connection.send(EVENT));

                let mut statuses = Vec::new();
                while let Ok(answer) = connection.read_answer() {
                    statuses.push(answer.status);
                    if statuses.len() == 4 {
                        break;
                    }
                }
                let context = format!("{framework:?}, {path}, {framing}: {statuses:?}");
                let refusals = statuses.iter().take_while(|status| **status == 401);
                assert!((1..=3).contains(&refusals.count()), "{context}");
                let served = statuses.iter().filter(|status| **status == 204).count();
                let handled_bodies = server.handled();
                assert!(
                    handled_bodies.iter().all(|body| *body == handled(EVENT)),
                    "{context}"
                );
                assert!((served..=1).contains(&handled_bodies.len()), "{context}");
            }
        }
        server.stop();
    }
}
