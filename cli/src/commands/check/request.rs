use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame};
use reqwest::{
    Client, Url,
    header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING},
};
use serde::{Serialize, Serializer};

use crate::{client, failure::Failure};

/// How long an answer may take. A receiver that hangs is not worth the wait for each of its cases.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request, byte for byte.
pub(super) struct Request {
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Bytes,
    framing: Framing,
    is_repeated: bool,
}

/// How the body's end is told.
enum Framing {
    Length,
    Chunked,
    /// So many bytes are announced, and none is sent.
    Announced(&'static str),
}

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Answered(u16),
    /// The connection was closed without an answer.
    Closed,
    TimedOut,
    /// There was no connection, for this reason.
    Unreachable(String),
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

    /// Sends it, on a connection of its own, and tells what came of it: of the second, if it is
    /// sent twice.
    pub(super) async fn send(&self, client: &Client, url: &Url) -> Result<Outcome, Failure> {
        if self.is_repeated {
            self.send_once(client, url).await?;
        }
        self.send_once(client, url).await
    }

    async fn send_once(&self, client: &Client, url: &Url) -> Result<Outcome, Failure> {
        let (headers, body) = self.parts()?;
        let request = client.post(url.clone()).headers(headers).body(body);
        match request.timeout(PATIENCE).send().await {
            Ok(answer) => Ok(Outcome::Answered(answer.status().as_u16())),
            Err(error) if error.is_builder() => Err(Failure::failed(client::reason(error))),
            Err(error) if error.is_connect() => Ok(Outcome::Unreachable(client::reason(error))),
            Err(error) if error.is_timeout() => Ok(Outcome::TimedOut),
            Err(_) => Ok(Outcome::Closed),
        }
    }

    fn parts(&self) -> Result<(HeaderMap, reqwest::Body), Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        for (name, value) in &self.headers {
            let value = HeaderValue::from_bytes(value).map_err(Failure::failed)?;
            headers.append(HeaderName::from_static(name), value);
        }
        let body = match self.framing {
            Framing::Length => self.body.clone().into(),
            Framing::Chunked => {
                headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
                self.body.clone().into()
            }
            Framing::Announced(length) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from_static(length));
                reqwest::Body::wrap(Never)
            }
        };
        Ok((headers, body))
    }
}

impl Outcome {
    pub(super) fn is_accepted(&self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => write!(f, "{status}"),
            Self::Closed => f.write_str("closed"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Unreachable(_) => f.write_str("unreached"),
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Answered(status) => serializer.serialize_u16(*status),
            _ => serializer.collect_str(self),
        }
    }
}

/// A body of which nothing ever comes.
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
