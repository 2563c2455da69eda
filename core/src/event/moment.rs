//! Where a time is, as far as its text tells.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::Time;

/// A place in time, as far as the text tells it: how long after 1970 began, in UTC or on a clock of
/// an unknown zone.
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

    /// Of a carrier's time, whose midnight stands for a time of day that is not known: it is one of
    /// its day, whatever the offset.
    pub(super) fn of_checkpoint(time: &Time) -> Option<Self> {
        match time.civil() {
            Some(civil) if civil.time() == jiff::civil::Time::midnight() => {
                Some(Self::Reading(civil.duration_since(EPOCH)))
            }
            _ => Self::of(time),
        }
    }

    /// Whether this is surely later, whatever the zones are. `one_clock` says that two readings are
    /// of the same.
    pub(super) fn is_after(self, other: Self, one_clock: bool) -> bool {
        match (self, other) {
            (Self::Reading(ours), Self::Reading(theirs)) if one_clock => ours > end_of(theirs),
            _ => self.earliest() > other.latest(),
        }
    }

    pub(super) fn earliest(self) -> SignedDuration {
        match self {
            Self::Instant(at) => at,
            Self::Reading(at) => at - MOST_AHEAD_OF_UTC,
        }
    }

    pub(super) fn latest(self) -> SignedDuration {
        match self {
            Self::Instant(at) => at,
            Self::Reading(at) => end_of(at) + MOST_BEHIND_UTC,
        }
    }
}

/// The latest reading that can be meant: a midnight may stand for any time of its day.
pub(super) fn end_of(reading: SignedDuration) -> SignedDuration {
    let is_midnight = reading.as_nanos() % DAY.as_nanos() == 0;
    if is_midnight {
        reading + DAY - SignedDuration::from_nanos(1)
    } else {
        reading
    }
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
const DAY: SignedDuration = SignedDuration::from_hours(24);
const MOST_AHEAD_OF_UTC: SignedDuration = SignedDuration::from_hours(14);
const MOST_BEHIND_UTC: SignedDuration = SignedDuration::from_hours(12);
