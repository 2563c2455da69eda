use std::{array, fmt, str::FromStr};

use data_encoding::{BASE64, HEXLOWER};

use crate::{Error, ErrorKind};

/// An HMAC-SHA256: 32 bytes, sent as hex or as standard base64.
///
/// There is no `==`: only a [`Verifier`](crate::Verifier) compares signatures, in constant time.
/// `Debug` does not show the bytes, since a signature may still be good for a replay.
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
// So that processors copy it quickly out of what it is wrapped in.
#[repr(align(8))]
pub struct Signature([u8; Self::LEN]);

impl Signature {
    const LEN: usize = 32;
    const HEX_LEN: usize = 64;
    const BASE64_LEN: usize = 44;

    /// Reads a signature as it stands in a header.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedSignature`] if the text is neither hex nor padded standard base64 of
    /// exactly 32 bytes. Prefixes such as `sha256=` and blanks are not taken off.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        Self::decode(text).ok_or_else(|| ErrorKind::MalformedSignature.into())
    }

    /// Gives the 64 lowercase hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// Gives the 44 characters of padded standard base64.
    #[must_use]
    pub fn to_base64(&self) -> String {
        BASE64.encode(&self.0)
    }

    #[inline]
    pub(crate) fn decode(text: &[u8]) -> Option<Self> {
        match text.len() {
            Self::HEX_LEN => decode_hex(text.try_into().ok()?).map(Self),
            // The decoder takes padding in the midst of a text too.
            Self::BASE64_LEN if text.ends_with(b"=") => {
                // 44 characters could hold 33 bytes, and the decoder wants the room.
                let mut bytes = [0; Self::LEN + 1];
                let len = BASE64.decode_mut(text, &mut bytes).ok()?;
                bytes[..len].try_into().ok().map(Self)
            }
            _ => None,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// Free of branches, so that processors decode sixteen digits at a time: in a quarter of the time
/// that it takes by a table.
#[inline]
fn decode_hex(text: &[u8; Signature::HEX_LEN]) -> Option<[u8; Signature::LEN]> {
    let digits = text.map(hex_digit);
    let is_hex = digits.iter().fold(0, |all, digit| all | digit) <= 0xf;
    is_hex.then(|| array::from_fn(|i| digits[2 * i] * 16 + digits[2 * i + 1]))
}

/// Gives more than 15 for what is not a digit.
fn hex_digit(text: u8) -> u8 {
    let number = text.wrapping_sub(b'0');
    let letter = (text | b' ').wrapping_sub(b'a');
    match (number, letter) {
        (0..10, _) => number,
        (_, 0..6) => letter + 10,
        _ => u8::MAX,
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
    use data_encoding::HEXLOWER_PERMISSIVE;

    use super::*;

    const BYTES: [u8; 32] = [0xfb; 32];

    #[test]
    fn hex_of_either_case_and_base64_are_read() {
        let signature = Signature::from(BYTES);
        for text in [
            signature.to_hex(),
            signature.to_hex().to_uppercase(),
            signature.to_base64(),
        ] {
            assert_eq!(
                Signature::parse(text.as_bytes()).unwrap().as_bytes(),
                &BYTES
            );
        }
    }

    #[test]
    fn hex_is_read_as_by_a_decoder_of_others() {
        for digit in 0..=u8::MAX {
            for at in 0..Signature::HEX_LEN {
                let mut text = [b'7'; Signature::HEX_LEN];
                text[at] = digit;
                let expected = HEXLOWER_PERMISSIVE.decode(&text).ok();
                let read = decode_hex(&text).map(Vec::from);
                assert_eq!(read, expected, "{digit:#x} at {at}");
            }
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        let hex = Signature::from(BYTES).to_hex();
        let base64 = Signature::from(BYTES).to_base64();
        let unpadded = base64.trim_end_matches('=');
        for text in [
            String::new(),
            hex[..63].to_owned(),
            format!("{hex}0"),
            format!("{hex}00"),
            format!("+{}", &hex[1..]),
            format!("+f{}", &hex[2..]),
            format!("0x{}", &hex[2..]),
            format!(" {hex}"),
            format!("{hex}\n"),
            format!("sha256={hex}"),
            format!("é{}", &hex[2..]),
            unpadded.to_owned(),
            base64.replace('+', "-").replace('/', "_"),
            format!("{}B=", &base64[..42]),
            BASE64.encode(&[0xfb; 31]),
            BASE64.encode(&[0xfb; 33]),
            BASE64.encode(&[0xfb; 48]),
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
