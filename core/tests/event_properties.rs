//! What must hold for the event model, whatever the JSON.

#![allow(clippy::unwrap_used)]

use std::{fs, sync::LazyLock};

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use trackingmore_webhook::{Event, Events, Time, Tracking};

/// V4 names, each with an older name, of parcels, legs and checkpoints.
const OLDER_NAMES: [(&str, &str); 35] = [
    ("courier_code", "carrier_code"),
    ("order_number", "order_id"),
    ("order_date", "order_create_time"),
    ("update_at", "updated_at"),
    ("update_at", "update_date"),
    ("delivery_status", "status"),
    ("updating", "track_update"),
    ("origin_country", "original_country"),
    ("origin_country", "original"),
    ("destination_country", "destination"),
    ("customer_sms", "customer_phone"),
    ("note", "comment"),
    ("signed_by", "consignee"),
    ("signed_by", "SignedForByName"),
    ("exchange_number", "exchangeNumber"),
    ("scheduled_address", "Scheduled_Address"),
    ("latest_event", "lastEvent"),
    ("latest_checkpoint_time", "lastest_checkpoint_time"),
    ("latest_checkpoint_time", "lastUpdateTime"),
    ("transit_time", "itemTimeLength"),
    ("stay_time", "stayTimeLength"),
    ("courier_phone", "phone"),
    ("reference_number", "ReferenceNumber"),
    ("pickup_date", "received_date"),
    ("pickup_date", "ItemReceived"),
    ("dispatched_date", "ItemDispatched"),
    ("departed_airport_date", "DepartfromAirport"),
    ("arrived_abroad_date", "ArrivalfromAbroad"),
    ("customs_received_date", "CustomsClearance"),
    ("arrived_destination_date", "DestinationArrived"),
    ("checkpoint_date", "Date"),
    ("checkpoint_delivery_status", "checkpoint_status"),
    ("checkpoint_delivery_substatus", "substatus"),
    ("tracking_detail", "StatusDescription"),
    ("location", "Details"),
];

/// The bodies that have one parcel.
static FIXTURES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/events");
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| fs::read_to_string(path).unwrap())
        // A `Value` cannot hold a key twice.
        .filter(|json| !json.contains(r#""DU-1""#))
        .map(|json| serde_json::from_str(json.trim_start_matches('\u{feff}')).unwrap())
        .filter(|json| Event::deserialize(json).is_ok())
        .collect()
});

fn name() -> impl Strategy<Value = String> {
    let names: Vec<_> = OLDER_NAMES
        .iter()
        .flat_map(|(name, older)| [*name, *older])
        .collect();
    prop_oneof![
        4 => prop::sample::select(names).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["origin_info", "destination_info", "trackinfo", "milestone_date", "customer_email"])
            .prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9](Z|[+-]0[0-9]:00)?"
            .prop_map(Value::from),
        Just(json!("null")),
        Just(json!("delivered")),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Everything that can be done with a parcel that was read.
fn use_all_of(tracking: &Tracking) {
    let checkpoints = tracking.checkpoints();
    let sent: usize = tracking.legs().map(|leg| leg.trackinfo.len()).sum();
    assert!(checkpoints.len() <= sent);
    assert_eq!(tracking.latest_checkpoint(), checkpoints.first().copied());
    for checkpoint in checkpoints {
        checkpoint.checkpoint_date.iter().for_each(read);
    }
    let _ = tracking.freshness(tracking);
    let _ = format!("{tracking:?}");
}

fn read(time: &Time) {
    let _ = (
        time.kind(),
        time.instant(),
        time.civil(),
        time.date(),
        time.offset(),
    );
    let zone = jiff::tz::TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
    let _ = time.instant_in(zone);
    #[cfg(feature = "chrono")]
    let _ = (
        time.chrono_instant(),
        time.chrono_civil(),
        time.chrono_instant_in(&chrono::Utc),
    );
}

fn round_trip(event: &Event) -> Result<(), TestCaseError> {
    let written = serde_json::to_string(event).unwrap();
    prop_assert_eq!(&serde_json::from_str::<Event>(&written).unwrap(), event);
    Ok(())
}

/// Gives members their older names.
fn rename(json: &mut Value, renamed: &[(&str, &str)]) {
    let mut places = Vec::new();
    containers(json, "", &mut places);
    for place in places {
        let members = json.pointer_mut(&place).unwrap().as_object_mut().unwrap();
        let is_parcel = members.contains_key("tracking_number");
        let is_milestones = place.ends_with("/milestone_date");
        for (name, older) in renamed {
            // A parcel's and a checkpoint's `substatus` differ, and so do the `pickup_date`s of
            // legs and milestones.
            if is_milestones || (*older == "substatus" && is_parcel) || *older == "order_id" {
                continue;
            }
            if let Some(value) = members.remove(*name) {
                members.insert((*older).to_owned(), value);
            }
        }
    }
}

/// Spellings of members that differ from the vendor's.
#[derive(Clone, Copy, Debug)]
enum Spelling {
    Pascal,
    Camel,
    Upper,
    Joined,
    Capitals,
}

impl Spelling {
    fn of(self, name: &str) -> String {
        let capital = |part: &str| part[..1].to_uppercase() + &part[1..];
        let joined: String = name.split('_').map(capital).collect();
        match self {
            Self::Pascal => joined,
            Self::Camel => joined[..1].to_lowercase() + &joined[1..],
            Self::Upper => name.to_uppercase(),
            Self::Joined => name.replace('_', ""),
            Self::Capitals => name.split('_').map(capital).collect::<Vec<_>>().join("_"),
        }
    }

