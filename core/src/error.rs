use std::{error, fmt};

use crate::{VerifiedBody, log};

/// The scheme that answers of status 401 name in their `WWW-Authenticate` header.
pub const WWW_AUTHENTICATE: &str = "TrackingMore-Signature";

/// The media type of [`Error::problem`].
pub const PROBLEM_CONTENT_TYPE: &str = "application/problem+json";

/// Why a request was refused.
///
/// Neither the message, nor `Debug`, nor [`problem`](Self::problem) ever contains a secret, an
/// expected signature, a header value or a value of the payload; there is no `source()`. Only
/// [`verified_body`](Self::verified_body) gives the bytes of a delivery that could not be read.
///
/// # Examples
///
/// ```
/// use trackingmore_webhook::{Error, ErrorKind};
///
/// let error = Error::from(ErrorKind::StaleTimestamp);
/// assert_eq!(error.status(), 401);
/// assert_eq!(error.code(), "stale_timestamp");
/// assert_eq!(
///     error.problem(),
///     r#"{"title":"Unauthorized","status":401,"detail":"timestamp is too old","code":"stale_timestamp"}"#,
/// );
/// ```
#[derive(Clone)]
pub struct Error {
    kind: ErrorKind,
    path: Option<Box<str>>,
    body: Option<Box<VerifiedBody>>,
}

/// The kinds of [`Error`].
///
/// They are ordered as they are listed here, for maps and sorted lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The signature is missing, or the timestamp where only it could prove the request.
    MissingHeader,
    /// The signature or the timestamp was sent more than once.
    RepeatedHeader,
    /// The signature is neither hex nor base64 of 32 bytes.
    MalformedSignature,
    /// The timestamp is not a whole number of seconds that fits in 64 bits, in 1 to 20 ASCII
    /// digits.
    MalformedTimestamp,
    /// The signature is not one that a configured secret makes of this message.
    SignatureMismatch,
    /// The signature is valid, but it was made longer ago than the configured age.
    StaleTimestamp,
    /// The signature is valid, but its timestamp is further ahead than the configured clock skew.
    FutureTimestamp,
    /// The body is larger than the limit, as declared or as received.
    BodyTooLarge,
    /// The body did not arrive completely.
    BodyUnreadable,
    /// The signature is valid, but the body is not JSON.
    InvalidJson,
    /// The signature is valid and the body is JSON, but not of the expected shape.
    UnexpectedShape,
    /// The application has no verifier where its adapter looks for one.
    NotConfigured,
    /// A genuine delivery could not be stored in time, so TrackingMore must send it again.
    NotStored,
}

impl Error {
    /// Refuses a request because the application has no verifier, and logs what to change at level
    /// ERROR. For adapters that look for a verifier in each request.
    #[must_use]
    pub fn not_configured(advice: &'static str) -> Self {
        let error = ErrorKind::NotConfigured.into();
        log::not_configured(&error, advice);
        error
    }

    pub(crate) fn unexpected_shape(path: Option<String>) -> Self {
        Self {
            path: path.map(String::into_boxed_str),
            ..ErrorKind::UnexpectedShape.into()
        }
    }

    /// Keeps the body of a delivery that could not be read.
    pub(crate) fn with_body(mut self, body: VerifiedBody) -> Self {
        self.body = Some(Box::new(body));
        self
    }

