//! `Webhook` and `RawWebhook` in handlers.

#![allow(clippy::unwrap_used)]

mod serve;

use std::{error::Error as _, time::SystemTime};

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use trackingmore_webhook::{
    ErrorKind, Scheme, Signer,
    testing::{Answer, Connection, Framing},
};
use trackingmore_webhook_axum::{Error, RawWebhook, Verifier, Webhook, WebhookRejection};

const PATH: &str = "/hook";
const BODY: &[u8] = br#"{"data":{"tracking_number":"LX405512873SE"}}"#;

fn verifier() -> Verifier {
    Verifier::new("secret").unwrap()
}

fn post_signed(app: Router, body: &[u8], framing: Framing) -> Answer {
    let signer = Signer::new("secret").unwrap();
    let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), body);
    post_to(app, PATH, &headers, body, framing)
}

fn post_to(
    app: Router,
    path: &str,
    headers: &[(String, String)],
    body: &[u8],
    framing: Framing,
) -> Answer {
    let mut connection = Connection::open(serve::in_background(app)).unwrap();
    connection.post(path, headers, body, framing).unwrap()
}

#[test]
fn a_smaller_default_body_limit_applies() {
    let app = |limit: DefaultBodyLimit| {
        Router::new()
            .route(
                PATH,
                post(async |RawWebhook(_): RawWebhook| StatusCode::NO_CONTENT),
            )
            .layer(limit)
            .with_state(verifier())
    };
    for framing in [Framing::Length, Framing::Chunked(10)] {
        let smaller = DefaultBodyLimit::max(BODY.len() - 1);
        let answer = post_signed(app(smaller), BODY, framing);
        assert_eq!(answer.status, 413);
        assert!(answer.body.ends_with(br#""code":"body_too_large"}"#));
        let just = DefaultBodyLimit::max(BODY.len());
        assert_eq!(post_signed(app(just), BODY, framing).status, 204);

        let body = vec![b' '; 300 * 1024];
        let none = DefaultBodyLimit::disable();
        assert_eq!(post_signed(app(none), &body, framing).status, 413);
    }
}

#[test]
fn the_default_body_limit_applies_to_a_verifier_that_allows_more() {
    let verifier = Verifier::builder()
        .secret("secret")
        .body_limit(10_000_000)
        .build()
        .unwrap();
    let app = Router::new()
        .route(
            PATH,
            post(async |RawWebhook(_): RawWebhook| StatusCode::NO_CONTENT),
        )
        .with_state(verifier);
    let body = vec![b' '; 3_000_000];
    for framing in [Framing::Length, Framing::Chunked(100_000)] {
        let answer = post_signed(app.clone(), &body, framing);
        assert_eq!(answer.status, 413);
    }
}

#[test]
fn a_refusal_after_the_whole_body_leaves_the_connection_open() {
    let handler = async |RawWebhook(_): RawWebhook| StatusCode::NO_CONTENT;
    let app = Router::new().route(PATH, post(handler));
    let app = app.with_state(Verifier::new("other").unwrap());
    for framing in [Framing::Length, Framing::Chunked(3)] {
        let answer = post_signed(app.clone(), BODY, framing);
        assert_eq!(answer.status, 401);
        assert!(!answer.announces_close());
    }
}

#[test]
fn the_verifier_is_found_in_a_larger_state() {
    #[derive(Clone, FromRef)]
    struct AppState {
        verifier: Verifier,
        greeting: &'static str,
    }
    let app = Router::new()
        .route(
            PATH,
            post(async |Webhook(_): Webhook| StatusCode::NO_CONTENT),
        )
        .with_state(AppState {
            verifier: verifier(),
            greeting: "hello",
        });
    assert_eq!(post_signed(app, BODY, Framing::Length).status, 204);
}

#[test]
fn a_handler_can_keep_a_delivery_with_a_valid_signature_that_is_not_an_event() {
    async fn keep_odd(webhook: Result<Webhook, WebhookRejection>) -> Response {
        match webhook {
            Ok(_) => StatusCode::NO_CONTENT.into_response(),
            Err(rejection) => match rejection.verified_body() {
                Some(body) => body.bytes().clone().into_response(),
                None => rejection.into_response(),
            },
        }
    }
    let app = Router::new()
        .route(PATH, post(keep_odd))
        .with_state(verifier());
    for odd in [&b"not JSON"[..], b"[1,2]"] {
        let answer = post_signed(app.clone(), odd, Framing::Length);
        assert_eq!((answer.status, &answer.body[..]), (200, odd));
    }
    let mut connection = Connection::open(serve::in_background(app)).unwrap();
    let answer = connection
        .post(PATH, &[("accept", "*/*")], b"not JSON", Framing::Length)
        .unwrap();
    assert_eq!(answer.status, 401);
}

#[test]
fn a_type_of_your_own_is_read() {
    #[derive(serde::Deserialize)]
    struct Mine {
        lane: u8,
    }
    let handler = async |Webhook(delivery): Webhook<Mine>| delivery.event.lane.to_string();
    let app = Router::new()
        .route(PATH, post(handler))
        .with_state(verifier());
    let answer = post_signed(app.clone(), br#"{"lane":7}"#, Framing::Length);
    assert_eq!((answer.status, &answer.body[..]), (200, &b"7"[..]));
    let answer = post_signed(app, br#"{"lane":"jane"}"#, Framing::Length);
    assert_eq!(answer.status, 422);
    assert_eq!(
        String::from_utf8(answer.body).unwrap(),
        r#"{"title":"Unprocessable Entity","status":422,"detail":"body is JSON of another shape than expected, at lane","code":"unexpected_shape"}"#
    );
}

#[test]
fn a_rejection_has_its_kind_code_and_status() {
    async fn describe(webhook: Result<Webhook, WebhookRejection>) -> String {
        let rejection = webhook.unwrap_err();
        assert_eq!(rejection.kind(), ErrorKind::InvalidJson);
        assert_eq!(rejection.code(), "invalid_json");
        assert_eq!(rejection.status(), StatusCode::BAD_REQUEST);
        assert_eq!(rejection.to_string(), "body is not JSON");
        assert!(rejection.source().is_none());
        assert!(!format!("{rejection:?}").contains("jane"));
        let text = rejection.body_text();
        assert_eq!(rejection.into_verified_body().unwrap().bytes(), "jane");
        text
    }
    let app = Router::new()
        .route(PATH, post(describe))
        .with_state(verifier());
    let answer = post_signed(app, b"jane", Framing::Length);
    assert_eq!(
        String::from_utf8(answer.body).unwrap(),
        r#"{"title":"Bad Request","status":400,"detail":"body is not JSON","code":"invalid_json"}"#
    );
}

#[test]
fn an_error_from_a_handler_is_answered_by_its_kind() {
    async fn store(Webhook(_): Webhook) -> Result<StatusCode, WebhookRejection> {
        Err(Error::from(ErrorKind::NotStored))?;
        Ok(StatusCode::NO_CONTENT)
    }
    let app = Router::new()
        .route(PATH, post(store))
        .with_state(verifier());
    let answer = post_signed(app, BODY, Framing::Length);
    assert_eq!(answer.status, 503);
    assert!(answer.body.ends_with(br#""code":"not_stored"}"#));
    assert!(!answer.announces_close());
}

#[test]
fn each_of_two_webhooks_has_its_own_verifier() {
    let hook = |path: &str, secret: &str| {
        let handler = async |Webhook(_): Webhook| StatusCode::NO_CONTENT;
        let verifier = Verifier::new(secret).unwrap();
        Router::new()
            .route(path, post(handler))
            .with_state(verifier)
    };
    let app = hook("/shoes", "s1").merge(hook("/books", "s2"));
    for (path, secret, status) in [
        ("/shoes", "s1", 204),
        ("/books", "s2", 204),
        ("/shoes", "s2", 401),
        ("/books", "s1", 401),
    ] {
        let signer = Signer::new(secret).unwrap();
        let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), BODY);
        let answer = post_to(app.clone(), path, &headers, BODY, Framing::Length);
        assert_eq!(answer.status, status, "{path} {secret}");
    }
}
