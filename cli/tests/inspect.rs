//! What the inspector of `listen` promises, over raw sockets. The page itself is tested in a
//! browser.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod program;
#[allow(dead_code)]
mod receivers;

use std::{
    fs,
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use program::{
    DELIVERY, Listen, PATH, SECRET, addr, assert_wrong_usage, files, parts, program, run, signed,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use trackingmore_webhook::{
    Scheme,
    testing::{Connection, Framing},
};

/// An inspector, as a program that speaks HTTP meets it.
struct Inspector {
    addr: SocketAddr,
    /// The path with the token.
    path: String,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Inspector {
    fn of(listen: &Listen) -> Self {
        let (_, path) = listen.inspect.split_at(listen.inspect.rfind(':').unwrap());
        let (_, path) = path.split_at(path.find('/').unwrap());
        Self {
            addr: addr(&listen.inspect),
            path: path.to_owned(),
        }
    }

    /// Sends a head as it is, and reads to the end.
    fn raw(&self, head: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.addr).unwrap();
        let request = format!("{head}\r\n{body}");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: answer[end + 4..].to_vec(),
        }
    }

    fn get(&self, rest: &str) -> Answer {
        let (path, addr) = (&self.path, self.addr);
        let head = format!("GET {path}{rest} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n");
        self.raw(&head, "")
    }

    fn json(&self, rest: &str) -> Value {
        let answer = self.get(rest);
        assert_eq!(answer.status, 200, "{rest}");
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Posts as the page does, but for these headers.
    fn post_with(&self, rest: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let (path, addr, body) = (&self.path, self.addr, body.to_string());
        let mut head = format!(
            "POST {path}{rest} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\
             Content-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        self.raw(&head, &body)
    }

    fn origin(&self) -> String {
        format!("http://{}", self.addr)
    }

    fn post(&self, rest: &str, body: &Value) -> Answer {
        let origin = self.origin();
        let headers = [
            ("Origin", &origin[..]),
            ("Content-Type", "application/json"),
        ];
        self.post_with(rest, &headers, body)
    }

    /// Opens the stream, without reading it.
    fn stream(&self, last: Option<&str>) -> TcpStream {
        let mut stream = TcpStream::connect(self.addr).unwrap();
        let last = last.map_or(String::new(), |id| format!("Last-Event-ID: {id}\r\n"));
        let (path, addr) = (&self.path, self.addr);
        let head = format!("GET {path}events HTTP/1.1\r\nHost: {addr}\r\n{last}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    /// Reads events of the stream: id, name, data.
    fn events(&self, last: Option<&str>) -> impl Iterator<Item = (String, String, Value)> + use<> {
        let lines = BufReader::new(self.stream(last)).lines();
        let (mut id, mut name, mut data) = (String::new(), String::new(), Value::Null);
        lines.map_while(Result::ok).filter_map(move |line| {
            if let Some(text) = line.strip_prefix("id: ") {
                text.clone_into(&mut id);
            } else if let Some(text) = line.strip_prefix("event: ") {
                text.clone_into(&mut name);
            } else if let Some(text) = line.strip_prefix("data: ") {
                data = serde_json::from_str(text).unwrap();
            } else if line.is_empty() && !name.is_empty() {
                return Some((id.clone(), std::mem::take(&mut name), data.take()));
            }
            None
        })
    }
}

fn inspected(args: &[&str]) -> (Listen, Inspector) {
    let listen = Listen::start(&[&["--inspect", "127.0.0.1:0"], args].concat());
    let inspector = Inspector::of(&listen);
    (listen, inspector)
}

/// A receiver that nobody has called yet.
fn uncalled() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    (listener, url)
}

const PAGES: [&str; 8] = [
    "",
    "app.css",
    "app.js",
    "events",
    "requests/1",
    "requests/1/body",
    "requests/1/delivery",
    "requests/1/curl",
];

#[test]
fn the_address_is_printed_and_its_port_is_free() {
    let (_listen, inspector) = inspected(&[]);
    let token = inspector.path.trim_matches('/');
    assert_eq!(token.len(), 32);
    assert!(token.bytes().all(|byte| byte.is_ascii_hexdigit()));

    let first = Listen::start(&["--json", "--inspect"]);
    let second = Listen::start(&["--json", "--inspect"]);
    assert!(addr(&first.inspect).port() >= 4040);
    assert!(addr(&second.inspect).port() > addr(&first.inspect).port());
    assert_ne!(Inspector::of(&first).path, Inspector::of(&second).path);
}

#[cfg(target_os = "linux")]
#[test]
fn the_page_is_opened_in_the_browser() {
    let dir = tempfile::tempdir().unwrap();
    // Stands in for the user's browser, and notes what it was given.
    let browser = dir.path().join("xdg-open");
    let opened = dir.path().join("opened");
    let script = "#!/bin/sh\ncd \"${0%/*}\" && echo \"$1\" > noted && mv noted opened\n";
    fs::write(&browser, script).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let place = ["--addr", "127.0.0.1:0", "--inspect", "127.0.0.1:0"];
    let mut command = program(&[&["listen", "--open"], &place[..]].concat());
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", dir.path().display()));
    let listen = Listen::spawn(command);
    let deadline = Instant::now() + Duration::from_secs(30);
    while !opened.exists() {
        assert!(Instant::now() < deadline, "nothing was opened");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(fs::read_to_string(opened).unwrap().trim(), listen.inspect);
}

#[test]
fn it_is_on_this_machine_only() {
    for place in ["0.0.0.0:0", "[::]:0", "192.0.2.1:4040", "nowhere.invalid:1"] {
        let args = ["listen", "--addr", "127.0.0.1:0", "--inspect", place];
        assert_wrong_usage(&args, &format!("cannot serve --inspect on {place}: "));
    }
    assert_wrong_usage(
        &["listen", "--inspect", "4040"],
        "give a host and a port, such as 127.0.0.1:4040",
    );
    let (taken, _) = uncalled();
    let taken = taken.local_addr().unwrap().to_string();
    assert_wrong_usage(
        &["listen", "--addr", "127.0.0.1:0", "--inspect", &taken],
        &taken,
    );
    assert_wrong_usage(
        &["listen", "--replay-to", "http://127.0.0.1:1"],
        "--inspect",
    );

    // The port of the webhook has nothing of it.
    let (mut listen, mut inspector) = inspected(&[]);
    inspector.addr = listen.addr();
    for page in PAGES {
        assert_eq!(inspector.get(page).status, 404);
        assert!(listen.exchange().0.starts_with("unexpected GET /"));
    }
}

#[test]
fn the_inspector_is_no_receiver() {
    // Below those that the system gives to others at any time.
    let port = 30_000 + std::process::id() % 2_000;
    let inspect = format!("127.0.0.1:{port}");
    let target = format!("http://localhost:{port}/");
    for receivers in [
        &["--forward", &target][..],
        &["--replay-to", &target],
        &["--forward", &target, "--replay-to", "http://127.0.0.1:1/"],
    ] {
        let args = ["listen", "--addr", "127.0.0.1:0", "--inspect", &inspect];
        let args = [&args, receivers].concat();
        assert_wrong_usage(&args, "deliveries cannot be sent to the inspector itself");
    }
}

#[test]
fn a_foreign_host_reaches_nothing() {
    let (listen, inspector) = inspected(&[]);
    listen.deliver(DELIVERY);
    let (addr, path) = (inspector.addr, &inspector.path);
    let port = addr.port();
    let get = |target: &str, hosts: &str| {
        inspector.raw(
            &format!("GET {target} HTTP/1.1\r\nConnection: close\r\n{hosts}"),
            "",
        )
    };
    for page in PAGES {
        let target = format!("{path}{page}");
        let absolute = format!("http://{addr}{target}");
        let other = addr.port().wrapping_add(1);
        for (target, hosts, status) in [
            (&target, format!("Host: rebound.example:{port}\r\n"), 421),
            (
                &target,
                format!("Host: 127.0.0.1.rebound.example:{port}\r\n"),
                421,
            ),
            (&target, format!("Host: 127.0.0.1:{other}\r\n"), 421),
            (&target, "Host: 127.0.0.1\r\n".to_owned(), 421),
            (
                &target,
                format!("Host: {addr}\r\nHost: rebound.example\r\n"),
                400,
            ),
            (&target, format!("Host: {addr}\r\nHost: {addr}\r\n"), 400),
            (&target, String::new(), 400),
            (&absolute, format!("Host: {addr}\r\n"), 400),
            (&absolute, "Host: rebound.example\r\n".to_owned(), 400),
        ] {
            let answer = get(target, &hosts);
            assert_eq!(answer.status, status, "{target} {hosts}");
            assert!(answer.body.is_empty());
        }
    }
    for host in ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"] {
        assert_eq!(get(path, &format!("Host: {host}:{port}\r\n")).status, 200);
    }
}

#[test]
fn without_the_token_there_is_nothing() {
    let (listen, mut inspector) = inspected(&[]);
    listen.deliver(DELIVERY);
    let path = inspector.path.clone();
    let longer = format!("{}0/", path.trim_end_matches('/'));
    let other = path.replace(|char: char| char.is_ascii_digit(), "a") + "b/";
    for wrong in ["/", "//", "/0/", &path[..path.len() - 2], &longer, &other] {
        inspector.path = wrong.to_owned();
        for page in PAGES {
            assert_eq!(inspector.get(page).status, 404, "{wrong}{page}");
        }
        let answer = inspector.post("send", &json!({"status": "delivered"}));
        assert_eq!(answer.status, 404);
    }
}

#[test]
fn every_answer_forbids_what_a_page_could_do() {
    let (listen, inspector) = inspected(&[]);
    listen.deliver(DELIVERY);
    let bad = inspector.raw("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", "");
    let answers = PAGES.map(|page| match page {
        "events" => {
            let mut stream = inspector.stream(None);
            let mut head = [0; 1000];
            stream.read_exact(&mut head).unwrap();
            String::from_utf8_lossy(&head).into_owned()
        }
        page => inspector.get(page).head,
    });
    for head in answers.iter().chain([&bad.head]) {
        for line in [
            "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; \
             connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; \
             form-action 'none'; require-trusted-types-for 'script'\r\n",
            "x-content-type-options: nosniff\r\n",
            "cache-control: no-store\r\n",
            "referrer-policy: no-referrer\r\n",
        ] {
            assert!(format!("{head}\r\n").contains(line), "{line} {head}");
        }
        assert!(!head.to_ascii_lowercase().contains("set-cookie"));
        assert!(!head.to_ascii_lowercase().contains("access-control-allow"));
    }
    assert!(inspector.get("requests/1/body").head.contains("attachment"));
}

#[test]
fn a_foreign_page_triggers_nothing() {
    let (target, url) = uncalled();
    let (mut listen, inspector) = inspected(&["--replay-to", &url]);
    listen.deliver(DELIVERY);
    listen.exchange();
    let origin = inspector.origin();
    let (own, json_type) = (
        ("Origin", &origin[..]),
        ("Content-Type", "application/json"),
    );
    for (action, body) in [
        ("requests/1/replay", json!({"resign": false})),
        ("send", json!({"status": "delivered"})),
    ] {
        for (headers, status) in [
            (&[json_type][..], 403),
            (&[json_type, ("Origin", "http://evil.example")], 403),
            (&[json_type, ("Origin", "null")], 403),
            (&[json_type, ("Origin", "http://127.0.0.1")], 403),
            (&[json_type, own, own], 403),
            (&[json_type, own, ("Sec-Fetch-Site", "cross-site")], 403),
            (&[json_type, own, ("Sec-Fetch-Site", "same-site")], 403),
            (&[own], 415),
            (&[own, ("Content-Type", "text/plain")], 415),
            (
                &[own, ("Content-Type", "text/plain; application/json")],
                415,
            ),
            (
                &[own, ("Content-Type", "application/x-www-form-urlencoded")],
                415,
            ),
            (&[own, ("Content-Type", "multipart/form-data")], 415),
        ] {
            let answer = inspector.post_with(action, headers, &body);
            assert_eq!(answer.status, status, "{action} {headers:?}");
        }
        // An image, a script, a prefetch; a preflight.
        assert_eq!(inspector.get(action).status, 405);
        let (path, addr) = (&inspector.path, inspector.addr);
        for method in ["HEAD", "OPTIONS", "PUT", "DELETE"] {
            let head = format!(
                "{method} {path}{action} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\
                 Origin: {origin}\r\nAccess-Control-Request-Method: POST\r\n"
            );
            assert_eq!(inspector.raw(&head, "").status, 405, "{method} {action}");
        }
    }
    // Nothing was sent.
    assert_eq!(target.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(
        inspector.post("send", &json!({"status": "pickup"})).status,
        200
    );
    assert!(listen.exchange().0.contains("pickup"));
}

#[test]
fn the_page_cannot_choose_a_target_and_redirects_are_not_followed() {
    let (elsewhere, url) = uncalled();
    let redirect = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {url}\r\nContent-Length: 0\r\n\
         Connection: close\r\n\r\n"
    );
    let (listen, inspector) = inspected(&["--replay-to", &receivers::fixed(redirect)]);
    listen.deliver(DELIVERY);
    let asked = json!({"resign": false, "target": url, "url": url, "to": url});
    let answer = inspector.post("requests/1/replay", &asked);
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer["status"], 307);
    assert_eq!(
        elsewhere.accept().unwrap_err().kind(),
        ErrorKind::WouldBlock
    );

    let (listen, inspector) = inspected(&[]);
    listen.deliver(DELIVERY);
    assert_eq!(inspector.post("requests/1/replay", &asked).status, 404);
    assert_eq!(
        inspector.post("send", &json!({"status": "odd"})).status,
        422
    );
}

#[test]
fn what_is_downloaded_or_sent_again_has_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("kept");
    let behind = Listen::start(&["--save", kept.to_str().unwrap(), "--scheme", "body"]);
    let (mut listen, inspector) = inspected(&["--replay-to", &behind.url]);
    for (n, body) in [
        &b"{\"data\":{\"tracking_number\":\"A\",\"tracking_number\":\"A\",\"weight\":1e400}}"[..],
        b"{\"data\":{\"tracking_number\":\"A\"}}\n",
        b"\xef\xbb\xbf{\"data\":{\"tracking_number\":\"A\"}}",
        b" {\"data\" :\r\n{\"tracking_number\":\"\\u0041\",\"order_id\":12345678901234567890123}}",
        b"not JSON \x00\xff\xfe",
    ]
    .into_iter()
    .enumerate()
    {
        let number = n + 1;
        listen.post(&signed(Scheme::Body, Duration::ZERO, body), body);
        listen.exchange();
        let details = inspector.json(&format!("requests/{number}"));
        let sha256: String = Sha256::digest(body)
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect();
        assert_eq!(details["sha256"], sha256);
        assert_eq!(details["text"].as_str(), str::from_utf8(body).ok());
        assert_eq!(inspector.get(&format!("requests/{number}/body")).body, body);

        let file = dir.path().join("one.delivery");
        fs::write(
            &file,
            inspector.get(&format!("requests/{number}/delivery")).body,
        )
        .unwrap();
        let verified = run(&["verify", file.to_str().unwrap(), "--json"]).json();
        assert_eq!(verified[0]["genuine"], true, "{verified:?}");

        let path = format!("requests/{number}/replay");
        let answer = inspector.post(&path, &json!({"resign": false}));
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer["how"], "byte for byte");
        assert_eq!(parts(files(&kept).last().unwrap()).2, body);
        let details = inspector.json(&format!("requests/{number}"));
        assert_eq!(details["resent"][0]["status"], answer["status"]);
    }
}

#[test]
fn a_delivery_can_be_edited_and_given_a_new_signature() {
    let mut behind = Listen::start(&["--scheme", "body"]);
    let (listen, inspector) = inspected(&["--scheme", "body", "--replay-to", &behind.url]);
    let body = br#"{"data":{"tracking_number":"A1"}}"#;
    listen.post(&signed(Scheme::Body, Duration::ZERO, body), body);
    let edited = r#"{"data":{"tracking_number":"B2"}}"#;
    for (asked, how, line) in [
        (
            json!({"resign": false, "body": edited}),
            "edited, with the signature of the original",
            "refused signature_mismatch",
        ),
        (
            json!({"resign": true, "body": edited}),
            "edited, with a new signature",
            "accepted B2",
        ),
        (
            json!({"resign": true}),
            "with a new signature",
            "accepted A1",
        ),
    ] {
        let answer = inspector.post("requests/1/replay", &asked);
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer["how"], how);
        assert!(behind.exchange().0.starts_with(line));
    }
}

