//! Bodies that arrive in pieces, and the memory they take.

#![allow(clippy::unwrap_used)]

use std::time::SystemTime;

use bytes::Bytes;
use trackingmore_webhook::{ErrorKind, Incoming, Scheme, Signer, Verifier};

const LIMIT: usize = 64 * 1024;
const SCHEMES: [Scheme; 2] = [Scheme::Timestamp, Scheme::Body];

fn begin(scheme: Scheme, body: &[u8]) -> Incoming {
    let verifier = Verifier::builder()
        .secret("secret")
        .body_limit(LIMIT)
        .build()
        .unwrap();
    let headers = Signer::new("secret")
        .unwrap()
        .headers(scheme, SystemTime::now(), body);
    verifier.begin(&headers).unwrap()
}

#[test]
fn any_split_gives_the_same_bytes() {
    let body: Vec<u8> = (0..10_000_u32).map(|i| i as u8).collect();
    for scheme in SCHEMES {
        for size in [1, 2, 7, 1000, 4095, 4096, 9_999, 10_000] {
            let mut incoming = begin(scheme, &body);
            for chunk in body.chunks(size) {
                incoming.push(Bytes::new()).unwrap();
                incoming.push(Bytes::copy_from_slice(chunk)).unwrap();
            }
            let verified = incoming.finish().unwrap();
            assert_eq!(verified.bytes(), &body[..], "{scheme:?} {size}");
            assert_eq!(verified.verified().scheme(), scheme);
        }
        for at in [0, 1, 500, 999, 1000] {
            let (first, second) = body.split_at(at);
            let mut incoming = begin(scheme, &body);
            incoming.push(Bytes::copy_from_slice(first)).unwrap();
            incoming.push(Bytes::copy_from_slice(second)).unwrap();
            let verified = incoming.finish().unwrap();
            assert_eq!(verified.bytes(), &body[..], "{scheme:?} at {at}");
        }
    }
}

#[test]
fn a_single_chunk_is_kept_without_a_copy() {
    let chunk = Bytes::from(vec![b'x'; 1000]);
    for scheme in SCHEMES {
        let mut incoming = begin(scheme, &chunk);
        incoming.push(chunk.clone()).unwrap();
        let verified = incoming.finish().unwrap();
        assert_eq!(verified.bytes().as_ptr(), chunk.as_ptr());
        assert_eq!(verified.into_bytes().as_ptr(), chunk.as_ptr());
    }
}

#[test]
fn a_body_at_the_limit_passes_and_one_byte_more_does_not() {
    for scheme in SCHEMES {
        let body = vec![b'x'; LIMIT];
        let mut incoming = begin(scheme, &body);
        incoming.push(body.into()).unwrap();
        assert!(incoming.finish().is_ok());

        let body = vec![b'x'; LIMIT + 1];
        for split in [0, 1, LIMIT, LIMIT + 1] {
            let mut incoming = begin(scheme, &body);
            let (first, second) = body.split_at(split);
            let pushed = incoming
                .push(Bytes::copy_from_slice(first))
                .and_then(|()| incoming.push(Bytes::copy_from_slice(second)));
            assert_eq!(pushed.unwrap_err().kind(), ErrorKind::BodyTooLarge);
            assert_eq!(
                incoming.finish().unwrap_err().kind(),
                ErrorKind::BodyTooLarge
            );
        }
    }
}

#[test]
fn after_a_failed_push_everything_fails() {
    let mut incoming = begin(Scheme::Timestamp, b"");
    assert!(incoming.push(vec![b'x'; LIMIT + 1].into()).is_err());
    let pushed = incoming.push(Bytes::from_static(b"{}"));
    assert_eq!(pushed.unwrap_err().kind(), ErrorKind::BodyTooLarge);
    assert_eq!(
        incoming.finish().unwrap_err().kind(),
        ErrorKind::BodyTooLarge
    );
}

#[test]
fn a_body_that_broke_off_is_never_verified() {
    for scheme in SCHEMES {
        let mut incoming = begin(scheme, b"{}");
        incoming.push(Bytes::from_static(b"{}")).unwrap();
        let error = incoming.refuse(ErrorKind::BodyUnreadable);
        assert_eq!(error.kind(), ErrorKind::BodyUnreadable);
        assert_eq!(
            incoming.finish().unwrap_err().kind(),
            ErrorKind::BodyUnreadable
        );
    }
}

