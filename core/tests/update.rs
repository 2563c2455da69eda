//! What a delivery changes, by example.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use trackingmore_webhook::{Checkpoint, DeliveryStatus, Freshness, Tracking, Update};

const T1: &str = "2024-05-01T12:00:00+00:00";
const T2: &str = "2024-05-02T12:00:00+00:00";
const T3: &str = "2024-05-03T12:00:00+00:00";
const T9: &str = "2024-05-09T12:00:00+00:00";

fn parcel(mut json: Value) -> Tracking {
    json["tracking_number"] = json!("1");
    serde_json::from_value(json).unwrap()
}

fn status(status: &str, update_at: Option<&str>) -> Tracking {
    parcel(json!({"delivery_status": status, "update_at": update_at}))
}

/// A parcel with these times, details and places in its leg of origin.
fn scans(list: &[(&str, &str, &str)]) -> Tracking {
    parcel(json!({"origin_info": leg(list)}))
}

fn leg(list: &[(&str, &str, &str)]) -> Value {
    let checkpoint = |(time, detail, place): &(&str, &str, &str)| json!({"checkpoint_date": time, "tracking_detail": detail, "location": place});
    json!({"trackinfo": list.iter().map(checkpoint).collect::<Vec<_>>()})
}

fn at(mut tracking: Tracking, update_at: &str) -> Tracking {
    tracking.update_at = Some(update_at.into());
    tracking
}

/// Handles one delivery after another, and returns the updates.
fn handle(deliveries: impl IntoIterator<Item = Tracking>) -> Vec<Update> {
    let mut known = None;
    let handle_one = |sent| {
        let update = Update::new(known.take(), sent);
        known = Some(update.tracking().clone());
        update
    };
    deliveries.into_iter().map(handle_one).collect()
}

/// The statuses that are reported.
fn reported(updates: &[Update]) -> Vec<DeliveryStatus> {
    let changes = updates.iter().filter_map(Update::status);
    changes.map(|change| change.to).collect()
}

fn known(updates: &[Update]) -> &Tracking {
    updates.last().unwrap().tracking()
}

/// Each as `time detail @place`.
fn texts<'a>(checkpoints: impl IntoIterator<Item = &'a Checkpoint>) -> Vec<String> {
    let text = |it: &Checkpoint| {
        let time = it
            .checkpoint_date
            .as_ref()
            .map_or("-", |time| time.as_str());
        let detail = it.tracking_detail.as_deref().unwrap_or_default();
        let place = it.location.as_ref().or(it.city.as_ref());
        let place = place.map(|place| format!(" @{place}"));
        format!("{time} {detail}{}", place.unwrap_or_default())
    };
    checkpoints.into_iter().map(text).collect()
}

fn history(tracking: &Tracking) -> Vec<String> {
    texts(tracking.checkpoints())
}

// The first delivery, and repeated ones.

#[test]
fn everything_is_new_in_the_first_delivery_of_a_parcel() {
    let mut sent = scans(&[("2024-05-01 10:00", "b", ""), ("2024-05-01 09:00", "a", "")]);
    sent.delivery_status = Some(DeliveryStatus::Transit);
    let update = Update::new(None, sent.clone());
    assert_eq!(update.previous(), None);
    assert_eq!(update.tracking(), &sent);
    let change = update.status().unwrap();
    assert_eq!((change.from, change.to), (None, DeliveryStatus::Transit));
    let new = ["2024-05-01 09:00 a", "2024-05-01 10:00 b"];
    assert_eq!(texts(update.checkpoints()), new);
    assert!(update.backfilled().is_empty());
    assert_eq!(update.freshness(), Freshness::Newer);
    assert!(update.is_news());
    assert_eq!(update.into_tracking(), sent);
}

#[test]
fn the_same_delivery_again_is_no_news() {
    let mut sent = scans(&[("2024-05-01 10:00", "b", ""), ("2024-05-01 09:00", "a", "")]);
    sent.delivery_status = Some(DeliveryStatus::Transit);
    for update_at in [None, Some("soon"), Some(T1)] {
        sent.update_at = update_at.map(Into::into);
        let update = Update::new(Some(sent.clone()), sent.clone());
        assert_eq!(update.previous(), Some(&sent));
        assert_eq!(update.tracking(), &sent);
        assert_eq!(update.status(), None);
        assert!(update.checkpoints().is_empty() && update.backfilled().is_empty());
        assert_eq!(update.freshness(), Freshness::CannotTell);
        assert!(!update.is_news());
    }
}

#[test]
fn a_list_stored_as_it_was_sent_is_no_news() {
    let twice = ("2024-05-01 09:00", "a", "");
    let sent = scans(&[twice, ("2024-05-01 10:00", "b", ""), twice]);
    let update = Update::new(Some(sent.clone()), sent.clone());
    assert!(!update.is_news());
    assert_eq!(update.tracking(), &sent);
}

// A null, an empty or shorter leg, or a bare number erases nothing.

#[test]
fn missing_values_erase_nothing() {
    let event = include_str!("data/events/every_field.json");
    let event: trackingmore_webhook::Event = serde_json::from_str(event).unwrap();
    let known = Update::new(None, event.tracking).into_tracking();
    let members = serde_json::to_value(&known).unwrap();
    let bare = json!({"tracking_number": known.tracking_number});
    let mut sent: Vec<_> = ["origin_info", "destination_info"]
        .into_iter()
        .flat_map(|leg| {
            [
                json!({leg: {}}),
                json!({leg: {"trackinfo": []}}),
                json!({leg: null}),
            ]
        })
        .collect();
    sent.push(json!({}));
    sent.push(json!({"update_at": "2099-01-01T00:00:00Z"}));
    sent.push(json!({"origin_info": {"milestone_date": {}}}));
    // The order number, read from the order's id where there is none.
    let names = members.as_object().unwrap().keys();
    for member in names.filter(|name| *name != "order_id") {
        sent.push(json!({member: null}));
        sent.push(json!({member: members[member]}));
    }
    for mut sent in sent {
        sent["tracking_number"] = bare["tracking_number"].clone();
        let update = Update::new(
            Some(known.clone()),
            serde_json::from_value(sent.clone()).unwrap(),
        );
        assert_eq!(update.tracking(), &known, "{sent}");
        assert!(!update.is_news(), "{sent}");
    }
}

