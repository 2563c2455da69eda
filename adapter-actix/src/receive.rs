use actix_web::{
    HttpRequest, HttpResponse,
    dev::Payload,
    http::{
        StatusCode, Version,
        header::{self, HeaderMap},
    },
};
use futures_util::StreamExt as _;
use trackingmore_webhook::{
    Error, ErrorKind, Headers, Incoming, PROBLEM_CONTENT_TYPE, Verifier, WWW_AUTHENTICATE,
};

/// Judges the headers, and takes the payload of a request that they do not refuse.
pub(crate) fn begin(
    verifier: &Verifier,
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<(Incoming, Payload), Error> {
    let mut incoming = verifier.begin(&RequestHeaders(request.headers()))?;
    match payload.take() {
        // Another extractor or middleware took the payload. An empty body must not pass for the
        // signed one.
        Payload::None if has_body(request) => Err(incoming.refuse(ErrorKind::BodyUnreadable)),
        payload => Ok((incoming, payload)),
    }
}

/// HTTP/2 requests always have a payload.
fn has_body(request: &HttpRequest) -> bool {
    let headers = request.headers();
    request.version() >= Version::HTTP_2
        || headers.contains_key(header::TRANSFER_ENCODING)
        || headers
            .get(header::CONTENT_LENGTH)
            .is_some_and(|length| length != "0")
}

/// Reads the body as it comes over the wire, without decompressing it. `finish` decides whether it
/// is read as an event.
pub(crate) async fn read<B>(
    mut incoming: Incoming,
    mut payload: Payload,
    finish: impl FnOnce(Incoming) -> Result<B, Error>,
) -> Result<B, Error> {
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| incoming.refuse(ErrorKind::BodyUnreadable))?;
        incoming.push(chunk)?;
    }
    finish(incoming)
}

/// Makes the answer that every adapter gives. actix-web handles a connection with an unread body:
/// it announces that it closes, or drains a chunked body and goes on.
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

/// actix-web uses `http` 0.2 and has its own header map.
struct RequestHeaders<'r>(&'r HeaderMap);

impl Headers for RequestHeaders<'_> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        // Looking up a name would first parse and copy it.
        let named = self.0.iter().filter(move |(key, _)| *key == name);
        named.map(|(_, value)| value.as_bytes())
    }
}
