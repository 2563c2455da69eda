use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};

use super::mistake::{Mistake, mistake};
use crate::mac::Mac;

/// Tells whether a text can stand for a signature.
pub(crate) fn is_signature(text: &[u8]) -> bool {
    !readings(text).is_empty()
}

/// What the text of a signature may stand for, with the mistake that it would be.
pub(super) fn readings(text: &[u8]) -> Vec<(Option<Mistake>, Mac)> {
    let text = String::from_utf8_lossy(text);
    let bare = text.trim_matches(['"', '\'', ' ']);
    let bare = ["sha256=", "SHA256=", "v1=", "v1,"]
        .iter()
        .find_map(|prefix| bare.strip_prefix(prefix))
        .unwrap_or(bare);
    let decorated = (bare != text).then(|| {
        mistake(
            "decorated_signature",
            "the signature has a prefix, quotes or spaces around it",
        )
    });
    let other = |detail| Some(mistake("odd_encoding", detail));
    let decoders = [
        (None, hex(bare.as_bytes())),
        (None, STANDARD.decode(bare).ok()),
        (
            other("the signature is base64 without its padding"),
            STANDARD_NO_PAD.decode(bare).ok(),
        ),
        (
            other("the signature is base64 for URLs"),
            URL_SAFE.decode(bare).ok(),
        ),
        (
            other("the signature is base64 for URLs"),
            URL_SAFE_NO_PAD.decode(bare).ok(),
        ),
        (
            other("the signature is encoded twice: the base64 of its hex"),
            STANDARD.decode(bare).ok().and_then(|text| hex(&text)),
        ),
    ];
    decoders
        .into_iter()
        .filter_map(|(odd, bytes)| Some((decorated.clone().or(odd), bytes?.try_into().ok()?)))
        .collect()
}

/// Reads 64 digits, and not `0x` before them, which the decoder would skip.
fn hex(text: &[u8]) -> Option<Vec<u8>> {
    (text.len() == 64).then(|| hex::decode(text).ok())?
}
