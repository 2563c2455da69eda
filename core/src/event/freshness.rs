//! Which of two deliveries is newer.

use std::cmp::Ordering;

use super::Tracking;
use super::history::History;
use super::moment::Moment;

/// Whether one delivery about a parcel is newer than another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Freshness {
    /// It is older: it only fills gaps in what is known.
    Older,
    /// It is newer: its values count.
    Newer,
    /// Their times are the same, or leave their order open. The values of the one that arrives
    /// later count, except that it cannot take back `delivered`.
    CannotTell,
}

impl Tracking {
    /// Returns whether this is newer than what is known about the same parcel. Deliveries can
    /// arrive late, twice and out of order. A newer one need not say anything new:
    /// [`Update`](super::Update) says what is new, by the same rules.
    ///
    /// - `update_at` decides where both have one that is understood. If both are equal, neither is
    ///   older, since a list of checkpoints may be incomplete for a while.
    /// - Otherwise the checkpoints decide: a delivery is newer if one of them is surely later than
    ///   all known ones. Those later than their own `update_at` are forecasts and do not count.
    ///   Times are compared only where their order is certain: two times without an offset must be
    ///   of the same leg, or days apart, and a date or a midnight may mean any time of its day.
    /// - The first delivery with a status is never older than what is known without one.
    ///
    /// Parcels with different numbers or couriers are not compared.
    ///
    /// # Examples
    ///
    /// ```
    /// use trackingmore_webhook::{Freshness, Time, Tracking};
    ///
    /// let mut known = Tracking::new("7712004418830097");
    /// known.update_at = Some(Time::new("2024-02-02T07:02:53+00:00"));
    /// let mut sent = known.clone();
    /// assert_eq!(sent.freshness(&known), Freshness::CannotTell);
    /// sent.update_at = Some(Time::new("2024-02-02T09:02:53+01:00"));
    /// assert_eq!(sent.freshness(&known), Freshness::Newer);
    /// ```
    #[must_use]
    pub fn freshness(&self, known: &Self) -> Freshness {
        if self.is_same_parcel(known) {
            self.freshness_by(&History::of(self), known, &History::of(known))
        } else {
            Freshness::CannotTell
        }
    }

    /// Whether both have the same number, and the same courier where both have one.
    pub(super) fn is_same_parcel(&self, other: &Self) -> bool {
        self.tracking_number == other.tracking_number
            && !differ(self.courier_code.as_ref(), other.courier_code.as_ref())
    }

    /// The freshness against the same parcel, both with their histories.
    pub(super) fn freshness_by(
        &self,
        history: &History,
        known: &Self,
        known_history: &History,
    ) -> Freshness {
        let by_checkpoints = if history.has_news(known_history) {
            Freshness::Newer
        } else if known_history.has_news(history) {
            Freshness::Older
        } else {
            Freshness::CannotTell
        };
        let freshness = match self.compare_update_at(known) {
            Some(Ordering::Greater) => Freshness::Newer,
            Some(Ordering::Less) => Freshness::Older,
            Some(Ordering::Equal) if by_checkpoints == Freshness::Older => Freshness::CannotTell,
            Some(Ordering::Equal) | None => by_checkpoints,
        };
        let is_first_status = known.delivery_status.is_none() && self.delivery_status.is_some();
        if freshness == Freshness::Older && is_first_status {
            Freshness::CannotTell
        } else {
            freshness
        }
    }

    /// The order of both `update_at`, where it is certain. On the vendor's clock, a midnight is a
    /// real time.
    fn compare_update_at(&self, other: &Self) -> Option<Ordering> {
        let (ours, theirs) = (self.update_at.as_ref()?, other.update_at.as_ref()?);
        let have_time_of_day = ours.civil().is_some() && theirs.civil().is_some();
        match (Moment::of(ours)?, Moment::of(theirs)?) {
            (Moment::Reading(ours), Moment::Reading(theirs)) if have_time_of_day => {
                Some(ours.cmp(&theirs))
            }
            (ours, theirs) if ours == theirs => Some(Ordering::Equal),
            (ours, theirs) if ours.is_after(theirs, true) => Some(Ordering::Greater),
            (ours, theirs) if theirs.is_after(ours, true) => Some(Ordering::Less),
            _ => None,
        }
    }
}

/// Whether both are known and differ.
pub(super) fn differ(ours: Option<&String>, theirs: Option<&String>) -> bool {
    ours.is_some() && theirs.is_some() && ours != theirs
}

#[cfg(test)]
mod tests;
