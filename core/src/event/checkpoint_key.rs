//! The key of a checkpoint.

use std::fmt;

use sha2::{Digest, Sha256};

use super::Checkpoint;
use super::moment::Moment;

/// The SHA-256 of what identifies a checkpoint within its parcel: its time, its detail and its place.
///
/// Use it together with the parcel as the key of an effect: a unique column, or the idempotency key
/// of a message that goes out for a checkpoint of
/// [`Update::checkpoints`](super::Update::checkpoints). An effect that is tried again, because the
/// first attempt crashed, has the same key.
///
/// Do not use it as the primary key of a table of checkpoints that later deliveries overwrite: the
/// key changes when the place, the time of day or the offset is filled in later.
///
/// # Examples
///
/// ```
/// use trackingmore_webhook::{Checkpoint, Time};
///
/// let mut checkpoint = Checkpoint::default();
/// checkpoint.checkpoint_date = Some(Time::new("2024-01-05 06:40"));
/// let key = checkpoint.key();
/// assert_eq!(key.to_string().len(), 64);
///
/// checkpoint.checkpoint_date = Some(Time::new("2024-01-05T06:40:00"));
/// assert_eq!(checkpoint.key(), key);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckpointKey([u8; 32]);

impl CheckpointKey {
    /// Gives the 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl AsRef<[u8]> for CheckpointKey {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for CheckpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CheckpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckpointKey({self})")
    }
}

impl Checkpoint {
    /// The key of this checkpoint within its parcel: see [`CheckpointKey`].
    ///
    /// However a time is written, its key is the same: `2024-01-05 06:40` and
    /// `2024-01-05T06:40:00`, a date and its midnight, an instant in any offset.
    #[must_use]
    pub fn key(&self) -> CheckpointKey {
        let mut hash = Sha256::new();
        match self.checkpoint_date.as_ref() {
            None => hash.update([ABSENT]),
            Some(time) => match Moment::of_checkpoint(time) {
                Some(Moment::Reading(at)) => {
                    hash.update([READING]);
                    hash.update(at.as_nanos().to_be_bytes());
                }
                Some(Moment::Instant(at)) => {
                    hash.update([INSTANT]);
                    hash.update(at.as_nanos().to_be_bytes());
                }
                None => text(&mut hash, time.as_str()),
            },
        }
        for part in [self.detail(), self.place()] {
            match part {
                None => hash.update([ABSENT]),
                Some(part) => text(&mut hash, part),
            }
        }
        CheckpointKey(hash.finalize().into())
    }

    /// What happened, unless the text is empty.
    pub(super) fn detail(&self) -> Option<&str> {
        self.tracking_detail
            .as_deref()
            .filter(|text| !text.is_empty())
    }

    /// Where it happened: the location, else the city.
    pub(super) fn place(&self) -> Option<&str> {
        [&self.location, &self.city]
            .into_iter()
            .filter_map(Option::as_deref)
            .find(|text| !text.is_empty())
    }
}

// The encoding is frozen: each part begins with what it is, and a text with its length in bytes.
const ABSENT: u8 = 0;
const TEXT: u8 = 1;
const READING: u8 = 2;
const INSTANT: u8 = 3;

fn text(hash: &mut Sha256, text: &str) {
    hash.update([TEXT]);
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}
