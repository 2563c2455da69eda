//! The cases that are sent after a genuine delivery of each form, in this order.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::vendor::{Request, UNKNOWN_PARCEL, Vendor, unix_now};
use crate::signing::SchemeArg as Scheme;

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) expected: Expected,
    /// The scheme that must be accepted for the case to be conclusive; `None` if either is enough.
    pub(super) scheme: Option<Scheme>,
    /// Why it matters.
    pub(super) why: &'static str,
    pub(super) request: fn(&Vendor) -> Request,
}

/// The answer of a good receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// Accepts it: it is genuine.
    Accepted,
    /// Refuses it: an attacker can send or replay it.
    HostileRefused,
    /// Refuses it, although only the secret can make it.
    OddRefused,
    /// Answers it in any way, without breaking.
    Answered,
    /// Any answer may be right.
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

const DAY: u64 = 24 * 60 * 60;
const EITHER: Option<Scheme> = None;
const TIMESTAMP: Option<Scheme> = Some(Scheme::Timestamp);
const BODY: Option<Scheme> = Some(Scheme::Body);

/// A row: what is expected, the scheme, the name, the request, and why it matters.
macro_rules! cases {
    ($($expected:ident $scheme:ident $name:literal $request:expr => $why:literal;)*) => {
        pub(super) const CASES: &[Case] = &[$(Case {
            name: $name,
            expected: Expected::$expected,
            scheme: $scheme,
            why: $why,
            request: $request,
        }),*];
    };
}

