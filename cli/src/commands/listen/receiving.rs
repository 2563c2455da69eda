use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::{FromRequest as _, Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{ALLOW, CONNECTION},
        request::Parts,
    },
    response::{IntoResponse as _, Response},
};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use tokio::{
    task,
    time::{self, timeout_at},
};
use trackingmore_webhook_axum::{Error, ErrorKind, Verifier, Webhook};

use super::{
    forwarding,
    saving::Save,
    serving::PATIENCE,
    store::{Answered, Record, Store},
    verdict::Verdict,
};
use crate::{
    client::{Target, milliseconds},
    saved::Saved,
};

/// The body limit of a verifier. Reading stops just beyond it.
const LIMIT: usize = 256 * 1024;

pub(super) struct Receiver {
    pub(super) verifier: Verifier,
    /// The number of secrets.
    pub(super) secrets: usize,
    pub(super) path: String,
    pub(super) save: Option<Arc<Save>>,
    pub(super) forward: Option<Target>,
    pub(super) answer: StatusCode,
    /// How many accepted deliveries are still to be answered with 503.
    pub(super) to_fail: AtomicU64,
    pub(super) store: Arc<Store>,
}

pub(super) async fn receive(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    // In a separate task, this continues when the sender closes the connection before the answer.
    tokio::spawn(async move { receiver.handle(request).await })
        .await
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

impl Receiver {
    async fn handle(&self, request: Request) -> Response {
        let received = Timestamp::now();
        let (parts, body) = request.into_parts();
        // Read refused bodies too: they are saved, and the connection stays usable.
        let (body, end) = read(body).await;
        let arrived = Instant::now();
        let (verdict, refusal) = self.judge(&parts, body.clone(), end, received).await;
        let request = Saved {
            received: Some(received),
            method: parts.method.to_string(),
            target: parts.uri.to_string(),
            headers: parts
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                .collect(),
            body: Some(body),
        };
        let record = self.store.arrived(received, request, verdict);
        let mut answered = Answered {
            number: record.arrived.number,
            ..Answered::default()
        };
        let mut response = match refusal {
            Some(response) => response,
            None => self.answer(&parts, &record, &mut answered).await,
        };
        self.save(&record, &mut response, &mut answered).await;
        if end != End::Whole {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        answered.at = Timestamp::now();
        answered.status = response.status().as_u16();
        answered.latency_ms = milliseconds(arrived.elapsed());
        self.store.answered(&record, answered);
        response
    }

    /// Judges a request. Returns the answer if it is refused.
    async fn judge(
        &self,
        parts: &Parts,
        body: Bytes,
        end: End,
        received: Timestamp,
    ) -> (Verdict, Option<Response>) {
        let unexpected = || Verdict::unexpected(parts.method.as_str(), parts.uri.path());
        if parts.uri.path() != self.path {
            return (unexpected(), Some(StatusCode::NOT_FOUND.into_response()));
        }
        if parts.method != Method::POST {
            let allowed = [(ALLOW, "POST")];
            let response = (StatusCode::METHOD_NOT_ALLOWED, allowed).into_response();
            return (unexpected(), Some(response));
        }
        let refused = |error: &Error| Verdict::refused(error, &parts.headers, received);
        if end == End::Broken {
            let error = Error::from(ErrorKind::BodyUnreadable);
            let response = error.to_response().map(Body::from);
            return (refused(&error), Some(response));
        }
        let request = Request::from_parts(parts.clone(), Body::from(body));
        match <Webhook>::from_request(request, &self.verifier).await {
            Ok(Webhook(delivery)) => {
                let headers = &parts.headers;
                let verdict = Verdict::accepted(&delivery, headers, received, self.secrets);
                (verdict, None)
            }
            Err(rejection) => {
                let verdict = refused(rejection.error());
                (verdict, Some(rejection.into_response()))
            }
        }
    }

    /// Answers an accepted delivery.
    async fn answer(&self, parts: &Parts, record: &Record, answered: &mut Answered) -> Response {
        let fails = self
            .to_fail
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        if fails.is_ok() {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let Some(forward) = &self.forward else {
            return self.answer.into_response();
        };
        let headers = parts.headers.clone();
        let body = record.request.body.clone().unwrap_or_default();
        match forwarding::pass_on(forward, headers, body).await {
            Ok(response) => {
                answered.from = Some(forward.shown());
                response
            }
            Err(trouble) => {
                answered.trouble = Some(trouble);
                StatusCode::BAD_GATEWAY.into_response()
            }
        }
    }

    /// Saves a request before it is answered.
    async fn save(&self, record: &Arc<Record>, response: &mut Response, answered: &mut Answered) {
        let (Some(save), record) = (self.save.clone(), record.clone()) else {
            return;
        };
        let is_accepted = record.arrived.verdict.is_accepted();
        let status = response.status().as_u16();
        let saved = task::spawn_blocking(move || save.keep(&record, status)).await;
        answered.trouble = match saved {
            Ok(Ok(file)) => {
                answered.saved = Some(file);
                return;
            }
            Ok(Err(trouble)) => Some(trouble),
            Err(_) => Some("cannot save: the program is stopping".to_owned()),
        };
        if is_accepted {
            // So that the sender retries.
            *response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
            answered.from = None;
        }
    }
}

/// How reading a body ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    /// Beyond the limit, or at once if the declared length is.
    TooLong,
    Broken,
}

async fn read(mut body: Body) -> (Bytes, End) {
    let mut bytes = Vec::new();
    let deadline = time::Instant::now() + PATIENCE;
    if body.size_hint().lower() > LIMIT as u64 {
        return (Bytes::new(), End::TooLong);
    }
    let end = loop {
        if bytes.len() > LIMIT {
            break End::TooLong;
        }
        match timeout_at(deadline, body.frame()).await {
            Ok(None) => break End::Whole,
            Ok(Some(Err(_))) | Err(_) => break End::Broken,
            Ok(Some(Ok(frame))) => {
                if let Ok(chunk) = frame.into_data() {
                    bytes.extend_from_slice(&chunk);
                }
            }
        }
    };
    // The store counts the length, not the spare capacity.
    (bytes.into_boxed_slice().into(), end)
}

#[cfg(test)]
mod tests {
    use std::{io, time::Duration};

    use futures_util::{StreamExt as _, stream};
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_to_its_end_is_given_up() {
        let begun = stream::iter([Ok::<_, io::Error>("{")]);
        let body = Body::from_stream(begun.chain(stream::pending()));
        // Paused time advances when all tasks wait.
        let read = timeout(Duration::from_secs(3_600), read(body)).await;
        let (bytes, end) = read.unwrap();
        assert_eq!(bytes, "{");
        assert!(end == End::Broken);
    }

    #[tokio::test]
    async fn a_body_takes_no_more_memory_than_its_length() {
        let chunks = stream::iter([[0; 1_000].to_vec(), [0; 1].to_vec()].map(Ok::<_, io::Error>));
        let (bytes, _) = read(Body::from_stream(chunks)).await;
        assert_eq!(bytes.try_into_mut().unwrap().capacity(), 1_001);
    }
}
