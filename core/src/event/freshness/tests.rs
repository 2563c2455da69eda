use proptest::prelude::*;

use super::super::Time;
use super::super::history::tests::{any_time, parcel};
use super::*;

#[test]
fn an_instant_and_a_reading_have_an_order_only_where_every_zone_agrees() {
    for (instant, reading, instant_is_later, reading_is_later) in [
        // The first zone to reach a reading is 14 hours ahead of UTC, the last one 12 hours behind.
        ("2024-05-29T05:59:59Z", "2024-05-29T20:00", false, true),
        ("2024-05-29T06:00:00Z", "2024-05-29T20:00", false, false),
        ("2024-05-30T08:00:00Z", "2024-05-29T20:00", false, false),
        ("2024-05-30T08:00:01Z", "2024-05-29T20:00", true, false),
        // A midnight may be any time of its day.
        ("2024-05-28T09:59:59Z", "2024-05-29", false, true),
        ("2024-05-28T10:00:00Z", "2024-05-29T00:00", false, false),
        ("2024-05-30T11:59:59Z", "2024-05-29T00:00", false, false),
        ("2024-05-30T12:00:00Z", "2024-05-29T00:00", true, false),
        ("2024-05-30T12:00:00Z", "2024-05-29", true, false),
    ] {
        let [ours, theirs] = [instant, reading].map(|text| Moment::of(&Time::new(text)).unwrap());
        for one_clock in [false, true] {
            let case = format!("{instant}, {reading}, {one_clock}");
            assert_eq!(ours.is_after(theirs, one_clock), instant_is_later, "{case}");
            assert_eq!(theirs.is_after(ours, one_clock), reading_is_later, "{case}");
        }
        let news = updated(instant).freshness(&updated(reading));
        assert_eq!(news == Freshness::Newer, instant_is_later);
        assert_eq!(news == Freshness::Older, reading_is_later);
    }
}

fn updated(at: &str) -> Tracking {
    let mut tracking = Tracking::new("1");
    tracking.update_at = Some(Time::new(at));
    tracking
}

#[test]
fn the_later_update_is_newer() {
    let earlier = updated("2024-01-01T12:00:00+08:00");
    let later = updated("2024-01-01T05:00:00+00:00");
    assert_eq!(later.freshness(&earlier), Freshness::Newer);
    assert_eq!(earlier.freshness(&later), Freshness::Older);
    assert_eq!(earlier.freshness(&earlier), Freshness::CannotTell);
}

#[test]
fn the_update_time_counts_before_the_checkpoints() {
    let mut earlier = parcel(&[("2024-01-01 09:00", "a")], &[]);
    earlier.update_at = updated("2024-01-01T05:00:00Z").update_at;
    assert_eq!(
        updated("2024-01-01T06:00:00Z").freshness(&earlier),
        Freshness::Newer
    );
}

#[test]
fn where_the_update_time_does_not_decide_the_latest_checkpoint_does() {
    let mut earlier = parcel(&[("2024-01-01 09:00", "a")], &[]);
    let mut later = parcel(&[("2024-01-01 09:00", "a"), ("2024-01-01 10:00", "b")], &[]);
    assert_eq!(later.freshness(&earlier), Freshness::Newer);
    assert_eq!(earlier.freshness(&later), Freshness::Older);
    later.update_at = Some(Time::new("2024-01-01T06:00:00Z"));
    assert_eq!(later.freshness(&earlier), Freshness::Newer);
    earlier.update_at.clone_from(&later.update_at);
    assert_eq!(later.freshness(&earlier), Freshness::Newer);
}

#[test]
fn clocks_of_different_legs_are_compared_only_days_apart() {
    let earlier = parcel(&[("2024-01-01 23:00", "a")], &[]);
    let later = parcel(&[], &[("2024-01-01 15:00", "b")]);
    assert_eq!(later.freshness(&earlier), Freshness::CannotTell);
    let later = parcel(&[], &[("2024-01-03 15:00", "b")]);
    assert_eq!(later.freshness(&earlier), Freshness::Newer);
    assert_eq!(earlier.freshness(&later), Freshness::Older);
}

