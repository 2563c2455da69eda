//! How many heap allocations reading an event costs.

use allocation_counter::measure;
use serde_json::Value;
use trackingmore_webhook::{DeliveryStatus, Event, Substatus};

const TEN_CHECKPOINTS: &[u8] = include_bytes!("data/events/ten_checkpoints.json");

#[test]
fn an_event_makes_at_most_sixty_percent_of_the_allocations_of_a_value() {
    let event = measure(|| drop(serde_json::from_slice::<Event>(TEN_CHECKPOINTS).unwrap()));
    let value = measure(|| drop(serde_json::from_slice::<Value>(TEN_CHECKPOINTS).unwrap()));
    let (event, value) = (event.count_total, value.count_total);
    assert!(
        event > 0 && event * 100 <= value * 60,
        "{event} against {value}"
    );
}

#[test]
fn allocations_grow_no_faster_than_the_body() {
    let cost = |checkpoints: usize| {
        let checkpoint = |number| {
            format!(
                r#"{{"Date": "2024-01-05 06:40", "checkpoint_date": "2024-01-05 06:41", "location": "Linz", "tracking_detail": "{number}", "x": [0]}}"#
            )
        };
        let trackinfo: Vec<_> = (0..checkpoints).map(checkpoint).collect();
        let trackinfo = trackinfo.join(",");
        let json = format!(
            r#"{{"data": {{"tracking_number": "1", "origin_info": {{"trackinfo": [{trackinfo}]}}, "destination_info": {{"trackinfo": [{trackinfo}]}}}}}}"#
        );
        measure(|| {
            let event: Event = serde_json::from_str(&json).unwrap();
            assert_eq!(event.tracking.checkpoints().len(), checkpoints);
        })
    };
    let (one, ten) = (cost(100), cost(1_000));
    assert!(ten.count_total <= 10 * one.count_total, "{one:?}, {ten:?}");
    // Growing vectors and hash tables round up to powers of two.
    assert!(ten.bytes_total <= 20 * one.bytes_total, "{one:?}, {ten:?}");
}

#[test]
fn known_statuses_allocate_nothing() {
    let counted = measure(|| {
        for text in ["delivered", "Delivered", " pickup "] {
            assert!(DeliveryStatus::from(text).meaning().is_some());
        }
        for text in ["transit007", "EXCEPTION011"] {
            assert!(Substatus::from(text).meaning().is_some());
        }
    });
    assert_eq!(counted.count_total, 0);
}
