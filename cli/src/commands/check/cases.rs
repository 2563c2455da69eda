//! The cases that are sent after a genuine delivery of each form, in this order.

use serde_json::{Value, json};

use super::vendor::{Request, Vendor, fresh};
use crate::signing::SchemeArg as Scheme;

/// The parcel of `unknown-parcel`.
pub(super) const UNKNOWN_PARCEL: &str = "UNKNOWN0000000404";

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) expected: Expected,
    /// The scheme that must be accepted for the case to be conclusive; `None` if either is enough.
    pub(super) scheme: Option<Scheme>,
    /// Why it matters.
    pub(super) why: &'static str,
    pub(super) request: fn(Vendor<'_>) -> Request,
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

impl Expected {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::HostileRefused | Self::OddRefused => "refused",
            Self::Answered => "answered",
            Self::Unknown => "any",
        }
    }
}

const DAY: i64 = 24 * 60 * 60;
const V2: &[u8] = include_bytes!("../../../samples/v2.json");
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
    HostileRefused EITHER "no-signature" |v| v.genuine().without("signature")
        => "a timestamp alone proves nothing";
    HostileRefused TIMESTAMP "no-timestamp" |v| v.genuine().without("timestamp")
        => "without the timestamp, there is nothing that the signature could cover";
    HostileRefused EITHER "empty-signature" |v| v.genuine().replacing("signature", "")
        => "an empty header is no signature";
    HostileRefused EITHER "wrong-signature" |v| v.forged(|mac| *mac = [0; 32])
        => "64 zeros look like a signature";
    HostileRefused EITHER "malformed-signature" |v| v.genuine().replacing("signature", "x")
        => "a signature that does not decode must not count as empty and equal";
    HostileRefused EITHER "signature-beyond-ascii"
        |v| v.genuine().replacing("signature", [0xff; 64])
        => "bytes that are not text must not break the comparison";
    HostileRefused EITHER "long-signature" |v| v.genuine().replacing("signature", "a".repeat(4_000))
        => "4,000 digits must not break the comparison";
    HostileRefused TIMESTAMP "wrong-secret-timestamp" |v| Vendor { key: b"wrong", ..v }.genuine()
        => "anyone can sign with a secret of their own";
    HostileRefused BODY "wrong-secret-body" |v| Vendor { key: b"wrong", ..v }.genuine()
        => "anyone can sign with a secret of their own";
    HostileRefused TIMESTAMP "empty-key-timestamp" |v| Vendor { key: b"", ..v }.genuine()
        => "a receiver whose secret is unset often verifies with the empty key, which anyone has";
    HostileRefused BODY "empty-key-body" |v| Vendor { key: b"", ..v }.genuine()
        => "a receiver whose secret is unset often verifies with the empty key, which anyone has";
    HostileRefused TIMESTAMP "truncated-timestamp" truncated
        => "a comparison that stops at the shorter text accepts any prefix";
    HostileRefused BODY "truncated-body" truncated
        => "a comparison that stops at the shorter text accepts any prefix";
    HostileRefused TIMESTAMP "prefix-timestamp" right_at_first
        => "only the first characters are right: these can be guessed";
    HostileRefused BODY "prefix-body" right_at_first
        => "only the first characters are right: these can be guessed";
    HostileRefused TIMESTAMP "last-bit-timestamp" |v| v.forged(|mac| mac[31] ^= 1)
        => "the whole signature must be compared";
    HostileRefused BODY "last-bit-body" |v| v.forged(|mac| mac[31] ^= 1)
        => "the whole signature must be compared";
    HostileRefused TIMESTAMP "other-time"
        |v| v.ago(60).genuine().replacing("timestamp", v.time.to_string())
        => "the signature of another second: one capture would be valid forever";
    HostileRefused TIMESTAMP "stale" |v| v.ago(365 * DAY).genuine()
        => "captured a year ago and replayed: old timestamps must be refused";
    HostileRefused TIMESTAMP "stale-then-fresh"
        |v| v.ago(365 * DAY).genuine().with("timestamp", v.time.to_string())
        => "two timestamps: the one that is verified must be the one whose age is checked";
    HostileRefused TIMESTAMP "fresh-then-stale"
        |v| {
            let old = v.ago(365 * DAY);
            let fresh = old.genuine().replacing("timestamp", v.time.to_string());
            fresh.with("timestamp", old.time.to_string())
        }
        => "two timestamps: the one that is verified must be the one whose age is checked";
    HostileRefused BODY "tampered-body" tampered
        => "the body was changed on its way: it must be verified as it came";
    // With the timestamp that was signed, it would be genuine in the timestamp form.
    HostileRefused BODY "digits-body" |v| v.delivery(v.ago(60).time.to_string())
        => "a captured timestamp, sent as a body with its signature, would verify as a signed body";
    HostileRefused BODY "digits-body-bare"
        |v| v.delivery(v.ago(60).time.to_string()).without("timestamp")
        => "the same without a timestamp, so that a receiver may look only at the body";
    HostileRefused EITHER "huge-unsigned" |_| Request::new(vec![b' '; 3_000_000])
        => "3 MB without a signature: strangers must not fill your memory";
    HostileRefused EITHER "announced-unsigned"
        |v| Request { body: None, ..unsigned(v).with("content-length", "1000000000000") }
        => "1 TB announced, nothing sent: a receiver that waits for it needs a read timeout";
    HostileRefused EITHER "chunked-unsigned" |v| unsigned(v).with("transfer-encoding", "chunked")
        => "a body without a declared length must not bypass verification";

    OddRefused EITHER "two-signatures-wrong-first"
        |v| {
            let mut request = v.genuine();
            request.headers.insert(0, ("signature", "0".repeat(64).into()));
            request
        }
        => "a proxy and your code may each read another one";
    OddRefused EITHER "two-signatures-right-first" |v| v.genuine().with("signature", "0".repeat(64))
        => "a proxy and your code may each read another one";
    OddRefused TIMESTAMP "epoch" |v| Vendor { time: 0, ..v }.genuine()
        => "signed at second 0: that must not count as having no timestamp to check";
    OddRefused TIMESTAMP "future" |v| v.ago(-365 * DAY).genuine()
        => "signed a year ahead: until then, it never gets too old to be replayed";
    Unknown TIMESTAMP "tampered-body-timestamp" tampered
        => "the timestamp form does not cover the body, so any answer is right: use HTTPS, and ask \
            the API again before a decision that costs money";
    Unknown TIMESTAMP "late-retry" |v| v.ago(5 * DAY).genuine()
        => "signed 5 days ago: if retries keep the first timestamp, which is not documented, \
            refusing it loses them; if not, accepting it helps replays";
    Answered EITHER "not-json" |v| v.delivery(format!("tracking_number={}", fresh()))
        => "signed, but not JSON: answer it, do not break on it";
    Answered EITHER "empty-body" |v| v.delivery("")
        => "signed, but empty: answer it, do not break on it";
    Answered EITHER "deep" |v| v.delivery("[".repeat(50_000) + &fresh())
        => "signed, nested 50,000 deep: answer it, do not break on it";

    // The vendor sends what is refused again, up to 14 times in all.
    Accepted EITHER "unknown-parcel" |v| v.with("tracking_number", UNKNOWN_PARCEL)
        => "a parcel that you do not know is sent again and again if you answer 404";
    Accepted EITHER "unknown-status" |v| v.with("delivery_status", "teleported")
        => "the statuses are an open set";
    Accepted EITHER "undelivered" |v| v.with("delivery_status", "undelivered")
        => "a failed attempt, whose name contains `delivered`";
    Accepted EITHER "nulls" nulls
        => "nearly every field is null in real deliveries";
    Accepted EITHER "unknown-members"
        |v| v.with("surprise", json!({"deep": [1, 2.5, {"er": null}]}))
        => "fields that are not documented do turn up";
    Accepted EITHER "v2-names" |v| v.delivery(v.event_like(V2, "order_id").to_string())
        => "V4 signatures over V2's field names occur where webhook and API differ in version";
    Accepted EITHER "meta-envelope"
        |v| {
            let meta = json!({"code": 200, "type": "Success", "message": "Success"});
            let event = json!({"meta": meta, "data": [v.event()["data"]]});
            v.delivery(event.to_string())
        }
        => "the other documented envelope, with the parcel in a list of one";
    Accepted EITHER "no-content-type" |v| v.genuine().without("content-type")
        => "it is not documented that there is one";
    Accepted EITHER "chunked" |v| v.genuine().with("transfer-encoding", "chunked")
        => "a proxy between you and the vendor may forward without a length";
    Accepted BODY "body-as-sent" |v| v.delivery(format!("{:#}\n", v.event()).replace('/', r"\/"))
        => "written as JSON libraries would not write it: verify the bytes that came";
    Accepted EITHER "duplicate" |v| Request { is_repeated: true, ..v.genuine() }
        => "deliveries come twice; whether it counted twice does not show from here";
    Accepted EITHER "still-there" |v| v.genuine()
        => "after all this, a genuine delivery must still be accepted";
}

fn unsigned(vendor: Vendor<'_>) -> Request {
    Request::new(vendor.event().to_string())
}

fn tampered(vendor: Vendor<'_>) -> Request {
    let mut event = vendor.event();
    let genuine = vendor.delivery(event.to_string());
    event["data"]["delivery_status"] = json!("delivered");
    Request {
        body: Some(event.to_string().into()),
        ..genuine
    }
}

fn truncated(vendor: Vendor<'_>) -> Request {
    let mut request = vendor.genuine();
    for (name, value) in &mut request.headers {
        if *name == "signature" {
            value.truncate(value.len() / 2);
        }
    }
    request
}

/// The first 8 hex digits are right, or 5 characters of base64.
fn right_at_first(vendor: Vendor<'_>) -> Request {
    vendor.forged(|mac| mac[4..].iter_mut().for_each(|byte| *byte = !*byte))
}

fn nulls(vendor: Vendor<'_>) -> Request {
    let mut event = vendor.event();
    for (name, value) in event["data"].as_object_mut().into_iter().flatten() {
        // A body that is no repeat needs the second.
        if name != "tracking_number" && name != "order_number" {
            *value = Value::Null;
        }
    }
    vendor.delivery(event.to_string())
}
