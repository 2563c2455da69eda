//! The suite that every adapter runs, in every way to use this one.

mod serve;

use std::net::SocketAddr;

use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use trackingmore_webhook::testing::conformance::{self, Handled, PATH, Receiver};
use trackingmore_webhook_axum::{RawWebhook, Verifier, VerifyLayer, Webhook};

struct Extractor;

impl Receiver for Extractor {
    fn serve(&self, verifier: Verifier, handled: Handled) -> SocketAddr {
        let handler = async move |Webhook(delivery): Webhook| {
            handled.record(&delivery.body);
            StatusCode::NO_CONTENT
        };
        serve::in_background(
            Router::new()
                .route(PATH, post(handler))
                .with_state(verifier),
        )
    }
}

struct RawExtractor;

impl Receiver for RawExtractor {
    const READS_EVENTS: bool = false;

    fn serve(&self, verifier: Verifier, handled: Handled) -> SocketAddr {
        let handler = async move |RawWebhook(body): RawWebhook| {
            handled.record(body.bytes());
            StatusCode::NO_CONTENT
        };
        serve::in_background(
            Router::new()
                .route(PATH, post(handler))
                .with_state(verifier),
        )
    }
}

struct Layer;

impl Receiver for Layer {
    const READS_EVENTS: bool = false;

    fn serve(&self, verifier: Verifier, handled: Handled) -> SocketAddr {
        let handler = async move |body: Bytes| {
            handled.record(&body);
            StatusCode::NO_CONTENT
        };
        let app = Router::new().route(PATH, post(handler));
        serve::in_background(app.layer(VerifyLayer::new(verifier)))
    }
}

struct ExtractorBehindLayer;

impl Receiver for ExtractorBehindLayer {
    fn serve(&self, verifier: Verifier, handled: Handled) -> SocketAddr {
        let handler = async move |Webhook(delivery): Webhook| {
            handled.record(&delivery.body);
            StatusCode::NO_CONTENT
        };
        let app = Router::new()
            .route(PATH, post(handler))
            .with_state(verifier.clone());
        serve::in_background(app.layer(VerifyLayer::new(verifier)))
    }
}

#[test]
fn extractor() {
    conformance::run(&Extractor);
}

#[test]
fn raw_extractor() {
    conformance::run(&RawExtractor);
}

#[test]
fn layer() {
    conformance::run(&Layer);
}

#[test]
fn extractor_behind_layer() {
    conformance::run(&ExtractorBehindLayer);
}
