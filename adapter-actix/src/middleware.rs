use std::{fmt, rc::Rc, sync::Arc};

use actix_web::{
    Error as ActixError, HttpMessage as _, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};
use futures_util::future::{LocalBoxFuture, Ready, ok};
use trackingmore_webhook::{Error, Incoming, VerifiedBody, Verifier};

use crate::receive;

/// Middleware that lets only genuine deliveries through to the wrapped service, with their exact
/// bytes.
///
/// It puts the [`VerifiedBody`] into the request's extensions, where
/// [`Webhook`](crate::Webhook) and [`RawWebhook`](crate::RawWebhook) find it.
///
/// A refusal is a response, not an error, so that middleware around this one (CORS,
/// `DefaultHeaders`) still sees it. The verifier is given to the constructor, because `app_data`
/// that is set further inside cannot be seen from here.
///
/// It verifies every request to what it wraps, whatever the method: a health check under the
/// middleware is answered 401.
///
/// The signature covers the bytes on the wire, and so does the body limit; an extractor behind the
/// middleware decompresses what needs it.
///
/// # Examples
///
/// ```
/// use actix_web::{App, HttpResponse, web};
/// use trackingmore_webhook_actix::{Verifier, VerifyWebhook, Webhook};
///
/// async fn shipment(Webhook(delivery): Webhook) -> HttpResponse {
///     println!("{}", delivery.event.tracking.tracking_number);
///     HttpResponse::NoContent().finish()
/// }
///
/// let verifier = Verifier::new("2e55b9a3-4dd1-4416-9897-c4bd1e3d738f")?;
/// let app = App::new().service(
///     web::resource("/webhooks/trackingmore")
///         .wrap(VerifyWebhook::new(verifier.clone()))
///         .route(web::post().to(shipment)),
/// );
/// # Ok::<(), trackingmore_webhook_actix::ConfigError>(())
/// ```
#[must_use]
pub struct VerifyWebhook<F = fn(&Error) -> HttpResponse> {
    verifier: Verifier,
    on_refusal: Arc<F>,
}

impl VerifyWebhook {
    /// Makes a middleware that answers refused requests with problem details in JSON.
    pub fn new(verifier: Verifier) -> Self {
        Self {
            verifier,
            on_refusal: Arc::new(receive::answer),
        }
    }
}

impl<F> VerifyWebhook<F> {
    /// Answers refused requests with your own response. The refusal is still logged.
    ///
    /// The closure may capture what it needs. The clones of a middleware share it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actix_web::HttpResponse;
    /// # use trackingmore_webhook_actix::{Verifier, VerifyWebhook};
    /// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
    ///
    /// # let verifier = Verifier::new("secret")?;
    /// let refused = Arc::new(AtomicU64::new(0));
    /// let counter = Arc::clone(&refused);
    /// let middleware = VerifyWebhook::new(verifier).on_refusal(move |error| {
    ///     counter.fetch_add(1, Ordering::Relaxed);
    ///     HttpResponse::NotFound().finish()
    /// });
    /// # Ok::<(), trackingmore_webhook_actix::ConfigError>(())
    /// ```
    pub fn on_refusal<G>(self, answer: G) -> VerifyWebhook<G>
    where
        G: Fn(&Error) -> HttpResponse + 'static,
    {
        VerifyWebhook {
            verifier: self.verifier,
            on_refusal: Arc::new(answer),
        }
    }
}

impl<S, B, F> Transform<S, ServiceRequest> for VerifyWebhook<F>
where
    F: Fn(&Error) -> HttpResponse + 'static,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = ActixError> + 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = ActixError;
    type Transform = VerifyWebhookService<S, F>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ok(VerifyWebhookService {
            service: Rc::new(service),
            settings: self.clone(),
        })
    }
}

/// Written by hand, since a derived `Clone` would require a closure that can be cloned.
impl<F> Clone for VerifyWebhook<F> {
    fn clone(&self) -> Self {
        Self {
            verifier: self.verifier.clone(),
            on_refusal: Arc::clone(&self.on_refusal),
        }
    }
}

impl<F> fmt::Debug for VerifyWebhook<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyWebhook")
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

/// The service that [`VerifyWebhook`] makes.
#[allow(missing_debug_implementations, unreachable_pub)]
pub struct VerifyWebhookService<S, F> {
    service: Rc<S>,
    settings: VerifyWebhook<F>,
}

impl<S, B, F> Service<ServiceRequest> for VerifyWebhookService<S, F>
where
    F: Fn(&Error) -> HttpResponse + 'static,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = ActixError> + 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = ActixError;
    type Future = LocalBoxFuture<'static, Result<Self::Response, ActixError>>;

    forward_ready!(service);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let service = Rc::clone(&self.service);
        let VerifyWebhook {
            verifier,
            on_refusal,
        } = self.settings.clone();
        Box::pin(async move {
            match verify(&verifier, &mut request).await {
                Ok(body) => {
                    request.set_payload(Payload::from(body.bytes().clone()));
                    request.extensions_mut().insert(body);
                    Ok(service.call(request).await?.map_into_left_body())
                }
                Err(error) => Ok(request
                    .into_response(on_refusal(&error))
                    .map_into_right_body()),
            }
        })
    }
}

async fn verify(verifier: &Verifier, request: &mut ServiceRequest) -> Result<VerifiedBody, Error> {
    let (request, payload) = request.parts_mut();
    let (incoming, payload) = receive::begin(verifier, request, payload)?;
    receive::read(incoming, payload, Incoming::finish).await
}
