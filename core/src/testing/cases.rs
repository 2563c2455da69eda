use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::SECRET;
use crate::{ErrorKind, Scheme};

type Outcome = Result<(), ErrorKind>;

/// A request, and what must come of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Case {
    /// What is special about it.
    pub name: &'static str,
    /// The headers that matter, in the order in which to send them.
    pub headers: Vec<(&'static str, Vec<u8>)>,
    /// The body.
    pub body: Bytes,
    both: Outcome,
    timestamp: Outcome,
    body_form: Outcome,
    reading: Outcome,
}

impl Case {
    /// Tells whether a verifier with the default options accepts the request, given the scheme it
    /// is pinned to, if any.
    ///
    /// # Errors
    ///
    /// The kind of the refusal.
    pub fn verification(&self, pinned: Option<Scheme>) -> Result<(), ErrorKind> {
        match pinned {
            None => self.both,
            Some(Scheme::Timestamp) => self.timestamp,
            Some(Scheme::Body) => self.body_form,
        }
    }

    /// Tells whether the body, once accepted, is an [`Event`](crate::Event).
    ///
    /// # Errors
    ///
    /// The kind of the refusal.
    pub fn reading(&self) -> Result<(), ErrorKind> {
        self.reading
    }

    fn reads_as(mut self, kind: ErrorKind) -> Self {
        self.reading = Err(kind);
        self
    }
}

const EVENT: &[u8] = include_bytes!("data/in_transit.json");
const DEFAULT_BODY_LIMIT: usize = 256 * 1024;
const DAY: u64 = 24 * 60 * 60;

/// Makes the cases, signed with [`SECRET`] as of `now`.
///
/// A few lie minutes from the border between accepted and refused, so send them soon.
#[must_use]
pub fn cases(now: SystemTime) -> Vec<Case> {
    let now = now
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs();
    let mut cases = genuine(now);
    cases.extend(wrong_signatures(now));
    cases.extend(wrong_times(now));
    cases.extend(odd_headers(now));
    cases.extend(odd_bodies(now));
    cases
}

fn genuine(now: u64) -> Vec<Case> {
    let time = now.to_string();
    let by_time = mac(SECRET, time.as_bytes());
    let by_body = mac(SECRET, EVENT);
    let retried = (now.saturating_sub(982_980)).to_string();
    vec![
        timestamp_only("timestamp signed, hex", &time, &hex::encode(by_time), EVENT),
        timestamp_only(
            "timestamp signed, upper-case hex",
            &time,
            &hex::encode_upper(by_time),
            EVENT,
        ),
        timestamp_only(
            "timestamp signed, base64",
            &time,
            &STANDARD.encode(by_time),
            EVENT,
        ),
        timestamp_only(
            "timestamp signed before the longest window of retries",
            &retried,
            &sign(&retried),
            EVENT,
        ),
        timestamp_only(
            "timestamp signed four minutes ahead of our clock",
            &(now + 240).to_string(),
            &sign(&(now + 240).to_string()),
            EVENT,
        ),
        timestamp_only(
            "timestamp signed, other body: this form does not cover it",
            &time,
            &sign(&time),
            br#"{"meta":{"code":200},"data":[{"tracking_number":"LX405512873SE"}]}"#,
        ),
        body_only("body signed, hex", None, &hex::encode(by_body), EVENT),
        body_only(
            "body signed, base64",
            Some(&time),
            &STANDARD.encode(by_body),
            EVENT,
        ),
        Case {
            timestamp: Err(ErrorKind::MalformedTimestamp),
            ..body_only(
                "body signed, odd timestamp",
                Some("yesterday"),
                &hex::encode(by_body),
                EVENT,
            )
        },
    ]
}

