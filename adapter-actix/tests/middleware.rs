//! `VerifyWebhook` among other middleware and in front of extractors.

#![allow(clippy::unwrap_used)]

mod serve;

use std::{
    cell::Cell,
    net::SocketAddr,
    rc::Rc,
    sync::atomic::{AtomicUsize, Ordering},
    time::SystemTime,
};

use actix_web::{
    App, HttpMessage as _, HttpResponse,
    dev::Service as _,
    http::header::{HeaderName, HeaderValue},
    middleware::DefaultHeaders,
    test::TestRequest,
    web,
};
use trackingmore_webhook::{
    Scheme, Signer,
    testing::{Answer, Connection, Framing},
};
use trackingmore_webhook_actix::{Event, RawWebhook, Verifier, VerifyWebhook, Webhook};

const PATH: &str = "/hook";
const BODY: &[u8] = br#"{"data":{"tracking_number":"LX405512873SE"}}"#;
const GZIPPED: &[u8] = include_bytes!("data/event.json.gz");

fn verifier() -> Verifier {
    Verifier::new("secret").unwrap()
}

fn signed(scheme: Scheme, body: &[u8]) -> Vec<(String, String)> {
    Signer::new("secret")
        .unwrap()
        .headers(scheme, SystemTime::now(), body)
}

fn post(addr: SocketAddr, headers: &[(String, String)], body: &[u8]) -> Answer {
    Connection::open(addr)
        .unwrap()
        .post(PATH, headers, body, Framing::Length)
        .unwrap()
}

async fn accept() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

#[test]
fn a_refusal_is_a_response_that_outer_middleware_sees() {
    let addr = serve::in_background(|config| {
        let webhook = web::resource(PATH)
            .wrap(VerifyWebhook::new(verifier()))
            .wrap(DefaultHeaders::new().add(("x-outer", "seen")))
            .wrap_fn(|request, service| {
                let answer = service.call(request);
                async {
                    let mut response = answer.await.expect("a refusal is not an error");
                    let name = HeaderName::from_static("x-outermost");
                    response
                        .headers_mut()
                        .insert(name, HeaderValue::from_static("seen"));
                    Ok(response)
                }
            });
        config.service(webhook.route(web::post().to(accept)));
    });
    for headers in [signed(Scheme::Timestamp, BODY), Vec::new()] {
        let answer = post(addr, &headers, BODY);
        assert_eq!(answer.status, if headers.is_empty() { 401 } else { 204 });
        assert_eq!(answer.header("x-outer"), Some("seen"));
        assert_eq!(answer.header("x-outermost"), Some("seen"));
    }
}

#[test]
fn a_gzipped_body_is_verified_as_sent_and_decompressed_once_by_the_inner_extractor() {
    async fn json(event: web::Json<Event>) -> String {
        event.tracking.courier_code.clone().unwrap()
    }
    async fn raw(RawWebhook(body): RawWebhook) -> Vec<u8> {
        body.into_bytes().to_vec()
    }
    let addr = serve::in_background(|config| {
        let webhook = web::resource(PATH).wrap(VerifyWebhook::new(verifier()));
        config.service(webhook.route(web::post().to(json)));
    });
    let raw_addr = serve::in_background(|config| {
        config.app_data(verifier()).route(PATH, web::post().to(raw));
    });
    for scheme in [Scheme::Timestamp, Scheme::Body] {
        let mut headers = signed(scheme, GZIPPED);
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        headers.push(("content-encoding".to_owned(), "gzip".to_owned()));
        let answer = post(addr, &headers, GZIPPED);
        assert_eq!((answer.status, &answer.body[..]), (200, &b"postnord"[..]));
        let answer = post(raw_addr, &headers, GZIPPED);
        assert_eq!((answer.status, &answer.body[..]), (200, GZIPPED));
    }
}

#[test]
fn an_extractor_with_another_verifier_verifies_with_its_own() {
    for (own_secret, expected) in [("secret", 204), ("other", 401)] {
        let addr = serve::in_background(move |config| {
            let webhook = web::resource(PATH)
                .app_data(Verifier::new(own_secret).unwrap())
                .wrap(VerifyWebhook::new(verifier()))
                .route(web::post().to(async |Webhook(_): Webhook| accept().await));
            config.service(webhook);
        });
        for scheme in [Scheme::Timestamp, Scheme::Body] {
            assert_eq!(post(addr, &signed(scheme, BODY), BODY).status, expected);
        }
    }
}

