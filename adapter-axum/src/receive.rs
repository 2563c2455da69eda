use std::{error, future::poll_fn, iter, pin::pin};

use axum_core::{RequestExt as _, body::Body, extract::Request, response::Response};
use http::{HeaderValue, Version, header, request::Parts};
use http_body::Body as _;
use http_body_util::LengthLimitError;
use trackingmore_webhook::{Error, ErrorKind, Incoming, Verifier};

use crate::WebhookRejection;

/// Verifies a request and reads its body, up to the smaller of the verifier's limit and of the
/// `DefaultBodyLimit` that applies. `finish` decides whether the body is read as an event.
pub(crate) async fn receive<B>(
    verifier: &Verifier,
    request: Request,
    finish: impl FnOnce(Incoming) -> Result<B, Error>,
) -> Result<(Parts, B), WebhookRejection> {
    let (parts, body) = request.with_limited_body().into_parts();
    let mut body = pin!(body);
    let mut ended = body.is_end_stream();
    let received = async {
        let mut incoming = verifier.begin(&parts.headers)?;
        while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            let frame = frame.map_err(|error| incoming.refuse(kind_of(&error)))?;
            if let Ok(chunk) = frame.into_data() {
                incoming.push(chunk)?;
            }
        }
        ended = true;
        finish(incoming)
    };
    match received.await {
        Ok(received) => Ok((parts, received)),
        Err(error) => Err(WebhookRejection {
            error,
            closes: parts.version < Version::HTTP_2 && !ended,
        }),
    }
}

fn kind_of(error: &axum_core::Error) -> ErrorKind {
    let mut chain = iter::successors(Some(error as &dyn error::Error), |error| error.source());
    if chain.any(|error| error.is::<LengthLimitError>()) {
        ErrorKind::BodyTooLarge
    } else {
        ErrorKind::BodyUnreadable
    }
}

pub(crate) fn answer(error: &Error) -> Response {
    error.to_response().map(Body::from)
}

/// Announces that the connection closes after the answer. Without it, a client would send its next
/// request on a connection that hyper has given up because its body is unread.
pub(crate) fn announce_close(response: &mut Response) {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
}
