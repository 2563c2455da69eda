//! The suite that every adapter runs, in every way to use this one.

mod serve;

use std::net::SocketAddr;

use trackingmore_webhook::testing::conformance::{self, Handled, PATH, Receiver};
use trackingmore_webhook_warp::{Delivery, VerifiedBody, Verifier, raw_webhook, recover, webhook};
use warp::{Filter, http::StatusCode};

#[derive(Default)]
struct Typed {
    handled: Handled,
}

impl Receiver for Typed {
    fn serve(&self, verifier: Verifier) -> SocketAddr {
        let handled = self.handled.clone();
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

    fn handled(&self) -> Option<&Handled> {
        Some(&self.handled)
    }
}

#[derive(Default)]
struct Raw {
    handled: Handled,
}

impl Receiver for Raw {
    fn serve(&self, verifier: Verifier) -> SocketAddr {
        let handled = self.handled.clone();
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

    fn handled(&self) -> Option<&Handled> {
        Some(&self.handled)
    }

    fn accepts_unread(&self) -> bool {
        true
    }
}

#[test]
fn filter() {
    assert_eq!(PATH, "/webhooks/trackingmore");
    conformance::run(&Typed::default());
}

#[test]
fn raw_filter() {
    conformance::run(&Raw::default());
}
