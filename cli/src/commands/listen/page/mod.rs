//! The inspector: a page that shows what arrived, why it was refused, and sends it again.

mod actions;
mod details;
mod export;
mod guard;
mod stream;
mod timeline;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    http::header::CONTENT_TYPE,
    response::IntoResponse,
    routing::{MethodRouter, get, post},
};
use tokio::{
    net::{TcpListener, lookup_host},
    sync::{Semaphore, watch},
};

use self::guard::Guard;
use super::{forwarding, store::Store};
use crate::{client::Target, failure::Failure, secret::Secret, signing::SchemeArg};

const DEFAULT_PORT: u16 = 4040;

/// How many ports after the default one are tried.
const PORTS: u16 = 100;

/// How many streams there are at once; a browser opens no more than six for a host.
const STREAMS: usize = 32;

/// What the page shows, and where it may send.
pub(super) struct Inspector {
    pub(super) store: Arc<Store>,
    pub(super) secrets: Vec<Secret>,
    pub(super) scheme: Option<SchemeArg>,
    pub(super) max_age: Duration,
    /// `listen` itself, for test deliveries.
    pub(super) own: Target,
    /// Where deliveries are sent again.
    pub(super) target: Option<Target>,
    /// Distinguishes runs of the program.
    pub(super) epoch: u64,
    pub(super) streams: Arc<Semaphore>,
    pub(super) stopping: watch::Receiver<bool>,
}

type Shared = Arc<Inspector>;

/// Takes the address for the page: `place`, or the first port that is free from the default one on.
async fn bind(place: Option<&str>) -> Result<TcpListener, Failure> {
    let Some(place) = place else {
        for port in DEFAULT_PORT..DEFAULT_PORT + PORTS {
            if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
                return Ok(listener);
            }
        }
        let what = "no port is free for --inspect: give one, such as 127.0.0.1:0";
        return Err(Failure::usage(what));
    };
    let failed = |why: &dyn std::fmt::Display| {
        Failure::usage(format_args!("cannot serve --inspect on {place}: {why}"))
    };
    let addresses = lookup_host(place).await.map_err(|error| failed(&error))?;
    let addresses: Vec<_> = addresses.collect();
    if !addresses.iter().all(|address| address.ip().is_loopback()) {
        return Err(failed(
            &"it shows customers' data, so give a loopback address, such as 127.0.0.1:4040",
        ));
    }
    TcpListener::bind(&addresses[..])
        .await
        .map_err(|error| failed(&error))
}

impl Inspector {
    pub(super) fn streams() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(STREAMS))
    }

    /// Returns a listener for the page, all that it serves, and the page's URL.
    pub(super) async fn open(
        self,
        place: Option<&str>,
        forward: Option<&Target>,
    ) -> Result<(TcpListener, Router, String), Failure> {
        let listener = bind(place).await?;
        let addr = listener.local_addr().map_err(Failure::failed)?;
        for target in self.target.iter().chain(forward) {
            if forwarding::leads_to(&target.url, addr).await {
                let what = "deliveries cannot be sent to the inspector itself";
                return Err(Failure::usage(what));
            }
        }
        let guard = Guard::new(addr)?;
        let url = format!("http://{addr}{}", guard.path());
        Ok((listener, guard.around(self.routes()), url))
    }

    /// The routes that the guard protects.
    fn routes(self) -> Router {
        Router::new()
            .route(
                "/",
                file("text/html; charset=utf-8", include_str!("index.html")),
            )
            .route(
                "/app.css",
                file("text/css; charset=utf-8", include_str!("app.css")),
            )
            .route(
                "/app.js",
                file("text/javascript; charset=utf-8", include_str!("app.js")),
            )
            .route("/events", get(stream::events))
            .route("/requests/{number}", get(details::details))
            .route("/requests/{number}/body", get(export::body))
            .route("/requests/{number}/delivery", get(export::delivery))
            .route("/requests/{number}/curl", get(export::curl))
            .route("/requests/{number}/replay", post(actions::replay))
            .route("/send", post(actions::send))
            .with_state(Arc::new(self))
    }
}

fn file(kind: &'static str, content: &'static str) -> MethodRouter<Shared> {
    get(async move || ([(CONTENT_TYPE, kind)], content).into_response())
}

/// Where a listener is reached from this machine.
pub(super) fn reachable(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listener.port())
}
