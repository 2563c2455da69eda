//! `check`, against receivers that are good and receivers that are broken in one way each.

#![allow(clippy::unwrap_used)]

mod hand_written;
mod program;
// Other tests use what this one does not.
#[allow(dead_code)]
mod receivers;

use std::{
    collections::HashSet,
    future::pending,
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::Value;
use tokio::sync::Notify;
use trackingmore_webhook::{Scheme, Signer};
use trackingmore_webhook_axum::{Verifier, VerifyLayer, Webhook};

use crate::{
    hand_written::{Request, is_fresh, serve, serve_router, serve_until, sign},
    program::{Listen, PATH, SECRET, assert_wrong_usage, run, run_with_input},
};

const KNOWN_PARCEL: &str = "RB550418273HK";

/// What a check came to.
struct Checked {
    code: i32,
    rows: Vec<Value>,
    tally: Value,
}

fn check(url: &str, args: &[&str]) -> Checked {
    let ended = run(&[&["check", "--json", url], args].concat());
    assert_eq!(ended.err, "");
    let mut rows = ended.json();
    let tally = rows.pop().unwrap();
    let plan = rows.remove(0);
    assert_eq!(plan["event"], "plan");
    assert_eq!(tally["event"], "summary");
    assert!(rows.iter().all(|row| row["event"] == "case"));
    assert_eq!(plan["url"], url);
    let is_complete =
        tally["verdict"] != "not_known" || tally["accepted_forms"] != Value::Array(Vec::new());
    let sent = if is_complete {
        &plan["cases"]
    } else {
        &Value::from(4)
    };
    assert_eq!(*sent, rows.len());
    Checked {
        code: ended.code,
        rows,
        tally,
    }
}

impl Checked {
    fn with_verdict(&self, verdict: &str) -> Vec<&str> {
        let rows = self.rows.iter().filter(|row| row["verdict"] == verdict);
        rows.map(|row| row["case"].as_str().unwrap()).collect()
    }

    #[track_caller]
    fn fails_only(&self, cases: &[&str]) {
        assert_eq!(self.with_verdict("fail"), cases);
    }

    #[track_caller]
    fn is_unsafe_by(&self, cases: &[&str]) {
        self.fails_only(cases);
        assert_eq!(self.tally["hostile_accepted"], Value::from(cases));
        assert_eq!(self.code, 1);
    }

    #[track_caller]
    fn is_safe(&self) {
        assert_eq!(self.tally["hostile_accepted"], Value::Array(Vec::new()));
        assert_eq!(self.code, 0);
    }

    #[track_caller]
    fn is_not_known(&self, why: &str) {
        assert_eq!(self.rows.len(), 4);
        assert_eq!(self.tally["verdict"], "not_known");
        let sentence = self.tally["sentence"].as_str().unwrap();
        assert!(sentence.starts_with("Not known: no genuine delivery was accepted; "));
        assert!(sentence.contains(why), "{sentence}");
        assert_eq!(self.code, 1);
    }

    fn row(&self, case: &str) -> &Value {
        self.rows.iter().find(|row| row["case"] == case).unwrap()
    }
}

fn genuine_if(is_genuine: bool) -> u16 {
    if is_genuine { 204 } else { 401 }
}

#[test]
fn the_library_passes_in_every_form() {
    let everything = check(&library(None), &[]);
    everything.is_safe();
    everything.fails_only(&[]);
    let undecided = ["tampered-body-timestamp", "late-retry"];
    assert_eq!(everything.with_verdict("not_decidable"), undecided);
    let forms = [
        "timestamp-hex",
        "body-base64",
        "timestamp-base64",
        "body-hex",
    ];
    assert_eq!(everything.tally["accepted_forms"], Value::from(&forms[..]));
    assert_eq!(everything.tally["passed"], everything.rows.len() - 2);

    for (scheme, name, other) in [
        (Scheme::Timestamp, "timestamp", "body"),
        (Scheme::Body, "body", "timestamp"),
    ] {
        let pinned = library(Some(scheme));
        let checked = check(&pinned, &[]);
        checked.is_safe();
        checked.fails_only(&[]);
        for case in [
            "wrong-secret",
            "empty-key",
            "truncated",
            "prefix",
            "last-bit",
        ] {
            assert_eq!(checked.row(&format!("{case}-{name}"))["verdict"], "pass");
            // That it is refused may be for its form.
            let verdict = &checked.row(&format!("{case}-{other}"))["verdict"];
            assert_eq!(verdict, "not_decidable");
        }
        check(&pinned, &["--scheme", name]).is_safe();

        let wrongly = check(&pinned, &["--scheme", other]);
        assert_eq!(wrongly.code, 1);
        assert_eq!(wrongly.tally["is_genuine_accepted"], false);
        for encoding in ["hex", "base64"] {
            assert_eq!(
                wrongly.row(&format!("{name}-{encoding}"))["verdict"],
                "fail"
            );
            assert_eq!(
                wrongly.row(&format!("{other}-{encoding}"))["verdict"],
                "fail"
            );
        }
    }
    let unpinned = check(&library(None), &["--scheme", "body"]);
    assert_eq!(unpinned.code, 1);
    assert_eq!(unpinned.tally["is_genuine_accepted"], true);
    assert_eq!(
        unpinned.tally["unwanted_forms"],
        Value::from(vec!["timestamp-hex", "timestamp-base64"])
    );
    assert_eq!(unpinned.tally["hostile_accepted"], Value::Array(Vec::new()));
    unpinned.fails_only(&["timestamp-hex", "timestamp-base64"]);
    assert_eq!(unpinned.row("duplicate")["verdict"], "pass");
    let printed = run(&["check", &library(None), "--scheme", "body"]).out;
    assert!(
        printed.ends_with(
            "\nNot safe: it also accepts timestamp-hex, timestamp-base64, which --scheme rules out.\n"
        ),
        "{printed}"
    );
}

fn library(scheme: Option<Scheme>) -> String {
    let builder = Verifier::builder().secret(SECRET);
    let verifier = match scheme {
        None => builder,
        Some(scheme) => builder.scheme(scheme),
    };
    let handler = async |Webhook(_): Webhook| StatusCode::NO_CONTENT;
    let app = Router::new().route(PATH, post(handler));
    serve_router(app.with_state(verifier.build().unwrap()))
}

#[test]
fn every_adapter_passes() {
    for url in receivers::all() {
        let checked = check(&url, &["--strict"]);
        checked.is_safe();
        checked.fails_only(&[]);
    }
    let listen = Listen::start(&[]);
    check(&listen.url, &["--strict"]).is_safe();
}

#[test]
fn a_layer_of_the_library_passes() {
    let verifier = Verifier::new(SECRET).unwrap();
    let handler = async || StatusCode::OK;
    let app = Router::new().route(PATH, post(handler));
    let checked = check(&serve_router(app.layer(VerifyLayer::new(verifier))), &[]);
    checked.is_safe();
    checked.fails_only(&[]);
}

#[test]
fn a_hand_written_receiver_of_one_form_passes() {
    let checked = check(
        &serve(|request| genuine_if(request.is_genuine())),
        &["--strict"],
    );
    checked.is_safe();
    checked.fails_only(&[]);
    assert_eq!(
        checked.tally["accepted_forms"],
        Value::from(vec!["timestamp-hex"])
    );
}

#[test]
fn what_is_sent_is_what_its_name_says() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&seen);
    let checked = check(
        &serve(move |request| {
            requests.lock().unwrap().push(request.clone());
            genuine_if(request.is_genuine())
        }),
        &[],
    );
    // What their heads announce is refused for it; the answer is lost where the rest of the body
    // is on its way.
    assert_eq!(checked.row("announced-unsigned")["answer"], 413);
    let huge = &checked.row("huge-unsigned")["answer"];
    assert!(huge == 413 || huge == "closed", "{huge}");
    let seen = seen.lock().unwrap();
    let count =
        |is_such: &dyn Fn(&Request) -> bool| seen.iter().filter(|seen| is_such(seen)).count();
    assert_eq!(seen.len(), checked.rows.len() - 2 + 1);
    assert_eq!(
        count(&|seen| seen.only("transfer-encoding") == Some("chunked")),
        2
    );
    assert_eq!(count(&|seen| !seen.has("content-type")), 1);
    assert_eq!(count(&|seen| seen.all("signature").count() == 2), 2);
    assert_eq!(count(&|seen| seen.all("timestamp").count() == 2), 2);
    assert_eq!(count(&|seen| seen.body.is_empty()), 1);
    assert_eq!(count(&|seen| seen.only("signature") == Some("")), 1);

    let [.., first, second, last] = &seen[..] else {
        panic!("too few requests");
    };
    assert!(first.is_genuine() && second.is_genuine() && last.is_genuine());
    assert_eq!(first.body, second.body);
}

