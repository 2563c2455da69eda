//! `send` as its user runs it.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod program;
mod receivers;

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write as _},
    net::TcpListener,
    process::Stdio,
    thread,
};

use program::{
    Ended, Listen, PATH, SECRET, assert_wrong_usage, files, parts, program, run, run_with_input,
};
use serde_json::json;

const STATUSES: [&str; 9] = [
    "pending",
    "notfound",
    "inforeceived",
    "transit",
    "pickup",
    "delivered",
    "undelivered",
    "exception",
    "expired",
];

/// A URL where nobody listens.
fn nowhere() -> String {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    format!("http://{}{PATH}", free.unwrap())
}

#[test]
fn a_delivery_is_sent_until_it_is_accepted() {
    let mut listen = Listen::start(&["--fail-first", "2"]);
    let ended = run(&["send", &listen.url, "--speed", "1000"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let lines: Vec<_> = ended.out.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("attempt 1 of 14: 503 Service Unavailable, after "));
    assert!(lines[0].ends_with("; next in 30ms"), "{lines:?}");
    assert!(lines[1].ends_with("; next in 60ms"), "{lines:?}");
    assert!(
        lines[2].starts_with("attempt 3 of 14: 200 OK, after "),
        "{lines:?}"
    );
    assert!(lines[2].ends_with("; accepted"), "{lines:?}");
    // There is no terminal to count down on.
    assert_eq!(ended.err, "");
    let summary = listen.stop();
    assert_eq!(
        summary.last().unwrap(),
        "3 accepted, 0 refused; answered 200: 1, 503: 2"
    );
}

#[test]
fn a_retry_is_the_same_request_again() {
    let dir = tempfile::tempdir().unwrap();
    let listen = Listen::start(&["--fail-first", "1", "--save", dir.path().to_str().unwrap()]);
    let ended = run(&["send", &listen.url, "--speed", "30"]);
    assert_eq!(ended.code, 0);
    let files = files(dir.path());
    assert_eq!(files.len(), 2);
    let [first, second] = [0, 1].map(|n| parts(&files[n]));
    assert_eq!(first.1, second.1);
    assert_eq!(first.2, second.2);
    assert!(
        first
            .1
            .contains(&"content-type: application/json".to_owned())
    );
}

#[test]
fn a_delivery_that_nobody_accepts_is_given_up_after_14_attempts() {
    let listen = Listen::start(&["--answer", "500"]);
    let args = ["send", &listen.url, "--speed", "10000000", "--json"];
    let ended = run(&args);
    assert_eq!(ended.code, 1);
    let mut attempts = ended.json();
    let summary = attempts.pop().unwrap();
    assert_eq!(summary["event"], "summary");
    assert_eq!(summary["given_up"], 1);
    assert_eq!(attempts.len(), 14);
    for (n, attempt) in attempts.iter().enumerate() {
        assert_eq!(attempt["event"], "attempt");
        assert_eq!(attempt["attempt"], n + 1);
        assert_eq!(attempt["status"], 500);
        assert_eq!(attempt["accepted"], false);
    }
    for (n, attempt) in attempts[..13].iter().enumerate() {
        let wait = attempt["next_seconds"].as_f64().unwrap() * 1e7;
        let documented = 30.0 * f64::from(1 << n);
        assert!((wait - documented).abs() < 0.01 * documented, "{attempt}");
    }
    assert!(attempts[13]["next_seconds"].is_null());
}

#[test]
fn the_only_attempt_may_be_the_last() {
    for (secret, status) in [("another", "401 Unauthorized"), (SECRET, "200 OK")] {
        let listen = Listen::start(&[]);
        let ended = program(&["send", &listen.url, "--no-retry"])
            .env("TRACKINGMORE_WEBHOOK_SECRET", secret)
            .output();
        let ended = Ended::of(ended.unwrap());
        assert_eq!(ended.code, i32::from(secret != SECRET));
        let line = ended.out.trim();
        assert!(
            line.starts_with(&format!("attempt 1 of 1: {status}")),
            "{line}"
        );
        assert_eq!(
            line.contains(r#""code":"signature_mismatch""#),
            secret != SECRET
        );
    }
    let ended = run(&["send", &nowhere(), "--no-retry", "--json"]);
    assert_eq!(ended.code, 1);
    let attempt = &ended.json()[0];
    assert!(attempt["status"].is_null());
    assert!(
        attempt["error"].as_str().unwrap().contains("refused"),
        "{attempt}"
    );
}

#[test]
fn without_retry_there_is_one_attempt() {
    let mut listen = Listen::start(&["--fail-first", "1"]);
    let ended = run(&["send", &listen.url]);
    assert_eq!(ended.code, 1);
    assert!(
        ended.out.starts_with("attempt 1 of 1: 503"),
        "{}",
        ended.out
    );
    assert!(ended.out.ends_with("; given up\n"), "{}", ended.out);
    assert_eq!(run(&["send", &listen.url, "--retry"]).code, 0);
    let summary = listen.stop().pop().unwrap();
    assert_eq!(summary, "2 accepted, 0 refused; answered 200: 1, 503: 1");
}

#[test]
fn every_receiver_gets_every_delivery() {
    let mut listens = [0, 1, 2, 3].map(|_| Listen::start(&["--json"]));
    let urls = [0, 1, 2, 3].map(|n| listens[n].url.clone());
    let nowhere = nowhere();
    let mut args = vec!["send", "--json", "--status", "pickup"];
    args.extend(urls.iter().map(String::as_str));
    args.push(&nowhere);
    let ended = run(&args);
    assert_eq!(ended.code, 1);
    let printed = ended.json();
    assert_eq!(printed.len(), 6);
    for (line, url) in printed.iter().zip(&urls) {
        assert_eq!(line["url"], *url);
        assert_eq!(line["accepted"], true);
    }
    assert_eq!(printed[4]["accepted"], false);
    assert_eq!(
        (&printed[5]["accepted"], &printed[5]["given_up"]),
        (&json!(4), &json!(1))
    );
    let ids: BTreeSet<_> = listens
        .iter_mut()
        .map(|listen| listen.exchange_json().0["delivery_id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1);
}

#[test]
fn a_story_is_sent_in_order_repeated_or_shuffled() {
    let mut listen = Listen::start(&["--json"]);
    let url = listen.url.clone();
    let mut statuses = |args: &[&str], count: usize| {
        let ended = run(&[&["send", "--story", &url], args].concat());
        assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
        assert_eq!(
            ended.out.matches("accepted\n").count(),
            count,
            "{}",
            ended.out
        );
        let lines: Vec<_> = (0..count).map(|_| listen.exchange_json().0).collect();
        assert!(lines.iter().all(|line| line["parcel"] == "RB550418207HK"));
        let repeats = lines.iter().filter(|line| line["repeats"].is_u64()).count();
        let statuses = lines
            .iter()
            .map(|line| line["status"].as_str().unwrap().to_owned());
        (statuses.collect::<Vec<_>>(), repeats)
    };
    let (mut story, repeats) = statuses(&[], 8);
    assert_eq!(repeats, 0);
    let (twice, repeats) = statuses(&["--set", "note=other", "--repeat", "2"], 16);
    assert_eq!(repeats, 8);
    assert_eq!(
        twice
            .chunks(2)
            .map(|two| two[0].clone())
            .collect::<Vec<_>>(),
        story
    );
    let set = ["--set", "note=third"];
    let (mut shuffled, _) = statuses(&[&set[..], &["--shuffle", "--repeat", "4"]].concat(), 32);
    assert!(!shuffled.is_sorted_by_key(|status| story.iter().position(|sent| sent == status)));
    shuffled.sort();
    let mut sorted = [&story[..]; 4].concat();
    sorted.sort();
    assert_eq!(shuffled, sorted);
    story.dedup();
    let all = ["pending", "inforeceived", "transit", "pickup", "delivered"];
    assert_eq!(story, all);
}

#[test]
fn a_member_that_does_not_exist_is_warned_of() {
    let listen = Listen::start(&[]);
    let send = |set: &str| run(&["send", &listen.url, "--json", "--set", set]);
    for (member, tip) in [
        ("traking_number", "; did you mean `tracking_number`?"),
        ("status", "; did you mean `delivery_status` or `substatus`?"),
        (
            "origin_info.trackinfo.0.locaton",
            "; did you mean `location`?",
        ),
        ("surprise", ""),
        ("origin.courier_code", ""),
    ] {
        let ended = send(&format!("{member}=AB1"));
        assert_eq!(ended.code, 0);
        let warning = format!("warning: the parcel has no member `{member}`; --set adds it{tip}\n");
        assert_eq!(ended.err, warning);
    }
    for set in [
        "note=x",
        "pieces:=3",
        "origin_info.trackinfo.0.location=Oslo",
    ] {
        assert_eq!(send(set).err, "", "{set}");
    }
}

#[test]
fn of_a_saved_delivery_the_body_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let listen = Listen::start(&["--save", dir.path().to_str().unwrap()]);
    assert_eq!(run(&["send", &listen.url, "--status", "transit"]).code, 0);
    let saved = files(dir.path()).pop().unwrap();
    let sent = ["send", &listen.url, "--file", saved.to_str().unwrap()];
    assert_eq!(run(&[&sent[..], &["--scheme", "body"]].concat()).code, 0);
    assert_eq!(run(&[&sent[..], &["--set", "note=x"]].concat()).code, 0);
    let files = files(dir.path());
    assert_eq!(parts(&files[1]).2, parts(&files[0]).2);
    let changed = String::from_utf8(parts(&files[2]).2).unwrap();
    assert!(changed.contains(r#""note":"x""#));
    // In the order of the original, which is not that of the alphabet.
    assert!(changed.starts_with(r#"{"code":200,"message":"#));
}

#[test]
fn only_answers_of_the_two_hundreds_count_and_no_redirect_is_followed() {
    let behind = Listen::start(&[]);
    let location = format!("Location: {}", behind.url);
    for (answer, code) in [
        ("299 Odd", 0),
        ("204 No Content", 0),
        ("307 Temporary Redirect", 1),
        ("404 Not Found", 1),
    ] {
        let url = receivers::fixed(format!(
            "HTTP/1.1 {answer}\r\n{location}\r\nConnection: close\r\n\r\n"
        ));
        let ended = run(&["send", &url, "--no-retry"]);
        assert_eq!(ended.code, code, "{answer}: {}", ended.out);
    }
    // What its body was to say does not change what it said.
    for (status, code) in [("200 OK", 0), ("500 Internal Server Error", 1)] {
        let url = receivers::fixed(format!(
            "HTTP/1.1 {status}\r\nContent-Length: 100\r\n\r\nfirst words"
        ));
        let ended = run(&["send", &url, "--no-retry"]);
        assert_eq!(ended.code, code, "{}", ended.out);
        let start = format!("attempt 1 of 1: {status}");
        assert!(ended.out.starts_with(&start), "{}", ended.out);
    }
    // What an answer says cannot command the terminal.
    let url =
        receivers::fixed("HTTP/1.1 500 No\r\nContent-Length: 6\r\n\r\n\u{1b}[2J\ny".to_owned());
    let ended = run(&["send", &url, "--no-retry"]);
    assert!(
        ended
            .out
            .contains(r"500 Internal Server Error \u{1b}[2J\ny, after"),
        "{}",
        ended.out
    );
}

#[test]
fn every_sample_is_accepted_in_every_form() {
    let mut listen = Listen::start(&["--json"]);
    for status in STATUSES {
        for (scheme, encoding) in [
            ("timestamp", "hex"),
            ("timestamp", "base64"),
            ("body", "hex"),
            ("body", "base64"),
        ] {
            let ended = run(&[
                "send",
                &listen.url,
                "--no-retry",
                "--status",
                status,
                "--scheme",
                scheme,
                "--encoding",
                encoding,
            ]);
            assert_eq!(ended.code, 0, "{status}: {}", ended.out);
            let (accepted, _) = listen.exchange_json();
            assert_eq!(accepted["status"], status);
            assert_eq!(accepted["scheme"], scheme);
        }
    }
}

#[test]
fn the_signature_is_written_as_documented_or_as_asked() {
    let dir = tempfile::tempdir().unwrap();
    let listen = Listen::start(&["--save", dir.path().to_str().unwrap()]);
    for (args, len) in [
        (&["--scheme", "timestamp"][..], 64),
        (&["--scheme", "body"], 44),
        (&["--scheme", "timestamp", "--encoding", "base64"], 44),
        (&["--scheme", "body", "--encoding", "hex"], 64),
    ] {
        assert_eq!(
            run(&[&["send", &listen.url, "--no-retry"], args].concat()).code,
            0
        );
        let last = files(dir.path()).pop().unwrap();
        let (_, headers, _) = parts(&last);
        let signature = headers
            .iter()
            .find_map(|line| line.strip_prefix("signature: "));
        assert_eq!(signature.unwrap().len(), len, "{args:?}");
    }
}

#[test]
fn the_receivers_of_every_framework_accept_what_is_sent() {
    for url in receivers::all() {
        for scheme in ["timestamp", "body"] {
            let ended = run(&["send", &url, "--no-retry", "--scheme", scheme]);
            assert_eq!(ended.code, 0, "{url} {scheme}: {}", ended.out);
        }
        let ended = run(&["send", &url, "--no-retry", "--age", "13d", "--json"]);
        assert_eq!(ended.code, 1);
        let words = ended.json()[0]["words"].as_str().unwrap().to_owned();
        assert!(words.contains(r#""code":"stale_timestamp""#), "{words}");
    }
}

#[test]
fn the_age_is_that_of_the_timestamp() {
    let mut listen = Listen::start(&["--json"]);
    for (age, seconds) in [("2h", 7200), ("-2m", -120), ("1d 1s", 86_401)] {
        assert_eq!(
            run(&["send", &listen.url, "--no-retry", "--age", age]).code,
            0
        );
        let age_seconds = listen.exchange_json().0["age_seconds"].as_i64().unwrap();
        assert!(
            (seconds..seconds + 60).contains(&age_seconds),
            "{age}: {age_seconds}"
        );
    }
    let ended = run(&["send", &listen.url, "--age", "-1h", "--no-retry"]);
    assert!(ended.out.contains("future_timestamp"), "{}", ended.out);
}

#[test]
fn a_file_is_sent_byte_for_byte_and_changed_where_asked() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("event.json");
    let save = dir.path().join("saved");
    let listen = Listen::start(&["--save", save.to_str().unwrap()]);
    let event = b" {\"data\" : {\"tracking_number\":\"A\",\"pieces\":1}}\n";
    fs::write(&file, event).unwrap();
    let file = file.to_str().unwrap();

    let sent = |args: &[&str]| {
        let ended = run(&[
            &["send", &listen.url, "--no-retry", "--scheme", "body"],
            args,
        ]
        .concat());
        assert_eq!(ended.code, 0, "{args:?}: {}{}", ended.out, ended.err);
        parts(&files(&save).pop().unwrap()).2
    };
    assert_eq!(sent(&["--file", file]), event);

    let changed = sent(&[
        "--file",
        file,
        "--set",
        "tracking_number=0123",
        "--set",
        "pieces:=null",
    ]);
    let changed: serde_json::Value = serde_json::from_slice(&changed).unwrap();
    assert_eq!(
        changed,
        json!({"data":{"tracking_number":"0123","pieces":null}})
    );

    let sample = sent(&[
        "--status",
        "transit",
        "--set",
        "origin_info.trackinfo.0.location=Oslo",
    ]);
    let sample: serde_json::Value = serde_json::from_slice(&sample).unwrap();
    assert_eq!(
        sample["data"]["origin_info"]["trackinfo"][0]["location"],
        "Oslo"
    );

    let secret = dir.path().join("secret");
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let secret = secret.to_str().unwrap();
    let args = [
        "send",
        &listen.url,
        "--no-retry",
        "--file",
        "-",
        "--secret-file",
        secret,
    ];
    let ended = run_with_input(&args, event);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    assert_eq!(parts(&files(&save).pop().unwrap()).2, event);
}

#[test]
fn many_deliveries_are_summed_up() {
    let mut listen = Listen::start(&["--json", "--fail-first", "3"]);
    let args = [
        "send",
        &listen.url,
        "--count",
        "40",
        "--concurrency",
        "8",
        "--speed",
        "1000000",
        "--set",
        "tracking_number=AB{number}",
        "--json",
    ];
    let ended = run(&args);
    assert_eq!(ended.code, 0, "{}", ended.out);
    let mut lines = ended.json();
    let summary = &lines.pop().unwrap();
    assert_eq!(lines.len(), 43);
    assert!(lines.iter().all(|line| line["event"] == "attempt"));
    assert_eq!(summary["event"], "summary");
    assert_eq!(summary["accepted"], 40);
    assert_eq!(summary["given_up"], 0);
    assert_eq!(summary["requests"], 43);
    assert_eq!(summary["answers"], json!({"200": 40, "503": 3}));
    let latency = |name: &str| summary["latency_ms"][name].as_f64().unwrap();
    assert!(latency("median") > 0.0);
    assert!(latency("median") <= latency("p95") && latency("p95") <= latency("p99"));
    assert!(latency("p99") <= latency("longest"));
    // Many are sent at once, so what came and what was answered take turns in any order.
    let lines: Vec<_> = (0..2 * 43).map(|_| listen.json()).collect();
    let parcels: BTreeSet<_> = lines
        .iter()
        .filter_map(|line| line["parcel"].as_str())
        .collect();
    let expected: Vec<_> = (1..=40).map(|n| format!("AB{n}")).collect();
    assert_eq!(parcels, expected.iter().map(String::as_str).collect());

    let listen = Listen::start(&["--fail-first", "1"]);
    let ended = run(&["send", &listen.url, "--count", "3", "--no-retry"]);
    assert_eq!(ended.code, 1);
    let lines: Vec<_> = ended.out.lines().collect();
    assert_eq!(lines[0], "2 accepted, 1 given up");
    assert!(lines[1].starts_with("3 requests in "), "{lines:?}");
    assert!(lines[2].starts_with("latency: median "), "{lines:?}");
    assert_eq!(lines[3], "answers: 200: 2; 503: 1");
    assert_eq!(lines.len(), 4);
}

#[test]
fn ctrl_c_ends_many_deliveries_with_their_summary() {
    for is_json in [false, true] {
        let mut listen = Listen::start(&["--answer", "503"]);
        let mut command = program(&["send", &listen.url, "--count", "3", "--speed", "1000"]);
        if is_json {
            command.arg("--json");
        }
        let sender = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let sender = sender.spawn().unwrap();
        // The third attempt shows that two have been answered.
        for _ in 0..2 {
            listen.exchange();
        }
        listen.line();
        program::interrupt(&sender);
        let ended = Ended::of(sender.wait_with_output().unwrap());
        assert_eq!(ended.code, 1);
        if is_json {
            let summary = &ended.json().pop().unwrap();
            assert_eq!(summary["event"], "summary");
            assert_eq!(summary["accepted"], 0);
            assert_eq!(summary["unfinished"], 3);
            let requests = &summary["requests"];
            assert!(requests.as_u64().unwrap() >= 2, "{summary}");
            assert_eq!(&summary["answers"]["503"], requests);
        } else {
            let first = ended.out.lines().next().unwrap();
            assert_eq!(first, "0 accepted, 0 given up, 3 unfinished");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_second_ctrl_c_ends_it_though_nobody_reads_the_output() {
    let mut listen = Listen::start(&[]);
    let (_unread, mut output) = io::pipe().unwrap();
    // As many bytes as a pipe of Linux takes.
    output.write_all(&[b' '; 64 * 1024]).unwrap();
    let mut sender = program(&["send", &listen.url, "--count", "10000000", "--json"]);
    let mut sender = sender.stdout(output).spawn().unwrap();
    listen.exchange();
    while sender.try_wait().unwrap().is_none() {
        program::interrupt(&sender);
        thread::yield_now();
    }
    assert_eq!(sender.wait().unwrap().code(), Some(130));
}

#[test]
#[cfg(target_os = "linux")]
fn a_warning_that_cannot_be_written_is_no_failure() {
    let listen = Listen::start(&[]);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut sender = program(&["send", &listen.url, "--set", "surprise=x"]);
    let output = sender.stderr(full).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn certificates_are_needed_for_https_only() {
    let listen = Listen::start(&[]);
    let ended = |args: &[&str]| {
        let mut command = program(args);
        command.env("SSL_CERT_FILE", "/nowhere");
        command.env("SSL_CERT_DIR", "/nowhere");
        Ended::of(command.output().unwrap())
    };
    let sent = ended(&["send", "--no-retry", &listen.url]);
    assert_eq!(sent.code, 0, "{}{}", sent.out, sent.err);
    assert_eq!(ended(&["check", &listen.url]).code, 0);
    for command in ["send", "check"] {
        ended(&[command, "https://127.0.0.1:1/"]).assert_wrong_usage("install ca-certificates");
    }
}

#[test]
fn the_secret_comes_from_a_file_or_from_standard_input() {
    let listen = Listen::start(&[]);
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), format!("{SECRET}\n")).unwrap();
    let file = file.path().to_str().unwrap();
    let send = ["send", &listen.url, "--no-retry", "--secret-file"];
    let ended = run_with_input(&[&send[..], &[file]].concat(), b"");
    assert_eq!(ended.code, 0, "{}", ended.err);
    let ended = run_with_input(&[&send[..], &["-"]].concat(), SECRET.as_bytes());
    assert_eq!(ended.code, 0, "{}", ended.err);
    let ended = run_with_input(&send[..3], b"");
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("no webhook secret"), "{}", ended.err);
}

#[test]
fn a_secret_among_the_arguments_is_refused_and_not_repeated() {
    for args in [&["--secret", SECRET][..], &[&format!("--secret={SECRET}")]] {
        // `Ended` asserts that the secret is not printed.
        assert_wrong_usage(
            &[&["send", "http://127.0.0.1:1/"], args].concat(),
            "unexpected argument '--secret'",
        );
    }
}

#[test]
fn wrong_usage_is_reported_in_one_line() {
    let text = tempfile::NamedTempFile::new().unwrap();
    fs::write(text.path(), "not JSON").unwrap();
    let text = text.path().to_str().unwrap();
    let url = &nowhere();
    for (args, reason) in [
        (&["send"][..], "<URL>"),
        (
            &["send", "localhost:3000/hooks"],
            "the URL must begin with http:// or https://",
        ),
        (
            &["send", "ftp://localhost/"],
            "the URL must begin with http:// or https://",
        ),
        (
            &["send", url, "--status", "lost"],
            "possible values: pending, notfound",
        ),
        (
            &["send", url, "--status", "transit", "--file", text],
            "--file",
        ),
        (
            &["send", url, "--file", "/nowhere/event.json"],
            "cannot read /nowhere/event.json",
        ),
        (&["send", url, "--file", text, "--set", "a=b"], "not JSON"),
        (
            &["send", url, "--set", "tracking_number"],
            "give NAME=TEXT or NAME:=JSON, such as tracking_number=AB1",
        ),
        (&["send", url, "--set", "=AB1"], "give NAME=TEXT"),
        (
            &["send", url, "--set", "pieces:=two"],
            "the value after := is not JSON; for text, use =",
        ),
        (
            &["send", url, "--set", "origin_info.trackinfo.9.location=x"],
            r#"cannot add "9" there"#,
        ),
        (
            &["send", url, "--encoding", "octal"],
            "possible values: hex, base64",
        ),
        (
            &["send", url, "--age", "old"],
            "such as 90s, 15m, 2h or 12d",
        ),
        (
            &["send", url, "--no-retry", "--age", "100000d"],
            "before 1970",
        ),
        (
            &["send", url, "--story", "--set", "latest_event.x=y"],
            "--set latest_event.x: cannot add \"x\" there",
        ),
        (
            &[
                "send",
                url,
                "--shuffle",
                "--count",
                "10000000",
                "--repeat",
                "2",
            ],
            "--shuffle takes up to 10000000 deliveries in all",
        ),
        (
            &["send", url, "--speed", "0"],
            "give a number from 1 to 1000000000",
        ),
        (
            &["send", url, "--speed", "inf"],
            "give a number from 1 to 1000000000",
        ),
        (
            &["send", url, "--speed", "1e308"],
            "give a number from 1 to 1000000000",
        ),
        (&["send", url, "--speed", "2", "--no-retry"], "--no-retry"),
        (
            &["send", url, "--count", "0"],
            "give a number from 1 to 10000000",
        ),
        (
            &["send", url, "--concurrency", "1001"],
            "give a number from 1 to 1000 ",
        ),
        (&["send", "http://localhost:70000"], "invalid port number"),
        (
            &["send", "--forward", url],
            "unexpected argument '--forward' found (see --help)",
        ),
        (
            &["send", url, "--secret-file", text, "--secret-file", text],
            "takes only one --secret-file",
        ),
    ] {
        assert_wrong_usage(args, reason);
    }
    let twice = ["send", url, "--file", "-", "--secret-file", "-"];
    run_with_input(&twice, b"x").assert_wrong_usage("standard input can be read only once");
}