cases! {
    HostileRefused EITHER "no-headers" unsigned
        => "anyone who knows the URL can send this: missing headers must not bypass verification";
    HostileRefused EITHER "no-signature" |v| v.genuine(v.scheme()).without("signature")
        => "a timestamp alone proves nothing";
    HostileRefused TIMESTAMP "no-timestamp" |v| v.genuine(Scheme::Timestamp).without("timestamp")
        => "without the timestamp, there is nothing that the signature could cover";
    HostileRefused EITHER "empty-signature" |v| with_signature(v, "")
        => "an empty header is no signature";
    HostileRefused EITHER "wrong-signature" |v| v.forged(v.scheme(), |mac| *mac = [0; 32])
        => "64 zeros look like a signature";
    HostileRefused EITHER "malformed-signature" |v| with_signature(v, "x")
        => "a signature that does not decode must not count as empty and equal";
    HostileRefused EITHER "signature-beyond-ascii" |v| with_signature(v, [0xff; 64])
        => "bytes that are not text must not break the comparison";
    HostileRefused EITHER "long-signature" |v| with_signature(v, "a".repeat(4_000))
        => "4,000 digits must not break the comparison";
    HostileRefused TIMESTAMP "wrong-secret-timestamp" |v| v.signed_with(Scheme::Timestamp, b"wrong")
        => "anyone can sign with a secret of their own";
    HostileRefused BODY "wrong-secret-body" |v| v.signed_with(Scheme::Body, b"wrong")
        => "anyone can sign with a secret of their own";
    HostileRefused TIMESTAMP "empty-key-timestamp" |v| v.signed_with(Scheme::Timestamp, b"")
        => "a receiver whose secret is unset often verifies with the empty key, which anyone has";
    HostileRefused BODY "empty-key-body" |v| v.signed_with(Scheme::Body, b"")
        => "a receiver whose secret is unset often verifies with the empty key, which anyone has";
    HostileRefused TIMESTAMP "truncated-timestamp" |v| truncated(v, Scheme::Timestamp)
        => "a comparison that stops at the shorter text accepts any prefix";
    HostileRefused BODY "truncated-body" |v| truncated(v, Scheme::Body)
        => "a comparison that stops at the shorter text accepts any prefix";
    HostileRefused TIMESTAMP "prefix-timestamp" |v| right_at_first(v, Scheme::Timestamp)
        => "only the first characters are right: these can be guessed";
    HostileRefused BODY "prefix-body" |v| right_at_first(v, Scheme::Body)
        => "only the first characters are right: these can be guessed";
    HostileRefused TIMESTAMP "last-bit-timestamp" |v| v.forged(Scheme::Timestamp, |mac| mac[31] ^= 1)
        => "the whole signature must be compared";
    HostileRefused BODY "last-bit-body" |v| v.forged(Scheme::Body, |mac| mac[31] ^= 1)
        => "the whole signature must be compared";
    HostileRefused TIMESTAMP "other-time" |v| stale(v, 60).with("timestamp", unix_now().to_string())
        => "the signature of another second: one capture would be valid forever";
    HostileRefused TIMESTAMP "stale" |v| v.signed_at(unix_now().saturating_sub(365 * DAY))
        => "captured a year ago and replayed: old timestamps must be refused";
    HostileRefused TIMESTAMP "stale-then-fresh"
        |v| v.signed_at(unix_now() - 365 * DAY).with("timestamp", unix_now().to_string())
        => "two timestamps: the one that is verified must be the one whose age is checked";
    HostileRefused TIMESTAMP "fresh-then-stale"
        |v| stale(v, 365 * DAY)
            .with("timestamp", unix_now().to_string())
            .with("timestamp", (unix_now() - 365 * DAY).to_string())
        => "two timestamps: the one that is verified must be the one whose age is checked";
    HostileRefused BODY "tampered-body" |v| tampered(v, Scheme::Body)
        => "the body was changed on its way: it must be verified as it came";
    // With the timestamp that was signed, it would be genuine in the timestamp form.
    HostileRefused BODY "digits-body"
        |v| captured_as_body(v).with("timestamp", unix_now().to_string())
        => "a captured timestamp, sent as a body with its signature, would verify as a signed body";
    HostileRefused BODY "digits-body-bare" captured_as_body
        => "the same without a timestamp, so that a receiver may look only at the body";
    HostileRefused EITHER "huge-unsigned" |v| unsigned(v).with_body(vec![b' '; 3_000_000])
        => "3 MB without a signature: strangers must not fill your memory";
    HostileRefused EITHER "announced-unsigned" |v| unsigned(v).announcing("1000000000000")
        => "1 TB announced, nothing sent: a receiver that waits for it needs a read timeout";
    HostileRefused EITHER "chunked-unsigned" |v| unsigned(v).chunked()
        => "a body without a declared length must not bypass verification";

    OddRefused EITHER "two-signatures-wrong-first"
        |v| {
            let right = v.genuine(v.scheme());
            let signature = right.value("signature").to_vec();
            let wrong = right.without("signature").with("signature", "0".repeat(64));
            wrong.with("signature", signature)
        }
        => "a proxy and your code may each read another one";
    OddRefused EITHER "two-signatures-right-first"
        |v| v.genuine(v.scheme()).with("signature", "0".repeat(64))
        => "a proxy and your code may each read another one";
    OddRefused TIMESTAMP "epoch" |v| v.signed_at(0)
        => "signed at second 0: that must not count as having no timestamp to check";
    OddRefused TIMESTAMP "future" |v| v.signed_at(unix_now() + 365 * DAY)
        => "signed a year ahead: until then, it never gets too old to be replayed";
    Unknown TIMESTAMP "tampered-body-timestamp" |v| tampered(v, Scheme::Timestamp)
        => "the timestamp form does not cover the body, so any answer is right: use HTTPS, and ask \
            the API again before a decision that costs money";
    Unknown TIMESTAMP "late-retry" |v| v.signed_at(unix_now() - 5 * DAY)
        => "signed 5 days ago: if retries keep the first timestamp, which is not documented, \
            refusing it loses them; if not, accepting it helps replays";
    Answered EITHER "not-json" |v| v.delivery(v.scheme(), format!("tracking_number={}", v.fresh()))
        => "signed, but not JSON: answer it, do not break on it";
    Answered EITHER "empty-body" |v| v.delivery(v.scheme(), "")
        => "signed, but empty: answer it, do not break on it";
    Answered EITHER "deep" |v| v.delivery(v.scheme(), "[".repeat(50_000) + &v.fresh())
        => "signed, nested 50,000 deep: answer it, do not break on it";

    // The vendor sends what is refused again, up to 14 times in all.
    Accepted EITHER "unknown-parcel" |v| v.changed(|data| data["tracking_number"] = json!(UNKNOWN_PARCEL))
        => "a parcel that you do not know is sent again and again if you answer 404";
    Accepted EITHER "unknown-status" |v| v.changed(|data| data["delivery_status"] = json!("teleported"))
        => "the statuses are an open set";
    Accepted EITHER "undelivered" |v| v.changed(|data| data["delivery_status"] = json!("undelivered"))
        => "a failed attempt, whose name contains `delivered`";
    Accepted EITHER "nulls" |v| v.changed(nullify)
        => "nearly every field is null in real deliveries";
    Accepted EITHER "unknown-members"
        |v| v.changed(|data| data["surprise"] = json!({"deep": [1, 2.5, {"er": null}]}))
        => "fields that are not documented do turn up";
    Accepted EITHER "v2-names" |v| v.delivery(v.scheme(), v2_event(v).to_string())
        => "V4 signatures over V2's field names occur where webhook and API differ in version";
    Accepted EITHER "meta-envelope"
        |v| {
            let meta = json!({"code": 200, "type": "Success", "message": "Success"});
            let event = json!({"meta": meta, "data": [v.event()["data"]]});
            v.delivery(v.scheme(), event.to_string())
        }
        => "the other documented envelope, with the parcel in a list of one";
    Accepted EITHER "no-content-type" |v| v.genuine(v.scheme()).without("content-type")
        => "it is not documented that there is one";
    Accepted EITHER "chunked" |v| v.genuine(v.scheme()).chunked()
        => "a proxy between you and the vendor may forward without a length";
    Accepted BODY "body-as-sent"
        |v| v.delivery(Scheme::Body, format!("{:#}\n", v.event()).replace('/', r"\/"))
        => "written as JSON libraries would not write it: verify the bytes that came";
    Accepted EITHER "duplicate" |v| v.genuine(v.scheme()).twice()
        => "deliveries come twice; whether it counted twice does not show from here";
    Accepted EITHER "still-there" |v| v.genuine(v.scheme())
        => "after all this, a genuine delivery must still be accepted";
}

