//! A server of one framework in its own process, so that its memory can be measured and its panics
//! seen.

use std::{
    cell::Cell,
    env, fs,
    io::{self, BufRead as _, BufReader, Read as _},
    net::{SocketAddr, TcpListener},
    pin::pin,
    process::{self, Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant, SystemTime},
};

use futures_util::{Stream, StreamExt as _};
use tokio::runtime::Runtime;
use trackingmore_webhook::{
    Delivery, Scheme, Signer, Verifier,
    testing::{Connection, Framing, SECRET, conformance::PATH},
};

/// The path of a verifier that is pinned to the timestamp form; the one at [`PATH`] has the
/// defaults.
pub(crate) const PINNED: &str = "/pinned";
/// The path where nothing is verified and each chunk of the body is dropped as it comes, to measure
/// what the server itself needs.
pub(crate) const DRAINED: &str = "/drained";
/// The verifiers' default.
pub(crate) const LIMIT: usize = 256 * 1024;

/// Only limits how long a broken server can hang a test.
const TIMEOUT: Duration = Duration::from_secs(60);

const FRAMEWORK: &str = "SERVE_FRAMEWORK";
const HTTP_2: &str = "SERVE_HTTP_2";

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Framework {
    Axum,
    Actix,
    Warp,
}

impl Framework {
    pub(crate) const ALL: [Self; 3] = [Self::Axum, Self::Actix, Self::Warp];
}

pub(crate) struct Server {
    framework: Framework,
    process: Child,
    addr: SocketAddr,
    handled: mpsc::Receiver<String>,
    probes: Cell<u64>,
}

impl Server {
    pub(crate) fn start(framework: Framework) -> Self {
        Self::start_with(framework, &[])
    }

    /// Starts a server that takes HTTP/2 without being asked, as axum and warp always do.
    pub(crate) fn start_http_2(framework: Framework) -> Self {
        Self::start_with(framework, &[(HTTP_2, "1")])
    }