#[test]
fn a_body_that_was_changed_is_refused_in_the_body_form() {
    let body = br#"{"data":{"tracking_number":"9261"}}"#;
    for position in 0..body.len() {
        let mut changed = body.to_vec();
        changed[position] ^= 1;
        let mut incoming = begin(Scheme::Body, body);
        incoming.push(changed.into()).unwrap();
        assert_eq!(
            incoming.finish().unwrap_err().kind(),
            ErrorKind::SignatureMismatch
        );
    }
}

#[test]
fn a_verified_body_knows_its_verifier() {
    let verifier = Verifier::new("secret").unwrap();
    let alike = Verifier::new("secret").unwrap();
    let headers = Signer::new("secret")
        .unwrap()
        .headers(Scheme::Timestamp, SystemTime::now(), b"");
    let body = verifier.begin(&headers).unwrap().finish().unwrap();
    assert!(body.is_accepted_by(&verifier));
    assert!(body.is_accepted_by(&verifier.clone()));
    assert!(!body.is_accepted_by(&alike));
}

#[test]
fn nothing_is_allocated_for_a_declared_length() {
    let verifier = Verifier::builder()
        .secret("secret")
        .body_limit(usize::MAX)
        .build()
        .unwrap();
    let mut headers =
        Signer::new("secret")
            .unwrap()
            .headers(Scheme::Timestamp, SystemTime::now(), b"");
    headers.push(("content-length".to_owned(), "1000000000000".to_owned()));
    let allocated = allocation_counter::measure(|| {
        let mut incoming = verifier.begin(&headers).unwrap();
        incoming.push(Bytes::from_static(b"{}")).unwrap();
    });
    assert_eq!(allocated.bytes_total, 0);
}

#[test]
fn many_small_chunks_do_not_keep_their_buffers() {
    const CHUNKS: usize = 1_000;
    let mut incoming = begin(Scheme::Timestamp, b"");
    let allocated = allocation_counter::measure(|| {
        for _ in 0..CHUNKS {
            let buffer = Bytes::from(vec![b'x'; 4096]);
            incoming.push(buffer.slice(7..8)).unwrap();
        }
    });
    assert!(
        allocated.bytes_current < 3 * 4096,
        "{} bytes",
        allocated.bytes_current
    );
    assert_eq!(incoming.finish().unwrap().bytes().len(), CHUNKS);
}

#[test]
fn each_run_of_a_few_is_kept_until_the_end() {
    const RUN: usize = LIMIT / 8;
    const TOO_FAR: usize = 65;
    let buffer: Vec<u8> = (0..8 * (RUN + TOO_FAR)).map(|i| (i % 251) as u8).collect();
    let buffer = Bytes::from(buffer);
    let runs = || buffer.chunks(RUN + TOO_FAR).map(|part| &part[..RUN]);
    let body: Vec<u8> = runs().flatten().copied().collect();
    let mut incoming = begin(Scheme::Body, &body);
    let allocated = allocation_counter::measure(|| {
        for chunk in runs().flat_map(|run| run.chunks(1000)) {
            incoming.push(buffer.slice_ref(chunk)).unwrap();
        }
    });
    let held = allocated.bytes_current;
    assert!(held < LIMIT as i64 / 2, "{held} bytes");
    assert_eq!(incoming.finish().unwrap().bytes(), &body[..]);
}

#[test]
fn small_chunks_that_fill_a_buffer_are_copied_at_once() {
    for size in [1, 64] {
        let body: Vec<u8> = (0..LIMIT).map(|i| (i % 251) as u8).collect();
        let buffer = Bytes::from(body.clone());
        let mut incoming = begin(Scheme::Body, &buffer);
        let allocated = allocation_counter::measure(|| {
            for chunk in buffer.chunks(size) {
                incoming.push(buffer.slice_ref(chunk)).unwrap();
            }
        });
        assert!(buffer.is_unique(), "chunks of {size} keep their buffer");
        let (held, peak) = (allocated.bytes_current, allocated.bytes_max);
        assert!(held <= LIMIT as i64 * 5 / 4, "{held} bytes");
        assert!(peak <= LIMIT as u64 * 7 / 4, "{peak} bytes");
        assert_eq!(incoming.finish().unwrap().bytes(), &body[..]);
    }
}

