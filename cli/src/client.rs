//! Requests to a receiver, and its answers.

use std::{
    error::Error as _,
    fmt, iter,
    net::SocketAddr,
    time::{Duration, Instant},
};

use reqwest::{
    Body, Client, ClientBuilder, Response, StatusCode, Url,
    header::{CONNECTION, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use serde::{Serialize, Serializer};

use crate::{failure::Failure, output::Foreign};

/// How long a receiver may take to answer. The vendor's own limit is not documented.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How many bytes of an answer are kept to be shown, and how many are read, after which its
/// connection can be used again.
const SHOWN: usize = 300;
const READ: usize = 64 * 1024;

/// The headers that belong to one connection and are not forwarded.
const OF_CONNECTION: &str = "connection content-length expect host keep-alive proxy-authenticate \
                             proxy-authorization proxy-connection te trailer transfer-encoding \
                             upgrade";

/// A receiver, and the client that sends to it.
pub(crate) struct Target {
    pub(crate) url: Url,
    client: Client,
}

impl Target {
    pub(crate) fn new(url: Url) -> Result<Self, Failure> {
        Self::build(url, Client::builder().timeout(TIMEOUT))
    }

    /// As [`Target::new`], with the addresses that the host of `url` is known to have, and another
    /// timeout.
    pub(crate) fn at(
        url: Url,
        addresses: &[SocketAddr],
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let host = url.host_str().unwrap_or_default();
        let builder = Client::builder().resolve_to_addrs(host, addresses);
        Self::build(url, builder.timeout(timeout))
    }

    /// Follows no redirects and uses no proxy.
    fn build(url: Url, builder: ClientBuilder) -> Result<Self, Failure> {
        // Fails only if a provider is installed already, which is fine.
        _ = rustls::crypto::ring::default_provider().install_default();
        let builder = match url.scheme() {
            "https" => builder,
            // Plain HTTP must work on a machine without certificates.
            _ => builder.tls_certs_only([]),
        };
        let client = builder.redirect(Policy::none()).no_proxy().build();
        let client = client.map_err(|error| {
            let reason = reason(error);
            let advice = "install ca-certificates";
            Failure::usage(format_args!("cannot use HTTPS: {reason}; {advice}"))
        })?;
        Ok(Self { url, client })
    }

    /// Sends a delivery once. Returns the answer unread.
    pub(crate) async fn send(
        &self,
        headers: HeaderMap,
        body: impl Into<Body>,
    ) -> reqwest::Result<Response> {
        let request = self.client.post(self.url.clone());
        request.headers(headers).body(body).send().await
    }

    /// Sends a delivery once.
    pub(crate) async fn post(&self, headers: HeaderMap, body: impl Into<Body>) -> Answer {
        let sent = Instant::now();
        let (status, words) = match self.send(headers, body).await {
            Ok(response) => (Ok(response.status()), beginning(response).await),
            Err(error) => (Err(NoAnswer::from(error)), String::new()),
        };
        let is_refusal = status.as_ref().is_ok_and(|status| !status.is_success());
        Answer {
            status,
            words: (is_refusal && !words.is_empty()).then_some(words),
            latency: sent.elapsed(),
        }
    }

    /// The URL, without the parts that may be secret.
    pub(crate) fn shown(&self) -> String {
        let origin = self.url.origin().ascii_serialization();
        format!("{origin}{}", self.url.path())
    }
}

/// Reads the URL of a receiver.
pub(crate) fn target(text: &str) -> Result<Url, String> {
    match text.parse::<Url>() {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Err(error) if text.contains("://") => Err(error.to_string()),
        _ => Err("the URL must begin with http:// or https://, as in \
                  http://127.0.0.1:3000/webhooks/trackingmore"
            .to_owned()),
    }
}

/// Builds a header map of `headers`, without those of the connection.
pub(crate) fn header_map<N: AsRef<str>, V: AsRef<[u8]>>(
    headers: &[(N, V)],
) -> Result<HeaderMap, Failure> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = name.as_ref();
        let pair = HeaderName::from_bytes(name.as_bytes())
            .ok()
            .zip(HeaderValue::from_bytes(value.as_ref()).ok());
        let Some((name, value)) = pair else {
            let name = Foreign(name);
            return Err(Failure::usage(format_args!(
                "header {name} cannot be sent over HTTP"
            )));
        };
        map.append(name, value);
    }
    Ok(passed_on(map))
}

