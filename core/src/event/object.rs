//! One table per vendor object: its members, their older spellings, and who may see them in a log.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::lenient::{FirstText, Identifier, Lenient, Maybe};

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

/// What a field does with the values sent for it.
pub(crate) trait Field: Sized {
    /// Reads a value and, if it is usable and `replace` allows, keeps it. Says whether it did.
    fn fill<'de, D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        replace: bool,
    ) -> Result<bool, D::Error>;

    fn is_absent(&self) -> bool;

    fn check<E: de::Error>(&self, _name: &'static str) -> Result<(), E> {
        Ok(())
    }
}

/// Optional: what cannot be understood is `None`.
impl<T: Lenient> Field for Option<T> {
    fn fill<'de, D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        replace: bool,
    ) -> Result<bool, D::Error> {
        let Maybe(value) = Maybe::deserialize(deserializer)?;
        let keep = replace && value.is_some();
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
    fn fill<'de, D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        replace: bool,
    ) -> Result<bool, D::Error> {
        let Maybe(entries) = Maybe::<Entries<T>>::deserialize(deserializer)?;
        let entries = entries.map_or_else(Vec::new, |entries| entries.0);
        let keep = replace && !entries.is_empty();
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
    fn fill<'de, D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        replace: bool,
    ) -> Result<bool, D::Error> {
        match Maybe::deserialize(deserializer)?.0 {
            Some(Identifier(text)) if replace => *self = text,
            None if self.is_empty() => return Err(de::Error::custom("expected a text")),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
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
pub(crate) struct Fill<'a, F> {
    pub(crate) field: &'a mut F,
    pub(crate) replace: bool,
}

impl<'a, F> Fill<'a, F> {
    pub(crate) fn new(field: &'a mut F) -> Self {
        Self {
            field,
            replace: true,
        }
    }
}

impl<'de, F: Field> DeserializeSeed<'de> for Fill<'_, F> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        self.field.fill(deserializer, self.replace)
    }
}

/// As [`Fill`], for a text that may come as an array of texts.
pub(crate) struct FillFirst<'a> {
    pub(crate) field: &'a mut Option<String>,
    pub(crate) replace: bool,
}

impl<'de> DeserializeSeed<'de> for FillFirst<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        let mut first: Option<FirstText> = None;
        let keep = first.fill(deserializer, self.replace)?;
        if let Some(FirstText(text)) = first {
            *self.field = Some(text);
        }
        Ok(keep)
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
    let mut entered = false;
    let visitor = ObjectVisitor {
        array_of_one,
        expected,
        entered: &mut entered,
        object: PhantomData,
    };
    let object = deserializer.deserialize_struct(T::NAME, T::MEMBERS, visitor);
    // A deserializer's own complaint about a wrong type would quote the value.
    object.map_err(|error| {
        if entered {
            error
        } else {
            de::Error::custom(expected)
        }
    })
}

struct ObjectVisitor<'a, T> {
    array_of_one: bool,
    expected: &'static str,
    entered: &'a mut bool,
    object: PhantomData<T>,
}

impl<'de, T: Object> Visitor<'de> for ObjectVisitor<'_, T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.expected)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        *self.entered = true;
        T::from_members(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        if !self.array_of_one {
            return Err(de::Error::custom(self.expected));
        }
        *self.entered = true;
        match seq.next_element_seed(One(PhantomData))? {
            Some(one) if seq.next_element::<de::IgnoredAny>()?.is_none() => Ok(one),
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

/// Stands in a `Debug` output for a value that is nobody's business.
pub(crate) struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("<redacted>")
    }
}

