//! One table per vendor object: its members, their older names, and which of them `Debug` may show.

use std::fmt;

/// Makes a struct of vendor members from one table, with one line per member:
/// `field: type = "name" | "older name";`, with `personal` before the name where `Debug` must not
/// show the value, and `by` at the end where a text is read in a special way: `by FirstText`, for
/// example.
///
/// A value sent under the V4 name wins over one sent under an older name or in another spelling of
/// either, whatever their order; among equals, the last usable one wins.
///
/// After the struct, `then` names a method that completes what was read, with one more member, and
/// `else` a function that replaces a value that is not an object; without `else`, such a value is
/// an error.
macro_rules! json_object {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[$doc:meta])*
                $field:ident: $type:ty =
                    $($personal:ident)? $wire:literal $(| $older:literal)* $(by $by:ident)?;
            )*
        }
        $(then $then:ident($aside:ident: $aside_type:ty = $aside_wire:literal))?
        $(else $instead:ident)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $vis struct $name {
            $($(#[$doc])* $vis $field: $type,)*
        }

        const _: () = {
            use ::serde::de::{IgnoredAny, MapAccess};
            use $crate::event::field::Field;
            use $crate::event::object::{Draft, Known, Object};

            #[allow(non_camel_case_types)]
            #[derive(Clone, Copy)]
            pub(crate) enum Member { $($field,)* $($aside,)? Count }

            const _: () = assert!((Member::Count as u32) <= u64::BITS);

            const KNOWN: &[Known<Member>] = &[
                $(Known::new($wire, Member::$field), $(Known::new($older, Member::$field),)*)*
                $(Known::new($aside_wire, Member::$aside),)?
            ];

            impl Object for $name {
                const NAME: &'static str = stringify!($name);
                const NAMES: &'static [&'static str] =
                    &[$($wire, $($older,)*)* $($aside_wire,)?];
                /// And whether it is exactly the V4 name.
                type Member = (Member, bool);
                type Aside = $crate::event::json_object::json_object!(@aside $($aside_type)?);

                fn empty() -> Self {
                    Self { $($field: <$type>::default(),)* }
                }

                fn member(name: &str) -> Option<Self::Member> {
                    let member = match name {
                        $(
                            $wire => (Member::$field, true),
                            $($older => (Member::$field, false),)*
                        )*
                        $($aside_wire => (Member::$aside, true),)?
                        _ => (Known::respelled(KNOWN, name)?, false),
                    };
                    Some(member)
                }

                #[inline(always)]
                fn fill<'de, A: MapAccess<'de>>(
                    draft: &mut Draft<Self>,
                    (member, is_v4): Self::Member,
                    map: &mut A,
                ) -> Result<(), A::Error> {
                    let bit = 1_u64 << member as u32;
                    if !is_v4 && draft.sent & bit != 0 {
                        return map.next_value::<IgnoredAny>().map(drop);
                    }
                    let required = draft.strict;
                    let kept = match member {
                        $(Member::$field => {
                            let field = &mut draft.object.$field;
                            map.next_value_seed(
                                $crate::event::json_object::json_object!(@fill field required $(, $by)?)
                            )?
                        })*
                        $(Member::$aside => {
                            let field = &mut draft.aside;
                            map.next_value_seed($crate::event::field::Fill { field, required })?
                        })?
                        Member::Count => false,
                    };
                    if kept && is_v4 {
                        draft.sent |= bit;
                    }
                    Ok(())
                }

                fn complete(draft: &mut Draft<Self>) -> Result<(), &'static str> {
                    $(if draft.object.$field.is_missing() {
                        return Err($wire);
                    })*
                    $(
                        let $aside = ::std::mem::take(&mut draft.aside);
                        draft.object.$then($aside);
                    )?
                    Ok(())
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

    (@fill $field:ident $required:ident) => {
        $crate::event::field::Fill { field: $field, required: $required }
    };
    (@fill $field:ident $required:ident, $by:ident) => {
        $crate::event::field::FillBy::<$by>::new($field)
    };

    (@aside) => {
        ()
    };
    (@aside $type:ty) => {
        $type
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

/// Stands for a personal value in `Debug` output.
pub(crate) struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("<redacted>")
    }
}
