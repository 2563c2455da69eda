//! Well-formed signatures that match nothing.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::{Case, EVENT, forged, mac, sign};
use crate::{ErrorKind, Signature, testing::SECRET};

pub(super) fn cases(now: u64) -> Vec<Case> {
    let time = now.to_string();
    let signature = sign(&time);
    let mut flipped = *mac(SECRET, &time).as_bytes();
    flipped[31] ^= 1;
    let joined = [time.as_bytes(), EVENT].concat();
    let mut tampered = EVENT.to_vec();
    tampered[300] = b'9';
    let sent = |name, signature: &str| forged(name, Some(&time), signature, EVENT);
    vec![
        sent(
            "wrong secret over the timestamp",
            &mac("wrong", &time).to_hex(),
        ),
        sent("wrong secret over the body", &mac("wrong", EVENT).to_hex()),
        sent("empty secret over the timestamp", &mac("", &time).to_hex()),
        sent("empty secret over the body", &mac("", EVENT).to_hex()),
        sent(
            "last bit of the signature changed",
            &Signature::from(flipped).to_hex(),
        ),
        sent(
            "right in its first half only",
            &format!("{}{}", &signature[..32], "0".repeat(32)),
        ),
        sent("all zeros", &"0".repeat(64)),
        sent("signature of timestamp and body together", &sign(&joined)),
        sent(
            "signature of another time",
            &sign(now.saturating_sub(1).to_string()),
        ),
        forged(
            "timestamp moved by a second",
            Some(&(now + 1).to_string()),
            &signature,
            EVENT,
        ),
        forged(
            "leading zero before the timestamp",
            Some(&format!("0{time}")),
            &signature,
            EVENT,
        ),
        forged(
            "one byte of a signed body changed",
            Some(&time),
            &sign(EVENT),
            &tampered,
        ),
        forged(
            "newline after a signed body",
            Some(&time),
            &sign(EVENT),
            &[EVENT, b"\n"].concat(),
        ),
        forged(
            "a signed body in base64",
            Some(&time),
            &sign(EVENT),
            BASE64.encode(EVENT).as_bytes(),
        ),
        Case {
            timestamp: Err(ErrorKind::MissingHeader),
            ..forged(
                "captured pair as a body of digits",
                None,
                &signature,
                time.as_bytes(),
            )
        },
        Case {
            timestamp: Err(ErrorKind::MissingHeader),
            ..forged(
                "captured pair as a body of digits, base64",
                None,
                &mac(SECRET, &time).to_base64(),
                time.as_bytes(),
            )
        },
        Case {
            timestamp: Err(ErrorKind::MalformedTimestamp),
            ..forged(
                "captured pair as a body of digits, odd timestamp",
                Some("x"),
                &signature,
                time.as_bytes(),
            )
        },
    ]
}
