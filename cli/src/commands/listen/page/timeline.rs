//! The layout of a parcel's timeline. The page only draws it.

use std::ptr;

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use trackingmore_webhook_axum::{Checkpoint, Leg, Substatus, Time, Tracking};

/// From so many days without news on, the drawing shows a gap.
const GAP: f64 = 3.0;

/// Both legs, oldest first. Places are in percent of the width.
#[derive(Serialize)]
pub(super) struct Timeline {
    lanes: Vec<Lane>,
    marks: Vec<Mark>,
    gaps: Vec<Gap>,
}

#[derive(Serialize)]
struct Lane {
    name: &'static str,
    courier: Option<String>,
}

#[derive(Serialize)]
struct Mark {
    x: f64,
    lane: usize,
    status: Option<String>,
    substatus: Option<String>,
    meaning: Option<&'static str>,
    time: Option<String>,
    detail: Option<String>,
    place: Option<String>,
    is_new: bool,
}

/// A long time without news.
#[derive(Debug, PartialEq, Serialize)]
struct Gap {
    from: f64,
    to: f64,
    days: u64,
}

impl Timeline {
    pub(super) fn of(tracking: &Tracking, is_new: impl Fn(&Checkpoint) -> bool) -> Self {
        let legs = [
            ("origin", tracking.origin_info.as_ref()),
            ("destination", tracking.destination_info.as_ref()),
        ];
        let legs: Vec<_> = legs
            .into_iter()
            .filter_map(|(name, leg)| Some((name, leg?)))
            .filter(|(_, leg)| !leg.trackinfo.is_empty())
            .collect();
        let mut checkpoints = tracking.checkpoints();
        checkpoints.reverse();

        let days: Vec<_> = checkpoints
            .windows(2)
            .map(|pair| days_between(pair[0], pair[1]))
            .collect();
        let places = places(&days);
        let gaps = days.iter().zip(places.windows(2));
        let gaps = gaps
            .filter(|(days, _)| **days >= GAP)
            .map(|(days, between)| Gap {
                from: between[0],
                to: between[1],
                days: *days as u64,
            })
            .collect();
        let marks = checkpoints.iter().zip(places);
        let marks = marks.map(|(checkpoint, x)| Mark {
            x,
            lane: legs
                .iter()
                .position(|(_, leg)| has(leg, checkpoint))
                .unwrap_or(0),
            status: text(
                checkpoint
                    .checkpoint_delivery_status
                    .as_ref()
                    .map(|it| it.as_str()),
            ),
            substatus: text(
                checkpoint
                    .checkpoint_delivery_substatus
                    .as_ref()
                    .map(Substatus::as_str),
            ),
            meaning: checkpoint
                .checkpoint_delivery_substatus
                .as_ref()
                .and_then(Substatus::meaning),
            time: text(checkpoint.checkpoint_date.as_ref().map(Time::as_str)),
            detail: checkpoint.tracking_detail.clone(),
            place: checkpoint
                .location
                .clone()
                .or_else(|| checkpoint.city.clone()),
            is_new: is_new(checkpoint),
        });
        Self {
            marks: marks.collect(),
            gaps,
            lanes: legs
                .into_iter()
                .map(|(name, leg)| Lane {
                    name,
                    courier: leg.courier_code.clone(),
                })
                .collect(),
        }
    }
}