#[test]
fn a_newer_delivery_changes_each_field_and_an_older_one_only_fills_gaps() {
    let event = include_str!("data/events/every_field.json");
    let event: trackingmore_webhook::Event = serde_json::from_str(event).unwrap();
    let mut full = Update::new(None, event.tracking).into_tracking();
    full.update_at = Some(T2.into());
    full.origin_info.as_mut().unwrap().trackinfo.clear();
    full.destination_info.as_mut().unwrap().trackinfo.clear();

    let mut gaps = Tracking::new(full.tracking_number.clone());
    gaps.update_at = Some(T3.into());
    gaps.delivery_status = full.delivery_status.clone();
    let update = Update::new(Some(gaps.clone()), full.clone());
    assert_eq!(update.freshness(), Freshness::Older);
    assert_eq!(update.tracking(), &at(full.clone(), T3));

    let other = serde_json::to_string(&full).unwrap();
    let other = other.replace("\"2", "\"1").replace("true", "false");
    let mut other: Tracking = serde_json::from_str(&other).unwrap();
    other.title = Some("other".into());
    other.delivery_status = Some(DeliveryStatus::Exception);
    other.courier_code.clone_from(&full.courier_code);
    other.tracking_number.clone_from(&full.tracking_number);
    let older = Update::new(Some(full.clone()), at(other.clone(), T1));
    assert_eq!(older.tracking(), &full);
    assert!(!older.is_news());
    let newer = Update::new(Some(full), at(other.clone(), T3));
    assert_eq!(newer.tracking(), &at(other, T3));
}

#[test]
fn a_delivery_without_a_status_changes_neither_the_substatus_nor_the_update_time() {
    let known =
        parcel(json!({"delivery_status": "transit", "substatus": "transit001", "update_at": T1}));
    let sent = parcel(json!({"substatus": "delivered001", "update_at": T2, "title": "new"}));
    let update = Update::new(Some(known), sent);
    let after = parcel(
        json!({"delivery_status": "transit", "substatus": "transit001", "update_at": T1, "title": "new"}),
    );
    assert_eq!(update.tracking(), &after);
    assert_eq!(update.status(), None);
    // Without any status, the delivery that arrives later counts.
    let known = parcel(json!({"substatus": "transit001", "update_at": T2}));
    let older = parcel(json!({"substatus": "transit002", "update_at": T1}));
    assert_eq!(
        Update::new(Some(known.clone()), older.clone()).tracking(),
        &known
    );
    assert_eq!(Update::new(Some(older), known.clone()).tracking(), &known);
    let unclear = parcel(json!({"update_at": "soon"}));
    assert_eq!(Update::new(Some(known.clone()), unclear).tracking(), &known);
}

// The status.

#[test]
fn delivered_then_no_status_then_an_older_transit_stays_delivered_and_is_reported_once() {
    let updates = handle([
        status("delivered", Some(T2)),
        parcel(json!({})),
        status("transit", Some(T1)),
    ]);
    assert_eq!(reported(&updates), ["delivered"]);
    assert_eq!(known(&updates), &status("delivered", Some(T2)));
}

#[test]
fn delivered_then_a_transit_without_times_stays_delivered() {
    let mut sent = status("transit", None);
    sent.title = Some("stored all the same".into());
    for update_at in [None, Some(T2)] {
        let updates = handle([status("delivered", update_at), sent.clone()]);
        assert_eq!(reported(&updates), ["delivered"]);
        assert_eq!(known(&updates).title, sent.title);
    }
}

#[test]
fn delivered_then_a_surely_newer_exception_is_the_exception() {
    let updates = handle([status("delivered", Some(T1)), status("exception", Some(T2))]);
    assert_eq!(reported(&updates), ["delivered", "exception"]);
    let change = updates[1].status().unwrap();
    assert_eq!(change.from, Some(DeliveryStatus::Delivered));
    assert_eq!(known(&updates), &status("exception", Some(T2)));
}

#[test]
fn delivered_with_the_same_update_time_is_not_taken_back() {
    let updates = handle([status("delivered", Some(T1)), status("transit", Some(T1))]);
    assert_eq!(reported(&updates), ["delivered"]);
    let updates = handle([status("transit", Some(T1)), status("delivered", Some(T1))]);
    assert_eq!(reported(&updates), ["transit", "delivered"]);
    let updates = handle([status("transit", Some(T1)), status("pickup", Some(T1))]);
    assert_eq!(reported(&updates), ["transit", "pickup"]);
}

#[test]
fn delivered_without_an_update_time_is_not_taken_back_by_an_old_one() {
    let updates = handle([
        status("inforeceived", Some(T1)),
        status("delivered", None),
        status("transit", Some(T2)),
    ]);
    assert_eq!(reported(&updates), ["inforeceived", "delivered"]);
    assert_eq!(known(&updates), &status("delivered", None));
    let updates = handle([
        status("inforeceived", Some(T1)),
        status("delivered", Some("soon")),
    ]);
    assert_eq!(known(&updates), &status("delivered", None));
    assert!(
        !Update::new(
            Some(known(&updates).clone()),
            status("delivered", Some("soon"))
        )
        .is_news()
    );
}

#[test]
fn delivered_again_gets_the_update_time_that_it_lacked() {
    let updates = handle([
        status("delivered", None),
        status("delivered", Some(T2)),
        status("transit", Some(T1)),
    ]);
    assert_eq!(known(&updates), &status("delivered", Some(T2)));
    let updates = handle([status("delivered", Some(T2)), status("delivered", None)]);
    assert_eq!(known(&updates), &status("delivered", Some(T2)));
}

#[test]
fn a_delivery_without_a_status_does_not_keep_later_ones_out() {
    let updates = handle([
        parcel(json!({"update_at": T3})),
        status("inforeceived", Some(T1)),
        status("transit", Some(T2)),
    ]);
    assert_eq!(reported(&updates), ["inforeceived", "transit"]);
    assert_eq!(known(&updates), &status("transit", Some(T2)));
}

#[test]
fn a_first_status_that_is_older_than_what_is_known_is_news_only_once() {
    let first = parcel(json!({"update_at": T3, "title": "a"}));
    let mut then = status("transit", Some(T1));
    then.title = Some("b".into());
    let updates = handle([first, then.clone(), then]);
    assert_eq!(updates[1].freshness(), Freshness::CannotTell);
    assert!(!updates[2].is_news());
}

#[test]
fn an_update_time_that_is_not_understood_is_ignored() {
    let updates = handle([
        status("pickup", Some(T2)),
        status("pickup", Some("soon")),
        status("transit", Some(T1)),
    ]);
    assert_eq!(reported(&updates), ["pickup"]);
    assert_eq!(known(&updates), &status("pickup", Some(T2)));
}

