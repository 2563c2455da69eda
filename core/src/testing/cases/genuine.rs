//! What must be accepted.

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};

use super::{Case, EVENT, body_only, mac, sign, timestamp_only};
use crate::{ErrorKind, testing::SECRET};

pub(super) fn cases(now: u64) -> Vec<Case> {
    let time = now.to_string();
    let by_time = mac(SECRET, time.as_bytes());
    let by_body = mac(SECRET, EVENT);
    let retried = (now.saturating_sub(491_460)).to_string();
    let padded = format!("{now:020}");
    vec![
        timestamp_only(
            "timestamp signed, hex",
            &time,
            &HEXLOWER.encode(&by_time),
            EVENT,
        ),
        timestamp_only(
            "timestamp signed, upper-case hex",
            &time,
            &HEXUPPER.encode(&by_time),
            EVENT,
        ),
        timestamp_only(
            "timestamp signed, base64",
            &time,
            &BASE64.encode(&by_time),
            EVENT,
        ),
        timestamp_only(
            "timestamp signed before the longest window of retries",
            &retried,
            &sign(&retried),
            EVENT,
        ),
        timestamp_only(
            "timestamp signed four minutes ahead of our clock",
            &(now + 240).to_string(),
            &sign(&(now + 240).to_string()),
            EVENT,
        ),
        timestamp_only(
            "timestamp signed with zeros before it, 20 digits",
            &padded,
            &sign(&padded),
            EVENT,
        ),
        timestamp_only(
            "timestamp signed, other body: this form does not cover it",
            &time,
            &sign(&time),
            br#"{"meta":{"code":200},"data":[{"tracking_number":"LX405512873SE"}]}"#,
        ),
        body_only("body signed, hex", None, &HEXLOWER.encode(&by_body), EVENT),
        body_only(
            "body signed, base64",
            Some(&time),
            &BASE64.encode(&by_body),
            EVENT,
        ),
        Case {
            timestamp: Err(ErrorKind::MalformedTimestamp),
            ..body_only(
                "body signed, odd timestamp",
                Some("yesterday"),
                &HEXLOWER.encode(&by_body),
                EVENT,
            )
        },
    ]
}
