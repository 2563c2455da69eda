use actix_web::{
    HttpResponse,
    dev::Payload,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
};
use futures_util::StreamExt as _;
use trackingmore_webhook::{
    Error, ErrorKind, Headers, Incoming, PROBLEM_CONTENT_TYPE, VerifiedBody, Verifier,
    WWW_AUTHENTICATE,
};

/// Judges by the headers alone.
pub(crate) fn begin(verifier: &Verifier, headers: &HeaderMap) -> Result<Incoming, Error> {
    verifier.begin(&RequestHeaders(headers))
}

/// Reads the body as it comes over the wire: an encoded one is not decompressed.
pub(crate) async fn read(
    mut incoming: Incoming,
    payload: &mut Payload,
) -> Result<VerifiedBody, Error> {
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| incoming.refuse(ErrorKind::BodyUnreadable))?;
        incoming.push(chunk)?;
    }
    incoming.finish()
}

/// Makes the answer that every adapter gives. That a connection with an unread body closes is
/// announced by actix-web itself.
pub(crate) fn answer(error: &Error) -> HttpResponse {
    let status = status(error);
    let mut response = HttpResponse::build(status);
    response.content_type(PROBLEM_CONTENT_TYPE);
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((header::WWW_AUTHENTICATE, WWW_AUTHENTICATE));
    }
    response.body(error.problem())
}

pub(crate) fn status(error: &Error) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// actix-web is on `http` 0.2 and has a header map of its own.
struct RequestHeaders<'r>(&'r HeaderMap);

impl Headers for RequestHeaders<'_> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.get_all(name).map(HeaderValue::as_bytes)
    }
}