#[test]
fn a_status_without_an_update_time_does_not_let_an_older_one_return() {
    let updates = handle([
        status("transit", Some(T2)),
        status("pickup", None),
        status("transit", Some(T1)),
    ]);
    assert_eq!(reported(&updates), ["transit", "pickup"]);
    assert_eq!(known(&updates), &status("pickup", Some(T2)));
}

#[test]
fn a_shorter_list_of_the_same_update_time_is_not_older() {
    let long = scans(&[("2024-05-01 10:00", "b", ""), ("2024-05-01 09:00", "a", "")]);
    let mut short = scans(&[("2024-05-01 09:00", "a", "")]);
    short.delivery_status = Some(DeliveryStatus::Pickup);
    let updates = handle([at(long.clone(), T1), at(short.clone(), T1)]);
    assert_eq!(updates[1].freshness(), Freshness::CannotTell);
    assert_eq!(reported(&updates), ["pickup"]);
    assert_eq!(history(known(&updates)), history(&long));
    // Without an update time, it is.
    short.delivery_status = None;
    assert_eq!(short.freshness(&long), Freshness::Older);
    let again = at(short, T1).freshness(&at(long, T1));
    assert_eq!(again, Freshness::CannotTell);
}

#[test]
fn delivered_without_an_update_time_is_taken_back_by_a_surely_later_checkpoint() {
    let with = |status: &str, list: &[(&str, &str, &str)]| {
        let mut sent = scans(list);
        sent.delivery_status = Some(status.into());
        sent
    };
    let delivered = with("delivered", &[("2024-05-02 10:00", "Delivered", "")]);
    let later = ("2024-05-03 10:00", "Back again", "");
    let updates = handle([delivered.clone(), at(with("exception", &[later]), T3)]);
    assert_eq!(reported(&updates), ["delivered", "exception"]);
    assert_eq!(known(&updates).update_at, Some(T3.into()));
    for unsure in ["2024-05-02", "2024-05-02 10:00", "soon"] {
        let updates = handle([
            delivered.clone(),
            at(with("exception", &[(unsure, "", "")]), T3),
        ]);
        assert_eq!(reported(&updates), ["delivered"], "{unsure}");
    }
    // If both have an update time, that alone decides.
    let updates = handle([at(delivered, T3), at(with("exception", &[later]), T2)]);
    assert_eq!(reported(&updates), ["delivered"]);
}

#[test]
fn a_substatus_goes_with_its_status() {
    let full = |status: &str, substatus: Option<&str>, update_at: &str| {
        parcel(json!({"delivery_status": status, "substatus": substatus, "update_at": update_at}))
    };
    let transit = full("transit", Some("transit001"), T1);
    let delivered = full("delivered", None, T2);
    let updates = handle([transit.clone(), delivered.clone()]);
    assert_eq!(known(&updates), &delivered);
    let updates = handle([delivered.clone(), transit.clone()]);
    assert_eq!(known(&updates), &delivered);
    // A repeated status does not lose it.
    for order in [[T1, T2], [T2, T1]] {
        let [first, second] = order;
        let updates = handle([
            full("transit", Some("transit001"), first),
            full("transit", None, second),
        ]);
        assert_eq!(known(&updates), &full("transit", Some("transit001"), T2));
    }
    let updates = handle([transit, full("transit", Some("transit002"), T2)]);
    assert_eq!(known(&updates), &full("transit", Some("transit002"), T2));
}

#[test]
fn a_null_between_two_transits_reports_transit_once() {
    let updates = handle([
        status("transit", None),
        parcel(json!({"delivery_status": null})),
        status("transit", None),
    ]);
    assert_eq!(reported(&updates), ["transit"]);
}

// Late checkpoints.

const DELIVERED: (&str, &str, &str) = ("2024-05-03 10:00", "Delivered", "");
const OUT: (&str, &str, &str) = ("2024-05-03 08:00", "Out for delivery", "");
const ARRIVED: (&str, &str, &str) = ("2024-05-02 08:00", "Arrived", "");

#[test]
fn a_checkpoint_earlier_than_the_known_ones_is_backfilled() {
    let updates = handle([
        at(scans(&[DELIVERED, ARRIVED]), T3),
        at(scans(&[DELIVERED, OUT, ARRIVED]), T9),
    ]);
    assert!(updates[1].checkpoints().is_empty());
    assert_eq!(
        texts(updates[1].backfilled()),
        ["2024-05-03 08:00 Out for delivery"]
    );
    assert!(updates[1].is_news());
    assert_eq!(
        history(known(&updates)),
        history(&scans(&[DELIVERED, OUT, ARRIVED]))
    );
    // Even from an older delivery, from which nothing else is taken.
    let updates = handle([at(scans(&[DELIVERED]), T9), at(scans(&[OUT, ARRIVED]), T3)]);
    assert_eq!(updates[1].freshness(), Freshness::Older);
    assert_eq!(updates[1].backfilled().len(), 2);
    // A date above does not hide that the time below it is later.
    let signed = ("2024-05-03", "Signed", "");
    let updates = handle([at(scans(&[signed, DELIVERED]), T3), at(scans(&[OUT]), T3)]);
    assert_eq!(updates[1].backfilled().len(), 1);
    // A checkpoint that may be later is reported.
    let same_day = ("2024-05-03", "Signed", "");
    let updates = handle([
        at(scans(&[DELIVERED]), T3),
        at(scans(&[same_day, DELIVERED]), T9),
    ]);
    assert_eq!(texts(updates[1].checkpoints()), ["2024-05-03 Signed"]);
}

#[test]
fn a_forecast_does_not_make_real_checkpoints_late() {
    let forecast = ("2024-05-20 12:00", "Expected 20 May", "");
    let updates = handle([
        at(scans(&[forecast, ARRIVED]), T3),
        at(scans(&[forecast, OUT, ARRIVED]), T9),
    ]);
    assert_eq!(
        texts(updates[1].checkpoints()),
        ["2024-05-03 08:00 Out for delivery"]
    );
    // A known checkpoint in the past does.
    let updates = handle([
        at(scans(&[forecast]), "2024-05-22T12:00:00Z"),
        at(scans(&[forecast, OUT]), "2024-05-23T12:00:00Z"),
    ]);
    assert_eq!(updates[1].backfilled().len(), 1);
}

#[test]
fn a_forecast_for_tomorrow_does_not_make_the_scans_of_today_late() {
    let forecast = ("2024-05-04", "Expected tomorrow", "");
    let updates = handle([
        at(scans(&[forecast, ARRIVED]), T3),
        at(scans(&[forecast, OUT, ARRIVED]), "2024-05-03T18:00:00Z"),
    ]);
    assert_eq!(
        texts(updates[1].checkpoints()),
        ["2024-05-03 08:00 Out for delivery"]
    );
}

