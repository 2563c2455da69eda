//! `listen` as its user runs it.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod program;
#[allow(dead_code)]
mod receivers;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    process::Command,
    time::Duration,
};

use program::{
    DELIVERY, Listen, PATH, SECRET, assert_wrong_usage, files, parts, program, run_with_input,
    signed,
};
use trackingmore_webhook::{
    Scheme, Signer,
    testing::{Connection, Framing},
};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_line_shows_all_of_an_accepted_delivery() {
    let mut listen = Listen::start(&[]);
    assert!(listen.url.ends_with(PATH), "{}", listen.url);
    let headers = signed(Scheme::Timestamp, 2 * HOUR, DELIVERY);
    assert_eq!(listen.post(&headers, DELIVERY).status, 200);
    let (line, answer) = listen.exchange();
    assert!(
        line.starts_with(
            "accepted RB550418207HK hong-kong-post delivered/delivered003 \
             (signed by addressee), \"Delivered and signed for,Leeds,2026-10-03T12:47:00\", signed 2h"
        ),
        "{line}"
    );
    assert!(
        line.ends_with(" ago, timestamp form, secret 1 of 1"),
        "{line}"
    );
    assert!(
        answer.starts_with("200, ") && answer.ends_with(" ms"),
        "{answer}"
    );
    // It is no terminal that this is printed on.
    assert!(!line.contains('\u{1b}'), "{line}");
    for private in ["Jane", "jane@", "EXAMPLE"] {
        assert!(!line.contains(private), "{line}");
    }

    let body = br#"{"data":{"tracking_number":"A1"}}"#;
    let mut headers = signed(Scheme::Body, Duration::ZERO, body);
    headers.retain(|(name, _)| name != "timestamp");
    assert_eq!(listen.post(&headers, body).status, 200);
    let (line, _) = listen.exchange();
    assert_eq!(line, "accepted A1 - -, body form, secret 1 of 1");

    listen.post(&headers, body);
    let (line, _) = listen.exchange();
    assert!(line.ends_with("; same body as #2"), "{line}");
}

#[test]
fn as_json_a_line_is_an_object() {
    let mut listen = Listen::start(&["--json"]);
    let headers = signed(Scheme::Timestamp, 2 * HOUR, DELIVERY);
    listen.post(&headers, DELIVERY);
    let (accepted, answered) = listen.exchange_json();
    for (member, value) in [
        ("event", "accepted"),
        ("parcel", "RB550418207HK"),
        ("courier", "hong-kong-post"),
        ("status", "delivered"),
        ("status_meaning", "delivered"),
        ("substatus", "delivered003"),
        ("substatus_meaning", "signed by addressee"),
        (
            "latest_event",
            "Delivered and signed for,Leeds,2026-10-03T12:47:00",
        ),
        ("scheme", "timestamp"),
    ] {
        assert_eq!(accepted[member], value, "{accepted}");
    }
    assert_eq!(answered["status"], 200);
    assert!(answered["latency_ms"].is_f64());
    assert!(answered["at"].as_str() >= accepted["received"].as_str());
    assert_eq!(accepted["number"], 1);
    assert_eq!(accepted["secret_index"], 0);
    assert_eq!(accepted["bytes"], DELIVERY.len());
    assert!(accepted["age_seconds"].as_i64().unwrap() >= 7200);
    assert_eq!(accepted["delivery_id"].as_str().unwrap().len(), 64);
    assert!(accepted["received"].as_str().unwrap().ends_with('Z'));

    listen.post(&[], DELIVERY);
    let (refused, answered) = listen.exchange_json();
    assert_eq!(answered["status"], 401);
    assert_eq!(refused["event"], "refused");
    assert_eq!(refused["code"], "missing_header");

    let summary = listen.stop();
    assert_eq!(summary.len(), 1);
    let summary: serde_json::Value = serde_json::from_str(&summary[0]).unwrap();
    assert_eq!(summary["event"], "summary");
    assert_eq!(summary["accepted"], 1);
    assert_eq!(summary["reasons"]["missing_header"], 1);
    assert_eq!(summary["answers"], serde_json::json!({"200": 1, "401": 1}));
}

