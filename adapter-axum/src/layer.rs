use std::{fmt, sync::Arc};

use axum_core::response::Response;
use tower_layer::Layer;
use trackingmore_webhook::{Error, Verifier};

use crate::{Verify, receive};

/// Lets only genuine deliveries through to the routes behind it, with their exact bytes.
///
/// It puts the [`VerifiedBody`](crate::VerifiedBody) into the request's extensions, where
/// [`Webhook`](crate::Webhook) and [`RawWebhook`](crate::RawWebhook) with the same verifier find
/// it, and handlers can by `Extension`.
///
/// Everything behind it is verified, whatever the method: a health check under the layer is
/// answered 401, and in `Router::layer` so is a path that no route has. `Router::route_layer`
/// leaves those to the fallback.
///
/// # The services behind it
///
/// The layer is always ready. It waits for the service behind it to be ready, and calls it, only
/// for a request that has been accepted: a client that sends its body slowly does not hold a
/// permit of a `ConcurrencyLimit` meanwhile.
///
/// # Body limits
///
/// The smaller of the verifier's limit and of a `DefaultBodyLimit` set *outside* of this layer
/// applies; without one, that is axum's 2 MB. A `DefaultBodyLimit` that is set inside, on the
/// routes, cannot be seen from here: the verifier's limit has been applied to the body by then.
///
/// # Decompression
///
/// The signature covers the bytes on the wire. A layer that decompresses request bodies belongs
/// behind this one, not in front of it.
///
/// # Content type
///
/// axum's `Json` wants a `Content-Type` of JSON, which is not documented for deliveries.
/// [`Webhook`](crate::Webhook) behind the layer does not.
///
/// # Examples
///
/// ```
/// use axum::{Json, Router, routing::post};
/// use trackingmore_webhook_axum::{Event, Verifier, VerifyLayer};
///
/// async fn shipment(Json(event): Json<Event>) {
///     println!("{}", event.tracking.tracking_number);
/// }
///
/// let verifier = Verifier::new("2e55b9a3-4dd1-4416-9897-c4bd1e3d738f")?;
/// let app: Router = Router::new()
///     .route("/webhooks/trackingmore", post(shipment))
///     .layer(VerifyLayer::new(verifier));
/// # Ok::<(), trackingmore_webhook_axum::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct VerifyLayer {
    verifier: Verifier,
    on_refusal: OnRefusal,
}

/// Shared, since a layer is applied anew for each connection.
pub(crate) type OnRefusal = Arc<dyn Fn(&Error) -> Response + Send + Sync>;

impl VerifyLayer {
    /// Makes a layer that answers refused requests with problem details in JSON.
    pub fn new(verifier: Verifier) -> Self {
        Self {
            verifier,
            on_refusal: Arc::new(receive::answer),
        }
    }

    /// Answers refused requests otherwise. The refusal is logged all the same, and `Connection:
    /// close` is added to the answer where HTTP/1 needs it.
    ///
    /// The closure may capture what it needs. It is kept once, for all connections.
    ///
    /// # Examples
    ///
    /// ```
    /// # use axum::response::IntoResponse;
    /// # use trackingmore_webhook_axum::{Verifier, VerifyLayer};
    /// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
    ///
    /// # let verifier = Verifier::new("secret")?;
    /// let refused = Arc::new(AtomicU64::new(0));
    /// let counter = Arc::clone(&refused);
    /// let layer = VerifyLayer::new(verifier).on_refusal(move |error| {
    ///     counter.fetch_add(1, Ordering::Relaxed);
    ///     error.to_response().into_response()
    /// });
    /// # Ok::<(), trackingmore_webhook_axum::ConfigError>(())
    /// ```
    pub fn on_refusal(
        mut self,
        answer: impl Fn(&Error) -> Response + Send + Sync + 'static,
    ) -> Self {
        self.on_refusal = Arc::new(answer);
        self
    }
}

impl<S> Layer<S> for VerifyLayer {
    type Service = Verify<S>;

    fn layer(&self, inner: S) -> Verify<S> {
        Verify::new(inner, self.verifier.clone(), Arc::clone(&self.on_refusal))
    }
}

impl fmt::Debug for VerifyLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyLayer")
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}
