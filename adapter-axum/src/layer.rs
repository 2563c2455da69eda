use std::{fmt, sync::Arc};

use axum_core::response::Response;
use tower_layer::Layer;
use trackingmore_webhook::{Error, Verifier};

use crate::{Verify, receive};

/// A layer that lets only genuine deliveries through to the routes behind it, with their exact
/// bytes.
///
/// It puts the [`VerifiedBody`](crate::VerifiedBody) into the request's extensions, where
/// [`Webhook`](crate::Webhook) and [`RawWebhook`](crate::RawWebhook) with the same verifier find
/// it. Handlers can take it with `Extension`.
///
/// It verifies every request, whatever the method: a health check under the layer is answered 401,
/// and so is an unknown path with `Router::layer`. `Router::route_layer` leaves unknown paths to
/// the fallback.
///
/// # The services behind it
///
/// The layer is always ready. Only for an accepted request does it wait for the service behind it
/// and call it, so a client that sends its body slowly does not hold a permit of a
/// `ConcurrencyLimit`.
///
/// # Body limits
///
/// The smaller of two limits applies: the verifier's, and axum's, which is that of a
/// `DefaultBodyLimit` *outside* this layer, or 2 MB. The layer cannot see a `DefaultBodyLimit`
/// inside it, on the routes: by then it has read the body.
///
/// # Decompression
///
/// The signature covers the bytes on the wire. A layer that decompresses request bodies belongs
/// behind this one, not in front of it.
///
/// # Content type
///
/// axum's `Json` requires a JSON `Content-Type`, which is not documented for deliveries.
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

/// Shared, since a layer is applied again for each connection.
pub(crate) type OnRefusal = Arc<dyn Fn(&Error) -> Response + Send + Sync>;

impl VerifyLayer {
    /// Makes a layer that answers refused requests with problem details in JSON.
    pub fn new(verifier: Verifier) -> Self {
        Self {
            verifier,
            on_refusal: Arc::new(receive::answer),
        }
    }

    /// Answers refused requests with your own response. The refusal is still logged, and
    /// `Connection: close` is added where HTTP/1 needs it.
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