#[test]
fn a_refusal_is_answered_as_the_library_does_and_printed_with_its_reason() {
    let mut listen = Listen::start(&["--max-age", "1h"]);
    let mut wrong = signed(Scheme::Timestamp, Duration::ZERO, DELIVERY);
    wrong[0].1 = "1".to_owned();
    let huge = vec![b'1'; 300_000];
    let not_json = b"not JSON";
    for (headers, body, status, code) in [
        (
            vec![],
            DELIVERY,
            401,
            "missing_header, signature or timestamp header is missing; 4509 bytes",
        ),
        (
            wrong,
            DELIVERY,
            401,
            "signature_mismatch, signature does not match; 4509 bytes, timestamp ",
        ),
        (
            signed(Scheme::Timestamp, 2 * HOUR, DELIVERY),
            DELIVERY,
            401,
            "stale_timestamp, timestamp is too old; 4509 bytes, timestamp 2h",
        ),
        (
            signed(Scheme::Timestamp, Duration::ZERO, &huge),
            &huge,
            413,
            "body_too_large, body is larger than the limit; ",
        ),
        (
            signed(Scheme::Body, HOUR, not_json),
            &not_json[..],
            400,
            "invalid_json, body is not JSON; 8 bytes, timestamp 1h",
        ),
        (
            signed(Scheme::Body, HOUR, b"[]"),
            b"[]",
            422,
            "unexpected_shape, body is JSON of another shape than expected; 2 bytes",
        ),
    ] {
        let answer = listen.post(&headers, body);
        assert_eq!(answer.status, status, "{code}");
        let problem = String::from_utf8(answer.body).unwrap();
        assert!(
            problem.contains(code.split(',').next().unwrap()),
            "{problem}"
        );
        let (line, answer) = listen.exchange();
        assert!(line.starts_with(&format!("refused {code}")), "{line}");
        assert!(answer.starts_with(&format!("{status}, ")), "{answer}");
    }
}

#[test]
fn a_body_without_a_declared_length_is_refused_when_it_is_too_long() {
    let mut listen = Listen::start(&[]);
    let body = vec![b' '; 400_000];
    let headers = signed(Scheme::Body, Duration::ZERO, &body);
    let mut connection = Connection::open(listen.addr()).unwrap();
    let answer = connection.post(PATH, &headers, &body, Framing::Chunked(1000));
    assert_eq!(answer.unwrap().status, 413);
    assert!(listen.line().contains("body_too_large"));
    // Those of the first were not read to their end.
    assert_eq!(listen.deliver(DELIVERY).status, 200);
}

#[test]
fn nobody_waits_for_a_body_that_is_announced_to_be_too_long() {
    let mut listen = Listen::start(&[]);
    for (headers, status) in [
        (vec![], 401),
        (signed(Scheme::Timestamp, Duration::ZERO, b""), 413),
    ] {
        let announced = "Content-Length: 1000000000000";
        let mut connection = Connection::open(listen.addr()).unwrap();
        connection.send_head(PATH, &headers, &[announced]).unwrap();
        let answer = connection.read_answer().unwrap();
        assert_eq!(answer.status, status);
        assert!(answer.announces_close());
        assert!(listen.exchange().0.contains("; 0 bytes"));
    }
}

#[test]
fn a_body_that_breaks_off_is_reported() {
    let mut listen = Listen::start(&[]);
    let mut stream = TcpStream::connect(listen.addr()).unwrap();
    let head = format!("POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{\"da");
    stream.write_all(head.as_bytes()).unwrap();
    drop(stream);
    let line = listen.line();
    assert!(
        line.contains("body_unreadable, body could not be read; 4 bytes"),
        "{line}"
    );
}