#[test]
fn closing_the_connection_is_a_refusal() {
    let url = serve(|request| {
        assert!(request.is_genuine(), "closes the connection");
        204
    });
    let checked = check(&url, &[]);
    checked.is_safe();
    checked.fails_only(&[]);
    assert_eq!(checked.row("no-headers")["answer"], "closed");
}

#[test]
fn skipping_verification_when_the_header_is_missing() {
    let url = serve(|request| genuine_if(!request.has("signature") || request.is_genuine()));
    check(&url, &[]).is_unsafe_by(&["no-headers", "no-signature", "chunked-unsigned"]);
}

#[test]
fn comparing_a_prefix() {
    let url = serve(
        |request| match (request.only("timestamp"), request.only("signature")) {
            (Some(time), Some(signature)) => {
                let right = sign(SECRET, time);
                genuine_if(is_fresh(time) && signature.get(..8) == right.get(..8))
            }
            _ => 401,
        },
    );
    check(&url, &[]).is_unsafe_by(&[
        "truncated-timestamp",
        "prefix-timestamp",
        "last-bit-timestamp",
    ]);
}

#[test]
fn comparing_up_to_the_end_of_the_shorter_text() {
    let url = serve(
        |request| match (request.only("timestamp"), request.only("signature")) {
            (Some(time), Some(signature)) => {
                let right = sign(SECRET, time);
                let mut pairs = signature.bytes().zip(right.bytes());
                genuine_if(is_fresh(time) && pairs.all(|(left, right)| left == right))
            }
            _ => 401,
        },
    );
    check(&url, &[]).is_unsafe_by(&["empty-signature", "truncated-timestamp"]);
}

