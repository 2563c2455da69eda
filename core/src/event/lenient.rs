//! Readers that take a JSON value in whatever type it was sent.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::object::Key;

/// What a value of this type can be made from. What has no rule here reads as nothing.
///
/// A text given to `from_text` is neither empty nor `"null"`, but for the types read by [`alone`].
pub(crate) trait Lenient: Sized {
    fn from_any_text(text: &str) -> Option<Self> {
        if text.is_empty() || text == "null" {
            return None;
        }
        Self::from_text(text)
    }

    fn from_text(_text: &str) -> Option<Self> {
        None
    }

    /// A number in the digits in which it was sent.
    fn from_digits(digits: &str) -> Option<Self> {
        Self::from_text(digits)
    }

    fn from_integer(value: i64) -> Option<Self> {
        Self::from_text(&value.to_string())
    }

    fn from_float(value: f64) -> Option<Self> {
        Self::from_text(&format!("{value:?}"))
    }

    fn from_bool(value: bool) -> Option<Self> {
        Self::from_text(if value { "true" } else { "false" })
    }

    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let number = match map.next_key_seed(Key(|name: &str| name == NUMBER))? {
            Some(true) => map.next_value::<Maybe<Digits>>()?.0,
            Some(false) => map.next_value::<IgnoredAny>().map(|_| None)?,
            None => None,
        };
        drain_map(map)?;
        Ok(number.and_then(|Digits(digits)| Self::from_digits(&digits)))
    }

    fn from_seq<'de, A: SeqAccess<'de>>(seq: A) -> Result<Option<Self>, A::Error> {
        drain_seq(seq).map(|()| None)
    }
}

/// The one member of the object as which serde_json hands out a number, if its feature `arbitrary_precision` is on. Any
/// crate of a program can turn it on for all.
const NUMBER: &str = "$serde_json::private::Number";

struct Digits(String);

impl Lenient for Digits {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        drain_map(map).map(|()| None)
    }
}

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

/// A text that names something: not blank, and never a guess at a number that JSON rounded.
pub(crate) struct Identifier(pub(crate) String);

impl Lenient for Identifier {
    fn from_text(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| Self(text.to_owned()))
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
pub(crate) struct FirstText(pub(crate) String);

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

/// The float as an integer, when it is one and no digit of it can have been lost.
fn whole_number(value: f64) -> Option<i64> {
    // Up to 2^53 integers are exact, but serde_json rounds twice unless its feature `float_roundtrip` is on: from 2^51 on,
    // a number with a fraction of zero can become its neighbour.
    const EXACT: f64 = (1_u64 << (f64::MANTISSA_DIGITS - 3)) as f64;
    (value.fract() == 0.0 && value.abs() < EXACT).then_some(value as i64)
}

/// A value by itself, to which any text is worth keeping.
struct Alone<T>(T);

impl<T: Lenient> Lenient for Alone<T> {
    fn from_any_text(text: &str) -> Option<Self> {
        Self::from_text(text)
    }

    fn from_text(text: &str) -> Option<Self> {
        T::from_text(text).map(Self)
    }
}

/// Reads a value that is not a member of one of the vendor's objects: any text, number or boolean.
pub(crate) fn alone<'de, T: Lenient, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let Maybe(value) = Maybe::deserialize(deserializer)?;
    let Alone(value) = value.ok_or_else(|| de::Error::custom("expected a text"))?;
    Ok(value)
}

/// A value that reads as `None` where it cannot be understood. Fails only where the JSON itself does.
pub(crate) struct Maybe<T>(pub(crate) Option<T>);

