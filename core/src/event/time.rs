//! Times as the vendor writes them.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::lenient::{Lenient, alone};

/// A time as the vendor wrote it: an instant, a clock reading without a zone, a date, or none of
/// these.
///
/// The text is kept exactly ([`as_str`](Self::as_str)), and two times are equal if their texts are.
/// Every interpretation of it is an `Option`, computed when you ask for it.
///
/// | text | [`kind`](Self::kind) | where it was seen |
/// |---|---|---|
/// | `2023-10-25T07:02:52+00:00`, `…Z`, `…+0800` | [`Instant`](TimeKind::Instant) | `created_at`, `update_at`, some checkpoints |
/// | `2023-09-15T15:00:00`, `2021-06-11 13:11:00`, `2020-11-13 17:59` | [`Civil`](TimeKind::Civil) | most checkpoints, the dates of the legs |
/// | `2023-09-15`, `20230915` | [`Date`](TimeKind::Date) | `scheduled_delivery_date`, `tracking_ship_date` |
/// | anything else | [`NotUnderstood`](TimeKind::NotUnderstood) | |
///
/// Seconds may be missing, or have a fraction.
///
/// # A time without an offset is not an instant
///
/// It is what the carrier's clock showed, in a zone that the vendor does not name; interpreted in
/// the server's zone, it is wrong by up to a day. [`instant`](Self::instant) never guesses: if you
/// know the zone, say so with [`instant_in`](Self::instant_in). And `T00:00` often means that the
/// time of day is not known.
///
/// # Examples
///
/// ```
/// use jiff::tz::{Offset, TimeZone};
/// use trackingmore_webhook::{Time, TimeKind};
///
/// let time = Time::new("2024-05-29T06:46:26-03:00");
/// assert_eq!(time.instant(), Some("2024-05-29T09:46:26Z".parse()?));
/// assert_eq!(time.civil(), Some("2024-05-29T06:46:26".parse()?));
///
/// let time = Time::new("2020-11-13 17:59");
/// assert_eq!(time.kind(), TimeKind::Civil);
/// assert_eq!(time.instant(), None);
/// assert_eq!(time.civil(), Some("2020-11-13T17:59:00".parse()?));
/// let zone = TimeZone::fixed(Offset::constant(8));
/// assert_eq!(time.instant_in(zone), Some("2020-11-13T09:59:00Z".parse()?));
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Time(String);

impl Time {
    /// Makes a time with this text, whether it can be understood or not.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the vendor's text, exactly.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what kind of time the text is.
    #[must_use]
    pub fn kind(&self) -> TimeKind {
        let Some(pieces) = self.pieces() else {
            return TimeKind::NotUnderstood;
        };
        match (pieces.time(), pieces.to_numeric_offset()) {
            (None, _) => TimeKind::Date,
            (Some(_), None) => TimeKind::Civil,
            (Some(_), Some(_)) => TimeKind::Instant,
        }
    }

    /// Returns the instant, if the text has an offset or a `Z`.
    #[must_use]
    pub fn instant(&self) -> Option<Timestamp> {
        self.offset()?.to_timestamp(self.civil()?).ok()
    }

    /// Returns the offset from UTC that the text has.
    #[must_use]
    pub fn offset(&self) -> Option<Offset> {
        self.pieces()?.to_numeric_offset()
    }

    /// Returns the date and time of day as written, whatever the offset; `None` for a date alone.
    #[must_use]
    pub fn civil(&self) -> Option<DateTime> {
        let pieces = self.pieces()?;
        Some(pieces.date().to_datetime(pieces.time()?))
    }

    /// Returns the date as written, with or without a time of day.
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        Some(self.pieces()?.date())
    }

    /// Returns the instant; a time without an offset is interpreted in `zone`. An offset in the
    /// text takes precedence over `zone`. A date alone is `None`, and so is a time without an
    /// offset in [`TimeZone::unknown`].
    ///
    /// If the clocks of the zone showed a reading twice, the first counts; if they skipped it, it
    /// is interpreted as if they had not: jiff's "compatible" disambiguation.
    #[must_use]
    pub fn instant_in(&self, zone: TimeZone) -> Option<Timestamp> {
        match self.offset() {
            Some(_) => self.instant(),
            None if zone.is_unknown() => None,
            None => zone.to_timestamp(self.civil()?).ok(),
        }
    }

    fn pieces(&self) -> Option<Pieces<'_>> {
        Pieces::parse(self.0.trim())
            .ok()
            .filter(|pieces| pieces.time_zone_annotation().is_none())
    }
}