#[test]
fn a_delivery_whose_sender_does_not_wait_is_judged_and_counted() {
    let behind = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", behind.local_addr().unwrap());
    let mut listen = Listen::start(&["--forward", &url]);
    let mut sender = TcpStream::connect(listen.addr()).unwrap();
    let mut request = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n",
        DELIVERY.len()
    );
    for (name, value) in signed(Scheme::Timestamp, Duration::ZERO, DELIVERY) {
        request += &format!("{name}: {value}\r\n");
    }
    let request = [request.as_bytes(), b"\r\n", DELIVERY].concat();
    sender.write_all(&request).unwrap();
    let (mut passed_on, _) = behind.accept().unwrap();
    let mut received = Vec::new();
    while !received.ends_with(DELIVERY) {
        let mut chunk = [0; 8192];
        let len = passed_on.read(&mut chunk).unwrap();
        assert_ne!(len, 0);
        received.extend_from_slice(&chunk[..len]);
    }
    // That it is closed from there shows that it has been noticed.
    sender.shutdown(Shutdown::Write).unwrap();
    assert_eq!(sender.read_to_end(&mut Vec::new()).unwrap(), 0);

    // May fail: it could be that nobody waits for this either.
    _ = passed_on.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    let (line, answer) = listen.exchange();
    assert!(line.starts_with("accepted RB550418207HK"), "{line}");
    assert!(answer.starts_with(&format!("202 from {url}, ")), "{answer}");
    assert_eq!(listen.stop(), ["1 accepted, 0 refused; answered 202: 1"]);
}

#[test]
fn a_request_to_another_path_is_printed() {
    let mut listen = Listen::start(&["--path", "/hooks/%7Bodd%7D"]);
    let headers = signed(Scheme::Timestamp, Duration::ZERO, DELIVERY);
    let mut connection = Connection::open(listen.addr()).unwrap();
    let mut post = |path: &str| connection.post(path, &headers, DELIVERY, Framing::Length);
    assert_eq!(post(PATH).unwrap().status, 404);
    let (line, answer) = listen.exchange();
    assert_eq!(line, "unexpected POST /webhooks/trackingmore");
    assert!(answer.starts_with("404, "), "{answer}");
    assert_eq!(post("/hooks/%7Bodd%7D?from=vendor").unwrap().status, 200);
    assert!(listen.exchange().0.starts_with("accepted "));

    let mut stream = TcpStream::connect(listen.addr()).unwrap();
    let get = b"GET /hooks/%7Bodd%7D HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(get).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
    assert!(answer.contains("\r\nallow: POST\r\n"), "{answer}");
    let (line, answer) = listen.exchange();
    assert_eq!(line, "unexpected GET /hooks/%7Bodd%7D");
    assert!(answer.starts_with("405, "), "{answer}");

    let summary = listen.stop();
    assert_eq!(
        summary,
        [
            "1 accepted, 0 refused, 2 with an unexpected path or method; answered 200: 1, \
             404: 1, 405: 1"
        ]
    );
}

#[test]
fn the_scheme_can_be_pinned() {
    let mut listen = Listen::start(&["--scheme", "body"]);
    assert_eq!(listen.deliver(DELIVERY).status, 401);
    assert!(listen.exchange().0.contains("signature_mismatch"));
    let headers = signed(Scheme::Body, 2 * HOUR, DELIVERY);
    assert_eq!(listen.post(&headers, DELIVERY).status, 200);
    let (line, _) = listen.exchange();
    assert!(line.contains(", timestamp 2h"), "{line}");
    assert!(
        line.ends_with(" ago, not signed, body form, secret 1 of 1; same body as #1"),
        "{line}"
    );
}

#[test]
fn a_line_shows_which_secret_matched() {
    let dir = tempfile::tempdir().unwrap();
    let (new, old) = (dir.path().join("new"), dir.path().join("old"));
    fs::write(&new, "the new one\r\n").unwrap();
    fs::write(&old, format!("{SECRET}\n")).unwrap();
    let mut command = program(&["listen", "--addr", "127.0.0.1:0", "--secret-file"]);
    command.arg(&new).arg("--secret-file").arg(&old);
    // A file counts more than the environment.
    command.env("TRACKINGMORE_WEBHOOK_SECRET", "another");
    let mut listen = Listen::spawn(command);
    listen.deliver(DELIVERY);
    assert!(listen.exchange().0.ends_with("secret 2 of 2"));
    let signer = Signer::new("the new one").unwrap();
    let headers = signer.headers(Scheme::Body, std::time::SystemTime::now(), DELIVERY);
    listen.post(&headers, DELIVERY);
    assert!(listen.exchange().0.contains(", secret 1 of 2"));
}

