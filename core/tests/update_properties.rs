//! What must hold for updates, whatever happens to a parcel and whichever deliveries arrive.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, ToSpan};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use trackingmore_webhook::{
    Checkpoint, CheckpointKey, DeliveryStatus, Freshness, Leg, Time, Tracking, Update,
};

/// What happens to a parcel at one time and place.
#[derive(Clone, Debug)]
struct Scan {
    at: DateTime,
    offset: Option<Offset>,
    detail: String,
    place: Option<&'static str>,
    in_origin: bool,
    in_destination: bool,
}

/// How a checkpoint is written.
#[derive(Clone, Copy, Debug)]
struct Writing {
    time: WrittenTime,
    has_place: bool,
    place_is_city: bool,
    has_status: bool,
    is_sent: bool,
}

#[derive(Clone, Copy, Debug)]
enum WrittenTime {
    Date,
    Midnight,
    MidnightWithOffset,
    Reading(&'static str),
    Local,
    Utc,
}

#[derive(Clone, Debug)]
struct Sending {
    seen: Index,
    origin: Vec<Writing>,
    destination: Vec<Writing>,
    oldest_first: [bool; 2],
    shuffle: Option<(Index, Index)>,
    repeat: Option<(Index, Writing)>,
    status: Option<&'static str>,
    minute: u16,
    title: Option<&'static str>,
    leg_courier: Option<&'static str>,
}

fn checkpoint(scan: &Scan, writing: Writing) -> Checkpoint {
    let mut checkpoint = Checkpoint::default();
    let midnight = scan.at.date().to_datetime(jiff::civil::Time::midnight());
    let offset = scan.offset;
    let with_offset = |at: DateTime, offset: Offset| format!("{at}{offset}:00");
    let time = match writing.time {
        WrittenTime::Date => scan.at.date().to_string(),
        WrittenTime::Midnight => midnight.to_string(),
        WrittenTime::MidnightWithOffset => match offset {
            Some(offset) => with_offset(midnight, offset),
            None => midnight.strftime("%Y-%m-%d %H:%M").to_string(),
        },
        WrittenTime::Reading(format) => scan.at.strftime(format).to_string(),
        WrittenTime::Local => offset.map_or(scan.at.to_string(), |it| with_offset(scan.at, it)),
        WrittenTime::Utc => match offset {
            None => scan.at.to_string(),
            Some(offset) => offset.to_timestamp(scan.at).unwrap().to_string(),
        },
    };
    checkpoint.checkpoint_date = Some(Time::new(time));
    checkpoint.tracking_detail = Some(scan.detail.clone());
    if let Some(place) = scan.place.filter(|_| writing.has_place) {
        if writing.place_is_city {
            checkpoint.city = Some(place.to_owned());
        } else {
            checkpoint.location = Some(place.to_owned());
        }
    }
    checkpoint.checkpoint_delivery_status = writing.has_status.then_some("transit".into());
    checkpoint
}

fn leg(
    scans: &[Scan],
    writings: &[Writing],
    is_here: impl Fn(&Scan) -> bool,
    oldest_first: bool,
    sending: &Sending,
) -> Option<Leg> {
    let mut list: Vec<_> = scans
        .iter()
        .zip(writings)
        .filter(|(scan, writing)| is_here(scan) && writing.is_sent)
        .map(|(scan, writing)| checkpoint(scan, *writing))
        .collect();
    if let Some((index, writing)) = &sending.repeat {
        let scan = index.get(scans);
        if is_here(scan) {
            list.push(checkpoint(scan, *writing));
        }
    }
    if !oldest_first {
        list.reverse();
    }
    if let (Some((one, other)), false) = (sending.shuffle, list.is_empty()) {
        let (one, other) = (one.index(list.len()), other.index(list.len()));
        list.swap(one, other);
    }
    let mut leg = Leg::default();
    leg.courier_code = sending.leg_courier.map(str::to_owned);
    leg.trackinfo = list;
    (!leg.trackinfo.is_empty() || sending.minute.is_multiple_of(2)).then_some(leg)
}

fn tracking(scans: &[Scan], sending: &Sending) -> Tracking {
    let scans = &scans[..=sending.seen.index(scans.len())];
    let [first, second] = sending.oldest_first;
    let mut tracking = Tracking::new("1");
    tracking.origin_info = leg(scans, &sending.origin, |it| it.in_origin, first, sending);
    tracking.destination_info = leg(
        scans,
        &sending.destination,
        |it| it.in_destination,
        second,
        sending,
    );
    tracking.delivery_status = sending.status.map(DeliveryStatus::from);
    tracking.title = sending.title.map(str::to_owned);
    tracking
}

fn start() -> DateTime {
    jiff::civil::date(2024, 5, 1).at(0, 0, 0, 0)
}

fn any_writing() -> impl Strategy<Value = Writing> {
    let time = select(vec![
        WrittenTime::Date,
        WrittenTime::Midnight,
        WrittenTime::MidnightWithOffset,
        WrittenTime::Reading("%Y-%m-%dT%H:%M:%S"),
        WrittenTime::Reading("%Y-%m-%d %H:%M"),
        WrittenTime::Local,
        WrittenTime::Local,
    ]);
    (time, any::<[bool; 3]>(), prop::bool::weighted(0.75)).prop_map(
        |(time, [has_place, place_is_city, has_status], is_sent)| Writing {
            time,
            has_place,
            place_is_city,
            has_status,
            is_sent,
        },
    )
}

fn any_scan() -> impl Strategy<Value = Scan> {
    let offset = select(vec![None, Some(8), Some(1), Some(0), Some(-3)]);
    let place = select(vec![None, Some("Linz"), Some("Wels"), Some("Graz")]);
    let detail = select(vec!["Arrived", "Departed", "Out for delivery"]);
    let legs = select(vec![(true, false), (false, true), (true, true)]);
    (0_i64..4 * 24, offset, place, detail, legs).prop_map(
        |(half_hours, offset, place, detail, (in_origin, in_destination))| Scan {
            // No two offsets give the same instant.
            at: start() + (half_hours * 30 + offset.map_or(20, |it| i64::from(it) + 3)).minutes(),
            offset: offset.map(Offset::constant),
            detail: detail.to_owned(),
            place,
            in_origin,
            in_destination,
        },
    )
}

fn any_sending(scans: usize) -> impl Strategy<Value = Sending> {
    let status = select(vec![
        None,
        Some("inforeceived"),
        Some("transit"),
        Some("pickup"),
        Some("delivered"),
        Some("exception"),
    ]);
    (
        any::<Index>(),
        vec(any_writing(), scans),
        vec(any_writing(), scans),
        any::<[bool; 2]>(),
        prop::option::weighted(0.2, any::<(Index, Index)>()),
        prop::option::weighted(0.2, (any::<Index>(), any_writing())),
        status,
        0_u16..600,
        select(vec![None, Some("a"), Some("b")]),
        select(vec![None, None, Some("dhl"), Some("ups")]),
    )
        .prop_map(
            |(
                seen,
                origin,
                destination,
                oldest_first,
                shuffle,
                repeat,
                status,
                minute,
                title,
                leg_courier,
            )| Sending {
                seen,
                origin,
                destination,
                oldest_first,
                shuffle,
                repeat,
                status,
                minute,
                title,
                leg_courier,
            },
        )
}

/// A life with few details and places, so that many checkpoints are similar.
fn any_life() -> impl Strategy<Value = (Vec<Scan>, Vec<Sending>)> {
    vec(any_scan(), 1..8).prop_flat_map(|mut scans| {
        scans.sort_by_key(|scan| scan.at);
        let sendings = vec(any_sending(scans.len()), 1..7);
        (Just(scans), sendings)
    })
}

/// When the vendor says that it updated: sometimes missing, not understood, or the same.
fn any_update_at(minute: u16) -> Option<Time> {
    match minute % 6 {
        0 => None,
        1 => Some(Time::new("soon")),
        2 => Some(Time::new("2024-05-03T12:00:00+00:00")),
        _ => Some(update_at(minute)),
    }
}

fn update_at(minute: u16) -> Time {
    let at = start() + (i64::from(minute) * 10).minutes();
    let offset = Offset::constant(i8::try_from(minute % 3).unwrap());
    Time::new(format!(
        "{}{offset}:00",
        offset.to_datetime(TimeZone::UTC.to_timestamp(at).unwrap())
    ))
}

fn deliveries(scans: &[Scan], sendings: &[Sending]) -> Vec<Tracking> {
    let sent = sendings.iter().map(|sending| {
        let mut sent = tracking(scans, sending);
        sent.update_at = any_update_at(sending.minute);
        sent
    });
    sent.collect()
}

fn handle(deliveries: &[Tracking], mut each: impl FnMut(&Update)) -> Tracking {
    let mut known = None;
    for sent in deliveries {
        let update = Update::new(known, sent.clone());
        each(&update);
        known = Some(update.into_tracking());
    }
    known.unwrap()
}

fn keys<'a>(checkpoints: impl IntoIterator<Item = &'a Checkpoint>) -> Vec<CheckpointKey> {
    let mut keys: Vec<_> = checkpoints.into_iter().map(Checkpoint::key).collect();
    keys.sort();
    keys
}

