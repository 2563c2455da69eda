//! The metrics, as a recorder sees them.

#![cfg(feature = "metrics")]
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use metrics_util::{
    MetricKind,
    debugging::{DebugValue, DebuggingRecorder, Snapshotter},
};
use trackingmore_webhook::{Error, ErrorKind, Event, Scheme, Signer, Verifier};

const REQUESTS: &str = "trackingmore_webhook_requests_total";
const AGES: &str = "trackingmore_webhook_timestamp_age_seconds";

/// What was counted for each verifier and outcome, and the ages for each verifier.
#[derive(Debug, Default, PartialEq)]
struct Recorded {
    requests: BTreeMap<(String, String), u64>,
    ages: BTreeMap<String, Vec<f64>>,
}

fn recorded(run: impl FnOnce()) -> Recorded {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, run);
    read(&snapshotter)
}

fn read(snapshotter: &Snapshotter) -> Recorded {
    let mut recorded = Recorded::default();
    for (key, unit, description, value) in snapshotter.snapshot().into_vec() {
        assert!(unit.is_some() && description.is_some(), "{key:?}");
        let (kind, key) = key.into_parts();
        let labels: Vec<_> = key
            .labels()
            .map(|label| (label.key(), label.value()))
            .collect();
        match (kind, key.name(), &labels[..], value) {
            (
                MetricKind::Counter,
                REQUESTS,
                [("verifier", verifier), ("outcome", outcome)],
                DebugValue::Counter(count),
            ) => {
                let series = ((*verifier).to_owned(), (*outcome).to_owned());
                assert_eq!(recorded.requests.insert(series, count), None);
            }
            (
                MetricKind::Histogram,
                AGES,
                [("verifier", verifier)],
                DebugValue::Histogram(ages),
            ) => {
                let ages = ages.into_iter().map(f64::from).collect();
                recorded.ages.insert((*verifier).to_owned(), ages);
            }
            other => panic!("{other:?}"),
        }
    }
    recorded
}

fn requests(of: &[(&str, &str, u64)]) -> BTreeMap<(String, String), u64> {
    of.iter()
        .map(|(verifier, outcome, count)| {
            let series = ((*verifier).to_owned(), (*outcome).to_owned());
            (series, *count)
        })
        .collect()
}

fn headers(age: u64) -> (SystemTime, Vec<(String, String)>) {
    let now = SystemTime::now();
    let signer = Signer::new("secret").unwrap();
    let then = now - Duration::from_secs(age);
    (now, signer.headers(Scheme::Timestamp, then, b""))
}

const EVENT: &[u8] = br#"{"data":{"tracking_number":"9261"}}"#;

#[test]
fn each_request_counts_once_by_its_outcome() {
    let recorded = recorded(|| {
        let verifier = Verifier::builder()
            .secret("secret")
            .name("shoes")
            .body_limit(100)
            .build()
            .unwrap();
        let (_, genuine) = headers(0);
        let receive = |headers: &[(String, String)], body: &'static [u8]| {
            verifier.receive::<Event>(&headers.to_vec(), Bytes::from_static(body))
        };
        receive(&genuine, EVENT).unwrap();
        verifier.verify(&genuine, EVENT).unwrap();
        for refused in [&b"{"[..], b"[]", &[b' '; 101]] {
            receive(&genuine, refused).unwrap_err();
        }
        verifier.verify(&genuine, &[b' '; 101]).unwrap_err();
        receive(&genuine[1..], EVENT).unwrap_err();
        receive(&genuine[..1], EVENT).unwrap_err();

        let mut incoming = verifier.begin(&genuine).unwrap();
        incoming.refuse(ErrorKind::BodyUnreadable);
        incoming.push(Bytes::from_static(EVENT)).unwrap_err();
        incoming.finish().unwrap_err();
        drop(verifier.begin(&genuine).unwrap());
    });
    let expected = requests(&[
        ("shoes", "accepted", 2),
        ("shoes", "invalid_json", 1),
        ("shoes", "unexpected_shape", 1),
        ("shoes", "body_too_large", 2),
        ("shoes", "signature_mismatch", 1),
        ("shoes", "missing_header", 1),
        ("shoes", "body_unreadable", 1),
    ]);
    assert_eq!(recorded.requests, expected);
}

#[test]
fn verifying_and_reading_are_two_decisions_where_they_are_two_steps() {
    let recorded = recorded(|| {
        let verifier = Verifier::new("secret").unwrap();
        for body in [EVENT, b"{"] {
            let mut incoming = verifier.begin(&headers(0).1).unwrap();
            incoming.push(Bytes::from_static(body)).unwrap();
            let _ = incoming.finish().unwrap().parse::<Event>();
        }
    });
    let expected = requests(&[("", "accepted", 2), ("", "invalid_json", 1)]);
    assert_eq!(recorded.requests, expected);
}

#[test]
fn ages_are_those_of_accepted_and_stale_deliveries() {
    let recorded = recorded(|| {
        let verifier = Verifier::builder().secret("secret").name("shoes");
        let verifier = verifier.max_age(Duration::from_secs(1000)).build().unwrap();
        for age in [90, 1001] {
            let (now, headers) = headers(age);
            let _ = verifier.verify_at(&headers, EVENT, now);
        }
        let (now, headers) = headers(0);
        // Ahead of the clock, and too far ahead of it.
        for earlier in [60, 600] {
            let now = now - Duration::from_secs(earlier);
            let _ = verifier.verify_at(&headers, EVENT, now);
        }
        let signer = Signer::new("secret").unwrap();
        let by_body = signer.headers(Scheme::Body, now, EVENT);
        verifier.verify_at(&by_body, EVENT, now).unwrap();
    });
    assert_eq!(recorded.ages["shoes"], [90.0, 1001.0, 0.0]);
    let expected = requests(&[
        ("shoes", "accepted", 3),
        ("shoes", "stale_timestamp", 1),
        ("shoes", "future_timestamp", 1),
    ]);
    assert_eq!(recorded.requests, expected);
}

#[test]
fn a_request_without_a_verifier_counts_too() {
    let recorded = recorded(|| {
        let error = Error::not_configured("add one");
        assert_eq!(error.kind(), ErrorKind::NotConfigured);
    });
    assert_eq!(recorded.requests, requests(&[("", "not_configured", 1)]));
}

#[test]
fn a_recorder_that_is_installed_later_counts_too() {
    let verifier = Verifier::new("secret").unwrap();
    let (_, genuine) = headers(0);
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    verifier.verify(&genuine, EVENT).unwrap();
    metrics::with_local_recorder(&recorder, || verifier.verify(&genuine, EVENT).unwrap());
    let counts: Vec<_> = snapshotter.snapshot().into_vec();
    assert_eq!(counts.len(), 2, "{counts:?}");
}
