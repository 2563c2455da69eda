//! What a signer signs verifies, and nothing else does.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use proptest::{collection::vec, prelude::*, sample::Index};
use trackingmore_webhook::{
    Error, ErrorKind, Event, Scheme, Signature, Signer, Verified, Verifier,
};

fn secret() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 1..200)
        .prop_filter("whitespace at an end", |secret| Signer::new(secret).is_ok())
}

fn scheme() -> impl Strategy<Value = Scheme> {
    prop_oneof![Just(Scheme::Timestamp), Just(Scheme::Body)]
}

/// Seconds that every clock of the system can hold.
fn seconds() -> impl Strategy<Value = u64> {
    prop_oneof![0..u64::from(u32::MAX), 0..i64::MAX as u64 / 4]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..2_000).prop_filter("digits only", |body| {
        body.is_empty() || !body.iter().all(u8::is_ascii_digit)
    })
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Verifies in one piece and in pieces, which must give the same answer.
fn verify(
    verifier: &Verifier,
    headers: &[(String, Vec<u8>)],
    body: &[u8],
    cuts: &[Index],
    now: SystemTime,
) -> Result<Verified, Error> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
    cuts.extend([0, body.len()]);
    cuts.sort_unstable();
    let in_pieces = verifier.begin_at(headers, now).and_then(|mut incoming| {
        for range in cuts.windows(2) {
            incoming.push(Bytes::copy_from_slice(&body[range[0]..range[1]]))?;
        }
        incoming.finish()
    });
    let whole = verifier.verify_at(headers, body, now);
    match (&whole, &in_pieces) {
        (Ok(whole), Ok(in_pieces)) => {
            assert_eq!(in_pieces.bytes(), body);
            assert_eq!(in_pieces.verified().scheme(), whole.scheme());
            assert_eq!(in_pieces.verified().timestamp(), whole.timestamp());
        }
        (Err(whole), Err(in_pieces)) => assert_eq!(whole.kind(), in_pieces.kind()),
        _ => panic!("{whole:?} as a whole, {in_pieces:?} in pieces"),
    }
    whole
}

fn headers(timestamp: &[u8], signature: &str) -> Vec<(String, Vec<u8>)> {
    vec![
        ("timestamp".to_owned(), timestamp.to_vec()),
        ("signature".to_owned(), signature.as_bytes().to_vec()),
    ]
}

