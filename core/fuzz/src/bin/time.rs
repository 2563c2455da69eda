//! Reads a text as a `Time`: every reading fits its kind, the other readings, and chrono's.

#![no_main]

use chrono::{DateTime, Utc};
use libfuzzer_sys::fuzz_target;
use trackingmore_webhook::{
    Time, TimeKind,
    jiff::{
        civil,
        tz::{Offset, TimeZone},
    },
};

fuzz_target!(|text: &str| {
    let time = Time::new(text);
    assert_eq!(time.as_str(), text);
    assert_eq!(time.to_string(), text);
    let json = serde_json::to_string(&time).unwrap();
    assert_eq!(serde_json::from_str::<Time>(&json).unwrap(), time);

    check_kind(&time);
    check_instant(&time);
    check_chrono(&time);
});

fn check_kind(time: &Time) {
    let kind = time.kind();
    let (date, civil, offset) = (time.date(), time.civil(), time.offset());
    assert_eq!(date.is_some(), kind != TimeKind::NotUnderstood);
    assert_eq!(
        civil.is_some(),
        matches!(kind, TimeKind::Civil | TimeKind::Instant)
    );
    assert_eq!(offset.is_some(), kind == TimeKind::Instant);
    assert!(civil.is_none_or(|civil| date == Some(civil.date())));
}

fn check_instant(time: &Time) {
    let zone = TimeZone::fixed(Offset::constant(9));
    match (time.instant(), time.offset(), time.civil()) {
        (Some(instant), Some(offset), Some(civil)) => {
            assert_eq!(offset.to_datetime(instant), civil);
            assert_eq!(time.instant_in(zone), Some(instant));
            assert_eq!(Time::new(instant.to_string()).instant(), Some(instant));
        }
        (Some(_), ..) => panic!("an instant without an offset"),
        (None, None, Some(civil)) => {
            assert_eq!(time.instant_in(zone.clone()), zone.to_timestamp(civil).ok());
            assert_eq!(time.instant_in(TimeZone::unknown()), None);
        }
        (None, ..) => assert_eq!(time.instant_in(zone), None),
    }
}

fn check_chrono(time: &Time) {
    let midnight = time
        .chrono_date()
        .and_then(|date| date.and_hms_opt(0, 0, 0));
    let expected = time.date().map(|date| since_epoch(date.into()));
    assert_eq!(midnight.map(|date| nanoseconds(date.and_utc())), expected);

    let civil = time
        .chrono_civil()
        .map(|civil| nanoseconds(civil.and_utc()));
    assert_eq!(civil, time.civil().map(since_epoch));

    let instant = time
        .chrono_instant()
        .map(|instant| nanoseconds(instant.to_utc()));
    let expected = time.instant().map(|instant| instant.as_nanosecond());
    let is_whole_day = time
        .offset()
        .is_some_and(|offset| offset.seconds().unsigned_abs() >= 24 * 60 * 60);
    assert_eq!(instant, expected.filter(|_| !is_whole_day));
}

fn since_epoch(civil: civil::DateTime) -> i128 {
    civil
        .duration_since(civil::date(1970, 1, 1).into())
        .as_nanos()
}

fn nanoseconds(instant: DateTime<Utc>) -> i128 {
    i128::from(instant.timestamp()) * 1_000_000_000 + i128::from(instant.timestamp_subsec_nanos())
}