#[test]
fn answering_200_to_everything() {
    let checked = check(&serve(|_| 200), &[]);
    assert_eq!(checked.code, 1);
    let hostile = checked.tally["hostile_accepted"].as_array().unwrap();
    assert_eq!(hostile.len(), 26);
    for case in [
        "no-headers",
        "wrong-signature",
        "wrong-secret-body",
        "stale",
        "digits-body",
    ] {
        assert!(hostile.contains(&Value::from(case)), "{case}");
        assert_eq!(checked.row(case)["verdict"], "fail");
    }
}

#[test]
fn answering_404_for_unknown_parcels() {
    let url = serve(|request| {
        let body = String::from_utf8_lossy(&request.body);
        match (request.is_genuine(), body.contains(KNOWN_PARCEL)) {
            (true, true) => 204,
            (true, false) => 404,
            (false, _) => 401,
        }
    });
    let parcel = ["--parcel", KNOWN_PARCEL];
    let checked = check(&url, &parcel);
    checked.is_safe();
    checked.fails_only(&["unknown-parcel"]);
    assert_eq!(checked.row("unknown-parcel")["answer"], 404);
    assert_eq!(check(&url, &[&parcel[..], &["--strict"]].concat()).code, 1);

    let ignorant = check(&url, &[]);
    assert_eq!(ignorant.code, 1);
    ignorant.is_not_known("it answered 404 Not Found, 401 Unauthorized: check the secret");
}

