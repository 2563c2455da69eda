//! A parcel's history over both of its legs.

use std::collections::{HashMap, HashSet};

use super::moment::Moment;
use super::order::{is_oldest_first, newest_first};
use super::scan::{Precision, Scan, Scans};
use super::{Checkpoint, Leg, Time, Tracking};

impl Tracking {
    /// Returns the history of both legs as one list, newest first, each scan of the parcel once.
    ///
    /// A scan is identified by its detail, its time and its place (the location, or else the city).
    /// If several checkpoints are of one scan, in one leg or in both, the fullest is returned: a
    /// checkpoint is left out if another one has the same detail, says more about the time or the
    /// place, and agrees in what both say. Among equals, the one of the leg of origin is returned;
    /// their other fields may differ. How a time is written makes no difference
    /// (`2024-01-05 06:40`, `2024-01-05T06:40:00`).
    ///
    /// Times with an offset are compared as instants, times without one as readings of the same
    /// clock. A time with and one without can be compared only if they are so far apart that no
    /// zone could change their order. Otherwise the order in which the vendor sent them is kept,
    /// the leg of origin first.
    ///
    /// A checkpoint whose time is missing or not understood stays above the one that it was sent
    /// above. So does a date, or a midnight, above a time of the same day, since a midnight often
    /// means that the time of day is not known. A leg that was sent oldest first is first reversed.
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
        let history = History::of(self);
        history.shown().map(|entry| entry.checkpoint).collect()
    }

    /// Returns the first of [`checkpoints`](Self::checkpoints).
    #[must_use]
    pub fn latest_checkpoint(&self) -> Option<&Checkpoint> {
        let history = History::of(self);
        history.shown().next().map(|entry| entry.checkpoint)
    }
}

/// All checkpoints of a parcel, newest first.
pub(super) struct History<'a> {
    entries: Vec<Entry<'a>>,
}

#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) scan: Scan<'a>,
    pub(super) moment: Option<Moment>,
    pub(super) leg: Side,
    /// It is later than the update that it came with: something that is expected.
    pub(super) is_forecast: bool,
    is_shown: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Origin,
    Destination,
}

impl<'a> History<'a> {
    pub(super) fn of(tracking: &'a Tracking) -> Self {
        let updated = tracking.update_at.as_ref();
        let origin = Entry::all_of(Side::Origin, tracking.origin_info.as_ref(), updated);
        let destination = Entry::all_of(
            Side::Destination,
            tracking.destination_info.as_ref(),
            updated,
        );
        let order = newest_first(&[&moments(&origin), &moments(&destination)]);
        let mut entries = origin;
        entries.extend(destination);
        choose(&mut entries);
        Self {
            entries: order.into_iter().map(|index| entries[index]).collect(),
        }
    }

    /// One entry for each scan.
    pub(super) fn shown(&self) -> impl DoubleEndedIterator<Item = &Entry<'a>> {
        self.entries.iter().filter(|entry| entry.is_shown)
    }

    /// Those, and the ones that say less about the same scans.
    pub(super) fn all(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter()
    }

    /// Whether one of these checkpoints is surely later than all of the other's, forecasts apart.
    /// One that is not shown counts too, so that a later delivery cannot change the answer by
    /// hiding it. One that may be among the other's forecasts is no news.
    pub(super) fn has_news(&self, other: &Self) -> bool {
        let known: Vec<_> = other.shown().filter(|it| !it.is_forecast).collect();
        let forecasts = other.all().filter(|it| it.is_forecast);
        let forecasts = Scans::new(forecasts.map(|it| (it.scan, it.moment)));
        let counts = |it: &&Entry| !it.is_forecast && !forecasts.may_have(it.scan, it.moment);
        let is_news = |entry: Entry| known.iter().all(|known| entry.is_after(known));
        !known.is_empty() && latest(self.all().filter(counts)).any(is_news)
    }
}

impl<'a> Entry<'a> {
    fn all_of(side: Side, leg: Option<&'a Leg>, updated: Option<&Time>) -> Vec<Self> {
        let checkpoints = leg.into_iter().flat_map(|leg| &leg.trackinfo);
        let mut entries: Vec<_> = checkpoints
            .map(|checkpoint| {
                let (scan, moment) = Scan::of(checkpoint);
                Self {
                    checkpoint,
                    scan,
                    moment,
                    leg: side,
                    is_forecast: moment
                        .zip(updated)
                        .is_some_and(|(moment, updated)| moment.is_expected_at(updated)),
                    is_shown: false,
                }
            })
            .collect();
        if is_oldest_first(&moments(&entries)) {
            entries.reverse();
        }
        entries
    }