/// The checkpoints of each leg and those of both, whatever their order.
fn known_checkpoints(tracking: &Tracking) -> [Vec<CheckpointKey>; 3] {
    let leg = |leg: &Option<Leg>| keys(leg.iter().flat_map(|leg| &leg.trackinfo));
    [
        leg(&tracking.origin_info),
        leg(&tracking.destination_info),
        keys(tracking.checkpoints()),
    ]
}

fn reported(update: &Update) -> impl Iterator<Item = &Checkpoint> {
    update.checkpoints().iter().chain(update.backfilled())
}

fn count_by_detail<'a>(
    checkpoints: impl IntoIterator<Item = &'a Checkpoint>,
) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for checkpoint in checkpoints {
        *counts
            .entry(checkpoint.tracking_detail.clone().unwrap())
            .or_default() += 1;
    }
    counts
}

fn shuffled(life: (Vec<Scan>, Vec<Sending>)) -> impl Strategy<Value = Life> {
    let (scans, sendings) = life;
    let arrivals = vec(any::<Index>(), 0..4).prop_flat_map(move |repeats| {
        let mut arrivals = sendings.clone();
        arrivals.extend(repeats.iter().map(|index| index.get(&sendings).clone()));
        Just(arrivals).prop_shuffle()
    });
    (Just(scans), arrivals).prop_map(|(scans, arrivals)| Life { scans, arrivals })
}

