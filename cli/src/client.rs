//! Requests to a receiver, and what it answers.

use std::{
    error::Error as _,
    fmt, iter,
    net::SocketAddr,
    time::{Duration, Instant},
};

use reqwest::{
    Client, ClientBuilder, Method, Response, StatusCode, Url,
    header::{CONNECTION, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use serde::Serialize;

use crate::{failure::Failure, output::Foreign};

/// How long a receiver may take to answer. The vendor's own limit is not documented.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How many bytes of an answer are kept to be shown.
const SHOWN: usize = 300;

/// What belongs to one connection, and is not passed on over another.
const OF_CONNECTION: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Makes a client for a URL, that sends as it is told: it follows no redirect and asks no proxy.
pub(crate) fn client(url: &Url) -> Result<Client, Failure> {
    build(Client::builder(), url)
}

/// As [`client`], with the addresses that the host of `url` is known to have.
pub(crate) fn client_at(url: &Url, addresses: &[SocketAddr]) -> Result<Client, Failure> {
    let host = url.host_str().unwrap_or_default();
    build(Client::builder().resolve_to_addrs(host, addresses), url)
}

fn build(builder: ClientBuilder, url: &Url) -> Result<Client, Failure> {
    // Fails only if there is a provider already, which is as good.
    _ = rustls::crypto::ring::default_provider().install_default();
    let builder = match url.scheme() {
        "https" => builder,
        // A machine need not have certificates if none is to be verified.
        _ => builder.tls_certs_only([]),
    };
    builder
        .redirect(Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| {
            let reason = reason(error);
            Failure::usage(format_args!(
                "cannot use HTTPS: {reason}; install ca-certificates"
            ))
        })
}

/// Reads the URL of a receiver.
pub(crate) fn target(text: &str) -> Result<Url, String> {
    match text.parse::<Url>() {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => {
            Err("give a whole URL, such as http://127.0.0.1:3000/webhooks/trackingmore".to_owned())
        }
    }
}

/// Writes a URL without what may be secret in it.
pub(crate) fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// Makes a header map of `headers`, without those of a connection.
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

/// Takes those of a connection out of its headers, also those that `connection` names.
pub(crate) fn passed_on(mut headers: HeaderMap) -> HeaderMap {
    let values = headers.get_all(CONNECTION).into_iter();
    let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let named: Vec<HeaderName> = names
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    for name in named.iter().map(HeaderName::as_str).chain(OF_CONNECTION) {
        headers.remove(name);
    }
    headers
}

/// What a receiver said to a delivery, or why it said nothing.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: Result<StatusCode, String>,
    /// The beginning of its body, if it was a refusal in text.
    pub(crate) words: Option<String>,
    /// How long it took.
    pub(crate) latency: Duration,
}

impl Answer {
    pub(crate) fn is_accepted(&self) -> bool {
        self.status.as_ref().is_ok_and(StatusCode::is_success)
    }

    /// Gives what a script is told.
    pub(crate) fn record(&self) -> Record<'_> {
        Record {
            accepted: self.is_accepted(),
            status: self.status.as_ref().ok().map(StatusCode::as_u16),
            error: self.status.as_ref().err().map(String::as_str),
            words: self.words.as_deref(),
            latency_ms: milliseconds(self.latency),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Record<'a> {
    accepted: bool,
    status: Option<u16>,
    error: Option<&'a str>,
    words: Option<&'a str>,
    latency_ms: f64,
}

/// Gives milliseconds to three places.
pub(crate) fn milliseconds(length: Duration) -> f64 {
    (length.as_secs_f64() * 1e6).round() / 1e3
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.status {
            Ok(status) => write!(f, "{status}")?,
            Err(reason) => write!(f, "no answer: {reason}")?,
        }
        match &self.words {
            Some(words) => write!(f, " {}", Foreign(words)),
            None => Ok(()),
        }
    }
}

/// Sends a delivery once.
pub(crate) async fn post(client: &Client, url: &Url, headers: &HeaderMap, body: &[u8]) -> Answer {
    let request = client
        .request(Method::POST, url.clone())
        .headers(headers.clone())
        .body(body.to_vec());
    let sent = Instant::now();
    let (status, words) = match request.send().await {
        Ok(response) => (Ok(response.status()), beginning(response).await),
        Err(error) => (Err(reason(error)), String::new()),
    };
    let is_refusal = status.as_ref().is_ok_and(|status| !status.is_success());
    Answer {
        status,
        words: (is_refusal && !words.is_empty()).then_some(words),
        latency: sent.elapsed(),
    }
}

/// Reads an answer to its end, or as far as it comes, and gives what it says first.
async fn beginning(mut response: Response) -> String {
    let mut shown = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = SHOWN - shown.len();
        shown.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    String::from_utf8_lossy(&shown).trim().to_owned()
}

/// Tells why no answer came, without the URL, which can hold a password.
pub(crate) fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return format!("nothing within {} s", TIMEOUT.as_secs());
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
        let client = client_at(&url, &[address]).unwrap();
        let answer = post(&client, &url, &HeaderMap::new(), b"").await;
        assert_eq!(answer.status, Ok(StatusCode::NO_CONTENT));
    }
}
