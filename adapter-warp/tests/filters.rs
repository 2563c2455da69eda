//! The filters among other filters.

#![allow(clippy::unwrap_used)]

mod serve;

use std::{net::SocketAddr, time::SystemTime};

use bytes::Bytes;
use trackingmore_webhook::{
    ErrorKind, Scheme, Signer,
    testing::{Answer, Connection, Framing},
};
use trackingmore_webhook_warp::{
    Delivery, Error, Event, Verifier, WebhookRejection, recover, webhook, webhook_as,
};
use warp::{Filter, Rejection, Reply, http::StatusCode, reply::Response};

const PATH: &str = "/hook";
const BODY: &[u8] = br#"{"data":{"tracking_number":"LX405512873SE"}}"#;

fn verifier() -> Verifier {
    Verifier::new("secret").unwrap()
}

fn signed(secret: &str, body: &[u8]) -> Vec<(String, String)> {
    Signer::new(secret)
        .unwrap()
        .headers(Scheme::Timestamp, SystemTime::now(), body)
}

fn post(addr: SocketAddr, headers: &[(String, String)], body: &[u8], framing: Framing) -> Answer {
    Connection::open(addr)
        .unwrap()
        .post(PATH, headers, body, framing)
        .unwrap()
}

fn accepted(_: Delivery) -> StatusCode {
    StatusCode::NO_CONTENT
}

#[test]
fn a_request_refused_by_its_headers_leaves_the_body_for_a_later_route() {
    let routes = webhook(verifier())
        .map(accepted)
        .map(Reply::into_response)
        .or(warp::body::bytes().map(|body: Bytes| Response::new(body.into())))
        .unify();
    let addr = serve::in_background(routes.recover(recover));
    for framing in [Framing::Length, Framing::Chunked(7)] {
        let answer = post(addr, &[], BODY, framing);
        assert_eq!((answer.status, &answer.body[..]), (200, BODY));
        assert!(!answer.announces_close());
        assert_eq!(
            post(addr, &signed("secret", BODY), BODY, framing).status,
            204
        );
    }
}

#[test]
fn two_webhooks_on_one_path_are_distinguished_by_their_secrets() {
    // Pinned, the headers decide, so that the second filter still finds the body.
    let pinned = |secret| {
        let builder = Verifier::builder().secret(secret).scheme(Scheme::Timestamp);
        builder.build().unwrap()
    };
    let routes = webhook(pinned("first"))
        .map(|_: Delivery| "first")
        .or(webhook(pinned("second")).map(|_: Delivery| "second"))
        .recover(recover);
    let addr = serve::in_background(routes);
    for secret in ["first", "second"] {
        let answer = post(addr, &signed(secret, BODY), BODY, Framing::Length);
        assert_eq!(String::from_utf8(answer.body).unwrap(), secret);
    }
    let answer = post(addr, &signed("third", BODY), BODY, Framing::Length);
    assert_eq!(answer.status, 401);
}

#[test]
fn chunked_bodies_are_not_answered_411() {
    let addr = serve::in_background(webhook(verifier()).map(accepted).recover(recover));
    let answer = post(addr, &signed("secret", BODY), BODY, Framing::Chunked(3));
    assert_eq!(answer.status, 204);
}

#[test]
fn a_refusal_after_the_whole_body_leaves_the_connection_open() {
    let addr = serve::in_background(webhook(verifier()).map(accepted).recover(recover));
    for framing in [Framing::Length, Framing::Chunked(3)] {
        let answer = post(addr, &signed("wrong", BODY), BODY, framing);
        assert_eq!(answer.status, 401);
        assert!(!answer.announces_close());
    }
}