#[test]
fn what_is_sent_cannot_command_the_terminal_or_make_a_line() {
    let mut listen = Listen::start(&[]);
    let body =
        br#"{"data":{"tracking_number":"A\u001b[2J\nrefused","latest_event":"\u009b\u202e"}}"#;
    assert_eq!(listen.deliver(body).status, 200);
    let line = listen.line();
    assert!(
        line.contains(r#"accepted A\u{1b}[2J\nrefused - -, "\u{9b}\u{202e}", signed"#),
        "{line}"
    );

    let mut listen = Listen::start(&["--json"]);
    let text = "it's Malmö 📦\u{1b}[2J\u{7f}\u{85}\u{9b}\u{61c}\u{200f}\u{202e}\u{2066}\u{e0001}";
    let body = serde_json::json!({"data": {"tracking_number": text}}).to_string();
    assert_eq!(listen.deliver(body.as_bytes()).status, 200);
    let line = listen.line();
    let escaped = r"it's Malmö 📦\u001b[2J\u007f\u0085\u009b\u061c\u200f\u202e\u2066\udb40\udc01";
    assert!(line.contains(escaped), "{line}");
    let record: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(record["parcel"], text);
}

#[test]
fn saved_deliveries_are_exact_and_private() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("made/deliveries");
    let mut listen = Listen::start(&["--save", dir.to_str().unwrap()]);
    let odd = b"{\"data\":{\"tracking_number\":\"A\"}}\r\n\r\n \t\n";
    let mut headers = signed(Scheme::Body, Duration::ZERO, odd);
    headers.push(("X-Twice".to_owned(), "one".to_owned()));
    headers.push(("X-Twice".to_owned(), "two: 2".to_owned()));
    assert_eq!(listen.post(&headers, odd).status, 200);
    assert!(listen.exchange().1.contains("; saved as "));
    let binary = b"\x00\xff\n\nnot a delivery";
    assert_eq!(listen.post(&[], binary).status, 401);
    assert!(listen.exchange().1.contains("; saved as "));

    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let files = files(&dir);
    assert_eq!(files.len(), 2);
    for file in &files {
        assert_eq!(mode(file), 0o600);
    }
    let (notes, lines, body) = parts(&files[0]);
    assert!(
        notes.starts_with("POST /webhooks/trackingmore HTTP/1.1\n"),
        "{notes}"
    );
    for note in ["received: 20", "verdict: accepted", "answer: 200"] {
        assert!(
            notes.contains(&format!("\ntrackingmore-webhook-{note}")),
            "{notes}"
        );
    }
    assert!(notes.contains("customers' data and a live signature"));
    for line in [
        format!("timestamp: {}", headers[0].1),
        format!("signature: {}", headers[1].1),
        "x-twice: one".to_owned(),
        "x-twice: two: 2".to_owned(),
    ] {
        assert!(lines.contains(&line), "{lines:?}");
    }
    assert_eq!(body, odd);
    assert_eq!(parts(&files[1]).2, binary);
}

#[test]
fn strangers_cannot_fill_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let mut listen = Listen::start(&["--json", "--save", dir.path().to_str().unwrap()]);
    for n in 0..1_001 {
        assert_eq!(listen.post(&[], b"{}").status, 401);
        let (_, answered) = listen.exchange_json();
        assert_eq!(answered["saved"].is_string(), n < 1_000);
        // What is not kept does not vanish silently.
        let trouble = answered["trouble"].as_str();
        let not_saved = "not saved: 1,000 refused requests are saved already";
        assert_eq!(trouble, (n >= 1_000).then_some(not_saved));
    }
    assert_eq!(listen.deliver(DELIVERY).status, 200);
    assert!(listen.exchange_json().1["saved"].is_string());
    assert_eq!(files(dir.path()).len(), 1_001);
}

