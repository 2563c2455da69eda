use std::{error, fmt};

use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use trackingmore_webhook::{Error, ErrorKind, VerifiedBody};

use crate::receive;

/// Why [`Webhook`](crate::Webhook) or [`RawWebhook`](crate::RawWebhook) refused a request.
///
/// As a response, it is problem details in JSON ([RFC 9457]) with the status of the refusal. It has
/// been logged by the time a handler sees it. A handler can also return one that it makes from an
/// [`Error`]; that one is not logged.
///
/// # Examples
///
/// A handler that keeps deliveries that have a valid signature but do not parse, instead of
/// inviting retries that would not parse either:
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
/// A handler that asks TrackingMore to resend what it could not store:
///
/// ```
/// use trackingmore_webhook_axum::{Delivery, Error, ErrorKind, Webhook, WebhookRejection};
///
/// async fn shipment(Webhook(delivery): Webhook) -> Result<(), WebhookRejection> {
///     store(delivery).await.map_err(|_| Error::from(ErrorKind::NotStored))?;
///     Ok(())
/// }
/// # async fn store(_: Delivery) -> std::io::Result<()> { Ok(()) }
/// ```
///
/// [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457
#[derive(Debug)]
pub struct WebhookRejection {
    pub(crate) error: Error,
    /// Whether the rest of the body is unread, so that the connection cannot be reused.
    pub(crate) closes: bool,
}

impl WebhookRejection {
    /// Returns the underlying error, with its code and the problem details to answer with.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Returns the kind of this refusal.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.error.kind()
    }

    /// Returns the kind in `snake_case`, as the response has it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.error.code()
    }

    /// Returns the status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Returns the body of the response.
    #[must_use]
    pub fn body_text(&self) -> String {
        self.error.problem()
    }

    /// Returns the body of a delivery with a valid signature that is not an event, so that you can
    /// store it; `None` for any other refusal.
    #[must_use]
    pub fn verified_body(&self) -> Option<&VerifiedBody> {
        self.error.verified_body()
    }

    /// Like [`verified_body`](Self::verified_body), by value.
    #[must_use]
    pub fn into_verified_body(self) -> Option<VerifiedBody> {
        self.error.into_verified_body()
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
        let closes = false;
        Self { error, closes }
    }
}

impl fmt::Display for WebhookRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl error::Error for WebhookRejection {}
