use proptest::prelude::*;

use super::super::{Leg, Time};
use super::*;

fn leg(entries: &[(&str, &str)]) -> Option<Leg> {
    let mut leg = Leg::default();
    for (date, detail) in entries {
        leg.trackinfo.push(Checkpoint {
            checkpoint_date: Some(Time::new(*date)),
            tracking_detail: Some((*detail).to_owned()),
            ..Checkpoint::default()
        });
    }
    Some(leg)
}

pub(crate) fn parcel(origin: &[(&str, &str)], destination: &[(&str, &str)]) -> Tracking {
    let mut tracking = Tracking::new("1");
    tracking.origin_info = leg(origin);
    tracking.destination_info = leg(destination);
    tracking
}

fn details(tracking: &Tracking) -> String {
    let details = tracking.checkpoints().into_iter();
    details
        .flat_map(|it| it.tracking_detail.as_deref())
        .collect()
}

#[test]
fn both_legs_are_one_history_newest_first() {
    let tracking = parcel(
        &[("2023-09-10 08:00", "a"), ("2023-09-12T09:00:00", "c")],
        &[
            ("2023-09-14 10:00", "e"),
            ("2023-09-11T10:00", "b"),
            ("2023-09-13 00:00:00", "d"),
        ],
    );
    assert_eq!(details(&tracking), "edcba");
    let latest = tracking.latest_checkpoint().unwrap();
    assert_eq!(latest.tracking_detail.as_deref(), Some("e"));
}

#[test]
fn instants_are_compared_as_instants() {
    let tracking = parcel(
        &[
            ("2024-05-29T10:00:00+08:00", "a"),
            ("2024-05-29T03:00:00Z", "b"),
        ],
        &[("2024-05-29T01:00:00-03:00", "c")],
    );
    assert_eq!(details(&tracking), "cba");
}

#[test]
fn a_checkpoint_in_both_legs_is_listed_once() {
    let shared = ("2023-09-12 09:00", "shared");
    let tracking = parcel(
        &[shared, ("2023-09-10 08:00", "first")],
        &[
            ("2023-09-13 09:00", "last"),
            shared,
            ("2023-09-12 09:00", "other"),
        ],
    );
    assert_eq!(details(&tracking), "lastsharedotherfirst");
}

#[test]
fn a_checkpoint_is_the_same_however_its_time_is_written_and_whatever_else_it_says() {
    for [origin, destination] in [
        ["2024-01-05 06:40", "2024-01-05T06:40:00"],
        ["2024-01-05T06:40:00Z", "2024-01-05T07:40:00+01:00"],
        ["soon", "soon"],
    ] {
        let mut tracking = parcel(&[(origin, "a")], &[(destination, "a")]);
        let there = &mut tracking.destination_info.as_mut().unwrap().trackinfo[0];
        there.item_node = Some("ItemReceived".into());
        there.checkpoint_delivery_substatus = Some("transit001".into());
        there.country_iso2 = Some("AT".into());
        there.raw_status = Some("OK".into());
        let history = tracking.checkpoints();
        assert_eq!(history.len(), 1, "{origin}");
        // For one instant, the local time is returned, or else that of the leg of origin.
        let is_local = destination.ends_with("+01:00");
        assert_eq!(history[0].item_node.is_some(), is_local, "{origin}");
        let there = &mut tracking.destination_info.as_mut().unwrap().trackinfo[0];
        there.location = Some("Linz".into());
        let history = tracking.checkpoints();
        assert_eq!(history.len(), 1, "{origin}");
        assert_eq!(history[0].location.as_deref(), Some("Linz"));
        let here = &mut tracking.origin_info.as_mut().unwrap().trackinfo[0];
        here.city = Some("Wels".into());
        assert_eq!(tracking.checkpoints().len(), 2, "{origin}");
    }
    for [origin, destination] in [
        ["2024-01-05T06:40Z", "2024-01-05T06:40+01:00"],
        ["2024-01-05T06:40", "2024-01-05T06:41"],
        ["soon", "later"],
    ] {
        let tracking = parcel(&[(origin, "a")], &[(destination, "a")]);
        assert_eq!(tracking.checkpoints().len(), 2, "{origin}");
    }
}

#[test]
fn what_cannot_be_compared_keeps_its_order() {
    let (instant, reading) = (("2024-05-29T10:00:00Z", "i"), ("2024-05-29T20:00:00", "r"));
    assert_eq!(details(&parcel(&[instant, reading], &[])), "ir");
    assert_eq!(details(&parcel(&[reading, instant], &[])), "ri");
    assert_eq!(details(&parcel(&[reading], &[instant])), "ri");
    let far = ("2024-05-30T01:00:00", "f");
    assert_eq!(details(&parcel(&[instant, far], &[])), "fi");
}

#[test]
fn equal_and_unparsed_times_keep_their_order() {
    let tracking = parcel(
        &[
            ("soon", "x"),
            ("2024-05-29 10:00", "a"),
            ("2024-05-29T10:00:00", "b"),
        ],
        &[
            ("", "y"),
            ("2024-05-29 10:00:00.0", "c"),
            ("2024-05-28", "d"),
        ],
    );
    assert_eq!(details(&tracking), "xabycd");
    assert_eq!(details(&parcel(&[("?", "x"), ("!", "y")], &[])), "xy");
}

#[test]
fn an_empty_parcel_has_no_history() {
    assert_eq!(Tracking::new("1").checkpoints(), Vec::<&Checkpoint>::new());
    assert_eq!(Tracking::new("1").latest_checkpoint(), None);
}

pub(crate) fn any_time() -> impl Strategy<Value = String> {
    let reading = "2024-01-0[1-3]T[01][0-9]:[0-5][0-9]";
    prop_oneof![
        reading,
        (reading, "([+-]1[0-2]:00|Z)").prop_map(|(reading, offset)| reading + &offset),
        "2024-01-0[1-3]",
        Just("?".to_owned()),
    ]
}

proptest! {
    #[test]
    fn no_pair_contradicts_a_certain_order(
        dates in prop::collection::vec(any_time(), 0..30), split in 0_usize..30,
    ) {
        let dates: Vec<_> = dates.iter().map(|date| (date.as_str(), "")).collect();
        let (origin, destination) = dates.split_at(split.min(dates.len()));
        let tracking = parcel(origin, destination);
        let history = History::of(&tracking);
        let history: Vec<_> = history.all().collect();
        for (index, newer) in history.iter().enumerate() {
            for older in &history[index + 1..] {
                if let (Some(newer), Some(older)) = (newer.moment, older.moment) {
                    prop_assert!(!older.is_after(newer, true));
                }
            }
        }
    }
}
