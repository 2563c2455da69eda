use std::{
    future::IntoFuture as _,
    io,
    net::SocketAddr,
    sync::mpsc::{self, Sender},
};

use tokio::net::TcpListener;
use trackingmore_webhook::{Event, VerifiedBody, Verifier, testing::conformance::PATH};

/// A server in the background, and what its handler received.
pub(crate) struct Receiver {
    pub(crate) name: &'static str,
    pub(crate) addr: SocketAddr,
    pub(crate) handled: mpsc::Receiver<VerifiedBody>,
}

/// Any free port.
const ADDR: &str = "127.0.0.1:0";

pub(crate) async fn axum(verifier: Verifier) -> io::Result<Receiver> {
    use axum::{Router, http::StatusCode, routing::post};
    use trackingmore_webhook_axum::{RawWebhook, WebhookRejection};

    let (sender, handled) = mpsc::channel();
    let handler = async move |RawWebhook(body): RawWebhook| {
        body.parse::<Event>()?;
        record(&sender, body);
        Ok::<_, WebhookRejection>(StatusCode::NO_CONTENT)
    };
    let app = Router::new()
        .route(PATH, post(handler))
        .with_state(verifier);

    let listener = TcpListener::bind(ADDR).await?;
    let addr = listener.local_addr()?;
    tokio::spawn(axum::serve(listener, app).into_future());
    Ok(Receiver {
        name: "axum",
        addr,
        handled,
    })
}

pub(crate) fn actix(verifier: Verifier) -> io::Result<Receiver> {
    use actix_web::{App, HttpResponse, HttpServer, web};
    use trackingmore_webhook_actix::{RawWebhook, VerifyWebhook, WebhookError};

    async fn handler(
        sender: web::Data<Sender<VerifiedBody>>,
        RawWebhook(body): RawWebhook,
    ) -> Result<HttpResponse, WebhookError> {
        body.parse::<Event>()?;
        record(&sender, body);
        Ok(HttpResponse::NoContent().finish())
    }

    let (sender, handled) = mpsc::channel();
    let app = move || {
        let webhook = web::resource(PATH)
            .wrap(VerifyWebhook::new(verifier.clone()))
            .route(web::post().to(handler));
        App::new()
            .app_data(web::Data::new(sender.clone()))
            .service(webhook)
    };

    let listener = std::net::TcpListener::bind(ADDR)?;
    let addr = listener.local_addr()?;
    let server = HttpServer::new(app).workers(1).disable_signals();
    tokio::spawn(server.listen(listener)?.run());
    Ok(Receiver {
        name: "actix",
        addr,
        handled,
    })
}

pub(crate) async fn warp(verifier: Verifier) -> io::Result<Receiver> {
    use trackingmore_webhook_warp::{WebhookRejection, raw_webhook, recover};
    use warp::{Filter as _, http::StatusCode};

    let (sender, handled) = mpsc::channel();
    let handler = move |body: VerifiedBody| {
        body.parse::<Event>()?;
        record(&sender, body);
        Ok::<_, WebhookRejection>(StatusCode::NO_CONTENT)
    };
    let routes = warp::path!("webhooks" / "trackingmore")
        .and(warp::post())
        .and(raw_webhook(verifier))
        .map(handler)
        .recover(recover);

    let listener = TcpListener::bind(ADDR).await?;
    let addr = listener.local_addr()?;
    tokio::spawn(warp::serve(routes).incoming(listener).run());
    Ok(Receiver {
        name: "warp",
        addr,
        handled,
    })
}

/// The handler runs before its answer is sent, so the sender of the request finds the body here.
fn record(handled: &Sender<VerifiedBody>, body: VerifiedBody) {
    // Nobody listens any more once everything is printed.
    _ = handled.send(body);
}
