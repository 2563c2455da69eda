//! The suite that every adapter runs, in every way to use this one.

mod serve;

use std::net::SocketAddr;

use trackingmore_webhook::testing::conformance::{self, Handled, PATH, Receiver};
use trackingmore_webhook_warp::{Delivery, VerifiedBody, Verifier, raw_webhook, recover, webhook};
use warp::{Filter, http::StatusCode};

struct Typed;

impl Receiver for Typed {
    fn serve(&self, verifier: Verifier, handled: Handled) -> SocketAddr {
        let routes = warp::path!("webhooks" / "trackingmore")
            .and(warp::post())
            .and(webhook(verifier))
            .map(move |delivery: Delivery| {
                handled.record(&delivery.body);
                StatusCode::NO_CONTENT
            })
            .recover(recover);
        serve::in_background(routes)
    }
}

struct Raw;

impl Receiver for Raw {
    const READS_EVENTS: bool = false;

    fn serve(&self, verifier: Verifier, handled: Handled) -> SocketAddr {
        let routes = warp::path!("webhooks" / "trackingmore")
            .and(warp::post())
            .and(raw_webhook(verifier))
            .map(move |body: VerifiedBody| {
                handled.record(body.bytes());
                StatusCode::NO_CONTENT
            })
            .recover(recover);
        serve::in_background(routes)
    }
}

#[test]
fn filter() {
    assert_eq!(PATH, "/webhooks/trackingmore");
    conformance::run(&Typed);
}

#[test]
fn raw_filter() {
    conformance::run(&Raw);
}