#[test]
fn a_forecast_does_not_keep_a_delivery_without_an_update_time_out() {
    let mut known = at(scans(&[("2024-05-20", "Expected 20 May", ""), ARRIVED]), T3);
    known.delivery_status = Some("transit".into());
    let mut sent = scans(&[DELIVERED, ARRIVED]);
    sent.delivery_status = Some("delivered".into());
    let updates = handle([known, sent]);
    assert_eq!(updates[1].freshness(), Freshness::Newer);
    assert_eq!(reported(&updates), ["transit", "delivered"]);
}

#[test]
fn a_date_is_no_forecast_on_the_day_of_an_update_at_midnight() {
    let updates = handle([
        at(
            scans(&[("2024-05-20", "Delivered", "")]),
            "2024-05-20T00:00:00+00:00",
        ),
        at(
            scans(&[("2024-05-18", "Arrived", "")]),
            "2024-05-18T12:00:00+00:00",
        ),
    ]);
    assert_eq!(texts(updates[1].backfilled()), ["2024-05-18 Arrived"]);
}

#[test]
fn a_forecast_that_is_sent_again_is_not_later_than_what_is_known() {
    let legs = |origin: &[(&str, &str, &str)], destination: &[(&str, &str, &str)]| {
        parcel(json!({"origin_info": leg(origin), "destination_info": leg(destination)}))
    };
    let mut known = at(
        legs(
            &[("2024-05-01", "Departed", "")],
            &[("2024-05-01", "Out for delivery", "")],
        ),
        "2024-05-01T00:30:00+00:00",
    );
    known.delivery_status = Some("delivered".into());
    // Without an update time, none of these is a forecast. Once they are known, they are.
    let mut sent = legs(
        &[("2024-05-02", "Arrived", "")],
        &[
            ("2024-05-02", "Arrived", ""),
            ("2024-05-01T15:34:00+01:00", "Out for delivery", ""),
        ],
    );
    sent.delivery_status = Some("exception".into());
    let updates = handle([known, sent.clone(), sent]);
    assert_eq!(reported(&updates), ["delivered"]);
}

#[test]
fn a_scan_is_reported_while_two_known_ones_turn_out_to_be_one() {
    let entry = |time, place| (time, "In transit", place);
    let both = |destination: &[(&str, &str, &str)]| {
        let origin = [entry("2024-05-01T08:00:00+00:00", "Wien")];
        parcel(json!({"origin_info": leg(&origin), "destination_info": leg(destination)}))
    };
    let updates = handle([
        both(&[entry("2024-05-01T10:00:00", "Wien")]),
        both(&[
            entry("2024-05-03T07:00:00+02:00", "Linz"),
            entry("2024-05-01T10:00:00+02:00", "Wien"),
        ]),
    ]);
    assert_eq!(
        texts(updates[1].checkpoints()),
        ["2024-05-03T07:00:00+02:00 In transit @Linz"]
    );
}

#[test]
fn whitespace_around_a_detail_or_a_place_does_not_make_another_scan() {
    let updates = handle([
        scans(&[("2024-05-01 08:00", "Left", " ")]),
        scans(&[("2024-05-01 08:00", "Left ", " Wien")]),
    ]);
    assert!(updates[1].checkpoints().is_empty());
    assert_eq!(known(&updates).checkpoints().len(), 1);
}

#[test]
fn a_withdrawn_checkpoint_does_not_make_real_ones_late() {
    let known = at(scans(&[DELIVERED, ARRIVED]), T3);
    let updates = handle([known.clone(), at(scans(&[OUT, ARRIVED]), T9)]);
    assert_eq!(
        texts(updates[1].checkpoints()),
        ["2024-05-03 08:00 Out for delivery"]
    );
    // A list with the same update time may be incomplete, and a list of the other leg says nothing
    // about this one.
    let updates = handle([known.clone(), at(scans(&[OUT, ARRIVED]), T3)]);
    assert_eq!(updates[1].backfilled().len(), 1);
    let early = leg(&[("2024-04-20 08:00", "Announced", "")]);
    for origin in [json!(null), leg(&[])] {
        let sent =
            parcel(json!({"origin_info": origin, "destination_info": early, "update_at": T9}));
        let updates = handle([known.clone(), sent]);
        assert_eq!(updates[1].backfilled().len(), 1);
    }
    // It is still sent if a list says more, less or the same about it, in either leg.
    for delivered in [
        "2024-05-03",
        "2024-05-03T10:00:00",
        "2024-05-03T10:00:00+02:00",
    ] {
        let sent = parcel(json!({
            "origin_info": leg(&[OUT, ARRIVED]),
            "destination_info": leg(&[(delivered, "Delivered", "Linz")]),
            "update_at": T9,
        }));
        let updates = handle([known.clone(), sent]);
        assert_eq!(
            texts(updates[1].backfilled()),
            ["2024-05-03 08:00 Out for delivery"],
            "{delivered}"
        );
    }
}

// One scan.

fn legs(origin: &[(&str, &str, &str)], destination: &[(&str, &str, &str)]) -> Tracking {
    parcel(json!({"origin_info": leg(origin), "destination_info": leg(destination)}))
}

#[test]
fn a_scan_in_both_legs_is_one_with_its_place() {
    let (with, without) = (
        ("2024-05-03 10:00", "Arrived", "Linz"),
        ("2024-05-03T10:00:00", "Arrived", ""),
    );
    for (origin, destination) in [(with, without), (without, with), (with, with)] {
        let sent = legs(&[origin], &[destination]);
        assert_eq!(history(&sent), ["2024-05-03 10:00 Arrived @Linz"]);
        assert_eq!(
            sent.latest_checkpoint().unwrap().location.as_deref(),
            Some("Linz")
        );
        assert_eq!(Update::new(None, sent).checkpoints().len(), 1);
        let updates = handle([legs(&[origin], &[]), legs(&[], &[destination])]);
        assert!(updates[1].checkpoints().is_empty());
        assert_eq!(history(known(&updates)), ["2024-05-03 10:00 Arrived @Linz"]);
    }
}

#[test]
fn a_scan_twice_in_one_leg_is_one() {
    let (with, without) = (
        ("2024-05-03 10:00", "Arrived", "Linz"),
        ("2024-05-03 10:00", "Arrived", ""),
    );
    for list in [[with, with], [with, without], [without, with]] {
        let update = Update::new(None, scans(&list));
        assert_eq!(update.checkpoints().len(), 1);
        assert_eq!(
            history(update.tracking()),
            ["2024-05-03 10:00 Arrived @Linz"]
        );
        let leg = update.into_tracking().origin_info.unwrap();
        assert_eq!(leg.trackinfo.len(), 1);
    }
}

