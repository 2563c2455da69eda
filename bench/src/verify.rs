//! Verification: compared with the bare HMAC that it needs, and with crates that verify other
//! webhooks.

use std::{hint::black_box, time::SystemTime};

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName};
use sha2::Sha256;
use trackingmore_webhook::{Scheme, Signature, Signer, Verifier};
use webhook_verify::{Provider, Secret, VerifyOptions};

use crate::{
    SECRET, deliveries, pairs,
    table::{Goal, Table},
};

pub fn measure(table: &mut Table) {
    let now = SystemTime::now();
    let signer = Signer::new(SECRET).unwrap();

    let headers = signer.headers(Scheme::Timestamp, now, b"");
    let timestamp = headers[0].1.as_bytes();
    measure_scheme(table, Scheme::Timestamp, &headers, b"{}", timestamp);
    for (_, delivery) in deliveries::all() {
        let body = delivery.as_bytes();
        let headers = signer.headers(Scheme::Body, now, body);
        measure_scheme(table, Scheme::Body, &headers, body, body);
    }
    measure_base64(table, &headers);
    measure_hex(table, &headers[1].1);

    let body = deliveries::ten_checkpoints();
    for (scheme, body) in [
        (Scheme::Timestamp, &b"{}"[..]),
        (Scheme::Body, body.as_bytes()),
    ] {
        let headers = signer.headers(scheme, now, body);
        measure_defaults(table, scheme, &headers, body);
        measure_secrets(table, scheme, &headers, body);
        measure_forged(table, scheme, &headers, body);
    }
    for message_len in [timestamp.len(), body.len()] {
        measure_peers(table, message_len);
    }
}

type Pairs = Vec<(String, String)>;

/// The pinned scheme, compared with one HMAC of the message that it covers.
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
        (Scheme::Timestamp, _) => Goal::AtMost(1.6),
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

/// The timestamp form with its signature in base64, as documented for the body form.
fn measure_base64(table: &mut Table, headers: &Pairs) {
    let verifier = pinned(Scheme::Timestamp);
    let timestamp = headers[0].1.as_bytes();
    let key = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let mut headers = headers.clone();
    headers[1].1 = headers[1].1.parse::<Signature>().unwrap().to_base64();
    let ratio = pairs::compare(
        || verifier.verify(black_box(&headers), b"{}").unwrap(),
        || key.clone().chain_update(black_box(timestamp)).finalize(),
    );
    let name = "verify Timestamp in base64 / hmac";
    table.add(name, "ns", ratio, Goal::AtMost(1.8));
}

fn measure_hex(table: &mut Table, signature: &str) {
    let ratio = pairs::compare(
        || black_box(signature).parse::<Signature>().unwrap(),
        || {
            let mut bytes = [0; 32];
            let text = black_box(signature).as_bytes();
            hex::decode_to_slice(text, &mut bytes).unwrap();
            bytes
        },
    );
    let name = "read a signature in hex / hex";
    table.add(name, "ns", ratio, Goal::None);
}

/// Neither scheme pinned, compared with the one HMAC that a pinned scheme needs.
fn measure_defaults(table: &mut Table, scheme: Scheme, headers: &Pairs, body: &[u8]) {
    let verifier = Verifier::new(SECRET).unwrap();
    let key = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let message = match scheme {
        Scheme::Body => body,
        _ => headers[0].1.as_bytes(),
    };
    let hmac = || key.clone().chain_update(black_box(message)).finalize();
    let name = format!("verify {scheme:?} of {} B, defaults", message.len());

    let ratio = pairs::compare(
        || {
            verifier
                .verify(black_box(headers), black_box(body))
                .unwrap()
        },
        hmac,
    );
    table.add(format!("{name} / hmac"), "ns", ratio, Goal::None);

    let map = header_map(headers);
    let ratio = pairs::compare(
        || verifier.verify(black_box(&map), black_box(body)).unwrap(),
        hmac,
    );
    let name = format!("{name}, HeaderMap of 7 / hmac");
    table.add(name, "ns", ratio, Goal::None);
}

fn measure_secrets(table: &mut Table, scheme: Scheme, headers: &Pairs, body: &[u8]) {
    let one = pinned(scheme);
    let three = Verifier::builder().secret("a").secret("b").secret(SECRET);
    let three = three.scheme(scheme).build().unwrap();
    let ratio = pairs::compare(
        || three.verify(black_box(headers), black_box(body)).unwrap(),
        || one.verify(black_box(headers), black_box(body)).unwrap(),
    );
    let name = format!("verify {scheme:?}, third of three secrets / one");
    table.add(name, "ns", ratio, Goal::AtMost(3.0));

    let forged = forged(scheme, body);
    let ratio = pairs::compare(
        || {
            three
                .verify(black_box(&forged), black_box(body))
                .unwrap_err()
        },
        || one.verify(black_box(&forged), black_box(body)).unwrap_err(),
    );
    let name = format!("verify {scheme:?}, forged, three secrets / one");
    table.add(name, "ns", ratio, Goal::None);
}

fn measure_forged(table: &mut Table, scheme: Scheme, headers: &Pairs, body: &[u8]) {
    let verifier = pinned(scheme);
    let forged = forged(scheme, body);
    let ratio = pairs::compare(
        || {
            verifier
                .verify(black_box(&forged), black_box(body))
                .unwrap_err()
        },
        || {
            verifier
                .verify(black_box(headers), black_box(body))
                .unwrap()
        },
    );
    let name = format!("verify {scheme:?}, forged / genuine");
    table.add(name, "ns", ratio, Goal::None);
}

/// Headers signed with another secret.
fn forged(scheme: Scheme, body: &[u8]) -> Pairs {
    let signer = Signer::new("another secret").unwrap();
    signer.headers(scheme, SystemTime::now(), body)
}

/// Crates that verify other webhooks, each with its own full verification of the same number of
/// signed bytes. Svix's sign an id and a timestamp together with the body, so the fewest bytes that
/// they can sign are a few more than ours, in the same single block of SHA-256.
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
    let signed = header_map(&[
        ("webhook-id".to_owned(), "m".to_owned()),
        ("webhook-timestamp".to_owned(), seconds.to_string()),
        ("webhook-signature".to_owned(), signature),
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

/// The headers, among those that every request has.
fn header_map(pairs: &[(String, String)]) -> HeaderMap {
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
