//! The names of members, in the spellings that are sent.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

/// Whether `name` is `known` in another spelling: `CountryIso2` and `countryISO2` are
/// `country_iso2`.
pub(crate) fn is_spelling_of(known: &str, name: &str) -> bool {
    letters(known).eq(letters(name))
}

fn letters(name: &str) -> impl Iterator<Item = u8> {
    let bytes = name.bytes().filter(|byte| *byte != b'_');
    bytes.map(|byte| byte.to_ascii_lowercase())
}

/// A hash that all spellings of a name share, and hardly any other name: it finds one among many.
pub(crate) const fn spelling_hash(name: &str) -> u32 {
    // FNV-1a.
    let (mut hash, mut at) = (0x811c_9dc5_u32, 0);
    while at < name.len() {
        let byte = name.as_bytes()[at];
        if byte != b'_' {
            hash = (hash ^ byte.to_ascii_lowercase() as u32).wrapping_mul(0x0100_0193);
        }
        at += 1;
    }
    hash
}

/// Looks up the next name, without copying it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_equal_in_any_case_with_or_without_underscores() {
        for name in [
            "country_iso2",
            "CountryIso2",
            "countryISO2",
            "COUNTRY_ISO2",
            "_country__iso2_",
        ] {
            assert!(is_spelling_of("country_iso2", name), "{name}");
            assert_eq!(spelling_hash("country_iso2"), spelling_hash(name));
        }
        for name in [
            "country_iso",
            "country_iso22",
            "country-iso2",
            "",
            "ⅽountry_iso2",
        ] {
            assert!(!is_spelling_of("country_iso2", name), "{name}");
            assert_ne!(spelling_hash("country_iso2"), spelling_hash(name));
        }
        assert!(
            !is_spelling_of("state", "substate") && !is_spelling_of("substatus", "substatusV2")
        );
    }
}