fn text(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn has(leg: &Leg, checkpoint: &Checkpoint) -> bool {
    leg.trackinfo.iter().any(|own| ptr::eq(own, checkpoint))
}

/// Returns the days from one checkpoint to the next, or `None` if a time is not known.
fn days_between(earlier: &Checkpoint, later: &Checkpoint) -> f64 {
    let times =
        [earlier, later].map(|checkpoint| checkpoint.checkpoint_date.as_ref().and_then(about));
    match times {
        [Some(earlier), Some(later)] => {
            earlier.duration_until(later).as_secs_f64().max(0.0) / 86_400.0
        }
        _ => 0.0,
    }
}

/// When it was, to within the offset of a clock that has none.
fn about(time: &Time) -> Option<Timestamp> {
    time.instant().or_else(|| time.instant_in(TimeZone::UTC))
}

/// Returns the position of each mark: one step for each, and more for the time between, up to a
/// gap.
fn places(days: &[f64]) -> Vec<f64> {
    let steps = days.iter().map(|days| 1.0 + days.min(GAP));
    let steps: Vec<f64> = steps.collect();
    let whole: f64 = steps.iter().sum();
    let mut places = vec![0.0];
    let mut gone = 0.0;
    for step in steps {
        gone += step;
        places.push(round(gone / whole * 100.0));
    }
    places
}

fn round(percent: f64) -> f64 {
    (percent * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use trackingmore_webhook_axum::Event;

    use super::*;

    fn timeline(data: &str) -> Timeline {
        let event = format!(r#"{{"data":{{"tracking_number":"A",{data}}}}}"#);
        let event: Event = serde_json::from_str(&event).unwrap();
        Timeline::of(&event.tracking, |checkpoint| {
            checkpoint.tracking_detail.as_deref() == Some("new")
        })
    }

    #[test]
    fn both_legs_are_on_one_axis_and_in_lanes_of_their_own() {
        let timeline = timeline(
            r#""origin_info":{"courier_code":"usps","trackinfo":[
                {"checkpoint_date":"2026-01-03T00:00:00+00:00","checkpoint_delivery_status":"transit"},
                {"checkpoint_date":"2026-01-01T00:00:00+00:00","checkpoint_delivery_status":"inforeceived"}]},
            "destination_info":{"trackinfo":[
                {"checkpoint_date":"2026-01-02T00:00:00+00:00","tracking_detail":"new","city":"Oslo"}]}"#,
        );
        let lanes = timeline.lanes.iter().map(|lane| lane.name);
        assert_eq!(lanes.collect::<Vec<_>>(), ["origin", "destination"]);
        assert_eq!(timeline.lanes[0].courier.as_deref(), Some("usps"));
        let marks = timeline
            .marks
            .iter()
            .map(|mark| (mark.x, mark.lane, mark.is_new));
        assert_eq!(
            marks.collect::<Vec<_>>(),
            [(0.0, 0, false), (50.0, 1, true), (100.0, 0, false)]
        );
        assert_eq!(timeline.marks[0].status.as_deref(), Some("inforeceived"));
        assert_eq!(timeline.marks[1].place.as_deref(), Some("Oslo"));
        assert_eq!(timeline.gaps, []);
    }

    #[test]
    fn a_long_time_without_news_is_a_gap_and_takes_no_more_place_than_another() {
        let timeline = timeline(
            r#""origin_info":{"trackinfo":[
                {"checkpoint_date":"2026-03-01 06:00","tracking_detail":"d"},
                {"checkpoint_date":"2026-01-05 06:00","tracking_detail":"c"},
                {"checkpoint_date":"2026-01-01 18:00","tracking_detail":"b"},
                {"checkpoint_date":"2026-01-01 06:00","tracking_detail":"a"}]}"#,
        );
        // Of the steps 1.5, 4 and 4.
        let x = timeline.marks.iter().map(|mark| mark.x);
        assert_eq!(x.collect::<Vec<_>>(), [0.0, 15.79, 57.89, 100.0]);
        let gap = |from, to, days| Gap { from, to, days };
        assert_eq!(timeline.gaps, [gap(15.79, 57.89, 3), gap(57.89, 100.0, 55)]);
    }

    #[test]
    fn checkpoints_without_a_time_and_parcels_without_checkpoints_are_drawn() {
        let undated = timeline(r#""origin_info":{"trackinfo":[{"tracking_detail":"a"},{}]}"#);
        assert_eq!(undated.marks.len(), 2);
        assert_eq!(undated.marks[1].x, 100.0);
        let none = timeline(r#""origin_info":{"trackinfo":[]}"#);
        assert!(none.marks.is_empty() && none.lanes.is_empty());
    }
}