#[test]
fn nothing_shows_the_secret_and_signatures_are_shown_on_request() {
    let (_target, url) = uncalled();
    let (listen, inspector) = inspected(&["--replay-to", &url]);
    let headers = signed(Scheme::Timestamp, Duration::ZERO, DELIVERY);
    let signature = &headers[1].1;
    let mut elsewhere = headers.clone();
    elsewhere[1].0 = "x-copy".to_owned();
    listen.post(&headers, DELIVERY);
    listen.post(&elsewhere, DELIVERY);
    for n in [1, 2] {
        for page in PAGES.map(|page| page.replace('1', &n.to_string())) {
            let text = match &page[..] {
                "events" => inspector.events(None).next().unwrap().2.to_string(),
                page => String::from_utf8_lossy(&inspector.get(page).body).into_owned(),
            };
            assert!(!text.contains(SECRET), "{page}");
            let is_export = page.ends_with("/delivery") || page.ends_with("/curl");
            assert_eq!(text.contains(signature), is_export, "{page}");
        }
        let shown = inspector.get(&format!("requests/{n}?signatures=shown"));
        assert!(String::from_utf8(shown.body).unwrap().contains(signature));
    }
    let curl = String::from_utf8(inspector.get("requests/1/curl").body).unwrap();
    assert!(
        curl.starts_with("# The signature stays valid here until 2"),
        "{curl}"
    );
    let lifetime = inspector.json("requests/2")["lifetime"].clone();
    assert_eq!(
        lifetime,
        "The signature was not valid when the request arrived."
    );
}

