use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use crate::{Error, ErrorKind};

/// An HMAC-SHA256: 32 bytes, sent as hex or as standard base64.
///
/// There is no `==`: only a [`Verifier`](crate::Verifier) compares signatures, in constant time.
/// `Debug` does not show the bytes, since a signature could still be replayed.
///
/// # Examples
///
/// ```
/// use trackingmore_webhook::Signature;
///
/// let hex = "a37084ab68ae16b77db1f8463f31be9fcc965e2515e03efecf8139bb1e511b06";
/// let signature: Signature = hex.parse()?;
/// assert_eq!(signature.to_hex(), hex);
/// assert_eq!(signature.to_base64(), "o3CEq2iuFrd9sfhGPzG+n8yWXiUV4D7+z4E5ux5RGwY=");
/// # Ok::<(), trackingmore_webhook::Error>(())
/// ```
#[derive(Clone, Copy)]
// Aligned, so that processors copy it quickly out of the type that wraps it.
#[repr(align(8))]
pub struct Signature([u8; Self::LEN]);

impl Signature {
    const LEN: usize = 32;
    const HEX_LEN: usize = 64;
    const BASE64_LEN: usize = 44;

    /// Reads a signature as it is sent in a header.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedSignature`] if the text is neither hex nor padded standard base64 of
    /// exactly 32 bytes. Prefixes such as `sha256=` and whitespace are not stripped.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        Self::decode(text).ok_or_else(|| ErrorKind::MalformedSignature.into())
    }

    /// Returns the 64 lowercase hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Returns the 44 characters of padded standard base64.
    #[must_use]
    pub fn to_base64(&self) -> String {
        BASE64.encode(self.0)
    }

    #[inline]
    pub(crate) fn decode(text: &[u8]) -> Option<Self> {
        match text.len() {
            // For any other length, the decoder would skip a leading `0x`.
            Self::HEX_LEN => hex::decode_to_array(text).ok().map(Self),
            Self::BASE64_LEN => {
                let mut bytes = [0; Self::LEN];
                let len = BASE64.decode_slice(text, &mut bytes).ok()?;
                (len == Self::LEN).then_some(Self(bytes))
            }
            _ => None,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl From<[u8; 32]> for Signature {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Signature {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text.as_bytes())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signature").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BYTES: [u8; 32] = [0xfb; 32];

    /// Decodes both encodings as RFC 4648 defines them, bit by bit.
    fn bit_by_bit(text: &[u8]) -> Option<[u8; 32]> {
        const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let (digits, alphabet, width) = match text.len() {
            64 => (text.to_ascii_lowercase(), &b"0123456789abcdef"[..], 4),
            44 => (text.strip_suffix(b"=")?.to_vec(), BASE64, 6),
            _ => return None,
        };
        let mut bits = Vec::new();
        for digit in digits {
            let value = alphabet.iter().position(|known| *known == digit)?;
            bits.extend((0..width).rev().map(|at| (value >> at & 1) as u8));
        }
        let bytes = bits
            .chunks(8)
            .map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | bit));
        let bytes: Vec<u8> = bytes.collect();
        let (bytes, left_over) = bytes.split_at(32);
        let bytes = bytes.try_into().ok()?;
        left_over.iter().all(|bits| *bits == 0).then_some(bytes)
    }

    fn assert_is_read_bit_by_bit(text: &[u8]) {
        let read = Signature::parse(text).map(|signature| signature.0);
        let read = read.map_err(|error| error.kind());
        let expected = bit_by_bit(text).ok_or(ErrorKind::MalformedSignature);
        assert_eq!(read, expected, "{}", text.escape_ascii());
    }

    fn encodings(bytes: [u8; 32]) -> [String; 3] {
        let signature = Signature::from(bytes);
        [
            signature.to_hex(),
            signature.to_hex().to_uppercase(),
            signature.to_base64(),
        ]
    }

    #[test]
    fn hex_of_either_case_and_base64_are_read() {
        for text in encodings(BYTES) {
            let signature = Signature::parse(text.as_bytes()).unwrap();
            assert_eq!(signature.as_bytes(), &BYTES);
        }
    }

    #[test]
    fn any_byte_at_any_place_is_read_as_it_should_be() {
        for text in encodings(BYTES) {
            for at in 0..text.len() {
                for byte in 0..=u8::MAX {
                    let mut text = text.clone().into_bytes();
                    text[at] = byte;
                    assert_is_read_bit_by_bit(&text);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_it_should_be(
            bytes: [u8; 32],
            encoding in 0..3_usize,
            replaced in prop::collection::vec((any::<prop::sample::Index>(), "[0xX=+/A-Ga-g_ -]"), 0..4),
            padded in "(|0x|0X|=|==| )",
            cut in 0..3_usize,
        ) {
            let mut text = encodings(bytes)[encoding].clone().into_bytes();
            for (at, byte) in replaced {
                let at = at.index(text.len());
                text[at] = byte.as_bytes()[0];
            }
            assert_is_read_bit_by_bit(&text);
            text.truncate(text.len() - cut);
            assert_is_read_bit_by_bit(&text);
            assert_is_read_bit_by_bit(&[padded.as_bytes(), &text].concat());
            assert_is_read_bit_by_bit(&[&text, padded.as_bytes()].concat());
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        let [hex, _, base64] = encodings(BYTES);
        let unpadded = base64.trim_end_matches('=');
        for text in [
            String::new(),
            hex[..63].to_owned(),
            format!("{hex}0"),
            format!("{hex}00"),
            format!("+{}", &hex[1..]),
            format!("+f{}", &hex[2..]),
            format!("0x{}", &hex[2..]),
            format!("0X{}", &hex[2..]),
            format!("0x{hex}"),
            format!(" {hex}"),
            format!("{hex}\n"),
            format!("sha256={hex}"),
            format!("é{}", &hex[2..]),
            unpadded.to_owned(),
            base64.replace('+', "-").replace('/', "_"),
            format!("{}B=", &base64[..42]),
            format!("={}", &base64[1..]),
            format!("{}=={}", &base64[..20], &base64[22..]),
            BASE64.encode([0xfb; 31]),
            BASE64.encode([0xfb; 33]),
            BASE64.encode([0xfb; 48]),
            "A".repeat(1_000_000),
        ] {
            let error = Signature::parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::MalformedSignature, "{text}");
        }
        for len in 0..200 {
            assert!(Signature::parse(&vec![0xff; len]).is_err());
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Signature::from(BYTES)), "Signature { .. }");
    }
}
