//! Sets of codes that the vendor may add to.

/// Makes an enum from a table of `Variant = "code": "meaning"`, with `Unknown(String)` for every
/// other text.
macro_rules! open_set {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($(#[$doc:meta])* $variant:ident = $code:literal: $meaning:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $vis enum $name {
            $(
                #[doc = concat!("`", $code, "`: ", $meaning, ".")]
                $(#[$doc])*
                $variant,
            )*
            /// Any other text, exactly as it was sent.
            ///
            /// Make values with `From`, which recognises the known texts: `Unknown` with a known
            /// text does not equal its variant.
            Unknown(String),
        }

        impl $name {
            /// Returns the vendor's text: in lower case if it is known, otherwise as it was sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Unknown(text) => text,
                }
            }

            /// Returns what the text means in V4, or `None` for an unknown one.
            #[must_use]
            pub fn meaning(&self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($meaning),)*
                    Self::Unknown(_) => None,
                }
            }

            fn known(text: &str) -> Option<Self> {
                match text {
                    $($code => return Some(Self::$variant),)*
                    _ => {}
                }
                let text = text.trim();
                $(
                    if text.eq_ignore_ascii_case($code) {
                        return Some(Self::$variant);
                    }
                )*
                None
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::known(text).unwrap_or_else(|| Self::Unknown(text.to_owned()))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::known(&text).unwrap_or(Self::Unknown(text))
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(text.into())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl $crate::event::lenient::Lenient for $name {
            fn from_text(text: &str) -> Option<Self> {
                Some(text.into())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                $crate::event::lenient::alone(deserializer)
            }
        }
    };
}

pub(crate) use open_set;