#[test]
fn the_command_to_copy_sends_the_same() {
    let (mut listen, inspector) = inspected(&[]);
    let body = br#"{"data":{"tracking_number":"it's"}}"#;
    listen.post(&signed(Scheme::Body, Duration::ZERO, body), body);
    listen.exchange();
    let command = String::from_utf8(inspector.get("requests/1/curl").body).unwrap();
    let ran = Command::new("sh").args(["-c", &command]).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let (line, answer) = listen.exchange();
    assert!(line.starts_with("accepted it's"), "{line}");
    assert!(line.ends_with("; same body as #1"), "{line}");
    assert!(answer.starts_with("200, "), "{answer}");
}

#[test]
fn a_refusal_is_explained_as_verify_does() {
    let dir = tempfile::tempdir().unwrap();
    let other = dir.path().join("other");
    fs::write(&other, "another secret").unwrap();
    let own = dir.path().join("own");
    fs::write(&own, SECRET).unwrap();
    let mut command = program(&[
        "listen",
        "--addr",
        "127.0.0.1:0",
        "--inspect",
        "127.0.0.1:0",
    ]);
    command
        .arg("--secret-file")
        .arg(&other)
        .arg("--secret-file")
        .arg(&own);
    let listen = Listen::spawn(command);
    let inspector = Inspector::of(&listen);
    let body = br#"{"data":{"tracking_number":"A1"}}"#;
    let headers = signed(Scheme::Body, Duration::ZERO, body);
    listen.post(&headers, b"{\"data\": {\"tracking_number\": \"A1\"}}");
    listen.post(&headers, b"{\"data\": {\"tracking_number\": \"A2\"}}");
    listen.post(&signed(Scheme::Body, Duration::ZERO, b"[]"), b"[]");

    let details = inspector.json("requests/1");
    assert_eq!(details["arrived"]["code"], "signature_mismatch");
    let why = &details["why"];
    assert_eq!(why["schemes"], json!(["timestamp", "body"]));
    assert_eq!(why["secrets"], 2);
    let mistake = &why["mistakes"][0];
    assert_eq!(mistake["code"], "changed_body");
    let detail = mistake["detail"].as_str().unwrap();
    assert!(detail.contains("it matches compacted"), "{detail}");
    assert!(
        mistake["advice"]
            .as_str()
            .unwrap()
            .contains("as they arrive")
    );
    let file = dir.path().join("one.delivery");
    fs::write(&file, inspector.get("requests/1/delivery").body).unwrap();
    let verified = run(&["verify", file.to_str().unwrap(), "--json"]).json();
    assert_eq!(verified[0]["mistakes"][0]["detail"], detail);

    let why = &inspector.json("requests/2")["why"];
    assert_eq!(why["mistakes"][0]["code"], "signature_mismatch");
    let details = inspector.json("requests/3");
    assert_eq!(details["arrived"]["code"], "unexpected_shape");
    assert_eq!(details["why"]["mistakes"], json!([]));
    assert!(
        details["lifetime"]
            .as_str()
            .unwrap()
            .contains("until the secret is changed")
    );
}

