//! A parcel's history, over both of its legs and over its deliveries.

use std::cmp::{Ordering, Reverse};
use std::collections::HashSet;

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::{Checkpoint, Time, Tracking};

/// Whether one delivery about a parcel has later news than another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Freshness {
    /// It is older: what is stored already is better.
    Older,
    /// It is newer: it should be stored.
    Newer,
    /// Their times are the same or say nothing about their order.
    CannotTell,
}

impl Tracking {
    /// The history of both legs as one, newest first.
    ///
    /// A checkpoint that stands in both legs is given once. Times with an offset are compared as instants, times without
    /// one as readings of the same clock, a date as its midnight. One of each kind can be compared only if they are so
    /// far apart that no zone could change their order; where they are not, the order in which the vendor sent them is
    /// kept, the leg of origin first. Checkpoints without a time that can be understood come last.
    ///
    /// # Examples
    ///
    /// ```
    /// use trackingmore_webhook::Tracking;
    ///
    /// let tracking: Tracking = serde_json::from_str(
    ///     r#"{
    ///         "tracking_number": "LZ700415528CN",
    ///         "origin_info": {"trackinfo": [
    ///             {"checkpoint_date": "2024-01-05 06:40", "tracking_detail": "Left the country"}
    ///         ]},
    ///         "destination_info": {"trackinfo": [
    ///             {"checkpoint_date": "2024-01-12 17:15", "tracking_detail": "Delivered"},
    ///             {"checkpoint_date": "2024-01-05 06:40", "tracking_detail": "Left the country"}
    ///         ]}
    ///     }"#,
    /// )?;
    /// let details: Vec<_> = tracking
    ///     .checkpoints()
    ///     .into_iter()
    ///     .filter_map(|checkpoint| checkpoint.tracking_detail.as_deref())
    ///     .collect();
    /// assert_eq!(details, ["Delivered", "Left the country"]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn checkpoints(&self) -> Vec<&Checkpoint> {
        self.history()
            .into_iter()
            .map(|entry| entry.checkpoint)
            .collect()
    }

    /// The first of [`checkpoints`](Self::checkpoints).
    #[must_use]
    pub fn latest_checkpoint(&self) -> Option<&Checkpoint> {
        self.history().first().map(|entry| entry.checkpoint)
    }

    /// Whether this is newer than what is known of the same parcel: deliveries can arrive late, twice and out of order.
    ///
    /// `update_at` decides. If it does not, because one of the two has none or they are the same, the time of the latest
    /// checkpoint does. Times are compared only where that is sure: two times without offset must be of the same leg, or
    /// days apart. Parcels with different numbers or couriers are not compared.
    ///
    /// # Examples
    ///
    /// ```
    /// use trackingmore_webhook::{Freshness, Time, Tracking};
    ///
    /// let mut stored = Tracking::new("7712004418830097");
    /// stored.update_at = Some(Time::new("2024-02-02T07:02:53+00:00"));
    /// let mut sent = stored.clone();
    /// assert_eq!(sent.freshness(&stored), Freshness::CannotTell);
    /// sent.update_at = Some(Time::new("2024-02-02T09:02:53+01:00"));
    /// assert_eq!(sent.freshness(&stored), Freshness::Newer);
    /// ```
    #[must_use]
    pub fn freshness(&self, known: &Self) -> Freshness {
        let differ = |ours: &Option<String>, theirs: &Option<String>| {
            ours.is_some() && theirs.is_some() && ours != theirs
        };
        if self.tracking_number != known.tracking_number
            || differ(&self.courier_code, &known.courier_code)
        {
            return Freshness::CannotTell;
        }
        let by_update = || {
            let [ours, theirs] = [self, known].map(|it| Moment::of(it.update_at.as_ref()?));
            ours?.compare(theirs?, true)
        };
        let by_checkpoint = || {
            let (ours, theirs) = (self.history(), known.history());
            let (ours, theirs) = (ours.first()?, theirs.first()?);
            ours.moment?.compare(theirs.moment?, ours.leg == theirs.leg)
        };
        match by_update()
            .filter(|order| order.is_ne())
            .or_else(by_checkpoint)
        {
            Some(Ordering::Less) => Freshness::Older,
            Some(Ordering::Greater) => Freshness::Newer,
            Some(Ordering::Equal) | None => Freshness::CannotTell,
        }
    }

    fn history(&self) -> Vec<Entry<'_>> {
        let [origin, destination] = [&self.origin_info, &self.destination_info]
            .map(|leg| leg.as_ref().map_or(&[][..], |leg| &leg.trackinfo));
        let seen: HashSet<_> = match destination {
            [] => HashSet::new(),
            _ => origin.iter().collect(),
        };
        let only_there = destination.iter().filter(|there| !seen.contains(there));

        let origin = origin.iter().map(|checkpoint| (Side::Origin, checkpoint));
        let destination = only_there.map(|checkpoint| (Side::Destination, checkpoint));
        let entries = origin.chain(destination).enumerate();
        newest_first(entries.map(|(position, (leg, checkpoint))| Entry {
            checkpoint,
            leg,
            position,
            moment: checkpoint.checkpoint_date.as_ref().and_then(Moment::of),
        }))
    }
}