    /// Returns the kind of this refusal.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the HTTP status to answer with.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.kind.status()
    }

    /// Returns the kind in `snake_case`, for metrics and for clients.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Returns the body to answer with: problem details in JSON ([RFC 9457]), of the media type
    /// [`PROBLEM_CONTENT_TYPE`].
    ///
    /// [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457
    #[must_use]
    pub fn problem(&self) -> String {
        let (status, title, code) = self.kind.answer();
        let detail = serde_json::Value::from(self.to_string());
        format!(r#"{{"title":"{title}","status":{status},"detail":{detail},"code":"{code}"}}"#)
    }

    /// Returns the body of a delivery with a valid signature that could not be read, so that you
    /// can store it; `None` for any other refusal.
    #[must_use]
    pub fn verified_body(&self) -> Option<&VerifiedBody> {
        self.body.as_deref()
    }

    /// Like [`verified_body`](Self::verified_body), by value.
    #[must_use]
    pub fn into_verified_body(self) -> Option<VerifiedBody> {
        self.body.map(|body| *body)
    }

    /// Makes the complete response to answer with. Needs the feature `http`.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn to_response(&self) -> http::Response<String> {
        use http::{HeaderValue, StatusCode, header};

        let mut response = http::Response::new(self.problem());
        let content_type = HeaderValue::from_static(PROBLEM_CONTENT_TYPE);
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
        let status = StatusCode::from_u16(self.status());
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if response.status() == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static(WWW_AUTHENTICATE);
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl ErrorKind {
    #[cfg(any(feature = "metrics", test))]
    pub(crate) const ALL: [Self; 13] = [
        Self::MissingHeader,
        Self::RepeatedHeader,
        Self::MalformedSignature,
        Self::MalformedTimestamp,
        Self::SignatureMismatch,
        Self::StaleTimestamp,
        Self::FutureTimestamp,
        Self::BodyTooLarge,
        Self::BodyUnreadable,
        Self::InvalidJson,
        Self::UnexpectedShape,
        Self::NotConfigured,
        Self::NotStored,
    ];

    /// Returns the HTTP status to answer with.
    #[must_use]
    pub fn status(self) -> u16 {
        self.answer().0
    }

    /// Returns the kind in `snake_case`, for metrics and for clients.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.answer().2
    }

    /// The one table of answers: status, reason phrase, code.
    fn answer(self) -> (u16, &'static str, &'static str) {
        const UNAUTHORIZED: &str = "Unauthorized";
        match self {
            Self::MissingHeader => (401, UNAUTHORIZED, "missing_header"),
            Self::RepeatedHeader => (401, UNAUTHORIZED, "repeated_header"),
            Self::MalformedSignature => (401, UNAUTHORIZED, "malformed_signature"),
            Self::MalformedTimestamp => (401, UNAUTHORIZED, "malformed_timestamp"),
            Self::SignatureMismatch => (401, UNAUTHORIZED, "signature_mismatch"),
            Self::StaleTimestamp => (401, UNAUTHORIZED, "stale_timestamp"),
            Self::FutureTimestamp => (401, UNAUTHORIZED, "future_timestamp"),
            Self::BodyTooLarge => (413, "Payload Too Large", "body_too_large"),
            Self::BodyUnreadable => (400, "Bad Request", "body_unreadable"),
            Self::InvalidJson => (400, "Bad Request", "invalid_json"),
            Self::UnexpectedShape => (422, "Unprocessable Entity", "unexpected_shape"),
            Self::NotConfigured => (500, "Internal Server Error", "not_configured"),
            Self::NotStored => (503, "Service Unavailable", "not_stored"),
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind,
            path: None,
            body: None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ErrorKind::MissingHeader => "signature or timestamp header is missing",
            ErrorKind::RepeatedHeader => "signature or timestamp header is sent more than once",
            ErrorKind::MalformedSignature => "signature is neither hex nor base64 of 32 bytes",
            ErrorKind::MalformedTimestamp => "timestamp is not a whole number of seconds",
            ErrorKind::SignatureMismatch => "signature does not match",
            ErrorKind::StaleTimestamp => "timestamp is too old",
            ErrorKind::FutureTimestamp => "timestamp is in the future",
            ErrorKind::BodyTooLarge => "body is larger than the limit",
            ErrorKind::BodyUnreadable => "body could not be read",
            ErrorKind::InvalidJson => "body is not JSON",
            ErrorKind::UnexpectedShape => "body is JSON of another shape than expected",
            ErrorKind::NotConfigured => "no verifier is configured",
            ErrorKind::NotStored => "delivery could not be stored in time",
        })?;
        match &self.path {
            Some(path) => write!(f, ", at {path}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: [(ErrorKind, u16, &str, &str); 13] = [
        (
            ErrorKind::MissingHeader,
            401,
            "missing_header",
            "signature or timestamp header is missing",
        ),
        (
            ErrorKind::RepeatedHeader,
            401,
            "repeated_header",
            "signature or timestamp header is sent more than once",
        ),
        (
            ErrorKind::MalformedSignature,
            401,
            "malformed_signature",
            "signature is neither hex nor base64 of 32 bytes",
        ),
        (
            ErrorKind::MalformedTimestamp,
            401,
            "malformed_timestamp",
            "timestamp is not a whole number of seconds",
        ),
        (
            ErrorKind::SignatureMismatch,
            401,
            "signature_mismatch",
            "signature does not match",
        ),
        (
            ErrorKind::StaleTimestamp,
            401,
            "stale_timestamp",
            "timestamp is too old",
        ),
        (
            ErrorKind::FutureTimestamp,
            401,
            "future_timestamp",
            "timestamp is in the future",
        ),
        (
            ErrorKind::BodyTooLarge,
            413,
            "body_too_large",
            "body is larger than the limit",
        ),
        (
            ErrorKind::BodyUnreadable,
            400,
            "body_unreadable",
            "body could not be read",
        ),
        (
            ErrorKind::InvalidJson,
            400,
            "invalid_json",
            "body is not JSON",
        ),
        (
            ErrorKind::UnexpectedShape,
            422,
            "unexpected_shape",
            "body is JSON of another shape than expected",
        ),
        (
            ErrorKind::NotConfigured,
            500,
            "not_configured",
            "no verifier is configured",
        ),
        (
            ErrorKind::NotStored,
            503,
            "not_stored",
            "delivery could not be stored in time",
        ),
    ];

    #[test]
    fn status_code_and_message_of_every_kind() {
        for (kind, status, code, message) in TABLE {
            let error = Error::from(kind);
            assert_eq!(error.kind(), kind);
            assert_eq!((error.status(), kind.status()), (status, status));
            assert_eq!((error.code(), kind.code()), (code, code));
            assert_eq!(error.to_string(), message);
            assert!(error::Error::source(&error).is_none());
        }
    }

    #[test]
    fn kinds_are_ordered_as_listed() {
        assert_eq!(ErrorKind::ALL, TABLE.map(|(kind, ..)| kind));
        assert!(ErrorKind::ALL.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_problem_is_json_with_four_members() {
        for (kind, status, code, message) in TABLE {
            let problem: serde_json::Value =
                serde_json::from_str(&Error::from(kind).problem()).unwrap();
            assert_eq!(problem.as_object().unwrap().len(), 4);
            assert_eq!(problem["status"], status);
            assert_eq!(problem["code"], code);
            assert_eq!(problem["detail"], message);
        }
    }

    #[cfg(feature = "http")]
    #[test]
    fn the_title_is_the_phrase_of_the_status_line() {
        for (kind, status, ..) in TABLE {
            let phrase = http::StatusCode::from_u16(status)
                .unwrap()
                .canonical_reason();
            assert_eq!(Some(kind.answer().1), phrase);
        }
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_response_is_the_problem_with_its_headers() {
        for (kind, status, ..) in TABLE {
            let response = Error::from(kind).to_response();
            assert_eq!(response.status(), status);
            assert_eq!(
                response.headers()["content-type"],
                "application/problem+json"
            );
            let scheme = response.headers().get("www-authenticate");
            let expected = (status == 401).then_some("TrackingMore-Signature");
            assert_eq!(scheme.map(|value| value.to_str().unwrap()), expected);
            assert_eq!(*response.body(), Error::from(kind).problem());
        }
    }

    #[test]
    fn the_path_is_in_message_and_detail() {
        let error = Error::unexpected_shape(Some("data[0].tracking_number".to_owned()));
        assert_eq!(
            error.to_string(),
            "body is JSON of another shape than expected, at data[0].tracking_number"
        );
        assert!(error.problem().contains("at data[0].tracking_number"));
    }
}