#[test]
fn a_parcel_is_shown_with_what_is_new_and_what_is_not_known() {
    let (listen, inspector) = inspected(&[]);
    let body = |status: &str, checkpoints: &str| {
        format!(
            r#"{{"data":{{"tracking_number":"A1","courier_code":"usps","delivery_status":"{status}","odd":{{"a":1}},"title":null,"origin_info":{{"trackinfo":[{checkpoints}]}}}}}}"#
        )
    };
    let first = r#"{"checkpoint_date":"2026-01-01 10:00","tracking_detail":"Taken over","checkpoint_delivery_status":"transit"}"#;
    let second = r#"{"checkpoint_date":"2026-01-09 10:00","tracking_detail":"Handed over","checkpoint_delivery_status":"delivered"}"#;
    let other = r#"{"data":{"tracking_number":"B2"}}"#;
    listen.deliver(body("transit", first).as_bytes());
    listen.deliver(other.as_bytes());
    listen.deliver(body("delivered", &format!("{second},{first}")).as_bytes());

    let parcel = &inspector.json("requests/1")["parcel"];
    assert_eq!(parcel["update"]["against"], Value::Null);
    assert_eq!(parcel["unknown"], json!([["odd", {"a": 1}]]));
    let fields = parcel["fields"].as_array().unwrap();
    assert!(
        fields.contains(&json!(["delivery_status", "transit"])),
        "{fields:?}"
    );
    assert!(
        !fields.iter().any(|field| field[0] == "title"),
        "{fields:?}"
    );

    let parcel = &inspector.json("requests/3")["parcel"];
    let update = json!({"against": 1, "from": "transit", "to": "delivered", "new": 1,
        "backfilled": 0, "is_news": true, "is_older": false});
    assert_eq!(parcel["update"], update);
    let marks = parcel["timeline"]["marks"].as_array().unwrap();
    let marks = marks
        .iter()
        .map(|mark| (mark["detail"].as_str().unwrap(), &mark["is_new"]));
    let expected = [("Taken over", &json!(false)), ("Handed over", &json!(true))];
    assert!(marks.eq(expected), "{parcel}");
    assert_eq!(parcel["timeline"]["gaps"][0]["days"], 8);
}

