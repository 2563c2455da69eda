//! `verify`, which is offline.

#![allow(clippy::unwrap_used)]

mod program;

use std::{fs, io::Write as _, path::PathBuf, time::SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use tempfile::TempDir;
use trackingmore_webhook::{Scheme, Signer, testing::SECRET};

use crate::program::{Ended, Listen, feed, files, program, run_with_input};

const BODY: &str = r#"{"code":200,"data":{"tracking_number":"LX405512873SE","note":"ring Jane"}}"#;
/// The example of the vendor's documentation.
const TIMESTAMP: &str = "timestamp: 1662371528";
const SIGNATURE: &str =
    "signature: a37084ab68ae16b77db1f8463f31be9fcc965e2515e03efecf8139bb1e511b06";
const TWO_SECONDS_LATER: &str = "2022-09-05T09:52:10Z";

/// Runs the program with the secret of that example.
fn run(args: &[&str]) -> Ended {
    run_with_secret(SECRET, args, b"")
}

fn run_with_secret(secret: &str, args: &[&str], input: &[u8]) -> Ended {
    let mut command = program(args);
    command.env("TRACKINGMORE_WEBHOOK_SECRET", secret);
    feed(command, input)
}

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path: PathBuf = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// What `listen --save` writes.
fn saved(received: &str, headers: &[&str], body: &str) -> String {
    let headers = headers.join("\r\n");
    format!(
        "POST /webhooks/trackingmore HTTP/1.1\r\n\
         trackingmore-webhook-received: {received}\r\n{headers}\r\n\r\n{body}"
    )
}

#[track_caller]
fn says_no(ended: &Ended, code: &str, words: &str) {
    assert_eq!(ended.code, 1, "{}{}", ended.out, ended.err);
    let record = &ended.json()[0];
    assert_eq!(record["genuine"], false);
    assert_eq!(record["mistakes"][0]["code"], code, "{record}");
    let detail = record["mistakes"][0]["detail"].as_str().unwrap();
    assert!(detail.contains(words), "{detail}");
    assert!(!ended.out.contains(SECRET));
}

#[test]
fn a_saved_delivery_is_judged_as_of_when_it_was_received() {
    let files = Files::new();
    let file = files.write(
        "genuine",
        saved(TWO_SECONDS_LATER, &[TIMESTAMP, SIGNATURE], BODY),
    );
    let ended = run(&["verify", &file]);
    assert_eq!(ended.code, 0);
    assert_eq!(
        ended.out,
        "yes: genuine, signed over the timestamp, in hex, 2s old; the body is not covered\n"
    );
    let record = &run(&["verify", "--json", &file]).json()[0];
    assert_eq!(record["genuine"], true);
    assert_eq!(record["scheme"], "timestamp");
    assert_eq!(record["encoding"], "hex");
    assert_eq!(record["age_seconds"], 2);

    let later = run(&["verify", "--json", &file, "--at", "2022-09-18T09:52:08Z"]);
    says_no(
        &later,
        "stale_timestamp",
        "13d old, which is 7d more than the 6d allowed",
    );
    let strict = run(&["verify", "--json", &file, "--max-age", "1s"]);
    says_no(
        &strict,
        "stale_timestamp",
        "2s old, which is 1s more than the 1s allowed",
    );
    let earlier = run(&["verify", "--json", &file, "--at", "2022-09-05T09:42:08Z"]);
    says_no(&earlier, "future_timestamp", "10m ahead of the clock");
}

#[test]
fn headers_and_a_body_are_judged_as_of_now() {
    let files = Files::new();
    let body = files.write("body.json", BODY);
    let headers = |scheme| {
        let signer = Signer::new(SECRET).unwrap();
        signer.headers(scheme, SystemTime::now(), BODY.as_bytes())
    };
    let verify = |headers: Vec<(String, String)>, args: &[&str]| {
        let lines: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let pairs = lines.iter().flat_map(|line| ["--header", line]);
        let args: Vec<_> = ["verify", "--json"]
            .into_iter()
            .chain(pairs)
            .chain(args.iter().copied())
            .collect();
        run_with_secret(SECRET, &args, BODY.as_bytes())
    };
    for (scheme, name) in [(Scheme::Timestamp, "timestamp"), (Scheme::Body, "body")] {
        for file in [&body, "-"] {
            let ended = verify(headers(scheme), &["--body", file]);
            assert_eq!(ended.code, 0, "{}", ended.out);
            assert_eq!(ended.json()[0]["scheme"], name);
        }
    }
    let mut old = headers(Scheme::Body);
    old[0] = ("timestamp".to_owned(), "1662371528".to_owned());
    let old = verify(old, &["--body", &body, "--at", TWO_SECONDS_LATER]);
    let record = &old.json()[0];
    assert_eq!(record["age_seconds"], Value::Null);
    assert_eq!(record["claimed_age_seconds"], 2);
    let other = verify(
        headers(Scheme::Body),
        &["--body", &body, "--scheme", "timestamp"],
    );
    says_no(
        &other,
        "other_form",
        "the signature is of the body, not of the timestamp",
    );
    let encoding = verify(
        headers(Scheme::Body),
        &["--body", &body, "--encoding", "hex"],
    );
    says_no(&encoding, "other_encoding", "in base64, not in hex");
    let twice = [headers(Scheme::Timestamp), headers(Scheme::Timestamp)].concat();
    let twice = verify(twice, &["--body", &body]);
    says_no(
        &twice,
        "repeated_signature",
        "header `signature` appears twice",
    );
    says_no(
        &verify(Vec::new(), &["--body", &body]),
        "missing_signature",
        "no header",
    );
    let indented = files.write("indented.json", BODY.replace(',', ",\n  "));
    let changed = verify(headers(Scheme::Body), &["--body", &indented]);
    says_no(&changed, "changed_body", "it matches compacted");
}

#[test]
fn the_secret_may_have_a_line_break_around_it() {
    let files = Files::new();
    let file = files.write(
        "saved",
        saved(TWO_SECONDS_LATER, &[TIMESTAMP, SIGNATURE], BODY),
    );
    let with = |secret: &str| run_with_secret(secret, &["verify", "--json", &file], b"");
    let padded = with(&format!("{SECRET}\n"));
    says_no(
        &padded,
        "whitespace_around_secret",
        "the secret has surrounding whitespace; trimmed, it matches",
    );
    says_no(
        &with("another"),
        "signature_mismatch",
        "signed with another secret",
    );
    assert!(!with("another").out.contains("another\""));

    // A file ends with one as a rule.
    let secret = files.write("secret", format!("{SECRET}\n"));
    let args = ["verify", "--json", &file, "--secret-file", &secret];
    assert_eq!(run_with_input(&args, b"").code, 0);
}

#[test]
fn what_other_tools_show_is_judged() {
    let files = Files::new();
    let body = files.write("body.json", BODY);
    let at = ["--json", "--at", TWO_SECONDS_LATER];
    let verify = |args: &[&str]| run(&[&["verify"], args, &at].concat());

    let curl = format!(
        "*   Trying 127.0.0.1:3000...\n> POST /hooks HTTP/1.1\n> Host: 127.0.0.1\n> {TIMESTAMP}\n\
         > {SIGNATURE}\n> Content-Length: {}\n>\n}} [73 bytes data]\n< HTTP/1.1 401 Unauthorized\n",
        BODY.len()
    );
    let curl = files.write("curl.txt", curl);
    let ended = verify(&[&curl]);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    assert!(ended.json()[0]["unreadable"].is_null());
    assert_eq!(verify(&[&curl, "--body", &body]).code, 0);
    says_no(
        &verify(&[&curl, "--scheme", "body"]),
        "other_form",
        "of the timestamp",
    );
    let by_body = Signer::new(SECRET).unwrap().sign_body(BODY.as_bytes());
    let by_body = format!(
        "> POST / HTTP/2\n> {TIMESTAMP}\n> signature: {}\n>\n",
        by_body.to_hex()
    );
    let by_body = files.write("by-body.txt", by_body);
    says_no(&verify(&[&by_body]), "missing_body", "give it with --body");
    assert_eq!(verify(&[&by_body, "--body", &body]).code, 0);

    let pair = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        serde_json::json!({"name": name, "value": value})
    };
    let entry = serde_json::json!({
        "startedDateTime": TWO_SECONDS_LATER,
        "request": {"method": "POST", "headers": [pair(TIMESTAMP), pair(SIGNATURE)],
                    "postData": {"mimeType": "application/json", "text": BODY}},
    });
    let har = serde_json::json!({"log": {"entries": [entry]}});
    let dump = format!("POST /hooks HTTP/1.1\nHost: a\n{TIMESTAMP}\n{SIGNATURE}\n\n{BODY}");
    let bare = format!("{TIMESTAMP}\r\n{SIGNATURE}\r\n\r\n{BODY}");
    for text in [entry.to_string(), har.to_string(), dump, bare] {
        let ended = verify(&[&files.write("capture", &text)]);
        assert_eq!(ended.code, 0, "{text}: {}{}", ended.out, ended.err);
        assert_eq!(ended.json()[0]["event"], "verdict");
    }
}

