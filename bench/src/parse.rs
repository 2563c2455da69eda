//! Reading the body: `Event` against `serde_json::Value` and against a plain struct.

use std::hint::black_box;

use serde_json::Value;
use trackingmore_webhook::Event;

use crate::{
    deliveries, pairs,
    plain::Plain,
    table::{Goal, Table},
};

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
                goal(Goal::AtMostOrBetter(0.65, 0.55)),
            ),
            (
                "plain struct",
                pairs::compare(event, plain),
                goal(Goal::AtMost(1.10)),
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
}
