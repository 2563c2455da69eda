//! What is sent beside the genuine delivery of each form, in the order in which it is sent.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{
    request::Request,
    vendor::{UNKNOWN_PARCEL, Vendor, unix_now},
};
use crate::signing::SchemeArg::{self, Body, Timestamp};

const DAY: u64 = 24 * 60 * 60;

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) expected: Expected,
    /// The form in which alone it tells something; `None` if it does in either.
    pub(super) scheme: Option<SchemeArg>,
    /// Why it matters.
    pub(super) why: &'static str,
    pub(super) request: fn(&Vendor) -> Request,
}

/// What a good receiver does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// Accepts it, since it is genuine.
    Accepted,
    /// Refuses it, since an attacker can send or replay it.
    HostileRefused,
    /// Refuses it, although it takes the secret to make it.
    OddRefused,
    /// Answers it in some way, and does not break.
    Answered,
    /// One cannot tell from outside.
    Unknown,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::HostileRefused | Self::OddRefused => "refused",
            Self::Answered => "answered",
            Self::Unknown => "any",
        })
    }
}

impl Serialize for Expected {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = hostile();
    cases.extend(odd());
    cases.extend(genuine());
    cases
}

fn hostile() -> Vec<Case> {
    let case = |scheme, name, why, request| Case {
        name,
        expected: Expected::HostileRefused,
        scheme,
        why,
        request,
    };
    vec![
        case(
            None,
            "no-headers",
            "whoever knows the URL can send this: verification must not be skipped for want of headers",
            unsigned,
        ),
        case(
            None,
            "no-signature",
            "a timestamp alone proves nothing",
            |v| v.genuine(v.scheme()).without("signature"),
        ),
        case(
            Some(Timestamp),
            "no-timestamp",
            "without the timestamp there is nothing that the signature could be of",
            |v| v.genuine(Timestamp).without("timestamp"),
        ),
        case(
            None,
            "empty-signature",
            "an empty header is as good as none",
            |v| with_signature(v, ""),
        ),
        case(
            None,
            "wrong-signature",
            "64 zeros have the form of a signature and are none",
            |v| v.forged(v.scheme(), |mac| *mac = [0; 32]),
        ),
        case(
            None,
            "malformed-signature",
            "what does not decode must not count as empty and equal",
            |v| with_signature(v, "x"),
        ),
        case(
            None,
            "signature-beyond-ascii",
            "bytes that are not text must not break the comparison open",
            |v| with_signature(v, [0xff; 64]),
        ),
        case(
            None,
            "long-signature",
            "4,000 digits must not break the comparison open",
            |v| with_signature(v, "a".repeat(4_000)),
        ),
        case(
            Some(Timestamp),
            "wrong-secret-timestamp",
            "anybody can sign with a secret of their own",
            |v| v.signed_with(Timestamp, b"wrong secret"),
        ),
        case(
            Some(Body),
            "wrong-secret-body",
            "anybody can sign with a secret of their own",
            |v| v.signed_with(Body, b"wrong secret"),
        ),
        case(
            Some(Timestamp),
            "empty-key-timestamp",
            "a receiver whose secret is unset often verifies with the empty key, which everybody has",
            |v| v.signed_with(Timestamp, b""),
        ),
        case(
            Some(Body),
            "empty-key-body",
            "a receiver whose secret is unset often verifies with the empty key, which everybody has",
            |v| v.signed_with(Body, b""),
        ),
        case(
            Some(Timestamp),
            "truncated-timestamp",
            "a comparison that ends with the shorter text accepts any beginning",
            |v| truncated(v, Timestamp),
        ),
        case(
            Some(Body),
            "truncated-body",
            "a comparison that ends with the shorter text accepts any beginning",
            |v| truncated(v, Body),
        ),
        case(
            Some(Timestamp),
            "prefix-timestamp",
            "right for its first characters only: these can be guessed",
            |v| right_at_first(v, Timestamp),
        ),
        case(
            Some(Body),
            "prefix-body",
            "right for its first characters only: these can be guessed",
            |v| right_at_first(v, Body),
        ),
        case(
            Some(Timestamp),
            "last-bit-timestamp",
            "all of the signature must be compared",
            |v| v.forged(Timestamp, |mac| mac[31] ^= 1),
        ),
        case(
            Some(Body),
            "last-bit-body",
            "all of the signature must be compared",
            |v| v.forged(Body, |mac| mac[31] ^= 1),
        ),
        case(
            Some(Timestamp),
            "other-time",
            "the signature of another second: one capture would be good for ever",
            |v| {
                let time = unix_now().to_string();
                v.signed_at(unix_now().saturating_sub(60))
                    .without("timestamp")
                    .with("timestamp", time)
            },
        ),
        case(
            Some(Timestamp),
            "stale",
            "captured a year ago and replayed: old timestamps must be refused",
            |v| v.signed_at(unix_now().saturating_sub(365 * DAY)),
        ),
        case(
            Some(Timestamp),
            "stale-then-fresh",
            "two timestamps: the one that is verified must be the one whose age is checked",
            |v| {
                let time = unix_now().to_string();
                v.signed_at(unix_now().saturating_sub(365 * DAY))
                    .with("timestamp", time)
            },
        ),
        case(
            Some(Timestamp),
            "fresh-then-stale",
            "two timestamps: the one that is verified must be the one whose age is checked",
            |v| {
                let stale = unix_now().saturating_sub(365 * DAY);
                v.signed_at(stale)
                    .without("timestamp")
                    .with("timestamp", unix_now().to_string())
                    .with("timestamp", stale.to_string())
            },
        ),
        case(
            Some(Body),
            "tampered-body",
            "the body was changed on its way: it must be verified as it came",
            |v| {
                let mut event = v.event();
                event["data"]["delivery_status"] = json!("delivered");
                v.genuine(Body).with_body(event.to_string())
            },
        ),
        case(
            Some(Body),
            "digits-body",
            "a captured timestamp, sent as a body with its signature, would verify as a signed body",
            // With the timestamp that was signed it would be genuine in the timestamp form.
            |v| captured_as_body(v).with("timestamp", unix_now().to_string()),
        ),
        case(
            Some(Body),
            "digits-body-bare",
            "the same without a timestamp, for which receivers may only look at the body",
            captured_as_body,
        ),
        case(
            None,
            "huge-unsigned",
            "3 MB without a signature: strangers must not fill your memory",
            |v| unsigned(v).with_body(vec![b' '; 3_000_000]),
        ),
        case(
            None,
            "announced-unsigned",
            "1 TB announced, nothing sent: a receiver that waits for it needs a deadline for reading",
            |v| unsigned(v).announcing("1000000000000"),
        ),
        case(
            None,
            "chunked-unsigned",
            "a body without a declared length must not get past verification",
            |v| unsigned(v).chunked(),
        ),
    ]
}

