use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{ConfigError, Signature};

/// A secret, prepared for signing: both pads are already hashed, which saves two compressions per
/// signature. `sha2` wipes both states on drop.
#[derive(Clone)]
pub(crate) struct Key(Hmac<Sha256>);

impl Key {
    /// `number` is for the error: people count the first secret as 1.
    pub(crate) fn new(secret: &[u8], number: usize) -> Result<Self, ConfigError> {
        if secret.is_empty() {
            return Err(ConfigError::EmptySecret(number));
        }
        if has_whitespace_around(secret) {
            return Err(ConfigError::WhitespaceAroundSecret(number));
        }
        let mac = Hmac::new_from_slice(secret).map_err(|_| ConfigError::EmptySecret(number))?;
        Ok(Self(mac))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        let mac = self.0.clone().chain_update(message);
        <[u8; 32]>::from(mac.finalize().into_bytes()).into()
    }

    /// Compares in constant time.
    #[inline]
    pub(crate) fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let mac = self.0.clone().chain_update(message);
        mac.verify_slice(signature.as_bytes()).is_ok()
    }
}

/// Returns whether a secret begins or ends with whitespace: always a copying mistake, which would
/// otherwise show only as signatures that never match.
///
/// Vertical tab and form feed do not count: RFC 4231 has keys made of them.
fn has_whitespace_around(secret: &[u8]) -> bool {
    let is_space = |c: char| match c {
        ' ' | '\t' | '\r' | '\n' | '\u{feff}' => true,
        _ => !c.is_ascii() && c.is_whitespace(),
    };
    let first = secret.utf8_chunks().next();
    let last = secret.utf8_chunks().last();
    first.is_some_and(|chunk| chunk.valid().starts_with(is_space))
        || last.is_some_and(|chunk| chunk.invalid().is_empty() && chunk.valid().ends_with(is_space))
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    use super::*;

    /// Compiles only if `sha2` is built to wipe its states, of which a key has two.
    #[test]
    fn a_key_is_wiped_on_drop() {
        fn is_wiped<T: ZeroizeOnDrop>() {}
        is_wiped::<Sha256>();
    }

    #[test]
    fn whitespace_around_a_secret_is_found() {
        for secret in [
            " secret",
            "secret ",
            "secret\n",
            "secret\r\n",
            "\tsecret",
            "\u{feff}secret",
            "secret\u{a0}",
            " ",
            "\n",
        ] {
            let error = Key::new(secret.as_bytes(), 3).err();
            assert_eq!(
                error,
                Some(ConfigError::WhitespaceAroundSecret(3)),
                "{secret:?}"
            );
        }
        assert!(Key::new(b"\xff\xfe\n", 1).is_err());
        assert!(Key::new(b"\n\xff\xfe", 1).is_err());
    }

    #[test]
    fn other_secrets_are_used_unchanged() {
        for secret in [
            &b"a"[..],
            b"two words",
            b"\xaa\xff",
            b"\xff",
            &[0x0b; 20],
            &[0x0c; 20],
            &[0; 3],
        ] {
            assert!(Key::new(secret, 1).is_ok(), "{secret:?}");
        }
    }
}
