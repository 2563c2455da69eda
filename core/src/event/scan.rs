//! Which checkpoints are the same scan of a parcel.
//!
//! A scan is identified by its detail, its time and its place, of which a carrier may send a part
//! first and the rest later. A time may first be only a date, then have a time of day, then an
//! offset; a place may first be missing. A checkpoint is absorbed by one that says all that it
//! says, and more.
//!
//! "Says less" is transitive, while "is perhaps the same" is not. So which checkpoints remain does
//! not depend on the order of arrival.

use std::collections::HashSet;

use jiff::SignedDuration;

use super::Checkpoint;
use super::moment::Moment;

/// What a checkpoint says about its scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scan<'a> {
    pub(super) detail: Option<&'a str>,
    date: Date<'a>,
    time_of_day: Option<i128>,
    pub(super) offset: Option<i32>,
    pub(super) place: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Date<'a> {
    Understood(i128),
    Text(Option<&'a str>),
}

/// How much is known about a scan: how fine its time is, and whether it has a place.
type Known = (Precision, bool);

/// How much is known about a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Precision {
    Date,
    TimeOfDay,
    Offset,
}

impl<'a> Scan<'a> {
    pub(super) fn of(checkpoint: &'a Checkpoint) -> (Self, Option<Moment>) {
        let time = checkpoint.checkpoint_date.as_ref();
        let moment = time.and_then(Moment::of_checkpoint);
        let mut scan = Self {
            detail: checkpoint.detail(),
            date: Date::Text(time.map(|time| time.as_str())),
            time_of_day: None,
            offset: None,
            place: checkpoint.place(),
        };
        if let (Some(time), Some(moment)) = (time, moment) {
            let offset = match moment {
                Moment::Instant(_) => time.offset().map(|offset| offset.seconds()),
                Moment::Reading(_) => None,
            };
            let reading = moment.at() + SignedDuration::from_secs(offset.unwrap_or(0).into());
            let time_of_day = reading.as_nanos().rem_euclid(DAY);
            scan.date = Date::Understood(reading.as_nanos() - time_of_day);
            scan.time_of_day = Some(time_of_day).filter(|it| *it != 0);
            scan.offset = offset;
        }
        (scan, moment)
    }

    pub(super) fn precision(self) -> Precision {
        match (self.time_of_day, self.offset) {
            (None, _) => Precision::Date,
            (Some(_), None) => Precision::TimeOfDay,
            (Some(_), Some(_)) => Precision::Offset,
        }
    }

    fn known(self) -> Known {
        (self.precision(), self.place.is_some())
    }

    /// The scan, with no more than this known about it.
    fn cut(self, (precision, place): Known) -> Self {
        Self {
            time_of_day: self
                .time_of_day
                .filter(|_| precision >= Precision::TimeOfDay),
            offset: self.offset.filter(|_| precision >= Precision::Offset),
            place: self.place.filter(|_| place),
            ..self
        }
    }

    /// Detail and date alone.
    pub(super) fn day(self) -> Self {
        self.cut((Precision::Date, false))
    }

    /// Detail, date and time of day alone.
    pub(super) fn time(self) -> Self {
        self.cut((Precision::TimeOfDay, false))
    }

    /// All that say less about the same scan.
    pub(super) fn lesser(self) -> impl Iterator<Item = Self> {
        let known = self.known();
        let is_less = move |it: &Known| it.0 <= known.0 && it.1 <= known.1 && *it != known;
        let all = ALL_KNOWN.into_iter().filter(is_less);
        all.map(move |it| self.cut(it))
    }
}

const DAY: i128 = SignedDuration::from_hours(24).as_nanos();

const ALL_KNOWN: [Known; 6] = [
    (Precision::Date, false),
    (Precision::Date, true),
    (Precision::TimeOfDay, false),
    (Precision::TimeOfDay, true),
    (Precision::Offset, false),
    (Precision::Offset, true),
];

/// A set of scans, to look up whether another may be among them.
pub(super) struct Scans<'a> {
    /// Each scan and all that say less about it, with how much is known about the scan in full.
    cuts: HashSet<(Scan<'a>, Known)>,
    instants: HashSet<(Option<&'a str>, Moment)>,
}

impl<'a> Scans<'a> {
    pub(super) fn new(scans: impl Iterator<Item = (Scan<'a>, Option<Moment>)>) -> Self {
        let mut all = Self {
            cuts: HashSet::new(),
            instants: HashSet::new(),
        };
        for (scan, moment) in scans {
            let known = scan.known();
            all.cuts.insert((scan, known));
            all.cuts.extend(scan.lesser().map(|it| (it, known)));
            if let Some(moment @ Moment::Instant(_)) = moment {
                all.instants.insert((scan.detail, moment));
            }
        }
        all
    }

    /// Whether one of them is compatible with this one, or of the same instant.
    pub(super) fn may_have(&self, scan: Scan<'a>, moment: Option<Moment>) -> bool {
        let fits = |known: Known| self.cuts.contains(&(scan.cut(known), known));
        ALL_KNOWN.into_iter().any(fits)
            || moment.is_some_and(|moment| self.instants.contains(&(scan.detail, moment)))
    }
}
