//! A parcel's history, over both of its legs and over its deliveries.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::hash::Hash;

use super::moment::Moment;
use super::{Checkpoint, Tracking};

/// Whether one delivery about a parcel has later news than another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Freshness {
    /// It is older: what is stored already is better.
    Older,
    /// It is newer: it should be stored.
    Newer,
    /// Their times are the same or say nothing sure about their order.
    ///
    /// Store it: the same news twice does no harm, and lost news does.
    CannotTell,
}

impl Tracking {
    /// The history of both legs as one, newest first.
    ///
    /// A checkpoint that stands in both legs is given once, as the leg of origin has it. It is the same if it has the same
    /// detail and location at the same time, however that is written (`2024-01-05 06:40`, `2024-01-05T06:40:00`); the
    /// other fields may differ.
    ///
    /// Times with an offset are compared as instants, times without one as readings of the same clock, a date as its
    /// midnight. One of each kind can be compared only if they are so far apart that no zone could change their order;
    /// where they are not, the order in which the vendor sent them is kept, the leg of origin first. Checkpoints without
    /// a time that can be understood come last.
    ///
    /// `T00:00` often means that the time of day is not known. Such a checkpoint stands below all others of its day,
    /// although it may be the latest of them.
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
    /// `update_at` decides. If it does not, because one of the two has none or they are the same, the latest checkpoint
    /// does: there is news if it is later than every checkpoint of the other. Times are compared only where that is sure:
    /// two times without offset must be of the same leg, or days apart, and a date or a midnight may be any time of its
    /// day. Parcels with different numbers or couriers are not compared.
    ///
    /// Where the answer is [`CannotTell`](Freshness::CannotTell), store the delivery: the same news twice does no harm, and
    /// lost news does.
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
        let updates = [self, known].map(|it| it.update_at.as_ref().and_then(Moment::of));
        if let [Some(ours), Some(theirs)] = updates {
            if ours.is_after(theirs, true) {
                return Freshness::Newer;
            }
            if theirs.is_after(ours, true) {
                return Freshness::Older;
            }
        }
        let (ours, theirs) = (self.history(), known.history());
        if has_news(&ours, &theirs) {
            Freshness::Newer
        } else if has_news(&theirs, &ours) {
            Freshness::Older
        } else {
            Freshness::CannotTell
        }
    }

    fn history(&self) -> Vec<Entry<'_>> {
        let origin = self.origin_info.iter().map(|leg| (Side::Origin, leg));
        let destination = self.destination_info.iter();
        let entries: Vec<_> = origin
            .chain(destination.map(|leg| (Side::Destination, leg)))
            .flat_map(|(side, leg)| leg.trackinfo.iter().map(move |it| (side, it)))
            .enumerate()
            .map(|(position, (leg, checkpoint))| Entry {
                checkpoint,
                leg,
                position,
                moment: checkpoint.checkpoint_date.as_ref().and_then(Moment::of),
            })
            .collect();
        let seen: HashSet<_> = entries
            .iter()
            .filter(|entry| entry.leg == Side::Origin)
            .map(Entry::identity)
            .collect();
        let told_once = entries
            .iter()
            .copied()
            .filter(|entry| entry.leg == Side::Origin || !seen.contains(&entry.identity()));
        newest_first(told_once)
    }
}

/// Whether the latest of `ours` is surely later than all of `theirs`.
fn has_news(ours: &[Entry], theirs: &[Entry]) -> bool {
    ours.first().is_some_and(|latest| {
        !theirs.is_empty() && theirs.iter().all(|entry| latest.is_after(entry))
    })
}

#[derive(Clone, Copy)]
struct Entry<'a> {
    checkpoint: &'a Checkpoint,
    leg: Side,
    position: usize,
    moment: Option<Moment>,
}

impl<'a> Entry<'a> {
    /// What is the same in a checkpoint that stands in both legs.
    fn identity(&self) -> impl Eq + Hash + use<'a> {
        let Checkpoint {
            checkpoint_date,
            tracking_detail,
            location,
            ..
        } = self.checkpoint;
        let time = self.moment.ok_or(checkpoint_date);
        (time, tracking_detail, location)
    }

    fn is_after(&self, other: &Self) -> bool {
        let moments = self.moment.zip(other.moment);
        moments.is_some_and(|(ours, theirs)| ours.is_after(theirs, self.leg == other.leg))
    }
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
        let instant_first = instant.is_after(reading)
            || !reading.is_after(instant) && instant.position < reading.position;
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

#[cfg(test)]
mod tests;
