//! `VerifyLayer` among other services.

#![allow(clippy::unwrap_used)]

mod serve;

use std::{
    convert::Infallible,
    io,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
    time::SystemTime,
};

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Request},
    http::{StatusCode, Version, header},
    response::{IntoResponse, Response},
    routing::post,
};
use tower::{
    Layer as _, Service, ServiceBuilder, ServiceExt as _, limit::GlobalConcurrencyLimitLayer,
    service_fn,
};
use tower_http::limit::RequestBodyLimitLayer;
use trackingmore_webhook::{
    Scheme, Signer,
    testing::{Connection, Framing},
};
use trackingmore_webhook_axum::{
    RawWebhook, VerifiedBody, Verifier, VerifyLayer, Webhook, WebhookRejection,
};

const PATH: &str = "/hook";
const BODY: &[u8] = br#"{"data":{"tracking_number":"LX405512873SE"}}"#;

fn verifier() -> Verifier {
    Verifier::new("secret").unwrap()
}

fn signed_headers() -> Vec<(String, String)> {
    let signer = Signer::new("secret").unwrap();
    signer.headers(Scheme::Timestamp, SystemTime::now(), BODY)
}

fn genuine() -> Request {
    let mut request = Request::post(PATH);
    for (name, value) in signed_headers() {
        request = request.header(name, value);
    }
    request.body(Body::from(BODY)).unwrap()
}

fn forged() -> Request {
    Request::post(PATH).body(Body::from(BODY)).unwrap()
}

/// A service that records calls without readiness, and whose clones are not ready.
#[derive(Default)]
struct NeedsReadiness {
    is_ready: bool,
}

impl Clone for NeedsReadiness {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service<Request> for NeedsReadiness {
    type Response = Response;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        assert!(self.is_ready, "called without being ready");
        std::future::ready(Ok(StatusCode::NO_CONTENT.into_response()))
    }
}

