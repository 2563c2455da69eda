//! Reading JSON objects with known members.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::lenient::Lenient;
use super::name::{Key, is_spelling_of, spelling_hash};

/// A JSON object with known members.
pub(crate) trait Object: Sized {
    const NAME: &'static str;
    /// Every known name.
    const NAMES: &'static [&'static str];
    /// The meaning of a name that was sent.
    type Member: Copy;
    /// What is kept beside the fields until the object is complete.
    type Aside: Default;

    fn empty() -> Self;

    /// Finds the meaning of a name, in this or in another spelling.
    fn member(name: &str) -> Option<Self::Member>;

    /// Reads the next value.
    fn fill<'de, A: MapAccess<'de>>(
        draft: &mut Draft<Self>,
        member: Self::Member,
        map: &mut A,
    ) -> Result<(), A::Error>;

    /// Completes the object. Fails with the name of a missing field.
    fn complete(draft: &mut Draft<Self>) -> Result<(), &'static str>;
}

/// An object whose members are being read.
pub(crate) struct Draft<T: Object> {
    pub(crate) object: T,
    pub(crate) aside: T::Aside,
    /// A bit for each field whose value was sent under its V4 name.
    pub(crate) sent: u64,
    /// Whether an unusable required field is an error at once, so that the error has its path.
    pub(crate) strict: bool,
}

impl<T: Object> Draft<T> {
    pub(crate) fn new(strict: bool) -> Self {
        Self {
            object: T::empty(),
            aside: T::Aside::default(),
            sent: 0,
            strict,
        }
    }

    fn read<'de, A: MapAccess<'de>>(
        &mut self,
        mut map: A,
    ) -> Result<Result<(), &'static str>, A::Error> {
        while let Some(member) = map.next_key_seed(Key(T::member))? {
            match member {
                Some(member) => T::fill(self, member, &mut map)?,
                None => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(T::complete(self))
    }
}

/// A known name.
pub(crate) struct Known<M> {
    hash: u32,
    name: &'static str,
    member: M,
}

impl<M: Copy> Known<M> {
    pub(crate) const fn new(name: &'static str, member: M) -> Self {
        let hash = spelling_hash(name);
        Self { hash, name, member }
    }

    /// Finds a name that was sent in another spelling.
    #[inline(never)]
    pub(crate) fn respelled(all: &[Self], name: &str) -> Option<M> {
        let hash = spelling_hash(name);
        let mut same = all.iter().filter(|known| known.hash == hash);
        let known = same.find(|known| is_spelling_of(known.name, name))?;
        Some(known.member)
    }
}

impl<T: Object> Lenient for T {
    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        let mut draft = Draft::<Self>::new(false);
        let complete = draft.read(map)?;
        Ok(complete.is_ok().then_some(draft.object))
    }
}

/// Reads an object, and nothing else.
pub(crate) fn object<'de, T: Object, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    read(Whole(PhantomData), deserializer)
}

struct Whole<T>(PhantomData<T>);

impl<'de, T: Object> Shape<'de> for Whole<T> {
    type Value = T;
    const NAME: &'static str = T::NAME;
    const NAMES: &'static [&'static str] = T::NAMES;
    const EXPECTED: &'static str = "expected an object";

    fn read_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let mut draft = Draft::<T>::new(true);
        draft.read(map)?.map_err(A::Error::missing_field)?;
        Ok(draft.object)
    }
}

/// How to read an object, or an array where that is allowed too.
pub(crate) trait Shape<'de>: Sized {
    type Value;
    const NAME: &'static str;
    /// The names that a path may show.
    const NAMES: &'static [&'static str];
    const EXPECTED: &'static str;

    fn read_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error>;

    fn read_seq<A: SeqAccess<'de>>(self, _seq: A) -> Result<Self::Value, A::Error> {
        Err(A::Error::custom(Self::EXPECTED))
    }
}

/// Reads a value of this shape. No error quotes what was sent instead.
pub(crate) fn read<'de, S: Shape<'de>, D: Deserializer<'de>>(
    shape: S,
    deserializer: D,
) -> Result<S::Value, D::Error> {
    let complained = Cell::new(false);
    let visitor = ShapeVisitor {
        shape,
        complained: &complained,
    };
    let value = deserializer.deserialize_struct(S::NAME, S::NAMES, visitor);
    value.map_err(|error| {
        if complained.get() {
            D::Error::custom(S::EXPECTED)
        } else {
            error
        }
    })
}

struct ShapeVisitor<'a, S> {
    shape: S,
    complained: &'a Cell<bool>,
}

impl<'de, S: Shape<'de>> Visitor<'de> for ShapeVisitor<'_, S> {
    type Value = S::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A deserializer asks this to report a wrong type, and its message would quote the value.
        self.complained.set(true);
        formatter.write_str(S::EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<S::Value, A::Error> {
        self.shape.read_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<S::Value, A::Error> {
        self.shape.read_seq(seq)
    }
}
