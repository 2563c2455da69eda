//! The time that a text means, as precisely as the text gives it.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::Time;

/// A point in time as precisely as its text gives it: time since 1970, in UTC or in an unknown
/// zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Moment {
    Instant(SignedDuration),
    Reading(SignedDuration),
}

impl Moment {
    pub(super) fn of(time: &Time) -> Option<Self> {
        if time.offset().is_some() {
            return Some(Self::Instant(time.instant()?.as_duration()));
        }
        let midnight = || Some(time.date()?.to_datetime(jiff::civil::Time::midnight()));
        let reading = time.civil().or_else(midnight)?;
        Some(Self::Reading(reading.duration_since(EPOCH)))
    }

    /// The moment of a carrier's time: its midnight stands for an unknown time of day, so the
    /// offset means nothing.
    pub(super) fn of_checkpoint(time: &Time) -> Option<Self> {
        match (Self::of(time)?, time.civil()) {
            (Self::Instant(_), Some(civil)) if civil.time() == jiff::civil::Time::midnight() => {
                Some(Self::Reading(civil.duration_since(EPOCH)))
            }
            (moment, _) => Some(moment),
        }
    }

    pub(super) fn at(self) -> SignedDuration {
        match self {
            Self::Instant(at) | Self::Reading(at) => at,
        }
    }

    /// Whether this is surely later, whatever the zones are. `one_clock` says that two readings are
    /// of the same clock.
    pub(super) fn is_after(self, other: Self, one_clock: bool) -> bool {
        match (self, other) {
            (Self::Reading(ours), Self::Reading(theirs)) if one_clock => ours > end_of(theirs),
            _ => self.earliest() > other.latest(),
        }
    }

    /// Whether this is a date: the time of day is unknown.
    pub(super) fn is_date(self) -> bool {
        matches!(self, Self::Reading(at) if at.as_nanos() % DAY.as_nanos() == 0)
    }

    /// Whether this is the date of the other, with both on one clock.
    pub(super) fn is_date_of(self, other: Self) -> bool {
        self.is_date()
            && matches!((self, other), (Self::Reading(date), Self::Reading(at))
                if date <= at && at <= end_of(date))
    }

    /// Whether this is later than an update: surely, or as a date after the date of the update.
    pub(super) fn is_expected_at(self, updated: &Time) -> bool {
        let date_of_update = || updated.civil().map(|civil| civil.duration_since(EPOCH));
        Self::of(updated).is_some_and(|updated| self.is_after(updated, false))
            || (self.is_date() && date_of_update().is_some_and(|updated| self.at() > updated))
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
            Self::Reading(at) => end_of(at) + MOST_BEHIND_UTC,
        }
    }
}

/// The latest reading that this can mean: a midnight may stand for any time of its day.
fn end_of(reading: SignedDuration) -> SignedDuration {
    if Moment::Reading(reading).is_date() {
        reading + DAY - SignedDuration::from_nanos(1)
    } else {
        reading
    }
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
const DAY: SignedDuration = SignedDuration::from_hours(24);
const MOST_AHEAD_OF_UTC: SignedDuration = SignedDuration::from_hours(14);
const MOST_BEHIND_UTC: SignedDuration = SignedDuration::from_hours(12);
