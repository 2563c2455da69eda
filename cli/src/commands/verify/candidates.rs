//! The keys that a signature may have been made with, and the ways to read its text.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use trackingmore_webhook_axum::Signer;
use zeroize::Zeroizing;

use super::mistake::{Mistake, mistake};
use crate::{secret::Secret, signing::Mac};

/// Returns the possible keys, each with the mistake that it would be.
pub(super) fn keys(secret: &[u8]) -> Vec<(Option<Mistake>, Secret)> {
    let bare = trimmed(secret);
    let whitespace = |detail| Some(mistake("whitespace_around_secret", detail));
    // A signer takes no secret that begins or ends with whitespace.
    let given = match Signer::new(secret) {
        Ok(_) => None,
        Err(_) => whitespace("your secret and the sender's both have surrounding whitespace"),
    };
    let trimmed = whitespace("the secret has surrounding whitespace; trimmed, it matches");
    let mut keys = vec![(given, secret.to_vec()), (trimmed, bare.to_vec())];
    if let [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] = bare {
        let detail = "the secret has quotes around it; without them, it matches";
        let quotes = mistake("quotes_around_secret", detail);
        keys.push((Some(quotes), inner.to_vec()));
    }
    for (before, after) in [("", "\n"), ("", "\r\n"), ("", " "), (" ", "")] {
        let padded = whitespace("the sender's secret has surrounding whitespace");
        keys.push((padded, [before.as_bytes(), bare, after.as_bytes()].concat()));
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
    reading(text).is_some()
}

/// Reads a signature, also if it is written in an unusual way, with the mistake that this would be.
pub(super) fn reading(text: &[u8]) -> Option<(Option<Mistake>, Mac)> {
    let text = String::from_utf8_lossy(text);
    let bare = text.trim_matches(['"', '\'', ' ']);
    let bare = ["sha256=", "SHA256=", "v1=", "v1,", "0x", "0X"]
        .iter()
        .find_map(|prefix| bare.strip_prefix(prefix))
        .unwrap_or(bare);
    let (odd, mac) = match digits(bare.as_bytes()) {
        Some(mac) => (None, mac),
        None => base64(bare)?,
    };
    let mistake = match bare == text {
        true => odd.map(|detail| mistake("odd_encoding", detail)),
        false => Some(mistake(
            "decorated_signature",
            "the signature has a prefix, quotes or spaces around it",
        )),
    };
    Some((mistake, mac))
}

/// Reads 64 hex digits. The decoder alone would skip a prefix.
fn digits(text: &[u8]) -> Option<Mac> {
    hex::decode_to_array(text).ok().filter(|_| text.len() == 64)
}

/// Reads any base64, with what is odd about it.
fn base64(text: &str) -> Option<(Option<&'static str>, Mac)> {
    let usual = text.replace(['-', ' '], "+").replace('_', "/");
    let bytes = STANDARD_NO_PAD.decode(usual.trim_end_matches('=')).ok()?;
    if let Some(mac) = digits(&bytes) {
        let twice = "the signature is encoded twice: the base64 of its hex";
        return Some((Some(twice), mac));
    }
    let odd = if STANDARD.decode(text).is_ok() {
        None
    } else if text.contains(' ') {
        Some("the signature has spaces where its base64 had `+`: it was decoded like a form")
    } else if usual != text {
        Some("the signature is base64 for URLs")
    } else {
        Some("the signature is base64 without its padding")
    };
    Some((odd, bytes.try_into().ok()?))
}