proptest! {
    #[test]
    fn what_a_signer_signs_verifies(
        secret in secret(),
        scheme in scheme(),
        seconds in seconds(),
        body in body(),
        base64 in any::<bool>(),
        cuts in vec(any::<Index>(), 0..8),
    ) {
        let signer = Signer::new(&secret).unwrap();
        let signature = match scheme {
            Scheme::Timestamp => signer.sign_timestamp(seconds),
            _ => signer.sign_body(&body),
        };
        let text = if base64 { signature.to_base64() } else { signature.to_hex() };
        let headers = headers(seconds.to_string().as_bytes(), &text);
        for verifier in [
            Verifier::new(&secret).unwrap(),
            Verifier::builder().secret(&secret).scheme(scheme).build().unwrap(),
        ] {
            let verified = verify(&verifier, &headers, &body, &cuts, at(seconds)).unwrap();
            prop_assert_eq!(verified.scheme(), scheme);
            prop_assert_eq!(verified.covers_body(), scheme == Scheme::Body);
        }
    }

    #[test]
    fn a_request_with_any_bit_changed_does_not_verify(
        secret in secret(),
        scheme in scheme(),
        seconds in seconds(),
        body in body(),
        bit in 0..256_usize,
        place in any::<Index>(),
        digit in b'0'..=b'9',
        cuts in vec(any::<Index>(), 0..8),
    ) {
        let signer = Signer::new(&secret).unwrap();
        let signature = match scheme {
            Scheme::Timestamp => signer.sign_timestamp(seconds).to_hex(),
            _ => signer.sign_body(&body).to_hex(),
        };
        let time = seconds.to_string().into_bytes();
        let verifier = Verifier::builder()
            .secret(&secret)
            .max_age(Duration::MAX)
            .max_clock_skew(Duration::MAX)
            .build()
            .unwrap();
        let refused = |headers: &[(String, Vec<u8>)], body: &[u8]| {
            let verified = verify(&verifier, headers, body, &cuts, at(seconds));
            verified.map_err(|error| error.kind()).err()
        };

        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&signature[2 * index..2 * index + 2], 16).unwrap();
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
        let changed = Signature::from(bytes).to_hex();
        let kind = refused(&headers(&time, &changed), &body);
        prop_assert_eq!(kind, Some(ErrorKind::SignatureMismatch));

        if scheme == Scheme::Timestamp {
            let mut changed = time.clone();
            let place = place.index(changed.len());
            prop_assume!(changed[place] != digit);
            changed[place] = digit;
            let kind = refused(&headers(&changed, &signature), &body);
            prop_assert_eq!(kind, Some(ErrorKind::SignatureMismatch));
        } else if !body.is_empty() {
            let mut changed = body.clone();
            let place = place.index(changed.len());
            changed[place] ^= 1 << (bit % 8);
            let kind = refused(&headers(&time, &signature), &changed);
            prop_assert_eq!(kind, Some(ErrorKind::SignatureMismatch));
        }
    }

    #[test]
    fn a_timestamp_with_any_bit_flipped_does_not_verify(
        secret in secret(),
        seconds in seconds(),
        body in body(),
        bit in any::<Index>(),
        cuts in vec(any::<Index>(), 0..8),
    ) {
        let time = seconds.to_string().into_bytes();
        let mut changed = time.clone();
        let bit = bit.index(8 * time.len());
        changed[bit / 8] ^= 1 << (bit % 8);
        let pinned_kind = if changed.iter().all(u8::is_ascii_digit) {
            ErrorKind::SignatureMismatch
        } else {
            ErrorKind::MalformedTimestamp
        };
        let builder = || {
            Verifier::builder()
                .secret(&secret)
                .max_age(Duration::MAX)
                .max_clock_skew(Duration::MAX)
        };
        let both = builder().build().unwrap();
        let pinned = builder().scheme(Scheme::Timestamp).build().unwrap();
        let signature = Signer::new(&secret).unwrap().sign_timestamp(seconds);
        for text in [signature.to_hex(), signature.to_base64()] {
            for (verifier, kind) in [(&both, ErrorKind::SignatureMismatch), (&pinned, pinned_kind)] {
                let judge = |time: &[u8]| {
                    let verified = verify(verifier, &headers(time, &text), &body, &cuts, at(seconds));
                    verified.map(drop).map_err(|error| error.kind())
                };
                prop_assert_eq!(judge(&time), Ok(()));
                prop_assert_eq!(judge(&changed), Err(kind));
            }
        }
    }

    #[test]
    fn any_request_gets_an_answer_from_the_table(
        pairs in vec(
            (
                prop_oneof![
                    Just("signature".to_owned()),
                    Just("timestamp".to_owned()),
                    Just("content-length".to_owned()),
                    "[a-zA-Z-]{0,12}",
                ],
                prop_oneof![
                    vec(any::<u8>(), 0..100),
                    "[0-9a-fA-F]{64}".prop_map(String::into_bytes),
                    "[0-9+-]{0,25}".prop_map(String::into_bytes),
                ],
            ),
            0..6,
        ),
        pinned in proptest::option::of(scheme()),
        body in vec(any::<u8>(), 0..300),
        cuts in vec(any::<Index>(), 0..8),
        now in any::<i32>(),
    ) {
        let builder = Verifier::builder().secret("secret").body_limit(200);
        let builder = match pinned {
            Some(scheme) => builder.scheme(scheme),
            None => builder,
        };
        let verifier = builder.build().unwrap();
        let now = if now < 0 {
            UNIX_EPOCH - Duration::from_secs(now.unsigned_abs().into())
        } else {
            at(now.unsigned_abs().into())
        };
        let error = verify(&verifier, &pairs, &body, &cuts, now).unwrap_err();
        prop_assert!(matches!(error.status(), 401 | 413));
    }

    #[test]
    fn any_signed_body_gets_an_answer_from_the_table(body in body()) {
        let headers = Signer::new("secret").unwrap().headers(Scheme::Body, UNIX_EPOCH, &body);
        let verifier = Verifier::new("secret").unwrap();
        if let Err(error) = verifier.receive::<Event>(&headers, body.into()) {
            prop_assert!(matches!(error.status(), 400 | 422));
        }
    }
}
