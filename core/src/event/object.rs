//! Reading JSON objects with known members.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::lenient::Lenient;

/// A JSON object with known members.
pub(crate) trait Object: Sized {
    const NAME: &'static str;
    const MEMBERS: &'static [&'static str];

    fn from_members<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
}

impl<T: Object> Lenient for T {
    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Self::from_members(map).map(Some)
    }
}

/// Reads an object where nothing else will do.
pub(crate) fn object<'de, T: Object, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    strict(deserializer, false, "expected an object")
}

/// Reads an object, or an array that holds one object.
pub(crate) fn object_or_array_of_one<'de, T: Object, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    strict(deserializer, true, "expected an object or an array of one")
}

fn strict<'de, T: Object, D: Deserializer<'de>>(
    deserializer: D,
    array_of_one: bool,
    expected: &'static str,
) -> Result<T, D::Error> {
    let complained = Cell::new(false);
    let visitor = ObjectVisitor {
        array_of_one,
        expected,
        complained: &complained,
        object: PhantomData,
    };
    let object = deserializer.deserialize_struct(T::NAME, T::MEMBERS, visitor);
    object.map_err(|error| {
        if complained.get() {
            de::Error::custom(expected)
        } else {
            error
        }
    })
}

struct ObjectVisitor<'a, T> {
    array_of_one: bool,
    expected: &'static str,
    complained: &'a Cell<bool>,
    object: PhantomData<T>,
}

impl<'de, T: Object> Visitor<'de> for ObjectVisitor<'_, T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A deserializer asks in order to complain about a wrong type, and its complaint would quote the value.
        self.complained.set(true);
        formatter.write_str(self.expected)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::from_members(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        if !self.array_of_one {
            return Err(de::Error::custom(self.expected));
        }
        match seq.next_element_seed(One(PhantomData))? {
            Some(one) if seq.next_element::<IgnoredAny>()?.is_none() => Ok(one),
            _ => Err(de::Error::custom(self.expected)),
        }
    }
}

struct One<T>(PhantomData<T>);

impl<'de, T: Object> DeserializeSeed<'de> for One<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        object(deserializer)
    }
}

/// Looks up the key that comes next, without a copy of it.
pub(crate) struct Key<F>(pub(crate) F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for Key<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for Key<F> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a member's name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<T, E> {
        Ok((self.0)(name))
    }

    fn visit_bytes<E: de::Error>(self, name: &[u8]) -> Result<T, E> {
        // No member has an empty name.
        Ok((self.0)(std::str::from_utf8(name).unwrap_or_default()))
    }
}
