//! What a delivery changes.

mod checkpoints;
mod merge;
mod told;

use std::fmt;

use super::history::History;
use super::{Checkpoint, DeliveryStatus, Freshness, Tracking};
use merge::{merge, tidy};
use told::Told;

/// What a delivery changes: the step from a verified event to what is new.
///
/// Each delivery is a snapshot of the whole parcel, can come late, twice and out of order, and can
/// lack what an earlier one had. `Update` takes what is known of the parcel and what was sent, and
/// gives what is known now, and what is new in it. It does no I/O.
#[derive(Clone)]
pub struct Update {
    previous: Option<Tracking>,
    tracking: Tracking,
    told: Told,
    freshness: Freshness,
    is_news: bool,
}

/// A parcel's status before and after an [`Update`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StatusChange {
    /// The status that was known before, if one was.
    pub from: Option<DeliveryStatus>,
    /// The status that is known now.
    pub to: DeliveryStatus,
}

impl Update {
    /// Takes in a delivery about a parcel of which `known` is known: the
    /// [`tracking`](Self::tracking) of the last update, or `None` for the first one.
    #[must_use]
    pub fn new(known: Option<Tracking>, sent: Tracking) -> Self {
        match known.filter(|known| sent.is_same_parcel(known)) {
            Some(known) => Self::of_known(known, sent),
            None => Self::of_first(sent),
        }
    }

    fn of_first(sent: Tracking) -> Self {
        let tracking = tidy(sent);
        Self {
            previous: None,
            told: Told::all_of(&tracking),
            tracking,
            freshness: Freshness::Newer,
            is_news: true,
        }
    }

    fn of_known(previous: Tracking, sent: Tracking) -> Self {
        let known = tidy(previous.clone());
        let (known_history, sent_history) = (History::of(&known), History::of(&sent));
        let freshness = sent.freshness_by(&sent_history, &known, &known_history);
        let tracking = merge(known.clone(), sent.clone(), freshness);
        let told = Told::new(
            (&known, &known_history),
            &sent_history,
            freshness,
            &tracking,
        );
        Self {
            told,
            is_news: tracking != known,
            previous: Some(previous),
            tracking,
            freshness,
        }
    }

    /// Takes in the next delivery. The results stay relative to what was known at first.
    #[must_use]
    pub fn then(self, sent: Tracking) -> Self {
        if !sent.is_same_parcel(&self.tracking) {
            return Self::of_first(sent);
        }
        let mut next = Self::of_known(self.tracking, sent);
        next.told = self.told.and(next.told);
        next.is_news |= self.is_news;
        if self.freshness == Freshness::Newer || next.freshness == Freshness::Older {
            next.freshness = self.freshness;
        }
        next.previous = self.previous;
        next
    }

    /// What is known now: store this.
    #[must_use]
    pub fn tracking(&self) -> &Tracking {
        &self.tracking
    }

    /// What is known now, by value.
    #[must_use]
    pub fn into_tracking(self) -> Tracking {
        self.tracking
    }

    /// What was known before, or `None` if the parcel is seen for the first time.
    #[must_use]
    pub fn previous(&self) -> Option<&Tracking> {
        self.previous.as_ref()
    }

    /// The change of the status, if it differs from the last one that was known.
    #[must_use]
    pub fn status(&self) -> Option<StatusChange> {
        let from = self
            .previous
            .as_ref()
            .and_then(|it| it.delivery_status.clone());
        let to = self.tracking.delivery_status.clone()?;
        (from.as_ref() != Some(&to)).then_some(StatusChange { from, to })
    }

    /// The new checkpoints, oldest first: what a customer may be told.
    #[must_use]
    pub fn checkpoints(&self) -> &[Checkpoint] {
        &self.told.checkpoints
    }

    /// The checkpoints that are new, but surely earlier than one that was known, oldest first.
    #[must_use]
    pub fn backfilled(&self) -> &[Checkpoint] {
        &self.told.backfilled
    }

    /// Whether the last delivery is newer than what was known before it.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// Whether there is anything to store.
    #[must_use]
    pub fn is_news(&self) -> bool {
        self.is_news
    }
}

impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update")
            .field("status", &self.status())
            .field("checkpoints", &self.told.checkpoints.len())
            .field("backfilled", &self.told.backfilled.len())
            .field("freshness", &self.freshness)
            .field("is_news", &self.is_news)
            .finish_non_exhaustive()
    }
}
