//! What a delivery changes.

use std::collections::HashSet;
use std::fmt;

use super::{Checkpoint, DeliveryStatus, Freshness, Tracking};

/// What a delivery changes: the step from a verified event to what is new.
///
/// Each delivery is a snapshot of the whole parcel, can come late, twice and out of order, and can
/// lack what an earlier one had. `Update` takes what is known of the parcel and what was sent, and
/// gives what is known now, and what is new in it. It does no I/O.
#[derive(Clone)]
pub struct Update {
    previous: Option<Tracking>,
    tracking: Tracking,
    checkpoints: Vec<Checkpoint>,
    backfilled: Vec<Checkpoint>,
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
    /// Takes in a delivery about a parcel of which `known` is known.
    #[must_use]
    pub fn new(known: Option<Tracking>, sent: Tracking) -> Self {
        let Some(known) = known else {
            return Self {
                checkpoints: oldest_first(&sent, &HashSet::new()),
                previous: None,
                tracking: sent,
                backfilled: Vec::new(),
                freshness: Freshness::Newer,
                is_news: true,
            };
        };
        let freshness = sent.freshness(&known);
        let tracking = if freshness == Freshness::Older {
            known.clone()
        } else {
            sent
        };
        let keys = known.checkpoints().into_iter().map(Checkpoint::key);
        Self {
            checkpoints: oldest_first(&tracking, &keys.collect()),
            backfilled: Vec::new(),
            freshness,
            is_news: tracking != known,
            previous: Some(known),
            tracking,
        }
    }

    /// Takes in the next delivery. The results stay relative to what was known at first.
    #[must_use]
    pub fn then(self, sent: Tracking) -> Self {
        let mut next = Self::new(Some(self.tracking), sent);
        next.checkpoints.splice(..0, self.checkpoints);
        next.backfilled.splice(..0, self.backfilled);
        next.is_news |= self.is_news;
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
        &self.checkpoints
    }

    /// The checkpoints that are new, but surely earlier than one that was known, oldest first.
    #[must_use]
    pub fn backfilled(&self) -> &[Checkpoint] {
        &self.backfilled
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
            .field("checkpoints", &self.checkpoints.len())
            .field("backfilled", &self.backfilled.len())
            .field("freshness", &self.freshness)
            .field("is_news", &self.is_news)
            .finish_non_exhaustive()
    }
}

fn oldest_first(tracking: &Tracking, known: &HashSet<super::CheckpointKey>) -> Vec<Checkpoint> {
    let new = tracking.checkpoints().into_iter().rev();
    new.filter(|checkpoint| !known.contains(&checkpoint.key()))
        .cloned()
        .collect()
}