#[derive(Clone, Debug)]
struct Life {
    scans: Vec<Scan>,
    arrivals: Vec<Sending>,
}

proptest! {
    #[test]
    fn the_known_checkpoints_do_not_depend_on_the_order_of_arrival(
        (scans, sendings) in any_life(), order in vec(any::<Index>(), 0..6),
    ) {
        let mut sent = deliveries(&scans, &sendings);
        let expected = known_checkpoints(&handle(&sent, |_| ()));
        for index in order {
            let again = index.get(&sent).clone();
            sent.push(again);
            let length = sent.len();
            sent.swap(length - 1, index.index(length));
            sent.rotate_left(index.index(length));
        }
        prop_assert_eq!(known_checkpoints(&handle(&sent, |_| ())), expected);
    }

    #[test]
    fn with_distinct_update_at_the_status_does_not_depend_on_the_order_of_arrival(
        (scans, mut sendings) in any_life(), rotation: Index,
    ) {
        sendings.sort_by_key(|sending| sending.minute);
        sendings.dedup_by_key(|sending| sending.minute);
        let mut sent = Vec::new();
        for sending in &mut sendings {
            sending.status = sending.status.or(Some("transit"));
            let mut delivery = tracking(&scans, sending);
            delivery.update_at = Some(update_at(sending.minute));
            sent.push(delivery);
        }
        let newest = sent.last().unwrap().delivery_status.clone();
        let length = sent.len();
        sent.rotate_left(rotation.index(length));
        sent.swap(0, rotation.index(length));
        let known = handle(&sent, |_| ());
        prop_assert_eq!(known.delivery_status, newest);
    }

    #[test]
    fn each_scan_is_reported_once(life in any_life().prop_flat_map(shuffled)) {
        let sent = deliveries(&life.scans, &life.arrivals);
        let mut all = Vec::new();
        let known = handle(&sent, |update| all.extend(reported(update).cloned()));
        prop_assert_eq!(count_by_detail(&all), count_by_detail(known.checkpoints()));
    }

    /// Two that were reported may turn out to be one instant, written with two offsets.
    #[test]
    fn each_scan_is_reported_whatever_its_offset(
        life in any_life().prop_flat_map(shuffled), in_utc in vec(any::<bool>(), 10),
    ) {
        let mut arrivals = life.arrivals;
        for (sending, in_utc) in arrivals.iter_mut().zip(in_utc) {
            for writing in sending.origin.iter_mut().chain(&mut sending.destination) {
                if in_utc {
                    writing.time = WrittenTime::Utc;
                }
            }
        }
        let sent = deliveries(&life.scans, &arrivals);
        let mut all = Vec::new();
        let known = handle(&sent, |update| all.extend(reported(update).cloned()));
        let reported = count_by_detail(&all);
        for (detail, count) in count_by_detail(known.checkpoints()) {
            prop_assert!(reported[&detail] >= count, "{}", detail);
        }
    }

    #[test]
    fn a_scan_unlike_any_other_is_reported_once(
        life in any_life().prop_flat_map(shuffled), in_utc in vec(any::<bool>(), 10),
    ) {
        let mut scans = life.scans;
        for (index, scan) in scans.iter_mut().enumerate() {
            scan.detail = format!("{} {index}", scan.detail);
        }
        let mut arrivals = life.arrivals;
        // A scan that is always sent with an offset may be sent in any offset.
        for (sending, in_utc) in arrivals.iter_mut().zip(in_utc) {
            let writings = sending.origin.iter_mut().chain(&mut sending.destination);
            for writing in writings {
                if in_utc {
                    writing.time = WrittenTime::Utc;
                }
            }
        }
        let is_utc = |sending: &Sending| {
            sending.origin.iter().all(|it| matches!(it.time, WrittenTime::Utc))
        };
        if arrivals.iter().any(is_utc) {
            let writings = arrivals.iter_mut();
            for writing in writings.flat_map(|it| it.origin.iter_mut().chain(&mut it.destination)) {
                if !matches!(writing.time, WrittenTime::Utc) {
                    writing.time = WrittenTime::Local;
                }
            }
            for sending in &mut arrivals {
                sending.repeat = None;
            }
            for scan in &mut scans {
                scan.at += SignedDuration::from_mins(1);
            }
        }
        let sent = deliveries(&scans, &arrivals);
        let mut all = Vec::new();
        let known = handle(&sent, |update| all.extend(reported(update).cloned()));
        let once = count_by_detail(&all);
        prop_assert!(once.values().all(|count| *count == 1), "{:?}", once);
        prop_assert_eq!(once, count_by_detail(known.checkpoints()));
    }

    #[test]
    fn a_status_is_not_reported_twice_in_a_row(life in any_life().prop_flat_map(shuffled)) {
        let sent = deliveries(&life.scans, &life.arrivals);
        let mut last = None;
        let known = handle(&sent, |update| {
            if let Some(change) = update.status() {
                assert_eq!(change.from, last);
                assert_ne!(Some(&change.to), last.as_ref());
                last = Some(change.to);
            }
        });
        prop_assert_eq!(known.delivery_status, last);
    }

    #[test]
    fn repeating_a_delivery_at_once_is_no_news(life in any_life().prop_flat_map(shuffled)) {
        let sent = deliveries(&life.scans, &life.arrivals);
        let mut known = None;
        for sent in sent {
            let update = Update::new(known, sent.clone());
            let again = Update::new(Some(update.tracking().clone()), sent.clone());
            prop_assert_eq!(lists(again.tracking()), lists(update.tracking()));
            prop_assert_eq!(again.tracking(), update.tracking());
            prop_assert!(!again.is_news());
            prop_assert_eq!(reported(&again).count(), 0);
            prop_assert_eq!(again.status(), None);
            known = Some(update.into_tracking());
        }
    }

    #[test]
    fn storing_the_tracking_as_json_changes_nothing(life in any_life().prop_flat_map(shuffled)) {
        let sent = deliveries(&life.scans, &life.arrivals);
        let stored = |tracking: &Tracking| -> Tracking {
            serde_json::from_str(&serde_json::to_string(tracking).unwrap()).unwrap()
        };
        let mut known: Option<Tracking> = None;
        for sent in sent {
            let update = Update::new(known.clone(), sent.clone());
            let of_stored = Update::new(known.as_ref().map(stored), stored(&sent));
            prop_assert_eq!(of_stored.tracking(), update.tracking());
            prop_assert_eq!(of_stored.status(), update.status());
            prop_assert_eq!(of_stored.checkpoints(), update.checkpoints());
            prop_assert_eq!(of_stored.backfilled(), update.backfilled());
            prop_assert_eq!(of_stored.freshness(), update.freshness());
            prop_assert_eq!(of_stored.is_news(), update.is_news());
            known = Some(update.into_tracking());
        }
    }

    #[test]
    fn the_freshness_is_that_of_the_tracking(life in any_life().prop_flat_map(shuffled)) {
        let sent = deliveries(&life.scans, &life.arrivals);
        let mut known: Option<Tracking> = None;
        for sent in sent {
            let expected = known.as_ref().map(|known| sent.freshness(known));
            let update = Update::new(known, sent);
            prop_assert_eq!(update.freshness(), expected.unwrap_or(Freshness::Newer));
            known = Some(update.into_tracking());
        }
    }

    #[test]
    fn nothing_known_vanishes(life in any_life().prop_flat_map(shuffled)) {
        let sent = deliveries(&life.scans, &life.arrivals);
        let mut known: Option<Tracking> = None;
        for sent in sent {
            let before = known.clone();
            let update = Update::new(known, sent.clone());
            let now = update.tracking();
            for known in before.iter().chain([&sent]) {
                for (known, now) in [
                    (&known.origin_info, &now.origin_info),
                    (&known.destination_info, &now.destination_info),
                ] {
                    let known = known.iter().flat_map(|leg| &leg.trackinfo);
                    for checkpoint in known {
                        let mut now = now.iter().flat_map(|leg| &leg.trackinfo);
                        prop_assert!(now.any(|it| tells_as_much(it, checkpoint)));
                    }
                }
            }
            let before = before.unwrap_or_else(|| Tracking::new("1"));
            prop_assert!(before.delivery_status.is_none() || now.delivery_status.is_some());
            prop_assert!(before.title.is_none() || now.title.is_some());
            let shown = now.checkpoints().len();
            prop_assert!(before.checkpoints().len() <= shown);
            known = Some(update.into_tracking());
        }
    }

    #[test]
    fn any_grouping_into_new_and_then_reports_the_same(
        life in any_life().prop_flat_map(shuffled), cuts in vec(any::<bool>(), 12),
    ) {
        let sent = deliveries(&life.scans, &life.arrivals);
        let (mut expected, mut expected_behind) = (Vec::new(), Vec::new());
        let end = handle(&sent, |update| {
            expected.extend(keys(update.checkpoints()));
            expected_behind.extend(keys(update.backfilled()));
        });
        let (mut all, mut behind) = (Vec::new(), Vec::new());
        let mut take = |update: &Update| {
            all.extend(keys(update.checkpoints()));
            behind.extend(keys(update.backfilled()));
        };
        let mut update: Option<Update> = None;
        for (sent, cut) in sent.iter().zip(cuts) {
            let next = match update {
                None => Update::new(None, sent.clone()),
                Some(update) if cut => {
                    take(&update);
                    let known = update.into_tracking();
                    let next = Update::new(Some(known.clone()), sent.clone());
                    prop_assert_eq!(next.previous(), Some(&known));
                    next
                }
                Some(update) => {
                    let previous = update.previous().cloned();
                    let next = update.then(sent.clone());
                    prop_assert_eq!(next.previous(), previous.as_ref());
                    next
                }
            };
            prop_assert_eq!(next.is_news(), next.previous() != Some(next.tracking()));
            update = Some(next);
        }
        let update = update.unwrap();
        take(&update);
        prop_assert_eq!(update.tracking(), &end);
        for list in [&mut expected, &mut expected_behind, &mut all, &mut behind] {
            list.sort();
        }
        prop_assert_eq!(all, expected);
        prop_assert_eq!(behind, expected_behind);
    }
}

