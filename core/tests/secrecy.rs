//! What is logged at which level, and that nothing secret or personal is shown anywhere.

#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tracing::Level;
use trackingmore_webhook::{
    Error, ErrorKind, Event, Scheme, Signature, Signer, Verified, Verifier, VerifierBuilder,
};

const SECRET: &str = "correct-horse-battery-staple";
const PAYLOAD: &str = "jane.doe@example.com";

fn body() -> Bytes {
    let body = format!(r#"{{"data":{{"tracking_number":"9261","note":"{PAYLOAD}"}}}}"#);
    Bytes::from(body)
}

fn headers(scheme: Scheme, body: &[u8]) -> Vec<(String, String)> {
    Signer::new(SECRET)
        .unwrap()
        .headers(scheme, SystemTime::now(), body)
}

#[test]
fn debug_of_a_state_that_holds_everything_shows_no_byte_of_the_secret() {
    #[derive(Debug)]
    #[allow(dead_code)]
    struct AppState {
        builder: VerifierBuilder,
        verifier: Verifier,
        signer: Signer,
        signature: Signature,
        error: Error,
        verified: Verified,
    }
    let verifier = Verifier::new(SECRET).unwrap();
    let signer = Signer::new(SECRET).unwrap();
    let headers = headers(Scheme::Timestamp, b"");
    let state = AppState {
        builder: Verifier::builder().secret(SECRET),
        verifier: verifier.clone(),
        signature: signer.sign_timestamp(1),
        signer: signer.clone(),
        error: ErrorKind::SignatureMismatch.into(),
        verified: verifier.verify(&headers, b"{}").unwrap(),
    };
    let incoming = verifier.begin(&headers).unwrap();
    for shown in [
        format!("{state:?}"),
        format!("{state:#?}"),
        format!("{incoming:?}"),
    ] {
        for word in SECRET.split('-') {
            assert!(!shown.contains(word), "{shown}");
        }
        assert!(
            !shown.contains(&signer.sign_timestamp(1).to_hex()),
            "{shown}"
        );
        assert!(
            !shown.contains(&format!("{:?}", SECRET.as_bytes())),
            "{shown}"
        );
    }
    let options = "{ name: None, secrets: 1, scheme: None, max_age: 518400s, max_clock_skew: 300s, \
         signature_header: \"signature\", timestamp_header: \"timestamp\", body_limit: 262144 }";
    assert_eq!(
        format!("{:?}", state.builder),
        format!("VerifierBuilder {options}")
    );
    assert_eq!(
        format!("{:?}", state.verifier),
        format!("Verifier {options}")
    );
    assert_eq!(
        format!("{incoming:?}"),
        format!("Incoming {{ len: 0, verifier: Verifier {options}, .. }}")
    );
    assert_eq!(format!("{:?}", state.signer), "Signer { .. }");
}

#[test]
fn debug_of_a_delivery_shows_lengths() {
    let body = body();
    let headers = headers(Scheme::Body, &body);
    let mut incoming = Verifier::new(SECRET).unwrap().begin(&headers).unwrap();
    incoming.push(body.clone()).unwrap();
    let verified = incoming.finish().unwrap();
    let delivery = verified
        .parse::<BTreeMap<String, serde_json::Value>>()
        .unwrap();
    let len = body.len();
    assert_eq!(
        format!("{verified:?}"),
        format!(
            "VerifiedBody {{ len: {len}, verified: {:?}, .. }}",
            verified.verified()
        )
    );
    assert_eq!(
        format!("{delivery:?}"),
        format!(
            "Delivery {{ body_len: {len}, verified: {:?}, .. }}",
            delivery.verified
        )
    );
    assert!(!format!("{verified:#?}{delivery:#?}").contains("jane"));
}

#[test]
fn no_error_quotes_the_payload() {
    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Strict {
        data: BTreeMap<String, u8>,
    }
    let body = body();
    let headers = headers(Scheme::Timestamp, &body);
    let error = Verifier::new(SECRET)
        .unwrap()
        .receive::<Strict>(&headers, body)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "body is JSON of another shape than expected, at data.*"
    );
    let source = std::error::Error::source(&error);
    assert!(source.is_none());
    for shown in [format!("{error:?}"), error.problem()] {
        assert!(
            !shown.contains("jane") && !shown.contains("9261"),
            "{shown}"
        );
    }
}