#[test]
fn what_is_filled_in_later_is_not_new() {
    let forms = [
        ("2024-05-03", ""),
        ("2024-05-03T00:00:00", ""),
        ("2024-05-03T00:00:00+02:00", ""),
        ("2024-05-03 10:30", ""),
        ("2024-05-03T10:30:00", "Linz"),
        ("2024-05-03T10:30:00+02:00", ""),
        ("2024-05-03T10:30:00+02:00", "Linz"),
    ];
    let full = ["2024-05-03T10:30:00+02:00 Arrived @Linz"];
    let last = forms[forms.len() - 1];
    for first in forms {
        for second in forms {
            let sent =
                [first, second, last].map(|(time, place)| scans(&[(time, "Arrived", place)]));
            let updates = handle(sent);
            let new: usize = updates.iter().map(|it| it.checkpoints().len()).sum();
            assert_eq!(new, 1, "{first:?} {second:?}");
            assert_eq!(
                history(updates[1].tracking()).len(),
                1,
                "{first:?} {second:?}"
            );
            assert_eq!(history(known(&updates)), full, "{first:?} {second:?}");
            assert!(updates.iter().all(|it| it.backfilled().is_empty()));
            let leg = known(&updates).origin_info.as_ref().unwrap();
            assert_eq!(leg.trackinfo.len(), 1);
        }
    }
}

#[test]
fn the_city_is_the_place_where_there_is_no_location() {
    let in_city = |city: &str| {
        let mut sent = scans(&[("2024-05-03 10:00", "Arrived", "")]);
        sent.origin_info.as_mut().unwrap().trackinfo[0].city = Some(city.into());
        sent
    };
    let linz = scans(&[("2024-05-03 10:00", "Arrived", "Linz")]);
    let updates = handle([linz.clone(), in_city("Linz")]);
    assert_eq!(history(known(&updates)).len(), 1);
    let both = &known(&updates).origin_info.as_ref().unwrap().trackinfo[0];
    assert_eq!(both.location, both.city);
    assert_eq!(history(known(&handle([linz, in_city("Wels")]))).len(), 2);
}

#[test]
fn a_checkpoint_without_a_place_adds_nothing_if_two_places_fit() {
    let two = scans(&[
        ("2024-05-03 10:00", "Arrived", "Linz"),
        ("2024-05-03 10:00", "Arrived", "Wels"),
    ]);
    let mut one = scans(&[("2024-05-03 10:00", "Arrived", "")]);
    one.origin_info.as_mut().unwrap().trackinfo[0].item_node = Some("ItemReceived".into());
    let updates = handle([two.clone(), one.clone()]);
    assert!(!updates[1].is_news());
    // In the other order, it was one of the two.
    let updates = handle([one.clone(), two.clone()]);
    assert_eq!(updates[1].checkpoints().len(), 1);
    assert_eq!(history(known(&updates)).len(), 2);
    // If only one place fits, it is that scan, and says more about it.
    let linz = scans(&[
        ("2024-05-03 10:00", "Arrived", "Linz"),
        ("2024-05-03 11:00", "Arrived", "Wels"),
    ]);
    let updates = handle([linz, one]);
    assert!(updates[1].checkpoints().is_empty());
    let here = &known(&updates).origin_info.as_ref().unwrap().trackinfo[1];
    assert_eq!(here.item_node.as_deref(), Some("ItemReceived"));
}

#[test]
fn arrived_in_two_cities_on_one_date_is_two_scans() {
    let (linz, wels) = (
        ("2024-05-03", "Arrived", "Linz"),
        ("2024-05-03", "Arrived", "Wels"),
    );
    let update = Update::new(None, scans(&[linz, wels]));
    assert_eq!(update.checkpoints().len(), 2);
    let updates = handle([scans(&[linz]), scans(&[wels])]);
    assert_eq!(
        texts(updates[1].checkpoints()),
        ["2024-05-03 Arrived @Wels"]
    );
    assert_eq!(history(known(&updates)).len(), 2);
}

#[test]
fn if_a_date_becomes_two_times_one_of_them_is_new() {
    let two = [
        ("2024-05-03 15:00", "Arrived", ""),
        ("2024-05-03 09:00", "Arrived", ""),
    ];
    let updates = handle([scans(&[("2024-05-03", "Arrived", "")]), scans(&two)]);
    assert_eq!(
        texts(updates[1].checkpoints()),
        ["2024-05-03 15:00 Arrived"]
    );
    let updates = handle([
        scans(&[two[0], ("2024-05-03", "Arrived", "Linz")]),
        scans(&two),
    ]);
    assert_eq!(history(updates[0].tracking()), ["2024-05-03 Arrived @Linz"]);
    assert_eq!(history(known(&updates)).len(), 2);
    assert_eq!(
        updates[1].checkpoints().len() + updates[1].backfilled().len(),
        1
    );
}

#[test]
fn a_filled_in_time_is_not_reported_in_place_of_a_new_scan() {
    let dates = [("2024-05-04", "Arrived", ""), ("2024-05-03", "Arrived", "")];
    let times = [
        ("2024-05-04 09:00", "Arrived", ""),
        ("2024-05-03 15:00", "Arrived", ""),
        ("2024-05-03 09:00", "Arrived", ""),
    ];
    let updates = handle([scans(&dates), scans(&times)]);
    assert!(updates[1].checkpoints().is_empty());
    assert_eq!(texts(updates[1].backfilled()), ["2024-05-03 15:00 Arrived"]);
}

#[test]
fn the_longest_spelling_of_a_time_is_kept() {
    let spellings = ["2024-05-03 10:00", "2024-05-03T10:00:00"];
    for [first, second] in [spellings, [spellings[1], spellings[0]]] {
        let updates = handle([first, second].map(|time| scans(&[(time, "Arrived", "")])));
        assert_eq!(history(known(&updates)), ["2024-05-03T10:00:00 Arrived"]);
    }
}