#[test]
fn what_gateways_and_wrong_signers_do_is_named() {
    let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
    zipped.write_all(BODY.as_bytes()).unwrap();
    let zipped = zipped.finish().unwrap();
    let with_bom = format!("\u{feff}{BODY}");
    let timed = r#"{"data":{"tracking_number":"A","update_at":"2026-03-02T06:41:00+08:00"}}"#;
    let spaced = timed.replace('+', " ");
    let data = r#"{"tracking_number":"LX405512873SE","note":"ring Jane"}"#;
    let sorted = r#"{"code":200,"data":{"note":"ring Jane","tracking_number":"LX405512873SE"}}"#;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let timestamp = now.unwrap().as_secs().to_string();
    let joined = format!("{timestamp}{BODY}");
    let encoded = STANDARD.encode(BODY);

    let dir = tempfile::tempdir().unwrap();
    let listen = Listen::start(&["--save", dir.path().to_str().unwrap()]);
    for (signed, sent, code, words) in [
        (BODY, &zipped[..], "changed_body", "as it is gzip"),
        (BODY, encoded.as_bytes(), "changed_body", "as it is base64"),
        (BODY, with_bom.as_bytes(), "changed_body", "byte order mark"),
        (timed, spaced.as_bytes(), "changed_body", "with `+` for"),
        (BODY, b"", "empty_body", "empty"),
        (data, BODY.as_bytes(), "other_message", "`data` alone"),
        (sorted, BODY.as_bytes(), "other_message", "with sorted keys"),
        (&joined, BODY.as_bytes(), "joined", "timestamp"),
    ] {
        let signature = Signer::new(program::SECRET).unwrap();
        let signature = signature.sign_body(signed.as_bytes()).to_hex();
        let headers = [("timestamp", &timestamp), ("signature", &signature)];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.clone()));
        assert_eq!(listen.post(&headers, sent).status, 401, "{words}");
        let file = files(dir.path()).pop().unwrap();
        let ended = program::run(&["verify", "--json", file.to_str().unwrap()]);
        says_no(&ended, code, words);
    }
}

