//! Bodies that arrive in pieces, and the memory they take.

#![allow(clippy::unwrap_used)]

use std::time::SystemTime;

use allocation_counter::AllocationInfo;
use bytes::{Bytes, BytesMut};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
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
        incoming.push(Bytes::new()).unwrap();
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

/// Pushes chunks, each made just before it is pushed, and returns what this allocated.
fn push_all(incoming: &mut Incoming, chunks: impl Iterator<Item = Bytes>) -> AllocationInfo {
    allocation_counter::measure(|| {
        for chunk in chunks {
            incoming.push(chunk).unwrap();
        }
    })
}

/// A body as long as the limit, in which each byte differs from its neighbours.
fn longest_body() -> Vec<u8> {
    (0..LIMIT).map(|i| (i % 251) as u8).collect()
}

const SIZES: [usize; 9] = [1, 2, 64, 65, 1_000, 4_096, 40_000, LIMIT / 2, LIMIT - 1];

#[test]
fn a_body_in_any_chunks_is_held_once() {
    let body = longest_body();
    for size in SIZES {
        let mut incoming = begin(Scheme::Body, &body);
        let allocated = push_all(&mut incoming, body.chunks(size).map(Bytes::copy_from_slice));
        let (held, peak) = (allocated.bytes_current, allocated.bytes_max);
        assert!(held <= LIMIT as i64, "{held} bytes for chunks of {size}");
        // While the buffer grows, the old one, the new one and the chunk are held.
        let most = 3 * LIMIT as u64;
        assert!(peak <= most, "{peak} bytes for chunks of {size}");

        let mut verified = None;
        let allocated = allocation_counter::measure(|| verified = incoming.finish().ok());
        assert_eq!(verified.unwrap().bytes(), &body[..]);
        assert!(allocated.bytes_max < 100, "copied at the end");
    }
}

#[test]
fn a_buffer_grows_only_a_few_times() {
    let mut incoming = begin(Scheme::Timestamp, b"");
    let one_byte = || Bytes::from_static(b"x");
    let allocated = push_all(&mut incoming, (0..LIMIT).map(|_| one_byte()));
    assert_eq!(allocated.count_total, u64::from(LIMIT.ilog2()));
}

#[test]
fn a_buffer_does_not_grow_for_a_chunk_that_fills_it() {
    let body = [b'x'; 4_000];
    let mut incoming = begin(Scheme::Timestamp, &body);
    // The second chunk makes the buffer, the third doubles it, the fourth fills it.
    let chunks = body.chunks(1_000).map(Bytes::copy_from_slice);
    push_all(&mut incoming, chunks.take(3));
    let last = Bytes::from_static(&[b'x'; 1_000]);
    let allocated = allocation_counter::measure(|| incoming.push(last).unwrap());
    assert_eq!(allocated.count_total, 0);
}

#[test]
fn chunks_do_not_keep_the_large_buffers_that_they_came_in() {
    const BUFFER: usize = 1_000_000;
    let body = longest_body();
    for size in SIZES {
        let in_buffer = |chunk: &[u8]| {
            let mut buffer = Vec::with_capacity(BUFFER);
            buffer.extend_from_slice(chunk);
            Bytes::from(buffer)
        };
        let mut incoming = begin(Scheme::Body, &body);
        let allocated = push_all(&mut incoming, body.chunks(size).map(in_buffer));
        let (held, peak) = (allocated.bytes_current, allocated.bytes_max);
        assert!(held <= LIMIT as i64, "{held} bytes for chunks of {size}");
        // The buffers of the first two chunks are held at the same time.
        let most = (2 * BUFFER + 3 * LIMIT) as u64;
        assert!(peak <= most, "{peak} bytes for chunks of {size}");
        assert_eq!(incoming.finish().unwrap().bytes(), &body[..]);
    }
}

#[test]
fn a_large_buffer_that_chunks_share_is_freed_with_the_second() {
    let body = longest_body();
    for size in SIZES {
        let buffer = Bytes::from(body.clone());
        let mut incoming = begin(Scheme::Body, &body);
        for (at, chunk) in buffer.chunks(size).enumerate() {
            incoming.push(buffer.slice_ref(chunk)).unwrap();
            assert_eq!(buffer.is_unique(), at > 0, "{at} of chunks of {size}");
        }
        assert_eq!(incoming.finish().unwrap().bytes(), &body[..]);
    }
}

#[test]
fn an_empty_chunk_keeps_no_buffer() {
    let mut incoming = begin(Scheme::Body, b"x");
    for _ in 0..2 {
        let mut buffer = BytesMut::zeroed(1_000_000);
        let empty = buffer.split_to(0).freeze();
        incoming.push(empty).unwrap();
        buffer.clear();
        assert!(buffer.try_reclaim(1_000_000), "the buffer is free again");
        incoming.push(Bytes::from_static(b"x")).unwrap();
    }
}

proptest! {
    #[test]
    fn chunks_of_any_length_stay_in_order(
        ends in vec(any::<Index>(), 0..20),
        scheme in select(&SCHEMES),
    ) {
        let body = longest_body();
        let mut ends: Vec<_> = ends.iter().map(|end| end.index(LIMIT)).collect();
        ends.extend([0, LIMIT]);
        ends.sort_unstable();
        let mut incoming = begin(scheme, &body);
        let chunks = ends.windows(2).map(|ends| Bytes::copy_from_slice(&body[ends[0]..ends[1]]));
        let allocated = push_all(&mut incoming, chunks);
        assert!(allocated.bytes_max <= 3 * LIMIT as u64, "{} bytes", allocated.bytes_max);
        let verified = incoming.finish().unwrap();
        assert_eq!(verified.bytes(), &body[..]);
    }
}

#[test]
fn chunks_over_the_limit_are_freed() {
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
