use axum_core::extract::{FromRef, FromRequest, Request};
use serde::de::DeserializeOwned;
use trackingmore_webhook::{Delivery, Event, Incoming, VerifiedBody, Verifier};

use crate::{WebhookRejection, receive};

/// Extracts a verified delivery: the handler runs only for genuine ones.
///
/// The [`Verifier`] comes from the router's state: it is the state, or comes from it by
/// [`FromRef`]. Behind a [`VerifyLayer`](crate::VerifyLayer) with the same verifier, the request is
/// not verified again.
///
/// The body is held up to the smaller of the verifier's limit and of axum's `DefaultBodyLimit` (2
/// MB by default).
///
/// # Examples
///
/// In a larger state (`derive(FromRef)` needs axum's feature `macros`):
///
/// ```
/// use axum::{Router, extract::FromRef, routing::post};
/// use trackingmore_webhook_axum::{Verifier, Webhook};
///
/// #[derive(Clone, FromRef)]
/// struct AppState {
///     verifier: Verifier,
/// }
///
/// async fn shipment(Webhook(delivery): Webhook) {
///     println!("{}", delivery.event.tracking.tracking_number);
/// }
///
/// let verifier = Verifier::new("2e55b9a3-4dd1-4416-9897-c4bd1e3d738f")?;
/// let app: Router = Router::new()
///     .route("/webhooks/trackingmore", post(shipment))
///     .with_state(AppState { verifier });
/// # Ok::<(), trackingmore_webhook_axum::ConfigError>(())
/// ```
///
/// With a type of your own, for members that [`Event`] does not have:
///
/// ```
/// # use trackingmore_webhook_axum::Webhook;
/// #[derive(serde::Deserialize)]
/// struct Mine {
///     data: serde_json::Value,
/// }
///
/// async fn shipment(Webhook(delivery): Webhook<Mine>) {
///     println!("{}", delivery.event.data["lane"]);
/// }
/// ```
///
/// With two webhooks, each with its own secret: a state has one verifier, so each route has its own
/// state, which is the verifier or a struct like `AppState` above:
///
/// ```
/// use axum::{Router, routing::post};
/// use trackingmore_webhook_axum::{Verifier, Webhook};
///
/// async fn shipment(Webhook(delivery): Webhook) {
///     println!("{}", delivery.event.tracking.tracking_number);
/// }
///
/// fn hook(path: &str, verifier: Verifier) -> Router {
///     Router::new().route(path, post(shipment)).with_state(verifier)
/// }
///
/// let shoes = Verifier::builder().name("shoes").secret("secret of the shoe shop").build()?;
/// let books = Verifier::builder().name("books").secret("secret of the book shop").build()?;
/// let app = hook("/webhooks/shoes", shoes).merge(hook("/webhooks/books", books));
/// # Ok::<(), trackingmore_webhook_axum::ConfigError>(())
/// ```
///
/// With a verifier that depends on the request, for example on the tenant:
///
/// ```
/// # use std::collections::HashMap;
/// use axum::{extract::{FromRequest as _, Path, Request, State}, http::StatusCode};
/// use trackingmore_webhook_axum::{Verifier, Webhook, WebhookRejection};
///
/// async fn shipment(
///     State(verifiers): State<HashMap<String, Verifier>>,
///     Path(tenant): Path<String>,
///     request: Request,
/// ) -> Result<StatusCode, WebhookRejection> {
///     // 404 reveals which tenants exist: the example `many-tenants` answers 401 instead.
///     let Some(verifier) = verifiers.get(&tenant) else {
///         return Ok(StatusCode::NOT_FOUND);
///     };
///     let Webhook(delivery) = <Webhook>::from_request(request, verifier).await?;
///     println!("{tenant}: {}", delivery.event.tracking.tracking_number);
///     Ok(StatusCode::NO_CONTENT)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Webhook<T = Event>(pub Delivery<T>);

/// Extracts the body of a verified delivery without reading it as an event.
///
/// It finds the [`Verifier`] and limits the body as [`Webhook`] does.
///
/// # Examples
///
/// ```
/// use trackingmore_webhook_axum::RawWebhook;
///
/// async fn shipment(RawWebhook(body): RawWebhook) {
///     println!("{} is {} bytes long", body.id(), body.bytes().len());
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RawWebhook(pub VerifiedBody);

impl<S, T> FromRequest<S> for Webhook<T>
where
    Verifier: FromRef<S>,
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = WebhookRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebhookRejection> {
        let verifier = Verifier::from_ref(state);
        Ok(Self(match accepted_body(&request, &verifier) {
            Some(body) => body.parse()?,
            None => {
                receive::receive(&verifier, request, Incoming::finish_as)
                    .await?
                    .1
            }
        }))
    }
}

impl<S> FromRequest<S> for RawWebhook
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = WebhookRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebhookRejection> {
        let verifier = Verifier::from_ref(state);
        Ok(Self(match accepted_body(&request, &verifier) {
            Some(body) => body.clone(),
            None => {
                receive::receive(&verifier, request, Incoming::finish)
                    .await?
                    .1
            }
        }))
    }
}

/// Returns what a layer accepted, if it asked the same verifier.
fn accepted_body<'r>(request: &'r Request, verifier: &Verifier) -> Option<&'r VerifiedBody> {
    let body = request.extensions().get::<VerifiedBody>()?;
    body.is_accepted_by(verifier).then_some(body)
}