#[test]
fn a_body_is_held_once() {
    let body = vec![b'x'; LIMIT];
    let mut incoming = Some(begin(Scheme::Body, &body));
    let mut verified = None;
    let allocated = allocation_counter::measure(|| {
        let mut incoming = incoming.take().unwrap();
        for chunk in body.chunks(1024) {
            incoming.push(Bytes::from_owner(chunk.to_vec())).unwrap();
        }
        verified = incoming.finish().ok();
    });
    assert_eq!(verified.unwrap().bytes().len(), LIMIT);
    let (held, peak) = (allocated.bytes_current, allocated.bytes_max);
    assert!(held <= LIMIT as i64 * 5 / 4, "{held} bytes");
    assert!(peak <= LIMIT as u64 * 7 / 4, "{peak} bytes");
}

#[test]
fn chunks_that_fill_a_buffer_are_not_copied_until_the_end() {
    for size in [500, 1_000, 4_095, 10_000] {
        let body: Vec<u8> = (0..LIMIT).map(|i| i as u8).collect();
        let buffer = Bytes::from(body.clone());
        let mut incoming = begin(Scheme::Body, &buffer);
        let allocated = allocation_counter::measure(|| {
            for chunk in buffer.chunks(size) {
                incoming.push(buffer.slice_ref(chunk)).unwrap();
            }
        });
        let held = allocated.bytes_current;
        assert!(held < LIMIT as i64 / 2, "{held} bytes for chunks of {size}");
        assert_eq!(incoming.finish().unwrap().bytes(), &body[..]);
    }
}

#[test]
fn chunks_that_fill_little_of_their_buffers_keep_few_of_them() {
    const BUFFER: usize = 1_000_000;
    let body: Vec<u8> = (0..LIMIT).map(|i| (i % 251) as u8).collect();
    let mut incoming = begin(Scheme::Body, &body);
    let allocated = allocation_counter::measure(|| {
        for chunk in body.chunks(4096) {
            let mut buffer = vec![b'0'; BUFFER];
            buffer[..chunk.len()].copy_from_slice(chunk);
            incoming
                .push(Bytes::from(buffer).slice(..chunk.len()))
                .unwrap();
        }
    });
    let held = allocated.bytes_current;
    assert!(held < 10 * BUFFER as i64, "{held} bytes");
    assert_eq!(incoming.finish().unwrap().bytes(), &body[..]);
}

#[test]
fn chunks_that_are_kept_and_copied_stay_in_order() {
    let body: Vec<u8> = (0..40_000_u32).map(|i| (i % 251) as u8).collect();
    let buffer = Bytes::from(body.clone());
    let mut incoming = begin(Scheme::Body, &body);
    let mut at = 0;
    for (size, in_place) in [
        (5_000, true),
        (10, false),
        (70, true),
        (6_000, true),
        (1, true),
        (4_000, false),
        (24_919, true),
    ] {
        let chunk = &buffer[at..at + size];
        incoming
            .push(if in_place {
                buffer.slice_ref(chunk)
            } else {
                Bytes::copy_from_slice(chunk)
            })
            .unwrap();
        at += size;
    }
    assert_eq!(at, body.len());
    assert_eq!(incoming.finish().unwrap().bytes(), &body[..]);
}

#[test]
fn what_is_over_the_limit_is_let_go() {
    let mut incoming = begin(Scheme::Timestamp, b"");
    let allocated = allocation_counter::measure(|| {
        for _ in 0..200 {
            let _ = incoming.push(vec![b'x'; 1000].into());
        }
    });
    assert!(
        allocated.bytes_current < 1000,
        "{} bytes",
        allocated.bytes_current
    );
    assert!(
        allocated.bytes_max < 4 * LIMIT as u64,
        "{} bytes",
        allocated.bytes_max
    );
}
