//! Whole requests over loopback: each framework gets the same delivery with our adapter,
//! unverified, and verified by hand.

use std::{env, fs, time::SystemTime};

use trackingmore_webhook::{Scheme, Signer};

use crate::{
    SECRET, deliveries, load,
    server::{Framework, Handler, Server},
    table::{Goal, Ratio, Table},
};

const ROUNDS: usize = 24;

/// Our handler and those that it is compared with, each with its name and target.
const OTHERS: [(Handler, &str, Goal); 3] = [
    (
        Handler::Unverified,
        "unverified Json<Event>",
        Goal::AtLeast(0.95),
    ),
    (Handler::UnverifiedBytes, "unverified bytes", Goal::None),
    (Handler::ByHand, "by hand", Goal::AtLeast(0.97)),
];

/// The results of a slice of load.
struct Slice {
    requests_per_second: f64,
    p50: f64,
    p99: f64,
    /// The server's processor time per request, which other programs on the machine disturb least.
    processor_time: f64,
}

pub fn measure(table: &mut Table) {
    let body = deliveries::ten_checkpoints();
    let file = env::temp_dir().join(format!("trackingmore-webhook-bench-{}", std::process::id()));
    fs::write(&file, &body).expect("a file");
    let signer = Signer::new(SECRET).expect("a usable secret");
    let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), body.as_bytes());
    for framework in Framework::ALL {
        let send = |handler| {
            // Restarted for each slice, so that a lucky start does not favour one side.
            let server = Server::start(framework, handler);
            let load = load::send(server.address(), &headers, &file.to_string_lossy());
            assert_eq!(load.refused, 0, "a genuine delivery was refused");
            Slice {
                requests_per_second: load.requests_per_second,
                p50: load.p50,
                p99: load.p99,
                processor_time: server.processor_time() / load.requests as f64,
            }
        };
        let rounds: Vec<[Slice; 4]> = (0..ROUNDS)
            .map(|round| {
                let handlers = [Handler::Ours, OTHERS[0].0, OTHERS[1].0, OTHERS[2].0];
                // The order changes from round to round.
                let mut slices = handlers.map(|_| None);
                for turn in 0..4 {
                    let turn = if round % 8 < 4 { turn } else { 3 - turn };
                    let index = (round + turn) % 4;
                    slices[index] = Some(send(handlers[index]));
                }
                slices.map(|slice| slice.expect("a turn each"))
            })
            .collect();
        let name = framework.name();
        for (index, (_, other, target)) in OTHERS.into_iter().enumerate() {
            let ratio = |of: fn(&Slice) -> f64| {
                let pairs = rounds
                    .iter()
                    .map(|slices| (of(&slices[0]), of(&slices[index + 1])));
                Ratio::of_pairs(pairs)
            };
            let mut add = |what, unit, of, goal| {
                table.add(format!("{name} / {other}{what}"), unit, ratio(of), goal);
            };
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