#[test]
fn a_delivery_that_cannot_be_saved_is_answered_so_that_it_comes_again() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("deliveries");
    let mut listen = Listen::start(&["--save", dir.to_str().unwrap()]);
    fs::remove_dir(&dir).unwrap();
    assert_eq!(listen.deliver(DELIVERY).status, 500);
    let (_, answer) = listen.exchange();
    assert!(answer.starts_with("500, "), "{answer}");
    assert!(answer.contains("; cannot save "), "{answer}");
    assert_eq!(listen.post(&[], DELIVERY).status, 401);
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_cannot_be_written_to_is_refused() {
    // Not even root can make a file there.
    assert_wrong_usage(&["listen", "--save", "/proc"], "cannot write to /proc: ");
}

#[test]
fn no_part_of_a_delivery_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let listen = program(&["listen", "--addr", "127.0.0.1:0", "--save"]);
    let mut full = Command::new("bash");
    // Files can have 1,024 bytes, and a write past that fails.
    full.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "bash"])
        .arg(listen.get_program())
        .args(listen.get_args())
        .arg(dir.path())
        .env("TRACKINGMORE_WEBHOOK_SECRET", SECRET);
    let mut listen = Listen::spawn(full);
    assert_eq!(listen.deliver(DELIVERY).status, 500);
    let (_, answer) = listen.exchange();
    assert!(answer.starts_with("500, "), "{answer}");
    assert!(answer.contains("; cannot save "), "{answer}");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
}

#[test]
fn a_delivery_is_passed_on_to_the_byte_and_the_answer_is_relayed() {
    let dir = tempfile::tempdir().unwrap();
    let save = dir.path().to_str().unwrap();
    let mut behind = Listen::start(&["--save", save, "--answer", "202"]);
    let mut front = Listen::start(&["--forward", &behind.url, "--fail-first", "1"]);
    let body = b" {\"data\" :{\"tracking_number\":\"A\\u0041\"}}\n";
    let mut headers = signed(Scheme::Body, Duration::ZERO, body);
    headers.push(("x-own".to_owned(), "kept".to_owned()));
    headers.push(("user-agent".to_owned(), "the vendor".to_owned()));
    let hop = [("Connection", "keep-alive, X-Hop"), ("x-hop", "for one")];
    let with_hop = [
        headers.clone(),
        hop.map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
    ];
    let with_hop = with_hop.concat();

    assert_eq!(front.post(&headers, body).status, 503);
    assert_eq!(front.post(&with_hop, body).status, 202);
    assert_eq!(front.post(&[], body).status, 401);
    let (line, answer) = front.exchange();
    assert!(line.starts_with("accepted AA"), "{line}");
    assert!(answer.starts_with("503, "), "{answer}");
    let (line, answer) = front.exchange();
    assert!(line.starts_with("accepted AA"), "{line}");
    let from = format!("202 from {}, ", behind.url);
    assert!(answer.starts_with(&from), "{answer}");
    let (line, answer) = behind.exchange();
    assert!(line.starts_with("accepted AA"), "{line}");
    assert!(answer.starts_with("202, "), "{answer}");
    assert!(behind.stop()[0].starts_with("1 accepted, 0 refused"));

    let (_, lines, saved) = parts(&files(dir.path())[0]);
    assert_eq!(saved, body);
    for (name, value) in &headers {
        assert!(lines.contains(&format!("{name}: {value}")), "{lines:?}");
    }
    assert!(
        !lines.iter().any(|line| line.starts_with("x-hop")),
        "{lines:?}"
    );
    let host = format!("host: {}", behind.addr());
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.starts_with("host:"))
            .collect::<Vec<_>>(),
        [&host]
    );
}