#[test]
fn answering_409_to_repeats() {
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let url = serve(move |request| match request.is_genuine() {
        false => 401,
        true if seen.lock().unwrap().insert(request.body.clone()) => 204,
        true => 409,
    });
    // Also in a second run, as its bodies are others.
    for _ in 0..2 {
        let checked = check(&url, &[]);
        checked.is_safe();
        checked.fails_only(&["duplicate"]);
        assert_eq!(checked.tally["verdict"], "safe");
        let sentence = "Safe: it accepted nothing hostile; but it failed duplicate.";
        assert_eq!(checked.tally["sentence"], sentence);
    }
}

#[test]
fn answering_nothing_genuine_with_200() {
    let at = |status: u16| check(&serve(move |_| status), &[]);
    at(401).is_not_known("it answered 401 Unauthorized: check the secret, the path");
    at(404).is_not_known("it answered 404 Not Found: check the path");
    at(405).is_not_known("it does not take POST");
    at(500).is_not_known("see the log of the receiver");
    // What servers answer to plain HTTP on a port for TLS.
    let page = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 52\r\n\r\n\
                The plain HTTP request was sent to HTTPS port.......";
    check(&receivers::fixed(page.to_owned()), &[]).is_not_known("try https://");
    let alert = "\u{15}\u{3}\u{1}\0\u{2}\u{2}F";
    for answer in [alert, ""] {
        check(&receivers::fixed(answer.to_owned()), &[]).is_not_known(
            "it closed the connection without an HTTP answer: see the log of the receiver, and if \
             the port speaks TLS, use https://",
        );
    }
}

#[test]
fn verifying_with_the_empty_key() {
    let url = serve(
        |request| match (request.only("timestamp"), request.only("signature")) {
            (Some(time), Some(signature)) => {
                genuine_if(is_fresh(time) && signature == sign("", time))
            }
            _ => 401,
        },
    );
    // Which key it has does not matter: it refuses what is genuine.
    let checked = check(&url, &[]);
    assert_eq!(checked.code, 1);
    assert_eq!(checked.tally["is_genuine_accepted"], false);
    checked.is_not_known("check the secret, the path, and whether it needs a known parcel");
}

#[test]
fn looking_only_for_a_timestamp() {
    let url = serve(|request| genuine_if(request.only("timestamp").is_some_and(is_fresh)));
    let checked = check(&url, &[]);
    assert_eq!(checked.code, 1);
    let hostile = checked.tally["hostile_accepted"].as_array().unwrap();
    for case in [
        "no-signature",
        "empty-signature",
        "wrong-signature",
        "wrong-secret-timestamp",
    ] {
        assert!(hostile.contains(&Value::from(case)), "{case}");
    }
}

#[test]
fn accepting_timestamps_of_any_age() {
    let url = serve(
        |request| match (request.only("timestamp"), request.only("signature")) {
            (Some(time), Some(signature)) => genuine_if(signature == sign(SECRET, time)),
            _ => 401,
        },
    );
    let checked = check(&url, &[]);
    checked.fails_only(&["stale", "epoch", "future"]);
    assert_eq!(
        checked.tally["hostile_accepted"],
        Value::from(vec!["stale"])
    );
    assert_eq!(checked.code, 1);
}

#[test]
fn verifying_one_timestamp_and_judging_the_age_of_another() {
    fn judge(request: &Request, verified: Option<&str>, judged: Option<&str>) -> u16 {
        let right = verified.map(|time| sign(SECRET, time));
        let is_right = request.only("signature") == right.as_deref();
        genuine_if(is_right && judged.is_some_and(is_fresh))
    }
    let first = serve(|request| {
        let times = || request.all("timestamp");
        judge(request, times().next(), times().next_back())
    });
    check(&first, &[]).is_unsafe_by(&["stale-then-fresh"]);
    let last = serve(|request| {
        let times = || request.all("timestamp");
        judge(request, times().next_back(), times().next())
    });
    check(&last, &[]).is_unsafe_by(&["fresh-then-stale"]);
}