#[tokio::test]
async fn only_a_service_that_was_polled_ready_is_called() {
    let service = VerifyLayer::new(verifier()).layer(NeedsReadiness::default());
    for _ in 0..2 {
        let answer = service.clone().oneshot(genuine()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn an_error_of_the_service_is_passed_on() {
    let failing = service_fn(async |_: Request| Err::<Response, _>(io::Error::other("broken")));
    let service = VerifyLayer::new(verifier()).layer(failing);
    let result: Result<Response, io::Error> = service.clone().oneshot(genuine()).await;
    assert_eq!(result.unwrap_err().to_string(), "broken");
    let refused: Result<Response, io::Error> = service.oneshot(forged()).await;
    assert_eq!(refused.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_layer_is_always_ready_and_refuses_without_a_ready_service() {
    #[derive(Clone)]
    struct NeverReady;
    impl Service<Request> for NeverReady {
        type Response = Response;
        type Error = Infallible;
        type Future = std::future::Pending<Result<Response, Infallible>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Pending
        }
        fn call(&mut self, _: Request) -> Self::Future {
            std::future::pending()
        }
    }
    let mut service = VerifyLayer::new(verifier()).layer(NeverReady);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Service::<Request>::poll_ready(&mut service, &mut cx).is_ready());
    let refused = service.call(forged()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
}

#[test]
fn two_half_sent_bodies_do_not_use_up_a_concurrency_limit_of_two() {
    let layers = ServiceBuilder::new()
        .layer(VerifyLayer::new(verifier()))
        .layer(GlobalConcurrencyLimitLayer::new(2));
    let app = Router::new()
        .route(PATH, post(async || StatusCode::NO_CONTENT))
        .layer(layers);
    let addr = serve::in_background(app);
    let signed = signed_headers();

    let mut slow: Vec<_> = (0..2)
        .map(|_| {
            let mut connection = Connection::open(addr).unwrap();
            let length = format!("content-length: {}", BODY.len());
            let extra = [length.as_str(), "expect: 100-continue"];
            connection.send_head(PATH, &signed, &extra).unwrap();
            // The server asks for the body: from here on, the layer is waiting for it.
            assert_eq!(connection.read_interim().unwrap(), 100);
            connection.send(&BODY[..5]).unwrap();
            connection
        })
        .collect();

    let mut third = Connection::open(addr).unwrap();
    let answer = third.post(PATH, &signed, BODY, Framing::Length).unwrap();
    assert_eq!(answer.status, 204);
    for connection in &mut slow {
        connection.send(&BODY[5..]).unwrap();
        assert_eq!(connection.read_answer().unwrap().status, 204);
    }
}

#[tokio::test]
async fn the_request_is_handed_on_with_its_extensions_and_the_verified_body() {
    let handler = async |Extension(number): Extension<u8>,
                         Extension(verified): Extension<VerifiedBody>,
                         body: Bytes| {
        assert_eq!(number, 7);
        assert_eq!(body, BODY);
        assert_eq!(verified.bytes(), BODY);
    };
    let app = Router::new()
        .route(PATH, post(handler))
        .layer(VerifyLayer::new(verifier()));
    let mut request = genuine();
    request.extensions_mut().insert(7_u8);
    assert_eq!(app.oneshot(request).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn request_extensions_survive_extraction() {
    let handler = async |Extension(number): Extension<u8>, Webhook(delivery): Webhook| {
        assert_eq!((number, &delivery.body[..]), (7, BODY));
    };
    let app = Router::new()
        .route(PATH, post(handler))
        .layer(Extension(7_u8))
        .with_state(verifier());
    assert_eq!(
        app.oneshot(genuine()).await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_extractor_with_another_verifier_verifies_with_its_own() {
    let handler = async |result: Result<RawWebhook, WebhookRejection>| match result {
        Ok(_) => StatusCode::OK,
        Err(rejection) => rejection.status(),
    };
    for (own_secret, expected) in [
        ("secret", StatusCode::OK),
        ("other", StatusCode::UNAUTHORIZED),
    ] {
        let app = Router::new()
            .route(PATH, post(handler))
            .with_state(Verifier::new(own_secret).unwrap())
            .layer(VerifyLayer::new(verifier()));
        assert_eq!(app.oneshot(genuine()).await.unwrap().status(), expected);
    }
}

#[tokio::test]
async fn an_extractor_with_the_same_verifier_does_not_verify_twice() {
    // Between layer and extractor the headers are lost, so that only the layer's word is left.
    async fn strip(mut request: Request, next: axum::middleware::Next) -> Response {
        request.headers_mut().clear();
        next.run(request).await
    }
    let app = Router::new()
        .route(PATH, post(async |Webhook(_): Webhook| ()))
        .with_state(verifier())
        .layer(axum::middleware::from_fn(strip));
    let refused = app
        .clone()
        .layer(VerifyLayer::new(verifier()))
        .oneshot(genuine())
        .await;
    assert_eq!(refused.unwrap().status(), StatusCode::UNAUTHORIZED);

    let verifier = verifier();
    let app = Router::new()
        .route(PATH, post(async |Webhook(_): Webhook| ()))
        .with_state(verifier.clone())
        .layer(axum::middleware::from_fn(strip))
        .layer(VerifyLayer::new(verifier));
    assert_eq!(
        app.oneshot(genuine()).await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn refusals_can_have_your_own_answer() {
    let layer = VerifyLayer::new(verifier()).on_refusal(|error| {
        let code = [("x-code", error.code())];
        (StatusCode::NOT_FOUND, code, "nothing here").into_response()
    });
    let app = Router::new().route(PATH, post(async || ())).layer(layer);
    let answer = app.oneshot(forged()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(answer.headers()["x-code"], "missing_header");
    assert_eq!(answer.headers()[header::CONNECTION], "close");
}

#[test]
fn the_closure_for_refusals_is_shared_by_all_connections() {
    let refused = AtomicUsize::new(0);
    let layer = VerifyLayer::new(verifier()).on_refusal(move |_| {
        let earlier = refused.fetch_add(1, Ordering::Relaxed);
        (StatusCode::UNAUTHORIZED, earlier.to_string()).into_response()
    });
    let app = Router::new().route(PATH, post(async || ())).layer(layer);
    let addr = serve::in_background(app);
    for earlier in 0..3 {
        let mut connection = Connection::open(addr).unwrap();
        let headers: [(&str, &str); 0] = [];
        let answer = connection
            .post(PATH, &headers, BODY, Framing::Length)
            .unwrap();
        assert_eq!(answer.body, earlier.to_string().as_bytes());
    }
}

#[tokio::test]
async fn connection_close_is_sent_only_in_http_1() {
    let app = Router::new()
        .route(PATH, post(async || ()))
        .layer(VerifyLayer::new(verifier()));
    for (version, expected) in [
        (Version::HTTP_10, true),
        (Version::HTTP_11, true),
        (Version::HTTP_2, false),
    ] {
        let mut request = forged();
        *request.version_mut() = version;
        let answer = app.clone().oneshot(request).await.unwrap();
        let announced = answer.headers().contains_key(header::CONNECTION);
        assert_eq!(announced, expected, "{version:?}");
    }
    let empty = Request::post(PATH).body(Body::empty()).unwrap();
    let answer = app.oneshot(empty).await.unwrap();
    assert!(!answer.headers().contains_key(header::CONNECTION));
}

#[tokio::test]
async fn a_smaller_limit_around_the_layer_applies() {
    let app = Router::new()
        .route(PATH, post(async || ()))
        .layer(VerifyLayer::new(verifier()));
    for app in [
        app.clone().layer(DefaultBodyLimit::max(BODY.len() - 1)),
        app.clone()
            .layer(RequestBodyLimitLayer::new(BODY.len() - 1)),
    ] {
        let answer = app.oneshot(genuine()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    for app in [
        app.clone().layer(DefaultBodyLimit::max(BODY.len())),
        app.layer(RequestBodyLimitLayer::new(BODY.len())),
    ] {
        assert_eq!(
            app.oneshot(genuine()).await.unwrap().status(),
            StatusCode::OK
        );
    }
}

#[test]
fn public_types_cross_threads() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<VerifyLayer>();
    is_send_and_sync::<WebhookRejection>();
    is_send_and_sync::<Webhook>();
    is_send_and_sync::<RawWebhook>();
}

#[test]
fn debug_shows_the_options_of_the_verifier() {
    let verifier = verifier();
    let layer = VerifyLayer::new(verifier.clone());
    assert_eq!(
        format!("{layer:?}"),
        format!("VerifyLayer {{ verifier: {verifier:?}, .. }}")
    );
    assert_eq!(
        format!("{:?}", layer.layer("inner")),
        format!("Verify {{ inner: \"inner\", verifier: {verifier:?}, .. }}")
    );
}
