use std::{error, fmt};

use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use trackingmore_webhook::{Error, ErrorKind, VerifiedBody};

use crate::receive::{self, Refusal};

/// Why [`Webhook`](crate::Webhook) or [`RawWebhook`](crate::RawWebhook) refused a request.
///
/// As a response it is a problem in JSON ([RFC 9457]) with the status of the refusal. It has been
/// logged already when a handler sees it.
///
/// # Examples
///
/// A handler that keeps rightly signed deliveries which do not parse, instead of inviting retries
/// that would not parse either:
///
/// ```
/// use axum::{http::StatusCode, response::{IntoResponse, Response}};
/// use trackingmore_webhook_axum::{Webhook, WebhookRejection};
///
/// async fn shipment(webhook: Result<Webhook, WebhookRejection>) -> Response {
///     match webhook {
///         Ok(Webhook(delivery)) => StatusCode::NO_CONTENT.into_response(),
///         Err(rejection) => match rejection.verified_body() {
///             Some(body) => {
///                 // store(body.id(), body.bytes())
///                 StatusCode::OK.into_response()
///             }
///             None => rejection.into_response(),
///         },
///     }
/// }
/// ```
///
/// [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457
#[derive(Debug)]
pub struct WebhookRejection {
    error: Error,
    closes: bool,
    body: Option<VerifiedBody>,
}

impl WebhookRejection {
    pub(crate) fn unread(error: Error, body: VerifiedBody) -> Self {
        Self {
            error,
            closes: false,
            body: Some(body),
        }
    }

    /// Gives the refusal itself, with its code and the problem to answer with.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Tells which kind of refusal this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.error.kind()
    }

    /// Gives the status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Gives the body of the response.
    #[must_use]
    pub fn body_text(&self) -> String {
        self.error.problem()
    }

    /// Gives the body of a rightly signed delivery that is not an event, so that it can be stored;
    /// `None` if the request was not proved genuine.
    #[must_use]
    pub fn verified_body(&self) -> Option<&VerifiedBody> {
        self.body.as_ref()
    }
}

impl IntoResponse for WebhookRejection {
    fn into_response(self) -> Response {
        let mut response = receive::answer(&self.error);
        if self.closes {
            receive::announce_close(&mut response);
        }
        response
    }
}

impl From<Error> for WebhookRejection {
    fn from(error: Error) -> Self {
        Self {
            error,
            closes: false,
            body: None,
        }
    }
}

impl From<Refusal> for WebhookRejection {
    fn from(Refusal { error, closes }: Refusal) -> Self {
        Self {
            error,
            closes,
            body: None,
        }
    }
}

impl fmt::Display for WebhookRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl error::Error for WebhookRejection {}
