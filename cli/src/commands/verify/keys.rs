use trackingmore_webhook_axum::Signer;
use zeroize::Zeroizing;

use super::mistake::{Mistake, mistake};

/// What may have been the key, with the mistake that it would be.
pub(super) fn keys(secret: &[u8]) -> Vec<(Option<Mistake>, Zeroizing<Vec<u8>>)> {
    let whitespace = |detail| Some(mistake("whitespace_around_secret", detail));
    let bare = trimmed(secret);
    // What no signer is made with begins or ends with whitespace.
    let is_good = Signer::new(secret).is_ok();
    let with = "signed with the whitespace around the secret given";
    let given = if is_good { None } else { whitespace(with) };
    let mut keys = vec![(given, secret.to_vec())];
    if bare != secret {
        let without = "the secret given has whitespace around it, without which it matches";
        keys.push((whitespace(without), bare.to_vec()));
    }
    let unquoted = match bare {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => Some(inner),
        _ => None,
    };
    if let Some(inner) = unquoted {
        let detail = "the secret given has quotes around it, without which it matches";
        keys.push((
            Some(mistake("quotes_around_secret", detail)),
            inner.to_vec(),
        ));
    }
    for (before, after) in [("", "\n"), ("", "\r\n"), ("", " "), (" ", "")] {
        let detail = "signed with whitespace around the secret";
        let key = [before.as_bytes(), bare, after.as_bytes()].concat();
        keys.push((whitespace(detail), key));
    }
    let wiped = |(mistake, key)| (mistake, Zeroizing::new(key));
    keys.into_iter().map(wiped).collect()
}

/// Takes off whitespace, that beyond ASCII and byte order marks too.
fn trimmed(secret: &[u8]) -> &[u8] {
    let is_whitespace = |c: char| c.is_whitespace() || c == '\u{feff}';
    match str::from_utf8(secret) {
        Ok(text) => text.trim_matches(is_whitespace).as_bytes(),
        Err(_) => secret.trim_ascii(),
    }
}