fn odd() -> Vec<Case> {
    let case = |expected, scheme, name, why, request| Case {
        name,
        expected,
        scheme,
        why,
        request,
    };
    vec![
        case(
            Expected::OddRefused,
            None,
            "two-signatures-wrong-first",
            "a proxy and your code could each look at another one",
            |v| {
                let right = v.genuine(v.scheme());
                let signature = right.value("signature").to_vec();
                right
                    .without("signature")
                    .with("signature", "0".repeat(64))
                    .with("signature", signature)
            },
        ),
        case(
            Expected::OddRefused,
            None,
            "two-signatures-right-first",
            "a proxy and your code could each look at another one",
            |v| v.genuine(v.scheme()).with("signature", "0".repeat(64)),
        ),
        case(
            Expected::OddRefused,
            Some(Timestamp),
            "epoch",
            "signed in second 0: that must not count as having no timestamp to check",
            |v| v.signed_at(0),
        ),
        case(
            Expected::OddRefused,
            Some(Timestamp),
            "future",
            "signed a year ahead: until then it never gets too old to be replayed",
            |v| v.signed_at(unix_now().saturating_add(365 * DAY)),
        ),
        case(
            Expected::Unknown,
            Some(Timestamp),
            "tampered-body-timestamp",
            "the timestamp form does not cover the body, so any answer is right: use HTTPS, and read \
             the parcel again from the API before a decision that costs money",
            |v| {
                let mut event = v.event();
                event["data"]["delivery_status"] = json!("delivered");
                v.genuine(Timestamp).with_body(event.to_string())
            },
        ),
        case(
            Expected::Unknown,
            Some(Timestamp),
            "late-retry",
            "signed 5 days ago: if retries keep the first timestamp, which is not documented, \
             refusing it loses them; if not, accepting it helps replays",
            |v| v.signed_at(unix_now().saturating_sub(5 * DAY)),
        ),
        case(
            Expected::Answered,
            None,
            "not-json",
            "signed, but not JSON: to be answered, not to break on",
            |v| v.delivery(v.scheme(), "tracking_number=9261"),
        ),
        case(
            Expected::Answered,
            None,
            "empty-body",
            "signed, but empty: to be answered, not to break on",
            |v| v.delivery(v.scheme(), ""),
        ),
        case(
            Expected::Answered,
            None,
            "deep",
            "signed, nested 50,000 deep: to be answered, not to break on",
            |v| v.delivery(v.scheme(), "[".repeat(50_000)),
        ),
    ]
}