    /// Starts this program again, as the test [`serve`].
    fn start_with(framework: Framework, settings: &[(&str, &str)]) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "server::serve", "--ignored", "--nocapture"])
            .env(FRAMEWORK, format!("{framework:?}"))
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let addr = lines.find_map(|line| line.strip_prefix("listening ")?.parse().ok());
        let (sender, handled) = mpsc::channel();
        thread::spawn(move || {
            for line in lines {
                if let Some(body) = line.strip_prefix("handled ") {
                    _ = sender.send(body.to_owned());
                }
            }
        });
        Self {
            framework,
            process,
            addr: addr.expect("the server listens"),
            handled,
            probes: Cell::new(0),
        }
    }

    pub(crate) fn framework(&self) -> Framework {
        self.framework
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.addr).unwrap()
    }

    /// Returns the bodies that reached the handler since this was last called, as [`handled`]
    /// writes them. It asks with a delivery of its own, which must be served.
    pub(crate) fn handled(&self) -> Vec<String> {
        self.handled_before(&mut self.connect())
    }

    /// Like [`handled`](Self::handled), asking on the given connection.
    pub(crate) fn handled_before(&self, connection: &mut Connection) -> Vec<String> {
        let probe = self.probes.replace(self.probes.get() + 1);
        let body = format!(r#"{{"data":{{"tracking_number":"probe {probe}"}}}}"#);
        let answer = connection.post(PATH, &genuine(), body.as_bytes(), Framing::Length);
        assert_eq!(answer.unwrap().status, 204, "{:?}", self.framework);
        let probe = handled(body.as_bytes());
        self.handled
            .iter()
            .take_while(|body| *body != probe)
            .collect()
    }

    /// Waits until the server has read everything that was sent to it.
    #[cfg(target_os = "linux")]
    pub(crate) fn wait_until_all_is_read(&self) {
        let started = Instant::now();
        let port = format!(":{:04X}", self.addr.port());
        let is_done = |line: &str| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let (to_send, to_read) = fields[4].split_once(':').unwrap();
            // The listening socket counts the connections that have not been accepted yet.
            !(fields[1].ends_with(&port) && to_read != "00000000"
                || fields[2].ends_with(&port) && to_send != "00000000")
        };
        while !fs::read_to_string("/proc/net/tcp")
            .unwrap()
            .lines()
            .skip(1)
            .all(is_done)
        {
            assert!(started.elapsed() < TIMEOUT, "{:?} reads on", self.framework);
            thread::yield_now();
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn wait_until_all_is_read(&self) {}

    /// How many files the server has open. Each connection is one.
    #[cfg(target_os = "linux")]
    pub(crate) fn open_files(&self) -> usize {
        let files = fs::read_dir(format!("/proc/{}/fd", self.process.id()));
        files.unwrap().count()
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn open_files(&self) -> usize {
        0
    }

    /// Waits until the server has closed its other open files.
    pub(crate) fn wait_until_open_files_are(&self, count: usize) {
        let started = Instant::now();
        while self.open_files() > count {
            assert!(started.elapsed() < TIMEOUT, "{:?}", self.framework);
            thread::yield_now();
        }
    }

    /// The most memory that the server has had so far, in KiB.
    #[cfg(target_os = "linux")]
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.unwrap().trim().strip_suffix(" kB").unwrap();
        peak.parse().unwrap()
    }

    /// Unknown on this system, so no memory is tested.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn peak_memory(&self) -> u64 {
        0
    }

    /// Ends the server, which must not have panicked.
    pub(crate) fn stop(mut self) {
        drop(self.process.stdin.take());
        let mut stderr = String::new();
        let output = self.process.stderr.as_mut().unwrap();
        output.read_to_string(&mut stderr).unwrap();
        assert_eq!(stderr, "", "{:?}", self.framework);
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Matters only if a test failed: otherwise the process has ended.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Headers of [`Scheme::Timestamp`], which are genuine with every body.
pub(crate) fn genuine() -> Vec<(String, String)> {
    let signer = Signer::new(SECRET).unwrap();
    signer.headers(Scheme::Timestamp, SystemTime::now(), b"")
}

/// Headers whose signature matches nothing. If both schemes are accepted, only the whole body shows
/// that.
pub(crate) fn forged() -> Vec<(String, String)> {
    let signer = Signer::new("another secret").unwrap();
    signer.headers(Scheme::Timestamp, SystemTime::now(), b"")
}

/// A body in one line of text.
pub(crate) fn handled(body: &[u8]) -> String {
    body.escape_ascii().to_string()
}

/// Serves until the standard input ends, which happens when the process that started this ends.
#[test]
#[ignore = "is the server of the other tests"]
fn serve() {
    let Ok(framework) = env::var(FRAMEWORK) else {
        return;
    };
    thread::spawn(|| {
        io::stdin().read_to_end(&mut Vec::new()).ok();
        process::exit(0);
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // The test harness may have begun a line.
    println!("\nlistening {}", listener.local_addr().unwrap());
    match framework.as_str() {
        "Axum" => serve_axum(listener),
        "Actix" => serve_actix(listener),
        _ => serve_warp(listener),
    }
}

fn record(delivery: &Delivery) {
    println!("handled {}", handled(&delivery.body));
}

fn verifier() -> Verifier {
    Verifier::new(SECRET).unwrap()
}

fn pinned() -> Verifier {
    let verifier = Verifier::builder().secret(SECRET).scheme(Scheme::Timestamp);
    verifier.build().unwrap()
}

/// Reads a body to its end, or until it breaks.
async fn drain<T, E>(chunks: impl Stream<Item = Result<T, E>>) {
    let mut chunks = pin!(chunks);
    while let Some(Ok(_)) = chunks.next().await {}
}

fn serve_axum(listener: TcpListener) {
    use axum::{Router, body::Body, http::StatusCode, routing::post};
    use trackingmore_webhook_axum::Webhook;

    async fn webhook(Webhook(delivery): Webhook) -> StatusCode {
        record(&delivery);
        StatusCode::NO_CONTENT
    }
    async fn drained(body: Body) -> StatusCode {
        drain(body.into_data_stream()).await;
        StatusCode::NO_CONTENT
    }
    let app = Router::new()
        .route(PATH, post(webhook))
        .with_state(verifier())
        .merge(
            Router::new()
                .route(PINNED, post(webhook))
                .with_state(pinned()),
        )
        .route(DRAINED, post(drained));
    Runtime::new().unwrap().block_on(async {
        axum::serve(asynchronous(listener), app).await.unwrap();
    });
}

fn serve_actix(listener: TcpListener) {
    use actix_web::{App, HttpResponse, HttpServer, rt::System, web};
    use trackingmore_webhook_actix::{VerifyWebhook, Webhook};

    async fn webhook(Webhook(delivery): Webhook) -> HttpResponse {
        record(&delivery);
        HttpResponse::NoContent().finish()
    }
    async fn drained(body: web::Payload) -> HttpResponse {
        drain(body).await;
        HttpResponse::NoContent().finish()
    }
    let verifiers = [(PATH, verifier()), (PINNED, pinned())];
    let app = move || {
        let [all, pinned] = verifiers.clone().map(|(path, verifier)| {
            web::resource(path)
                .wrap(VerifyWebhook::new(verifier))
                .route(web::post().to(webhook))
        });
        let drained = web::resource(DRAINED).post(drained);
        App::new().service(all).service(pinned).service(drained)
    };
    let server = HttpServer::new(app).workers(2).disable_signals();
    let server = match env::var(HTTP_2) {
        Ok(_) => server.listen_auto_h2c(listener),
        Err(_) => server.listen(listener),
    };
    System::new().block_on(server.unwrap().run()).unwrap();
}

fn serve_warp(listener: TcpListener) {
    use trackingmore_webhook_warp::{recover, webhook};
    use warp::{Filter as _, http::StatusCode};

    let received = |delivery: Delivery| {
        record(&delivery);
        StatusCode::NO_CONTENT
    };
    let all = warp::path!("webhooks" / "trackingmore")
        .and(webhook(verifier()))
        .map(received);
    let pinned = warp::path("pinned").and(webhook(pinned())).map(received);
    let drained = warp::path("drained").and(warp::body::stream());
    let drained = drained.then(async |body| {
        drain(body).await;
        StatusCode::NO_CONTENT
    });
    let routes = warp::post().and(all.or(pinned).unify().recover(recover).or(drained));
    Runtime::new().unwrap().block_on(async {
        let listener = asynchronous(listener);
        warp::serve(routes).incoming(listener).run().await;
    });
}

fn asynchronous(listener: TcpListener) -> tokio::net::TcpListener {
    listener.set_nonblocking(true).unwrap();
    tokio::net::TcpListener::from_std(listener).unwrap()
}
