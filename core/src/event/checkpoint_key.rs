//! The key of a checkpoint.

use std::fmt;

use sha2::{Digest, Sha256};

use super::Checkpoint;
use super::moment::Moment;

/// Identifies a checkpoint within its parcel: the SHA-256 of its time, detail and place.
///
/// Together with the parcel, it makes what you do about a checkpoint of
/// [`Update::checkpoints`](super::Update::checkpoints) idempotent: use it in a unique column, or as
/// the idempotency key of a message. When you repeat a failed attempt, the key is the same.
///
/// Do not use it as the key of a table of checkpoints that later deliveries overwrite: it changes
/// when the place, the time of day or the offset is filled in.
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
    /// Returns the 32 bytes.
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
    /// Returns the key of this checkpoint within its parcel: see [`CheckpointKey`].
    ///
    /// It does not depend on how the time is written: `2024-01-05 06:40` and `2024-01-05T06:40:00`
    /// have the same key. So do a date and its midnight, and an instant in any offset. The place is
    /// the location, or else the city. Whitespace around the detail and the place does not count.
    /// The key is the same in every version of this crate.
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

    /// What happened, unless the text is whitespace.
    pub(super) fn detail(&self) -> Option<&str> {
        let detail = self.tracking_detail.as_deref().map(str::trim);
        detail.filter(|text| !text.is_empty())
    }

    /// Where it happened: the location, else the city.
    pub(super) fn place(&self) -> Option<&str> {
        [&self.location, &self.city]
            .into_iter()
            .filter_map(|text| text.as_deref().map(str::trim))
            .find(|text| !text.is_empty())
    }
}

// The encoding is frozen. Time, detail and place follow each other, and each begins with a tag.
// Then a text has its length in eight bytes, and a time has its nanoseconds since 1970 in sixteen,
// both big-endian.
const ABSENT: u8 = 0;
const TEXT: u8 = 1;
const READING: u8 = 2;
const INSTANT: u8 = 3;

fn text(hash: &mut Sha256, text: &str) {
    hash.update([TEXT]);
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}

#[cfg(test)]
mod tests {
    use super::super::Time;
    use super::*;

    fn checkpoint(time: &str, detail: &str, place: &str) -> Checkpoint {
        let text = |text: &str| Some(text.to_owned()).filter(|text| text != "-");
        Checkpoint {
            checkpoint_date: text(time).map(Time::new),
            tracking_detail: text(detail),
            location: text(place),
            ..Checkpoint::default()
        }
    }

    /// The keys were made with Python's hashlib from the encoding described above.
    #[test]
    fn the_encoding_is_frozen() {
        for (time, detail, place, key) in [
            (
                "-",
                "-",
                "-",
                "709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c",
            ),
            (
                "2024-01-05 06:40",
                "Left the country",
                "Linz",
                "ea14f88c0334be58136554ff30a3b4986603aac716cf7c1b518babc2adb1af7b",
            ),
            (
                "2024-01-05T07:40:00+01:00",
                "Left the country",
                "-",
                "0f7f03f55caf8014e8c60663205b6919d112ad73c4f49b024edccc3762256d58",
            ),
            (
                "soon",
                "-",
                "Linz",
                "3351c9f227d97815ff3f8cd07a56f76f17bcc6e0e7c9cde151aa293f3b31403d",
            ),
            (
                "1969-12-31",
                "-",
                "-",
                "5b7ce0b184213054aef4b5be11947708b0dce50ecd8605ba26d7cf9723f975da",
            ),
        ] {
            let checkpoint = checkpoint(time, detail, place);
            assert_eq!(checkpoint.key().to_string(), key, "{time}");
            assert_eq!(
                format!("{:?}", checkpoint.key()),
                format!("CheckpointKey({key})")
            );
            let first_byte = u8::from_str_radix(&key[..2], 16).unwrap();
            assert_eq!(checkpoint.key().as_bytes()[0], first_byte);
            assert_eq!(checkpoint.key().as_ref(), checkpoint.key().as_bytes());
        }
    }

    #[test]
    fn it_does_not_depend_on_how_a_time_is_written_or_on_what_else_is_said() {
        for [one, other] in [
            ["2024-01-05 06:40", "2024-01-05T06:40:00.0"],
            ["2024-01-05", "2024-01-05T00:00:00"],
            ["2024-01-05", "2024-01-05T00:00:00+08:00"],
            ["2024-01-05T06:40Z", "2024-01-05T07:40:00+01:00"],
        ] {
            let one = checkpoint(one, "a", "Linz");
            let mut other = checkpoint(other, "a", "Linz");
            other.city = Some("Wels".into());
            other.raw_status = Some("OK".into());
            assert_eq!(one.key(), other.key());
            other.location = Some(String::new());
            other.city = Some("Linz".into());
            assert_eq!(one.key(), other.key());
        }
    }

    #[test]
    fn it_differs_with_the_time_the_detail_and_the_place() {
        let mut keys = Vec::new();
        for time in [
            "-",
            "soon",
            "2024-01-05",
            "2024-01-05 06:40",
            "2024-01-05T06:40Z",
        ] {
            for (detail, place) in [
                ("-", "-"),
                ("ab", "c"),
                ("a", "bc"),
                ("-", "abc"),
                ("abc", "-"),
            ] {
                keys.push(checkpoint(time, detail, place).key());
            }
        }
        keys.sort();
        let count = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }
}