#[test]
fn accepted_deliveries_are_logged_with_what_an_operator_needs() {
    let verifier = Verifier::builder()
        .secret("other")
        .secret(SECRET)
        .build()
        .unwrap();
    let then = SystemTime::now() - Duration::from_secs(90);
    let headers = Signer::new(SECRET)
        .unwrap()
        .headers(Scheme::Timestamp, then, b"");
    let log = Log::capture(Level::DEBUG, || {
        verifier
            .verify_at(&headers, &body(), then + Duration::from_secs(90))
            .unwrap();
    });
    assert_eq!(log.lines().count(), 1, "{log}");
    for part in [
        "DEBUG",
        "scheme=Timestamp",
        "age_seconds=90",
        "secret_index=1",
    ] {
        assert!(log.contains(part), "{log}");
    }
}

#[test]
fn unsigned_requests_do_not_warn() {
    let verifier = Verifier::builder()
        .secret(SECRET)
        .body_limit(10)
        .build()
        .unwrap();
    let forged = Signer::new("wrong")
        .unwrap()
        .headers(Scheme::Body, SystemTime::now(), b"");
    let forge = || {
        assert!(verifier.verify(&forged, &body()).is_err());
        assert!(verifier.verify(&[("signature", "x")], b"").is_err());
        assert!(verifier.verify(&[("other", "x")], b"").is_err());
        let mut incoming = verifier.begin(&forged).unwrap();
        assert!(incoming.push(body()).is_err());
        let mut incoming = verifier.begin(&forged).unwrap();
        incoming.refuse(ErrorKind::BodyUnreadable);
    };
    assert_eq!(Log::capture(Level::INFO, forge), "");
    assert_eq!(Log::capture(Level::DEBUG, forge).lines().count(), 5);
}

#[test]
fn a_delivery_that_is_refused_despite_a_valid_signature_is_a_warning() {
    let verifier = Verifier::builder()
        .secret(SECRET)
        .body_limit(100)
        .build()
        .unwrap();
    let now = SystemTime::now();
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let signer = Signer::new(SECRET).unwrap();
    let genuine = signer.headers(Scheme::Timestamp, now, b"");
    let refusals: [(&str, &dyn Fn()); 6] = [
        ("stale_timestamp", &|| {
            let then = now - minutes(60 * 24 * 13);
            let headers = signer.headers(Scheme::Timestamp, then, b"");
            assert!(verifier.verify_at(&headers, b"{}", now).is_err());
        }),
        ("future_timestamp", &|| {
            let headers = signer.headers(Scheme::Timestamp, now + minutes(10), b"");
            assert!(verifier.begin_at(&headers, now).is_err());
        }),
        ("body_too_large", &|| {
            assert!(verifier.verify_at(&genuine, &[b' '; 101], now).is_err());
        }),
        ("body_unreadable", &|| {
            verifier
                .begin_at(&genuine, now)
                .unwrap()
                .refuse(ErrorKind::BodyUnreadable);
        }),
        ("invalid_json", &|| {
            let received = verifier.receive::<Event>(&genuine, Bytes::from_static(b"jane"));
            assert!(received.is_err());
        }),
        ("unexpected_shape", &|| {
            let received = verifier.receive::<Event>(&genuine, Bytes::from_static(b"\"jane\""));
            assert!(received.is_err());
        }),
    ];
    for (code, refuse) in refusals {
        let log = Log::capture(Level::WARN, refuse);
        assert_eq!(log.lines().count(), 1, "{code}: {log}");
        assert!(
            log.contains("WARN") && log.contains(&format!("code=\"{code}\"")),
            "{log}"
        );
    }
}

#[test]
fn each_log_line_has_the_name_of_the_verifier() {
    let verifier = Verifier::builder()
        .secret(SECRET)
        .name("shoes")
        .build()
        .unwrap();
    let genuine = headers(Scheme::Timestamp, b"");
    let forged = Signer::new("wrong")
        .unwrap()
        .headers(Scheme::Timestamp, SystemTime::now(), b"");
    let log = Log::capture(Level::DEBUG, || {
        verifier.verify(&genuine, b"{}").unwrap();
        for _ in 0..10 {
            assert!(verifier.verify(&forged, b"{}").is_err());
        }
        let received = verifier.receive::<Event>(&genuine, Bytes::from_static(b"{"));
        assert!(received.is_err());
    });
    assert_eq!(log.lines().count(), 1 + 10 + 1 + 1, "{log}");
    for line in log.lines() {
        assert!(line.contains("verifier=\"shoes\""), "{line}");
    }
}

