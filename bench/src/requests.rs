//! Whole requests over loopback: the same delivery to each framework, unverified, received by our
//! adapter, and received by hand.

use std::{env, fs, time::SystemTime};

use trackingmore_webhook::{Scheme, Signer};

use crate::{
    SECRET, deliveries,
    load::{self, Load},
    server::{BY_HAND, Framework, OURS, Server, UNVERIFIED},
    table::{Goal, Ratio, Table},
};

const ROUNDS: usize = 21;

pub fn measure(table: &mut Table) {
    let body = deliveries::ten_checkpoints();
    let file = env::temp_dir().join(format!("trackingmore-webhook-bench-{}", std::process::id()));
    fs::write(&file, &body).expect("a file");
    let signer = Signer::new(SECRET).expect("a usable secret");
    let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), body.as_bytes());
    for framework in Framework::ALL {
        let server = Server::start(framework);
        let send = |path| {
            let load = load::send(server.address(), path, &headers, &file.to_string_lossy());
            assert_eq!(load.refused, 0, "{path} refused a genuine delivery");
            load
        };
        let rounds: Vec<[Load; 3]> = (0..ROUNDS)
            .map(|round| {
                // Who goes first changes from round to round.
                let mut loads = [OURS, UNVERIFIED, BY_HAND].map(|_| None);
                for turn in 0..3 {
                    let index = (round + turn) % 3;
                    loads[index] = Some(send([OURS, UNVERIFIED, BY_HAND][index]));
                }
                loads.map(|load| load.expect("a turn each"))
            })
            .collect();
        let name = framework.name();
        for (other, index, target) in [("unverified Json<Event>", 1, 0.95), ("by hand", 2, 0.97)] {
            let ratio = |of: fn(&Load) -> f64| {
                Ratio::of_pairs(
                    rounds
                        .iter()
                        .map(|loads| (of(&loads[0]), of(&loads[index]))),
                )
            };
            let rates = ratio(|load| load.requests_per_second);
            table.add(
                format!("{name} / {other}"),
                "requests/s",
                rates,
                Goal::AtLeast(target),
            );
            table.add(
                format!("{name} / {other}, p50"),
                "µs",
                ratio(|load| load.p50),
                Goal::None,
            );
            table.add(
                format!("{name} / {other}, p99"),
                "µs",
                ratio(|load| load.p99),
                Goal::None,
            );
        }
    }
    fs::remove_file(file).ok();
}
