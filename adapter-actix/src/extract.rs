use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, web};
use futures_util::future::{self, Either, LocalBoxFuture};
use serde::de::DeserializeOwned;
use trackingmore_webhook::{Delivery, Error, Event, Incoming, VerifiedBody, Verifier};

use crate::{WebhookError, receive};

/// Extracts a verified delivery: the handler runs only for genuine ones.
///
/// It looks for the [`Verifier`] in `app_data`, directly or as `web::Data`. Behind a
/// [`VerifyWebhook`](crate::VerifyWebhook) the request is not verified again, unless `app_data` has
/// another verifier, which then decides. If there is neither, every request is answered with status
/// 500 and an error is logged.
///
/// Set the verifier in only one of the two ways: a `Verifier` anywhere takes precedence over a
/// `web::Data<Verifier>`, even to one that is set closer to the handler.
///
/// A body can be taken only once: beside another extractor that takes it, the answer is 400. If you
/// need both the event and the bytes, [`Delivery::body`] has the bytes.
///
/// # Examples
///
/// ```
/// use actix_web::{App, HttpResponse, web};
/// use trackingmore_webhook_actix::{Verifier, Webhook};
///
/// async fn shipment(Webhook(delivery): Webhook) -> HttpResponse {
///     println!("{}", delivery.event.tracking.tracking_number);
///     HttpResponse::NoContent().finish()
/// }
///
/// let verifier = Verifier::new("2e55b9a3-4dd1-4416-9897-c4bd1e3d738f")?;
/// let app = App::new()
///     .app_data(verifier)
///     .route("/webhooks/trackingmore", web::post().to(shipment));
/// # Ok::<(), trackingmore_webhook_actix::ConfigError>(())
/// ```
///
/// With a type of your own, for members that [`Event`] does not have:
///
/// ```
/// # use trackingmore_webhook_actix::Webhook;
/// #[derive(serde::Deserialize)]
/// struct Mine {
///     data: serde_json::Value,
/// }
///
/// async fn shipment(Webhook(delivery): Webhook<Mine>) -> String {
///     delivery.event.data["lane"].to_string()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Webhook<T = Event>(pub Delivery<T>);

/// Extracts the body of a verified delivery without reading it as an event.
///
/// The [`Verifier`] is found as for [`Webhook`]. The bytes are those on the wire: a compressed
/// body is still compressed.
///
/// # Examples
///
/// ```
/// use actix_web::HttpResponse;
/// use trackingmore_webhook_actix::RawWebhook;
///
/// async fn shipment(RawWebhook(body): RawWebhook) -> HttpResponse {
///     println!("{} is {} bytes long", body.id(), body.bytes().len());
///     HttpResponse::NoContent().finish()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RawWebhook(pub VerifiedBody);

impl<T: DeserializeOwned + 'static> Webhook<T> {
    /// Extracts a delivery that `verifier` accepts, whatever `app_data` has. Use it if the verifier
    /// depends on the request, for example on the tenant.
    ///
    /// # Errors
    ///
    /// [`WebhookError`], like the extractor, but never because a verifier is missing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::collections::HashMap;
    /// use actix_web::{HttpRequest, HttpResponse, web};
    /// use trackingmore_webhook_actix::{Verifier, Webhook, WebhookError};
    ///
    /// async fn shipment(
    ///     verifiers: web::Data<HashMap<String, Verifier>>,
    ///     tenant: web::Path<String>,
    ///     request: HttpRequest,
    ///     payload: web::Payload,
    /// ) -> Result<HttpResponse, WebhookError> {
    ///     // 404 reveals which tenants exist: the example `many-tenants` answers 401 instead.
    ///     let Some(verifier) = verifiers.get(&*tenant) else {
    ///         return Ok(HttpResponse::NotFound().finish());
    ///     };
    ///     let mut payload = payload.into_inner();
    ///     let Webhook(delivery) =
    ///         <Webhook>::from_request_with(&request, &mut payload, verifier).await?;
    ///     println!("{tenant}: {}", delivery.event.tracking.tracking_number);
    ///     Ok(HttpResponse::NoContent().finish())
    /// }
    /// ```
    pub fn from_request_with(
        request: &HttpRequest,
        payload: &mut Payload,
        verifier: &Verifier,
    ) -> impl Future<Output = Result<Self, WebhookError>> + use<T> {
        let delivery = extract_delivery(request, payload, Some(verifier));
        async { Ok(Self(delivery.await?)) }
    }
}

impl RawWebhook {
    /// Extracts the body of a delivery that `verifier` accepts, like
    /// [`Webhook::from_request_with`].
    ///
    /// # Errors
    ///
    /// [`WebhookError`], like the extractor, but never because a verifier is missing.
    pub fn from_request_with(
        request: &HttpRequest,
        payload: &mut Payload,
        verifier: &Verifier,
    ) -> impl Future<Output = Result<Self, WebhookError>> + use<> {
        let body = extract_body(request, payload, Some(verifier));
        async { Ok(Self(body.await?)) }
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Webhook<T> {
    type Error = WebhookError;
    type Future = LocalBoxFuture<'static, Result<Self, WebhookError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let delivery = extract_delivery(request, payload, configured_verifier(request));
        Box::pin(async { Ok(Self(delivery.await?)) })
    }
}

impl FromRequest for RawWebhook {
    type Error = WebhookError;
    type Future = LocalBoxFuture<'static, Result<Self, WebhookError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = extract_body(request, payload, configured_verifier(request));
        Box::pin(async { Ok(Self(body.await?)) })
    }
}

fn extract_delivery<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: &mut Payload,
    verifier: Option<&Verifier>,
) -> impl Future<Output = Result<Delivery<T>, Error>> + use<T> {
    let read = |body: VerifiedBody| body.parse();
    extract(request, payload, verifier, read, Incoming::finish_as)
}

fn extract_body(
    request: &HttpRequest,
    payload: &mut Payload,
    verifier: Option<&Verifier>,
) -> impl Future<Output = Result<VerifiedBody, Error>> + use<> {
    extract(request, payload, verifier, Ok, Incoming::finish)
}

/// Takes what the middleware accepted, or else verifies the request.
fn extract<B>(
    request: &HttpRequest,
    payload: &mut Payload,
    verifier: Option<&Verifier>,
    read: fn(VerifiedBody) -> Result<B, Error>,
    finish: fn(Incoming) -> Result<B, Error>,
) -> impl Future<Output = Result<B, Error>> + use<B> {
    if let Some(body) = accepted_body(request, verifier) {
        return Either::Left(future::ready(read(body)));
    }
    let begun = verifier
        .ok_or_else(not_configured)
        .and_then(|verifier| receive::begin(verifier, request, payload));
    match begun {
        Ok((incoming, payload)) => Either::Right(receive::read(incoming, payload, finish)),
        Err(error) => Either::Left(future::err(error)),
    }
}

fn configured_verifier(request: &HttpRequest) -> Option<&Verifier> {
    request.app_data::<Verifier>().or_else(|| {
        let data = request.app_data::<web::Data<Verifier>>()?;
        Some(data.get_ref())
    })
}

/// Returns what the middleware accepted, if the extractor would have asked the same verifier.
fn accepted_body(request: &HttpRequest, verifier: Option<&Verifier>) -> Option<VerifiedBody> {
    let extensions = request.extensions();
    let body = extensions.get::<VerifiedBody>()?;
    let is_same = verifier.is_none_or(|verifier| body.is_accepted_by(verifier));
    is_same.then(|| body.clone())
}

fn not_configured() -> Error {
    Error::not_configured("add one with `app_data(verifier)`, or wrap the route in `VerifyWebhook`")
}
