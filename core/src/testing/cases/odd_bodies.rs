//! Bodies that are large, or are not events.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::{Case, EVENT, body_only, sign, timestamp_only};
use crate::ErrorKind;

const DEFAULT_BODY_LIMIT: usize = 256 * 1024;

pub(super) fn cases(now: u64) -> Vec<Case> {
    let time = now.to_string();
    let signature = sign(&time);
    let largest = padded(DEFAULT_BODY_LIMIT);
    let too_large = padded(DEFAULT_BODY_LIMIT + 1);
    let in_base64 = BASE64.encode(EVENT);
    let signed = |name, body: &[u8]| timestamp_only(name, &time, &signature, body);
    let body_signed = |name, body: &[u8]| body_only(name, None, &sign(body), body);
    vec![
        signed("signed, as large as allowed", &largest),
        body_signed("body signed, as large as allowed", &largest),
        Case {
            both: Err(ErrorKind::BodyTooLarge),
            timestamp: Err(ErrorKind::BodyTooLarge),
            body_form: Err(ErrorKind::BodyTooLarge),
            ..signed("signed, a byte too large", &too_large)
        },
        Case {
            both: Err(ErrorKind::BodyTooLarge),
            body_form: Err(ErrorKind::BodyTooLarge),
            ..body_signed("body signed, a byte too large", &too_large)
        },
        Case {
            both: Err(ErrorKind::MissingHeader),
            timestamp: Err(ErrorKind::MissingHeader),
            body_form: Err(ErrorKind::MissingHeader),
            headers: Vec::new(),
            ..signed("unsigned, a byte too large", &too_large)
        },
        signed("signed, empty", b"").reads_as(ErrorKind::InvalidJson),
        body_signed("body signed, empty", b"").reads_as(ErrorKind::InvalidJson),
        signed("signed, not JSON", b"tracking_number=9261").reads_as(ErrorKind::InvalidJson),
        body_signed("body signed, not JSON", b"\xff\xfe\x00").reads_as(ErrorKind::InvalidJson),
        signed(
            "signed, JSON with more after it",
            br#"{"data":{"tracking_number":"9261"}}}"#,
        )
        .reads_as(ErrorKind::InvalidJson),
        signed("signed, JSON cut short", &EVENT[..EVENT.len() - 1])
            .reads_as(ErrorKind::InvalidJson),
        signed(
            "signed, in base64, as some gateways pass bodies on",
            in_base64.as_bytes(),
        )
        .reads_as(ErrorKind::InvalidJson),
        signed("signed, compressed", b"\x1f\x8b\x08\0\0\0\0\0\0\x03")
            .reads_as(ErrorKind::InvalidJson),
        signed("signed, array instead of an object", b"[]").reads_as(ErrorKind::UnexpectedShape),
        body_signed("body signed, no data", br#"{"code":200,"message":"ok"}"#)
            .reads_as(ErrorKind::UnexpectedShape),
        signed(
            "signed, no tracking number",
            br#"{"data":{"courier_code":"dhl"}}"#,
        )
        .reads_as(ErrorKind::UnexpectedShape),
        signed(
            "signed, two parcels",
            br#"{"data":[{"tracking_number":"1"},{"tracking_number":"2"}]}"#,
        )
        .reads_as(ErrorKind::UnexpectedShape),
        signed("signed, nested 100,000 deep", &b"[".repeat(100_000))
            .reads_as(ErrorKind::InvalidJson),
    ]
}

/// Makes an event of `len` bytes with spaces inside it.
fn padded(len: usize) -> Vec<u8> {
    let (start, end) = EVENT.split_at(1);
    let spaces = len - EVENT.len();
    [start, &b" ".repeat(spaces), end].concat()
}
