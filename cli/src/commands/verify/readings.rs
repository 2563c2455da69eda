use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

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
            "the signature has a prefix, quotes or blanks around it",
        )
    });
    let other = |detail| Some(mistake("odd_encoding", detail));
    let decoders = [
        (None, HEXLOWER_PERMISSIVE.decode(bare.as_bytes())),
        (None, BASE64.decode(bare.as_bytes())),
        (
            other("the signature is base64 without its padding"),
            BASE64_NOPAD.decode(bare.as_bytes()),
        ),
        (
            other("the signature is base64 for URLs"),
            BASE64URL.decode(bare.as_bytes()),
        ),
        (
            other("the signature is base64 for URLs"),
            BASE64URL_NOPAD.decode(bare.as_bytes()),
        ),
        (
            other("the signature is encoded twice: the base64 of its hex"),
            BASE64
                .decode(bare.as_bytes())
                .and_then(|hex| HEXLOWER_PERMISSIVE.decode(&hex)),
        ),
    ];
    decoders
        .into_iter()
        .filter_map(|(odd, bytes)| Some((decorated.clone().or(odd), bytes.ok()?.try_into().ok()?)))
        .collect()
}
