//! `replay` as its user runs it.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod program;

use std::{collections::BTreeSet, fs, os::unix::net::UnixListener, path::Path, time::Duration};

use program::{
    DELIVERY, Listen, SECRET, assert_wrong_usage, files, parts, run, run_with_input, signed,
};
use trackingmore_webhook::Scheme;

const DAY: Duration = Duration::from_secs(24 * 3600);
const ODD: &[u8] = b" {\"data\":{\"tracking_number\":\"\\u0041\"} }\r\n\n";

/// Has deliveries saved: one of now, one of two days ago, one signed over its body.
fn save(dir: &Path) -> [String; 3] {
    let listen = Listen::start(&["--save", dir.to_str().unwrap()]);
    for (scheme, age, body) in [
        (Scheme::Timestamp, Duration::ZERO, DELIVERY),
        (Scheme::Timestamp, 2 * DAY, DELIVERY),
        (Scheme::Body, Duration::ZERO, ODD),
    ] {
        let mut headers = signed(scheme, age, body);
        headers.push(("X-Twice".to_owned(), "one".to_owned()));
        headers.push(("X-Twice".to_owned(), "two".to_owned()));
        headers.push(("User-Agent".to_owned(), "the vendor".to_owned()));
        assert_eq!(listen.post(&headers, body).status, 200);
    }
    let files = files(dir);
    [0, 1, 2].map(|n| files[n].to_str().unwrap().to_owned())
}

#[test]
fn saved_deliveries_are_sent_again_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let (first, again) = (dir.path().join("first"), dir.path().join("again"));
    let saved = save(&first);
    let listen = Listen::start(&["--save", again.to_str().unwrap()]);
    let ended = run(&[
        "replay",
        "--to",
        &listen.url,
        &saved[0],
        &saved[1],
        &saved[2],
    ]);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    let lines: Vec<_> = ended.out.lines().collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[3], "3 accepted, 0 refused");
    for (line, file) in lines.iter().zip(&saved) {
        assert!(
            line.starts_with(&format!("{file}: 200 OK, after ")),
            "{line}"
        );
    }

    let received = files(&again);
    assert_eq!(received.len(), 3);
    for (sent, received) in saved.iter().zip(received) {
        let (_, sent_headers, sent_body) = parts(Path::new(sent));
        let (_, headers, body) = parts(&received);
        assert_eq!(body, sent_body);
        for header in sent_headers
            .iter()
            .filter(|header| !header.starts_with("host: "))
        {
            assert!(headers.contains(header), "{header}: {headers:?}");
        }
        assert!(headers.contains(&format!("host: {}", listen.addr())));
    }
}

