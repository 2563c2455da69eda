//! Receivers as people write them.

use std::{
    future::{Future, pending},
    net::TcpListener,
    thread,
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, StatusCode, header::CONTENT_LENGTH},
    routing::post,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::program::{PATH, SECRET};

const LIMIT: usize = 1_000_000;

/// What a receiver sees.
#[derive(Clone)]
pub(crate) struct Request {
    headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// The only value of a header.
    pub(crate) fn only(&self, name: &str) -> Option<&str> {
        let mut values = self.all(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// Every value of a header, as far as it is text.
    pub(crate) fn all(&self, name: &str) -> impl DoubleEndedIterator<Item = &str> {
        let values = self.headers.get_all(name).into_iter();
        values.filter_map(|value| value.to_str().ok())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// Verifies the timestamp form in hex, as one should.
    pub(crate) fn is_genuine(&self) -> bool {
        match (self.only("timestamp"), self.only("signature")) {
            (Some(time), Some(signature)) => signature == sign(SECRET, time) && is_fresh(time),
            _ => false,
        }
    }
}

/// Signs with any key, in hex.
pub(crate) fn sign(key: &str, message: impl AsRef<[u8]>) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    let mac = mac.chain_update(message).finalize().into_bytes();
    mac.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns whether a timestamp is neither old nor in the future.
pub(crate) fn is_fresh(time: &str) -> bool {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let time = time.parse().map(Duration::from_secs);
    time.is_ok_and(|time| now.abs_diff(time) < Duration::from_secs(300))
}

/// Serves a receiver that answers with the status that `answer` returns, and returns its URL.
pub(crate) fn serve(answer: impl Fn(&Request) -> u16 + Clone + Send + Sync + 'static) -> String {
    let handler = async move |headers: HeaderMap, body: Body| {
        let length = headers
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        if length.is_some_and(|length: u64| length > LIMIT as u64) {
            return StatusCode::PAYLOAD_TOO_LARGE;
        }
        let Ok(body) = to_bytes(body, LIMIT).await else {
            return StatusCode::PAYLOAD_TOO_LARGE;
        };
        StatusCode::from_u16(answer(&Request { headers, body })).unwrap()
    };
    serve_router(Router::new().route(PATH, post(handler)))
}

/// Serves routes of which [`PATH`] is a receiver, and returns the receiver's URL.
pub(crate) fn serve_router(app: Router) -> String {
    serve_until(pending(), app)
}

/// As [`serve_router`], until `end`; then it is gone, as a process that was killed.
pub(crate) fn serve_until(end: impl Future<Output = ()> + Send + 'static, app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            tokio::select! {
                ended = async { axum::serve(listener, app).await } => ended.unwrap(),
                () = end => {}
            }
        });
    });
    format!("http://{addr}{PATH}")
}