#[test]
fn taking_one_of_two_signatures_is_no_forgery() {
    let any = |request: &Request| {
        let time = request.only("timestamp").filter(|time| is_fresh(time));
        let right = time.map(|time| sign(SECRET, time));
        right.is_some_and(|right| request.all("signature").any(|signature| signature == right))
    };
    let checked = check(&serve(move |request| genuine_if(any(request))), &[]);
    checked.is_safe();
    checked.fails_only(&["two-signatures-wrong-first", "two-signatures-right-first"]);
}

#[test]
fn signing_a_body_that_was_parsed_and_written_anew() {
    let url = serve(|request| {
        let body = serde_json::from_slice::<Value>(&request.body);
        let right = body.map(|body| sign(SECRET, body.to_string()));
        genuine_if(right.is_ok_and(|right| request.only("signature") == Some(&right)))
    });
    let checked = check(&url, &[]);
    let hostile = ["digits-body", "digits-body-bare"];
    checked.fails_only(&[&hostile[..], &["body-as-sent"]].concat());
    assert_eq!(checked.tally["hostile_accepted"], Value::from(&hostile[..]));
    assert_eq!(checked.code, 1);
}

#[test]
fn taking_a_captured_pair_for_a_signed_body() {
    fn is_signed(request: &Request) -> bool {
        let right = Signer::new(SECRET).unwrap().sign_body(&request.body);
        request.only("signature") == Some(&right.to_base64())
    }
    // Demands a timestamp, and tries the body where that is not what was signed.
    let behind = serve(|request| {
        let has_time = request.only("timestamp").is_some();
        genuine_if(has_time && (request.is_genuine() || is_signed(request)))
    });
    check(&behind, &[]).is_unsafe_by(&["digits-body"]);
    let instead = serve(|request| {
        genuine_if(match request.has("timestamp") {
            true => request.is_genuine(),
            false => is_signed(request),
        })
    });
    check(&instead, &[]).is_unsafe_by(&["digits-body-bare"]);
}

