//! `sign`, and what its `curl` command sends.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod hand_written;
mod program;

use std::{fs, process::Command};

use axum::{Router, routing::post};
use trackingmore_webhook::{
    Verifier,
    testing::{Answer, Connection, Framing},
};
use trackingmore_webhook_axum::RawWebhook;

use crate::{
    hand_written::serve_router,
    program::{Ended, PATH, SECRET, assert_wrong_usage, feed, program, run_with_input},
};

/// Has what shells and terminals would take for more than text.
const BODY: &str =
    "{\"data\":{\"tracking_number\":\"it's \\\"1\\\" & $HOME\u{7f}\u{9b}\"}}\u{1b}[31m";

fn sign(args: &[&str], body: &[u8]) -> Ended {
    feed(program(&[&["sign"], args].concat()), body)
}

/// The headers that were printed.
fn headers(ended: &Ended) -> Vec<(&str, &str)> {
    assert_eq!(ended.code, 0, "{}", ended.err);
    let lines = ended.out.lines();
    lines.map(|line| line.split_once(": ").unwrap()).collect()
}

#[test]
fn what_is_printed_verifies() {
    let verifier = Verifier::new(SECRET).unwrap();
    for (args, covers_body, len) in [
        (&[][..], false, 64),
        (&["--scheme", "body"], true, 44),
        (&["--scheme", "body", "--encoding", "hex"], true, 64),
        (&["--encoding", "base64"], false, 44),
        (&["--age", "5d"], false, 64),
    ] {
        let ended = sign(args, BODY.as_bytes());
        let headers = headers(&ended);
        let verified = verifier.verify(&headers, BODY.as_bytes()).unwrap();
        assert_eq!(verified.covers_body(), covers_body, "{args:?}");
        let signature = headers
            .iter()
            .find(|(name, _)| *name == "signature")
            .unwrap();
        assert_eq!(signature.1.len(), len, "{args:?}");
    }
    let stale = sign(&["--age", "13d"], BODY.as_bytes());
    let error = verifier
        .verify(&headers(&stale), BODY.as_bytes())
        .unwrap_err();
    assert_eq!(error.code(), "stale_timestamp");
}

#[test]
fn json_has_a_member_for_each_header() {
    let ended = sign(&["--json", "--scheme", "body"], BODY.as_bytes());
    let record = &ended.json()[0];
    assert_eq!(record["event"], "signed");
    let text = |name: &str| record[name].as_str().unwrap().to_owned();
    let headers = ["timestamp", "signature"].map(|name| (name, text(name)));
    let verified = Verifier::new(SECRET)
        .unwrap()
        .verify(&headers, BODY.as_bytes());
    assert!(verified.unwrap().covers_body());
}

#[test]
fn a_file_is_signed_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("body");
    let body = b"\xff\r\n {} \n";
    fs::write(&file, body).unwrap();
    let ended = sign(&["--scheme", "body", file.to_str().unwrap()], b"");
    let verified = Verifier::new(SECRET)
        .unwrap()
        .verify(&headers(&ended), body);
    assert!(verified.unwrap().covers_body());
}

#[test]
fn the_curl_command_sends_what_was_signed() {
    let handler = async |RawWebhook(body): RawWebhook| body.into_bytes();
    let app = Router::new().route(PATH, post(handler));
    let url = serve_router(app.with_state(Verifier::new(SECRET).unwrap()));
    // curl sends several requests, or none, for these.
    let url = format!("{url}?shop[]=1-2");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it's a body");
    fs::write(&file, BODY).unwrap();

    for scheme in ["timestamp", "body"] {
        for args in [&[file.to_str().unwrap()][..], &[]] {
            let args = [args, &["--scheme", scheme, "--curl", &url]].concat();
            let ended = sign(&args, BODY.as_bytes());
            assert_eq!(ended.out.lines().count(), 1);
            assert!(ended.out.starts_with("curl "), "{}", ended.out);
            let answer = run_curl(&ended.out, &url);
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(answer.body, BODY.as_bytes());
        }
    }
}

/// Runs a `curl` command with a function of the shell in place of curl.
fn run_curl(command: &str, url: &str) -> Answer {
    let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}; {command}");
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.status.success());
    let args = String::from_utf8(output.stdout).unwrap();
    let args: Vec<_> = args.split_terminator('\0').collect();
    let [flag, target, options @ ..] = &args[..] else {
        panic!("{args:?}");
    };
    assert_eq!((*flag, *target), ("-gi", url));

    let mut headers = Vec::new();
    let mut body = Vec::new();
    for pair in options.chunks(2) {
        match pair {
            ["-H", line] => headers.push(line.split_once(": ").unwrap()),
            ["--data-binary", data] => {
                body = match data.strip_prefix('@') {
                    Some(path) => fs::read(path).unwrap(),
                    None => data.as_bytes().to_vec(),
                }
            }
            _ => panic!("{pair:?}"),
        }
    }
    let rest = url.strip_prefix("http://").unwrap();
    let (addr, _) = rest.split_once(PATH).unwrap();
    let mut connection = Connection::open(addr.parse().unwrap()).unwrap();
    connection
        .post(PATH, &headers, &body, Framing::Length)
        .unwrap()
}

#[test]
fn wrong_usage_is_reported_in_one_line() {
    sign(&["nowhere/file"], b"").assert_wrong_usage("cannot read nowhere/file");
    sign(&["--age", "soon"], b"").assert_wrong_usage("--age");
    sign(&["--curl", "localhost"], b"")
        .assert_wrong_usage("the URL must begin with http:// or https://");
    let curl = ["--curl", "http://127.0.0.1:1/"];
    for body in [&b"@/etc/passwd"[..], b"\xff", b"a\0b", &[b' '; 128 * 1024]] {
        sign(&curl, body).assert_wrong_usage("put it into a file");
    }
    assert_eq!(sign(&curl, &[b' '; 128 * 1024 - 1]).code, 0);
    run_with_input(&["sign"], BODY.as_bytes()).assert_wrong_usage("no webhook secret");
    run_with_input(&["sign", "--secret-file", "-"], b"secret")
        .assert_wrong_usage("standard input can be read only once");
    assert_wrong_usage(&["sign", "--secret", "x"], "--secret");
}