#[test]
fn only_a_checkpoint_later_than_all_known_ones_is_news() {
    // The latest checkpoints have a certain order, but another one may be later than both.
    let ours = parcel(&[("2024-01-02T10:00:00Z", "a")], &[]);
    for unsure in ["2024-01-02 11:00", "2024-01-02", "soon"] {
        let theirs = parcel(&[("2024-01-02T09:00:00Z", "b"), (unsure, "c")], &[]);
        assert_eq!(ours.freshness(&theirs), Freshness::CannotTell, "{unsure}");
        assert_eq!(theirs.freshness(&ours), Freshness::CannotTell, "{unsure}");
    }
    let theirs = parcel(
        &[("2024-01-02T09:00:00Z", "b"), ("2024-01-01 23:00", "c")],
        &[],
    );
    let ours = parcel(&[("2024-01-02T10:00:00Z", "a"), ("soon", "d")], &[]);
    assert_eq!(ours.freshness(&theirs), Freshness::CannotTell);
    let ours = parcel(&[("2024-01-03T10:00:00Z", "a"), ("soon", "d")], &[]);
    assert_eq!(ours.freshness(&theirs), Freshness::Newer);
    assert_eq!(theirs.freshness(&ours), Freshness::Older);
}

#[test]
fn a_date_is_news_even_if_the_other_leg_has_the_time_of_its_scan() {
    // The time hides the date, but is on another clock than the known one.
    let known = parcel(&[("2024-01-01", "a")], &[]);
    let sent = parcel(&[("2024-01-03", "b")], &[("2024-01-03 00:01", "b")]);
    assert_eq!(sent.checkpoints().len(), 1);
    assert_eq!(sent.freshness(&known), Freshness::Newer);
    assert_eq!(known.freshness(&sent), Freshness::Older);
}

#[test]
fn an_unknown_time_of_day_may_be_any() {
    for midnight in ["2024-01-02", "2024-01-02T00:00:00"] {
        let known = parcel(&[(midnight, "a")], &[]);
        let same_day = parcel(&[("2024-01-02 23:59", "b")], &[]);
        assert_eq!(same_day.freshness(&known), Freshness::CannotTell);
        assert_eq!(known.freshness(&same_day), Freshness::CannotTell);
        let next_day = parcel(&[("2024-01-03 00:00", "b")], &[]);
        assert_eq!(next_day.freshness(&known), Freshness::Newer);
    }
}

#[test]
fn other_parcels_are_not_compared() {
    let earlier = updated("2024-01-01T05:00:00Z");
    let mut later = updated("2024-01-02T05:00:00Z");
    later.courier_code = Some("ups".into());
    assert_eq!(later.freshness(&earlier), Freshness::Newer);
    let mut other = earlier.clone();
    other.courier_code = Some("dhl".into());
    assert_eq!(later.freshness(&other), Freshness::CannotTell);
    later.tracking_number = "2".into();
    assert_eq!(later.freshness(&earlier), Freshness::CannotTell);
}

proptest! {
    #[test]
    fn newer_is_certain_and_never_on_both_sides(
        ours in prop::collection::vec(any_time(), 0..6),
        theirs in prop::collection::vec(any_time(), 0..6),
        split in 0_usize..6,
    ) {
        let make = |dates: &[String]| {
            let dates: Vec<_> = dates.iter().map(|date| (date.as_str(), "")).collect();
            let (origin, destination) = dates.split_at(split.min(dates.len()));
            parcel(origin, destination)
        };
        let (ours, theirs) = (make(&ours), make(&theirs));
        let news = ours.freshness(&theirs);
        let mirrored = match news {
            Freshness::Newer => Freshness::Older,
            Freshness::Older => Freshness::Newer,
            Freshness::CannotTell => Freshness::CannotTell,
        };
        prop_assert_eq!(theirs.freshness(&ours), mirrored);
        if news == Freshness::Newer {
            let (ours, theirs) = (History::of(&ours), History::of(&theirs));
            prop_assert!(ours.all().any(|it| theirs.shown().all(|known| it.is_after(known))));
        }
    }
}
