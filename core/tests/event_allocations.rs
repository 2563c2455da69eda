//! What reading an event costs in heap allocations.

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
