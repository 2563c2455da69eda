//! Reads a body as `Events` and as an `Event`: one parcel can be read as both, both stay the same
//! when written and read again, the history is in order, `Debug` shows nothing personal, and a
//! refusal quotes nothing.

#![no_main]

use std::{
    collections::BTreeSet,
    fmt::Debug,
    sync::LazyLock,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use trackingmore_webhook::{
    Error, ErrorKind, Event, Events, Freshness, Scheme, Signer, TimeKind, Tracking, Verifier,
};

const SECRET: &str = "2e55b9a3-4dd1-4416-9897-c4bd1e3d738f";
const NOW: SystemTime = UNIX_EPOCH;

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(SECRET).unwrap());
static HEADERS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    Signer::new(SECRET)
        .unwrap()
        .headers(Scheme::Timestamp, NOW, b"")
});

fuzz_target!(|body: &[u8]| {
    let event = read::<Event>(body);
    match read::<Events>(body) {
        Ok(events) => {
            check_round_trip(&events);
            match event {
                Ok(event) => assert_eq!(events.as_slice(), [event]),
                Err(error) => {
                    assert!(events.as_slice().len() > 1);
                    check_error(&error, body);
                }
            }
            for event in &events {
                check_round_trip(event);
                check_history(&event.tracking);
                check_debug(event);
            }
        }
        Err(error) => {
            check_error(&error, body);
            check_error(&event.unwrap_err(), body);
        }
    }
});

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let mut incoming = VERIFIER.begin_at(&*HEADERS, NOW).unwrap();
    incoming.push(Bytes::copy_from_slice(body)).unwrap();
    let body = incoming.finish().unwrap();
    body.parse().map(|delivery| delivery.event)
}

fn check_round_trip<T>(value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let written = serde_json::to_string(value).unwrap();
    let again: T = read(written.as_bytes()).unwrap();
    assert_eq!(again, *value);
    assert_eq!(serde_json::to_string(&again).unwrap(), written);
}

fn check_history(tracking: &Tracking) {
    let checkpoints = tracking.checkpoints();
    let sent: usize = tracking.legs().map(|leg| leg.trackinfo.len()).sum();
    assert!(checkpoints.len() <= sent);
    assert_eq!(tracking.latest_checkpoint(), checkpoints.first().copied());

    // Dates and midnights stay where they are.
    let times: Vec<_> = checkpoints
        .iter()
        .filter_map(|checkpoint| checkpoint.checkpoint_date.as_ref())
        .filter(|time| {
            time.civil()
                .is_some_and(|it| it.time() != Default::default())
        })
        .collect();
    let instants: Vec<_> = times.iter().filter_map(|time| time.instant()).collect();
    assert!(instants.is_sorted_by(|newer, older| newer >= older));
    let readings = times
        .iter()
        .filter(|time| time.kind() == TimeKind::Civil)
        .map(|time| time.civil());
    assert!(
        readings
            .collect::<Vec<_>>()
            .is_sorted_by(|newer, older| newer >= older)
    );

    assert_eq!(tracking.freshness(tracking), Freshness::CannotTell);
    let mut other = tracking.clone();
    other.update_at = None;
    other.origin_info = other.destination_info.take();
    let opposite = match tracking.freshness(&other) {
        Freshness::Newer => Freshness::Older,
        Freshness::Older => Freshness::Newer,
        same => same,
    };
    assert_eq!(other.freshness(tracking), opposite);
}

/// Names of the members that can hold personal data, in parcels and checkpoints.
const PERSONAL: [&str; 24] = [
    "city",
    "customer_email",
    "customer_name",
    "customer_sms",
    "destination_city",
    "destination_state",
    "latest_event",
    "location",
    "note",
    "origin_city",
    "origin_state",
    "previously",
    "raw_status",
    "recipient_postcode",
    "scheduled_address",
    "signed_by",
    "state",
    "status_info",
    "title",
    "tracking_courier_account",
    "tracking_detail",
    "tracking_key",
    "tracking_postal_code",
    "zip",
];

/// Checks that another customer's parcel looks the same.
fn check_debug(event: &Event) {
    let mut other = serde_json::to_value(event).unwrap();
    replace_personal(&mut other);
    let other: Event = serde_json::from_value(other).unwrap();
    assert_eq!(format!("{other:?}"), format!("{event:?}"));
}

fn replace_personal(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if PERSONAL.contains(&name.as_str()) {
                    *value = "somebody else's".into();
                } else {
                    replace_personal(value);
                }
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(replace_personal),
        _ => {}
    }
}

/// Checks that the only words that depend on the body are names of the model's members; `*` stands
/// for any other.
fn check_error(error: &Error, body: &[u8]) {
    let plain = Error::from(error.kind()).to_string();
    let message = error.to_string();
    match error.kind() {
        ErrorKind::InvalidJson => {
            let json = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
            assert!(serde_json::from_slice::<Value>(json).is_err());
            assert_eq!(message, plain);
        }
        ErrorKind::UnexpectedShape => {
            let path = message.strip_prefix(&plain).unwrap();
            let path = path.strip_prefix(", at ").unwrap_or(path);
            for step in path.split(['.', '[', ']']).filter(|step| !step.is_empty()) {
                let is_index = step.bytes().all(|byte| byte.is_ascii_digit());
                let is_known = is_index || step == "*" || NAMES.contains(step);
                assert!(is_known, "{step} is not of the model");
            }
        }
        kind => panic!("{kind:?} for a body of a genuine request"),
    }
    let problem: Value = serde_json::from_str(&error.problem()).unwrap();
    assert_eq!(problem["detail"], message);
}

/// Checks that the dictionary has the name of every member.
static NAMES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    include_str!("../../event.dict")
        .lines()
        .filter_map(|line| line.strip_prefix(r#""\""#)?.strip_suffix(r#"\":""#))
        .collect()
});
