use std::{
    convert::Infallible,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame};
use jiff::Timestamp;
use reqwest::{
    Client, Url,
    header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING},
};
use serde_json::{Value, json};

use crate::{
    client::{self, Answer},
    event::Status,
    failure::Failure,
    secret::Secret,
    signing::{Encoding, Mac, SchemeArg as Scheme, mac},
};

/// A form of signing, as documented: what is signed, and how the signature is written.
pub(super) type Form = (Scheme, Encoding);

/// The parcel of `unknown-parcel`.
pub(super) const UNKNOWN_PARCEL: &str = "UNKNOWN0000000404";

/// Signs as TrackingMore does, in the forms that the receiver is known to accept. No two bodies are
/// the same, so that a receiver which refuses repeats refuses no other case.
pub(super) struct Vendor {
    pub(super) secret: Secret,
    pub(super) parcel: String,
    pub(super) accepted: Vec<Form>,
    pub(super) bodies: AtomicU64,
}

impl Vendor {
    /// The scheme for what can be sent in either.
    pub(super) fn scheme(&self) -> Scheme {
        self.accepted
            .first()
            .map_or(Scheme::Timestamp, |form| form.0)
    }

    pub(super) fn is_accepted(&self, scheme: Scheme) -> bool {
        self.accepted.iter().any(|form| form.0 == scheme)
    }

    /// Returns a text that no other body has, in this run or another.
    pub(super) fn fresh(&self) -> String {
        let n = self.bodies.fetch_add(1, Ordering::Relaxed);
        format!("CHECK/{}/{n}", Timestamp::now().as_nanosecond())
    }

    /// An event of version V4.
    pub(super) fn event(&self) -> Value {
        let mut event: Value = serde_json::from_slice(Status::Transit.sample()).unwrap_or_default();
        event["data"]["tracking_number"] = json!(self.parcel);
        event["data"]["order_number"] = json!(self.fresh());
        event
    }

    pub(super) fn body(&self) -> Vec<u8> {
        self.event().to_string().into_bytes()
    }

    /// A genuine delivery.
    pub(super) fn genuine(&self, scheme: Scheme) -> Request {
        self.delivery(scheme, self.body())
    }

    /// A genuine delivery of an event with changes.
    pub(super) fn changed(&self, change: impl FnOnce(&mut Value)) -> Request {
        let mut event = self.event();
        change(&mut event["data"]);
        self.delivery(self.scheme(), event.to_string())
    }

    /// A genuine delivery of another body.
    pub(super) fn delivery(&self, scheme: Scheme, body: impl Into<Vec<u8>>) -> Request {
        let form = self.form(scheme);
        self.signed(form, &self.secret, unix_now(), body.into(), |_| {})
    }

    /// A genuine delivery in a form that the receiver may not accept.
    pub(super) fn in_form(&self, form: Form) -> Request {
        self.signed(form, &self.secret, unix_now(), self.body(), |_| {})
    }

    /// A delivery whose timestamp was signed in another second.
    pub(super) fn signed_at(&self, seconds: u64) -> Request {
        let form = self.form(Scheme::Timestamp);
        self.signed(form, &self.secret, seconds, self.body(), |_| {})
    }

    /// A delivery signed with a key that is not the secret.
    pub(super) fn signed_with(&self, scheme: Scheme, key: &[u8]) -> Request {
        self.signed(self.form(scheme), key, unix_now(), self.body(), |_| {})
    }

    /// A delivery whose signature was changed.
    pub(super) fn forged(&self, scheme: Scheme, change: impl FnOnce(&mut Mac)) -> Request {
        let form = self.form(scheme);
        self.signed(form, &self.secret, unix_now(), self.body(), change)
    }

    /// The valid signature of a message, in the encoding that goes with a scheme.
    pub(super) fn signature(&self, scheme: Scheme, message: &[u8]) -> String {
        self.form(scheme).1.write(mac(&self.secret, message))
    }

    /// A scheme in the encoding in which it is accepted, or else in the documented one.
    fn form(&self, scheme: Scheme) -> Form {
        let accepted = self.accepted.iter().find(|form| form.0 == scheme);
        accepted.copied().unwrap_or((scheme, scheme.documented()))
    }

    fn signed(
        &self,
        (scheme, encoding): Form,
        key: &[u8],
        seconds: u64,
        body: Vec<u8>,
        change: impl FnOnce(&mut Mac),
    ) -> Request {
        let time = seconds.to_string();
        let mut signature = match scheme {
            Scheme::Timestamp => mac(key, time.as_bytes()),
            Scheme::Body => mac(key, &body),
        };
        change(&mut signature);
        Request::new(body)
            .with("timestamp", time)
            .with("signature", encoding.write(signature))
    }
}

pub(super) fn unix_now() -> u64 {
    Timestamp::now().as_second().unsigned_abs()
}

/// A request, byte for byte.
pub(super) struct Request {
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Bytes,
    framing: Framing,
    is_repeated: bool,
}

/// How the end of the body is announced.
enum Framing {
    Length,
    Chunked,
    /// This many bytes are announced, and none is sent.
    Announced(&'static str),
}

impl Request {
    pub(super) fn new(body: Vec<u8>) -> Self {
        Self {
            headers: vec![("content-type", b"application/json".to_vec())],
            body: body.into(),
            framing: Framing::Length,
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

    /// The value of a header; empty if there is none.
    pub(super) fn value(&self, name: &str) -> &[u8] {
        let header = self.headers.iter().find(|(known, _)| *known == name);
        header.map_or(&[], |(_, value)| value)
    }

    pub(super) fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(super) fn chunked(mut self) -> Self {
        self.framing = Framing::Chunked;
        self
    }

    pub(super) fn announcing(mut self, length: &'static str) -> Self {
        self.framing = Framing::Announced(length);
        self
    }

    pub(super) fn twice(mut self) -> Self {
        self.is_repeated = true;
        self
    }

    /// Sends it on a connection of its own. Returns the answer, or the second if it is sent twice.
    pub(super) async fn send(&self, client: &Client, url: &Url) -> Result<Answer, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        for (name, value) in &self.headers {
            let value = HeaderValue::from_bytes(value).map_err(Failure::failed)?;
            headers.append(HeaderName::from_static(name), value);
        }
        match self.framing {
            Framing::Length => {}
            Framing::Chunked => {
                headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            }
            Framing::Announced(length) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from_static(length));
                return Ok(client::post(client, url, headers, reqwest::Body::wrap(Never)).await);
            }
        }
        if self.is_repeated {
            client::post(client, url, headers.clone(), self.body.clone()).await;
        }
        Ok(client::post(client, url, headers, self.body.clone()).await)
    }
}

/// A body that never sends anything.
struct Never;

impl Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}
