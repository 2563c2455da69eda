//! How many heap allocations verifying and receiving cost.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use allocation_counter::measure;
use bytes::Bytes;
use trackingmore_webhook::{
    ErrorKind::{self, *},
    Event, Headers,
    Scheme::{self, *},
    Signer, Verifier,
};

const TEN_CHECKPOINTS: &[u8] = include_bytes!("data/events/ten_checkpoints.json");

/// One for each of the 60 texts in the delivery, two for each of the two lists of checkpoints,
/// which grow once, and three for the buffer in which `serde_json` unescapes two links. Nulls,
/// statuses and the verification cost none.
const ALLOCATIONS_OF_TEN_CHECKPOINTS: u64 = 60 + 2 * 2 + 3;

const SCHEMES: [Scheme; 2] = [Timestamp, Body];

type Pairs = Vec<(String, String)>;
type Judged = Result<Scheme, ErrorKind>;

/// Signed with the last of three secrets.
fn headers(scheme: Scheme, time: SystemTime) -> Pairs {
    let signer = Signer::new("secret").unwrap();
    signer.headers(scheme, time, TEN_CHECKPOINTS)
}

fn verifier(scheme: Option<Scheme>) -> Verifier {
    let mut builder = Verifier::builder().secret("a").secret("b").secret("secret");
    if let Some(scheme) = scheme {
        builder = builder.scheme(scheme);
    }
    builder.build().unwrap()
}

/// Headers, and how they are judged with [`TEN_CHECKPOINTS`]: if both forms are accepted, if the
/// timestamp form is pinned, and if the body form is.
fn cases() -> Vec<(&'static str, Pairs, [Judged; 3])> {
    let now = SystemTime::now();
    let [by_timestamp, by_body] = SCHEMES.map(|scheme| headers(scheme, now));
    let seconds: u64 = by_timestamp[0].1.parse().unwrap();
    let signer = Signer::new("secret").unwrap();
    let signed = |signature: String| vec![by_timestamp[0].clone(), ("signature".into(), signature)];
    let and = |headers: &Pairs, name: &str, value: &str| {
        [headers.clone(), vec![(name.into(), value.into())]].concat()
    };
    let forged = Signer::new("another secret").unwrap();
    let in_an_hour = now + Duration::from_secs(3600);
    let never = vec![("timestamp".into(), "never".into()), by_body[1].clone()];

    let timestamp_form = [Ok(Timestamp), Ok(Timestamp), Err(SignatureMismatch)];
    let body_form = [Ok(Body), Err(SignatureMismatch), Ok(Body)];
    let proven_but = |kind| [Err(kind), Err(kind), Err(SignatureMismatch)];
    let body_form_but = |kind| [Ok(Body), Err(kind), Ok(Body)];
    vec![
        (
            "timestamp form in hex",
            by_timestamp.clone(),
            timestamp_form,
        ),
        (
            "timestamp form in base64",
            signed(signer.sign_timestamp(seconds).to_base64()),
            timestamp_form,
        ),
        ("body form in base64", by_body.clone(), body_form),
        (
            "body form in hex",
            signed(signer.sign_body(TEN_CHECKPOINTS).to_hex()),
            body_form,
        ),
        (
            "forged timestamp form",
            forged.headers(Timestamp, now, TEN_CHECKPOINTS),
            [Err(SignatureMismatch); 3],
        ),
        (
            "forged body form",
            forged.headers(Body, now, TEN_CHECKPOINTS),
            [Err(SignatureMismatch); 3],
        ),
        (
            "stale",
            headers(Timestamp, UNIX_EPOCH),
            proven_but(StaleTimestamp),
        ),
        (
            "future",
            headers(Timestamp, in_an_hour),
            proven_but(FutureTimestamp),
        ),
        (
            "no timestamp",
            by_body[1..].to_vec(),
            body_form_but(MissingHeader),
        ),
        (
            "malformed timestamp",
            never,
            body_form_but(MalformedTimestamp),
        ),
        (
            "two timestamps",
            and(&by_body, "timestamp", "1"),
            [Err(RepeatedHeader), Err(RepeatedHeader), Ok(Body)],
        ),
        (
            "no signature",
            by_body[..1].to_vec(),
            [Err(MissingHeader); 3],
        ),
        (
            "malformed signature",
            signed("none".into()),
            [Err(MalformedSignature); 3],
        ),
        (
            "two signatures",
            and(&by_timestamp, "signature", "1"),
            [Err(RepeatedHeader); 3],
        ),
        (
            "too large as declared",
            and(&by_timestamp, "content-length", "1000000000000"),
            [Err(BodyTooLarge); 3],
        ),
    ]
}

fn assert_allocates_nothing(
    case: &str,
    verifier: &Verifier,
    headers: &impl Headers,
    body: &[u8],
    expected: Judged,
) {
    let mut judged = None;
    let counted = measure(|| judged = Some(verifier.verify(headers, body)));
    let judged = judged.unwrap().map(|verified| verified.scheme());
    let judged = judged.map_err(|error| error.kind());
    assert_eq!(judged, expected, "{case}, {verifier:?}");
    assert_eq!(counted.count_total, 0, "{case}, {verifier:?}");
}

#[test]
fn verifying_allocates_nothing() {
    let verifiers = [None, Some(Timestamp), Some(Body)].map(verifier);
    for (case, headers, expected) in cases() {
        for (verifier, expected) in verifiers.iter().zip(expected) {
            assert_allocates_nothing(case, verifier, &headers, TEN_CHECKPOINTS, expected);
        }
    }
}

#[test]
fn refusing_a_body_that_is_too_large_allocates_nothing() {
    let too_large = vec![b' '; 256 * 1024 + 1];
    for scheme in SCHEMES {
        let headers = headers(scheme, SystemTime::now());
        let refused = Err(BodyTooLarge);
        assert_allocates_nothing("too large", &verifier(None), &headers, &too_large, refused);
    }
}

#[cfg(feature = "http")]
#[test]
fn verifying_a_header_map_allocates_nothing() {
    let verifiers = [None, Some(Timestamp), Some(Body)].map(verifier);
    for (case, headers, expected) in cases() {
        let mut map = http::HeaderMap::new();
        for (name, value) in &headers {
            let name: http::HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        for (verifier, expected) in verifiers.iter().zip(expected) {
            assert_allocates_nothing(case, verifier, &map, TEN_CHECKPOINTS, expected);
        }
    }
}

#[test]
fn receiving_allocates_what_the_event_holds() {
    let verifier = Verifier::new("secret").unwrap();
    let headers = headers(Timestamp, SystemTime::now());
    let body = Bytes::from_static(TEN_CHECKPOINTS);
    let counted = measure(|| {
        let delivery = verifier.receive::<Event>(&headers, body.clone()).unwrap();
        drop(delivery);
    });
    assert_eq!(counted.count_total, ALLOCATIONS_OF_TEN_CHECKPOINTS);
}
