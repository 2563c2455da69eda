use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
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
use reqwest::{Client, Url};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use trackingmore_webhook_axum::{Error, ErrorKind, Verifier, Webhook};

use super::report::{Effects, Outcome, Report};
use crate::{
    client,
    failure::Failure,
    saved::{self, Saved},
};

/// What a verifier accepts of a body. No more is read than shows that it is longer.
const LIMIT: usize = 256 * 1024;

/// How many bytes of an answer are relayed.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many refused requests are kept: anybody can send those.
const REFUSED_KEPT: u64 = 1_000;

pub(super) struct Receiver {
    pub(super) verifier: Verifier,
    /// How many there are.
    pub(super) secrets: usize,
    pub(super) path: String,
    pub(super) save: Option<Save>,
    pub(super) forward: Option<Forward>,
    pub(super) answer: StatusCode,
    /// How many accepted deliveries are still to be answered with 503.
    pub(super) to_fail: AtomicU64,
    pub(super) reports: mpsc::Sender<Report>,
}

/// Where requests are kept.
pub(super) struct Save {
    dir: PathBuf,
    kept: AtomicU64,
    refused: AtomicU64,
}

/// Where accepted deliveries are passed on to.
pub(super) struct Forward {
    client: Client,
    url: Url,
}

pub(super) async fn receive(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    // A task of its own goes on when the sender leaves before the answer.
    let judged = tokio::spawn(async move {
        let (response, report) = receiver.judge(request).await;
        // The end has come if nobody takes reports any more.
        _ = receiver.reports.send(report).await;
        response
    });
    judged
        .await
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

impl Receiver {
    async fn judge(&self, request: Request) -> (Response, Report) {
        let received = Timestamp::now();
        let (parts, body) = request.into_parts();
        // Also of what is refused: it is to be kept, and the connection to go on.
        let (body, end) = read(body).await;
        let bytes = body.len();
        let (outcome, mut response, effects) = if parts.uri.path() != self.path {
            misplaced(StatusCode::NOT_FOUND, &parts)
        } else if parts.method != Method::POST {
            let mut misplaced = misplaced(StatusCode::METHOD_NOT_ALLOWED, &parts);
            let allowed = HeaderValue::from_static("POST");
            misplaced.1.headers_mut().insert(ALLOW, allowed);
            misplaced
        } else {
            self.verify(received, &parts, body, end).await
        };
        if end != End::Whole {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        let report = Report {
            outcome,
            received,
            answered: response.status().as_u16(),
            bytes,
            effects,
        };
        (response, report)
    }

    async fn verify(
        &self,
        received: Timestamp,
        parts: &Parts,
        body: Bytes,
        end: End,
    ) -> (Outcome, Response, Effects) {
        let refused = |error: &Error| Outcome::refused(error, &parts.headers, received);
        let verified = if end == End::Broken {
            let error = Error::from(ErrorKind::BodyUnreadable);
            Err((refused(&error), error.to_response().map(Body::from)))
        } else {
            let request = Request::from_parts(parts.clone(), Body::from(body.clone()));
            <Webhook>::from_request(request, &self.verifier)
                .await
                .map_err(|rejection| (refused(rejection.error()), rejection.into_response()))
        };
        let mut effects = Effects::default();
        let save = self.save.as_ref();
        match save.and_then(|save| save.keep(received, parts, &body, verified.is_ok())) {
            Some(Ok(file)) => effects.saved = Some(file),
            Some(Err(trouble)) => effects.trouble = Some(trouble),
            None => {}
        }
        match verified {
            Ok(Webhook(delivery)) => {
                let outcome = Outcome::accepted(&delivery, &parts.headers, received, self.secrets);
                let response = if effects.trouble.is_some() {
                    // Whoever sent it will do so again.
                    StatusCode::INTERNAL_SERVER_ERROR.into_response()
                } else {
                    self.answer(parts, body, &mut effects).await
                };
                (outcome, response, effects)
            }
            Err((outcome, response)) => (outcome, response, effects),
        }
    }

    /// Answers an accepted delivery.
    async fn answer(&self, parts: &Parts, body: Bytes, effects: &mut Effects) -> Response {
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
        match forward.pass_on(parts, body).await {
            Ok(response) => response,
            Err(trouble) => {
                effects.trouble = Some(trouble);
                StatusCode::BAD_GATEWAY.into_response()
            }
        }
    }
}

fn misplaced(status: StatusCode, parts: &Parts) -> (Outcome, Response, Effects) {
    let outcome = Outcome::Misplaced {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
    };
    (outcome, status.into_response(), Effects::default())
}

/// Where the reading of a body ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    /// Behind the limit, or before the first byte of a body that is announced to be longer.
    TooLong,
    Broken,
}

async fn read(mut body: Body) -> (Bytes, End) {
    let mut bytes = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    if body.size_hint().lower() > LIMIT as u64 {
        return (Bytes::new(), End::TooLong);
    }
    while bytes.len() <= LIMIT {
        match timeout_at(deadline, body.frame()).await {
            Ok(None) => return (bytes.into(), End::Whole),
            Ok(Some(Err(_))) | Err(_) => return (bytes.into(), End::Broken),
            Ok(Some(Ok(frame))) => {
                if let Ok(chunk) = frame.into_data() {
                    bytes.extend_from_slice(&chunk);
                }
            }
        }
    }
    (bytes.into(), End::TooLong)
}

impl Save {
    pub(super) fn new(dir: PathBuf) -> Result<Self, Failure> {
        saved::create_dir(&dir).map_err(|error| {
            Failure::usage(format_args!("cannot make {}: {error}", dir.display()))
        })?;
        Ok(Self {
            dir,
            kept: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        })
    }

    /// Keeps a request, and tells in which file; gives `None` if there are enough like it.
    fn keep(
        &self,
        received: Timestamp,
        parts: &Parts,
        body: &Bytes,
        is_accepted: bool,
    ) -> Option<Result<String, String>> {
        if !is_accepted && self.refused.fetch_add(1, Ordering::Relaxed) >= REFUSED_KEPT {
            return None;
        }
        let n = self.kept.fetch_add(1, Ordering::Relaxed) + 1;
        let time = received.strftime("%Y%m%dT%H%M%S.%3fZ");
        let path = self.dir.join(format!("{time}-{n:04}.delivery"));
        let headers = parts.headers.iter();
        let saved = Saved {
            received,
            headers: headers
                .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                .collect(),
            body: body.to_vec(),
        };
        let path_shown = path.display().to_string();
        Some(match saved.create(&path) {
            Ok(()) => Ok(path_shown),
            Err(error) => Err(format!("cannot save {path_shown}: {error}")),
        })
    }
}

impl Forward {
    pub(super) fn new(url: Url) -> Result<Self, Failure> {
        let client = client::client(&url)?;
        Ok(Self { client, url })
    }

    async fn pass_on(&self, parts: &Parts, body: Bytes) -> Result<Response, String> {
        let request = self
            .client
            .post(self.url.clone())
            .headers(client::passed_on(parts.headers.clone()))
            .body(body);
        let trouble = |error| format!("cannot forward: {}", client::reason(error));
        let mut answer = request.send().await.map_err(trouble)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(trouble)? {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                return Err("cannot relay the answer: it is longer than 1 MiB".to_owned());
            }
            body.extend_from_slice(&chunk);
        }
        let headers = client::passed_on(answer.headers().clone());
        // Unlike its bytes, a body does not come with a type of its own.
        Ok((answer.status(), headers, Body::from(body)).into_response())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures_util::{StreamExt as _, stream};
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_to_its_end_is_given_up() {
        let begun = stream::iter([Ok::<_, io::Error>("{")]);
        let body = Body::from_stream(begun.chain(stream::pending()));
        // Time passes at once where nobody does anything.
        let read = timeout(Duration::from_secs(3_600), read(body)).await;
        let (bytes, end) = read.unwrap();
        assert_eq!(bytes, "{");
        assert!(end == End::Broken);
    }
}