/// Whether this says everything about the scan that the other one says.
fn tells_as_much(this: &Checkpoint, other: &Checkpoint) -> bool {
    let place = |it: &Checkpoint| it.location.clone().or(it.city.clone());
    let midnight = jiff::civil::Time::midnight();
    let [ours, theirs] = [this, other].map(|it| it.checkpoint_date.clone().unwrap());
    let time_of_day = |it: &Time| it.civil().map(|it| it.time()).filter(|it| *it != midnight);
    let (ours_of_day, theirs_of_day) = (time_of_day(&ours), time_of_day(&theirs));
    this.tracking_detail == other.tracking_detail
        && (place(other).is_none() || place(this) == place(other))
        && ours.date() == theirs.date()
        && (theirs_of_day.is_none() || ours_of_day == theirs_of_day)
        && (theirs_of_day.is_none()
            || theirs.offset().is_none()
            || ours.offset() == theirs.offset())
}

/// The legs' checkpoints in order, as text for the message of a failed test.
fn lists(tracking: &Tracking) -> Vec<Vec<String>> {
    let list = |leg: &Leg| {
        let lines = leg.trackinfo.iter().map(|it| {
            let place = it.location.as_ref().or(it.city.as_ref());
            let time = it.checkpoint_date.as_ref().unwrap();
            format!(
                "{time} {:?} {place:?} {:?}",
                it.tracking_detail, it.checkpoint_delivery_status
            )
        });
        lines.collect()
    };
    tracking.legs().map(list).collect()
}
