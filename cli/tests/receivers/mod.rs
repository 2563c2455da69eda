//! Receivers to send to, in the background until the test ends.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use trackingmore_webhook::Verifier;

use crate::program::{PATH, SECRET};

/// One in each framework, as its adapter's users write it.
pub(crate) fn all() -> [String; 3] {
    [axum(), actix(), warp()]
}

fn axum() -> String {
    use axum::{Router, http::StatusCode, routing::post};
    use trackingmore_webhook_axum::Webhook;

    let app = Router::new()
        .route(PATH, post(async |_: Webhook| StatusCode::NO_CONTENT))
        .with_state(verifier());
    serve(async |listener| axum::serve(listener, app).await.unwrap())
}

fn warp() -> String {
    use trackingmore_webhook_warp::{Delivery, recover, webhook};
    use warp::{Filter as _, http::StatusCode};

    let routes = warp::path!("webhooks" / "trackingmore")
        .and(warp::post())
        .and(webhook(verifier()))
        .map(|_: Delivery| StatusCode::NO_CONTENT)
        .recover(recover);
    serve(async |listener| warp::serve(routes).incoming(listener).run().await)
}

fn actix() -> String {
    use actix_web::{App, HttpResponse, HttpServer, rt::System, web};
    use trackingmore_webhook_actix::Webhook;

    async fn shipment(_: Webhook) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }

    let (listener, url) = listener();
    thread::spawn(move || {
        let app = || {
            let shipment = web::post().to(shipment);
            App::new().app_data(verifier()).route(PATH, shipment)
        };
        let server = HttpServer::new(app).workers(1).disable_signals();
        System::new().block_on(server.listen(listener).unwrap().run())
    });
    url
}

/// One that reads the head and a part of the body, and answers always the same.
pub(crate) fn fixed(answer: String) -> String {
    let (listener, url) = listener();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                let mut chunk = [0; 4096];
                let len = stream.read(&mut chunk).unwrap();
                request.extend_from_slice(&chunk[..len]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

fn serve<F>(server: F) -> String
where
    F: AsyncFnOnce(tokio::net::TcpListener) + Send + 'static,
{
    let (listener, url) = listener();
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            server(tokio::net::TcpListener::from_std(listener).unwrap()).await;
        });
    });
    url
}

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}{PATH}", listener.local_addr().unwrap());
    (listener, url)
}

fn verifier() -> Verifier {
    Verifier::new(SECRET).unwrap()
}
