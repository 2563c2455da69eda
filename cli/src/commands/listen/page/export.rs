//! A request as a file or a command, byte for byte.

use axum::{
    extract::{Path, State},
    http::{
        StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse as _, Response},
};

use super::Shared;
use crate::{client, commands::sign};

pub(super) async fn body(State(inspector): State<Shared>, Path(number): Path<u64>) -> Response {
    let Some(kept) = inspector.store.kept(number) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    attachment(
        &format!("{number}.body"),
        kept.record.request.body().to_vec(),
    )
}

pub(super) async fn delivery(State(inspector): State<Shared>, Path(number): Path<u64>) -> Response {
    let Some(kept) = inspector.store.kept(number) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let verdict = kept.record.arrived.verdict.name();
    let answer = kept.answered.map(|answered| answered.status);
    let bytes = kept.record.request.to_bytes(&verdict, answer);
    attachment(&format!("{number}.delivery"), bytes)
}

/// Returns the command that sends a request again, with its signature.
pub(super) async fn curl(State(inspector): State<Shared>, Path(number): Path<u64>) -> Response {
    let Some(kept) = inspector.store.kept(number) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let record = &kept.record;
    let target = inspector.target.as_ref().unwrap_or(&inspector.own);
    let Ok(headers) = client::header_map(&record.request.headers) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers: Option<Vec<_>> = headers
        .iter()
        .map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let body = sign::argument(record.request.body().to_vec());
    let (Some(headers), Some(body)) = (headers, body) else {
        let why = "this request cannot be written as a command: download it";
        return (StatusCode::UNPROCESSABLE_ENTITY, why).into_response();
    };
    let command = sign::curl(&target.url, headers, &body);
    let lifetime = inspector.lifetime(record);
    format!("# {lifetime}\n{command}\n").into_response()
}

fn attachment(name: &str, bytes: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (headers, bytes).into_response()
}
