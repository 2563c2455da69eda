//! Access control of the inspector.
//!
//! The page shows customers' data, and can make this machine send requests. Pages of other sites,
//! which the same browser runs, must reach neither: not by a name of theirs that leads to this
//! machine (DNS rebinding), not by a form, and not by a guess.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse as _, Response},
};
use sha2::{Digest as _, Sha256};
use tower_service::Service as _;

use crate::failure::Failure;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; \
                      base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'";

/// Part of every response, errors too.
const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

#[derive(Clone)]
pub(super) struct Guard {
    /// The values of `host` by which this machine alone can be meant.
    hosts: Vec<String>,
    token: String,
}

#[derive(Clone)]
struct Door {
    guard: Guard,
    inside: Router,
}

impl Guard {
    /// Creates the guard of a listener, with a random token.
    pub(super) fn new(addr: SocketAddr) -> Result<Self, Failure> {
        let mut token = [0; 16];
        getrandom::fill(&mut token).map_err(Failure::failed)?;
        let own = SocketAddr::new(addr.ip(), addr.port()).to_string();
        let port = addr.port();
        let mut hosts = vec![own];
        for name in ["127.0.0.1", "[::1]", "localhost"] {
            hosts.push(format!("{name}:{port}"));
            if port == 80 {
                hosts.push(name.to_owned());
            }
        }
        Ok(Self {
            hosts,
            token: hex::encode(token),
        })
    }

    /// The path of the page.
    pub(super) fn path(&self) -> String {
        format!("/{}/", self.token)
    }

    /// Puts the guard before `inside`.
    pub(super) fn around(self, inside: Router) -> Router {
        let door = Door {
            guard: self,
            inside,
        };
        Router::new().fallback(enter).with_state(door)
    }

    /// Checks a request. Returns the rest of its path after the token.
    fn check(&self, request: &Request) -> Result<Uri, StatusCode> {
        let (uri, headers) = (request.uri(), request.headers());
        let host = only(headers, HOST).ok_or(StatusCode::BAD_REQUEST)?;
        if uri.authority().is_some() {
            return Err(StatusCode::BAD_REQUEST);
        }
        if !self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host)) {
            return Err(StatusCode::MISDIRECTED_REQUEST);
        }
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        let rest = path.strip_prefix('/').and_then(|path| path.split_once('/'));
        let rest = rest.filter(|(token, _)| self.is_token(token));
        let (_, rest) = rest.ok_or(StatusCode::NOT_FOUND)?;
        match *request.method() {
            Method::GET | Method::HEAD => {}
            Method::POST => {
                let origin = format!("http://{host}");
                if !only(headers, ORIGIN).is_some_and(|own| own.eq_ignore_ascii_case(&origin)) {
                    return Err(StatusCode::FORBIDDEN);
                }
                let site = headers.get("sec-fetch-site");
                if site.is_some_and(|site| site != "same-origin") {
                    return Err(StatusCode::FORBIDDEN);
                }
                if only(headers, CONTENT_TYPE) != Some("application/json") {
                    return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
                }
            }
            _ => return Err(StatusCode::METHOD_NOT_ALLOWED),
        }
        format!("/{rest}")
            .parse()
            .map_err(|_| StatusCode::BAD_REQUEST)
    }

    /// Compares digests, so that timing reveals nothing about the token.
    fn is_token(&self, text: &str) -> bool {
        Sha256::digest(text) == Sha256::digest(&self.token)
    }
}

async fn enter(State(mut door): State<Door>, mut request: Request) -> Response {
    let mut response = match door.guard.check(&request) {
        Ok(uri) => {
            *request.uri_mut() = uri;
            match door.inside.call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
        Err(status) => status.into_response(),
    };
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// The value of a header that appears once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).into_iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.to_str().ok())?
}
