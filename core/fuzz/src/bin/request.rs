//! Verifies headers and a body, as a whole and in pieces: the answer is the documented one, and an
//! error says nothing but its kind.
//!
//! An input has six parts with line breaks between them: the lengths of the pieces, in a byte each;
//! four headers; the body. A header value such as `@hex timestamp` or `@base64 body` stands for the
//! valid signature, which no mutation could find.

#![no_main]

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use trackingmore_webhook::{
    Error, ErrorKind, Scheme, Signature, Signer, Verified, VerifiedBody, Verifier,
};

const SECRET: &str = "2e55b9a3-4dd1-4416-9897-c4bd1e3d738f";
const NOW: u64 = 1_662_371_530;
const MAX_AGE: u64 = 6 * 24 * 60 * 60;
const MAX_CLOCK_SKEW: u64 = 300;
const BODY_LIMIT: usize = 256;

static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::new(SECRET).unwrap());
static VERIFIERS: LazyLock<[(Option<Scheme>, Verifier); 3]> = LazyLock::new(|| {
    let verifier = || {
        Verifier::builder()
            .secret("another")
            .secret(SECRET)
            .body_limit(BODY_LIMIT)
    };
    let pinned = |scheme| (Some(scheme), verifier().scheme(scheme).build().unwrap());
    [
        (None, verifier().build().unwrap()),
        pinned(Scheme::Timestamp),
        pinned(Scheme::Body),
    ]
});

fuzz_target!(|input: &[u8]| {
    let request = Request::read(input);
    for (pinned, verifier) in &*VERIFIERS {
        request.check(verifier, *pinned);
    }
});

struct Request<'a> {
    piece_lengths: &'a [u8],
    headers: Vec<(&'a str, Vec<u8>)>,
    body: &'a [u8],
}

impl<'a> Request<'a> {
    fn read(input: &'a [u8]) -> Self {
        let mut parts = input.splitn(6, |byte| *byte == b'\n');
        let piece_lengths = parts.next().unwrap_or_default();
        let headers = parts.by_ref().take(4).filter_map(header).collect();
        let body = parts.next().unwrap_or_default();
        let mut request = Self {
            piece_lengths,
            headers,
            body,
        };
        request.sign();
        request
    }

    fn sign(&mut self) {
        let timestamp = self.values("timestamp").first().map(|text| text.to_vec());
        let of_timestamp = SIGNER.sign_body(&timestamp.unwrap_or_default());
        let of_body = SIGNER.sign_body(self.body);
        for (_, value) in &mut self.headers {
            let signature = match value.as_slice() {
                b"@hex timestamp" => of_timestamp.to_hex(),
                b"@base64 timestamp" => of_timestamp.to_base64(),
                b"@hex body" => of_body.to_hex(),
                b"@base64 body" => of_body.to_base64(),
                _ => continue,
            };
            *value = signature.into_bytes();
        }
    }

    fn values(&self, name: &str) -> Vec<&[u8]> {
        self.headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
            .collect()
    }

    fn check(&self, verifier: &Verifier, pinned: Option<Scheme>) {
        let expected = self.expected(pinned);
        let whole = verifier.verify_at(&self.headers, self.body, now());
        assert_answer(&whole, expected);
        let in_pieces = self.receive(verifier);
        if let Ok(body) = &in_pieces {
            assert_eq!(body.bytes(), self.body);
        }
        assert_answer(&in_pieces.map(|body| *body.verified()), expected);
    }

    fn receive(&self, verifier: &Verifier) -> Result<VerifiedBody, Error> {
        let mut incoming = verifier.begin_at(&self.headers, now())?;
        let mut rest = Bytes::copy_from_slice(self.body);
        for len in self.piece_lengths {
            let piece = rest.split_to(rest.len().min(usize::from(*len)));
            if let Err(error) = incoming.push(piece) {
                let kind = incoming.finish().map(drop).map_err(|error| error.kind());
                assert_eq!(kind, Err(error.kind()));
                return Err(error);
            }
        }
        incoming.push(rest)?;
        incoming.finish()
    }

    /// Judges as the documentation of `Verifier::verify_at` says, step by step. Returns the signed
    /// time of an accepted request, or `None` if the body is signed.
    fn expected(&self, pinned: Option<Scheme>) -> Result<Option<u64>, ErrorKind> {
        let signature = match self.values("signature")[..] {
            [] => return Err(ErrorKind::MissingHeader),
            [signature] => signature,
            _ => return Err(ErrorKind::RepeatedHeader),
        };
        if Signature::parse(signature).is_err() {
            return Err(ErrorKind::MalformedSignature);
        }
        let mut time = Err(ErrorKind::MissingHeader);
        if pinned != Some(Scheme::Body) {
            time = match self.values("timestamp")[..] {
                [] => Err(ErrorKind::MissingHeader),
                [text] => match seconds(text) {
                    None => Err(ErrorKind::MalformedTimestamp),
                    Some(seconds) if proves(signature, text) => Ok(seconds),
                    Some(_) => Err(ErrorKind::SignatureMismatch),
                },
                _ => return Err(ErrorKind::RepeatedHeader),
            };
        }
        match time {
            Ok(seconds) if seconds > NOW + MAX_CLOCK_SKEW => {
                return Err(ErrorKind::FutureTimestamp);
            }
            Ok(seconds) if seconds < NOW - MAX_AGE => return Err(ErrorKind::StaleTimestamp),
            Err(kind) if pinned == Some(Scheme::Timestamp) => return Err(kind),
            _ => {}
        }
        let declares_too_much = |text: &&[u8]| {
            is_digits(text) && seconds(text).is_none_or(|len| len > BODY_LIMIT as u64)
        };
        if self.body.len() > BODY_LIMIT
            || self.values("content-length").iter().any(declares_too_much)
        {
            return Err(ErrorKind::BodyTooLarge);
        }
        if let Ok(seconds) = time {
            return Ok(Some(seconds));
        }
        if is_digits(self.body) || !proves(signature, self.body) {
            return Err(ErrorKind::SignatureMismatch);
        }
        Ok(None)
    }
}

fn header(line: &[u8]) -> Option<(&str, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = str::from_utf8(&line[..colon]).ok()?;
    Some((name, line[colon + 1..].trim_ascii_start().to_vec()))
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn is_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

fn seconds(text: &[u8]) -> Option<u64> {
    let text = str::from_utf8(text).ok().filter(|text| text.len() <= 20)?;
    text.parse().ok().filter(|_| is_digits(text.as_bytes()))
}

fn proves(signature: &[u8], message: &[u8]) -> bool {
    let genuine = SIGNER.sign_body(message);
    signature.eq_ignore_ascii_case(genuine.to_hex().as_bytes())
        || signature == genuine.to_base64().as_bytes()
}

fn assert_answer(answer: &Result<Verified, Error>, expected: Result<Option<u64>, ErrorKind>) {
    match (answer, expected) {
        (Ok(verified), Ok(time)) => {
            let time = time.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
            assert_eq!(verified.timestamp(), time);
            assert_eq!(verified.covers_body(), time.is_none());
            assert_eq!(verified.secret_index(), 1);
        }
        (Err(error), Err(kind)) => {
            let plain = Error::from(kind);
            assert_eq!(error.to_string(), plain.to_string());
            assert_eq!(error.problem(), plain.problem());
            assert_eq!(format!("{error:?}"), format!("{plain:?}"));
        }
        _ => panic!("{answer:?} instead of {expected:?}"),
    }
}
