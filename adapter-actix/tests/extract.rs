//! `Webhook` and `RawWebhook` in handlers.

#![allow(clippy::unwrap_used)]

mod serve;

use std::{
    error::Error as _,
    io,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use actix_web::{
    App, HttpRequest, HttpResponse, ResponseError as _, http::StatusCode, test::TestRequest, web,
};
use trackingmore_webhook::{
    ErrorKind, Scheme, Signer,
    testing::{Answer, Connection, Framing},
};
use trackingmore_webhook_actix::{Error, RawWebhook, Verifier, Webhook, WebhookError};

const PATH: &str = "/hook";

fn verifier() -> Verifier {
    Verifier::new("secret").unwrap()
}

fn post_signed(
    configure: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
    body: &[u8],
) -> Answer {
    let signer = Signer::new("secret").unwrap();
    let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), body);
    let mut connection = Connection::open(serve::in_background(configure)).unwrap();
    connection
        .post(PATH, &headers, body, Framing::Length)
        .unwrap()
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn without_a_verifier_every_request_is_answered_500_and_an_error_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let handler = async |Webhook(_): Webhook| HttpResponse::Ok().finish();
    let app = App::new().route(PATH, web::post().to(handler));
    let app = actix_web::test::init_service(app).await;
    let body = r#"{"data":{"tracking_number":"LX405512873SE"}}"#;
    let signer = Signer::new("secret").unwrap();
    let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), body.as_bytes());
    let mut request = TestRequest::post().uri(PATH).set_payload(body);
    for (name, value) in headers {
        request = request.insert_header((name, value));
    }
    let answer = actix_web::test::call_service(&app, request.to_request()).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = actix_web::test::read_body(answer).await;
    assert_eq!(
        body,
        r#"{"title":"Internal Server Error","status":500,"detail":"no verifier is configured","code":"not_configured"}"#
    );
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("ERROR") && log.contains("app_data(verifier)"),
        "{log}"
    );
}

#[test]
fn a_handler_can_keep_a_delivery_with_a_valid_signature_that_is_not_an_event() {
    async fn keep_odd(webhook: Result<Webhook, WebhookError>) -> Result<Vec<u8>, WebhookError> {
        match webhook {
            Ok(_) => Ok(Vec::new()),
            Err(error) => match error.verified_body() {
                Some(body) => Ok(body.bytes().to_vec()),
                None => Err(error),
            },
        }
    }
    let configure = |config: &mut web::ServiceConfig| {
        config
            .app_data(verifier())
            .route(PATH, web::post().to(keep_odd));
    };
    for odd in [&b"not JSON"[..], b"[1,2]"] {
        let answer = post_signed(configure, odd);
        assert_eq!((answer.status, &answer.body[..]), (200, odd));
    }
    let mut connection = Connection::open(serve::in_background(configure)).unwrap();
    let headers = [("accept", "*/*")];
    let answer = connection
        .post(PATH, &headers, b"not JSON", Framing::Length)
        .unwrap();
    assert_eq!(answer.status, 401);
}

#[test]
fn a_body_that_another_extractor_took_is_not_treated_as_empty() {
    async fn webhook_first(_: Webhook, _: RawWebhook) -> HttpResponse {
        HttpResponse::Ok().finish()
    }
    async fn bytes_first(_: web::Bytes, _: RawWebhook) -> HttpResponse {
        HttpResponse::Ok().finish()
    }
    let body = br#"{"data":{"tracking_number":"LX405512873SE"}}"#;
    let configure = |config: &mut web::ServiceConfig| {
        config
            .app_data(verifier())
            .route(PATH, web::post().to(webhook_first));
    };
    assert_eq!(post_signed(configure, body).status, 400);
    let configure = |config: &mut web::ServiceConfig| {
        config
            .app_data(verifier())
            .route(PATH, web::post().to(bytes_first));
    };
    assert_eq!(post_signed(configure, body).status, 400);
}

