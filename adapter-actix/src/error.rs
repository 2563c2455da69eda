use std::{error, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use trackingmore_webhook::{Error, ErrorKind, VerifiedBody};

use crate::receive;

/// Why [`Webhook`](crate::Webhook) or [`RawWebhook`](crate::RawWebhook) refused a request.
///
/// As a response, it is problem details in JSON ([RFC 9457]) with the status of the refusal. It was
/// logged before a handler sees it. A handler can also return one that it makes from an [`Error`];
/// that one is not logged.
///
/// # Examples
///
/// A handler that keeps deliveries that have a valid signature but do not parse, instead of
/// inviting retries that would not parse either:
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
/// A handler that asks TrackingMore to resend what it could not store:
///
/// ```
/// use actix_web::HttpResponse;
/// use trackingmore_webhook_actix::{Delivery, Error, ErrorKind, Webhook, WebhookError};
///
/// async fn shipment(Webhook(delivery): Webhook) -> Result<HttpResponse, WebhookError> {
///     store(delivery).await.map_err(|_| Error::from(ErrorKind::NotStored))?;
///     Ok(HttpResponse::NoContent().finish())
/// }
/// # async fn store(_: Delivery) -> std::io::Result<()> { Ok(()) }
/// ```
///
/// [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457
#[derive(Debug)]
pub struct WebhookError(Error);

impl WebhookError {
    /// Returns the underlying error, with its code and the problem details to answer with.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.0
    }

    /// Returns the kind of this refusal.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind()
    }

    /// Returns the kind in `snake_case`, as the response has it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code()
    }

    /// Returns the status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        receive::status(&self.0)
    }

    /// Returns the body of a delivery with a valid signature that is not an event, so that you can
    /// store it; `None` for any other refusal.
    #[must_use]
    pub fn verified_body(&self) -> Option<&VerifiedBody> {
        self.0.verified_body()
    }

    /// Like [`verified_body`](Self::verified_body), by value.
    #[must_use]
    pub fn into_verified_body(self) -> Option<VerifiedBody> {
        self.0.into_verified_body()
    }
}

impl ResponseError for WebhookError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        receive::answer(&self.0)
    }
}

impl From<Error> for WebhookError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl error::Error for WebhookError {}
