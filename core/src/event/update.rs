//! What a delivery changes.

mod checkpoints;
mod merge;
mod reported;

use std::fmt;

use super::history::History;
use super::{Checkpoint, DeliveryStatus, Freshness, Tracking};
use merge::{merge, tidy};
use reported::Reported;

/// Finds what is new in a delivery, and what is known about the parcel after it.
///
/// Each delivery is a snapshot of the whole parcel. It can arrive late, twice or out of order, and
/// it can lack what an earlier one had. `Update` takes what is known about the parcel and what was
/// sent, and returns what is known now and what is new. It does no I/O: load what is known, and
/// store [`tracking()`](Self::tracking) in the transaction that records the effects.
///
/// # Rules
///
/// - [`Tracking::freshness`] decides which of the two is newer.
/// - Status, substatus and `update_at` change together, and only to those of a delivery that is not
///   older. Only a newer one takes back `delivered`. Once a status is known, a delivery without a
///   status changes none of them. A delivery without an `update_at` that is understood leaves
///   the known one as it is; but if it changes the status to `delivered`, no `update_at` is known
///   any more. A missing substatus is filled in by any delivery with the same status.
/// - For every other field, the newer value counts. A missing value erases nothing, and an older
///   delivery only fills gaps. The facts of a leg, such as its courier's phone number and its
///   dates, are kept only while its courier is the same.
/// - Checkpoints accumulate. Each leg has all that were known and all that were sent, each once, in
///   whatever order they arrived. [`Tracking::checkpoints`] explains which are the same scan.
/// - A parcel is identified by its number and its courier. If no courier was known, the first one
///   that is sent belongs to the same parcel.
///
/// # Examples
///
/// ```
/// use trackingmore_webhook::{Tracking, Update};
///
/// let sent = |json| serde_json::from_str::<Tracking>(json);
/// let first = sent(
///     r#"{
///         "tracking_number": "LZ700415528CN",
///         "delivery_status": "transit",
///         "update_at": "2024-01-05T08:00:00+00:00",
///         "origin_info": {"trackinfo": [
///             {"checkpoint_date": "2024-01-05 06:40", "tracking_detail": "Left the country"}
///         ]}
///     }"#,
/// )?;
/// let second = sent(
///     r#"{
///         "tracking_number": "LZ700415528CN",
///         "delivery_status": "delivered",
///         "update_at": "2024-01-12T20:00:00+00:00",
///         "destination_info": {"trackinfo": [
///             {"checkpoint_date": "2024-01-12 17:15", "tracking_detail": "Delivered"}
///         ]}
///     }"#,
/// )?;
///
/// let known = Update::new(None, first.clone()).into_tracking();
/// let update = Update::new(Some(known), second);
/// assert_eq!(update.status().unwrap().to, "delivered");
/// assert_eq!(update.checkpoints()[0].tracking_detail.as_deref(), Some("Delivered"));
/// assert_eq!(update.tracking().checkpoints().len(), 2);
///
/// // The first one again, late: nothing is new.
/// let update = Update::new(Some(update.into_tracking()), first);
/// assert!(!update.is_news());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Update {
    previous: Option<Tracking>,
    tracking: Tracking,
    reported: Reported,
    freshness: Freshness,
}

/// A parcel's status before and after an [`Update`]: see [`Update::status`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StatusChange {
    /// The status that was known before, if any.
    pub from: Option<DeliveryStatus>,
    /// The status that is known now.
    pub to: DeliveryStatus,
}

