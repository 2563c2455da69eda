//! The two ports: webhooks for TrackingMore, health and metrics for the operator.

use std::time::Duration;

use axum::{
    Router,
    extract::{FromRequest as _, Request},
    http::StatusCode,
    routing::{get, post},
};
use metrics_exporter_prometheus::PrometheusHandle;
use tower_http::timeout::RequestBodyDeadlineLayer;
use trackingmore_webhook_axum::{RawWebhook, WebhookRejection};
use trackingmore_webhook_inbox::{BoxError, Inbox};

use crate::{SHOPS, database::Database, secrets};

/// Answers 204 once a delivery is stored, and 503 if it cannot be.
pub(crate) fn webhooks<DB: Database>(inbox: &Inbox<DB>) -> Result<Router, BoxError> {
    let mut router = Router::new();
    for shop in SHOPS {
        let (inbox, verifier) = (inbox.account(shop), secrets::verifier(shop)?);
        let receive = async move |request: Request| {
            let verifier = verifier.borrow().clone();
            let RawWebhook(body) = RawWebhook::from_request(request, &verifier).await?;
            inbox.accept(&body).await?;
            Ok::<_, WebhookRejection>(StatusCode::NO_CONTENT)
        };
        router = router.route(&format!("/webhooks/trackingmore/{shop}"), post(receive));
    }
    // Cuts off clients that send slowly.
    Ok(router.layer(RequestBodyDeadlineLayer::new(Duration::from_secs(10))))
}

pub(crate) fn operations<DB: Database>(inbox: Inbox<DB>, metrics: PrometheusHandle) -> Router {
    let health = async move || match inbox.pool().acquire().await {
        Ok(_) => (StatusCode::OK, "healthy\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "no database\n"),
    };
    let metrics = async move || {
        metrics.run_upkeep();
        metrics.render()
    };
    let router = Router::new().route("/health", get(health));
    router.route("/metrics", get(metrics))
}