/// Removes the headers of the connection, including those that `connection` names.
pub(crate) fn passed_on(mut headers: HeaderMap) -> HeaderMap {
    let values = headers.get_all(CONNECTION).into_iter();
    let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let named: Vec<HeaderName> = names
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    let own = OF_CONNECTION.split(' ');
    for name in named.iter().map(HeaderName::as_str).chain(own) {
        headers.remove(name);
    }
    headers
}

/// The answer of a receiver, or why there is none.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: Result<StatusCode, NoAnswer>,
    /// The beginning of its body, if it is a refusal.
    pub(crate) words: Option<String>,
    /// How long it took.
    pub(crate) latency: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct NoAnswer {
    pub(crate) kind: NoAnswerKind,
    pub(crate) reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAnswerKind {
    /// There was no connection.
    Unreachable,
    TimedOut,
    /// The connection was closed, or what came is not HTTP.
    Closed,
}

impl Answer {
    pub(crate) fn is_accepted(&self) -> bool {
        self.status.as_ref().is_ok_and(StatusCode::is_success)
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Record<'a> {
            accepted: bool,
            status: Option<u16>,
            error: Option<&'a str>,
            words: Option<&'a str>,
            latency_ms: f64,
        }
        let record = Record {
            accepted: self.is_accepted(),
            status: self.status.as_ref().ok().map(StatusCode::as_u16),
            error: self.status.as_ref().err().map(|none| &none.reason[..]),
            words: self.words.as_deref(),
            latency_ms: milliseconds(self.latency),
        };
        record.serialize(serializer)
    }
}

/// Returns milliseconds with three decimals.
pub(crate) fn milliseconds(length: Duration) -> f64 {
    (length.as_secs_f64() * 1e6).round() / 1e3
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.status {
            Ok(status) => write!(f, "{status}")?,
            Err(none) => write!(f, "no answer: {}", none.reason)?,
        }
        match &self.words {
            Some(words) => write!(f, " {}", Foreign(words)),
            None => Ok(()),
        }
    }
}

impl From<reqwest::Error> for NoAnswer {
    fn from(error: reqwest::Error) -> Self {
        let kind = match &error {
            error if error.is_connect() => NoAnswerKind::Unreachable,
            error if error.is_timeout() => NoAnswerKind::TimedOut,
            _ => NoAnswerKind::Closed,
        };
        let reason = reason(error);
        Self { kind, reason }
    }
}

/// Reads an answer, to its end unless it is very long. Returns its beginning.
async fn beginning(mut response: Response) -> String {
    let (mut shown, mut length) = (Vec::new(), 0);
    while length < READ
        && let Ok(Some(chunk)) = response.chunk().await
    {
        let room = SHOWN - shown.len();
        shown.extend_from_slice(&chunk[..chunk.len().min(room)]);
        length += chunk.len();
    }
    String::from_utf8_lossy(&shown).trim().to_owned()
}

/// Returns why no answer came, without the URL, which may hold a password.
pub(crate) fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let chain = iter::successors(error.source(), |error| (*error).source());
    match chain.last() {
        Some(cause) => cause.to_string(),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, serve};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_host_whose_addresses_are_known_is_not_looked_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(async || StatusCode::NO_CONTENT);
        tokio::spawn(async { serve(listener, app).await });
        let url = format!("http://receiver.invalid:{}/", address.port());
        let url = target(&url).unwrap();
        let target = Target::at(url, &[address], TIMEOUT).unwrap();
        let answer = target.post(HeaderMap::new(), "").await;
        assert!(answer.is_accepted());
    }
}