#[test]
fn a_type_of_your_own_is_read() {
    #[derive(serde::Deserialize)]
    struct Mine {
        lane: u8,
    }
    async fn handler(Webhook(delivery): Webhook<Mine>) -> String {
        delivery.event.lane.to_string()
    }
    let configure = |config: &mut web::ServiceConfig| {
        config
            .app_data(verifier())
            .route(PATH, web::post().to(handler));
    };
    let answer = post_signed(configure, br#"{"lane":7}"#);
    assert_eq!((answer.status, &answer.body[..]), (200, &b"7"[..]));
    let answer = post_signed(configure, br#"{"lane":"jane"}"#);
    assert_eq!(
        String::from_utf8(answer.body).unwrap(),
        r#"{"title":"Unprocessable Entity","status":422,"detail":"body is JSON of another shape than expected, at lane","code":"unexpected_shape"}"#
    );
}

#[test]
fn an_error_has_its_kind_code_and_status() {
    async fn describe(webhook: Result<Webhook, WebhookError>) -> HttpResponse {
        let error = webhook.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidJson);
        assert_eq!(error.code(), "invalid_json");
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
        assert_eq!(error.status_code(), StatusCode::BAD_REQUEST);
        assert_eq!(error.to_string(), "body is not JSON");
        assert!(error.source().is_none());
        assert!(!format!("{error:?}").contains("jane"));
        assert_eq!(error.into_verified_body().unwrap().bytes(), "jane");
        HttpResponse::Ok().finish()
    }
    let configure = |config: &mut web::ServiceConfig| {
        config
            .app_data(verifier())
            .route(PATH, web::post().to(describe));
    };
    assert_eq!(post_signed(configure, b"jane").status, 200);
}

#[test]
fn an_error_from_a_handler_is_answered_by_its_kind() {
    async fn store(Webhook(_): Webhook) -> Result<HttpResponse, WebhookError> {
        Err(Error::from(ErrorKind::NotStored))?;
        Ok(HttpResponse::NoContent().finish())
    }
    let answer = post_signed(
        |config| {
            config
                .app_data(verifier())
                .route(PATH, web::post().to(store));
        },
        br#"{"data":{"tracking_number":"LX405512873SE"}}"#,
    );
    assert_eq!(answer.status, 503);
    assert!(answer.body.ends_with(br#""code":"not_stored"}"#));
    assert!(!answer.announces_close());
}

#[test]
fn the_verifier_can_be_chosen_per_request() {
    async fn typed(
        tenant: web::Path<String>,
        request: HttpRequest,
        payload: web::Payload,
    ) -> Result<HttpResponse, WebhookError> {
        let verifier = Verifier::new(&*tenant.into_inner()).unwrap();
        let mut payload = payload.into_inner();
        let Webhook(delivery) =
            <Webhook>::from_request_with(&request, &mut payload, &verifier).await?;
        Ok(HttpResponse::Ok().body(delivery.event.tracking.tracking_number))
    }
    async fn raw(
        tenant: web::Path<String>,
        request: HttpRequest,
        payload: web::Payload,
    ) -> Result<HttpResponse, WebhookError> {
        let verifier = Verifier::new(&*tenant.into_inner()).unwrap();
        let mut payload = payload.into_inner();
        let RawWebhook(body) =
            RawWebhook::from_request_with(&request, &mut payload, &verifier).await?;
        Ok(HttpResponse::Ok().body(body.into_bytes()))
    }
    let addr = serve::in_background(|config| {
        config
            // Not asked.
            .app_data(verifier())
            .route("/typed/{tenant}", web::post().to(typed))
            .route("/raw/{tenant}", web::post().to(raw));
    });
    let post = |path: &str, secret: &str, body: &[u8], framing| {
        let signer = Signer::new(secret).unwrap();
        let headers = signer.headers(Scheme::Body, SystemTime::now(), body);
        let mut connection = Connection::open(addr).unwrap();
        connection.post(path, &headers, body, framing).unwrap()
    };
    let body = br#"{"data":{"tracking_number":"LX405512873SE"}}"#;
    for framing in [Framing::Length, Framing::Chunked(10)] {
        let answer = post("/typed/shoes", "shoes", body, framing);
        assert_eq!(
            (answer.status, &answer.body[..]),
            (200, &b"LX405512873SE"[..])
        );
        let answer = post("/raw/shoes", "shoes", body, framing);
        assert_eq!((answer.status, &answer.body[..]), (200, &body[..]));
        for path in ["/typed/shoes", "/raw/shoes"] {
            for secret in ["books", "secret"] {
                assert_eq!(post(path, secret, body, framing).status, 401);
            }
        }
        assert_eq!(post("/typed/shoes", "shoes", b"{", framing).status, 400);
    }
}
