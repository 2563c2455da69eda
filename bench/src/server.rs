//! The servers, each of which answers the same paths in each framework.
//!
//! A server is a process of its own with one thread to serve with.

use std::{
    env, fs,
    hint::black_box,
    io::{self, BufRead as _, BufReader, Read as _},
    net::{SocketAddr, TcpListener},
    process::{self, Child, Command, Stdio},
    str::FromStr,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use trackingmore_webhook::{Event, Scheme, Verifier};

use crate::SECRET;

/// Reads `Json<Event>` and verifies nothing.
pub const UNVERIFIED: &str = "/unverified";
/// Receives as the adapter does with its defaults.
pub const OURS: &str = "/ours";
/// Receives as the adapter does with the timestamp's scheme pinned.
pub const PINNED: &str = "/pinned";
/// Receives as one would by hand: see [`by_hand`].
pub const BY_HAND: &str = "/by-hand";
/// Answers 401 without looking at the request.
pub const REFUSED: &str = "/refused";

#[derive(Clone, Copy, Debug)]
pub enum Framework {
    Axum,
    Actix,
    Warp,
}

impl Framework {
    pub const ALL: [Self; 3] = [Self::Axum, Self::Actix, Self::Warp];

    pub fn name(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::Actix => "actix",
            Self::Warp => "warp",
        }
    }
}

impl FromStr for Framework {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        all.find(|framework| framework.name() == name)
            .ok_or(name.to_owned())
    }
}

