//! The load, by `wrk`.

use std::{net::SocketAddr, process::Command};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/load.lua");
const CONNECTIONS: &str = "16";

/// The measurements of a slice of load.
pub struct Load {
    pub requests_per_second: f64,
    /// Latencies, in microseconds.
    pub p50: f64,
    pub p99: f64,
    /// How many answers were errors (a status of 400 or more).
    pub refused: u64,
    pub requests: u64,
}

/// Sends requests to a server for a second, from the second processor. `body` is the path of a
/// file.
pub fn send(address: SocketAddr, headers: &[(String, String)], body: &str) -> Load {
    let mut wrk = Command::new("taskset");
    wrk.args([
        "--cpu-list",
        "1",
        "wrk",
        "--threads",
        "1",
        "--duration",
        "1s",
    ]);
    wrk.args(["--connections", CONNECTIONS, "--script", SCRIPT]);
    for (name, value) in headers {
        wrk.arg("--header").arg(format!("{name}: {value}"));
    }
    wrk.arg(format!("http://{address}/")).args(["--", body]);
    let output = wrk.output().expect("taskset, of util-linux");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "wrk failed: {errors}");
    let result = text.lines().find_map(|line| line.strip_prefix("result "));
    let result = result.unwrap_or_else(|| panic!("no result in: {text}"));
    let numbers = result
        .split(' ')
        .map(|number| number.parse().expect("a number"));
    let [requests, microseconds, p50, p99, refused, broken] = numbers.collect::<Vec<u64>>()[..]
    else {
        panic!("not a result: {result}")
    };
    assert_eq!(broken, 0, "connections broke: {text}");
    Load {
        requests_per_second: requests as f64 / (microseconds as f64 / 1e6),
        p50: p50 as f64,
        p99: p99 as f64,
        refused,
        requests,
    }
}