#[test]
fn headers_and_body_of_the_answer_are_relayed() {
    // Refuses whatever comes, with a problem and its headers.
    let mut behind = program(&["listen", "--addr", "127.0.0.1:0"]);
    behind.env("TRACKINGMORE_WEBHOOK_SECRET", "another");
    let behind = Listen::spawn(behind);
    let mut front = Listen::start(&["--forward", &behind.url]);
    let answer = front.deliver(DELIVERY);
    // What came was accepted, and what was answered is the target's.
    let (line, answered) = front.exchange();
    assert!(line.starts_with("accepted RB550418207HK"), "{line}");
    let from = format!("401 from {}, ", behind.url);
    assert!(answered.starts_with(&from), "{answered}");
    assert_eq!(front.stop(), ["1 accepted, 0 refused; answered 401: 1"]);
    let direct = behind.deliver(DELIVERY);
    assert_eq!(answer.status, 401);
    assert_eq!(answer.body, direct.body);
    for name in ["content-type", "www-authenticate"] {
        let value = |headers: &[(String, String)]| {
            let pair = headers.iter().find(|(key, _)| key == name);
            pair.unwrap().1.clone()
        };
        assert_eq!(value(&answer.headers), value(&direct.headers));
    }

    let bare = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    let front = Listen::start(&["--forward", &receivers::fixed(bare.to_owned())]);
    let answer = front.deliver(DELIVERY);
    assert_eq!(answer.body, b"ok");
    let mut names = answer.headers.iter().map(|(name, _)| name);
    assert!(!names.any(|name| name == "content-type"), "{answer:?}");
}

#[test]
fn a_delivery_that_cannot_be_passed_on_is_answered_502() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut listen = Listen::start(&["--forward", &format!("http://user:password@{free}/")]);
    assert_eq!(listen.deliver(DELIVERY).status, 502);
    let (_, answer) = listen.exchange();
    assert!(answer.contains("; cannot forward: "), "{answer}");
    assert!(!answer.contains("password"), "{answer}");
}

#[test]
fn an_answer_without_an_end_is_not_relayed() {
    let answer = |length: usize| {
        let body = "x".repeat(length);
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
    };
    let most = 1024 * 1024;
    let front = Listen::start(&["--forward", &receivers::fixed(answer(most))]);
    assert_eq!(front.deliver(DELIVERY).body.len(), most);

    let mut front = Listen::start(&["--forward", &receivers::fixed(answer(most + 1))]);
    assert_eq!(front.deliver(DELIVERY).status, 502);
    let (_, line) = front.exchange();
    assert!(
        line.ends_with("; cannot relay the answer: it is longer than 1 MiB"),
        "{line}"
    );
}

#[test]
fn it_does_not_forward_to_itself() {
    // Below those that the system gives to others at any time.
    let port = 20_000 + std::process::id() % 10_000;
    for (addr, target) in [
        ("127.0.0.1", "localhost"),
        ("127.0.0.1", "0.0.0.0"),
        ("0.0.0.0", "127.0.0.1"),
    ] {
        let addr = format!("{addr}:{port}");
        let target = format!("http://name:password@{target}:{port}/elsewhere");
        let args = ["listen", "--addr", &addr, "--forward", &target];
        let shown = target.replace("name:password@", "");
        let reason = format!("--forward {shown} is this listener");
        assert_wrong_usage(&args, &reason);
    }
}

#[test]
fn an_unread_pipe_delays_nobody() {
    let mut listen = Listen::start(&[]);
    let headers = signed(Scheme::Timestamp, Duration::ZERO, DELIVERY);
    let mut connection = Connection::open(listen.addr()).unwrap();
    // A pipe holds some hundred lines.
    for _ in 0..6_000 {
        let answer = connection.post(PATH, &headers, DELIVERY, Framing::Length);
        assert_eq!(answer.unwrap().status, 200);
    }
    drop(connection);
    let lines = listen.stop();
    let (mut shown, mut missed) = (0, 0);
    for line in &lines[..lines.len() - 1] {
        match line.strip_suffix(" lines not shown") {
            Some(count) => missed += count.parse::<usize>().unwrap(),
            None => shown += 1,
        }
    }
    assert!(missed > 0);
    assert_eq!(shown + missed, 12_000);
    assert_eq!(
        lines.last().unwrap(),
        "6000 accepted, 0 refused; answered 200: 6000"
    );
}

#[test]
fn an_unread_pipe_does_not_hold_up_the_end() {
    let mut listen = Listen::start(&[]);
    let headers = signed(Scheme::Timestamp, Duration::ZERO, DELIVERY);
    let mut connection = Connection::open(listen.addr()).unwrap();
    for _ in 0..1_000 {
        let answer = connection.post(PATH, &headers, DELIVERY, Framing::Length);
        assert_eq!(answer.unwrap().status, 200);
    }
    drop(connection);
    assert_eq!(listen.end_unread(), Some(1));
}

