//! Whether the inspector delays a delivery: `listen` with six stalled readers of the page and
//! output that nobody reads, against `listen` without a page and with output that is read.

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::SystemTime,
};

use serde_json::Value;
use trackingmore_webhook::{Scheme, Signer};

use crate::{
    SECRET, deliveries, load,
    table::{Goal, Ratio, Table},
};

const ROUNDS: usize = 12;
const STREAMS: usize = 6;

pub fn measure(table: &mut Table) {
    let program = build();
    let body = deliveries::ten_checkpoints();
    let file = env::temp_dir().join(format!("trackingmore-webhook-bench-{}", std::process::id()));
    fs::write(&file, &body).expect("a file");
    let signer = Signer::new(SECRET).expect("a usable secret");
    let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), body.as_bytes());
    let send = |is_stalled| {
        let listen = Listen::start(&program, is_stalled);
        let send = || load::send(listen.address, &headers, &file.to_string_lossy());
        // Until what nobody reads has filled the buffers of the sockets and of the pipe.
        for _ in 0..4 {
            send();
        }
        let load = send();
        assert_eq!(load.refused, 0, "a genuine delivery was refused");
        load
    };
    let rounds: Vec<_> = (0..ROUNDS)
        .map(|round| match round % 2 {
            0 => (send(true), send(false)),
            _ => {
                let alone = send(false);
                (send(true), alone)
            }
        })
        .collect();
    let mut add = |what, unit, of: fn(&load::Load) -> f64, goal| {
        let pairs = rounds
            .iter()
            .map(|(stalled, alone)| (of(stalled), of(alone)));
        table.add(
            format!("listen, with six stalled pages / without, {what}"),
            unit,
            Ratio::of_pairs(pairs),
            goal,
        );
    };
    add("p99", "µs", |load| load.p99, Goal::AtMost(1.1));
    add("p50", "µs", |load| load.p50, Goal::None);
    add(
        "rate",
        "requests/s",
        |load| load.requests_per_second,
        Goal::None,
    );
    fs::remove_file(file).ok();
}

/// Builds the command line. Returns its path.
fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let built = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "trackingmore-webhook-cli",
        ])
        .args(["--no-default-features", "--message-format", "json"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo");
    let artifacts = String::from_utf8_lossy(&built.stdout).into_owned();
    let mut artifacts = artifacts
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let program = artifacts.find_map(|artifact| artifact["executable"].as_str().map(PathBuf::from));
    program.expect("a program")
}

/// A running `listen`, on the first of the processors.
struct Listen {
    process: Child,
    address: SocketAddr,
    /// Open, and not read.
    _unread: (Vec<TcpStream>, Option<BufReader<ChildStdout>>),
}

impl Listen {
    fn start(program: &Path, is_stalled: bool) -> Self {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", "0"]).arg(program);
        command.args(["listen", "--addr", "127.0.0.1:0", "--path", "/", "--json"]);
        if is_stalled {
            command.args(["--inspect", "127.0.0.1:0"]);
        }
        let mut process = command
            .env("TRACKINGMORE_WEBHOOK_SECRET", SECRET)
            .stdout(Stdio::piped())
            .spawn()
            .expect("taskset, of util-linux");
        let mut output = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("the address");
        let listening: Value = serde_json::from_str(&line).expect("JSON");
        let (address, _) = parts(&listening["url"]).expect("a URL");
        let unread = match parts(&listening["inspect"]) {
            Some((page, path)) => {
                let streams = (0..STREAMS).map(|_| watch(page, &path));
                (streams.collect(), Some(output))
            }
            None => {
                thread::spawn(move || io::copy(&mut output, &mut io::sink()));
                (Vec::new(), None)
            }
        };
        Self {
            process,
            address,
            _unread: unread,
        }
    }
}

impl Drop for Listen {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The address and the path of a URL.
fn parts(url: &Value) -> Option<(SocketAddr, String)> {
    let (host, path) = url.as_str()?.strip_prefix("http://")?.split_once('/')?;
    Some((host.parse().ok()?, format!("/{path}")))
}

/// Asks for the stream of the page, and reads nothing of it.
fn watch(page: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(page).expect("the page");
    write!(stream, "GET {path}events HTTP/1.1\r\nhost: {page}\r\n\r\n").expect("a request");
    stream
}
