//! The suite that every adapter runs, in every way to use this one.

mod serve;

use std::net::SocketAddr;

use actix_web::{
    HttpResponse,
    web::{self, ServiceConfig},
};
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

/// An application, and whether its handler takes the bytes only.
struct App {
    configure: fn(&mut ServiceConfig, Verifier),
    takes_bytes: bool,
    handled: Handled,
}

impl Receiver for App {
    fn serve(&self, verifier: Verifier) -> SocketAddr {
        let (configure, handled) = (self.configure, self.handled.clone());
        serve::in_background(move |config| {
            config.app_data(web::Data::new(handled.clone()));
            configure(config, verifier.clone());
        })
    }

    fn handled(&self) -> Option<&Handled> {
        Some(&self.handled)
    }

    fn accepts_unread(&self) -> bool {
        self.takes_bytes
    }
}

fn check(takes_bytes: bool, configure: fn(&mut ServiceConfig, Verifier)) {
    let handled = Handled::default();
    conformance::run(&App {
        configure,
        takes_bytes,
        handled,
    });
}

#[test]
fn extractor() {
    check(false, |config, verifier| {
        config.app_data(verifier).route(PATH, web::post().to(typed));
    });
}

#[test]
fn raw_extractor() {
    check(true, |config, verifier| {
        config
            .app_data(web::Data::new(verifier))
            .route(PATH, web::post().to(raw));
    });
}

#[test]
fn middleware() {
    check(true, |config, verifier| {
        let webhook = web::resource(PATH).wrap(VerifyWebhook::new(verifier));
        config.service(webhook.route(web::post().to(payload)));
    });
}

#[test]
fn extractor_behind_middleware() {
    check(false, |config, verifier| {
        let webhook = web::resource(PATH).wrap(VerifyWebhook::new(verifier));
        config.service(webhook.route(web::post().to(typed)));
    });
}
