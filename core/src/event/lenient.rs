//! Readers that accept a JSON value of any type.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::name::Key;

/// How to make a value of this type from other values. A value without a rule here reads as `None`.
///
/// A text given to `from_text` is neither empty nor `"null"`, except for the types that [`alone`]
/// reads.
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

/// If serde_json's feature `arbitrary_precision` is on, it passes a number as an object with this
/// one member. Any crate in a program can turn it on for all.
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

/// A value that is not a member; it keeps any text.
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

/// A value that reads as `None` if it cannot be understood. Fails only if the JSON itself is
/// broken.
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

pub(crate) fn drain_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde::de::value::{self, MapDeserializer};

    use super::super::values::Identifier;
    use super::*;

    fn sent_in_digits<T: Lenient>(members: &[(&str, &str)]) -> Option<T> {
        let members = members.iter().copied();
        let map = MapDeserializer::<_, value::Error>::new(members);
        Maybe::deserialize(map).unwrap().0
    }

    #[test]
    fn a_number_may_be_passed_as_its_digits() {
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
    fn other_objects_are_not_numbers() {
        for members in [
            &[][..],
            &[("number", "5")],
            &[("number", "5"), (NUMBER, "5")],
        ] {
            assert_eq!(sent_in_digits::<String>(members), None, "{members:?}");
        }
        for value in ["null", "{}", "[]", &nested_numbers(200)] {
            let json = format!(r#"{{"{NUMBER}": {value}, "more": [1]}}"#);
            assert_eq!(
                serde_json::from_str::<Maybe<String>>(&json).unwrap().0,
                None,
                "{value}"
            );
        }
    }

    fn nested_numbers(depth: usize) -> String {
        format!(r#"{{"{NUMBER}":"#).repeat(depth) + "1" + &"}".repeat(depth)
    }

    #[test]
    fn types_that_only_other_formats_have_are_read_too() {
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
        assert_eq!(
            serde_json::from_str::<Maybe<String>>(&deep).unwrap().0,
            None
        );
    }
}
