//! Verification: against the bare HMAC that it cannot do without, and against the crates that
//! verify the webhooks of others.

use std::{hint::black_box, time::SystemTime};

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName};
use sha2::Sha256;
use trackingmore_webhook::{Scheme, Signer, Verifier};
use webhook_verify::{Provider, Secret, VerifyOptions};

use crate::{
    SECRET, deliveries, pairs,
    table::{Goal, Table},
};

pub fn measure(table: &mut Table) {
    let now = SystemTime::now();
    let signer = Signer::new(SECRET).unwrap();

    let headers = signer.headers(Scheme::Timestamp, now, b"");
    let timestamp = headers[0].1.clone();
    measure_scheme(
        table,
        Scheme::Timestamp,
        &headers,
        b"{}",
        timestamp.as_bytes(),
    );
    for (_, delivery) in deliveries::all() {
        let body = delivery.as_bytes();
        let headers = signer.headers(Scheme::Body, now, body);
        measure_scheme(table, Scheme::Body, &headers, body, body);
    }

    measure_unpinned(table, &headers);
    measure_secrets(table, &headers);
    measure_forged(table, &headers);
    for message_len in [timestamp.len(), deliveries::ten_checkpoints().len()] {
        measure_peers(table, message_len);
    }
}

type Pairs = Vec<(String, String)>;

/// The pinned scheme against one HMAC of the message that it covers.
fn measure_scheme(table: &mut Table, scheme: Scheme, headers: &Pairs, body: &[u8], message: &[u8]) {
    let verifier = pinned(scheme);
    let ours = || {
        verifier
            .verify(black_box(headers), black_box(body))
            .unwrap()
    };

    let key = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let rustcrypto = || key.clone().chain_update(black_box(message)).finalize();
    let ring_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let ring = || ring::hmac::sign(&ring_key, black_box(message));
    let aws_key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
    let aws = || aws_lc_rs::hmac::sign(&aws_key, black_box(message));

    let goal = match (scheme, body.len()) {
        (Scheme::Timestamp, _) => Goal::AtMostOrBetter(1.8, 1.6),
        (_, 4000..5000) => Goal::AtMost(1.08),
        _ => Goal::None,
    };
    let name = format!("verify {scheme:?} of {} B", message.len());
    for (other, ratio, goal) in [
        ("hmac", pairs::compare(ours, rustcrypto), goal),
        ("hmac of ring", pairs::compare(ours, ring), Goal::None),
        ("hmac of aws-lc-rs", pairs::compare(ours, aws), Goal::None),
    ] {
        table.add(format!("{name} / {other}"), "ns", ratio, goal);
    }
}

/// Neither scheme pinned and the headers of a real request, as an adapter sees it at first.
fn measure_unpinned(table: &mut Table, headers: &Pairs) {
    let pinned = pinned(Scheme::Timestamp);
    let unpinned = Verifier::new(SECRET).unwrap();
    let map = header_map(headers);
    let ratio = pairs::compare(
        || unpinned.verify(black_box(&map), b"{}").unwrap(),
        || pinned.verify(black_box(headers), b"{}").unwrap(),
    );
    table.add(
        "verify Timestamp, defaults, HeaderMap of 7 / pinned, pairs",
        "ns",
        ratio,
        Goal::None,
    );
}

fn measure_secrets(table: &mut Table, headers: &Pairs) {
    let one = pinned(Scheme::Timestamp);
    let three = Verifier::builder().secret("a").secret("b").secret(SECRET);
    let three = three.scheme(Scheme::Timestamp).build().unwrap();
    let ratio = pairs::compare(
        || three.verify(black_box(headers), b"{}").unwrap(),
        || one.verify(black_box(headers), b"{}").unwrap(),
    );
    table.add(
        "verify Timestamp, third of three secrets / one",
        "ns",
        ratio,
        Goal::AtMost(3.0),
    );
}