#[test]
fn recover_passes_on_other_rejections() {
    #[derive(Debug)]
    struct Other;
    impl warp::reject::Reject for Other {}

    let routes = warp::path("hook")
        .and(warp::post())
        .and(webhook(verifier()))
        .and_then(async |_: Delivery| Err::<StatusCode, _>(warp::reject::custom(Other)))
        .recover(recover)
        .recover(
            async |rejection: Rejection| match rejection.find::<Other>() {
                Some(Other) => Ok(StatusCode::IM_A_TEAPOT),
                None => Err(rejection),
            },
        );
    let addr = serve::in_background(routes);
    let answer = post(addr, &signed("secret", BODY), BODY, Framing::Length);
    assert_eq!(answer.status, 418);
    assert_eq!(post(addr, &[], BODY, Framing::Length).status, 401);

    let mut connection = Connection::open(addr).unwrap();
    connection
        .send(b"GET /hook HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    assert_eq!(connection.read_answer().unwrap().status, 405);
    connection
        .send(b"GET /elsewhere HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    assert_eq!(connection.read_answer().unwrap().status, 404);
}

#[test]
fn without_recover_warp_answers_a_rejection_with_500() {
    let addr = serve::in_background(webhook(verifier()).map(accepted));
    assert_eq!(post(addr, &[], BODY, Framing::Length).status, 500);
}

#[test]
fn a_custom_recover_can_keep_a_delivery_with_a_valid_signature_that_is_not_an_event() {
    async fn keep_odd(rejection: Rejection) -> Result<Response, Rejection> {
        let refused = rejection.find::<WebhookRejection>();
        match refused.and_then(WebhookRejection::verified_body) {
            Some(body) => Ok(Response::new(body.bytes().clone().into())),
            None => recover(rejection).await,
        }
    }
    let addr = serve::in_background(webhook(verifier()).map(accepted).recover(keep_odd));
    for odd in [&b"not JSON"[..], b"[1,2]"] {
        let answer = post(addr, &signed("secret", odd), odd, Framing::Length);
        assert_eq!((answer.status, &answer.body[..]), (200, odd));
    }
    assert_eq!(post(addr, &[], b"not JSON", Framing::Length).status, 401);
}

#[test]
fn a_type_of_your_own_is_read() {
    #[derive(serde::Deserialize)]
    struct Mine {
        lane: u8,
    }
    let routes = webhook_as(verifier())
        .map(|delivery: Delivery<Mine>| delivery.event.lane.to_string())
        .recover(recover);
    let addr = serve::in_background(routes);
    let post = |body: &[u8]| post(addr, &signed("secret", body), body, Framing::Length);
    assert_eq!(post(br#"{"lane":7}"#).body, b"7");
    assert_eq!(
        String::from_utf8(post(br#"{"lane":"jane"}"#).body).unwrap(),
        r#"{"title":"Unprocessable Entity","status":422,"detail":"body is JSON of another shape than expected, at lane","code":"unexpected_shape"}"#
    );
}

#[test]
fn a_rejection_has_its_kind_code_and_status() {
    async fn describe(rejection: Rejection) -> Result<StatusCode, Rejection> {
        let refused = rejection.find::<WebhookRejection>().unwrap();
        assert_eq!(refused.kind(), ErrorKind::InvalidJson);
        assert_eq!(refused.code(), "invalid_json");
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        assert!(!format!("{refused:?}").contains("jane"));
        Ok(refused.status())
    }
    let addr = serve::in_background(webhook(verifier()).map(accepted).recover(describe));
    let answer = post(addr, &signed("secret", b"jane"), b"jane", Framing::Length);
    assert_eq!(answer.status, 400);
}

#[test]
fn an_error_from_a_handler_is_answered_by_its_kind() {
    async fn store(_: Delivery) -> Result<StatusCode, WebhookRejection> {
        Err(Error::from(ErrorKind::NotStored))?;
        Ok(StatusCode::NO_CONTENT)
    }
    async fn store_or_reject(_: Delivery) -> Result<StatusCode, Rejection> {
        Err(WebhookRejection::from(Error::from(ErrorKind::NotStored)))?;
        Ok(StatusCode::NO_CONTENT)
    }
    let replies = webhook(verifier()).then(store).recover(recover);
    let rejects = webhook(verifier())
        .and_then(store_or_reject)
        .recover(recover);
    for addr in [serve::in_background(replies), serve::in_background(rejects)] {
        let answer = post(addr, &signed("secret", BODY), BODY, Framing::Length);
        assert_eq!(answer.status, 503);
        assert!(answer.body.ends_with(br#""code":"not_stored"}"#));
        assert!(!answer.announces_close());
    }
}

#[test]
fn the_body_of_a_delivery_that_cannot_be_read_is_returned() {
    let signer = Signer::new("secret").unwrap();
    let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), b"jane");
    let error = verifier()
        .receive::<Event>(&headers, Bytes::from_static(b"jane"))
        .unwrap_err();
    let rejection = WebhookRejection::from(error);
    assert_eq!(rejection.verified_body().unwrap().bytes(), "jane");
    assert_eq!(rejection.into_verified_body().unwrap().bytes(), "jane");
}
