//! What verifying and receiving cost in heap allocations.

#![allow(clippy::unwrap_used)]

use std::time::SystemTime;

use allocation_counter::measure;
use bytes::Bytes;
use trackingmore_webhook::{Event, Scheme, Signer, Verifier};

const TEN_CHECKPOINTS: &[u8] = include_bytes!("data/events/ten_checkpoints.json");

/// One for each of the 60 texts that the delivery says, two for each of the two lists of
/// checkpoints, which grow once, and three for the buffer in which `serde_json` undoes the escapes
/// of two links. Nulls, statuses, and the verification cost none.
const ALLOCATIONS_OF_TEN_CHECKPOINTS: u64 = 60 + 2 * 2 + 3;

const SCHEMES: [Scheme; 2] = [Scheme::Timestamp, Scheme::Body];

fn headers(secret: &str, scheme: Scheme) -> Vec<(String, String)> {
    let signer = Signer::new(secret).unwrap();
    signer.headers(scheme, SystemTime::now(), TEN_CHECKPOINTS)
}

fn verifiers() -> Vec<Verifier> {
    let three = || Verifier::builder().secret("a").secret("b").secret("secret");
    let pinned = SCHEMES.map(|scheme| three().scheme(scheme).build().unwrap());
    [Verifier::new("secret").unwrap()]
        .into_iter()
        .chain(pinned)
        .collect()
}

#[test]
fn verifying_allocates_nothing() {
    for verifier in verifiers() {
        for scheme in SCHEMES {
            let genuine = headers("secret", scheme);
            let forged = headers("another secret", scheme);
            let stale = Signer::new("secret").unwrap();
            let stale = stale.headers(scheme, SystemTime::UNIX_EPOCH, TEN_CHECKPOINTS);
            let malformed = [("signature", "none"), ("timestamp", "never")];
            let counted = measure(|| {
                let _ = verifier.verify(&genuine, TEN_CHECKPOINTS);
                assert!(verifier.verify(&forged, TEN_CHECKPOINTS).is_err());
                let _ = verifier.verify(&stale, TEN_CHECKPOINTS);
                assert!(verifier.verify(&malformed, TEN_CHECKPOINTS).is_err());
                assert!(verifier.verify(&[("host", "")], TEN_CHECKPOINTS).is_err());
            });
            assert_eq!(counted.count_total, 0, "{verifier:?} {scheme:?}");
        }
    }
}

#[test]
fn genuine_requests_are_among_those_that_allocate_nothing() {
    let verifier = Verifier::new("secret").unwrap();
    for scheme in SCHEMES {
        let headers = headers("secret", scheme);
        let counted = measure(|| assert!(verifier.verify(&headers, TEN_CHECKPOINTS).is_ok()));
        assert_eq!(counted.count_total, 0, "{scheme:?}");
    }
}

#[test]
fn receiving_allocates_what_the_event_holds() {
    let verifier = Verifier::new("secret").unwrap();
    let headers = headers("secret", Scheme::Timestamp);
    let body = Bytes::from_static(TEN_CHECKPOINTS);
    let counted = measure(|| {
        let delivery = verifier.receive::<Event>(&headers, body.clone()).unwrap();
        drop(delivery);
    });
    assert_eq!(counted.count_total, ALLOCATIONS_OF_TEN_CHECKPOINTS);
}