impl Update {
    /// Compares a delivery with what is known of its parcel: the [`tracking()`](Self::tracking) of
    /// the last update, or `None` for the first delivery.
    ///
    /// Both must be about the same parcel: look up what is known by number and courier. Otherwise
    /// the delivery counts as the first one of its parcel.
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
            reported: Reported::all_of(&tracking),
            tracking,
            freshness: Freshness::Newer,
        }
    }

    fn of_known(previous: Tracking, sent: Tracking) -> Self {
        let known = tidy(previous.clone());
        let (known_history, sent_history) = (History::of(&known), History::of(&sent));
        let freshness = sent.freshness_by(&sent_history, &known, &known_history);
        let tracking = merge(known.clone(), sent.clone(), freshness);
        let reported = Reported::new(&known_history, &sent_history, freshness, &tracking);
        Self {
            reported,
            // A history that is not in order stays as it is until there is something to store.
            tracking: if tracking == known {
                previous.clone()
            } else {
                tracking
            },
            previous: Some(previous),
            freshness,
        }
    }

    /// Adds the next delivery, so that several can be handled as one. The results stay relative to
    /// what was known before the first of them, and are the same as those of one update after
    /// another.
    ///
    /// A delivery about another parcel starts over: it counts as the first one of that parcel.
    #[must_use]
    pub fn then(self, sent: Tracking) -> Self {
        if !sent.is_same_parcel(&self.tracking) {
            return Self::of_first(sent);
        }
        let mut next = Self::of_known(self.tracking, sent);
        next.reported = self.reported.and(next.reported);
        if self.freshness == Freshness::Newer || next.freshness == Freshness::Older {
            next.freshness = self.freshness;
        }
        next.previous = self.previous;
        next
    }

    /// Returns what is known about the parcel now. Store this, as JSON for example.
    #[must_use]
    pub fn tracking(&self) -> &Tracking {
        &self.tracking
    }

    /// Like [`tracking`](Self::tracking), by value.
    #[must_use]
    pub fn into_tracking(self) -> Tracking {
        self.tracking
    }

    /// Returns what was known before, or `None` if the parcel is seen for the first time. Then
    /// everything is new, and you may want to tell the customer only the status, not the whole
    /// history.
    #[must_use]
    pub fn previous(&self) -> Option<&Tracking> {
        self.previous.as_ref()
    }

    /// Returns the change of the status, or `None` if it is still the one that was known. So no
    /// status is reported twice in a row.
    #[must_use]
    pub fn status(&self) -> Option<StatusChange> {
        let from = self
            .previous
            .as_ref()
            .and_then(|it| it.delivery_status.clone());
        let to = self.tracking.delivery_status.clone()?;
        (from.as_ref() != Some(&to)).then_some(StatusChange { from, to })
    }

    /// Returns the new checkpoints of both legs, oldest first: those to tell a customer about.
    ///
    /// Each is returned once over the life of the parcel, here or in
    /// [`backfilled`](Self::backfilled). A place, a time of day or an offset that is filled in
    /// later does not make it new. To make what you do about a checkpoint idempotent, use its
    /// [`key`](Checkpoint::key).
    #[must_use]
    pub fn checkpoints(&self) -> &[Checkpoint] {
        &self.reported.checkpoints
    }

    /// Returns the new checkpoints that are surely earlier than one that was known, oldest first.
    /// They complete the history, but come too late to tell a customer about: "out for delivery" is
    /// no news after "delivered".
    ///
    /// A known checkpoint does not count as later if a newer list of its leg no longer has it, or
    /// if it is a forecast: dated surely after the known `update_at`.
    #[must_use]
    pub fn backfilled(&self) -> &[Checkpoint] {
        &self.reported.backfilled
    }

    /// Returns whether the delivery is newer than what was known: see [`Tracking::freshness`].
    /// After several deliveries, returns that of the newest.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// Returns whether there is anything to store: whether what is known now differs from before.
    #[must_use]
    pub fn is_news(&self) -> bool {
        self.previous.as_ref() != Some(&self.tracking)
    }
}

impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update")
            .field("status", &self.status())
            .field("checkpoints", &self.reported.checkpoints.len())
            .field("backfilled", &self.reported.backfilled.len())
            .field("freshness", &self.freshness)
            .field("is_news", &self.is_news())
            .finish_non_exhaustive()
    }
}
