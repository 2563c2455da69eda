//! The suite that every adapter runs, in every way to use this one.

mod serve;

use std::net::SocketAddr;

use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use trackingmore_webhook::testing::conformance::{self, Handled, PATH, Receiver};
use trackingmore_webhook_axum::{RawWebhook, Verifier, VerifyLayer, Webhook};

/// An application, and whether its handler takes the bytes only.
struct App {
    router: fn(Verifier, Handled) -> Router,
    takes_bytes: bool,
    handled: Handled,
}

impl Receiver for App {
    fn serve(&self, verifier: Verifier) -> SocketAddr {
        serve::in_background((self.router)(verifier, self.handled.clone()))
    }

    fn handled(&self) -> Option<&Handled> {
        Some(&self.handled)
    }

    fn accepts_unread(&self) -> bool {
        self.takes_bytes
    }
}

fn check(takes_bytes: bool, router: fn(Verifier, Handled) -> Router) {
    let handled = Handled::default();
    conformance::run(&App {
        router,
        takes_bytes,
        handled,
    });
}

fn typed(handled: Handled) -> Router<Verifier> {
    let handler = async move |Webhook(delivery): Webhook| {
        handled.record(&delivery.body);
        StatusCode::NO_CONTENT
    };
    Router::new().route(PATH, post(handler))
}

#[test]
fn extractor() {
    check(false, |verifier, handled| {
        typed(handled).with_state(verifier)
    });
}

#[test]
fn raw_extractor() {
    check(true, |verifier, handled| {
        let handler = async move |RawWebhook(body): RawWebhook| {
            handled.record(body.bytes());
            StatusCode::NO_CONTENT
        };
        Router::new()
            .route(PATH, post(handler))
            .with_state(verifier)
    });
}

#[test]
fn layer() {
    check(true, |verifier, handled| {
        let handler = async move |body: Bytes| {
            handled.record(&body);
            StatusCode::NO_CONTENT
        };
        let app = Router::new().route(PATH, post(handler));
        app.layer(VerifyLayer::new(verifier))
    });
}

#[test]
fn extractor_behind_layer() {
    check(false, |verifier, handled| {
        let app = typed(handled).with_state(verifier.clone());
        app.layer(VerifyLayer::new(verifier))
    });
}
