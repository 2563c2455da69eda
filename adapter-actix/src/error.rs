use std::{error, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use trackingmore_webhook::{Error, ErrorKind, VerifiedBody};

use crate::receive;

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
/// use actix_web::HttpResponse;
/// use trackingmore_webhook_actix::{Webhook, WebhookError};
///
/// async fn shipment(webhook: Result<Webhook, WebhookError>) -> Result<HttpResponse, WebhookError> {
///     match webhook {
///         Ok(Webhook(delivery)) => Ok(HttpResponse::NoContent().finish()),
///         Err(error) => match error.verified_body() {
///             Some(body) => {
///                 // store(body.id(), body.bytes())
///                 Ok(HttpResponse::Ok().finish())
///             }
///             None => Err(error),
///         },
///     }
/// }
/// ```
///
/// [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457
#[derive(Debug)]
pub struct WebhookError {
    error: Error,
    body: Option<VerifiedBody>,
}

impl WebhookError {
    pub(crate) fn unread(error: Error, body: VerifiedBody) -> Self {
        Self {
            error,
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
        receive::status(&self.error)
    }

    /// Gives the body of a rightly signed delivery that is not an event, so that it can be stored;
    /// `None` if the request was not proved genuine.
    #[must_use]
    pub fn verified_body(&self) -> Option<&VerifiedBody> {
        self.body.as_ref()
    }
}

impl ResponseError for WebhookError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        receive::answer(&self.error)
    }
}

impl From<Error> for WebhookError {
    fn from(error: Error) -> Self {
        Self { error, body: None }
    }
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl error::Error for WebhookError {}