#[test]
fn the_answer_can_be_chosen() {
    let listen = Listen::start(&["--answer", "503"]);
    for _ in 0..3 {
        assert_eq!(listen.deliver(DELIVERY).status, 503);
    }
    let listen = Listen::start(&["--fail-first", "2", "--answer", "204"]);
    assert_eq!(listen.post(&[], DELIVERY).status, 401);
    let answers = [(); 4].map(|()| listen.deliver(DELIVERY).status);
    assert_eq!(answers, [503, 503, 204, 204]);
}

#[test]
fn ctrl_c_ends_with_a_summary() {
    let mut listen = Listen::start(&[]);
    listen.deliver(DELIVERY);
    listen.deliver(DELIVERY);
    listen.post(&[], DELIVERY);
    for _ in 0..3 {
        listen.exchange();
    }
    assert_eq!(
        listen.stop(),
        ["2 accepted, 1 refused (missing_header: 1); answered 200: 2, 401: 1"]
    );

    // From the first line on, and with nothing to sum up.
    for signal in ["INT", "TERM"] {
        let mut listen = Listen::start(&[]);
        assert_eq!(listen.end(signal), ["0 accepted, 0 refused"]);
    }
}

#[test]
fn wrong_usage_is_reported_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = file.path().to_str().unwrap();
    for (args, reason) in [
        (&["--addr", &taken][..], taken.as_str()),
        (&["--addr", "nowhere.invalid:1"], "cannot listen on nowhere"),
        (
            &["--addr", "3080"],
            "give a host and a port, such as 127.0.0.1:3080",
        ),
        (
            &["--addr", ":x"],
            "give a host and a port, such as 127.0.0.1:3080",
        ),
        (
            &["--inspect", "127.0.0.1"],
            "give a host and a port, such as 127.0.0.1:4040",
        ),
        (&["--open"], "not provided: --inspect"),
        (&["--path", "hooks"], "give the path of a URL"),
        (&["--path", "/hooks?a"], "give the path of a URL"),
        (&["--path", "/hôoks"], "give the path of a URL in ASCII"),
        (&["--scheme", "both"], "[possible values: timestamp, body]"),
        (&["--max-age", "soon"], "such as 90s, 15m, 2h or 12d"),
        (&["--answer", "99"], "give a number from 200 to 599"),
        (&["--fail-first", "many"], "give a number from 0 to 1000000"),
        (&["--max-age", "-5m"], "such as 90s, 15m, 2h or 12d"),
        (&["--answer", "-1"], "give a number from 200 to 599"),
        (&["--fail-first", "-1"], "give a number from 0 to 1000000"),
        (
            &["--forward", "localhost:3000"],
            "the URL must begin with http:// or https://",
        ),
        (
            &["--forward", "http://localhost", "--answer", "200"],
            "--forward",
        ),
        (&["--save", file], "cannot create "),
        (
            &["--secret-file", "/nowhere/secret"],
            "cannot read /nowhere/secret",
        ),
        (
            &["--secret-file", file],
            &format!("--secret-file {file} is empty"),
        ),
        (&["--secret", "x"], "unexpected argument '--secret'"),
        (&["stray"], "unexpected argument 'stray'"),
    ] {
        assert_wrong_usage(&[&["listen"], args].concat(), reason);
    }
    let twice = ["listen", "--secret-file", "-", "--secret-file", "-"];
    run_with_input(&twice, b"x").assert_wrong_usage("standard input can be read only once");
    let ended = run_with_input(&["listen"], b"");
    assert_eq!(ended.code, 2);
    assert_eq!(
        ended.err,
        "error: no webhook secret: TRACKINGMORE_WEBHOOK_SECRET is unset or empty; set it, or use \
         --secret-file\n"
    );
    let ended = run_with_input(&["listen", "--secret-file", "-"], b"blank \n");
    assert_eq!(ended.code, 2);
    assert!(
        ended.err.contains("begins or ends with whitespace"),
        "{}",
        ended.err
    );
}
