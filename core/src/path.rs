//! Finds where in a document a type fails to deserialise, as a path that is safe to show: it has
//! indexes and the names of struct fields, which are the program's own. The keys of a map are
//! payload and become `*`. (`serde_path_to_error` cannot tell the two apart.)

use std::fmt::{self, Write as _};

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, EnumAccess, Error as _, IntoDeserializer as _,
        MapAccess, SeqAccess, Visitor,
    },
    forward_to_deserialize_any,
};

use crate::event::is_spelling_of;

/// Returns the path to the value that fails; `None` if it is the whole document.
pub(crate) fn of_failure<T: DeserializeOwned>(bytes: &[u8]) -> Option<String> {
    let mut trail = Trail::default();
    let _ = T::deserialize(Tracked {
        inner: &mut serde_json::Deserializer::from_slice(bytes),
        trail: &mut trail,
    });
    (!trail.0.is_empty()).then(|| trail.to_string())
}

/// The path to the value being read. A value that was read is removed again, so after a failure the
/// path leads to the value that failed.
#[derive(Default)]
struct Trail(Vec<Step>);

#[derive(Clone, Copy)]
enum Step {
    Field(&'static str),
    Key,
    Index(usize),
}

impl Trail {
    fn follow<T, E>(
        &mut self,
        step: Step,
        read: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let len = self.0.len();
        self.0.push(step);
        let value = read(self)?;
        self.0.truncate(len);
        Ok(value)
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            if position > 0 && !matches!(step, Step::Index(_)) {
                f.write_char('.')?;
            }
            match step {
                Step::Field(name) => f.write_str(name)?,
                Step::Key => f.write_char('*')?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Wraps another deserializer, visitor, seed or access, and keeps the trail.
struct Tracked<'t, I> {
    inner: I,
    trail: &'t mut Trail,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Tracked<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner
            .deserialize_any(TrackedVisitor::new(visitor, self.trail))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner
            .deserialize_option(TrackedVisitor::new(visitor, self.trail))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = TrackedVisitor::new(visitor, self.trail);
        self.inner.deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let mut visitor = TrackedVisitor::new(visitor, self.trail);
        visitor.fields = Some(fields);
        self.inner.deserialize_struct(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_bytes(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_byte_buf(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        unit unit_struct seq tuple tuple_struct map identifier
    }
}

struct TrackedVisitor<'t, V> {
    inner: V,
    trail: &'t mut Trail,
    /// The fields of the struct being read; `None` where keys are payload.
    fields: Option<&'static [&'static str]>,
}

impl<'t, V> TrackedVisitor<'t, V> {
    fn new(inner: V, trail: &'t mut Trail) -> Self {
        Self {
            inner,
            trail,
            fields: None,
        }
    }
}

macro_rules! visit_scalars {
    ($($method:ident: $type:ty,)*) => {
        $(fn $method<E: serde::de::Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for TrackedVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visit_scalars! {
        visit_bool: bool,
        visit_i64: i64,
        visit_u64: u64,
        visit_f64: f64,
        visit_str: &str,
        visit_borrowed_str: &'de str,
        visit_string: String,
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let trail = self.trail;
        self.inner.visit_some(Tracked { inner, trail })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let trail = self.trail;
        self.inner.visit_newtype_struct(Tracked { inner, trail })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(TrackedSeq {
            inner,
            trail: self.trail,
            index: 0,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(TrackedMap {
            inner,
            trail: self.trail,
            fields: self.fields,
            step: Step::Key,
        })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(inner)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Tracked<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        let trail = self.trail;
        self.inner.deserialize(Tracked { inner, trail })
    }
}

struct TrackedSeq<'t, A> {
    inner: A,
    trail: &'t mut Trail,
    index: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for TrackedSeq<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        inner: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let step = Step::Index(self.index);
        self.index += 1;
        self.trail.follow(step, |trail| {
            self.inner.next_element_seed(Tracked { inner, trail })
        })
    }
}

struct TrackedMap<'t, A> {
    inner: A,
    trail: &'t mut Trail,
    fields: Option<&'static [&'static str]>,
    step: Step,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for TrackedMap<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let Some(fields) = self.fields else {
            return self.inner.next_key_seed(seed);
        };
        let Some(key) = self.inner.next_key::<String>()? else {
            return Ok(None);
        };
        let exact = fields.iter().find(|field| **field == key);
        let field = exact.or_else(|| fields.iter().find(|field| is_spelling_of(field, &key)));
        self.step = field.map_or(Step::Key, |field| Step::Field(field));
        let key = seed.deserialize(key.into_deserializer());
        key.map(Some)
            .map_err(|error: serde::de::value::Error| A::Error::custom(error))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, inner: S) -> Result<S::Value, A::Error> {
        self.trail.follow(self.step, |trail| {
            self.inner.next_value_seed(Tracked { inner, trail })
        })
    }
}