/// Makes a struct of vendor members from one table, one line a member:
/// `field: type = "name" | "older name";`, with `personal` before the name where `Debug` must not show the value,
/// and `by FillFirst` at the end where an array of texts will do as well.
///
/// A value sent under the (V4) name wins over one sent under an older name, whatever their order; of equals the last
/// usable one wins.
macro_rules! json_object {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[$doc:meta])*
                $field:ident: $type:ty =
                    $($personal:ident)? $wire:literal $(| $older:literal)* $(by $fill:ident)?;
            )*
        }
        $(then $then:ident)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $vis struct $name {
            $($(#[$doc])* $vis $field: $type,)*
        }

        const _: () = {
            use $crate::event::object::{self, Field, Key, Object};

            #[allow(non_camel_case_types)]
            #[derive(Clone, Copy)]
            enum Member { $($field,)* Unknown }

            const _: () = assert!(Member::Unknown as u32 <= u64::BITS);

            impl Member {
                fn named(name: &str) -> (Self, bool) {
                    match name {
                        $(
                            $wire => (Self::$field, false),
                            $($older => (Self::$field, true),)*
                        )*
                        _ => (Self::Unknown, false),
                    }
                }
            }

            impl $name {
                pub(super) fn empty() -> Self {
                    Self { $($field: <$type>::default(),)* }
                }
            }

            impl Object for $name {
                const NAME: &'static str = stringify!($name);
                const MEMBERS: &'static [&'static str] = &[$($wire, $($older,)*)*];

                fn from_members<'de, A>(mut map: A) -> Result<Self, A::Error>
                where
                    A: ::serde::de::MapAccess<'de>,
                {
                    let mut object = Self::empty();
                    let mut sent = 0_u64;
                    while let Some((member, older)) = map.next_key_seed(Key(Member::named))? {
                        let bit = 1_u64.checked_shl(member as u32).unwrap_or(0);
                        let replace = !older || sent & bit == 0;
                        let kept = match member {
                            $(Member::$field => {
                                let field = &mut object.$field;
                                map.next_value_seed(
                                    $crate::event::object::json_object!(@fill field, replace $(, $fill)?)
                                )?
                            })*
                            Member::Unknown => {
                                map.next_value::<::serde::de::IgnoredAny>()?;
                                false
                            }
                        };
                        if kept && !older {
                            sent |= bit;
                        }
                    }
                    $(object.$field.check($wire)?;)*
                    $(object.$then();)?
                    Ok(object)
                }
            }

            impl<'de> ::serde::Deserialize<'de> for $name {
                fn deserialize<D>(deserializer: D) -> Result<Self, D::Error>
                where
                    D: ::serde::Deserializer<'de>,
                {
                    object::object(deserializer)
                }
            }

            impl ::serde::Serialize for $name {
                fn serialize<S>(&self, serializer: S) -> Result<S::Ok, S::Error>
                where
                    S: ::serde::Serializer,
                {
                    use ::serde::ser::SerializeStruct;

                    let present = 0 $(+ usize::from(!self.$field.is_absent()))*;
                    let mut object = serializer.serialize_struct(stringify!($name), present)?;
                    $(
                        if self.$field.is_absent() {
                            object.skip_field($wire)?;
                        } else {
                            object.serialize_field($wire, &self.$field)?;
                        }
                    )*
                    object.end()
                }
            }

            impl ::std::fmt::Debug for $name {
                fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    let mut debug = formatter.debug_struct(stringify!($name));
                    $(
                        if !self.$field.is_absent() {
                            let value = &self.$field;
                            debug.field(
                                stringify!($field),
                                $crate::event::object::json_object!(@debug value $(, $personal)?),
                            );
                        }
                    )*
                    debug.finish_non_exhaustive()
                }
            }
        };
    };

    (@fill $field:ident, $replace:ident) => {
        $crate::event::object::Fill { field: $field, replace: $replace }
    };
    (@fill $field:ident, $replace:ident, $fill:ident) => {
        $crate::event::object::$fill { field: $field, replace: $replace }
    };

    (@debug $value:ident) => {
        $value
    };
    (@debug $value:ident, personal) => {
        &$value.as_ref().map(|_| $crate::event::object::Redacted)
    };
}

pub(crate) use json_object;