#[test]
fn a_date_counts_as_its_places_or_as_its_times_whichever_are_more() {
    let places = [
        ("2024-05-03", "Arrived", "Wels"),
        ("2024-05-03", "Arrived", "Linz"),
    ];
    let time = ("2024-05-03 10:00", "Arrived", "");
    let shown = |list: &[(&str, &str, &str)]| history(&scans(list)).len();
    assert_eq!(shown(&[places[0], places[1], time]), 2);
    let at_ten = ("2024-05-03 10:00", "Arrived", "Graz");
    let in_two_zones = [
        ("2024-05-03T10:00:00+02:00", "Arrived", ""),
        ("2024-05-03T10:00:00+01:00", "Arrived", ""),
    ];
    let [one, other] = in_two_zones;
    assert_eq!(shown(&[places[0], places[1], at_ten, one, other]), 3);
    let at_noon = [
        ("2024-05-03T12:00:00+02:00", "Arrived", ""),
        ("2024-05-03T12:00:00+01:00", "Arrived", ""),
    ];
    let wels_at_ten = ("2024-05-03 10:00", "Arrived", "Wels");
    assert_eq!(shown(&[at_ten, wels_at_ten, one]), 2);
    let [noon, other_noon] = at_noon;
    assert_eq!(shown(&[at_ten, one, noon, other_noon]), 3);
}

#[test]
fn a_surely_different_scan_is_reported_before_one_that_may_be_known() {
    let sent = [
        ("2024-05-03 15:00", "Arrived", "Linz"),
        ("2024-05-03 09:00", "Arrived", "Wels"),
    ];
    let updates = handle([scans(&[("2024-05-03", "Arrived", "Linz")]), scans(&sent)]);
    assert_eq!(
        texts(updates[1].checkpoints()),
        ["2024-05-03 09:00 Arrived @Wels"]
    );
}

#[test]
fn an_instant_is_one_scan_in_any_offset() {
    let forms = ["2024-05-03T22:30:00Z", "2024-05-04T06:30:00+08:00"];
    for [first, second] in [forms, [forms[1], forms[0]]] {
        let updates = handle([first, second].map(|time| scans(&[(time, "Arrived", "")])));
        assert!(updates[1].checkpoints().is_empty());
        assert_eq!(
            history(known(&updates)),
            ["2024-05-04T06:30:00+08:00 Arrived"]
        );
    }
    // Another scan of that day is still new.
    let other = ("2024-05-03 15:00", "Arrived", "");
    let updates = handle([
        scans(&[(forms[0], "Arrived", "")]),
        scans(&[(forms[1], "Arrived", ""), other]),
    ]);
    assert_eq!(
        texts(updates[1].checkpoints()),
        ["2024-05-03 15:00 Arrived"]
    );
    let places = [(forms[0], "Arrived", "Linz"), (forms[1], "Arrived", "Wels")];
    assert_eq!(history(&scans(&places)).len(), 2);
}

#[test]
fn a_short_list_loses_nothing_and_reports_nothing_twice() {
    let full = [DELIVERED, OUT, ARRIVED];
    let updates = handle([
        scans(&full),
        scans(&[OUT]),
        parcel(json!({"origin_info": null})),
        scans(&full),
    ]);
    assert!(updates[1..].iter().all(|it| !it.is_news()));
    assert_eq!(history(known(&updates)), history(&scans(&full)));
}

#[test]
fn the_other_fields_of_a_checkpoint_are_those_of_the_newer_delivery() {
    let checkpoint = |update_at: &str, zip: Option<&str>, status: Option<&str>| {
        let mut sent = at(scans(&[OUT]), update_at);
        let checkpoint = &mut sent.origin_info.as_mut().unwrap().trackinfo[0];
        checkpoint.zip = zip.map(str::to_owned);
        checkpoint.checkpoint_delivery_status = status.map(Into::into);
        sent
    };
    let known = checkpoint(T2, Some("4020"), None);
    let after = |sent| {
        let tracking = Update::new(Some(known.clone()), sent).into_tracking();
        let checkpoint = tracking.origin_info.unwrap().trackinfo.remove(0);
        (
            checkpoint.zip.unwrap(),
            checkpoint.checkpoint_delivery_status,
        )
    };
    let pickup = || Some(DeliveryStatus::Pickup);
    assert_eq!(
        after(checkpoint(T3, Some("4600"), Some("pickup"))),
        ("4600".into(), pickup())
    );
    assert_eq!(
        after(checkpoint(T1, Some("4600"), Some("pickup"))),
        ("4020".into(), pickup())
    );
    assert_eq!(after(checkpoint(T3, None, None)), ("4020".into(), None));
}

// The order of the history.

#[test]
fn the_newest_checkpoint_stays_above_the_times_of_its_day_if_it_has_only_a_date() {
    let nine = ("2024-05-03 09:00", "Out for delivery", "");
    for date in [
        "2024-05-03",
        "2024-05-03T00:00:00",
        "2024-05-03T00:00:00+02:00",
    ] {
        let newest = (date, "Delivered", "");
        let first = scans(&[newest, nine, ARRIVED]);
        assert_eq!(
            history(&first),
            texts(&first.origin_info.as_ref().unwrap().trackinfo)
        );
        let next = ("2024-05-04 09:00", "Signed", "");
        let noon = ("2024-05-03 12:00", "Left at door", "");
        for (second, order) in [
            (vec![nine], vec![newest, nine, ARRIVED]),
            (vec![ARRIVED], vec![newest, nine, ARRIVED]),
            (
                vec![next, newest, nine, ARRIVED],
                vec![next, newest, nine, ARRIVED],
            ),
            (vec![next], vec![next, newest, nine, ARRIVED]),
            (vec![next, nine], vec![next, newest, nine, ARRIVED]),
            (vec![noon, nine], vec![noon, newest, nine, ARRIVED]),
            (vec![newest, noon, nine], vec![newest, noon, nine, ARRIVED]),
            (vec![newest, ARRIVED, nine], vec![newest, nine, ARRIVED]),
        ] {
            let updates = handle([first.clone(), scans(&second)]);
            assert_eq!(
                history(known(&updates)),
                history(&scans(&order)),
                "{date} {second:?}"
            );
            assert_eq!(
                known(&updates)
                    .latest_checkpoint()
                    .unwrap()
                    .tracking_detail
                    .as_deref(),
                Some(order[0].1)
            );
        }
    }
    // If it was sent below, it stays below.
    let below = scans(&[nine, ("2024-05-03", "Loaded", ""), ARRIVED]);
    assert_eq!(
        history(&below),
        texts(&below.origin_info.as_ref().unwrap().trackinfo)
    );
}

