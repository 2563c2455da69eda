//! What happens to the values that are sent for a field.

use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, SeqAccess};

use super::lenient::{Lenient, Maybe};
use super::object::Object;
use super::values::Identifier;

/// What a field does with the values sent for it.
pub(crate) trait Field: Sized {
    /// Reads a value and keeps it if it is usable. Returns whether it did.
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<bool, D::Error>;

    fn is_absent(&self) -> bool;

    /// Whether the object cannot do without this field, and it is missing.
    fn is_missing(&self) -> bool {
        false
    }
}

/// Optional: what cannot be understood is `None`.
impl<T: Lenient> Field for Option<T> {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<bool, D::Error> {
        let Maybe(value) = Maybe::deserialize(deserializer)?;
        let keep = value.is_some();
        if keep {
            *self = value;
        }
        Ok(keep)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

/// A list: entries that are not objects are skipped.
impl<T: Object> Field for Vec<T> {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<bool, D::Error> {
        let Maybe(entries) = Maybe::<Entries<T>>::deserialize(deserializer)?;
        let entries = entries.map_or_else(Vec::new, |entries| entries.0);
        let keep = !entries.is_empty();
        if keep {
            *self = entries;
        }
        Ok(keep)
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// Required.
impl Field for String {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<bool, D::Error> {
        let Maybe(identifier) = Maybe::deserialize(deserializer)?;
        let keep = identifier.is_some();
        if let Some(Identifier(text)) = identifier {
            *self = text;
        }
        Ok(keep)
    }

    fn is_absent(&self) -> bool {
        false
    }

    fn is_missing(&self) -> bool {
        self.is_empty()
    }
}

struct Entries<T>(Vec<T>);

impl<T: Object> Lenient for Entries<T> {
    fn from_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        let mut entries = Vec::new();
        while let Some(Maybe(entry)) = seq.next_element()? {
            entries.extend(entry);
        }
        Ok(Some(Self(entries)))
    }
}

/// Fills a field from the value that comes next.
pub(crate) struct Fill<'a, F> {
    pub(crate) field: &'a mut F,
    /// Whether it is an error if the field is still missing.
    pub(crate) required: bool,
}

impl<'de, F: Field> DeserializeSeed<'de> for Fill<'_, F> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        let kept = self.field.fill(deserializer)?;
        if self.required && self.field.is_missing() {
            return Err(D::Error::custom("expected a text"));
        }
        Ok(kept)
    }
}

/// Like [`Fill`], for a text that is read as a `T`.
pub(crate) struct FillBy<'a, T>(&'a mut Option<String>, PhantomData<T>);

impl<'a, T> FillBy<'a, T> {
    pub(crate) fn new(field: &'a mut Option<String>) -> Self {
        Self(field, PhantomData)
    }
}

impl<'de, T: Lenient + Into<String>> DeserializeSeed<'de> for FillBy<'_, T> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        let mut value: Option<T> = None;
        let kept = value.fill(deserializer)?;
        if let Some(value) = value {
            *self.0 = Some(value.into());
        }
        Ok(kept)
    }
}