#[test]
fn no_answer_gives_the_expected_signature_or_the_payload_away() {
    let files = Files::new();
    let wrong = format!("signature: {}", "0".repeat(64));
    let file = files.write(
        "forged",
        saved(TWO_SECONDS_LATER, &[TIMESTAMP, &wrong], BODY),
    );
    for args in [&["verify", &file][..], &["verify", "--json", &file]] {
        let ended = run(args);
        assert_eq!(ended.code, 1);
        for hidden in [SECRET, &SIGNATURE[11..30], "o3CEq2iuFrd9", "Jane"] {
            assert!(!ended.out.contains(hidden), "{}", ended.out);
            assert!(!ended.err.contains(hidden), "{}", ended.err);
        }
        assert!(
            ended.out.contains("signed with another secret"),
            "{}",
            ended.out
        );
    }
}

#[test]
fn a_genuine_body_that_is_no_event_is_said_so() {
    let files = Files::new();
    let file = files.write(
        "odd",
        saved(TWO_SECONDS_LATER, &[TIMESTAMP, SIGNATURE], "[\"Jane\"]"),
    );
    let ended = run(&["verify", &file]);
    assert_eq!(ended.code, 0);
    let (_, but) = ended.out.split_once("\nbut ").unwrap();
    assert_eq!(
        but,
        "the body is JSON of another shape than expected, at [0]; a receiver may refuse it\n"
    );
    assert!(!ended.out.contains("Jane"));
    let record = &run(&["verify", "--json", &file]).json()[0];
    assert!(
        record["unreadable"]
            .as_str()
            .unwrap()
            .contains("another shape")
    );
}

#[test]
fn wrong_usage_is_reported_in_one_line() {
    let files = Files::new();
    let file = files.write(
        "saved",
        saved(TWO_SECONDS_LATER, &[TIMESTAMP, SIGNATURE], BODY),
    );
    let body = files.write("body", BODY);
    run(&["verify"]).assert_wrong_usage("give a saved delivery, or --body");
    run(&["verify", &file, "--header", TIMESTAMP, "--body", &body])
        .assert_wrong_usage("cannot be used with");
    run(&["verify", "--header", TIMESTAMP]).assert_wrong_usage("--body");
    run(&["verify", "--body", &body, "--header", "timestamp 1"])
        .assert_wrong_usage("give `name: value`");
    run(&["verify", &body]).assert_wrong_usage("is not a request");
    run(&["verify", "nowhere/file"]).assert_wrong_usage("cannot read nowhere/file");
    run(&["verify", "--body", "nowhere/file"]).assert_wrong_usage("cannot read nowhere/file");
    run(&["verify", &file, "--at", "yesterday"]).assert_wrong_usage("give a time such as 20");
    run_with_input(&["verify", &file], b"").assert_wrong_usage("no webhook secret");
    run_with_secret("", &["verify", &file], b"")
        .assert_wrong_usage("TRACKINGMORE_WEBHOOK_SECRET is unset or empty");
    for delivery in [&["verify", "--body", "-"][..], &["verify", "-"]] {
        run_with_input(&[delivery, &["--secret-file", "-"]].concat(), b"x")
            .assert_wrong_usage("standard input can be read only once");
    }
}
