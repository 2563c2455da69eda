use serde::de::{DeserializeOwned, IgnoredAny};

use crate::{Error, ErrorKind, path};

/// What a UTF-8 file may begin with. It is not part of JSON.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads a document to its end, with or without a byte order mark. `serde_json`'s own messages
/// quote the payload and are dropped. A second reading finds what the error says instead; only
/// refused bodies pay for it.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let json = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    // Checks UTF-8 once instead of again for each string. A broken body is read as bytes: it can
    // still be accepted if nobody reads the broken strings.
    let read = match str::from_utf8(json) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(json),
    };
    read.map_err(|_| diagnose::<T>(json))
}

fn diagnose<T: DeserializeOwned>(bytes: &[u8]) -> Error {
    // `IgnoredAny` checks the grammar without recursion, but not that strings are UTF-8.
    let is_json =
        str::from_utf8(bytes).is_ok() && serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    if is_json {
        Error::unexpected_shape(path::of_failure::<T>(bytes))
    } else {
        ErrorKind::InvalidJson.into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Parcel {
        weight: u32,
        legs: Vec<Leg>,
        extra: Option<BTreeMap<String, Vec<Number>>>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Leg {
        place: String,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Number(u8);

    fn message(body: &str) -> String {
        read::<Parcel>(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_json_to_its_end_is_invalid_json() {
        for body in [
            &b""[..],
            b"{",
            b"{}}",
            b"nope",
            b"{\"weight\":1,}",
            b"\"\xff\"",
            b"[\"\xff\"]",
            b"{\"weight\":1,\"legs\":[]}x",
            b"\x00",
            b"[1e]",
            b"\"\x01\"",
        ] {
            let error = read::<Parcel>(body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidJson, "{body:?}");
        }
    }

    #[test]
    fn the_path_to_an_unexpected_shape_is_named() {
        const PREFIX: &str = "body is JSON of another shape than expected";
        assert_eq!(message("[]"), PREFIX);
        assert_eq!(message("7"), PREFIX);
        assert_eq!(message(r#"{"weight":"x"}"#), format!("{PREFIX}, at weight"));
        assert_eq!(
            message(r#"{"weight":1e999}"#),
            format!("{PREFIX}, at weight")
        );
        assert_eq!(
            message(r#"{"weight":1,"legs":[{"place":"a"},{"place":7}]}"#),
            format!("{PREFIX}, at legs[1].place")
        );
        assert_eq!(
            message(r#"{"weight":1,"legs":[{"place":"a"},{}]}"#),
            format!("{PREFIX}, at legs[1]")
        );
        assert_eq!(
            message(r#"{"weight":1,"legs":[{"place":"\ud800"}]}"#),
            format!("{PREFIX}, at legs[0].place")
        );
    }

    #[test]
    fn the_keys_of_a_map_and_values_are_not_named() {
        let body = r#"{"extra":{"jane@example.com":[1,2,"secret"]},"weight":1,"legs":[]}"#;
        let error = read::<Parcel>(body.as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "body is JSON of another shape than expected, at extra.*[2]"
        );
        assert!(!format!("{error:?}").contains("jane"));
    }

    #[test]
    fn a_flattened_map_is_still_a_map() {
        #[derive(Debug, Deserialize)]
        #[allow(dead_code)]
        struct Open {
            #[serde(flatten)]
            rest: BTreeMap<String, u8>,
        }
        let error = read::<Open>(br#"{"jane":"doe"}"#).unwrap_err();
        assert!(!error.to_string().contains("jane"));
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let error = read::<serde_json::Value>(deep.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedShape);
        assert!(error.to_string().len() < 1_000);
        let open = "[".repeat(200_000);
        let error = read::<serde_json::Value>(open.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidJson);
    }
}
