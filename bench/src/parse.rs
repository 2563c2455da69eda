//! Reading the body: `Event` compared with a plain struct, which has the targets, and with
//! `serde_json::Value`, which varies with the state of the allocator.

use std::{hint::black_box, time::SystemTime};

use bytes::Bytes;
use serde_json::Value;
use trackingmore_webhook::{Event, Scheme, Signer, Verifier};

use crate::{
    SECRET, deliveries, pairs,
    plain::Plain,
    table::{Goal, Table},
};

const PLAIN_GOAL: Goal = Goal::AtMostOrBetter(0.85, 0.75);

pub fn measure(table: &mut Table) {
    let verifier = Verifier::new(SECRET).unwrap();
    let signer = Signer::new(SECRET).unwrap();
    for (size, delivery) in deliveries::all() {
        let body = Bytes::from(delivery);
        let headers = signer.headers(Scheme::Timestamp, SystemTime::now(), &body);
        let mut incoming = verifier.begin(&headers).unwrap();
        incoming.push(body.clone()).unwrap();
        let verified = incoming.finish().unwrap();

        let parse = || black_box(&verified).parse::<Event>().unwrap();
        // Includes verification, unlike the others.
        let receive = || {
            let headers = black_box(&headers);
            verifier.receive::<Event>(headers, body.clone()).unwrap()
        };
        let plain = || serde_json::from_slice::<Plain>(black_box(&body)).unwrap();
        let sonic = || sonic_rs::from_slice::<Plain>(black_box(&body)).unwrap();
        let value = || serde_json::from_slice::<Value>(black_box(&body)).unwrap();
        // The targets are for the typical delivery.
        let is_typical = size == "4.6 KB";
        let goal = if is_typical { PLAIN_GOAL } else { Goal::None };

        let ratios = [
            ("parse", "plain struct", pairs::compare(parse, plain), goal),
            (
                "parse",
                "plain struct by sonic-rs",
                pairs::compare(parse, sonic),
                Goal::None,
            ),
            (
                "parse",
                "serde_json::Value",
                pairs::compare(parse, value),
                Goal::None,
            ),
            (
                "receive",
                "plain struct",
                pairs::compare(receive, plain),
                goal,
            ),
            (
                "receive",
                "serde_json::Value",
                pairs::compare(receive, value),
                Goal::None,
            ),
        ];
        for (ours, other, ratio, goal) in ratios {
            table.add(format!("{ours} {size} / {other}"), "ns", ratio, goal);
        }
    }
}