#[test]
fn an_extractor_with_the_same_verifier_or_none_does_not_verify_twice() {
    for configured in [true, false] {
        let addr = serve::in_background(move |config| {
            let verifier = verifier();
            let mut webhook = web::resource(PATH)
                // Between middleware and extractor the headers are lost, so that only the
                // middleware's word is left.
                .wrap_fn(|mut request, service| {
                    request.headers_mut().clear();
                    service.call(request)
                })
                .wrap(VerifyWebhook::new(verifier.clone()))
                .route(web::post().to(async |Webhook(_): Webhook| accept().await));
            if configured {
                webhook = webhook.app_data(web::Data::new(verifier));
            }
            config.service(webhook);
        });
        assert_eq!(
            post(addr, &signed(Scheme::Timestamp, BODY), BODY).status,
            204
        );
        assert_eq!(post(addr, &[], BODY).status, 401);
    }
}

#[test]
fn a_body_that_outer_middleware_took_is_not_treated_as_empty() {
    let addr = serve::in_background(|config| {
        let webhook = web::resource(PATH)
            .wrap(VerifyWebhook::new(verifier()))
            .wrap_fn(|mut request, service| {
                drop(request.take_payload());
                service.call(request)
            });
        config.service(webhook.route(web::post().to(accept)));
    });
    for framing in [Framing::Length, Framing::Chunked(7)] {
        let answer = Connection::open(addr)
            .unwrap()
            .post(PATH, &signed(Scheme::Timestamp, BODY), BODY, framing)
            .unwrap();
        assert_eq!(answer.status, 400, "{framing:?}");
    }
}

#[test]
fn debug_shows_the_options_of_the_verifier() {
    let verifier = verifier();
    assert_eq!(
        format!("{:?}", VerifyWebhook::new(verifier.clone())),
        format!("VerifyWebhook {{ verifier: {verifier:?}, .. }}")
    );
}

#[test]
fn request_extensions_are_kept() {
    async fn handler(number: web::ReqData<u8>, Webhook(_): Webhook) -> String {
        number.to_string()
    }
    let addr = serve::in_background(|config| {
        let webhook = web::resource(PATH)
            .wrap(VerifyWebhook::new(verifier()))
            .wrap_fn(|request, service| {
                request.extensions_mut().insert(7_u8);
                service.call(request)
            });
        config.service(webhook.route(web::post().to(handler)));
    });
    assert_eq!(
        post(addr, &signed(Scheme::Timestamp, BODY), BODY).body,
        b"7"
    );
}

#[test]
fn refusals_can_have_your_own_answer() {
    let addr = serve::in_background(|config| {
        let webhook = VerifyWebhook::new(verifier())
            .on_refusal(|error| HttpResponse::NotFound().body(error.code()));
        config.service(
            web::resource(PATH)
                .wrap(webhook)
                .route(web::post().to(accept)),
        );
    });
    let answer = post(addr, &[], BODY);
    assert_eq!(
        (answer.status, &answer.body[..]),
        (404, &b"missing_header"[..])
    );
}

#[test]
fn the_closure_for_refusals_is_shared_by_all_connections() {
    let refused = AtomicUsize::new(0);
    let webhook = VerifyWebhook::new(verifier()).on_refusal(move |_| {
        let earlier = refused.fetch_add(1, Ordering::Relaxed);
        HttpResponse::Unauthorized().body(earlier.to_string())
    });
    // Made outside of the closure that makes the application in each worker, so it must be `Send`.
    let addr = serve::in_background(move |config| {
        let resource = web::resource(PATH).wrap(webhook.clone());
        config.service(resource.route(web::post().to(accept)));
    });
    for earlier in 0..3 {
        assert_eq!(post(addr, &[], BODY).body, earlier.to_string().as_bytes());
    }
}

#[actix_web::test]
async fn the_closure_for_refusals_need_not_be_send() {
    let refused = Rc::new(Cell::new(0));
    let count = Rc::clone(&refused);
    let webhook = VerifyWebhook::new(verifier()).on_refusal(move |_| {
        count.set(count.get() + 1);
        HttpResponse::Unauthorized().finish()
    });
    let app = App::new().wrap(webhook).route(PATH, web::post().to(accept));
    let app = actix_web::test::init_service(app).await;
    let request = TestRequest::post().uri(PATH).to_request();
    actix_web::test::call_service(&app, request).await;
    assert_eq!(refused.get(), 1);
}

#[test]
fn the_answer_to_a_broken_body_does_not_quote_an_internal_error() {
    let addr = serve::in_background(|config| {
        let webhook = web::resource(PATH).wrap(VerifyWebhook::new(verifier()));
        config.service(webhook.route(web::post().to(accept)));
    });
    let mut connection = Connection::open(addr).unwrap();
    let headers = signed(Scheme::Timestamp, BODY);
    connection
        .send_head(PATH, &headers, &["transfer-encoding: chunked"])
        .unwrap();
    connection.send(b"4\r\n{}  \r\nnot a length\r\n").unwrap();
    let answer = connection.read_answer().unwrap();
    assert_eq!(
        String::from_utf8(answer.body).unwrap(),
        r#"{"title":"Bad Request","status":400,"detail":"body could not be read","code":"body_unreadable"}"#
    );
}
