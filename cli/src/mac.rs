//! HMAC-SHA256 with any key, also with those that no verifier takes.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

pub(crate) type Mac = [u8; 32];

pub(crate) fn mac(key: &[u8], message: &[u8]) -> Mac {
    Hmac::<Sha256>::new_from_slice(key)
        .map(|hmac| hmac.chain_update(message).finalize().into_bytes().into())
        // Never: an HMAC takes keys of any length.
        .unwrap_or_default()
}
