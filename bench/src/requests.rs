//! Whole requests over loopback: the same delivery to each framework, unverified, received by our
//! adapter, and received by hand.

use std::{env, fs, time::SystemTime};

use trackingmore_webhook::{Scheme, Signer};

use crate::{
    SECRET, deliveries, load,
    server::{BY_HAND, Framework, OURS, Server, UNVERIFIED},
    table::{Goal, Ratio, Table},
};

const ROUNDS: usize = 21;

/// What a slice of load showed.
struct Slice {
    requests_per_second: f64,
    p50: f64,
    p99: f64,
    /// Of the server, for a request: what other programs on the machine disturb least.
    processor_time: f64,
}

pub fn measure(table: &mut Table) {
    let body = deliveries::ten_checkpoints();
    let file = env::temp_dir().join(format!("trackingmore-webhook-bench-{}", std::process::id()));
    fs::write(&file, &body).expect("a file");
    let signer = Signer::new(SECRET).expect("a usable secret");
    let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), body.as_bytes());
    for framework in Framework::ALL {
        let server = Server::start(framework);
        let send = |path| {
            let start = server.processor_time();
            let load = load::send(server.address(), path, &headers, &file.to_string_lossy());
            assert_eq!(load.refused, 0, "{path} refused a genuine delivery");
            Slice {
                requests_per_second: load.requests_per_second,
                p50: load.p50,
                p99: load.p99,
                processor_time: (server.processor_time() - start) / load.requests as f64,
            }
        };
        let rounds: Vec<[Slice; 3]> = (0..ROUNDS)
            .map(|round| {
                // Who goes first changes from round to round.
                let mut slices = [OURS, UNVERIFIED, BY_HAND].map(|_| None);
                for turn in 0..3 {
                    let index = (round + turn) % 3;
                    slices[index] = Some(send([OURS, UNVERIFIED, BY_HAND][index]));
                }
                slices.map(|slice| slice.expect("a turn each"))
            })
            .collect();
        let name = framework.name();
        for (other, index, target) in [("unverified Json<Event>", 1, 0.95), ("by hand", 2, 0.97)] {
            let ratio = |of: fn(&Slice) -> f64| {
                Ratio::of_pairs(
                    rounds
                        .iter()
                        .map(|slices| (of(&slices[0]), of(&slices[index]))),
                )
            };
            let mut add = |what, unit, of, goal| {
                table.add(format!("{name} / {other}{what}"), unit, ratio(of), goal);
            };
            let target = Goal::AtLeast(target);
            add("", "requests/s", |slice| slice.requests_per_second, target);
            add(
                ", processor time",
                "µs",
                |slice| slice.processor_time,
                Goal::None,
            );
            add(", p50", "µs", |slice| slice.p50, Goal::None);
            add(", p99", "µs", |slice| slice.p99, Goal::None);
        }
    }
    fs::remove_file(file).ok();
}
