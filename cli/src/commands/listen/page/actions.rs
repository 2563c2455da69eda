//! What the page can make this program send, and to whom: only to receivers that were named on the
//! command line.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use clap::ValueEnum as _;
use jiff::Timestamp;
use serde::Deserialize;

use super::{Inspector, Shared};
use crate::{
    client,
    commands::{listen::store::Resent, replay, send},
    event::Status,
    failure::Failure,
    signing::{SchemeArg, SigningArgs},
};

#[derive(Deserialize)]
pub(super) struct Replay {
    /// Whether to give it a new signature.
    resign: bool,
    /// The body, if it was edited.
    body: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Send {
    status: String,
}

/// Sends a request again. Returns the answer.
pub(super) async fn replay(
    State(inspector): State<Shared>,
    Path(number): Path<u64>,
    Json(asked): Json<Replay>,
) -> Response {
    let (Some(kept), Some(target)) = (inspector.store.kept(number), &inspector.target) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut saved = kept.record.request.clone();
    let mut body = saved.body.take().unwrap_or_default();
    let is_edited = asked.body.is_some_and(|edited| {
        let is_edited = edited.as_bytes() != body;
        body = edited.into();
        is_edited
    });
    saved.body = Some(body.clone());
    let prepared = match asked.resign {
        true => inspector.sign(|secret, signing| replay::resign(&mut saved, secret, signing)),
        false => Ok(()),
    };
    let headers = prepared.and_then(|()| client::header_map(&saved.headers));
    let headers = match headers {
        Ok(headers) => headers,
        Err(failure) => return cannot(&failure),
    };
    let at = Timestamp::now();
    let answer = target.post(headers, body.clone()).await;
    let resent = Arc::new(Resent {
        at,
        how: match (is_edited, asked.resign) {
            (false, false) => "byte for byte",
            (false, true) => "with a new signature",
            (true, false) => "edited, with the signature of the original",
            (true, true) => "edited, with a new signature",
        },
        bytes: body.len(),
        answer,
    });
    inspector.store.resent(&kept.record, resent.clone());
    Json(&*resent).into_response()
}

/// Sends a test delivery to `listen` itself. Returns the answer.
pub(super) async fn send(State(inspector): State<Shared>, Json(asked): Json<Send>) -> Response {
    let Ok(status) = Status::from_str(&asked.status, false) else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    let body = status.sample();
    let headers = inspector.sign(|secret, signing| send::headers(secret, signing, body));
    let headers = match headers {
        Ok(headers) => headers,
        Err(failure) => return cannot(&failure),
    };
    let answer = inspector.own.post(headers, body).await;
    Json(answer).into_response()
}

fn cannot(failure: &Failure) -> Response {
    let why = match failure {
        Failure::Usage(what) | Failure::Failed(what) => what,
        Failure::Unread => "",
    };
    (StatusCode::UNPROCESSABLE_ENTITY, why.to_owned()).into_response()
}

impl Inspector {
    /// Signs with the first secret, in the form that is expected.
    fn sign<T>(
        &self,
        sign: impl FnOnce(&[u8], &SigningArgs) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let secret = self.secrets.first();
        let secret = secret.ok_or_else(|| Failure::failed("there is no secret"))?;
        let signing = SigningArgs {
            scheme: self.scheme.unwrap_or(SchemeArg::Timestamp),
            encoding: None,
            age: None,
        };
        sign(secret, &signing)
    }
}