fn unsigned(vendor: &Vendor) -> Request {
    Request::new(vendor.body())
}

fn with_signature(vendor: &Vendor, signature: impl Into<Vec<u8>>) -> Request {
    let genuine = vendor.genuine(vendor.scheme());
    genuine.without("signature").with("signature", signature)
}

/// Signed so many seconds ago, without the timestamp.
fn stale(vendor: &Vendor, age: u64) -> Request {
    vendor.signed_at(unix_now() - age).without("timestamp")
}

fn tampered(vendor: &Vendor, scheme: Scheme) -> Request {
    let mut event = vendor.event();
    let genuine = vendor.delivery(scheme, event.to_string());
    event["data"]["delivery_status"] = json!("delivered");
    genuine.with_body(event.to_string())
}

fn captured_as_body(vendor: &Vendor) -> Request {
    let time = (unix_now() - 60).to_string();
    let signature = vendor.signature(Scheme::Body, time.as_bytes());
    Request::new(time.into()).with("signature", signature)
}

fn truncated(vendor: &Vendor, scheme: Scheme) -> Request {
    let genuine = vendor.genuine(scheme);
    let signature = genuine.value("signature");
    let half = signature[..signature.len() / 2].to_vec();
    genuine.without("signature").with("signature", half)
}

/// The first 8 hex digits are right, or 5 characters of base64.
fn right_at_first(vendor: &Vendor, scheme: Scheme) -> Request {
    vendor.forged(scheme, |mac| {
        for byte in &mut mac[4..] {
            *byte = !*byte;
        }
    })
}

fn nullify(data: &mut Value) {
    for (name, value) in data.as_object_mut().into_iter().flatten() {
        // A body that is no repeat needs the second.
        if name != "tracking_number" && name != "order_number" {
            *value = Value::Null;
        }
    }
}

fn v2_event(vendor: &Vendor) -> Value {
    let sample = include_bytes!("../../../samples/v2.json");
    let mut event: Value = serde_json::from_slice(sample).unwrap_or_default();
    event["data"]["tracking_number"] = json!(vendor.parcel);
    event["data"]["order_id"] = json!(vendor.fresh());
    event
}
