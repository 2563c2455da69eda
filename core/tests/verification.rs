//! What a verifier accepts and refuses, and in which order it judges.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use trackingmore_webhook::{
    ConfigError, Delivery, Error, ErrorKind, Event, Incoming, Scheme, Signer, Verified,
    VerifiedBody, Verifier, VerifierBuilder, retry::RetrySchedule,
};

const BODY: &[u8] = br#"{"code":200,"data":{"tracking_number":"LX405512873SE"}}"#;
const NOW: u64 = 1_772_437_260;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn signer() -> Signer {
    Signer::new("secret").unwrap()
}

fn builder() -> VerifierBuilder {
    Verifier::builder().secret("secret")
}

fn verify_signed_at(verifier: &Verifier, seconds: u64) -> Result<Verified, ErrorKind> {
    let signature = signer().sign_timestamp(seconds).to_hex();
    let headers = [("timestamp", seconds.to_string()), ("signature", signature)];
    verifier
        .verify_at(&headers, BODY, now())
        .map_err(|error| error.kind())
}

fn kind(result: Result<impl Sized, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn both_forms_are_accepted_until_one_is_pinned() {
    for signed in [Scheme::Timestamp, Scheme::Body] {
        let headers = signer().headers(signed, now(), BODY);
        let verified = builder()
            .build()
            .unwrap()
            .verify_at(&headers, BODY, now())
            .unwrap();
        assert_eq!(verified.scheme(), signed);
        assert_eq!(verified.covers_body(), signed == Scheme::Body);
        assert_eq!(
            verified.timestamp(),
            (signed == Scheme::Timestamp).then(now)
        );

        for pinned in [Scheme::Timestamp, Scheme::Body] {
            let verifier = builder().scheme(pinned).build().unwrap();
            let verified = verifier.verify_at(&headers, BODY, now());
            assert_eq!(verified.is_ok(), signed == pinned, "{signed:?} {pinned:?}");
        }
    }
}

#[test]
fn the_last_pinned_scheme_wins() {
    let verifier = builder()
        .scheme(Scheme::Body)
        .scheme(Scheme::Timestamp)
        .build()
        .unwrap();
    let headers = signer().headers(Scheme::Timestamp, now(), BODY);
    assert!(verifier.verify_at(&headers, BODY, now()).is_ok());
}

#[test]
fn each_secret_of_a_rotation_verifies_and_reports_its_index() {
    let secrets = ["current", "previous", "oldest"];
    let verifier = Verifier::builder()
        .secret("current")
        .secret("previous")
        .secret("oldest");
    let verifier = verifier.build().unwrap();
    for scheme in [Scheme::Timestamp, Scheme::Body] {
        for (index, secret) in secrets.into_iter().enumerate() {
            let headers = Signer::new(secret).unwrap().headers(scheme, now(), BODY);
            let verified = verifier.verify_at(&headers, BODY, now()).unwrap();
            assert_eq!(verified.secret_index(), index);
        }
        let headers = Signer::new("unknown").unwrap().headers(scheme, now(), BODY);
        let refused = verifier.verify_at(&headers, BODY, now());
        assert_eq!(kind(refused), Some(ErrorKind::SignatureMismatch));
    }
}

#[test]
fn a_captured_pair_sent_as_a_body_of_digits_is_refused_in_every_mode() {
    let signature = signer().sign_timestamp(NOW);
    let body = NOW.to_string();
    for verifier in [
        builder().build().unwrap(),
        builder().scheme(Scheme::Timestamp).build().unwrap(),
        builder().scheme(Scheme::Body).build().unwrap(),
    ] {
        for text in [signature.to_hex(), signature.to_base64()] {
            for timestamp in [None, Some("x"), Some("")] {
                let mut headers = vec![("signature", text.as_str())];
                headers.extend(timestamp.map(|value| ("timestamp", value)));
                assert!(
                    verifier
                        .verify_at(&headers, body.as_bytes(), now())
                        .is_err()
                );
                if let Ok(mut incoming) = verifier.begin_at(&headers, now()) {
                    for digit in body.bytes() {
                        incoming.push(Bytes::copy_from_slice(&[digit])).unwrap();
                    }
                    assert_eq!(kind(incoming.finish()), Some(ErrorKind::SignatureMismatch));
                }
                let received = verifier.receive::<u64>(&headers, body.clone().into());
                assert!(received.is_err());
            }
        }
    }
}

#[test]
fn the_default_window_accepts_every_retry_that_any_reading_allows() {
    let verifier = builder().build().unwrap();
    for schedule in [RetrySchedule::documented(), RetrySchedule::formula()] {
        let window = schedule.window().as_secs();
        assert!(
            verify_signed_at(&verifier, NOW - window).is_ok(),
            "{schedule:?}"
        );
    }
    let six_days = 6 * 24 * 60 * 60;
    assert!(verify_signed_at(&verifier, NOW - six_days).is_ok());
    let refused = verify_signed_at(&verifier, NOW - six_days - 1);
    assert_eq!(refused.unwrap_err(), ErrorKind::StaleTimestamp);
}

#[test]
fn a_shorter_window_refuses_what_is_older() {
    let verifier = builder().max_age(Duration::from_secs(300)).build().unwrap();
    assert!(verify_signed_at(&verifier, NOW - 300).is_ok());
    let refused = verify_signed_at(&verifier, NOW - 301).unwrap_err();
    assert_eq!(refused, ErrorKind::StaleTimestamp);
}

#[test]
fn the_clock_skew_bounds_the_future() {
    let verifier = builder().build().unwrap();
    assert!(verify_signed_at(&verifier, NOW + 300).is_ok());
    let refused = verify_signed_at(&verifier, NOW + 301).unwrap_err();
    assert_eq!(refused, ErrorKind::FutureTimestamp);
    let strict = builder().max_clock_skew(Duration::ZERO).build().unwrap();
    assert!(verify_signed_at(&strict, NOW).is_ok());
    let refused = verify_signed_at(&strict, NOW + 1).unwrap_err();
    assert_eq!(refused, ErrorKind::FutureTimestamp);
}

#[test]
fn ages_do_not_overflow() {
    let endless = builder()
        .max_age(Duration::MAX)
        .max_clock_skew(Duration::MAX)
        .build()
        .unwrap();
    assert!(verify_signed_at(&endless, 0).is_ok());
    for seconds in [u64::MAX, u64::MAX - 1, i64::MAX as u64 + 1] {
        // No system time is that late, so there is nothing to report as verified.
        let refused = verify_signed_at(&endless, seconds).unwrap_err();
        assert_eq!(refused, ErrorKind::FutureTimestamp);
    }
    let headers = signer().headers(Scheme::Timestamp, now(), BODY);
    let before_1970 = UNIX_EPOCH - Duration::from_secs(5);
    let refused = builder()
        .build()
        .unwrap()
        .verify_at(&headers, BODY, before_1970);
    assert_eq!(kind(refused), Some(ErrorKind::FutureTimestamp));
}

#[test]
fn the_window_does_not_apply_to_the_body_form() {
    let verifier = builder().max_age(Duration::ZERO).build().unwrap();
    let headers = signer().headers(Scheme::Body, UNIX_EPOCH, BODY);
    assert!(verifier.verify_at(&headers, BODY, now()).is_ok());
}

#[test]
fn what_is_reported_as_stale_or_future_has_a_valid_signature() {
    let verifier = builder().build().unwrap();
    for seconds in [0, NOW + 10_000] {
        let wrong = Signer::new("wrong")
            .unwrap()
            .sign_timestamp(seconds)
            .to_hex();
        let headers = [("timestamp", seconds.to_string()), ("signature", wrong)];
        let refused = verifier.verify_at(&headers, BODY, now());
        assert_eq!(kind(refused), Some(ErrorKind::SignatureMismatch));
        assert!(matches!(
            verify_signed_at(&verifier, seconds),
            Err(ErrorKind::StaleTimestamp | ErrorKind::FutureTimestamp)
        ));
    }
}

#[test]
fn a_match_of_the_timestamp_is_final() {
    let body = NOW.to_string();
    let old = 1_000_000_000;
    let verifier = builder().build().unwrap();
    let signature = signer().sign_timestamp(old).to_hex();
    let headers = [("timestamp", old.to_string()), ("signature", signature)];
    let refused = verifier.verify_at(&headers, body.as_bytes(), now());
    assert_eq!(kind(refused), Some(ErrorKind::StaleTimestamp));
}

#[test]
fn the_first_failure_wins() {
    let limit = 10;
    let too_large = [b' '; 11];
    let pinned = builder()
        .scheme(Scheme::Timestamp)
        .body_limit(limit)
        .build()
        .unwrap();
    let stale = signer().sign_timestamp(5).to_hex();
    let large = ("content-length", "11");
    let cases: [(&[(&str, &str)], ErrorKind); 7] = [
        (
            &[("timestamp", "1"), ("timestamp", "2"), large],
            ErrorKind::MissingHeader,
        ),
        (
            &[
                ("signature", "x"),
                ("signature", "y"),
                ("timestamp", "1"),
                ("timestamp", "2"),
            ],
            ErrorKind::RepeatedHeader,
        ),
        (
            &[
                ("signature", "x"),
                ("timestamp", "1"),
                ("timestamp", "2"),
                large,
            ],
            ErrorKind::MalformedSignature,
        ),
        (
            &[
                ("signature", &stale),
                ("timestamp", "5"),
                ("timestamp", "5"),
                large,
            ],
            ErrorKind::RepeatedHeader,
        ),
        (&[("signature", &stale), large], ErrorKind::MissingHeader),
        (
            &[("signature", &stale), ("timestamp", "-5"), large],
            ErrorKind::MalformedTimestamp,
        ),
        (
            &[("signature", &stale), ("timestamp", "5"), large],
            ErrorKind::StaleTimestamp,
        ),
    ];
    for (headers, expected) in cases {
        assert_eq!(
            kind(pinned.begin_at(headers, now())),
            Some(expected),
            "{headers:?}"
        );
        let judged = pinned.verify_at(headers, &too_large, now());
        assert_eq!(kind(judged), Some(expected), "{headers:?}");
    }
}

#[test]
fn whitespace_around_a_value_is_not_stripped() {
    let pinned = builder().scheme(Scheme::Timestamp).build().unwrap();
    let signature = signer().sign_timestamp(NOW).to_hex();
    for timestamp in [
        format!(" {NOW}"),
        format!("{NOW} "),
        format!("{NOW}\t"),
        format!("{NOW}\n"),
    ] {
        let headers = [("timestamp", timestamp.as_str()), ("signature", &signature)];
        let refused = pinned.verify_at(&headers, BODY, now());
        assert_eq!(
            kind(refused),
            Some(ErrorKind::MalformedTimestamp),
            "{timestamp:?}"
        );
    }
    let time = NOW.to_string();
    for signature in [format!(" {signature}"), format!("{signature}\n")] {
        let headers = [("timestamp", time.as_str()), ("signature", &signature)];
        let refused = pinned.verify_at(&headers, BODY, now());
        assert_eq!(
            kind(refused),
            Some(ErrorKind::MalformedSignature),
            "{signature:?}"
        );
    }
}

#[test]
fn base64_that_is_padded_before_its_end_is_malformed() {
    let verifier = builder().build().unwrap();
    let time = NOW.to_string();
    let signature = signer().sign_timestamp(NOW);
    let bytes = hex::decode(signature.to_hex()).unwrap();
    for len in [2, 5, 17, 29] {
        let (first, rest) = bytes.split_at(len);
        let text = BASE64.encode(first) + &BASE64.encode(rest);
        assert_eq!(text.len(), 44);
        let headers = [("timestamp", &time), ("signature", &text)];
        let refused = verifier.verify_at(&headers, BODY, now());
        assert_eq!(kind(refused), Some(ErrorKind::MalformedSignature), "{text}");
    }
}

#[test]
fn with_the_body_form_pinned_the_timestamp_is_ignored() {
    let verifier = builder().scheme(Scheme::Body).build().unwrap();
    let signature = signer().sign_body(BODY).to_hex();
    let headers = [
        ("timestamp", "x"),
        ("timestamp", "y"),
        ("signature", signature.as_str()),
    ];
    assert!(verifier.verify_at(&headers, BODY, now()).is_ok());
}

#[test]
fn a_declared_length_over_the_limit_is_refused_by_the_headers() {
    let verifier = builder().body_limit(100).build().unwrap();
    let headers = |length: &str| {
        let mut headers = signer().headers(Scheme::Timestamp, now(), BODY);
        headers.push(("content-length".to_owned(), length.to_owned()));
        headers
    };
    for length in [
        "101",
        "1000000000000",
        "18446744073709551616",
        // 21 digits are not read.
        "000000000000000000100",
        "99999999999999999999999999",
    ] {
        let refused = verifier.begin_at(&headers(length), now());
        assert_eq!(kind(refused), Some(ErrorKind::BodyTooLarge), "{length}");
    }
    for length in ["100", "00000000000000000100", "0", "", "x", "-1", "1e9"] {
        assert!(
            verifier.begin_at(&headers(length), now()).is_ok(),
            "{length}"
        );
    }
}

#[test]
fn the_limit_applies_to_a_whole_body_too() {
    let verifier = builder().body_limit(BODY.len()).build().unwrap();
    let mut longer = BODY.to_vec();
    longer.push(b' ');
    for scheme in [Scheme::Timestamp, Scheme::Body] {
        let headers = signer().headers(scheme, now(), BODY);
        assert!(verifier.verify_at(&headers, BODY, now()).is_ok());
        let headers = signer().headers(scheme, now(), &longer);
        let refused = verifier.verify_at(&headers, &longer, now());
        assert_eq!(kind(refused), Some(ErrorKind::BodyTooLarge));
    }
}

#[test]
fn headers_with_other_names_can_be_read() {
    let verifier = builder()
        .signature_header("X-Sign")
        .timestamp_header("X-Time");
    let verifier = verifier.build().unwrap();
    let signature = signer().sign_timestamp(NOW).to_hex();
    let headers = [("x-time", NOW.to_string()), ("x-sign", signature)];
    assert!(verifier.verify_at(&headers, BODY, now()).is_ok());
    let usual = signer().headers(Scheme::Timestamp, now(), BODY);
    let refused = verifier.verify_at(&usual, BODY, now());
    assert_eq!(kind(refused), Some(ErrorKind::MissingHeader));
}

#[test]
fn an_empty_signed_body_is_verified_but_is_not_an_event() {
    let verifier = builder().build().unwrap();
    let headers = signer().headers(Scheme::Body, now(), b"");
    assert!(
        verifier
            .verify_at(&headers, b"", now())
            .unwrap()
            .covers_body()
    );
    let received = verifier.receive::<Event>(&headers, Bytes::new());
    assert_eq!(kind(received), Some(ErrorKind::InvalidJson));
}

#[test]
fn a_received_delivery_has_the_event_the_body_and_the_proof() {
    let headers = signer().headers(Scheme::Timestamp, SystemTime::now(), BODY);
    let bytes = Bytes::from_static(BODY);
    let delivery = builder()
        .build()
        .unwrap()
        .receive::<Event>(&headers, bytes.clone())
        .unwrap();
    assert_eq!(delivery.event.tracking.tracking_number, "LX405512873SE");
    assert_eq!(delivery.body, bytes);
    assert_eq!(delivery.verified.scheme(), Scheme::Timestamp);
    // Made with sha256sum.
    let digest = "e0e2912bb7b166650eec7f745957657c5681845a6bc89d6f91a1a5caf628dfc3";
    let id = delivery.id();
    assert_eq!(id.to_string(), digest);
    assert_eq!(format!("{id:?}"), format!("DeliveryId({digest})"));
    assert_eq!(id.as_bytes()[..4], [0xe0, 0xe2, 0x91, 0x2b]);
    let mut incoming = builder().build().unwrap().begin(&headers).unwrap();
    incoming.push(bytes).unwrap();
    assert_eq!(incoming.finish().unwrap().id(), id);
}

#[test]
fn public_types_cross_threads() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Verifier>();
    is_send_and_sync::<VerifierBuilder>();
    is_send_and_sync::<Incoming>();
    is_send_and_sync::<VerifiedBody>();
    is_send_and_sync::<Delivery>();
    is_send_and_sync::<Signer>();
    is_send_and_sync::<Error>();
    is_send_and_sync::<ConfigError>();
}

#[test]
fn an_error_has_the_body_of_a_delivery_that_could_not_be_read() {
    let verifier = builder().build().unwrap();
    let genuine = signer().headers(Scheme::Timestamp, SystemTime::now(), b"");
    for odd in [&b"not JSON"[..], b"[]"] {
        let error = verifier.receive::<Event>(&genuine, odd.into()).unwrap_err();
        let body = error.verified_body().unwrap();
        assert_eq!(body.bytes(), odd);
        assert!(body.is_accepted_by(&verifier));
        assert!(body.parse::<Event>().unwrap_err().verified_body().is_some());
        assert_eq!(error.into_verified_body().unwrap().into_bytes(), odd);
    }
    let error = verifier.receive::<Event>(&genuine[..1].to_vec(), "{}".into());
    assert!(error.unwrap_err().into_verified_body().is_none());
}
