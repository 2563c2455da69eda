//! The servers: one for each framework and handler.
//!
//! A server is its own process with one serving thread.

use std::{
    env, fs,
    hint::black_box,
    io::{self, BufRead as _, BufReader, Read as _},
    net::{SocketAddr, TcpListener},
    process::{self, Child, Command, Stdio},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use trackingmore_webhook::{Event, Scheme, Verifier};

use crate::SECRET;

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

/// What a server does with every request.
#[derive(Clone, Copy, Debug)]
pub enum Handler {
    /// Receives as the adapter does with its defaults.
    Ours,
    /// The same, with the timestamp form pinned.
    Pinned,
    /// Reads `Json<Event>` and verifies nothing.
    Unverified,
    /// Reads the bytes and then an `Event` from them, and verifies nothing.
    UnverifiedBytes,
    /// Receives as one would by hand: see [`by_hand`].
    ByHand,
    /// Answers 401 and closes, without looking at the request.
    Refusing,
}

impl Handler {
    const ALL: [Self; 6] = [
        Self::Ours,
        Self::Pinned,
        Self::Unverified,
        Self::UnverifiedBytes,
        Self::ByHand,
        Self::Refusing,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Pinned => "pinned",
            Self::Unverified => "unverified",
            Self::UnverifiedBytes => "unverified-bytes",
            Self::ByHand => "by-hand",
            Self::Refusing => "refusing",
        }
    }
}