#[test]
fn a_date_stays_above_a_time_of_its_day_that_has_an_offset() {
    let out = ("2024-05-03T09:00:00+02:00", "Out for delivery", "");
    let naive = ("2024-05-03 08:00", "Loaded", "");
    for date in ["2024-05-03", "2024-05-03T00:00:00+02:00"] {
        let newest = (date, "Delivered", "");
        let first = scans(&[newest, out, naive]);
        let order = texts(&first.origin_info.as_ref().unwrap().trackinfo);
        assert_eq!(history(&first), order);
        let updates = handle([first.clone(), scans(&[out, naive]), first]);
        assert_eq!(history(known(&updates)), order);
        assert!(!updates[2].is_news());
    }
}

#[test]
fn the_newest_checkpoint_keeps_its_place_if_it_has_no_date() {
    for undated in ["", "soon"] {
        let newest = (undated, "Label handed over", "");
        let (made, noon) = (
            ("2024-05-03 10:00", "Label made", ""),
            ("2024-05-03 12:00", "Left", ""),
        );
        let first = scans(&[newest, made, ARRIVED]);
        assert_eq!(
            first
                .latest_checkpoint()
                .unwrap()
                .tracking_detail
                .as_deref(),
            Some("Label handed over")
        );
        for (second, order) in [
            (vec![made], vec![newest, made, ARRIVED]),
            (vec![ARRIVED], vec![newest, made, ARRIVED]),
            (
                vec![noon, newest, made, ARRIVED],
                vec![noon, newest, made, ARRIVED],
            ),
            (vec![noon], vec![noon, newest, made, ARRIVED]),
            (vec![noon, made], vec![noon, newest, made, ARRIVED]),
            (vec![newest, noon, made], vec![newest, noon, made, ARRIVED]),
        ] {
            let updates = handle([first.clone(), scans(&second)]);
            let details = |tracking: &Tracking| {
                let all = tracking.checkpoints();
                all.into_iter()
                    .map(|it| it.tracking_detail.clone().unwrap())
                    .collect::<Vec<_>>()
            };
            let order: Vec<_> = order.iter().map(|it| it.1).collect();
            assert_eq!(details(known(&updates)), order, "{second:?}");
        }
        // So does one that arrives later: it stays above the one that it was sent above.
        let updates = handle([scans(&[noon, made, ARRIVED]), scans(&[newest, made])]);
        let place = known(&updates)
            .checkpoints()
            .iter()
            .position(|it| it.tracking_detail.as_deref() == Some(newest.1));
        assert_eq!(place, Some(1));
    }
}

#[test]
fn a_leg_that_is_sent_oldest_first_is_reversed() {
    let list = [ARRIVED, OUT, DELIVERED, ("", "Signed", "")];
    let mut newest_first = list;
    newest_first.reverse();
    let updates = handle([scans(&list), scans(&newest_first), scans(&list)]);
    assert_eq!(
        texts(&known(&updates).origin_info.as_ref().unwrap().trackinfo),
        texts(&scans(&newest_first).origin_info.unwrap().trackinfo)
    );
    assert!(updates[1..].iter().all(|it| !it.is_news()));
}

