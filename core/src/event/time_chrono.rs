//! A time as chrono's types.

use chrono::{
    DateTime, Days, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone,
};

use super::Time;

/// Feature `chrono`: the same interpretations in chrono's types.
impl Time {
    /// Like [`instant`](Self::instant), with the offset that the text has. chrono has no offsets of
    /// a whole day or more, so one from `±24:00` to `±25:59` is `None`.
    #[must_use]
    pub fn chrono_instant(&self) -> Option<DateTime<FixedOffset>> {
        let offset = FixedOffset::east_opt(self.offset()?.seconds())?;
        // What jiff does not accept as an instant is `None` here too.
        self.instant()?;
        offset.from_local_datetime(&self.chrono_civil()?).single()
    }

    /// Like [`civil`](Self::civil).
    #[must_use]
    pub fn chrono_civil(&self) -> Option<NaiveDateTime> {
        let time = self.civil()?.time();
        let [hour, minute, second] = [time.hour(), time.minute(), time.second()].map(unsigned);
        let nanosecond = unsigned(time.subsec_nanosecond());
        let time = NaiveTime::from_hms_nano_opt(hour?, minute?, second?, nanosecond?)?;
        Some(self.chrono_date()?.and_time(time))
    }

    /// Like [`date`](Self::date).
    #[must_use]
    pub fn chrono_date(&self) -> Option<NaiveDate> {
        let date = self.date()?;
        NaiveDate::from_ymd_opt(
            date.year().into(),
            unsigned(date.month())?,
            unsigned(date.day())?,
        )
    }

    /// Like [`instant_in`](Self::instant_in), also for a reading that the clocks of the zone showed
    /// twice or skipped.
    #[must_use]
    pub fn chrono_instant_in<Z: TimeZone>(&self, zone: &Z) -> Option<DateTime<Z>> {
        if self.offset().is_some() {
            return Some(self.chrono_instant()?.with_timezone(zone));
        }
        let civil = self.chrono_civil()?;
        match zone.from_local_datetime(&civil) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => Some(instant),
            // No clocks skip two days: a day earlier they still ran as if there were nothing to
            // skip.
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
    use super::*;

    #[test]
    fn the_readings_are_those_of_jiff() {
        for (text, instant, civil, date) in [
            (
                "2024-05-29T06:46:26-03:00",
                "2024-05-29T06:46:26-03:00",
                "2024-05-29T06:46:26",
                "2024-05-29",
            ),
            (
                "2022-03-29T13:52:16.250Z",
                "2022-03-29T13:52:16.250+00:00",
                "2022-03-29T13:52:16.250",
                "2022-03-29",
            ),
            ("2020-11-13 17:59", "", "2020-11-13T17:59:00", "2020-11-13"),
            ("20230915", "", "", "2023-09-15"),
            ("yesterday", "", "", ""),
        ] {
            let time = Time::new(text);
            let given = time.chrono_instant().map(|instant| format!("{instant:?}"));
            assert_eq!(given.unwrap_or_default(), instant);
            let given = time.chrono_civil().map(|civil| format!("{civil:?}"));
            assert_eq!(given.unwrap_or_default(), civil);
            let given = time.chrono_date().map(|date| date.to_string());
            assert_eq!(given.unwrap_or_default(), date);
        }
    }

    #[test]
    fn what_jiff_does_not_accept_as_an_instant_is_none() {
        let time = Time::new("9999-12-31T23:59:59-23:00");
        assert_eq!(time.chrono_instant(), None);
        assert!(time.chrono_civil().is_some());
    }

    #[test]
    fn a_naive_time_is_read_in_the_zone_given() {
        for (text, instant) in [
            ("2024-01-15 12:00", "2024-01-15T12:00:00-05:00"),
            ("2024-03-10 02:30", "2024-03-10T03:30:00-04:00"), // skipped
            ("2024-11-03 01:30", "2024-11-03T01:30:00-04:00"), // twice
            ("2024-01-15T12:00+00:00", "2024-01-15T07:00:00-05:00"),
        ] {
            let given = Time::new(text).chrono_instant_in(&NewYork2024);
            assert_eq!(format!("{:?}", given.unwrap()), instant, "{text}");
        }
    }

    #[derive(Clone, Debug)]
    struct NewYork2024;

    impl TimeZone for NewYork2024 {
        type Offset = FixedOffset;

        fn from_offset(_offset: &FixedOffset) -> Self {
            Self
        }

        fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> FixedOffset {
            let at = utc.to_string();
            let summer = ("2024-03-10 07:00:00".."2024-11-03 06:00:00").contains(&at.as_str());
            FixedOffset::west_opt(if summer { 4 } else { 5 } * 3600).unwrap()
        }

        fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<FixedOffset> {
            let fitting: Vec<_> = [4, 5]
                .map(|hours| FixedOffset::west_opt(hours * 3600).unwrap())
                .into_iter()
                .filter(|offset| self.offset_from_utc_datetime(&(*local - *offset)) == *offset)
                .collect();
            match *fitting {
                [] => LocalResult::None,
                [one] => LocalResult::Single(one),
                [first, second, ..] => LocalResult::Ambiguous(first, second),
            }
        }

        fn offset_from_utc_date(&self, utc: &NaiveDate) -> FixedOffset {
            self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
        }

        fn offset_from_local_date(&self, local: &NaiveDate) -> LocalResult<FixedOffset> {
            self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
        }
    }
}
