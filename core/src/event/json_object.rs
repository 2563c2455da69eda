//! One table per vendor object: its members, their older spellings, and who may see them in a log.

use std::fmt;

/// Makes a struct of vendor members from one table, one line a member:
/// `field: type = "name" | "older name";`, with `personal` before the name where `Debug` must not show the value,
/// and `by FillFirst` at the end where an array of texts will do as well.
///
/// A value sent under the (V4) name wins over one sent under an older name, whatever their order; of equals the last
/// usable one wins.
///
/// After the struct, `then` names a method that completes what was read, and `else` a function that makes what stands
/// for a value that is no object; without it, such a value is an error.
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
        $(else $instead:ident)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $vis struct $name {
            $($(#[$doc])* $vis $field: $type,)*
        }

        const _: () = {
            use $crate::event::field::Field;
            use $crate::event::object::{Key, Object};

            #[allow(non_camel_case_types)]
            #[derive(Clone, Copy)]
            enum Member { $($field,)* Unknown }

            const _: () = assert!((Member::Unknown as u32) < u64::BITS);

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
                        let bit = 1_u64 << member as u32;
                        if older && sent & bit != 0 {
                            map.next_value::<::serde::de::IgnoredAny>()?;
                            continue;
                        }
                        let kept = match member {
                            $(Member::$field => {
                                let field = &mut object.$field;
                                map.next_value_seed(
                                    $crate::event::json_object::json_object!(@fill field $(, $fill)?)
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
                    $crate::event::json_object::json_object!(@read deserializer $(, $instead)?)
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
                                $crate::event::json_object::json_object!(@debug value $(, $personal)?),
                            );
                        }
                    )*
                    debug.finish_non_exhaustive()
                }
            }
        };
    };

    (@fill $field:ident) => {
        $crate::event::field::Fill($field)
    };
    (@fill $field:ident, $fill:ident) => {
        $crate::event::field::$fill($field)
    };

    (@read $deserializer:ident) => {
        $crate::event::object::object($deserializer)
    };
    (@read $deserializer:ident, $instead:ident) => {{
        let $crate::event::lenient::Maybe(object) = ::serde::Deserialize::deserialize($deserializer)?;
        Ok(object.unwrap_or_else(Self::$instead))
    }};

    (@debug $value:ident) => {
        $value
    };
    (@debug $value:ident, personal) => {
        &$value.as_ref().map(|_| $crate::event::json_object::Redacted)
    };
}

pub(crate) use json_object;

/// Stands in a `Debug` output for a value that is nobody's business.
pub(crate) struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("<redacted>")
    }
}