    pub(super) fn is_after(&self, other: &Self) -> bool {
        let moments = self.moment.zip(other.moment);
        moments.is_some_and(|(ours, theirs)| ours.is_after(theirs, self.leg == other.leg))
    }
}

fn moments(entries: &[Entry]) -> Vec<Option<Moment>> {
    entries.iter().map(|entry| entry.moment).collect()
}

/// The latest instant, and the latest reading of each leg's clock: if any entry is surely after
/// another one, then one of these is.
pub(super) fn latest<'a: 'e, 'e>(
    entries: impl Iterator<Item = &'e Entry<'a>>,
) -> impl Iterator<Item = Entry<'a>> {
    let mut latest = [None::<Entry>; 3];
    for entry in entries {
        let clock = match (entry.moment, entry.leg) {
            (None, _) => continue,
            (Some(Moment::Instant(_)), _) => 0,
            (Some(Moment::Reading(_)), Side::Origin) => 1,
            (Some(Moment::Reading(_)), Side::Destination) => 2,
        };
        let at = |entry: Entry| entry.moment.map(Moment::at);
        if latest[clock].is_none_or(|latest| at(latest) < at(*entry)) {
            latest[clock] = Some(*entry);
        }
    }
    latest.into_iter().flatten()
}

/// Chooses which entries are shown: as many as are surely of different scans.
///
/// These are the ones that no fuller one absorbs. Two of them may still be of one scan: if one has
/// a place, another one a finer time, and the rest is the same. Then either those with a place are
/// shown or those with a finer time, whichever are more.
fn choose(entries: &mut [Entry]) {
    let lesser: HashSet<_> = entries.iter().flat_map(|it| it.scan.lesser()).collect();
    let mut seen = HashSet::new();
    for entry in &mut *entries {
        entry.is_shown = !lesser.contains(&entry.scan) && seen.insert(entry.scan);
    }
    show_each_instant_once(entries);

    let mut times: HashMap<Scan, Rivals> = HashMap::new();
    let mut days: HashMap<Scan, Rivals> = HashMap::new();
    for scan in entries.iter().filter(|it| it.is_shown).map(|it| it.scan) {
        match (scan.precision(), scan.place) {
            (Precision::Date, None) | (Precision::Offset, Some(_)) => {}
            (Precision::Date, Some(_)) => days.entry(scan.day()).or_default().placed += 1,
            (_, Some(_)) => times.entry(scan.time()).or_default().placed += 1,
            (_, None) => times.entry(scan.time()).or_default().timed += 1,
        }
    }
    for (time, rivals) in &times {
        let day = days.entry(time.day()).or_default();
        day.placed += rivals.placed;
        day.timed += rivals.placed.max(rivals.timed);
    }
    for entry in entries.iter_mut().filter(|it| it.is_shown) {
        let scan = entry.scan;
        let day_by_place = || days[&scan.day()].by_place();
        let time_by_place = || times[&scan.time()].by_place();
        entry.is_shown = match (scan.precision(), scan.place) {
            (Precision::Date, None) | (Precision::Offset, Some(_)) => true,
            (Precision::Date, Some(_)) => day_by_place(),
            (_, Some(_)) => day_by_place() || time_by_place(),
            (_, None) => !day_by_place() && !time_by_place(),
        };
    }
}

/// Entries that may be of the same scans: some with a place, some with a finer time.
#[derive(Clone, Copy, Default)]
struct Rivals {
    placed: usize,
    timed: usize,
}

impl Rivals {
    fn by_place(self) -> bool {
        self.placed >= self.timed
    }
}

/// If one instant was sent in several offsets, shows the one with a place, and prefers one that is
/// not in UTC.
fn show_each_instant_once(entries: &mut [Entry]) {
    let mut instants: Vec<_> = entries
        .iter_mut()
        .filter(|it| it.is_shown && it.scan.precision() == Precision::Offset)
        .collect();
    instants.sort_by_key(|it| {
        (
            it.scan.place.is_none(),
            it.scan.offset == Some(0),
            it.scan.offset,
        )
    });
    let mut seen = HashSet::new();
    for entry in instants {
        let instant = (entry.scan.detail, entry.moment);
        entry.is_shown = seen.insert((instant, entry.scan.place));
        seen.insert((instant, None));
    }
}

#[cfg(test)]
pub(super) mod tests;