fn measure_forged(table: &mut Table, headers: &Pairs) {
    let verifier = pinned(Scheme::Timestamp);
    let mut forged = headers.clone();
    forged[1].1 = "0".repeat(64);
    let ratio = pairs::compare(
        || verifier.verify(black_box(&forged), b"{}").unwrap_err(),
        || verifier.verify(black_box(headers), b"{}").unwrap(),
    );
    table.add(
        "verify Timestamp, forged / genuine",
        "ns",
        ratio,
        Goal::None,
    );
    let body = deliveries::ten_checkpoints();
    let body = body.as_bytes();
    let verifier = pinned(Scheme::Body);
    let genuine = Signer::new(SECRET)
        .unwrap()
        .headers(Scheme::Body, SystemTime::now(), body);
    let ratio = pairs::compare(
        || {
            verifier
                .verify(black_box(&forged), black_box(body))
                .unwrap_err()
        },
        || {
            verifier
                .verify(black_box(&genuine), black_box(body))
                .unwrap()
        },
    );
    table.add(
        "verify Body of 4.6 KB, forged / genuine",
        "ns",
        ratio,
        Goal::None,
    );
}

/// Crates that verify other webhooks, each by its own full verification of as many signed bytes.
/// Those of Svix sign an id and a timestamp together with the body, so that the fewest bytes they
/// can sign are some more than ours, in the same single block of SHA-256.
fn measure_peers(table: &mut Table, message_len: usize) {
    let message = vec![b'7'; message_len];
    let now = SystemTime::now();
    let signer = Signer::new(SECRET).unwrap();
    let (scheme, target) = if message_len < 20 {
        (Scheme::Timestamp, 0.75)
    } else {
        (Scheme::Body, 1.0)
    };
    let message = match scheme {
        Scheme::Body => [b"[", &message[2..], b"]"].concat(),
        _ => message,
    };
    let verifier = pinned(scheme);
    let pairs_of_ours = signer.headers(scheme, now, &message);
    let ours_map = header_map(&pairs_of_ours);
    let ours = || {
        verifier
            .verify(black_box(&ours_map), black_box(&message))
            .unwrap()
    };
    let ours_of_pairs = || {
        verifier
            .verify(black_box(&pairs_of_ours), black_box(&message))
            .unwrap()
    };

    let envelope = "m.1700000000.".len();
    let payload = &message[..message_len.saturating_sub(envelope)];
    let standard = standardwebhooks::Webhook::from_bytes(SECRET.into()).unwrap();
    let seconds = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        .cast_signed();
    let signature = standard.sign("m", seconds, payload).unwrap();
    let signed = HeaderMap::from_iter([
        (HeaderName::from_static("webhook-id"), "m".parse().unwrap()),
        (HeaderName::from_static("webhook-timestamp"), seconds.into()),
        (
            HeaderName::from_static("webhook-signature"),
            signature.parse().unwrap(),
        ),
    ]);
    let standard = || {
        standard
            .verify(black_box(payload), black_box(&signed))
            .unwrap()
    };
    let svix = svix::webhooks::Webhook::from_bytes(SECRET.into()).unwrap();
    let svix = || svix.verify(black_box(payload), black_box(&signed)).unwrap();

    let secret = Secret::new(SECRET);
    let signature = format!("sha256={}", signer.sign_body(&message).to_hex());
    let github_headers = vec![("X-Hub-Signature-256".to_owned(), signature)];
    let github = || {
        let headers = black_box(&github_headers);
        let options = VerifyOptions::default();
        webhook_verify::verify(
            Provider::GitHub,
            headers,
            black_box(&message),
            &secret,
            options,
        )
        .unwrap();
    };
    let name = format!("verify {scheme:?} of {message_len} B");
    for (peer, ratio) in [
        ("svix", pairs::compare(ours, svix)),
        ("standardwebhooks", pairs::compare(ours, standard)),
        ("webhook-verify", pairs::compare(ours_of_pairs, github)),
    ] {
        table.add(
            format!("{name} / {peer}"),
            "ns",
            ratio,
            Goal::AtMost(target),
        );
    }
}

fn pinned(scheme: Scheme) -> Verifier {
    Verifier::builder()
        .secret(SECRET)
        .scheme(scheme)
        .build()
        .unwrap()
}

/// The headers among those that any request has.
fn header_map(pairs: &Pairs) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in [
        ("host", "example.com"),
        ("user-agent", "TrackingMore"),
        ("accept", "*/*"),
        ("content-type", "application/json"),
        ("content-length", "4703"),
    ] {
        map.insert(HeaderName::from_static(name), value.parse().unwrap());
    }
    for (name, value) in pairs {
        map.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    map
}