    fn of_members(self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, mut value) in std::mem::take(members) {
                    self.of_members(&mut value);
                    members.insert(self.of(&name), value);
                }
            }
            Value::Array(entries) => entries.iter_mut().for_each(|it| self.of_members(it)),
            _ => {}
        }
    }
}

fn spelling() -> impl Strategy<Value = Spelling> {
    use Spelling::{Camel, Capitals, Joined, Pascal, Upper};
    prop::sample::select(vec![Pascal, Camel, Upper, Joined, Capitals])
}

/// The objects and arrays inside `value`, itself included, as JSON pointers.
fn containers(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.push(pointer.to_owned());
            for (name, value) in members {
                containers(value, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(entries) => {
            for (index, value) in entries.iter().enumerate() {
                containers(value, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn no_json_makes_it_panic(json in any_json()) {
        let text = json.to_string();
        if let Ok(event) = serde_json::from_str::<Event>(&text) {
            use_all_of(&event.tracking);
            let events: Events = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(events.as_slice(), [event]);
        }
        let _ = serde_json::from_value::<Event>(json!({ "data": json }));
    }

    #[test]
    fn no_bytes_make_it_panic(index in any::<prop::sample::Index>(), at: prop::sample::Index, byte: u8) {
        let mut bytes = index.get::<Value>(&FIXTURES).to_string().into_bytes();
        let at = at.index(bytes.len());
        prop_assert!(serde_json::from_slice::<Event>(&bytes[..at]).is_err());
        bytes[at] = byte;
        let _ = serde_json::from_slice::<Event>(&bytes);
    }

    #[test]
    fn any_object_with_a_tracking_number_parses(
        members in prop::collection::vec((name(), any_json()), 0..30),
        number in "[ -~]{0,20}[A-Z0-9][ -~]{0,20}",
    ) {
        let mut data = Value::Object(members.into_iter().collect());
        data["tracking_number"] = json!(number);
        let event: Event = serde_json::from_str(&json!({ "data": data }).to_string()).unwrap();
        prop_assert_eq!(&event.tracking.tracking_number, number.trim());
        use_all_of(&event.tracking);
        round_trip(&event)?;
    }

    #[test]
    fn an_altered_fixture_parses(
        index: prop::sample::Index, place: prop::sample::Index, member: prop::sample::Index,
        change in prop_oneof![Just(None), any_json().prop_map(Some)],
    ) {
        let mut json = index.get::<Value>(&FIXTURES).clone();
        let places = ["/data/items/0", "/data/0", "/data", "/Data", "/0", ""];
        let parcel = *places.iter().find(|it| json.pointer(it).is_some()).unwrap();
        let mut places = Vec::new();
        containers(json.pointer(parcel).unwrap(), parcel, &mut places);
        let members = json.pointer_mut(place.get::<String>(&places).as_str()).unwrap().as_object_mut().unwrap();
        let is_number = |name: &&String| ["tracking_number", "TrackingNumber"].contains(&name.as_str());
        let names: Vec<_> = members.keys().filter(|name| !is_number(name)).cloned().collect();
        if !names.is_empty() {
            let name = member.get(&names);
            match change {
                None => drop(members.remove(name)),
                Some(value) => members[name] = value,
            }
        }
        let event: Event = serde_json::from_str(&json.to_string()).unwrap();
        use_all_of(&event.tracking);
        round_trip(&event)?;
    }

    #[test]
    fn an_older_name_reads_like_the_v4_name(
        renamed in prop::collection::vec(prop::sample::select(&OLDER_NAMES[..]), 1..20),
    ) {
        for json in FIXTURES.iter().cloned() {
            let meant: Event = serde_json::from_value(json).unwrap();
            let mut json = serde_json::to_value(&meant).unwrap();
            rename(&mut json, &renamed);
            let read: Event = serde_json::from_value(json).unwrap();
            prop_assert_eq!(read, meant);
        }
    }

    #[test]
    fn every_member_is_read_in_other_spellings(
        spelling in spelling(),
        renamed in prop::collection::vec(prop::sample::select(&OLDER_NAMES[..]), 0..10),
    ) {
        for json in FIXTURES.iter().cloned() {
            let meant: Event = serde_json::from_value(json).unwrap();
            let mut json = serde_json::to_value(&meant).unwrap();
            rename(&mut json, &renamed);
            spelling.of_members(&mut json);
            let read: Event = serde_json::from_value(json).unwrap();
            prop_assert_eq!(read, meant);
        }
    }

    #[test]
    fn events_are_read_and_written_the_same(
        several in prop::collection::vec((any::<prop::sample::Index>(), any::<Option<i64>>()), 1..5),
        in_data: bool,
    ) {
        let several = several.into_iter().map(|(index, code)| {
            let mut event: Event = serde_json::from_value(index.get::<Value>(&FIXTURES).clone()).unwrap();
            event.code = code.filter(|_| !in_data);
            event.message = event.message.filter(|_| !in_data);
            event
        });
        let several: Vec<Event> = several.collect();
        let json = if in_data {
            let parcels: Vec<_> = several.iter().map(|event| &event.tracking).collect();
            json!({ "data": parcels })
        } else {
            json!(several)
        };
        let read: Events = serde_json::from_value(json).unwrap();
        prop_assert_eq!(read.as_slice(), &several[..]);
        let written = serde_json::to_string(&read).unwrap();
        prop_assert_eq!(serde_json::from_str::<Events>(&written).unwrap(), read);
        prop_assert_eq!(serde_json::from_str::<Event>(&written).is_ok(), several.len() == 1);
    }

    #[test]
    fn no_text_makes_a_time_panic(text: String, time in "[0-9T :.Zz+\\-]{0,40}") {
        for text in [text, time] {
            let time = Time::new(text.as_str());
            read(&time);
            prop_assert_eq!(time.as_str(), text);
        }
    }
}
