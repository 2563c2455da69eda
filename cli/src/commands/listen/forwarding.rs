use std::net::{IpAddr, SocketAddr, TcpListener};

use axum::{
    body::{Body, Bytes},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use reqwest::Url;
use tokio::net::lookup_host;

use crate::client::{self, Target};

/// The longest answer that is relayed, in bytes.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// Forwards a delivery. Returns the answer, or why there is none.
pub(super) async fn pass_on(
    target: &Target,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, String> {
    let headers = client::passed_on(headers);
    let trouble = |error| format!("cannot forward: {}", client::reason(error));
    let mut answer = target.send(headers, body).await.map_err(trouble)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(trouble)? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            return Err("cannot relay the answer: it is longer than 1 MiB".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    let headers = client::passed_on(answer.headers().clone());
    // A `Vec` would bring a content type of its own.
    Ok((answer.status(), headers, Body::from(body)).into_response())
}

/// Returns whether requests to `url` arrive at the listener with the address `own`.
pub(super) async fn leads_to(url: &Url, own: SocketAddr) -> bool {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return false;
    };
    if port != own.port() {
        return false;
    }
    // An IPv6 address has brackets in a URL.
    let host = host.trim_matches(['[', ']']);
    match lookup_host((host, port)).await {
        Ok(mut addresses) => addresses.any(|target| is_same(target.ip(), own.ip())),
        Err(_) => false,
    }
}

fn is_same(target: IpAddr, own: IpAddr) -> bool {
    let (target, own) = (target.to_canonical(), own.to_canonical());
    let is_of_this_machine = || TcpListener::bind((target, 0)).is_ok();
    match (target.is_unspecified(), own.is_unspecified()) {
        (false, false) => target == own,
        // Requests to the unspecified address arrive at the loopback address.
        (true, false) => own.is_loopback(),
        (_, true) => is_of_this_machine(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_url_that_leads_back_is_recognised() {
        for (url, own, expected) in [
            ("http://127.0.0.1:3080/hooks", "127.0.0.1:3080", true),
            ("http://127.0.0.1:3080/other/path", "0.0.0.0:3080", true),
            ("http://localhost:3080", "0.0.0.0:3080", true),
            ("http://0.0.0.0:3080", "127.0.0.1:3080", true),
            ("http://[::ffff:127.0.0.1]:3080", "127.0.0.1:3080", true),
            ("http://127.0.0.1", "127.0.0.1:80", true),
            ("http://127.0.0.1:3081", "127.0.0.1:3080", false),
            ("http://127.0.0.2:3080", "127.0.0.1:3080", false),
            ("http://192.0.2.1:3080", "0.0.0.0:3080", false),
            ("http://nowhere.invalid:3080", "0.0.0.0:3080", false),
        ] {
            let leads = leads_to(&url.parse().unwrap(), own.parse().unwrap()).await;
            assert_eq!(leads, expected, "{url} {own}");
        }
    }
}