/// A running server, which ends when this is dropped.
pub struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts this program again as a server, on the first processor.
    pub fn start(framework: Framework, handler: Handler) -> Self {
        let program = env::current_exe().expect("the path of this program");
        let mut process = Command::new("taskset")
            .args(["--cpu-list", "0"])
            .arg(program)
            .args(["serve", framework.name(), handler.name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("taskset, of util-linux");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the address");
        let address = line.trim().parse().expect("a server that starts");
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

    /// The memory that the server has requested so far, in KB, whether written to or not.
    pub fn memory(&self) -> f64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(path).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
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

/// Serves until the standard input ends, which happens when the process that started this ends.
pub fn serve(framework: &str, handler: &str) -> ! {
    thread::spawn(|| {
        io::stdin().read_to_end(&mut Vec::new()).ok();
        process::exit(0);
    });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("{}", listener.local_addr().expect("an address"));
    let mut handlers = Handler::ALL.into_iter();
    let handler = handlers
        .find(|known| known.name() == handler)
        .expect("the name of a handler");
    let verifier = Verifier::builder().secret(SECRET);
    let verifier = match handler {
        Handler::Pinned => verifier.scheme(Scheme::Timestamp),
        _ => verifier,
    };
    let verifier = verifier.build().expect("a usable secret");
    match framework {
        "axum" => serve_axum(listener, handler, verifier),
        "actix" => serve_actix(listener, handler, verifier),
        "warp" => serve_warp(listener, handler, verifier),
        _ => panic!("not the name of a framework"),
    }
    process::exit(1)
}

fn serve_axum(listener: TcpListener, handler: Handler, verifier: Verifier) {
    use axum::{
        Json, Router,
        body::Bytes,
        http::{HeaderMap, StatusCode, header::CONNECTION},
        routing::post,
    };
    use trackingmore_webhook_axum::Webhook;

    async fn ours(Webhook(delivery): Webhook) -> StatusCode {
        black_box(delivery);
        StatusCode::NO_CONTENT
    }
    async fn unverified(Json(event): Json<Event>) -> StatusCode {
        black_box(event);
        StatusCode::NO_CONTENT
    }
    async fn unverified_bytes(body: Bytes) -> StatusCode {
        black_box(event_of(&body));
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
    let handler = match handler {
        Handler::Ours | Handler::Pinned => post(ours),
        Handler::Unverified => post(unverified),
        Handler::UnverifiedBytes => post(unverified_bytes),
        Handler::ByHand => post(hand),
        Handler::Refusing => post(async || (StatusCode::UNAUTHORIZED, [(CONNECTION, "close")])),
    };
    let app = Router::new().route("/", handler).with_state(verifier);
    runtime().block_on(async {
        let listener = asynchronous(listener);
        axum::serve(listener, app).await.expect("a server");
    });
}

fn serve_actix(listener: TcpListener, handler: Handler, verifier: Verifier) {
    use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt::System, web};
    use trackingmore_webhook_actix::Webhook;

    async fn ours(Webhook(delivery): Webhook) -> HttpResponse {
        black_box(delivery);
        HttpResponse::NoContent().finish()
    }
    async fn unverified(event: web::Json<Event>) -> HttpResponse {
        black_box(event);
        HttpResponse::NoContent().finish()
    }
    async fn unverified_bytes(body: web::Bytes) -> HttpResponse {
        black_box(event_of(&body));
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
    async fn refusing() -> HttpResponse {
        HttpResponse::Unauthorized().force_close().finish()
    }
    let app = move || {
        let route = web::post();
        let route = match handler {
            Handler::Ours | Handler::Pinned => route.to(ours),
            Handler::Unverified => route.to(unverified),
            Handler::UnverifiedBytes => route.to(unverified_bytes),
            Handler::ByHand => route.to(hand),
            Handler::Refusing => route.to(refusing),
        };
        App::new().app_data(verifier.clone()).route("/", route)
    };
    let server = HttpServer::new(app).workers(1).disable_signals();
    let server = server.listen(listener).expect("a listener");
    System::new().block_on(server.run()).expect("a server");
}

fn serve_warp(listener: TcpListener, handler: Handler, verifier: Verifier) {
    use trackingmore_webhook_warp::{Delivery, recover, webhook};
    use warp::{
        Filter,
        http::{HeaderValue, StatusCode},
        hyper::body::Bytes,
        reply,
    };

    fn received(delivery: Delivery) -> StatusCode {
        black_box(delivery);
        StatusCode::NO_CONTENT
    }
    fn hand(timestamp: HeaderValue, signature: HeaderValue, body: Bytes) -> StatusCode {
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
    }
    fn run<F>(listener: TcpListener, filter: F)
    where
        F: Filter<Error = warp::Rejection> + Clone + Send + Sync + 'static,
        F::Extract: warp::Reply,
    {
        runtime().block_on(async {
            let routes = warp::post().and(filter);
            let listener = asynchronous(listener);
            warp::serve(routes).incoming(listener).run().await;
        });
    }
    match handler {
        Handler::Ours | Handler::Pinned => {
            run(listener, webhook(verifier).map(received).recover(recover));
        }
        Handler::Unverified => {
            let event = |event: Event| {
                black_box(event);
                StatusCode::NO_CONTENT
            };
            run(listener, warp::body::json().map(event));
        }
        Handler::UnverifiedBytes => {
            let bytes = |body: Bytes| {
                black_box(event_of(&body));
                StatusCode::NO_CONTENT
            };
            run(listener, warp::body::bytes().map(bytes));
        }
        Handler::ByHand => {
            let [timestamp, signature] = ["timestamp", "signature"].map(warp::header::value);
            let parts = timestamp.and(signature).and(warp::body::bytes());
            run(listener, parts.map(hand));
        }
        Handler::Refusing => {
            let refusal = || reply::with_header(StatusCode::UNAUTHORIZED, "connection", "close");
            run(listener, warp::path::end().map(refusal));
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().expect("a runtime")
}

fn asynchronous(listener: TcpListener) -> tokio::net::TcpListener {
    listener.set_nonblocking(true).expect("a socket");
    tokio::net::TcpListener::from_std(listener).expect("a listener")
}

fn event_of(body: &[u8]) -> Event {
    serde_json::from_slice(body).expect("a delivery")
}

/// Careful code by hand: the signature of the timestamp, compared in constant time, its age, and
/// the body as a `Value`.
fn by_hand(timestamp: Option<&[u8]>, signature: Option<&[u8]>, body: &[u8]) -> Option<Value> {
    const MAX_AGE: u64 = 6 * 24 * 60 * 60;
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
