//! Timestamps that have a valid signature but are not accepted, or are not times.

use super::{Case, EVENT, forged, sign, timestamp_only};
use crate::ErrorKind;

const DAY: u64 = 24 * 60 * 60;

pub(super) fn cases(now: u64) -> Vec<Case> {
    let signed = |name, seconds: u64, kind| {
        let time = seconds.to_string();
        Case {
            both: Err(kind),
            timestamp: Err(kind),
            ..timestamp_only(name, &time, &sign(&time), EVENT)
        }
    };
    let malformed = |name, time: &str| Case {
        timestamp: Err(ErrorKind::MalformedTimestamp),
        ..forged(name, Some(time), &sign(time), EVENT)
    };
    vec![
        signed(
            "signed 7 days ago",
            now.saturating_sub(7 * DAY),
            ErrorKind::StaleTimestamp,
        ),
        signed(
            "signed a year ago",
            now.saturating_sub(365 * DAY),
            ErrorKind::StaleTimestamp,
        ),
        signed("signed in 1970", 0, ErrorKind::StaleTimestamp),
        signed(
            "ten minutes ahead of our clock",
            now + 600,
            ErrorKind::FutureTimestamp,
        ),
        signed(
            "in milliseconds",
            now.saturating_mul(1000),
            ErrorKind::FutureTimestamp,
        ),
        signed(
            "the last second that 64 bits hold",
            u64::MAX,
            ErrorKind::FutureTimestamp,
        ),
        malformed("signed empty timestamp", ""),
        malformed("signed timestamp of 20 digits", "99999999999999999999"),
        malformed("signed timestamp of 400 digits", &"9".repeat(400)),
        malformed(
            "signed timestamp of 21 digits, zeros before the time",
            &format!("{now:021}"),
        ),
        malformed("signed least timestamp of 64 bits", "-9223372036854775808"),
        malformed("signed timestamp with a sign", "+1662371528"),
        malformed("signed timestamp with a fraction", "1662371528.0"),
        malformed("signed timestamp with a space inside", "16623 71528"),
        malformed("signed timestamp in hex", "0x63156a48"),
        malformed("signed timestamp in Arabic digits", "١٦٦٢٣٧١٥٢٨"),
        malformed("signed date", "2022-09-05T09:52:08Z"),
    ]
}
