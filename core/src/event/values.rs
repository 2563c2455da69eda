//! How texts, numbers and booleans are read.

use serde::de::SeqAccess;

use super::lenient::{Lenient, Maybe, drain_seq};

impl Lenient for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Lenient for i64 {
    fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        text.parse()
            .ok()
            .or_else(|| whole_number(text.parse().ok()?))
    }

    fn from_integer(value: i64) -> Option<Self> {
        Some(value)
    }
}

impl Lenient for bool {
    fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        if text == "1" || text.eq_ignore_ascii_case("true") {
            Some(true)
        } else if text == "0" || text.eq_ignore_ascii_case("false") {
            Some(false)
        } else {
            None
        }
    }
}

/// A text that identifies something, without the whitespace around it. A number that JSON may have
/// rounded is never accepted.
pub(crate) struct Identifier(pub(crate) String);

impl Lenient for Identifier {
    fn from_any_text(text: &str) -> Option<Self> {
        match text.trim() {
            "" | "null" => None,
            text => Some(Self(text.to_owned())),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::from_any_text(text)
    }

    fn from_digits(digits: &str) -> Option<Self> {
        if digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Self::from_text(digits);
        }
        Self::from_float(digits.parse().ok()?)
    }

    fn from_float(value: f64) -> Option<Self> {
        Self::from_integer(whole_number(value)?)
    }

    fn from_bool(_value: bool) -> Option<Self> {
        None
    }
}

/// A text, or the first usable text of an array.
pub(crate) struct FirstText(String);

impl Lenient for FirstText {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }

    fn from_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        while let Some(Maybe(text)) = seq.next_element()? {
            if let Some(text) = text {
                drain_seq(seq)?;
                return Ok(Some(Self(text)));
            }
        }
        Ok(None)
    }
}

impl From<FirstText> for String {
    fn from(first: FirstText) -> Self {
        first.0
    }
}

/// The float as an integer, if it is one and no digit can have been lost.
fn whole_number(value: f64) -> Option<i64> {
    // Integers are exact up to 2^53, but serde_json rounds twice unless its feature
    // `float_roundtrip` is on: from 2^51 on, a number with a fraction of zero can become its
    // neighbour.
    const EXACT: f64 = (1_u64 << (f64::MANTISSA_DIGITS - 3)) as f64;
    (value.fract() == 0.0 && value.abs() < EXACT).then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read<T: Lenient>(json: &str) -> Option<T> {
        serde_json::from_str::<Maybe<T>>(json).unwrap().0
    }

    #[test]
    fn a_text_is_read_from_text_numbers_and_booleans() {
        for (json, text) in [
            (r#""12.10LBS""#, "12.10LBS"),
            ("12.5", "12.5"),
            ("2.0", "2.0"),
            ("-3", "-3"),
            ("18446744073709551615", "18446744073709551615"),
            ("false", "false"),
            (r#"" ""#, " "),
            (r#""NULL""#, "NULL"),
        ] {
            assert_eq!(read::<String>(json).as_deref(), Some(text), "{json}");
        }
        for json in ["null", r#""""#, r#""null""#, "[]", r#"["a"]"#, r#"{"a":1}"#] {
            assert_eq!(read::<String>(json), None, "{json}");
        }
    }

    #[test]
    fn a_number_is_read_from_numeric_text() {
        for json in ["5", r#""5""#, r#"" 5 ""#, "5.0", r#""5.0""#] {
            assert_eq!(read::<i64>(json), Some(5), "{json}");
        }
        for json in [
            "5.5",
            "true",
            r#""five""#,
            r#""inf""#,
            r#""NaN""#,
            "1e30",
            "[5]",
        ] {
            assert_eq!(read::<i64>(json), None, "{json}");
        }
    }

    #[test]
    fn a_boolean_is_read_from_zero_one_and_text() {
        for json in ["true", "1", r#""1""#, r#""true""#, r#""True""#] {
            assert_eq!(read::<bool>(json), Some(true), "{json}");
        }
        for json in ["false", "0", r#""0""#, r#""FALSE""#] {
            assert_eq!(read::<bool>(json), Some(false), "{json}");
        }
        for json in ["2", "-1", r#""tracking""#, "null", "{}"] {
            assert_eq!(read::<bool>(json), None, "{json}");
        }
    }

    #[test]
    fn an_identifier_is_never_a_rounded_number() {
        let read = |json| read::<Identifier>(json).map(|identifier| identifier.0);
        assert_eq!(read("5520093371").as_deref(), Some("5520093371"));
        assert_eq!(read("7712004418830097551236"), None);
        assert_eq!(read("1.5"), None);
        assert_eq!(read("true"), None);
        assert_eq!(read(r#"" ""#), None);
    }

    #[test]
    fn a_float_that_may_have_been_rounded_is_not_a_whole_number() {
        assert_eq!(read("1125899906842623.0"), Some(1_125_899_906_842_623_i64));
        for json in [
            "1125899906842624.0",
            "9007199254740993.0",
            "-9007199254740993.0",
        ] {
            assert_eq!(read::<i64>(json), None, "{json}");
            assert_eq!(read::<Identifier>(json).map(|it| it.0), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn a_float_is_its_own_whole_number_or_none(
            number in 0_i64..1 << 55, shift in 0..55, zeros in 1_usize..20,
        ) {
            let number = number >> shift;
            let json = format!("{number}.{}", "0".repeat(zeros));
            let whole = read::<i64>(&json);
            prop_assert!(whole.is_none_or(|whole| whole == number), "{json}: {whole:?}");
        }
    }
}