/// The kind of time that the text of a [`Time`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeKind {
    /// A date and a time of day with an offset from UTC: a point in time.
    Instant,
    /// A date and a time of day on a clock whose zone is not known.
    Civil,
    /// A date alone.
    Date,
    /// A text in none of these forms.
    NotUnderstood,
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl From<&str> for Time {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Time {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl AsRef<str> for Time {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Time {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Time {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Lenient for Time {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self::new(text))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        alone(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn civil(text: &str) -> Option<String> {
        Time::new(text).civil().map(|civil| civil.to_string())
    }

    #[test]
    fn a_time_with_an_offset_is_an_instant_and_a_reading() {
        for (text, instant, reading) in [
            (
                "2023-10-25T07:02:52+00:00",
                "2023-10-25T07:02:52Z",
                "2023-10-25T07:02:52",
            ),
            (
                "2019-08-20T14:56:55+08:00",
                "2019-08-20T06:56:55Z",
                "2019-08-20T14:56:55",
            ),
            (
                "2024-05-29T06:46:26-03:00",
                "2024-05-29T09:46:26Z",
                "2024-05-29T06:46:26",
            ),
            (
                "2022-03-29T13:52:16.250Z",
                "2022-03-29T13:52:16.25Z",
                "2022-03-29T13:52:16.25",
            ),
            (
                "2022-03-29 13:52+0530",
                "2022-03-29T08:22:00Z",
                "2022-03-29T13:52:00",
            ),
            (
                "2022-03-29T13:52-03:00",
                "2022-03-29T16:52:00Z",
                "2022-03-29T13:52:00",
            ),
        ] {
            let time = Time::new(text);
            assert_eq!(time.kind(), TimeKind::Instant, "{text}");
            assert_eq!(time.instant().unwrap().to_string(), instant);
            assert_eq!(
                time.instant_in(TimeZone::fixed(Offset::constant(9))),
                time.instant()
            );
            assert_eq!(civil(text).as_deref(), Some(reading));
            assert_eq!(time.as_str(), text);
        }
    }

    #[test]
    fn a_time_without_an_offset_is_never_an_instant() {
        for (text, reading) in [
            ("2023-09-15T15:00:00", "2023-09-15T15:00:00"),
            ("2020-11-13 17:59", "2020-11-13T17:59:00"),
            ("2021-06-11 13:11:00", "2021-06-11T13:11:00"),
            ("2021-06-11T13:11", "2021-06-11T13:11:00"),
            ("2021-06-11T13:11:00.5", "2021-06-11T13:11:00.5"),
            (" 2021-06-11 00:00 ", "2021-06-11T00:00:00"),
        ] {
            let time = Time::new(text);
            assert_eq!(time.kind(), TimeKind::Civil, "{text}");
            assert_eq!(time.instant(), None);
            assert_eq!(civil(text).as_deref(), Some(reading));
            assert_eq!(time.to_string(), text);
        }
    }

    #[test]
    fn a_date_has_no_time_of_day() {
        for text in ["2023-09-15", "20230915"] {
            let time = Time::new(text);
            assert_eq!(time.kind(), TimeKind::Date, "{text}");
            assert_eq!(time.date().unwrap().to_string(), "2023-09-15");
            assert_eq!(time.civil(), None);
            assert_eq!(time.instant(), None);
            assert_eq!(time.instant_in(TimeZone::UTC), None);
        }
    }

    #[test]
    fn other_texts_are_not_understood() {
        for text in [
            "",
            " ",
            "yesterday",
            "2023-13-01",
            "2023-02-29",
            "2023-02-28T25:00",
            "2023-02-28T10:61",
            "2023-09-15T15:00:00+99:00",
            "2023-09-15T15:00[Europe/Paris]",
            "09/15/2023",
            "1662371528",
            "0000-00-00 00:00:00",
        ] {
            let time = Time::new(text);
            assert_eq!(time.kind(), TimeKind::NotUnderstood, "{text}");
            assert_eq!(
                (time.instant(), time.civil(), time.date()),
                (None, None, None)
            );
            assert_eq!(time.as_str(), text);
        }
    }

    #[test]
    fn the_edges_of_time_have_no_instant() {
        for text in ["9999-12-31T23:59:59-23:00", "-009999-01-01T00:00:00+23:00"] {
            let time = Time::new(text);
            assert_eq!(time.kind(), TimeKind::Instant);
            assert_eq!(time.instant(), None);
            assert!(time.civil().is_some());
        }
    }

    #[test]
    fn a_naive_time_is_read_in_the_zone_given() {
        let new_york = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
        for (text, instant) in [
            ("2024-01-15 12:00", "2024-01-15T17:00:00Z"),
            ("2024-03-10 02:30", "2024-03-10T07:30:00Z"), // skipped
            ("2024-11-03 01:30", "2024-11-03T05:30:00Z"), // twice
        ] {
            let time = Time::new(text).instant_in(new_york.clone());
            assert_eq!(time.unwrap().to_string(), instant, "{text}");
        }
    }

    #[test]
    fn an_unknown_zone_makes_no_instant() {
        let unknown = TimeZone::unknown;
        assert_eq!(Time::new("2024-01-15 12:00").instant_in(unknown()), None);
        let time = Time::new("2024-01-15T12:00Z");
        assert_eq!(time.instant_in(unknown()), time.instant());
    }

    #[test]
    fn it_can_be_used_as_its_text() {
        let time = Time::from("2024-01-15");
        assert_eq!(time, Time::from("2024-01-15".to_owned()));
        assert_eq!(time, "2024-01-15");
        assert_eq!(time, *"2024-01-15");
        assert_ne!(time, "20240115");
        assert_ne!(time, *"20240115");
        let text: &str = time.as_ref();
        assert_eq!(text, "2024-01-15");
    }

    #[test]
    fn by_itself_it_is_read_from_any_text_number_or_boolean() {
        let read = serde_json::from_str::<Time>;
        for (json, text) in [
            (r#""2024-01-15""#, "2024-01-15"),
            (r#""""#, ""),
            (r#""null""#, "null"),
            ("20240115", "20240115"),
            ("false", "false"),
        ] {
            assert_eq!(read(json).unwrap(), text);
        }
        for json in ["null", "[]", "{}"] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