#[test]
fn what_is_refused_does_not_push_out_what_was_accepted() {
    let (listen, inspector) = inspected(&[]);
    listen.deliver(DELIVERY);
    let large = vec![b' '; 200_000];
    for _ in 0..300 {
        listen.post(&[], &large);
    }
    for _ in 0..600 {
        listen.post(&[], b"{}");
    }
    let kept = || {
        let (_, _, list) = inspector.events(None).next().unwrap();
        list["requests"].as_array().unwrap().clone()
    };
    let list = kept();
    assert_eq!(list[0]["arrived"]["number"], 1);
    assert_eq!(list.len(), 101);
    assert_eq!(list[100]["arrived"]["number"], 901);
    assert_eq!(inspector.get("requests/1").status, 200);
    assert_eq!(inspector.get("requests/2").status, 404);

    let body = [DELIVERY, &large[..]].concat();
    let headers = signed(Scheme::Timestamp, Duration::ZERO, &body);
    for _ in 0..200 {
        listen.post(&headers, &body);
    }
    let bytes = kept()
        .iter()
        .map(|it| it["arrived"]["bytes"].as_u64().unwrap())
        .sum::<u64>();
    assert!((20 << 20..=32 << 20).contains(&bytes), "{bytes}");
}

#[test]
fn stalled_pages_and_an_unread_pipe_delay_nobody() {
    let (mut listen, inspector) = inspected(&[]);
    let mut stalled: Vec<_> = (0..6).map(|_| inspector.stream(None)).collect();
    let (addr, senders) = (listen.addr(), 4);
    let senders: Vec<_> = (0..senders)
        .map(|_| {
            thread::spawn(move || {
                let headers = signed(Scheme::Timestamp, Duration::ZERO, DELIVERY);
                let mut connection = Connection::open(addr).unwrap();
                for _ in 0..10_000 / senders {
                    let answer = connection.post(PATH, &headers, DELIVERY, Framing::Length);
                    assert_eq!(answer.unwrap().status, 200);
                }
            })
        })
        .collect();
    for sender in senders {
        sender.join().unwrap();
    }
    // A page that reads again has the whole list, and so knows what it missed.
    let stream = BufReader::new(stalled.pop().unwrap());
    let lists = stream.lines().map(Result::unwrap);
    let lists = lists.filter(|line| line.starts_with("data: ") && line.contains(r#""epoch""#));
    let newest = lists.map(|line| {
        let list: Value = serde_json::from_str(&line["data: ".len()..]).unwrap();
        let requests = list["requests"].as_array().unwrap();
        requests
            .last()
            .map_or(0, |it| it["arrived"]["number"].as_u64().unwrap())
    });
    assert!(newest.into_iter().any(|newest| newest == 10_000));

    let lines = listen.stop();
    assert_eq!(
        lines.last().unwrap(),
        "10000 accepted, 0 refused; answered 200: 10000"
    );
}

#[test]
fn a_stream_that_is_cut_goes_on_where_it_was() {
    let (listen, inspector) = inspected(&[]);
    let mut seen = Vec::new();
    let mut last: Option<String> = None;
    for round in 0..20 {
        for _ in 0..5 {
            listen.deliver(DELIVERY);
        }
        // It is cut after three lines of the ten that have come since.
        let events = inspector
            .events(last.as_deref())
            .take(if round == 0 { 1 } else { 3 });
        for (id, name, data) in events {
            match &name[..] {
                "list" => {
                    assert_eq!(round, 0);
                    let list = data["requests"].as_array().unwrap();
                    seen.extend(
                        list.iter()
                            .map(|it| it["arrived"]["number"].as_u64().unwrap()),
                    );
                }
                "arrived" => seen.push(data["number"].as_u64().unwrap()),
                "answered" => {}
                other => panic!("{other}"),
            }
            last = Some(id);
        }
    }
    let rest = inspector.events(last.as_deref());
    for (_, name, data) in rest {
        if name == "arrived" {
            seen.push(data["number"].as_u64().unwrap());
        }
        if seen.last() == Some(&100) {
            break;
        }
    }
    assert_eq!(seen, (1..=100).collect::<Vec<_>>());

    // An id that this run of the program has not given says nothing here.
    let last = last.unwrap();
    let (epoch, _) = last.split_once('-').unwrap();
    let (more, signed) = (format!("{epoch}-99999999"), format!("{epoch}-+1"));
    for id in ["1-7", "garbage", &more, &signed] {
        let (_, name, _) = inspector.events(Some(id)).next().unwrap();
        assert_eq!(name, "list", "{id}");
    }
}

#[test]
fn a_quiet_stream_shows_that_it_is_alive() {
    let (_listen, inspector) = inspected(&[]);
    let names = inspector.events(None).map(|(_, name, _)| name);
    assert_eq!(names.take(2).collect::<Vec<_>>(), ["list", "heartbeat"]);
}

#[test]
fn ctrl_c_ends_with_pages_open() {
    let (mut listen, inspector) = inspected(&[]);
    let mut events = inspector.events(None);
    assert_eq!(events.next().unwrap().1, "list");
    let _stalled = inspector.stream(None);
    assert_eq!(listen.stop(), ["0 accepted, 0 refused"]);
    assert!(events.all(|(_, name, _)| name == "heartbeat"));
}
