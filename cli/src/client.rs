//! Requests to a receiver.

use std::{error::Error as _, iter, time::Duration};

use reqwest::{Client, Url, redirect::Policy};

use crate::failure::Failure;

/// How long a receiver may take to answer. The vendor's own limit is not documented.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Makes a client that sends as it is told: it follows no redirect and asks no proxy.
pub(crate) fn client() -> Result<Client, Failure> {
    // Fails only if there is a provider already, which is as good.
    _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| Failure::failed(reason(error)))
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

/// Tells why no answer came, without the URL, which can hold a password.
pub(crate) fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return format!("no answer within {} s", TIMEOUT.as_secs());
    }
    let chain = iter::successors(error.source(), |error| (*error).source());
    match chain.last() {
        Some(cause) => cause.to_string(),
        None => error.to_string(),
    }
}
