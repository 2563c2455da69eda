//! The keys that a signature may have been made with, and the ways to read its text.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use trackingmore_webhook_axum::Signer;
use zeroize::Zeroizing;

use super::mistake::{Mistake, mistake};
use crate::signing::Mac;

/// Returns the possible keys, each with the mistake that it would be.
pub(super) fn keys(secret: &[u8]) -> Vec<(Option<Mistake>, Zeroizing<Vec<u8>>)> {
    let whitespace = |detail| Some(mistake("whitespace_around_secret", detail));
    let bare = trimmed(secret);
    // A signer takes no secret that begins or ends with whitespace.
    let is_good = Signer::new(secret).is_ok();
    let with = "the secret has surrounding whitespace, and so had the sender's";
    let given = if is_good { None } else { whitespace(with) };
    let mut keys = vec![(given, secret.to_vec())];
    if bare != secret {
        let without = "the secret has surrounding whitespace; trimmed, it matches";
        keys.push((whitespace(without), bare.to_vec()));
    }
    let unquoted = match bare {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => Some(inner),
        _ => None,
    };
    if let Some(inner) = unquoted {
        let detail = "the secret has quotes around it; without them, it matches";
        keys.push((
            Some(mistake("quotes_around_secret", detail)),
            inner.to_vec(),
        ));
    }
    for (before, after) in [("", "\n"), ("", "\r\n"), ("", " "), (" ", "")] {
        let detail = "the sender's secret has surrounding whitespace";
        let key = [before.as_bytes(), bare, after.as_bytes()].concat();
        keys.push((whitespace(detail), key));
    }
    let wiped = |(mistake, key)| (mistake, Zeroizing::new(key));
    keys.into_iter().map(wiped).collect()
}

/// Removes whitespace, also beyond ASCII, and byte order marks.
fn trimmed(secret: &[u8]) -> &[u8] {
    let is_whitespace = |c: char| c.is_whitespace() || c == '\u{feff}';
    match str::from_utf8(secret) {
        Ok(text) => text.trim_matches(is_whitespace).as_bytes(),
        Err(_) => secret.trim_ascii(),
    }
}

/// Returns whether a text may be a signature.
pub(crate) fn is_signature(text: &[u8]) -> bool {
    !readings(text).is_empty()
}

/// Returns the possible readings of a signature, each with the mistake that it would be.
pub(super) fn readings(text: &[u8]) -> Vec<(Option<Mistake>, Mac)> {
    let text = String::from_utf8_lossy(text);
    let bare = text.trim_matches(['"', '\'', ' ']);
    let bare = ["sha256=", "SHA256=", "v1=", "v1,"]
        .iter()
        .find_map(|prefix| bare.strip_prefix(prefix))
        .unwrap_or(bare);
    let spaced = bare.contains(' ').then(|| bare.replace(' ', "+"));
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
            other("the signature has spaces where its base64 had `+`: it was decoded like a form"),
            spaced.and_then(|text| STANDARD.decode(text).ok()),
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

/// Reads 64 digits. The decoder alone would skip `0x` before them.
fn hex(text: &[u8]) -> Option<Vec<u8>> {
    (text.len() == 64).then(|| hex::decode(text).ok())?
}
