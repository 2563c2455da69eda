//! Headers that are missing, repeated or malformed.

use bytes::Bytes;

use super::{Case, EVENT, mac, sign};
use crate::{ErrorKind, Signature, testing::SECRET};

pub(super) fn cases(now: u64) -> Vec<Case> {
    let time = now.to_string();
    let signature = sign(&time);
    let signature_64 = mac(SECRET, &time).to_base64();
    let of_body = sign(EVENT);
    let refused = |name, kind, headers: &[(&'static str, &str)]| Case {
        name,
        headers: headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes().to_vec()))
            .collect(),
        body: Bytes::from_static(EVENT),
        both: Err(kind),
        timestamp: Err(kind),
        body_form: Err(kind),
        reading: Ok(()),
    };
    let malformed = |name, signature: &str| {
        let headers = [("timestamp", time.as_str()), ("signature", signature)];
        refused(name, ErrorKind::MalformedSignature, &headers)
    };
    let mut not_ascii = malformed("signature beyond ASCII", "");
    not_ascii.headers[1].1 = vec![0xff; 64];
    vec![
        refused("no header at all", ErrorKind::MissingHeader, &[]),
        refused(
            "no signature",
            ErrorKind::MissingHeader,
            &[("timestamp", &time)],
        ),
        Case {
            both: Err(ErrorKind::SignatureMismatch),
            body_form: Err(ErrorKind::SignatureMismatch),
            ..refused(
                "no timestamp",
                ErrorKind::MissingHeader,
                &[("signature", &signature)],
            )
        },
        refused(
            "invented header name",
            ErrorKind::MissingHeader,
            &[
                ("timestamp", &time),
                ("x-trackingmore-signature", &signature),
            ],
        ),
        refused(
            "signature sent twice, equal",
            ErrorKind::RepeatedHeader,
            &[
                ("timestamp", &time),
                ("signature", &signature),
                ("signature", &signature),
            ],
        ),
        refused(
            "signature sent twice, the second wrong",
            ErrorKind::RepeatedHeader,
            &[
                ("signature", &signature),
                ("timestamp", &time),
                ("Signature", &sign("1")),
            ],
        ),
        Case {
            body_form: Err(ErrorKind::SignatureMismatch),
            ..refused(
                "timestamp sent twice, equal",
                ErrorKind::RepeatedHeader,
                &[
                    ("timestamp", &time),
                    ("timestamp", &time),
                    ("signature", &signature),
                ],
            )
        },
        Case {
            body_form: Ok(()),
            ..refused(
                "timestamp sent twice beside a signed body",
                ErrorKind::RepeatedHeader,
                &[
                    ("timestamp", &time),
                    ("Timestamp", "1"),
                    ("signature", &of_body),
                ],
            )
        },
        malformed("empty signature", ""),
        malformed(
            "base64 with spaces where it had a plus",
            &Signature::from([0xfb; 32]).to_base64().replace('+', " "),
        ),
        malformed("secret as signature", SECRET),
        malformed("hex cut short", &signature[..63]),
        malformed("hex too long", &format!("{signature}00")),
        malformed("hex with a sign", &format!("+f{}", &signature[2..])),
        malformed("hex with a prefix", &format!("sha256={signature}")),
        malformed("hex with 0x before it", &format!("0x{signature}")),
        malformed(
            "hex whose first digits are 0x",
            &format!("0x{}", &signature[2..]),
        ),
        malformed("hex inside quotes", &format!("\"{signature}\"")),
        malformed(
            "two signatures in one header",
            &format!("{signature}, {signature}"),
        ),
        malformed("base64 without padding", signature_64.trim_end_matches('=')),
        malformed("base64 of 31 bytes", &("BwcH".repeat(10) + "Bw==")),
        malformed("base64 of 33 bytes", &"BwcH".repeat(11)),
        malformed("base64 for URLs", &format!("-_{}", &signature_64[2..])),
        malformed("signature of 4,000 digits", &"a".repeat(4_000)),
        not_ascii,
    ]
}
