use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest as _, Request, State},
    http::{HeaderValue, Method, StatusCode, header::CONNECTION, request::Parts},
    response::{IntoResponse as _, Response},
};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use reqwest::{Client, Url};
use tokio::sync::mpsc;
use trackingmore_webhook_axum::{Error, ErrorKind, Verifier, Webhook};

use super::report::{Outcome, Report};
use crate::{
    client,
    failure::Failure,
    saved::{self, Saved},
};

/// What is read of a body: more than a verifier accepts, so that it is the verifier that refuses.
const LIMIT: usize = 256 * 1024;

const CLOSE: HeaderValue = HeaderValue::from_static("close");

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

/// What is said of an accepted delivery that could not be kept or passed on.
type Trouble = String;

pub(super) async fn receive(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    let (response, report) = receiver.judge(request).await;
    // The end has come if nobody takes reports any more.
    _ = receiver.reports.send(report).await;
    response
}

impl Receiver {
    async fn judge(&self, request: Request) -> (Response, Report) {
        let received = Timestamp::now();
        let (parts, body) = request.into_parts();
        if parts.uri.path() != self.path || parts.method != Method::POST {
            return self.misplaced(received, &parts);
        }
        // All of it, also where the headers are refused: it is to be kept.
        let (body, is_whole) = read(body).await;
        let kept = match &self.save {
            Some(save) => save.keep(received, &parts, &body).map(Some),
            None => Ok(None),
        };

        let bytes = body.len();
        let verdict = if is_whole || bytes > LIMIT {
            let request = Request::from_parts(parts.clone(), Body::from(body.clone()));
            let webhook = <Webhook>::from_request(request, &self.verifier).await;
            webhook.map_err(|rejection| (rejection.error().clone(), rejection.into_response()))
        } else {
            let error = Error::from(ErrorKind::BodyUnreadable);
            let response = error.to_response().map(Body::from);
            Err((error, response))
        };
        let (outcome, (mut response, trouble)) = match verdict {
            Ok(Webhook(delivery)) => (
                Outcome::accepted(&delivery, received, self.secrets),
                match kept {
                    Ok(_) => self.answer(&parts, body).await,
                    // Whoever sent it will do so again.
                    Err(_) => (StatusCode::INTERNAL_SERVER_ERROR.into_response(), None),
                },
            ),
            Err((error, response)) => (
                Outcome::refused(&error, &parts.headers, received),
                (response, None),
            ),
        };
        if !is_whole {
            response.headers_mut().insert(CONNECTION, CLOSE);
        }
        let report = Report {
            outcome,
            received,
            answered: response.status().as_u16(),
            bytes,
            trouble: kept.as_ref().err().cloned().or(trouble),
            saved: kept.ok().flatten(),
        };
        (response, report)
    }

    fn misplaced(&self, received: Timestamp, parts: &Parts) -> (Response, Report) {
        let status = if parts.uri.path() == self.path {
            StatusCode::METHOD_NOT_ALLOWED
        } else {
            StatusCode::NOT_FOUND
        };
        let report = Report {
            outcome: Outcome::Misplaced {
                method: parts.method.to_string(),
                path: parts.uri.path().to_owned(),
            },
            received,
            answered: status.as_u16(),
            bytes: 0,
            trouble: None,
            saved: None,
        };
        // The body is not read, so that nothing more can be read from the connection.
        ((status, [(CONNECTION, CLOSE)]).into_response(), report)
    }

    /// Answers an accepted delivery.
    async fn answer(&self, parts: &Parts, body: Bytes) -> (Response, Option<Trouble>) {
        let fails = self
            .to_fail
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        if fails.is_ok() {
            return (StatusCode::SERVICE_UNAVAILABLE.into_response(), None);
        }
        match &self.forward {
            Some(forward) => match forward.pass_on(parts, body).await {
                Ok(response) => (response, None),
                Err(trouble) => (StatusCode::BAD_GATEWAY.into_response(), Some(trouble)),
            },
            None => (self.answer.into_response(), None),
        }
    }
}

/// Reads a body up to its end, or to one byte more than the limit at least, and tells which.
async fn read(mut body: Body) -> (Bytes, bool) {
    let mut bytes = Vec::new();
    while bytes.len() <= LIMIT {
        match body.frame().await {
            None => return (bytes.into(), true),
            Some(Err(_)) => break,
            Some(Ok(frame)) => {
                if let Ok(chunk) = frame.into_data() {
                    bytes.extend_from_slice(&chunk);
                }
            }
        }
    }
    (bytes.into(), false)
}

impl Save {
    pub(super) fn new(dir: PathBuf) -> Result<Self, Failure> {
        saved::create_dir(&dir).map_err(|error| {
            Failure::usage(format_args!("cannot make {}: {error}", dir.display()))
        })?;
        let kept = AtomicU64::new(0);
        Ok(Self { dir, kept })
    }

    fn keep(&self, received: Timestamp, parts: &Parts, body: &Bytes) -> Result<String, Trouble> {
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

    async fn pass_on(&self, parts: &Parts, body: Bytes) -> Result<Response, Trouble> {
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