#[test]
fn a_checkpoint_that_cannot_be_ordered_is_above_the_known_ones_unless_it_is_older() {
    let (reading, instant) = (
        ("2024-05-03 10:00", "known", ""),
        ("2024-05-03T10:00:00Z", "sent", ""),
    );
    let order = |update_at: &str| {
        let updates = handle([at(scans(&[reading]), T2), at(scans(&[instant]), update_at)]);
        let details = known(&updates).checkpoints();
        details
            .iter()
            .map(|it| it.tracking_detail.clone().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(order(T3), ["sent", "known"]);
    assert_eq!(order(T2), ["sent", "known"]);
    assert_eq!(order(T1), ["known", "sent"]);
}

// Parcels and couriers.

fn of_courier(courier: Option<&str>, status: &str) -> Tracking {
    parcel(json!({"courier_code": courier, "delivery_status": status}))
}

#[test]
fn another_courier_or_number_is_another_parcel() {
    let mut other_number = of_courier(Some("dhl"), "transit");
    other_number.tracking_number = "2".into();
    for other in [of_courier(Some("ups"), "transit"), other_number] {
        let known = of_courier(Some("dhl"), "transit");
        let update = Update::new(Some(known.clone()), other.clone());
        assert_eq!(other.freshness(&known), Freshness::CannotTell);
        assert_eq!(update.previous(), None);
        assert_eq!(update.tracking(), &other);
        assert_eq!(update.status().unwrap().from, None);
        let then = Update::new(Some(known.clone()), known).then(other.clone());
        assert_eq!((then.previous(), then.tracking()), (None, &other));
        assert!(then.is_news());
    }
}

#[test]
fn the_first_courier_belongs_to_the_parcel_that_was_known_without_one() {
    let dhl = of_courier(Some("dhl"), "transit");
    for [first, second] in [[None, Some("dhl")], [Some("dhl"), None]] {
        let updates = handle([of_courier(first, "transit"), of_courier(second, "transit")]);
        assert!(updates[1].previous().is_some());
        assert_eq!(known(&updates), &dhl);
        assert_eq!(reported(&updates), ["transit"]);
    }
}

#[test]
fn a_leg_whose_courier_changes_does_not_keep_the_phone_of_the_other() {
    let with = |update_at: &str, courier: Option<&str>, phone: Option<&str>, scan| {
        let mut origin = leg(&[scan]);
        origin["courier_code"] = json!(courier);
        origin["courier_phone"] = json!(phone);
        parcel(json!({"origin_info": origin, "update_at": update_at}))
    };
    let first = with(T2, Some("dhl"), Some("1"), ARRIVED);
    let facts = |sent| {
        let leg = Update::new(Some(first.clone()), sent)
            .into_tracking()
            .origin_info
            .unwrap();
        (
            leg.courier_code.unwrap(),
            leg.courier_phone,
            leg.trackinfo.len(),
        )
    };
    let phone = |phone: &str| Some(phone.to_owned());
    assert_eq!(
        facts(with(T3, Some("ups"), None, OUT)),
        ("ups".into(), None, 2)
    );
    assert_eq!(
        facts(with(T3, Some("ups"), Some("2"), OUT)),
        ("ups".into(), phone("2"), 2)
    );
    assert_eq!(
        facts(with(T1, Some("ups"), Some("2"), OUT)),
        ("dhl".into(), phone("1"), 2)
    );
    assert_eq!(
        facts(with(T3, Some("dhl"), None, OUT)),
        ("dhl".into(), phone("1"), 2)
    );
    assert_eq!(
        facts(with(T3, None, Some("2"), OUT)),
        ("dhl".into(), phone("2"), 2)
    );
}

// Several deliveries as one.

#[test]
fn then_is_relative_to_what_was_known_at_first() {
    let of = |status: &str, list: &[(&str, &str, &str)], update_at| {
        let mut sent = at(scans(list), update_at);
        sent.delivery_status = Some(status.into());
        sent
    };
    let first = of("transit", &[ARRIVED], T1);
    let update = Update::new(Some(first.clone()), of("pickup", &[OUT, ARRIVED], T2))
        .then(of("delivered", &[DELIVERED], T3))
        .then(of("exception", &[ARRIVED], T1));
    assert_eq!(update.previous(), Some(&first));
    let change = update.status().unwrap();
    assert_eq!(
        (change.from.unwrap(), change.to),
        (DeliveryStatus::Transit, DeliveryStatus::Delivered)
    );
    assert_eq!(
        texts(update.checkpoints()),
        [
            "2024-05-03 08:00 Out for delivery",
            "2024-05-03 10:00 Delivered"
        ]
    );
    assert_eq!(update.freshness(), Freshness::Newer);
    assert!(update.is_news());
    assert_eq!(
        history(update.tracking()),
        history(&scans(&[DELIVERED, OUT, ARRIVED]))
    );
}

#[test]
fn several_deliveries_report_checkpoints_oldest_first() {
    let later = ("2024-05-04 08:00", "Signed", "");
    let update = Update::new(None, scans(&[later]))
        .then(scans(&[("2024-05-04", "Scanned", "")]))
        .then(scans(&[OUT]))
        .then(scans(&[ARRIVED]));
    assert_eq!(
        texts(update.checkpoints()),
        ["2024-05-04 08:00 Signed", "2024-05-04 Scanned"]
    );
    assert_eq!(
        texts(update.backfilled()),
        [
            "2024-05-02 08:00 Arrived",
            "2024-05-03 08:00 Out for delivery"
        ]
    );
}

#[test]
fn a_status_that_changes_and_changes_back_is_no_change() {
    let update = Update::new(
        Some(status("transit", Some(T1))),
        status("exception", Some(T2)),
    )
    .then(status("transit", Some(T3)));
    assert_eq!(update.status(), None);
    assert!(update.is_news());
}

#[test]
fn a_value_that_changes_and_changes_back_is_no_news() {
    let titled = |title: &str| parcel(json!({"title": title}));
    let update = Update::new(Some(titled("a")), titled("b"));
    assert!(update.is_news());
    let update = update.then(titled("a"));
    assert_eq!(update.previous(), Some(update.tracking()));
    assert!(!update.is_news());
}

#[test]
fn the_freshness_of_several_deliveries_is_that_of_the_newest() {
    let known = || Some(status("transit", Some(T2)));
    let older = || status("transit", Some(T1));
    let same = || status("transit", Some(T2));
    let freshness = |first, second| Update::new(known(), first).then(second).freshness();
    assert_eq!(freshness(older(), older()), Freshness::Older);
    assert_eq!(freshness(older(), same()), Freshness::CannotTell);
    assert_eq!(freshness(same(), older()), Freshness::CannotTell);
    assert_eq!(
        freshness(status("transit", Some(T3)), older()),
        Freshness::Newer
    );
    assert_eq!(
        freshness(status("transit", Some(T3)), same()),
        Freshness::Newer
    );
    assert_eq!(
        freshness(same(), status("transit", Some(T3))),
        Freshness::Newer
    );
}

// The rest.

#[test]
fn an_update_at_midnight_is_a_time_and_not_a_date() {
    let midnight = status("transit", Some("2024-05-02T00:00:00"));
    let morning = status("pickup", Some("2024-05-02 06:00"));
    assert_eq!(morning.freshness(&midnight), Freshness::Newer);
    assert_eq!(midnight.freshness(&morning), Freshness::Older);
    let date = status("transit", Some("2024-05-02"));
    assert_eq!(date.freshness(&morning), Freshness::CannotTell);
    assert_eq!(
        status("transit", Some("2024-05-01")).freshness(&date),
        Freshness::Older
    );
}

#[test]
fn debug_shows_nothing_personal() {
    let mut sent = scans(&[("2024-05-03 10:00", "Left with Jane", "12 Mill Lane")]);
    sent.customer_name = Some("Jane".into());
    sent.delivery_status = Some(DeliveryStatus::Transit);
    let shown = format!(
        "{:?}",
        Update::new(Some(sent.clone()), sent.clone()).then(sent.clone())
    );
    let shown = shown + &format!("{:?}", Update::new(None, sent));
    assert!(
        !shown.contains("Jane") && !shown.contains("Mill"),
        "{shown}"
    );
    assert!(
        shown.contains("Transit") && shown.contains("checkpoints: 1"),
        "{shown}"
    );
}

#[test]
fn the_earliest_and_latest_times_do_not_overflow() {
    let times = [
        "-009999-01-01",
        "9999-12-29",
        "-009999-01-02T01:59:59+25:59:59",
        "9999-12-30T22:00:00-25:59:59",
        "9999-12-31T23:59:59.999999999",
        "-009999-01-03T00:00:00.000000001",
        "9999-12-31T23:59:59Z",
    ];
    for first in times {
        for second in times {
            let sent = |time: &str| at(legs(&[(time, "a", "")], &[(time, "b", "Linz")]), time);
            let updates = handle([sent(first), sent(second)]);
            let expected = if first == second { 2 } else { 4 };
            assert_eq!(
                known(&updates).checkpoints().len(),
                expected,
                "{first} {second}"
            );
        }
    }
}

#[test]
fn ten_thousand_similar_checkpoints_are_merged() {
    let list = |count: usize| {
        let entries = (0..count).map(|index| {
            let time = format!(
                "2024-05-03T{:02}:{:02}:{:02}",
                index / 3600 % 24,
                index / 60 % 60,
                index % 60
            );
            let [place, time] = match index % 3 {
                0 => [json!(format!("{index}")), json!("2024-05-03")],
                1 => [json!(null), json!(time)],
                _ => [json!(format!("{index}")), json!(time)],
            };
            json!({"checkpoint_date": time, "tracking_detail": "x", "location": place})
        });
        parcel(json!({"origin_info": {"trackinfo": entries.collect::<Vec<_>>()}}))
    };
    let updates = handle([list(5_000), list(10_000)]);
    let known = known(&updates);
    assert_eq!(known.origin_info.as_ref().unwrap().trackinfo.len(), 10_000);
    let reported: usize = updates
        .iter()
        .map(|it| it.checkpoints().len() + it.backfilled().len())
        .sum();
    assert_eq!(reported, known.checkpoints().len());
}