fn wrong_signatures(now: u64) -> Vec<Case> {
    let time = now.to_string();
    let signature = sign(&time);
    let mut flipped = mac(SECRET, time.as_bytes());
    flipped[31] ^= 1;
    let joined = [time.as_bytes(), EVENT].concat();
    let mut tampered = EVENT.to_vec();
    tampered[300] ^= 1;
    let sent = |name, signature: &str| forged(name, Some(&time), signature, EVENT);
    vec![
        sent(
            "wrong secret over the timestamp",
            &hex::encode(mac("wrong", time.as_bytes())),
        ),
        sent(
            "wrong secret over the body",
            &hex::encode(mac("wrong", EVENT)),
        ),
        sent(
            "empty secret over the timestamp",
            &hex::encode(mac("", time.as_bytes())),
        ),
        sent("empty secret over the body", &hex::encode(mac("", EVENT))),
        sent("last bit of the signature changed", &hex::encode(flipped)),
        sent(
            "right in its first half only",
            &format!("{}{}", &signature[..32], "0".repeat(32)),
        ),
        sent("all zeros", &"0".repeat(64)),
        sent(
            "signature of timestamp and body together",
            &hex::encode(mac(SECRET, &joined)),
        ),
        sent(
            "signature of another time",
            &sign(&(now.saturating_sub(1)).to_string()),
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
            &hex::encode(mac(SECRET, EVENT)),
            &tampered,
        ),
        forged(
            "newline after a signed body",
            Some(&time),
            &hex::encode(mac(SECRET, EVENT)),
            &[EVENT, b"\n"].concat(),
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
                &STANDARD.encode(mac(SECRET, time.as_bytes())),
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

fn wrong_times(now: u64) -> Vec<Case> {
    let signed = |name, seconds: u64, kind| {
        let time = seconds.to_string();
        Case {
            both: Err(kind),
            timestamp: Err(kind),
            ..timestamp_only(name, &time, &sign(&time), EVENT)
        }
    };
    let malformed = |name, time: &str| Case {
        timestamp: Err(ErrorKind::MalformedTimestamp),
        ..forged(name, Some(time), &sign(time), EVENT)
    };
    vec![
        signed(
            "stale by a day",
            now.saturating_sub(13 * DAY),
            ErrorKind::StaleTimestamp,
        ),
        signed(
            "stale by a year",
            now.saturating_sub(378 * DAY),
            ErrorKind::StaleTimestamp,
        ),
        signed("signed in 1970", 0, ErrorKind::StaleTimestamp),
        signed(
            "ten minutes ahead of our clock",
            now + 600,
            ErrorKind::FutureTimestamp,
        ),
        signed(
            "in milliseconds",
            now.saturating_mul(1000),
            ErrorKind::FutureTimestamp,
        ),
        signed(
            "the last second that 64 bits hold",
            u64::MAX,
            ErrorKind::FutureTimestamp,
        ),
        malformed("signed empty timestamp", ""),
        malformed("signed timestamp of 20 digits", "99999999999999999999"),
        malformed("signed timestamp of 400 digits", &"9".repeat(400)),
        malformed("signed least timestamp of 64 bits", "-9223372036854775808"),
        malformed("signed timestamp with a sign", "+1662371528"),
        malformed("signed timestamp with a fraction", "1662371528.0"),
        malformed("signed timestamp with a blank inside", "16623 71528"),
        malformed("signed timestamp in hex", "0x63156a48"),
        malformed("signed timestamp in Arabic digits", "١٦٦٢٣٧١٥٢٨"),
        malformed("signed date", "2022-09-05T09:52:08Z"),
    ]
}

fn odd_headers(now: u64) -> Vec<Case> {
    let time = now.to_string();
    let signature = sign(&time);
    let signature_64 = STANDARD.encode(mac(SECRET, time.as_bytes()));
    let of_body = hex::encode(mac(SECRET, EVENT));
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
        malformed("secret as signature", SECRET),
        malformed("hex cut short", &signature[..63]),
        malformed("hex too long", &format!("{signature}00")),
        malformed("hex with a sign", &format!("+f{}", &signature[2..])),
        malformed("hex with a prefix", &format!("sha256={signature}")),
        malformed("hex inside quotes", &format!("\"{signature}\"")),
        malformed(
            "two signatures in one header",
            &format!("{signature}, {signature}"),
        ),
        malformed("base64 without padding", signature_64.trim_end_matches('=')),
        malformed("base64 of 31 bytes", &STANDARD.encode([7; 31])),
        malformed("base64 of 33 bytes", &STANDARD.encode([7; 33])),
        malformed("base64 for URLs", &format!("-_{}", &signature_64[2..])),
        malformed("signature of 4,000 digits", &"a".repeat(4_000)),
        not_ascii,
    ]
}

fn odd_bodies(now: u64) -> Vec<Case> {
    let time = now.to_string();
    let signature = sign(&time);
    let largest = padded(DEFAULT_BODY_LIMIT);
    let too_large = padded(DEFAULT_BODY_LIMIT + 1);
    let signed = |name, body: &[u8]| timestamp_only(name, &time, &signature, body);
    let body_signed =
        |name, body: &[u8]| body_only(name, None, &hex::encode(mac(SECRET, body)), body);
    vec![
        signed("signed, as large as allowed", &largest),
        body_signed("body signed, as large as allowed", &largest),
        Case {
            both: Err(ErrorKind::BodyTooLarge),
            timestamp: Err(ErrorKind::BodyTooLarge),
            body_form: Err(ErrorKind::BodyTooLarge),
            ..signed("signed, a byte too large", &too_large)
        },
        Case {
            both: Err(ErrorKind::BodyTooLarge),
            body_form: Err(ErrorKind::BodyTooLarge),
            ..body_signed("body signed, a byte too large", &too_large)
        },
        Case {
            both: Err(ErrorKind::MissingHeader),
            timestamp: Err(ErrorKind::MissingHeader),
            body_form: Err(ErrorKind::MissingHeader),
            headers: Vec::new(),
            ..signed("unsigned, a byte too large", &too_large)
        },
        signed("signed, empty", b"").reads_as(ErrorKind::InvalidJson),
        body_signed("body signed, empty", b"").reads_as(ErrorKind::InvalidJson),
        signed("signed, not JSON", b"tracking_number=9261").reads_as(ErrorKind::InvalidJson),
        body_signed("body signed, not JSON", b"\xff\xfe\x00").reads_as(ErrorKind::InvalidJson),
        signed(
            "signed, JSON with more behind it",
            br#"{"data":{"tracking_number":"9261"}}}"#,
        )
        .reads_as(ErrorKind::InvalidJson),
        signed("signed, JSON cut short", &EVENT[..EVENT.len() - 1])
            .reads_as(ErrorKind::InvalidJson),
        signed("signed, array instead of an object", b"[]").reads_as(ErrorKind::UnexpectedShape),
        body_signed("body signed, no data", br#"{"code":200,"message":"ok"}"#)
            .reads_as(ErrorKind::UnexpectedShape),
        signed(
            "signed, no tracking number",
            br#"{"data":{"courier_code":"dhl"}}"#,
        )
        .reads_as(ErrorKind::UnexpectedShape),
        signed(
            "signed, two parcels",
            br#"{"data":[{"tracking_number":"1"},{"tracking_number":"2"}]}"#,
        )
        .reads_as(ErrorKind::UnexpectedShape),
        signed("signed, nested 100,000 deep", &b"[".repeat(100_000))
            .reads_as(ErrorKind::InvalidJson),
    ]
}

/// A request whose timestamp is rightly signed, as long as its time is accepted.
fn timestamp_only(name: &'static str, time: &str, signature: &str, body: &[u8]) -> Case {
    Case {
        both: Ok(()),
        timestamp: Ok(()),
        ..forged(name, Some(time), signature, body)
    }
}

/// A request whose body is rightly signed.
fn body_only(name: &'static str, time: Option<&str>, signature: &str, body: &[u8]) -> Case {
    let timestamp = match time {
        None => ErrorKind::MissingHeader,
        Some(_) => ErrorKind::SignatureMismatch,
    };
    Case {
        both: Ok(()),
        timestamp: Err(timestamp),
        body_form: Ok(()),
        ..forged(name, time, signature, body)
    }
}

/// A request whose signature is well-formed and matches nothing.
fn forged(name: &'static str, time: Option<&str>, signature: &str, body: &[u8]) -> Case {
    let timestamp = time.map(|value| ("timestamp", value.as_bytes().to_vec()));
    let signature = ("signature", signature.as_bytes().to_vec());
    Case {
        name,
        headers: timestamp.into_iter().chain([signature]).collect(),
        body: Bytes::copy_from_slice(body),
        both: Err(ErrorKind::SignatureMismatch),
        timestamp: Err(ErrorKind::SignatureMismatch),
        body_form: Err(ErrorKind::SignatureMismatch),
        reading: Ok(()),
    }
}

fn sign(time: &str) -> String {
    hex::encode(mac(SECRET, time.as_bytes()))
}

/// Signs with any secret, also with those that a `Signer` refuses.
fn mac(secret: &str, message: &[u8]) -> [u8; 32] {
    Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .expect("HMAC takes keys of any length")
        .chain_update(message)
        .finalize()
        .into_bytes()
        .into()
}

/// Makes an event of `len` bytes by blanks inside of it.
fn padded(len: usize) -> Vec<u8> {
    let (start, end) = EVENT.split_at(1);
    let blanks = len - EVENT.len();
    [start, &b" ".repeat(blanks), end].concat()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{Event, Verifier};

    fn verifier(scheme: Option<Scheme>) -> Verifier {
        let builder = Verifier::builder().secret(SECRET);
        match scheme {
            None => builder.build(),
            Some(scheme) => builder.scheme(scheme).build(),
        }
        .unwrap()
    }

    #[test]
    fn every_case_has_its_own_name() {
        let cases = cases(SystemTime::now());
        let names: HashSet<_> = cases.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), cases.len());
    }

    #[test]
    fn every_case_is_judged_as_it_says() {
        let now = SystemTime::now();
        for scheme in [None, Some(Scheme::Timestamp), Some(Scheme::Body)] {
            let verifier = verifier(scheme);
            for case in cases(now) {
                let judged = verifier.verify_at(&case.headers, &case.body, now);
                let judged = judged.map(|_| ()).map_err(|error| error.kind());
                assert_eq!(
                    judged,
                    case.verification(scheme),
                    "{} {scheme:?}",
                    case.name
                );
            }
        }
    }

    #[test]
    fn every_accepted_case_reads_as_it_says() {
        let now = SystemTime::now();
        for case in cases(now) {
            let mut incoming = match verifier(None).begin_at(&case.headers, now) {
                Ok(incoming) => incoming,
                Err(error) => {
                    assert_eq!(Err(error.kind()), case.verification(None), "{}", case.name);
                    continue;
                }
            };
            let pushed = incoming.push(case.body.clone());
            assert_eq!(
                pushed.is_err(),
                case.body.len() > DEFAULT_BODY_LIMIT,
                "{}",
                case.name
            );
            if let Ok(body) = incoming.finish() {
                let read = body
                    .parse::<Event>()
                    .map(|_| ())
                    .map_err(|error| error.kind());
                assert_eq!(read, case.reading(), "{}", case.name);
            }
        }
    }
}