/// A running server, which ends when this is dropped.
pub struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts this program again as a server, on the first of the processors.
    pub fn start(framework: Framework) -> Self {
        let program = env::current_exe().expect("the path of this program");
        let mut process = Command::new("taskset")
            .args(["--cpu-list", "0"])
            .arg(program)
            .args(["serve", framework.name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("taskset, of util-linux");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the address");
        let address = line.trim().parse().expect("an address");
        Self { process, address }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The processor time that the server has used so far, in µs.
    pub fn processor_time(&self) -> f64 {
        let threads = format!("/proc/{}/task", self.process.id());
        let threads = fs::read_dir(threads).expect("Linux").flatten();
        let nanoseconds = threads.map(|thread| {
            let text = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
            let time = text.split(' ').next().and_then(|time| time.parse().ok());
            time.unwrap_or(0.0)
        });
        nanoseconds.sum::<f64>() / 1000.0
    }

    /// The memory that the server has now, in KB.
    pub fn resident(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(path).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        number
            .and_then(|number| number.parse().ok())
            .expect("a number of kB")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}

/// Serves until the standard input ends, which it does when whoever started this is gone.
pub fn serve(framework: Framework) -> ! {
    thread::spawn(|| {
        io::stdin().read_to_end(&mut Vec::new()).ok();
        process::exit(0);
    });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("{}", listener.local_addr().expect("an address"));
    match framework {
        Framework::Axum => serve_axum(listener),
        Framework::Actix => serve_actix(listener),
        Framework::Warp => serve_warp(listener),
    }
    process::exit(1)
}

fn serve_axum(listener: TcpListener) {
    use axum::{
        Json, Router,
        body::Bytes,
        http::{HeaderMap, StatusCode},
        routing::post,
    };
    use trackingmore_webhook_axum::Webhook;

    async fn unverified(Json(event): Json<Event>) -> StatusCode {
        black_box(event);
        StatusCode::NO_CONTENT
    }
    async fn ours(Webhook(delivery): Webhook) -> StatusCode {
        black_box(delivery);
        StatusCode::NO_CONTENT
    }
    async fn hand(headers: HeaderMap, body: Bytes) -> StatusCode {
        let header = |name| headers.get(name).map(|value| value.as_bytes());
        match by_hand(header("timestamp"), header("signature"), &body) {
            Some(event) => {
                black_box(event);
                StatusCode::NO_CONTENT
            }
            None => StatusCode::UNAUTHORIZED,
        }
    }
    let app = Router::new()
        .route(OURS, post(ours))
        .with_state(verifier())
        .merge(Router::new().route(PINNED, post(ours)).with_state(pinned()))
        .route(UNVERIFIED, post(unverified))
        .route(BY_HAND, post(hand))
        .route(REFUSED, post(async || StatusCode::UNAUTHORIZED));
    runtime().block_on(async {
        let listener = asynchronous(listener);
        axum::serve(listener, app).await.expect("a server");
    });
}

fn serve_actix(listener: TcpListener) {
    use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt::System, web};
    use trackingmore_webhook_actix::Webhook;

    async fn unverified(event: web::Json<Event>) -> HttpResponse {
        black_box(event);
        HttpResponse::NoContent().finish()
    }
    async fn ours(Webhook(delivery): Webhook) -> HttpResponse {
        black_box(delivery);
        HttpResponse::NoContent().finish()
    }
    async fn hand(request: HttpRequest, body: web::Bytes) -> HttpResponse {
        let header = |name| request.headers().get(name).map(|value| value.as_bytes());
        match by_hand(header("timestamp"), header("signature"), &body) {
            Some(event) => {
                black_box(event);
                HttpResponse::NoContent().finish()
            }
            None => HttpResponse::Unauthorized().finish(),
        }
    }
    let app = || {
        App::new()
            .service(web::resource(OURS).app_data(verifier()).post(ours))
            .service(web::resource(PINNED).app_data(pinned()).post(ours))
            .route(UNVERIFIED, web::post().to(unverified))
            .route(BY_HAND, web::post().to(hand))
            .route(REFUSED, web::post().to(HttpResponse::Unauthorized))
    };
    let server = HttpServer::new(app).workers(1).disable_signals();
    let server = server.listen(listener).expect("a listener");
    System::new().block_on(server.run()).expect("a server");
}

fn serve_warp(listener: TcpListener) {
    use trackingmore_webhook_warp::{Delivery, recover, webhook};
    use warp::{Filter as _, http::StatusCode, hyper::body::Bytes};

    let unverified = warp::path("unverified")
        .and(warp::body::json())
        .map(|event: Event| {
            black_box(event);
            StatusCode::NO_CONTENT
        });
    let receive = |delivery: Delivery| {
        black_box(delivery);
        StatusCode::NO_CONTENT
    };
    let ours = warp::path("ours").and(webhook(verifier())).map(receive);
    let pinned = warp::path("pinned").and(webhook(pinned())).map(receive);
    let hand = warp::path("by-hand")
        .and(warp::header::value("timestamp"))
        .and(warp::header::value("signature"))
        .and(warp::body::bytes())
        .map(
            |timestamp: warp::http::HeaderValue,
             signature: warp::http::HeaderValue,
             body: Bytes| {
                match by_hand(
                    Some(timestamp.as_bytes()),
                    Some(signature.as_bytes()),
                    &body,
                ) {
                    Some(event) => {
                        black_box(event);
                        StatusCode::NO_CONTENT
                    }
                    None => StatusCode::UNAUTHORIZED,
                }
            },
        );
    let refused = warp::path("refused").map(|| StatusCode::UNAUTHORIZED);
    let routes = warp::post().and(
        (ours.or(pinned).unify().recover(recover))
            .or(unverified)
            .or(hand)
            .or(refused),
    );
    runtime().block_on(async {
        let listener = asynchronous(listener);
        warp::serve(routes).incoming(listener).run().await;
    });
}

fn verifier() -> Verifier {
    Verifier::new(SECRET).expect("a usable secret")
}

fn pinned() -> Verifier {
    let verifier = Verifier::builder().secret(SECRET).scheme(Scheme::Timestamp);
    verifier.build().expect("a usable secret")
}

fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().expect("a runtime")
}

fn asynchronous(listener: TcpListener) -> tokio::net::TcpListener {
    listener.set_nonblocking(true).expect("a socket");
    tokio::net::TcpListener::from_std(listener).expect("a listener")
}

/// What one writes by hand, with care: the signature of the timestamp, compared in constant time,
/// its age, and the body as a `Value`.
fn by_hand(timestamp: Option<&[u8]>, signature: Option<&[u8]>, body: &[u8]) -> Option<Value> {
    const MAX_AGE: u64 = 12 * 24 * 60 * 60;
    let timestamp = timestamp?;
    let signature = hex::decode(signature?).ok()?;
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).ok()?;
    mac.chain_update(timestamp).verify_slice(&signature).ok()?;
    let seconds: u64 = str::from_utf8(timestamp).ok()?.parse().ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    if now.abs_diff(seconds) > MAX_AGE {
        return None;
    }
    serde_json::from_slice(body).ok()
}
