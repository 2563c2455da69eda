//! The readings of a time as chrono's types.

use chrono::{
    DateTime, Days, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone,
};

use super::Time;

/// Feature `chrono`: the same readings in chrono's types.
impl Time {
    /// As [`instant`](Self::instant), with the offset that the text has.
    #[must_use]
    pub fn chrono_instant(&self) -> Option<DateTime<FixedOffset>> {
        let offset = FixedOffset::east_opt(self.offset()?.seconds())?;
        // What is no instant to jiff is none here.
        self.instant()?;
        offset.from_local_datetime(&self.chrono_civil()?).single()
    }

    /// As [`civil`](Self::civil).
    #[must_use]
    pub fn chrono_civil(&self) -> Option<NaiveDateTime> {
        let time = self.civil()?.time();
        let [hour, minute, second] = [time.hour(), time.minute(), time.second()].map(unsigned);
        let nanosecond = unsigned(time.subsec_nanosecond());
        let time = NaiveTime::from_hms_nano_opt(hour?, minute?, second?, nanosecond?)?;
        Some(self.chrono_date()?.and_time(time))
    }

    /// As [`date`](Self::date).
    #[must_use]
    pub fn chrono_date(&self) -> Option<NaiveDate> {
        let date = self.date()?;
        NaiveDate::from_ymd_opt(
            date.year().into(),
            unsigned(date.month())?,
            unsigned(date.day())?,
        )
    }

    /// As [`instant_in`](Self::instant_in), a reading that the clocks of the zone showed twice or skipped included.
    #[must_use]
    pub fn chrono_instant_in<Z: TimeZone>(&self, zone: &Z) -> Option<DateTime<Z>> {
        if self.offset().is_some() {
            return Some(self.chrono_instant()?.with_timezone(zone));
        }
        let civil = self.chrono_civil()?;
        match zone.from_local_datetime(&civil) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => Some(instant),
            // No clocks skip two days: a day earlier they still went as if there were nothing to skip.
            LocalResult::None => {
                let day_before = civil.checked_sub_days(Days::new(1))?;
                let instant = zone.from_local_datetime(&day_before).earliest()?;
                instant.checked_add_signed(chrono::TimeDelta::days(1))
            }
        }
    }
}

fn unsigned(value: impl Into<i32>) -> Option<u32> {
    value.into().try_into().ok()
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use jiff::tz::TimeZone as JiffZone;

    use super::*;

    #[test]
    fn the_readings_are_those_of_jiff() {
        for text in [
            "2024-05-29T06:46:26-03:00",
            "2022-03-29T13:52:16.250Z",
            "2020-11-13 17:59",
            "20230915",
            "9999-12-31T23:59:59-23:00",
            "2023-09-15T15:00:00+25:00",
            "yesterday",
        ] {
            let time = Time::new(text);
            let nanoseconds = |instant: DateTime<FixedOffset>| instant.timestamp_nanos_opt();
            if let Some(instant) = time.chrono_instant() {
                let jiff = time.instant().unwrap().as_nanosecond();
                assert_eq!(nanoseconds(instant).map(i128::from), Some(jiff), "{text}");
            }
            assert_eq!(
                time.chrono_civil()
                    .map(|civil| civil.and_utc().timestamp_micros()),
                time.civil().map(|civil| utc(civil).as_microsecond()),
                "{text}"
            );
            assert_eq!(
                time.chrono_date().map(|date| date.to_string()),
                time.date().map(|date| date.to_string()),
                "{text}"
            );
            assert_eq!(
                time.chrono_instant_in(&Utc)
                    .map(|instant| instant.timestamp_micros()),
                time.instant_in(JiffZone::UTC)
                    .map(|instant| instant.as_microsecond()),
                "{text}"
            );
        }
    }

    fn utc(civil: jiff::civil::DateTime) -> jiff::Timestamp {
        JiffZone::UTC.to_timestamp(civil).unwrap()
    }
}