impl<'de, T: Lenient> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData)).map(Maybe)
    }
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Lenient> Visitor<'de> for Reader<T> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(T::from_any_text(text))
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        std::str::from_utf8(bytes).map_or(Ok(None), |text| self.visit_str(text))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(T::from_integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        self.visit_u128(value.into())
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Self::Value, E> {
        Ok(match i64::try_from(value) {
            Ok(value) => T::from_integer(value),
            Err(_) => T::from_text(&value.to_string()),
        })
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Self::Value, E> {
        Ok(match i64::try_from(value) {
            Ok(value) => T::from_integer(value),
            Err(_) => T::from_text(&value.to_string()),
        })
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(value.is_finite().then(|| T::from_float(value)).flatten())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(T::from_bool(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::from_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        T::from_seq(seq)
    }
}

// `IgnoredAny` does not recurse in serde_json: deep nesting costs no stack.
fn drain_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

fn drain_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::value::{self, MapDeserializer};

    use super::*;

    fn read<T: Lenient>(json: &str) -> Option<T> {
        serde_json::from_str::<Maybe<T>>(json).unwrap().0
    }

    #[test]
    fn a_text_takes_text_numbers_and_booleans() {
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
    fn a_number_takes_numeric_text() {
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
    fn a_boolean_takes_zero_one_and_text() {
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

    fn sent_in_digits<T: Lenient>(members: &[(&str, &str)]) -> Option<T> {
        let members = members.iter().copied();
        let map = MapDeserializer::<_, value::Error>::new(members);
        Maybe::deserialize(map).unwrap().0
    }

    #[test]
    fn a_number_may_come_in_its_digits() {
        let read = |digits| sent_in_digits::<String>(&[(NUMBER, digits)]);
        for digits in ["12.10", "7712004418830097551236", "1e400", "-0.50"] {
            assert_eq!(read(digits).as_deref(), Some(digits));
        }
        let read = |digits| sent_in_digits::<i64>(&[(NUMBER, digits)]);
        assert_eq!(read("5.0"), Some(5));
        assert_eq!(read("5.5"), None);
        assert_eq!(read("7712004418830097551236"), None);
        let read = |digits| sent_in_digits::<Identifier>(&[(NUMBER, digits)]).map(|it| it.0);
        for (digits, text) in [
            ("7712004418830097551236", Some("7712004418830097551236")),
            ("12.0", Some("12")),
            ("1e5", Some("100000")),
            ("12.5", None),
            ("9007199254740993.0", None),
            ("1e400", None),
            ("inf", None),
            ("Jane", None),
            ("", None),
        ] {
            assert_eq!(read(digits).as_deref(), text, "{digits}");
        }
        let time = alone::<crate::Time, _>(MapDeserializer::<_, value::Error>::new(
            [(NUMBER, "20240105.0")].into_iter(),
        ));
        assert_eq!(time.unwrap(), "20240105.0");
    }

    #[test]
    fn other_objects_are_no_numbers() {
        for members in [
            &[][..],
            &[("number", "5")],
            &[("number", "5"), (NUMBER, "5")],
        ] {
            assert_eq!(sent_in_digits::<String>(members), None, "{members:?}");
        }
        for value in ["null", "{}", "[]", &nested_numbers(200)] {
            let json = format!(r#"{{"{NUMBER}": {value}, "more": [1]}}"#);
            assert_eq!(read::<String>(&json), None, "{value}");
        }
    }

    fn nested_numbers(depth: usize) -> String {
        format!(r#"{{"{NUMBER}":"#).repeat(depth) + "1" + &"}".repeat(depth)
    }

    #[test]
    fn a_float_that_can_have_been_rounded_is_no_whole_number() {
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

    #[test]
    fn what_only_other_formats_have_is_read_too() {
        type Error = value::Error;
        let read = |read: Result<Maybe<String>, Error>| read.unwrap().0;
        let bytes = value::BytesDeserializer::<Error>::new;
        assert_eq!(read(Maybe::deserialize(bytes(b"9261"))).unwrap(), "9261");
        assert_eq!(read(Maybe::deserialize(bytes(b"\xff"))), None);
        for (number, text) in [
            (-5, "-5"),
            (i128::MIN, "-170141183460469231731687303715884105728"),
        ] {
            let number = value::I128Deserializer::<Error>::new(number);
            assert_eq!(read(Maybe::deserialize(number)).as_deref(), Some(text));
        }
        let members = MapDeserializer::<_, Error>::new([("a", 1)].into_iter());
        let variant =
            value::EnumAccessDeserializer::new(value::MapAccessDeserializer::new(members));
        let refused = Maybe::<String>::deserialize(variant).err().unwrap();
        assert_eq!(
            refused.to_string(),
            "invalid type: enum, expected any value"
        );
    }

    #[test]
    fn deep_nesting_is_drained() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read::<String>(&deep), None);
    }
}
