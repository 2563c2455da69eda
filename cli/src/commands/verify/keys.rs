use trackingmore_webhook_axum::Signer;
use zeroize::Zeroizing;

use super::mistake::{Mistake, mistake};

/// What may have been the key, with the mistake that it would be.
pub(super) fn keys(secret: &[u8]) -> Vec<(Option<Mistake>, Zeroizing<Vec<u8>>)> {
    let blank = |detail| Some(mistake("blank_around_secret", detail));
    let bare = trimmed(secret);
    // What no signer is made with begins or ends with a blank.
    let is_good = Signer::new(secret).is_ok();
    let with = "signed with the blank or line break around the secret given";
    let mut keys = vec![(if is_good { None } else { blank(with) }, secret.to_vec())];
    if bare != secret {
        let without =
            "the secret given has a blank or line break around it, without which it matches";
        keys.push((blank(without), bare.to_vec()));
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
    for (before, behind) in [("", "\n"), ("", "\r\n"), ("", " "), (" ", "")] {
        let detail = "signed with a blank or line break around the secret";
        let key = [before.as_bytes(), bare, behind.as_bytes()].concat();
        keys.push((blank(detail), key));
    }
    let wiped = |(mistake, key)| (mistake, Zeroizing::new(key));
    keys.into_iter().map(wiped).collect()
}

/// Takes off blanks, those beyond ASCII and byte order marks too.
fn trimmed(secret: &[u8]) -> &[u8] {
    let is_blank = |c: char| c.is_whitespace() || c == '\u{feff}';
    match str::from_utf8(secret) {
        Ok(text) => text.trim_matches(is_blank).as_bytes(),
        Err(_) => secret.trim_ascii(),
    }
}
