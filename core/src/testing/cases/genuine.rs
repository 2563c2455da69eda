//! What must be accepted.

use super::{Case, EVENT, body_only, mac, sign, timestamp_only};
use crate::{ErrorKind, testing::SECRET};

/// The longest that 13 retries, with delays that double from 60 s, can take.
const LONGEST_WINDOW: u64 = 491_460;

/// Nulls, numbers and booleans where text is usual, text where numbers are, times in each form, and
/// unknown codes and members.
const ODD_VALUES: &[u8] = include_bytes!("../data/odd_values.json");

pub(super) fn cases(now: u64) -> Vec<Case> {
    let time = now.to_string();
    let by_time = mac(SECRET, &time);
    let signed_at = |name, time: &str| timestamp_only(name, time, &sign(time), EVENT);
    let signed_with = |name, body| timestamp_only(name, &time, &by_time.to_hex(), body);
    vec![
        signed_at("timestamp signed, hex", &time),
        timestamp_only(
            "timestamp signed, upper-case hex",
            &time,
            &by_time.to_hex().to_uppercase(),
            EVENT,
        ),
        timestamp_only(
            "timestamp signed, base64",
            &time,
            &by_time.to_base64(),
            EVENT,
        ),
        signed_at(
            "timestamp signed before the longest window of retries",
            &now.saturating_sub(LONGEST_WINDOW).to_string(),
        ),
        signed_at(
            "timestamp signed four minutes ahead of our clock",
            &(now + 240).to_string(),
        ),
        signed_at(
            "timestamp signed with zeros before it, 20 digits",
            &format!("{now:020}"),
        ),
        signed_with(
            "timestamp signed, other body: this form does not cover it",
            br#"{"meta":{"code":200},"data":[{"tracking_number":"LX405512873SE"}]}"#,
        ),
        signed_with("timestamp signed, odd values in every field", ODD_VALUES),
        body_only("body signed, hex", None, &sign(EVENT), EVENT),
        body_only(
            "body signed, base64",
            Some(&time),
            &mac(SECRET, EVENT).to_base64(),
            EVENT,
        ),
        Case {
            timestamp: Err(ErrorKind::MalformedTimestamp),
            ..body_only(
                "body signed, odd timestamp",
                Some("yesterday"),
                &sign(EVENT),
                EVENT,
            )
        },
    ]
}