#[test]
fn not_looking_at_all_of_the_body() {
    let url = serve(|request| {
        let status = |status| format!(r#""delivery_status":"{status}""#);
        let body = String::from_utf8_lossy(&request.body);
        let body = body.replace(&status("delivered"), &status("transit"));
        genuine_if(request.only("signature") == Some(&sign(SECRET, body)))
    });
    let checked = check(&url, &[]);
    let hostile = checked.tally["hostile_accepted"].as_array().unwrap();
    assert!(
        hostile.contains(&Value::from("tampered-body")),
        "{hostile:?}"
    );
}

#[test]
fn breaking_on_what_is_not_json() {
    let url = serve(|request| {
        let is_json = serde_json::from_slice::<Value>(&request.body).is_ok();
        match (request.is_genuine(), is_json) {
            (true, true) => 204,
            (true, false) => 500,
            (false, _) => 401,
        }
    });
    let checked = check(&url, &[]);
    checked.is_safe();
    checked.fails_only(&["not-json", "empty-body", "deep"]);
}

#[test]
fn breaking_for_good() {
    let is_broken = Arc::new(AtomicBool::new(false));
    let url = serve(move |request| {
        if is_broken.load(Relaxed) {
            return 503;
        }
        is_broken.store(
            request.has("signature") && request.only("signature").is_none(),
            Relaxed,
        );
        genuine_if(request.is_genuine())
    });
    let checked = check(&url, &[]);
    assert_eq!(checked.row("still-there")["verdict"], "fail");
    assert_eq!(checked.row("still-there")["answer"], 503);
    assert_eq!(checked.tally["is_still_there"], false);
    assert_eq!(checked.tally["stopped_answering"], Value::Array(Vec::new()));
    let sentence = "Not safe: at the end, it did not accept a genuine delivery.";
    assert_eq!(checked.tally["sentence"], sentence);
    assert_eq!(checked.code, 1);
}

/// Serves a receiver that a request kills.
fn mortal(is_fatal: fn(&HeaderMap) -> bool) -> String {
    let end = Arc::new(Notify::new());
    let killed = Arc::clone(&end);
    let handler = async move |headers: HeaderMap| {
        if is_fatal(&headers) {
            end.notify_one();
            pending::<()>().await;
        }
        StatusCode::OK
    };
    let app = Router::new().route(PATH, post(handler));
    serve_until(async move { killed.notified().await }, app)
}

#[test]
fn being_killed_by_a_request() {
    let by_a_stranger = check(&mortal(|headers| !headers.contains_key("signature")), &[]);
    assert_eq!(by_a_stranger.row("no-headers")["answer"], "closed");
    assert_eq!(by_a_stranger.row("no-signature")["answer"], "unreached");
    assert_eq!(
        by_a_stranger.tally["stopped_answering"],
        Value::from(vec!["no-headers"])
    );
    assert_eq!(
        by_a_stranger.tally["hostile_accepted"],
        Value::Array(Vec::new())
    );
    assert_eq!(by_a_stranger.tally["is_still_there"], false);
    assert_eq!(by_a_stranger.code, 1);

    let is_base64 = |headers: &HeaderMap| {
        let signature = headers.get("signature");
        signature.is_some_and(|signature| signature.as_bytes().ends_with(b"="))
    };
    let by_a_form = check(&mortal(is_base64), &[]);
    assert_eq!(
        by_a_form.tally["accepted_forms"],
        Value::from(vec!["timestamp-hex"])
    );
    assert_eq!(by_a_form.row("body-base64")["answer"], "closed");
    assert_eq!(
        by_a_form.tally["stopped_answering"],
        Value::from(vec!["body-base64"])
    );
    assert_eq!(by_a_form.code, 1);

    let printed = run(&[
        "check",
        &mortal(|headers| !headers.contains_key("signature")),
    ]);
    assert_eq!(printed.code, 1);
    assert!(
        printed
            .out
            .ends_with("\nNot safe: it stopped answering after no-headers.\n"),
        "{}",
        printed.out
    );
}

/// Serves a receiver that reads the whole body before it verifies, and never answers some requests.
fn buffering(is_unanswered: fn(&HeaderMap) -> bool) -> String {
    let verifier = Verifier::new(SECRET).unwrap();
    let handler = async move |headers: HeaderMap, body: Bytes| {
        if is_unanswered(&headers) {
            pending::<()>().await;
        }
        match verifier.verify(&headers, &body) {
            Ok(_) => StatusCode::OK,
            Err(_) => StatusCode::UNAUTHORIZED,
        }
    };
    serve_router(Router::new().route(PATH, post(handler)))
}

#[test]
fn waiting_for_a_body_that_does_not_come() {
    let checked = check(&buffering(|_| false), &[]);
    let row = checked.row("announced-unsigned");
    assert_eq!(row["answer"], "timed out");
    assert_eq!(row["verdict"], "not_decidable");
    checked.is_safe();
    assert_eq!(
        checked.tally["hostile_unanswered"],
        Value::Array(Vec::new())
    );
}

#[test]
fn one_form_that_is_not_answered_does_not_end_the_check() {
    static IS_AWAKE: AtomicBool = AtomicBool::new(false);
    let checked = check(&buffering(|_| !IS_AWAKE.swap(true, Relaxed)), &[]);
    checked.is_safe();
    let row = checked.row("timestamp-hex");
    assert_eq!(row["answer"], "timed out");
    assert_eq!(row["verdict"], "not_decidable");
    assert_eq!(row["why"], "not accepted, but one form is enough");
    assert_eq!(
        checked.row("body-base64")["why"],
        "genuine: one form is enough"
    );
}

#[test]
fn a_receiver_that_answers_too_late_may_have_accepted() {
    let is_unanswered = |headers: &HeaderMap| {
        headers.contains_key("timestamp") && !headers.contains_key("signature")
    };
    let checked = check(&buffering(is_unanswered), &[]);
    checked.fails_only(&[]);
    let row = checked.row("no-signature");
    assert_eq!(row["answer"], "timed out");
    assert_eq!(row["verdict"], "not_decidable");
    assert_eq!(
        checked.tally["hostile_unanswered"],
        Value::from(vec!["no-signature"])
    );
    assert_eq!(checked.tally["verdict"], "not_known");
    let sentence = "Not known: no answer within 10 s to no-signature.";
    assert_eq!(checked.tally["sentence"], sentence);
    assert_eq!(checked.code, 1);
}

#[test]
fn people_read_a_table() {
    let ended = run(&[
        "check",
        &serve(|request| genuine_if(!request.has("signature") || request.is_genuine())),
    ]);
    assert_eq!(ended.code, 1);
    assert_eq!(ended.err, "");
    let lines: Vec<_> = ended.out.lines().collect();
    assert!(
        lines[0].starts_with("Sending 53 deliveries to http://127.0.0.1:"),
        "{}",
        lines[0]
    );
    assert!(lines[0].contains("CHECK0000000001"), "{}", lines[0]);
    let row = lines
        .iter()
        .find(|line| line.contains("no-headers"))
        .unwrap();
    let words: Vec<_> = row.split_whitespace().take(4).collect();
    assert_eq!(words, ["FAIL", "no-headers", "refused", "204"]);
    assert!(row.contains("missing headers must not bypass"), "{row}");
    assert!(ended.out.contains("\nwarn  body-base64 "), "{}", ended.out);
    assert!(
        ended
            .out
            .contains("inconclusive: body signatures aren't accepted")
    );
    assert_eq!(
        *lines.last().unwrap(),
        "Not safe: it accepted what an attacker can send: no-headers, no-signature, \
         chunked-unsigned."
    );
    // Colours are for terminals.
    assert!(!ended.out.contains('\u{1b}'));
}

#[test]
fn strangers_are_not_attacked() {
    for url in [
        "http://192.0.2.1/hook",
        "http://[2001:db8::1]:3000/",
        "https://0.0.0.0/",
    ] {
        assert_wrong_usage(&["check", url], "--i-own-this");
    }
    assert_wrong_usage(
        &["check", "http://nowhere.invalid/"],
        "cannot find nowhere.invalid",
    );
}

#[test]
fn what_cannot_be_checked_is_said_in_a_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://user:pass@{}/hook", taken.local_addr().unwrap());
    drop(taken);
    let ended = run(&["check", "--json", &closed]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.err.contains("error: cannot check http://127.0.0.1:"),
        "{}",
        ended.err
    );
    assert!(!ended.err.contains("pass"), "{}", ended.err);
    assert!(!ended.out.contains("pass"), "{}", ended.out);

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let ended = run(&["check", "--json", &url]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.ends_with(": timed out\n"), "{}", ended.err);
    let rows = ended.json().split_off(1);
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| row["answer"] == "timed out"));

    assert_wrong_usage(&["check"], "<URL>");
    assert_wrong_usage(
        &["check", "http://127.0.0.1:1/", "--parcel", ""],
        "--parcel",
    );
    assert_wrong_usage(
        &["check", "localhost:3000"],
        "the URL must begin with http:// or https://",
    );
    assert_wrong_usage(
        &["check", "http://127.0.0.1:1/", "--scheme", "both"],
        "both",
    );
    run_with_input(&["check", "http://127.0.0.1:1/"], b"").assert_wrong_usage("no webhook secret");
    run_with_input(
        &["check", "http://127.0.0.1:1/", "--secret-file", "-"],
        b" ",
    )
    .assert_wrong_usage("secret 1 begins or ends with whitespace");
}
