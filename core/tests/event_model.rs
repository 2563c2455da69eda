//! The event model against deliveries of every shape that has been seen.

#![allow(clippy::unwrap_used)]

use std::{fs, time::UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Value, json};
use serde_test::{Token, assert_de_tokens, assert_de_tokens_error, assert_ser_tokens};
use trackingmore_webhook::{
    Checkpoint, Delivery, DeliveryStatus, Error, ErrorKind, Event, Events, Freshness, Leg,
    Milestones, Scheme, Signer, Substatus, Time, Tracking, Verifier,
};

fn fixtures() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/events");
    let mut fixtures: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            (
                path.display().to_string(),
                fs::read_to_string(path).unwrap(),
            )
        })
        .collect();
    fixtures.sort();
    fixtures
}

fn event(json: &str) -> Event {
    serde_json::from_str(json).unwrap()
}

fn tracking(data: Value) -> Tracking {
    serde_json::from_value(data).unwrap()
}

/// A parcel that has these members beside its number.
fn with(members: Value) -> Tracking {
    let mut data = members;
    data["tracking_number"] = json!("N");
    tracking(data)
}

/// Signs a body and receives it.
fn receive<T: DeserializeOwned>(body: impl AsRef<[u8]>) -> Result<Delivery<T>, Error> {
    let body = body.as_ref();
    let signer = Signer::new("secret").unwrap();
    let headers = signer.headers(Scheme::Body, UNIX_EPOCH, body);
    let verifier = Verifier::new("secret").unwrap();
    verifier.receive::<T>(&headers, body.to_vec().into())
}

fn events(body: &str) -> Vec<Event> {
    receive::<Events>(body).unwrap().event.into_iter().collect()
}

fn numbers(events: &[Event]) -> Vec<&str> {
    let numbers = events.iter().map(|event| &*event.tracking.tracking_number);
    numbers.collect()
}

/// The path at which a signed body that is not a `T` is refused.
fn refused_at<T: DeserializeOwned>(json: &str) -> String {
    let refused = receive::<T>(json).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::UnexpectedShape);
    let refused = refused.to_string();
    let path = refused.split_once(", at ").map_or("", |(_, path)| path);
    path.to_owned()
}

/// The path at which a signed body is refused, and what `serde_json` says about it.
fn refusal(json: &str) -> (String, String) {
    let error = serde_json::from_str::<Event>(json).unwrap_err();
    (refused_at::<Event>(json), error.to_string())
}

/// Unlike JSON, some formats mark options, newtypes and bytes.
#[test]
fn values_are_read_whatever_a_format_wraps_them_in() {
    let mut tracking = Tracking::new("N");
    tracking.archived = Some("tracking".to_owned());
    tracking.title = Some("Parcel".to_owned());
    let number = [Token::Str("tracking_number"), Token::Some, Token::Str("N")];
    let archived = [
        Token::Str("archived"),
        Token::NewtypeStruct { name: "Text" },
        Token::Str("tracking"),
    ];
    let title = [Token::Bytes(b"title"), Token::Bytes(b"Parcel")];
    let map = [Token::Map { len: None }];
    let end = [Token::MapEnd];
    let read = [&map[..], &number, &archived, &title, &end].concat();
    assert_de_tokens(&tracking, &read);
    assert_de_tokens_error::<Tracking>(
        &[Token::Map { len: None }, Token::Bool(true)],
        "invalid type: boolean `true`, expected a member's name",
    );
}

/// Unlike JSON, some formats write the number of members before the members.
#[test]
fn as_many_members_are_written_as_are_announced() {
    let mut event = Event::new(Tracking::new("N"));
    event.tracking.archived = Some("tracking".to_owned());
    let tracking = [
        Token::Str("data"),
        Token::Struct {
            name: "Tracking",
            len: 2,
        },
        Token::Str("tracking_number"),
        Token::Str("N"),
        Token::Str("archived"),
        Token::Some,
        Token::Str("tracking"),
        Token::StructEnd,
        Token::StructEnd,
    ];
    let announced = |len| Token::Struct { name: "Event", len };
    let code = [Token::Str("code"), Token::I64(200)];
    let message = [Token::Str("message"), Token::Str("Success")];

    let written = [&[announced(1)][..], &tracking].concat();
    assert_ser_tokens(&event, &written);
    event.message = Some("Success".to_owned());
    let written = [&[announced(2)][..], &message, &tracking].concat();
    assert_ser_tokens(&event, &written);
    event.code = Some(200);
    let written = [&[announced(3)][..], &code, &message, &tracking].concat();
    assert_ser_tokens(&event, &written);
}

#[test]
fn every_fixture_survives_a_round_trip() {
    let fixtures = fixtures();
    assert_eq!(fixtures.len(), 26);
    for (name, json) in fixtures {
        let read = receive::<Events>(&json).unwrap().event;
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Events>(&written).unwrap(), read);
        for first in read {
            let written = serde_json::to_string(&first).unwrap();
            assert_eq!(event(&written), first, "{name}");
            // The same through a deserializer that passes owned values, in another order.
            let value: Value = serde_json::from_str(&written).unwrap();
            assert_eq!(
                serde_json::from_value::<Event>(value).unwrap(),
                first,
                "{name}"
            );
        }
    }
}

#[test]
fn event_reads_exactly_one_parcel_and_events_reads_one_or_more() {
    let mut several = 0;
    for (name, json) in fixtures() {
        let events = events(&json);
        match receive::<Event>(&json) {
            Ok(delivery) => assert_eq!(events, [delivery.event], "{name}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::UnexpectedShape, "{name}");
                assert!(events.len() > 1, "{name}");
                several += 1;
            }
        }
    }
    assert_eq!(several, 3);
}