struct Entry<'a> {
    checkpoint: &'a Checkpoint,
    leg: Side,
    position: usize,
    moment: Option<Moment>,
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Origin,
    Destination,
}

// Instants and readings have no common order that a sort could use: "cannot tell" is not transitive. So each kind is
// sorted by itself, and the two are merged.
fn newest_first<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Vec<Entry<'a>> {
    let (mut instants, mut readings, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        match entry.moment {
            Some(Moment::Instant(at)) => instants.push((at, entry)),
            Some(Moment::Reading(at)) => readings.push((at, entry)),
            None => others.push(entry),
        }
    }
    instants.sort_by_key(|(at, _)| Reverse(*at));
    readings.sort_by_key(|(at, _)| Reverse(*at));

    let mut sorted = Vec::with_capacity(instants.len() + readings.len() + others.len());
    let mut instants = instants.into_iter().map(|(_, entry)| entry).peekable();
    let mut readings = readings.into_iter().map(|(_, entry)| entry).peekable();
    while let (Some(instant), Some(reading)) = (instants.peek(), readings.peek()) {
        let order = instant.moment.zip(reading.moment);
        let order = order.and_then(|(instant, reading)| instant.compare(reading, true));
        let instant_first = match order {
            Some(order) => order.is_gt(),
            None => instant.position < reading.position,
        };
        sorted.extend(if instant_first {
            instants.next()
        } else {
            readings.next()
        });
    }
    sorted.extend(instants.chain(readings));
    sorted.append(&mut others);
    sorted
}

/// A place in time, as far as the text tells it: how long after 1970 began, in UTC or on a clock of an unknown zone.
#[derive(Clone, Copy)]
enum Moment {
    Instant(SignedDuration),
    Reading(SignedDuration),
}

impl Moment {
    fn of(time: &Time) -> Option<Self> {
        if time.offset().is_some() {
            return Some(Self::Instant(time.instant()?.as_duration()));
        }
        let midnight = || Some(time.date()?.to_datetime(jiff::civil::Time::midnight()));
        let reading = time.civil().or_else(midnight)?;
        Some(Self::Reading(reading.duration_since(EPOCH)))
    }

    /// The order of two moments, if it is sure whatever the zones are. Of two readings it is if they are of `one_clock`.
    fn compare(self, other: Self, one_clock: bool) -> Option<Ordering> {
        match (self, other) {
            (Self::Instant(ours), Self::Instant(theirs)) => Some(ours.cmp(&theirs)),
            (Self::Reading(ours), Self::Reading(theirs)) if one_clock => Some(ours.cmp(&theirs)),
            _ if self.earliest() > other.latest() => Some(Ordering::Greater),
            _ if self.latest() < other.earliest() => Some(Ordering::Less),
            _ => None,
        }
    }

    fn earliest(self) -> SignedDuration {
        match self {
            Self::Instant(at) => at,
            Self::Reading(at) => at - MOST_AHEAD_OF_UTC,
        }
    }

    fn latest(self) -> SignedDuration {
        match self {
            Self::Instant(at) => at,
            Self::Reading(at) => at + MOST_BEHIND_UTC,
        }
    }
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
const MOST_AHEAD_OF_UTC: SignedDuration = SignedDuration::from_hours(14);
const MOST_BEHIND_UTC: SignedDuration = SignedDuration::from_hours(12);

#[cfg(test)]
mod tests;
