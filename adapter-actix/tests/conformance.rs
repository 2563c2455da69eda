//! The suite that every adapter runs, in every way to use this one.

mod serve;

use std::net::SocketAddr;

use actix_web::{HttpResponse, web};
use trackingmore_webhook::testing::conformance::{self, Handled, PATH, Receiver};
use trackingmore_webhook_actix::{RawWebhook, Verifier, VerifyWebhook, Webhook};

async fn typed(handled: web::Data<Handled>, Webhook(delivery): Webhook) -> HttpResponse {
    handled.record(&delivery.body);
    HttpResponse::NoContent().finish()
}

async fn raw(handled: web::Data<Handled>, RawWebhook(body): RawWebhook) -> HttpResponse {
    handled.record(body.bytes());
    HttpResponse::NoContent().finish()
}

async fn payload(handled: web::Data<Handled>, body: web::Bytes) -> HttpResponse {
    handled.record(&body);
    HttpResponse::NoContent().finish()
}

struct Extractor;

impl Receiver for Extractor {
    fn serve(&self, verifier: Verifier, handled: Handled) -> SocketAddr {
        serve::in_background(move |config| {
            config
                .app_data(verifier.clone())
                .app_data(web::Data::new(handled.clone()))
                .route(PATH, web::post().to(typed));
        })
    }
}

struct RawExtractor;

impl Receiver for RawExtractor {
    const READS_EVENTS: bool = false;

    fn serve(&self, verifier: Verifier, handled: Handled) -> SocketAddr {
        serve::in_background(move |config| {
            config
                .app_data(web::Data::new(verifier.clone()))
                .app_data(web::Data::new(handled.clone()))
                .route(PATH, web::post().to(raw));
        })
    }
}

struct Middleware;

impl Receiver for Middleware {
    const READS_EVENTS: bool = false;

    fn serve(&self, verifier: Verifier, handled: Handled) -> SocketAddr {
        serve::in_background(move |config| {
            let webhook = web::resource(PATH).wrap(VerifyWebhook::new(verifier.clone()));
            config
                .app_data(web::Data::new(handled.clone()))
                .service(webhook.route(web::post().to(payload)));
        })
    }
}

struct ExtractorBehindMiddleware;

impl Receiver for ExtractorBehindMiddleware {
    fn serve(&self, verifier: Verifier, handled: Handled) -> SocketAddr {
        serve::in_background(move |config| {
            let webhook = web::resource(PATH).wrap(VerifyWebhook::new(verifier.clone()));
            config
                .app_data(web::Data::new(handled.clone()))
                .service(webhook.route(web::post().to(typed)));
        })
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
fn middleware() {
    conformance::run(&Middleware);
}

#[test]
fn extractor_behind_middleware() {
    conformance::run(&ExtractorBehindMiddleware);
}