#[test]
fn a_byte_order_mark_is_skipped_and_kept_in_the_body() {
    let body = include_str!("data/events/byte_order_mark.json");
    let delivery = receive::<Event>(body).unwrap();
    assert_eq!(delivery.event.tracking.tracking_number, "BO-4471");
    assert_eq!(delivery.body, body);

    #[derive(Deserialize)]
    struct Mine {
        code: u16,
    }
    assert_eq!(receive::<Mine>(body).unwrap().event.code, 200);

    for not_json in [
        "\u{feff}",
        "\u{feff}\u{feff}{}",
        " \u{feff}{}",
        "{}\u{feff}",
    ] {
        let error = receive::<Event>(not_json).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidJson, "{not_json:?}");
    }
    assert_eq!(refused_at::<Event>("\u{feff}{\"data\": []}"), "data");
}

#[test]
fn a_parcel_needs_no_envelope() {
    let read = event(include_str!("data/events/no_envelope.json"));
    assert_eq!((read.code, read.message), (None, None));
    let tracking = read.tracking;
    assert_eq!(tracking.tracking_number, "NE-5028");
    assert_eq!(tracking.substatus, Some(Substatus::Pickup001));
    assert_eq!(tracking.checkpoints().len(), 1);

    let read = event(include_str!("data/events/array_without_envelope.json"));
    let tracking = read.tracking;
    assert_eq!(tracking.tracking_number, "AR-3310");
    assert_eq!(tracking.delivery_status, Some(DeliveryStatus::InfoReceived));

    // The members of an envelope may still be there.
    let read = event(r#"{"code": 200, "tracking_number": "N", "message": "ok"}"#);
    assert_eq!((read.code, &*read.message.unwrap()), (Some(200), "ok"));
    assert_eq!(read.tracking, Tracking::new("N"));
}

#[test]
fn members_in_data_win_over_members_beside_it() {
    let read = event(include_str!("data/events/null_number_beside_data.json"));
    let mut expected = Tracking::new("NB-6120");
    expected.delivery_status = Some(DeliveryStatus::Transit);
    assert_eq!(read.tracking, expected);
    for number in [
        "7",
        "null",
        r#""""#,
        "1.5",
        "[]",
        r#"{"a": []}"#,
        r#""other""#,
    ] {
        for json in [
            format!(r#"{{"tracking_number": {number}, "data": {{"tracking_number": "N"}}}}"#),
            format!(r#"{{"data": [{{"tracking_number": "N"}}], "tracking_number": {number}}}"#),
        ] {
            assert_eq!(event(&json).tracking, Tracking::new("N"), "{json}");
        }
    }
}

#[test]
fn events_are_all_parcels_in_the_order_in_which_they_were_sent() {
    let read = events(include_str!("data/events/several_parcels.json"));
    assert_eq!(numbers(&read), ["SE-7001", "SE-7002", "SE-7002"]);
    let couriers = read.iter().map(|it| it.tracking.courier_code.as_deref());
    let couriers: Vec<_> = couriers.map(Option::unwrap).collect();
    assert_eq!(couriers, ["correos-spain", "ctt", "mrw"]);
    for event in &read {
        assert_eq!(event.code, Some(200));
        assert_eq!(event.message.as_deref(), Some("Success"));
    }

    let read = events(include_str!("data/events/several_envelopes.json"));
    assert_eq!(numbers(&read), ["EN-1", "EN-2", "EN-3", "EN-4"]);
    let codes = read.iter().map(|event| event.code);
    let codes: Vec<_> = codes.collect();
    assert_eq!(codes, [Some(200), Some(201), Some(201), None]);
    let messages = read.iter().map(|event| event.message.as_deref());
    let messages: Vec<_> = messages.collect();
    assert_eq!(
        messages,
        [Some("first"), Some("second"), Some("second"), None]
    );
}

#[test]
fn events_can_be_borrowed_and_taken() {
    let body = include_str!("data/events/several_parcels.json");
    let events = receive::<Events>(body).unwrap().event;
    let by_reference: Vec<&Event> = (&events).into_iter().collect();
    assert_eq!(by_reference.len(), events.as_slice().len());
    assert!(by_reference.into_iter().eq(events.as_slice()));
    let written = serde_json::to_value(&events).unwrap();
    assert_eq!(written[2]["data"]["courier_code"], "mrw");
    let taken: Vec<Event> = events.clone().into_iter().collect();
    assert_eq!(taken, events.as_slice());
}

#[test]
fn no_parcel_vanishes() {
    let good = r#"{"tracking_number": "N"}"#;
    for (json, path) in [
        (r#"{"data": []}"#.to_owned(), "data"),
        (r#"{"meta": {"code": 4101}, "data": []}"#.to_owned(), "data"),
        ("[]".to_owned(), ""),
        ("[[]]".to_owned(), "[0]"),
        ("{}".to_owned(), ""),
        (r#"{"data": null}"#.to_owned(), "data"),
        (
            r#"{"tracking_number": null, "data": {}}"#.to_owned(),
            "data",
        ),
        (format!(r#"{{"data": [{good}, null]}}"#), "data[1]"),
        (format!(r#"{{"data": [{good}, "Jane"]}}"#), "data[1]"),
        (format!(r#"{{"data": [{good}, [{good}]]}}"#), "data[1]"),
        (
            format!(r#"{{"data": [{good}, {{"id": "Jane"}}]}}"#),
            "data[1]",
        ),
        (
            format!(r#"{{"data": [{good}, {{"tracking_number": ["Jane"]}}]}}"#),
            "data[1].tracking_number",
        ),
        (
            format!(r#"[{good}, {{"data": {{"tracking_number": false}}}}]"#),
            "[1].data.tracking_number",
        ),
        (
            format!(r#"[{good}, {{"Data": {{"TrackingNumber": false}}}}]"#),
            "[1].data.tracking_number",
        ),
        (format!(r#"[{good}, {{"id": "Jane"}}]"#), "[1]"),
        (format!(r#"[{good}, 7]"#), "[1]"),
        (
            format!(r#"{{"data": {{"items": [{good}, {{}}]}}}}"#),
            "data",
        ),
        (r#"{"data": {"items": []}}"#.to_owned(), "data"),
        (
            r#"{"title": "\ud800", "tracking_number": "N"}"#.to_owned(),
            "title",
        ),
    ] {
        assert_eq!(refused_at::<Events>(&json), path, "{json}");
        // A single event is refused at the same place, or at the second parcel.
        let first = refused_at::<Event>(&json);
        assert!(path.starts_with(&*first), "{json}: {first}");
        let error = serde_json::from_str::<Events>(&json).unwrap_err();
        assert!(!error.to_string().contains("Jane"), "{error}");
    }
    for json in [
        format!(r#"{{"data": [{good}, {good}]}}"#),
        format!(r#"{{"data": {good}, "data": {good}}}"#),
        format!(r#"{{"data": {good}, "items": [{good}]}}"#),
        format!("[{good}, {good}]"),
        format!(r#"{{"items": [{good}, {good}]}}"#),
    ] {
        assert_eq!(events(&json).len(), 2, "{json}");
        refused_at::<Event>(&json);
    }
    assert_eq!(
        refused_at::<Event>(&format!(r#"{{"data": [{good}, {good}]}}"#)),
        "data[1]"
    );
}

#[test]
fn a_page_of_the_api_of_v2_is_read() {
    let read = event(include_str!("data/events/v2_page_of_one.json"));
    assert_eq!(read.code, Some(200));
    assert_eq!(read.tracking.tracking_number, "VP-5560");
    assert_eq!(read.tracking.courier_code.as_deref(), Some("yanwen"));
    let place = &read.tracking.latest_checkpoint().unwrap().location;
    assert_eq!(place.as_deref(), Some("YIWU"));
    let read = events(include_str!("data/events/v2_items_without_envelope.json"));
    assert_eq!(numbers(&read), ["VI-1", "VI-2"]);
}

/// They may be goods.
#[test]
fn items_of_a_parcel_are_not_parcels() {
    for items in [
        r#"[{"sku": "A"}]"#,
        r#"[{"tracking_number": "other"}]"#,
        r#"[{"tracking_number": null}, 7]"#,
        "3",
        "{}",
    ] {
        for json in [
            format!(r#"{{"data": {{"items": {items}, "tracking_number": "N"}}}}"#),
            format!(r#"{{"tracking_number": "N", "Items": {items}}}"#),
        ] {
            assert_eq!(event(&json).tracking, Tracking::new("N"), "{json}");
            assert_eq!(events(&json).len(), 1, "{json}");
        }
    }
}

#[test]
fn whitespace_around_a_tracking_number_is_trimmed() {
    let read = event(include_str!("data/events/whitespace_around_number.json"));
    assert_eq!(read.tracking.tracking_number, "WS 880 12");
    for nothing in [r#"" null ""#, r#""\t""#, r#""\u00a0""#] {
        let json = format!(r#"{{"data": {{"tracking_number": {nothing}}}}}"#);
        assert_eq!(refused_at::<Event>(&json), "data.tracking_number");
    }
}

#[test]
fn members_are_read_in_other_spellings() {
    let read = event(include_str!("data/events/other_spellings.json"));
    assert_eq!((read.code, &*read.message.unwrap()), (Some(200), "Success"));
    let expected = json!({
        "tracking_number": "OS-9154",
        "courier_code": "ups",
        "delivery_status": "delivered",
        "substatus": "delivered003",
        "destination_country": "SK",
        "recipient_postcode": "811 01",
        "signed_by": "M. EXAMPLE",
        "weight_kg": "1",
        "scheduled_delivery_date": "2024-05-02",
        "latest_event": "DELIVERED,BRATISLAVA,2024-05-02 11:20:10",
        "latest_checkpoint_time": "2024-05-02 11:20:10",
        "origin_info": {
            "courier_code": "ups",
            "weblink": "https://www.ups.com/",
            "reference_number": "OS-REF",
            "milestone_date": {
                "inforeceived_date": "2024-04-29 15:26",
                "outfordelivery_date": "2024-05-02 08:01",
            },
            "pickup_date": "2024-04-30 19:00",
            "departed_airport_date": "2024-05-01 02:30",
            "trackinfo": [{
                "checkpoint_date": "2024-05-02 11:20:10",
                "checkpoint_delivery_status": "delivered",
                "checkpoint_delivery_substatus": "delivered003",
                "tracking_detail": "DELIVERED",
                "location": "BRATISLAVA, SK",
                "country_iso2": "SK",
                "city": "BRATISLAVA",
                "zip": "811 01",
                "raw_status": "011",
                "ItemNode": "DestinationArrived",
            }],
        },
    });
    assert_eq!(serde_json::to_value(read.tracking).unwrap(), expected);
}

#[test]
fn a_member_under_its_own_name_wins_over_another_spelling() {
    for json in [
        r#"{"tracking_number": "N", "title": "own", "Title": "other"}"#,
        r#"{"Title": "other", "title": "own", "TrackingNumber": "M", "tracking_number": "N"}"#,
        r#"{"Title": "own", "title": null, "tracking_number": "N"}"#,
    ] {
        let read: Tracking = serde_json::from_str(json).unwrap();
        assert_eq!(read.title.as_deref(), Some("own"), "{json}");
        assert_eq!(read.tracking_number, "N", "{json}");
    }
}

#[test]
fn the_latest_event_may_be_an_object_with_a_description() {
    let read = event(include_str!("data/events/latest_event_as_object.json"));
    let latest = read.tracking.latest_event;
    assert_eq!(latest.as_deref(), Some("Handed to the neighbour"));
    for (sent, text) in [
        (json!({"tracking_detail": "Sorted"}), Some("Sorted")),
        (json!({"StatusDescription": "Sorted"}), Some("Sorted")),
        (json!({"description": null, "time": "2024"}), None),
        (json!({"description": {"en": "Sorted"}}), None),
        (json!({}), None),
        (json!(["Sorted"]), None),
        (json!(5), Some("5")),
    ] {
        let read = with(json!({"latest_event": sent})).latest_event;
        assert_eq!(read.as_deref(), text, "{sent}");
    }
}

#[test]
fn a_history_beside_the_legs_goes_to_the_origin_if_they_have_none() {
    let read = event(include_str!("data/events/trackinfo_beside_legs.json")).tracking;
    assert_eq!(read.origin_courier(), Some("ctt"));
    let details = read.checkpoints().into_iter().map(|it| &it.tracking_detail);
    let details: Vec<_> = details.map(|it| it.as_deref().unwrap()).collect();
    assert_eq!(details, ["Delivered", "Sorted"]);
    assert_eq!(read.origin_info.unwrap().trackinfo.len(), 2);

    let beside = json!([{"location": "beside"}]);
    let read = with(json!({"trackinfo": beside}));
    assert_eq!(read.checkpoints().len(), 1);
    for leg in ["origin_info", "destination_info"] {
        let read = with(json!({leg: {"trackinfo": [{"location": "in"}]}, "trackinfo": beside}));
        let [checkpoint] = read.checkpoints()[..] else {
            panic!("{leg}: {read:?}")
        };
        assert_eq!(checkpoint.location.as_deref(), Some("in"), "{leg}");
    }
    for nothing in [json!([]), json!(null), json!("x"), json!({}), json!([7])] {
        assert_eq!(with(json!({"trackinfo": nothing})), Tracking::new("N"));
    }
}

#[test]
fn a_status_and_the_newest_checkpoint_are_both_as_sent() {
    let read = event(include_str!("data/events/status_behind_checkpoint.json")).tracking;
    assert_eq!(read.delivery_status, Some(DeliveryStatus::Transit));
    assert_eq!(read.substatus, Some(Substatus::Transit003));
    let newest = read.latest_checkpoint().unwrap();
    let status = &newest.checkpoint_delivery_status;
    assert_eq!(*status, Some(DeliveryStatus::Delivered));
}

#[test]
fn invalid_utf_8_is_harmless_in_members_that_are_not_read() {
    let body = b"{\"data\": {\"tracking_number\": \"N\", \"unknown\": \"\xff\"}}";
    for body in [&body[..], &[b"\xef\xbb\xbf", &body[..]].concat()] {
        let read = receive::<Event>(body).unwrap().event;
        assert_eq!(read.tracking, Tracking::new("N"));
    }
    let error = receive::<Event>(b"{\"data\": {\"tracking_number\": \"\xff\"}}").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidJson);
}

#[test]
fn an_ordinary_delivery_is_read_correctly() {
    let event = event(include_str!("data/events/ten_checkpoints.json"));
    assert_eq!(event.code, Some(200));
    assert_eq!(
        event.message.as_deref(),
        Some("Request response is successful")
    );

    let tracking = event.tracking;
    assert_eq!(tracking.tracking_number, "LX004217735CN");
    assert_eq!(tracking.delivery_status, Some(DeliveryStatus::Delivered));
    assert_eq!(tracking.substatus, Some(Substatus::Delivered004));
    assert_eq!(tracking.archived.as_deref(), Some("tracking"));
    assert_eq!(tracking.updating, Some(false));
    assert_eq!(tracking.transit_time, Some(9));
    assert_eq!(tracking.customer_name, None);
    assert_eq!(tracking.origin_courier(), Some("china-ems"));
    assert_eq!(tracking.destination_courier(), Some("austrian-post"));
    assert_eq!(tracking.legs().count(), 2);
    let updated = tracking.update_at.as_ref().unwrap();
    assert_eq!(
        updated.instant(),
        Some("2024-03-14T16:02:44Z".parse().unwrap())
    );

    let origin = tracking.origin_info.as_ref().unwrap();
    assert_eq!(origin.weblink.as_deref(), Some("https://www.ems.com.cn/"));
    let milestones = origin.milestone_date.as_ref().unwrap();
    assert_eq!(milestones.pickup_date, origin.pickup_date);
    assert_eq!(milestones.delivery_date, None);

    let checkpoints = tracking.checkpoints();
    assert_eq!(checkpoints.len(), 10);
    let dates = checkpoints
        .iter()
        .map(|it| it.checkpoint_date.as_ref().unwrap().civil().unwrap());
    assert!(dates.is_sorted_by(|newer, older| newer >= older));
    assert_eq!(checkpoints[0].country_iso2.as_deref(), Some("AT"));
    assert_eq!(
        checkpoints[9].checkpoint_delivery_substatus,
        Some(Substatus::InfoReceived001)
    );
    assert_eq!(checkpoints[9].location, None);
}

#[test]
fn every_field_of_v4_is_read_and_written_under_its_name() {
    let json = include_str!("data/events/every_field.json");
    let sent: Value = serde_json::from_str(json).unwrap();
    assert_eq!(sent["data"].as_object().unwrap().len(), 52);
    assert_eq!(sent["data"]["origin_info"].as_object().unwrap().len(), 12);
    assert_eq!(serde_json::to_value(event(json)).unwrap(), sent);
}

#[test]
fn absent_fields_are_not_written() {
    let mut event = Event::new(Tracking::new("1Z"));
    assert_eq!(
        serde_json::to_value(&event).unwrap(),
        json!({"data": {"tracking_number": "1Z"}})
    );
    event.tracking.origin_info = Some(Leg::default());
    assert_eq!(
        serde_json::to_string(&event).unwrap(),
        r#"{"data":{"tracking_number":"1Z","origin_info":{}}}"#
    );
}

#[test]
fn both_envelopes_are_read_and_either_part_may_be_missing() {
    let data = r#""data": {"tracking_number": "1"}"#;
    for (envelope, code, message) in [
        (r#""code": 200, "message": "ok","#, Some(200), Some("ok")),
        (
            r#""meta": {"code": 200, "type": "Success", "message": "ok"},"#,
            Some(200),
            Some("ok"),
        ),
        (
            r#""message": "ok", "meta": {"code": 200},"#,
            Some(200),
            Some("ok"),
        ),
        (
            r#""meta": {"code": 1, "message": "m"}, "code": 200, "message": "","#,
            Some(200),
            Some("m"),
        ),
        (r#""meta": "none","#, None, None),
        (r#""meta": null, "event": "TRACKING_UPDATED","#, None, None),
        ("", None, None),
    ] {
        let event = event(&format!("{{{envelope} {data}}}"));
        assert_eq!(event.code, code, "{envelope}");
        assert_eq!(event.message.as_deref(), message, "{envelope}");
        assert_eq!(event.tracking, Tracking::new("1"));
    }
    let event = event(include_str!("data/events/meta_envelope_array_of_one.json"));
    assert_eq!(
        (event.code, event.message.as_deref()),
        (Some(200), Some("Success"))
    );
    assert_eq!(event.tracking.origin_info, None);
}

#[test]
fn v2_is_read_into_the_same_fields() {
    let tracking = event(include_str!("data/events/v2_pascal_case.json")).tracking;
    let written = serde_json::to_value(&tracking).unwrap();
    for (name, value) in [
        ("courier_code", json!("singapore-post")),
        ("delivery_status", json!("transit")),
        ("updating", json!(true)),
        ("update_at", json!("2018-05-09T22:04:40+08:00")),
        ("order_date", json!("2018-05-01 23:10")),
        ("order_number", json!("7731")),
        ("order_id", json!("7731")),
        ("customer_email", json!("jo@example.com")),
        ("note", json!("ring twice")),
        ("archived", json!("false")),
        ("origin_country", json!("Singapore")),
        ("destination_country", json!("Netherlands")),
        ("transit_time", json!(8)),
        ("stay_time", json!(2)),
        (
            "latest_event",
            json!("Left the airport,Singapore,2018-05-04 01:00"),
        ),
        ("latest_checkpoint_time", json!("2018-05-04 01:00")),
        (
            "destination_info",
            json!({"reference_number": "NL-22", "courier_code": "postnl"}),
        ),
    ] {
        assert_eq!(written[name], value, "{name}");
    }
    let leg = &written["origin_info"];
    for (name, value) in [
        ("pickup_date", "2018-05-02 14:20"),
        ("dispatched_date", "2018-05-03 02:11"),
        ("departed_airport_date", "2018-05-04 01:00"),
        ("arrived_destination_date", "2018-05-08 07:45"),
        ("courier_phone", "+65 6841 2000"),
        ("courier_code", "singapore-post"),
    ] {
        assert_eq!(leg[name], value, "{name}");
    }
    assert_eq!(
        leg["trackinfo"][1],
        json!({
            "checkpoint_date": "2018-05-02 14:20",
            "checkpoint_delivery_status": "transit",
            "tracking_detail": "Posted",
            "ItemNode": "ItemReceived",
        })
    );
}

#[test]
fn v3_is_read_into_the_same_fields() {
    let tracking = event(include_str!("data/events/v3_names.json")).tracking;
    let written = serde_json::to_value(&tracking).unwrap();
    for (name, value) in [
        ("update_at", json!("2022-02-05T17:31:12.000Z")),
        ("archived", json!("true")),
        ("origin_country", json!("US")),
        ("destination_country", json!("CA")),
        ("customer_sms", json!("+1 555 0100")),
        ("signed_by", json!("M. EXAMPLE")),
        ("exchange_number", json!("X-1")),
        ("scheduled_address", json!("1 Sample Street")),
        ("latest_checkpoint_time", json!("2022-02-05 12:02")),
        ("stay_time", json!(3)),
    ] {
        assert_eq!(written[name], value, "{name}");
    }
    assert_eq!(written["origin_info"]["pickup_date"], "2022-02-01 18:46");
    let label = tracking.checkpoints()[1];
    assert_eq!(
        label.checkpoint_delivery_status,
        Some(DeliveryStatus::Transit)
    );
    assert_eq!(
        label.checkpoint_delivery_substatus,
        Some(Substatus::NotFound001)
    );
}

#[test]
fn the_v4_name_wins_over_an_older_one_in_any_order() {
    let tracking = event(include_str!("data/events/old_and_new_names.json")).tracking;
    assert_eq!(tracking.delivery_status, Some(DeliveryStatus::Delivered));
    assert_eq!(tracking.courier_code.as_deref(), Some("ups"));
    assert_eq!(tracking.note.as_deref(), Some("new"));
    let leg = tracking.origin_info.as_ref().unwrap();
    assert_eq!(leg.pickup_date, Some(Time::new("2020-01-02 10:00")));
    let status = &leg.trackinfo[0].checkpoint_delivery_status;
    assert_eq!(*status, Some(DeliveryStatus::Delivered));
}

#[test]
fn an_empty_v4_name_keeps_the_value_of_the_older_one() {
    let tracking = event(include_str!("data/events/old_and_new_names.json")).tracking;
    assert_eq!(
        tracking.update_at,
        Some(Time::new("2020-01-01T00:00:00+00:00"))
    );
    let place = &tracking.checkpoints()[0].location;
    assert_eq!(place.as_deref(), Some("old place"));
}

#[test]
fn an_older_name_counts_after_an_empty_v4_name() {
    let read = |json: &str| serde_json::from_str::<Tracking>(json).unwrap().update_at;
    let update = Some(Time::new("2024-01-05T10:00:00Z"));
    for nothing in ["null", r#""""#, r#""null""#, "[]", "{}"] {
        let json = format!(
            r#"{{"tracking_number": "N", "update_at": {nothing}, "updated_at": "2024-01-05T10:00:00Z"}}"#
        );
        assert_eq!(read(&json), update, "{nothing}");
        let json = format!(
            r#"{{"updated_at": "2024-01-05T10:00:00Z", "update_at": {nothing}, "tracking_number": "N"}}"#
        );
        assert_eq!(read(&json), update, "{nothing}");
    }
}

#[test]
fn the_last_usable_duplicate_wins() {
    let event = event(include_str!("data/events/duplicate_keys.json"));
    assert_eq!(event.code, Some(200));
    let tracking = event.tracking;
    assert_eq!(tracking.tracking_number, "DU-1");
    assert_eq!(tracking.delivery_status, Some(DeliveryStatus::Delivered));
    assert_eq!(tracking.courier_code.as_deref(), Some("usps"));
    let place = &tracking.latest_checkpoint().unwrap().location;
    assert_eq!(place.as_deref(), Some("Graz"));
}

#[test]
fn null_and_empty_values_are_none() {
    let tracking = event(include_str!("data/events/text_nulls.json")).tracking;
    assert_eq!(tracking, Tracking::new("NU-1"));
}

#[test]
fn wrong_types_are_read_where_they_make_sense() {
    let event = event(include_str!("data/events/wrong_types.json"));
    assert_eq!(
        (event.code, event.message.as_deref()),
        (Some(200), Some("7"))
    );
    let mut expected = Tracking::new("5520093371");
    expected.order_number = Some("42".into());
    expected.substatus = Some(Substatus::Unknown("3".into()));
    expected.archived = Some("false".into());
    expected.updating = Some(true);
    expected.pieces = Some(3);
    expected.transit_time = Some(4);
    expected.weight = Some("12.5".into());
    expected.note = Some("true".into());
    expected.tracking_ship_date = Some(Time::new("20240105"));
    let mut checkpoint = Checkpoint::default();
    checkpoint.checkpoint_date = Some(Time::new("2024-01-05 10:00"));
    checkpoint.location = Some("7".into());
    checkpoint.zip = Some("4020".into());
    let mut leg = Leg::default();
    leg.courier_code = Some("5".into());
    leg.trackinfo.push(checkpoint);
    expected.destination_info = Some(leg);
    assert_eq!(event.tracking, expected);
}

#[test]
fn unknown_members_are_ignored_and_unknown_codes_kept() {
    let tracking = event(include_str!("data/events/unknown_members_and_codes.json")).tracking;
    assert_eq!(tracking.delivery_status.as_ref().unwrap(), "Created");
    let substatus = tracking.substatus.as_ref().unwrap();
    assert_eq!(substatus, "transit099");
    assert_eq!(substatus.family(), Some(DeliveryStatus::Transit));
    let leg = tracking.origin_info.as_ref().unwrap();
    assert_eq!(leg.milestone_date, Some(Milestones::default()));
    assert_eq!(
        leg.trackinfo[0]
            .checkpoint_delivery_status
            .as_ref()
            .unwrap(),
        "customs"
    );
}

#[test]
fn histories_are_read_through_the_tracking() {
    let details = |json| -> Vec<_> {
        let history = event(json).tracking;
        let details = history
            .checkpoints()
            .into_iter()
            .map(|it| it.tracking_detail.clone());
        details.map(Option::unwrap).collect()
    };
    assert_eq!(
        details(include_str!(
            "data/events/both_legs_share_a_checkpoint.json"
        )),
        ["Delivered", "Arrived abroad", "Posted"]
    );
    assert_eq!(
        details(include_str!("data/events/oldest_first_mixed_times.json")),
        ["unparsed", "4", "3", "no time", "2", "1"]
    );
}

#[test]
fn a_later_delivery_of_the_same_parcel_is_newer() {
    let first = event(include_str!("data/events/ten_checkpoints.json")).tracking;
    let mut second = first.clone();
    second.update_at = Some(Time::new("2024-03-14T17:02:44+00:00"));
    assert_eq!(second.freshness(&first), Freshness::Newer);
    assert_eq!(first.freshness(&second), Freshness::Older);
    assert_eq!(first.freshness(&first), Freshness::CannotTell);
}

#[test]
fn only_an_e_mail_address_may_be_sent_in_an_array() {
    let read = with(json!({"customer_email": [null, "", ["x"], "a@b.example", "c@d.example"]}));
    assert_eq!(read.customer_email.as_deref(), Some("a@b.example"));
    let read = with(json!({"customer_email": [], "customer_name": ["Jane"], "title": [1]}));
    assert_eq!(read, Tracking::new("N"));
}

#[test]
fn an_order_id_is_the_order_number_where_there_is_no_other() {
    let read = with(json!({"order_id": "7", "order_number": "8"}));
    assert_eq!(read.order_number.as_deref(), Some("8"));
    assert_eq!(read.order_id.as_deref(), Some("7"));
    let read = with(json!({"order_number": "8"}));
    assert_eq!(read.order_id, None);
}

#[test]
fn a_tracking_number_that_is_a_whole_number_is_its_text() {
    for (sent, number) in [("7", "7"), ("18446744073709551615", "18446744073709551615")] {
        let json = format!(r#"{{"data": {{"tracking_number": {sent}}}}}"#);
        assert_eq!(event(&json).tracking.tracking_number, number);
    }
}

#[test]
fn only_a_tracking_number_is_required_and_the_path_to_it_is_reported() {
    for unusable in [
        "null",
        r#""""#,
        r#""null""#,
        r#"" ""#,
        "true",
        "1.5",
        "[]",
        r#"["Jane"]"#,
        r#"{"Jane": "Doe"}"#,
        "77120044188300975512367712004418830097551236",
    ] {
        let (path, error) = refusal(&format!(r#"{{"data": {{"tracking_number": {unusable}}}}}"#));
        assert_eq!(path, "data.tracking_number", "{unusable}");
        assert!(error.starts_with("expected a text"), "{error}");
        let (path, _) = refusal(&format!(
            r#"{{"data": [{{"tracking_number": {unusable}}}]}}"#
        ));
        assert_eq!(path, "data[0].tracking_number", "{unusable}");
    }
    let (path, error) = refusal(r#"{"code": 200, "data": {"courier_code": "usps"}}"#);
    assert_eq!(path, "data");
    assert!(
        error.starts_with("missing field `tracking_number`"),
        "{error}"
    );
    let (path, error) = refusal(r#"{"code": 200, "message": "ok"}"#);
    assert_eq!(path, "");
    assert!(error.starts_with("missing field `data`"), "{error}");
}

#[test]
fn what_is_not_one_parcel_is_refused_without_quoting_it() {
    let parcel = r#"{"tracking_number": "Jane"}"#;
    for data in [
        "null",
        "424242",
        r#""Jane""#,
        "false",
        "[]",
        r#"["Jane"]"#,
        "[[]]",
        &format!("[[{parcel}]]"),
        &format!("[{parcel}, {parcel}]"),
    ] {
        let (path, error) = refusal(&format!(r#"{{"data": {data}}}"#));
        assert!(path.starts_with("data"), "{data}: {path}");
        assert!(error.starts_with("expected an object"), "{data}: {error}");
        assert!(
            !error.contains("Jane") && !error.contains("424242"),
            "{data}: {error}"
        );
    }
    for body in [
        "null",
        "-424242",
        r#""Jane""#,
        "[]",
        r#"["Jane"]"#,
        &format!("[[{parcel}]]"),
        &format!("[{parcel}, {parcel}]"),
    ] {
        let (path, error) = refusal(body);
        assert!(path.is_empty() || path.starts_with('['), "{body}: {path}");
        assert!(error.starts_with("expected an object"), "{body}: {error}");
    }
}

#[test]
fn broken_json_is_reported_as_broken_json() {
    for (json, category) in [
        ("", Category::Eof),
        ("{", Category::Eof),
        ("nope", Category::Syntax),
        (r#"{"data": nope}"#, Category::Syntax),
        (r#"{"data": ["#, Category::Eof),
        (r#""Jane""#, Category::Data),
        (r#"{"data": "Jane"}"#, Category::Data),
    ] {
        let error = serde_json::from_str::<Event>(json).unwrap_err();
        assert_eq!(error.classify(), category, "{json}: {error}");
        assert!(!error.to_string().contains("Jane"), "{error}");
    }
}

#[test]
fn the_parts_are_as_lenient_inside_other_types() {
    #[derive(Deserialize)]
    struct Mine {
        substatus: Option<Substatus>,
        status: DeliveryStatus,
        updated: Option<Time>,
        origin: Leg,
        destination: Option<Leg>,
        milestones: Milestones,
    }
    let mine: Mine = serde_json::from_str(
        r#"{"substatus": "", "status": 3, "updated": "", "origin": [], "destination": null, "milestones": []}"#,
    )
    .unwrap();
    assert_eq!(mine.substatus, Some(Substatus::Unknown(String::new())));
    assert_eq!(mine.status, DeliveryStatus::Unknown("3".into()));
    assert_eq!(mine.updated, Some(Time::new("")));
    assert_eq!(mine.origin, Leg::default());
    assert_eq!(mine.destination, None);
    assert_eq!(mine.milestones, Milestones::default());
    for json in ["null", "7", r#""x""#, "[[]]"] {
        assert_eq!(serde_json::from_str::<Leg>(json).unwrap(), Leg::default());
    }
    assert!(serde_json::from_str::<Leg>("[").is_err());
    assert!(serde_json::from_str::<Checkpoint>("[]").is_err());
}

#[test]
fn hostile_json_is_an_error_or_a_value() {
    let deep = |open: &str, close: &str| open.repeat(60_000) + &close.repeat(60_000);
    let nested = [
        deep("[", "]"),
        deep(r#"{"data":"#, "}").replace(":}", ":0}"),
    ];
    for nested in &nested {
        for member in [
            "title",
            "trackinfo",
            "origin_info",
            "customer_email",
            "update_at",
            "x",
        ] {
            let json = format!(r#"{{"data": {{"tracking_number": "1", "{member}": {nested}}}}}"#);
            let tracking = event(&json).tracking;
            assert_eq!(tracking.title, None, "{member}");
            assert!(
                tracking.legs().all(|leg| *leg == Leg::default()),
                "{member}"
            );
            let json = format!(
                r#"{{"data": {{"tracking_number": "1", "origin_info": {{"{member}": {nested}}}}}}}"#
            );
            let tracking = event(&json).tracking;
            assert_eq!(tracking.origin_info, Some(Leg::default()), "{member}");
        }
        for json in [
            nested.clone(),
            format!(r#"{{"data": {nested}}}"#),
            format!(r#"{{"data": [{nested}]}}"#),
            format!(r#"{{"data": {{"items": {nested}}}}}"#),
            format!(r#"{{"data": {{"items": [{nested}]}}}}"#),
            format!(r#"{{"meta": {nested}}}"#),
            format!(r#"{{"data": {{"tracking_number": {nested}}}}}"#),
        ] {
            assert!(serde_json::from_str::<Event>(&json).is_err());
            assert!(serde_json::from_str::<Events>(&json).is_err());
            assert!(receive::<Events>(&json).is_err());
        }
    }
    let digits = "9".repeat(400);
    for value in [
        "1e999",
        &digits,
        "-1e-999",
        r#""\ud800""#,
        "123456789012345678901234567890",
    ] {
        for member in [
            "pieces",
            "title",
            "update_at",
            "origin_info",
            "updating",
            "code",
        ] {
            let json = format!(r#"{{"data": {{"tracking_number": "1", "{member}": {value}}}}}"#);
            if let Ok(event) = serde_json::from_str::<Event>(&json) {
                assert_eq!(event.tracking.tracking_number, "1");
            }
        }
        let json = format!(r#"{{"data": {{"tracking_number": "1", "not_a_field": {value}}}}}"#);
        assert_eq!(event(&json).tracking, Tracking::new("1"));
    }
    assert!(serde_json::from_slice::<Event>(b"{\"data\":{\"tracking_number\":\"\xff\"}}").is_err());
}

const PERSONAL: [&str; 24] = [
    "customer_name",
    "customer_email",
    "customer_sms",
    "recipient_postcode",
    "tracking_postal_code",
    "tracking_key",
    "tracking_courier_account",
    "origin_state",
    "origin_city",
    "destination_state",
    "destination_city",
    "previously",
    "scheduled_address",
    "signed_by",
    "note",
    "title",
    "status_info",
    "latest_event",
    "tracking_detail",
    "location",
    "state",
    "city",
    "zip",
    "raw_status",
];

#[test]
fn debug_shows_that_personal_data_is_there_but_not_the_data() {
    let json = include_str!("data/events/every_field.json");
    let event = event(json);
    let outputs = [format!("{event:?}"), format!("{event:#?}")];
    let mut personal = 0;
    walk(&serde_json::from_str(json).unwrap(), &mut |name, value| {
        for output in &outputs {
            if PERSONAL.contains(&name) {
                assert!(output.contains(&format!("{name}: Some(")), "{name}");
                assert!(!output.contains(value), "{name} is shown");
                personal += 1;
            } else {
                let shown = output.to_lowercase();
                assert!(shown.contains(&value.to_lowercase()), "{name} is not shown");
            }
        }
    });
    assert_eq!(personal, 2 * (18 + 2 * 6));
    assert!(outputs[0].contains("customer_name: Some(<redacted>)"));
    for absent in ["customer_name", "origin_info", "trackinfo"] {
        let event = Event::new(Tracking::new("1"));
        assert!(!format!("{event:?}").contains(absent));
    }
}

fn walk(value: &Value, visit: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if let Some(text) = value.as_str() {
                    visit(name, text);
                }
                walk(value, visit);
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| walk(entry, visit)),
        _ => {}
    }
}

#[test]
fn the_types_implement_the_usual_traits() {
    fn anywhere<T: Send + Sync + Clone + std::fmt::Debug + Eq + std::hash::Hash + 'static>() {}
    anywhere::<Event>();
    anywhere::<Events>();
    anywhere::<Tracking>();
    anywhere::<Leg>();
    anywhere::<Milestones>();
    anywhere::<Checkpoint>();
    anywhere::<DeliveryStatus>();
    anywhere::<Substatus>();
    anywhere::<Time>();
    anywhere::<Freshness>();
}