/// What a good receiver accepts, since the vendor sends all else again, up to 14 times.
fn genuine() -> Vec<Case> {
    let case = |scheme, name, why, request| Case {
        name,
        expected: Expected::Accepted,
        scheme,
        why,
        request,
    };
    vec![
        case(
            None,
            "unknown-parcel",
            "a parcel that you do not know is sent again and again if you answer 404",
            |v| changed(v, |data| data["tracking_number"] = json!(UNKNOWN_PARCEL)),
        ),
        case(
            None,
            "unknown-status",
            "the statuses are an open set",
            |v| {
                changed(v, |data| {
                    data["delivery_status"] = json!("teleported");
                    data["substatus"] = json!("teleported042");
                })
            },
        ),
        case(
            None,
            "undelivered",
            "a failed attempt, whose name contains `delivered`",
            |v| {
                changed(v, |data| {
                    data["delivery_status"] = json!("undelivered");
                    data["substatus"] = json!("undelivered002");
                })
            },
        ),
        case(
            None,
            "nulls",
            "nearly every field is null in real deliveries",
            |v| changed(v, nullify),
        ),
        case(
            None,
            "unknown-members",
            "fields that are not documented do turn up",
            |v| {
                changed(v, |data| {
                    data["substatusV2"] = Value::Null;
                    data["pieces"] = json!(2);
                    data["surprise"] = json!({"deep": [1, 2.5, {"er": null}]});
                })
            },
        ),
        case(
            None,
            "v2-names",
            "V4 signatures over the field names of V2 happen where webhook and API differ in version",
            |v| v.delivery(v.scheme(), v2_event(&v.parcel).to_string()),
        ),
        case(
            None,
            "meta-envelope",
            "the other documented envelope, with the parcel in a list of one",
            |v| {
                let data = &v.event()["data"];
                let event = json!({
                    "meta": {"code": 200, "type": "Success", "message": "Success"},
                    "data": [data],
                });
                v.delivery(v.scheme(), event.to_string())
            },
        ),
        case(
            None,
            "no-content-type",
            "it is not documented that there is one",
            |v| v.genuine(v.scheme()).without("content-type"),
        ),
        case(
            None,
            "chunked",
            "what is between you and the vendor may send on without a length",
            |v| v.genuine(v.scheme()).chunked(),
        ),
        case(
            Some(Body),
            "body-as-sent",
            "written as JSON parsers would not write it: the bytes that came must be verified",
            |v| v.delivery(Body, format!("{:#}\n", v.event()).replace('/', r"\/")),
        ),
        case(
            None,
            "duplicate",
            "deliveries come twice; only the answer shows from here, not whether it counted twice",
            |v| v.genuine(v.scheme()).twice(),
        ),
        case(
            None,
            "still-there",
            "after all this, a genuine delivery must still be accepted",
            |v| v.genuine(v.scheme()),
        ),
    ]
}

fn unsigned(vendor: &Vendor) -> Request {
    Request::new(vendor.event_text())
}

fn with_signature(vendor: &Vendor, signature: impl Into<Vec<u8>>) -> Request {
    let genuine = vendor.genuine(vendor.scheme());
    genuine.without("signature").with("signature", signature)
}

fn captured_as_body(vendor: &Vendor) -> Request {
    let time = unix_now().saturating_sub(60).to_string();
    let signature = vendor.signature(Body, time.as_bytes());
    Request::new(time.into()).with("signature", signature)
}

fn truncated(vendor: &Vendor, scheme: SchemeArg) -> Request {
    let genuine = vendor.genuine(scheme);
    let signature = genuine.value("signature");
    let half = signature[..signature.len() / 2].to_vec();
    genuine.without("signature").with("signature", half)
}

/// The first 8 hex digits, or 5 characters of base64.
fn right_at_first(vendor: &Vendor, scheme: SchemeArg) -> Request {
    vendor.forged(scheme, |mac| {
        for byte in &mut mac[4..] {
            *byte = !*byte;
        }
    })
}

fn changed(vendor: &Vendor, change: impl FnOnce(&mut Value)) -> Request {
    let mut event = vendor.event();
    change(&mut event["data"]);
    vendor.delivery(vendor.scheme(), event.to_string())
}

fn nullify(data: &mut Value) {
    for (name, value) in data.as_object_mut().into_iter().flatten() {
        if name != "tracking_number" {
            *value = Value::Null;
        }
    }
}

fn v2_event(parcel: &str) -> Value {
    json!({
        "meta": {"code": 200, "type": "Success", "message": "Success"},
        "data": {
            "tracking_number": parcel,
            "carrier_code": "dhl",
            "status": "transit",
            "track_update": true,
            "created_at": "2026-03-01T09:30:11+08:00",
            "updated_at": "2026-03-02T22:04:40+08:00",
            "order_create_time": "2026-03-01 09:10",
            "customer_email": ["", "null"],
            "order_id": "CHECK/1",
            "archived": false,
            "original_country": "Germany",
            "itemTimeLength": "3",
            "stayTimeLength": 1,
            "origin_info": {
                "ItemReceived": "2026-03-01 14:20",
                "carrier_code": "dhl",
                "trackinfo": [{
                    "Date": "2026-03-02 06:41",
                    "StatusDescription": "Arrived at sorting centre",
                    "Details": "Malmö",
                    "checkpoint_status": "transit"
                }]
            },
            "destination_info": {"carrier_code": "postnord", "trackinfo": null},
            "lastEvent": "Arrived at sorting centre,Malmö,2026-03-02 06:41",
            "lastUpdateTime": "2026-03-02 06:41"
        }
    })
}
