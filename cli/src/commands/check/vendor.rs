use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    event::Status,
    signing::{Encoding, Mac, SchemeArg as Scheme, mac},
};

/// A form of signing: what is signed, and how the signature is written.
pub(super) type Form = (Scheme, Encoding);

/// Every documented form. Those that the documentation shows come first.
pub(super) const FORMS: [Form; 4] = [
    (Scheme::Timestamp, Encoding::Hex),
    (Scheme::Body, Encoding::Base64),
    (Scheme::Timestamp, Encoding::Base64),
    (Scheme::Body, Encoding::Hex),
];

/// Signs as TrackingMore does. No two bodies are the same, so that a receiver which refuses repeats
/// refuses no other case.
#[derive(Clone, Copy)]
pub(super) struct Vendor<'a> {
    pub(super) key: &'a [u8],
    pub(super) form: Form,
    /// What the timestamp says, in seconds since 1970.
    pub(super) time: i64,
    pub(super) parcel: &'a str,
}

impl Vendor<'_> {
    /// As it signed this many seconds ago.
    pub(super) fn ago(self, seconds: i64) -> Self {
        let time = self.time - seconds;
        Self { time, ..self }
    }

    /// An event of version V4.
    pub(super) fn event(self) -> Value {
        self.event_like(Status::Transit.sample(), "order_number")
    }

    /// A sample about the parcel. The member `order` tells it from all others.
    pub(super) fn event_like(self, sample: &[u8], order: &str) -> Value {
        let mut event: Value = serde_json::from_slice(sample).unwrap_or_default();
        event["data"]["tracking_number"] = json!(self.parcel);
        event["data"][order] = json!(fresh());
        event
    }

    /// A genuine delivery.
    pub(super) fn genuine(self) -> Request {
        self.delivery(self.event().to_string())
    }

    /// A genuine delivery of an event with another value of a member.
    pub(super) fn with(self, member: &str, value: impl Into<Value>) -> Request {
        let mut event = self.event();
        event["data"][member] = value.into();
        self.delivery(event.to_string())
    }

    /// A genuine delivery of another body.
    pub(super) fn delivery(self, body: impl Into<Bytes>) -> Request {
        self.signed(body.into(), |_| {})
    }

    /// A delivery whose signature was changed.
    pub(super) fn forged(self, change: fn(&mut Mac)) -> Request {
        self.signed(self.event().to_string().into(), change)
    }

    fn signed(self, body: Bytes, change: fn(&mut Mac)) -> Request {
        let (scheme, encoding) = self.form;
        let time = self.time.to_string();
        let message = match scheme {
            Scheme::Timestamp => time.as_bytes(),
            Scheme::Body => &body,
        };
        let mut signature = mac(self.key, message);
        change(&mut signature);
        Request::new(body)
            .with("timestamp", time)
            .with("signature", encoding.write(signature))
    }
}

/// Returns a text that no other body has, in this run or another.
pub(super) fn fresh() -> String {
    format!("CHECK/{}", Timestamp::now().as_nanosecond())
}

/// A request, byte for byte.
pub(super) struct Request {
    pub(super) headers: Vec<(&'static str, Vec<u8>)>,
    /// `None` if it is announced, but never sent.
    pub(super) body: Option<Bytes>,
    pub(super) is_repeated: bool,
}

impl Request {
    /// An unsigned request, on a connection of its own.
    pub(super) fn new(body: impl Into<Bytes>) -> Self {
        let json = b"application/json".to_vec();
        Self {
            headers: vec![("connection", b"close".to_vec()), ("content-type", json)],
            body: Some(body.into()),
            is_repeated: false,
        }
    }

    /// Adds a header, beside those of the same name.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    pub(super) fn replacing(self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.without(name).with(name, value)
    }
}
