//! What becomes of the values that are sent for a field.

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, SeqAccess};

use super::lenient::{FirstText, Identifier, Lenient, Maybe};
use super::object::Object;

/// What a field does with the values sent for it.
pub(crate) trait Field: Sized {
    /// Reads a value and, if it is usable, keeps it. Says whether it did.
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<bool, D::Error>;

    fn is_absent(&self) -> bool;

    fn check<E: de::Error>(&self, _name: &'static str) -> Result<(), E> {
        Ok(())
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

/// A list: entries that are not objects are passed over.
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

/// Required: the one error is raised while the member is read, so that a path to it can be told.
impl Field for String {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<bool, D::Error> {
        let Maybe(identifier) = Maybe::deserialize(deserializer)?;
        let keep = identifier.is_some();
        match identifier {
            Some(Identifier(text)) => *self = text,
            None if self.is_empty() => return Err(de::Error::custom("expected a text")),
            None => {}
        }
        Ok(keep)
    }

    fn is_absent(&self) -> bool {
        false
    }

    fn check<E: de::Error>(&self, name: &'static str) -> Result<(), E> {
        if self.is_empty() {
            return Err(E::missing_field(name));
        }
        Ok(())
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
pub(crate) struct Fill<'a, F>(pub(crate) &'a mut F);

impl<'de, F: Field> DeserializeSeed<'de> for Fill<'_, F> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        self.0.fill(deserializer)
    }
}

/// As [`Fill`], for a text that may come as an array of texts.
pub(crate) struct FillFirst<'a>(pub(crate) &'a mut Option<String>);

impl<'de> DeserializeSeed<'de> for FillFirst<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        let mut first: Option<FirstText> = None;
        let keep = first.fill(deserializer)?;
        if let Some(FirstText(text)) = first {
            *self.0 = Some(text);
        }
        Ok(keep)
    }
}
