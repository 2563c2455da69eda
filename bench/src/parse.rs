//! Reading the body: `Event` against `serde_json::Value` and against a plain struct.

use std::{hint::black_box, time::SystemTime};

use bytes::Bytes;
use serde_json::Value;
use trackingmore_webhook::{Event, Scheme, Signer, Verifier};

use crate::{
    SECRET, deliveries, pairs,
    plain::Plain,
    table::{Goal, Table},
};

const VALUE_GOAL: Goal = Goal::AtMostOrBetter(0.65, 0.55);
const PLAIN_GOAL: Goal = Goal::AtMost(1.10);

pub fn measure(table: &mut Table) {
    for (size, delivery) in deliveries::all() {
        let body = delivery.as_bytes();
        let event = || serde_json::from_slice::<Event>(black_box(body)).unwrap();
        let value = || serde_json::from_slice::<Value>(black_box(body)).unwrap();
        let plain = || serde_json::from_slice::<Plain>(black_box(body)).unwrap();
        let sonic = || sonic_rs::from_slice::<Plain>(black_box(body)).unwrap();
        // The targets are for the delivery that is typical.
        let is_typical = size == "4.6 KB";
        let goal = |goal| if is_typical { goal } else { Goal::None };
        for (other, ratio, goal) in [
            (
                "serde_json::Value",
                pairs::compare(event, value),
                goal(VALUE_GOAL),
            ),
            (
                "plain struct",
                pairs::compare(event, plain),
                goal(PLAIN_GOAL),
            ),
            (
                "plain struct by sonic-rs",
                pairs::compare(event, sonic),
                Goal::None,
            ),
        ] {
            table.add(format!("parse {size} / {other}"), "ns", ratio, goal);
        }
    }
    measure_receive(table);
}

/// Verification included, which the others do without.
fn measure_receive(table: &mut Table) {
    let body = Bytes::from(deliveries::ten_checkpoints());
    let headers = Signer::new(SECRET).unwrap();
    let headers = headers.headers(Scheme::Timestamp, SystemTime::now(), &body);
    let verifier = Verifier::new(SECRET).unwrap();
    let receive = || {
        let headers = black_box(&headers);
        verifier.receive::<Event>(headers, body.clone()).unwrap()
    };
    let value = || serde_json::from_slice::<Value>(black_box(&body)).unwrap();
    let plain = || serde_json::from_slice::<Plain>(black_box(&body)).unwrap();
    let ratio = pairs::compare(receive, value);
    let name = "receive 4.6 KB / serde_json::Value";
    table.add(name, "ns", ratio, VALUE_GOAL);
    let ratio = pairs::compare(receive, plain);
    table.add("receive 4.6 KB / plain struct", "ns", ratio, PLAIN_GOAL);
}
