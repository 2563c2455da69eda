use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::{FromRequest as _, Request, State},
    http::{HeaderValue, Method, StatusCode, header::CONNECTION, request::Parts},
    response::{IntoResponse as _, Response},
};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use reqwest::{Client, Url};
use tokio::sync::mpsc;
use trackingmore_webhook_axum::{Error, ErrorKind, Verifier, Webhook};

use super::report::{Effects, Outcome, Report};
use crate::{
    client,
    failure::Failure,
    saved::{self, Saved},
};

/// What a verifier accepts of a body. No more is read than shows that it is longer.
const LIMIT: usize = 256 * 1024;

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
            misplaced(StatusCode::METHOD_NOT_ALLOWED, &parts)
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
        let mut effects = Effects::default();
        match self
            .save
            .as_ref()
            .map(|save| save.keep(received, parts, &body))
        {
            Some(Ok(file)) => effects.saved = Some(file),
            Some(Err(trouble)) => effects.trouble = Some(trouble),
            None => {}
        }
        if end == End::Broken {
            let error = Error::from(ErrorKind::BodyUnreadable);
            let outcome = Outcome::refused(&error, &parts.headers, received);
            return (outcome, error.to_response().map(Body::from), effects);
        }
        let request = Request::from_parts(parts.clone(), Body::from(body.clone()));
        match <Webhook>::from_request(request, &self.verifier).await {
            Ok(Webhook(delivery)) => {
                let outcome = Outcome::accepted(&delivery, received, self.secrets);
                let response = if effects.trouble.is_some() {
                    // Whoever sent it will do so again.
                    StatusCode::INTERNAL_SERVER_ERROR.into_response()
                } else {
                    self.answer(parts, body, &mut effects).await
                };
                (outcome, response, effects)
            }
            Err(rejection) => {
                let outcome = Outcome::refused(rejection.error(), &parts.headers, received);
                (outcome, rejection.into_response(), effects)
            }
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
    if body.size_hint().lower() > LIMIT as u64 {
        return (Bytes::new(), End::TooLong);
    }
    while bytes.len() <= LIMIT {
        match body.frame().await {
            None => return (bytes.into(), End::Whole),
            Some(Err(_)) => return (bytes.into(), End::Broken),
            Some(Ok(frame)) => {
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
        let kept = AtomicU64::new(0);
        Ok(Self { dir, kept })
    }

    fn keep(&self, received: Timestamp, parts: &Parts, body: &Bytes) -> Result<String, String> {
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
        match saved.create(&path) {
            Ok(()) => Ok(path.display().to_string()),
            Err(error) => Err(format!("cannot save {}: {error}", path.display())),
        }
    }
}

impl Forward {
    pub(super) fn new(url: Url) -> Result<Self, Failure> {
        let client = client::client()?;
        Ok(Self { client, url })
    }

    async fn pass_on(&self, parts: &Parts, body: Bytes) -> Result<Response, String> {
        let request = self
            .client
            .post(self.url.clone())
            .headers(client::passed_on(parts.headers.clone()))
            .body(body);
        let answer = async {
            let answer = request.send().await?;
            let status = answer.status();
            let headers = client::passed_on(answer.headers().clone());
            Ok((status, headers, answer.bytes().await?))
        };
        match answer.await {
            Ok(answer) => Ok(answer.into_response()),
            Err(error) => Err(format!("cannot forward: {}", client::reason(error))),
        }
    }
}
