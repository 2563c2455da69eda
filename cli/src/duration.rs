//! Lengths of time as people write them.

use std::{fmt, time::Duration};

use jiff::{SignedDuration, Span, SpanRelativeTo, SpanRound, Unit};

const EXAMPLES: &str = "give a length of time such as 90s, 15m, 2h or 12d";

/// Reads `90s`, `2h 30m` or `12d`; a day has 24 hours.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let signed = parse_signed(text)?;
    Duration::try_from(signed).map_err(|_| EXAMPLES.to_owned())
}

/// As [`parse`], and with a sign before it.
pub(crate) fn parse_signed(text: &str) -> Result<SignedDuration, String> {
    text.parse::<Span>()
        .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
        .map_err(|_| EXAMPLES.to_owned())
}

/// Writes `2d 20h 15m 30s`, to the second where there is at least one.
pub(crate) struct Written(pub(crate) Duration);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let smallest = match self.0 {
            Duration::ZERO => return f.write_str("0s"),
            length if length < Duration::from_millis(1) => Unit::Microsecond,
            length if length < Duration::from_secs(1) => Unit::Millisecond,
            _ => Unit::Second,
        };
        let round = SpanRound::new()
            .largest(Unit::Day)
            .smallest(smallest)
            .days_are_24_hours();
        let rounded = Span::try_from(self.0).and_then(|span| span.round(round));
        match rounded {
            Ok(span) => write!(f, "{span:#}"),
            Err(_) => write!(f, "{}s", self.0.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("2h", 7200),
            ("2h 30m", 9000),
            ("2h30m", 9000),
            ("12d", 1_036_800),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse_signed("-10m"), Ok(SignedDuration::from_secs(-600)));
        for text in ["", "12", "h", "1 fortnight", "-10m", "1mo"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_of_time_are_written() {
        for (length, text) in [
            (Duration::ZERO, "0s"),
            (Duration::from_micros(250), "250µs"),
            (Duration::from_micros(2600), "3ms"),
            (Duration::from_millis(1499), "1s"),
            (Duration::from_secs(30), "30s"),
            (Duration::from_secs(245_730), "2d 20h 15m 30s"),
        ] {
            assert_eq!(Written(length).to_string(), text);
        }
        assert!(!Written(Duration::MAX).to_string().is_empty());
    }
}