#[test]
fn a_folder_is_sent_in_order_shuffled_or_only_its_last() {
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("kept");
    let source = Listen::start(&["--save", kept.to_str().unwrap()]);
    let send = ["send", &source.url, "--count", "30"];
    let numbered = ["--set", "tracking_number=AB{number}"];
    assert_eq!(run(&[&send[..], &numbered].concat()).code, 0);
    fs::write(kept.join("notes.txt"), "not a delivery").unwrap();
    let _socket = UnixListener::bind(kept.join("socket.delivery")).unwrap();

    let mut listen = Listen::start(&["--json"]);
    let url = listen.url.clone();
    let mut parcels = |args: &[&str]| {
        let replay = ["replay", "--to", &url, kept.to_str().unwrap(), "--json"];
        let ended = run(&[&replay[..], args].concat());
        assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
        let sent = ended.json().len() - 1;
        let parcel = |_| {
            listen.exchange_json().0["parcel"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        (0..sent).map(parcel).collect::<Vec<_>>()
    };
    let in_order: Vec<_> = (1..=30).map(|n| format!("AB{n}")).collect();
    assert_eq!(parcels(&[]), in_order);
    assert_eq!(parcels(&["--last"]), ["AB30"]);
    let shuffled = parcels(&["--shuffle"]);
    assert_ne!(shuffled, in_order);
    let sorted: BTreeSet<_> = shuffled.into_iter().collect();
    assert_eq!(sorted, in_order.into_iter().collect());

    let empty = dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let empty = empty.to_str().unwrap();
    assert_wrong_usage(&["replay", "--to", &url, empty], "no saved deliveries");
}

#[test]
fn only_requests_that_were_posted_are_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().to_str().unwrap();
    save(dir.path());
    let icon = dir.path().join("a.delivery");
    fs::write(&icon, "GET /favicon.ico HTTP/1.1\r\n\r\n").unwrap();
    let mut listen = Listen::start(&[]);
    let url = listen.url.clone();

    let ended = run(&["replay", "--to", &url, kept, "--json"]);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    assert_eq!(ended.err, "skipped requests that are not POST: 1\n");
    let summary = &ended.json()[3];
    assert_eq!(summary["accepted"], 3);
    assert_eq!(summary["skipped"], 1);

    let icon = icon.to_str().unwrap();
    let reason = format!("{icon} is a GET request: only POST requests can be sent again");
    assert_wrong_usage(&["replay", "--to", &url, kept, icon], &reason);
    assert_eq!(
        listen.stop().last().unwrap(),
        "3 accepted, 0 refused; answered 200: 3"
    );
}

#[test]
fn a_stale_one_is_accepted_with_a_new_signature() {
    let dir = tempfile::tempdir().unwrap();
    let again = dir.path().join("again");
    let saved = save(&dir.path().join("first"));
    let mut listen = Listen::start(&[
        "--json",
        "--max-age",
        "1d",
        "--save",
        again.to_str().unwrap(),
    ]);

    // One that is accepted does not make up for one before it that was not.
    let ended = run(&[
        "replay",
        "--to",
        &listen.url,
        &saved[1],
        &saved[0],
        "--json",
    ]);
    assert_eq!(ended.code, 1);
    let printed = ended.json();
    assert_eq!(printed[0]["file"], saved[1]);
    assert_eq!(printed[0]["accepted"], false);
    assert_eq!(printed[0]["status"], 401);
    assert!(
        printed[0]["words"]
            .as_str()
            .unwrap()
            .contains("stale_timestamp")
    );
    assert_eq!(printed[1]["file"], saved[0]);
    assert_eq!(printed[1]["accepted"], true);
    assert_eq!(printed[2]["event"], "summary");
    assert_eq!(
        (&printed[2]["accepted"], &printed[2]["refused"]),
        (&1.into(), &1.into())
    );
    assert_eq!(listen.exchange_json().0["code"], "stale_timestamp");
    assert_eq!(listen.exchange_json().0["event"], "accepted");

    for (args, scheme) in [
        (&["--resign"][..], "timestamp"),
        (&["--resign", "--scheme", "body"], "body"),
    ] {
        let ended = run(&[&["replay", "--to", &listen.url, &saved[1]], args].concat());
        assert_eq!(ended.code, 0, "{}", ended.out);
        assert_eq!(listen.exchange_json().0["scheme"], scheme);
        let (_, headers, body) = parts(files(&again).last().unwrap());
        assert_eq!(body, DELIVERY);
        for name in ["timestamp: ", "signature: "] {
            let lines = headers.iter().filter(|line| line.starts_with(name));
            assert_eq!(lines.count(), 1, "{headers:?}");
        }
        assert!(headers.contains(&"user-agent: the vendor".to_owned()));
    }
}

#[test]
fn the_secret_is_needed_only_to_sign() {
    let dir = tempfile::tempdir().unwrap();
    let saved = save(dir.path());
    let listen = Listen::start(&[]);
    let replay = ["replay", "--to", &listen.url, &saved[2]];
    assert_eq!(run_with_input(&replay, b"").code, 0);
    let resign = [&replay[..], &["--resign"]].concat();
    let ended = run_with_input(&resign, b"");
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("no webhook secret"), "{}", ended.err);
    let resign = [&resign[..], &["--secret-file", "-"]].concat();
    assert_eq!(run_with_input(&resign, SECRET.as_bytes()).code, 0);
}

#[test]
fn nothing_is_sent_if_a_file_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let saved = save(&dir.path().join("saved"));
    let mut listen = Listen::start(&[]);
    let url = listen.url.clone();

    let cut = dir.path().join("cut");
    let whole = fs::read(&saved[0]).unwrap();
    fs::write(&cut, &whole[..100]).unwrap();
    let bent = dir.path().join("bent");
    let text = String::from_utf8(whole).unwrap();
    fs::write(&bent, text.replace("user-agent: ", "user(agent): ")).unwrap();
    let (cut, bent) = (cut.to_str().unwrap(), bent.to_str().unwrap());
    for (file, reason) in [
        ("/nowhere/file", "cannot read /nowhere/file"),
        (cut, "is not a request: it ends before the body"),
        (bent, "is not a request: invalid header name"),
    ] {
        assert_wrong_usage(&["replay", "--to", &url, &saved[0], file], reason);
    }
    let again = ["replay", "--to", &url, "-", "-"];
    let whole = fs::read(&saved[0]).unwrap();
    run_with_input(&again, &whole).assert_wrong_usage("standard input can be read only once");
    let resigned = [
        "replay",
        "--to",
        &url,
        "-",
        "--resign",
        "--secret-file",
        "-",
    ];
    run_with_input(&resigned, SECRET.as_bytes())
        .assert_wrong_usage("standard input can be read only once");
    assert_eq!(listen.stop(), ["0 accepted, 0 refused"]);
}

#[test]
fn wrong_usage_is_reported_in_one_line() {
    let url = "http://127.0.0.1:1/";
    for (args, reason) in [
        (&["replay"][..], "--to <URL>"),
        (&["replay", "--to", url], "<FILE>"),
        (
            &["replay", "--to", "b.delivery", "a.delivery"],
            "the URL must begin with http:// or https://",
        ),
        (
            &["replay", "--to", url, "a.delivery", "--scheme", "body"],
            "--resign",
        ),
        (
            &["replay", "--to", url, "a.delivery", "--age", "2h"],
            "--resign",
        ),
    ] {
        assert_wrong_usage(args, reason);
    }
}
