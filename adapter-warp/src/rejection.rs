use http::{HeaderValue, StatusCode, header};
use trackingmore_webhook::{Error, ErrorKind, VerifiedBody};
use warp::{Rejection, Reply, reject::Reject, reply::Response};

/// Why [`webhook`](crate::webhook), [`webhook_as`](crate::webhook_as) or
/// [`raw_webhook`](crate::raw_webhook) refused a request.
///
/// As a reply, it is problem details in JSON ([RFC 9457]) with the status of the refusal. It was
/// logged before a `recover` sees it. A handler can also return one that it makes from an
/// [`Error`], as the reply in `then` or as a rejection in `and_then`; that one is not logged.
///
/// # Examples
///
/// Your own `recover`, which keeps deliveries that have a valid signature but do not parse, instead
/// of inviting retries that would not parse either:
///
/// ```
/// use trackingmore_webhook_warp::WebhookRejection;
/// use warp::{Rejection, Reply, http::StatusCode, reply::Response};
///
/// async fn keep_odd(rejection: Rejection) -> Result<Response, Rejection> {
///     let refused = rejection.find::<WebhookRejection>();
///     if let Some(body) = refused.and_then(WebhookRejection::verified_body) {
///         // store(body.id(), body.bytes())
///         return Ok(StatusCode::OK.into_response());
///     }
///     trackingmore_webhook_warp::recover(rejection).await
/// }
/// ```
///
/// A handler that asks TrackingMore to resend what it could not store:
///
/// ```
/// use trackingmore_webhook_warp::{
///     Delivery, Error, ErrorKind, Verifier, WebhookRejection, recover, webhook,
/// };
/// use warp::{Filter, http::StatusCode};
///
/// async fn shipment(delivery: Delivery) -> Result<StatusCode, WebhookRejection> {
///     store(delivery).await.map_err(|_| Error::from(ErrorKind::NotStored))?;
///     Ok(StatusCode::NO_CONTENT)
/// }
/// # async fn store(_: Delivery) -> std::io::Result<()> { Ok(()) }
///
/// # let verifier = Verifier::new("secret")?;
/// let routes = warp::path("webhooks").and(webhook(verifier)).then(shipment).recover(recover);
/// # Ok::<(), trackingmore_webhook_warp::ConfigError>(())
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

    /// Returns the kind in `snake_case`, as the reply has it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.error.code()
    }

    /// Returns the status to reply with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
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

    /// Makes the reply, for your own `recover`.
    #[must_use]
    pub fn to_response(&self) -> Response {
        let mut response = self.error.to_response().map(Into::into);
        if self.closes {
            // Hyper gives up a connection with an unread body, and removes this header in HTTP/2.
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
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

impl Reject for WebhookRejection {}

impl Reply for WebhookRejection {
    fn into_response(self) -> Response {
        self.to_response()
    }
}

/// Replies to a [`WebhookRejection`] and passes on any other rejection, for use with
/// `Filter::recover`.
///
/// # Errors
///
/// The rejection, if it is not a `WebhookRejection`.
///
/// # Examples
///
/// ```
/// use trackingmore_webhook_warp::{Delivery, Verifier, recover, webhook};
/// use warp::Filter;
///
/// # let verifier = Verifier::new("2e55b9a3-4dd1-4416-9897-c4bd1e3d738f")?;
/// let routes = warp::path("webhooks")
///     .and(webhook(verifier))
///     .map(|_: Delivery| "thanks")
///     .recover(recover);
/// # Ok::<(), trackingmore_webhook_warp::ConfigError>(())
/// ```
pub async fn recover(rejection: Rejection) -> Result<Response, Rejection> {
    match rejection.find::<WebhookRejection>() {
        Some(refused) => Ok(refused.to_response()),
        None => Err(rejection),
    }
}
