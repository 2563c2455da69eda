mod genuine;
mod odd_bodies;
mod odd_headers;
mod wrong_signatures;
mod wrong_times;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::SECRET;
use crate::{ErrorKind, Scheme, Signature};

type Outcome = Result<(), ErrorKind>;

/// A request, and how it must be judged.
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
    /// Returns whether a verifier with the default options accepts the request. `pinned` is its
    /// scheme, if any.
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

    /// Returns whether the body, once accepted, is an [`Event`](crate::Event).
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

/// Makes the cases, signed with [`SECRET`] as of `now`.
///
/// A few are minutes away from the limit between accepted and refused, so send them soon.
#[must_use]
pub fn cases(now: SystemTime) -> Vec<Case> {
    let now = now
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs();
    [
        genuine::cases(now),
        wrong_signatures::cases(now),
        wrong_times::cases(now),
        odd_headers::cases(now),
        odd_bodies::cases(now),
    ]
    .concat()
}

/// A request whose timestamp has a valid signature; it is accepted as long as its time is.
fn timestamp_only(name: &'static str, time: &str, signature: &str, body: &[u8]) -> Case {
    Case {
        both: Ok(()),
        timestamp: Ok(()),
        ..forged(name, Some(time), signature, body)
    }
}

/// A request whose body has a valid signature.
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

/// A request whose signature is well-formed but matches nothing.
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

fn sign(message: impl AsRef<[u8]>) -> String {
    mac(SECRET, message).to_hex()
}

/// Signs with any secret, even one that a `Signer` refuses.
fn mac(secret: &str, message: impl AsRef<[u8]>) -> Signature {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .expect("HMAC takes keys of any length")
        .chain_update(message)
        .finalize();
    Signature::from(<[u8; 32]>::from(mac.into_bytes()))
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
    fn a_changed_bit_is_changed_whatever_it_was() {
        for second in 0..16 {
            let now = UNIX_EPOCH + Duration::from_secs(1_772_437_260 + second);
            for case in wrong_signatures::cases(1_772_437_260 + second) {
                let verified = verifier(None).verify_at(&case.headers, &case.body, now);
                assert!(verified.is_err(), "{}", case.name);
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
                case.body.len() > 256 * 1024,
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
