//! The event model against a folder of real documents: every parcel in them must be read sensibly.
//!
//! `TRACKINGMORE_CORPUS=folder cargo test --test event_corpus -- --ignored`

#![allow(clippy::unwrap_used)]

use std::{env, fs};

use serde_json::Value;
use trackingmore_webhook::{Checkpoint, DeliveryStatus, Event, Events, Leg, TimeKind, Tracking};

#[test]
#[ignore = "needs a folder in TRACKINGMORE_CORPUS"]
fn every_document_of_the_corpus_is_read() {
    let folder = env::var_os("TRACKINGMORE_CORPUS").expect("TRACKINGMORE_CORPUS names a folder");
    let (mut parcels, mut legs, mut checkpoints) = (0, 0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.display();
        let document = fs::read_to_string(&path).unwrap();
        let document = document.trim_start_matches('\u{feff}');
        let document: Value = serde_json::from_str(document).unwrap();
        let mut numbers = Vec::new();
        visit(&document, &mut |object| {
            if let Some(number) = object.get("tracking_number") {
                check_parcel(object, &name.to_string());
                numbers.push(number.clone());
            }
            if object.get("trackinfo").is_some() {
                check_leg(object, &name.to_string());
                legs += 1;
            }
            let time = object.get("checkpoint_date").or(object.get("Date"));
            if time.is_some_and(Value::is_string) {
                check_checkpoint(object, &name.to_string());
                checkpoints += 1;
            }
        });

        // Each parcel is found, wherever it is in the document.
        let event = serde_json::from_value::<Event>(document.clone());
        assert_eq!(event.is_ok(), numbers.len() == 1, "{name}");
        let events = serde_json::from_value::<Events>(document);
        let found = events.map_or_else(|_| Vec::new(), |events| events.into_iter().collect());
        let found = found.iter().map(|event| &event.tracking.tracking_number);
        assert!(found.eq(&numbers), "{name}");
        parcels += numbers.len();
    }
    println!("{parcels} parcels, {legs} legs, {checkpoints} checkpoints");
    assert!(parcels > 0 && legs > 0 && checkpoints > 0);
}

fn visit(value: &Value, check: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(members) => {
            check(value);
            members.values().for_each(|value| visit(value, check));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| visit(entry, check)),
        _ => {}
    }
}

fn check_parcel(object: &Value, name: &str) {
    let parcel: Tracking = serde_json::from_value(object.clone()).unwrap();
    assert_eq!(parcel.tracking_number, object["tracking_number"], "{name}");
    assert!(parcel.courier_code.is_some(), "{name}");
    let sent = object.get("delivery_status").or(object.get("status"));
    let read = parcel.delivery_status.as_ref().map(DeliveryStatus::as_str);
    assert_eq!(read, sent.and_then(Value::as_str), "{name}");
    for time in [&parcel.created_at, &parcel.update_at]
        .into_iter()
        .flatten()
    {
        assert!(time.instant().is_some(), "{name}");
    }
    let listed: usize = parcel.legs().map(|leg| leg.trackinfo.len()).sum();
    // A checkpoint in both legs is listed once.
    assert!(parcel.checkpoints().len() <= listed, "{name}");

    let again: Tracking = serde_json::from_str(&serde_json::to_string(&parcel).unwrap()).unwrap();
    assert_eq!(again, parcel, "{name}");
}

fn check_leg(object: &Value, name: &str) {
    let leg: Leg = serde_json::from_value(object.clone()).unwrap();
    let sent = object["trackinfo"].as_array().map_or(0, Vec::len);
    assert_eq!(leg.trackinfo.len(), sent, "{name}");
    for time in [&leg.pickup_date, &leg.customs_received_date]
        .into_iter()
        .flatten()
    {
        assert!(time.civil().is_some(), "{name}");
    }
}

fn check_checkpoint(object: &Value, name: &str) {
    let checkpoint: Checkpoint = serde_json::from_value(object.clone()).unwrap();
    assert!(checkpoint.tracking_detail.is_some(), "{name}");
    let kind = checkpoint.checkpoint_date.unwrap().kind();
    assert!(
        matches!(kind, TimeKind::Civil | TimeKind::Instant),
        "{name}"
    );
}