#[test]
fn a_delivery_that_cannot_be_read_is_not_logged_as_accepted_first() {
    let verifier = Verifier::new(SECRET).unwrap();
    let genuine = headers(Scheme::Timestamp, b"");
    let log = Log::capture(Level::DEBUG, || {
        let received = verifier.receive::<Event>(&genuine, Bytes::from_static(b"{"));
        assert!(received.is_err());
    });
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(
        log.contains("valid signature, but refused: body is not JSON"),
        "{log}"
    );
}

#[test]
fn the_age_of_stale_and_future_deliveries_is_logged() {
    let verifier = Verifier::new(SECRET).unwrap();
    let now = SystemTime::now();
    let then = |age: i64| {
        let distance = Duration::from_secs(age.unsigned_abs());
        if age < 0 {
            now + distance
        } else {
            now - distance
        }
    };
    for age in [600_000, -600] {
        let headers = Signer::new(SECRET)
            .unwrap()
            .headers(Scheme::Timestamp, then(age), b"");
        let log = Log::capture(Level::WARN, || {
            assert!(verifier.verify_at(&headers, b"{}", now).is_err());
        });
        assert!(log.contains(&format!("age_seconds={age}")), "{log}");
    }
}

#[test]
fn signatures_in_a_row_that_match_nothing_are_a_warning_at_10_100_and_1000() {
    let verifier = Verifier::new(SECRET).unwrap();
    let forged =
        Signer::new("another environment")
            .unwrap()
            .headers(Scheme::Body, SystemTime::now(), b"{}");
    let warnings = |forgeries: usize| {
        let log = Log::capture(Level::INFO, || {
            for _ in 0..forgeries {
                let clone = verifier.clone();
                assert!(clone.verify(&forged, b"{}").is_err());
                assert!(clone.verify(&[("signature", "malformed")], b"{}").is_err());
            }
        });
        log.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(warnings(9).is_empty());
    let tenth = warnings(1);
    assert_eq!(tenth.len(), 1, "{tenth:?}");
    assert!(
        tenth[0].contains(
            "signatures match no configured secret, 10 in a row: check that the secret is that of \
             this webhook and environment"
        ),
        "{tenth:?}"
    );
    assert!(warnings(89).is_empty());
    assert_eq!(warnings(1 + 899 + 1).len(), 2);

    let now = SystemTime::now();
    for genuine in [now, now - Duration::from_secs(86_400 * 7)] {
        let headers = Signer::new(SECRET)
            .unwrap()
            .headers(Scheme::Timestamp, genuine, b"");
        let _ = verifier.verify(&headers, b"{}");
        assert!(warnings(9).is_empty());
        assert_eq!(warnings(1).len(), 1);
    }
}

#[test]
fn no_log_line_echoes_a_header_or_the_payload() {
    let verifier = Verifier::new(SECRET).unwrap();
    let marked = "deadbeef".repeat(8);
    let signed = headers(Scheme::Timestamp, b"");
    let log = Log::capture(Level::TRACE, || {
        for (timestamp, signature) in [
            ("1234567890", marked.as_str()),
            ("marked-time", marked.as_str()),
            ("1234567890", "marked-signature"),
            (&signed[0].1, &signed[1].1),
        ] {
            let headers = [("timestamp", timestamp), ("signature", signature)];
            for body in [
                body(),
                Bytes::from(PAYLOAD),
                Bytes::from(format!("\"{PAYLOAD}\"")),
            ] {
                let _ = verifier.receive::<Event>(&headers, body);
            }
        }
    });
    assert!(log.lines().count() >= 12, "{log}");
    let timestamp = &signed[0].1;
    let signature = &signed[1].1;
    for word in [
        "deadbeef",
        "1234567890",
        "marked",
        "jane",
        SECRET,
        timestamp,
        signature,
    ] {
        assert!(!log.contains(word), "{word} in {log}");
    }
}

/// Collects what is logged by this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn capture(level: Level, run: impl FnOnce()) -> String {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, run);
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
